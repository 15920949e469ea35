"""What a hotel company is made of before its things have identifiers."""

from __future__ import annotations

from dataclasses import dataclass

from platform_sim.world.entities import Address, Text

__all__ = ["Company", "Hotel", "RoomKind"]


@dataclass(frozen=True, slots=True)
class RoomKind:
    """A room type of a hotel: how many there are, and what a night costs in whole units of the hotel's currency."""

    code: str
    name: Text
    share: int
    max_guests: int
    beds: str
    nightly: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotel:
    """A property before it has identifiers. `occupancy` is the share of sellable rooms that are taken today."""

    slug: str
    name: Text
    description: Text
    address: Address
    timezone: str
    currency: str
    rooms: int
    floors: tuple[int, ...]
    kinds: tuple[RoomKind, ...]
    scenes: tuple[str, ...]
    languages: tuple[str, ...]
    """In which languages its guests are named, the commonest first."""
    occupancy: float
    desks: int = 3
    check_in: str = "14:00"
    check_out: str = "12:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A tenant before it has identifiers. `staff` is the number of operators at the first property at least."""

    slug: str
    legal_name: str
    name: str
    country: str
    default_locale: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    staff_languages: tuple[str, ...]
    hotels: tuple[Hotel, ...]
    staff: int = 14
    devices: int = 60
