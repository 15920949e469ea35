"""Rooms, balances and keys of the downtime pack: who is in a room, who owes what, whose key opens what.

Guests are joined from the lists of reservations. Where those are away the members are null, which means that nobody
could say, and never "nobody".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bff_backoffice.application.tiles import MoneyAmount, Tile
from bff_backoffice.application.workbench_contents import SectionContents
from bff_backoffice.application.workbench_lines import room_key
from bff_backoffice.application.workbench_lists import StayLine
from bff_backoffice.application.workbench_stays import DUE

__all__ = ["KeyItem", "OpenBalance", "PackRoom", "PackedLines", "RoomGuest", "balances", "keys", "rooms"]


class RoomGuest(Tile, frozen=True, kw_only=True):
    """Somebody in a room, or on the way to it. Dates are the hotel's."""

    reservation_id: str
    code: str
    guest_name: str
    arrival_date: date
    departure_date: date


class PackRoom(Tile, frozen=True, kw_only=True):
    """A room. `status` and `occupancy` are housekeeping's words: what it sees in the room, and what it was told."""

    room_id: str
    room_number: str
    floor: int
    room_type_code: str | None
    status: str
    occupancy: str
    updated_at: datetime
    notes: str | None
    in_house: list[RoomGuest] | None
    """Who is in it; null where the list of guests in house is away."""
    arriving: list[RoomGuest] | None
    """Who comes to it today and has not come yet; null where the list of arrivals is away."""


class OpenBalance(Tile, frozen=True, kw_only=True):
    """A running folio with something on it; `balance` is negative where the hotel owes the guest."""

    folio_id: str
    reservation_id: str
    code: str | None
    guest_name: str | None
    room_number: str | None
    status: str
    balance: MoneyAmount


class KeyItem(Tile, frozen=True, kw_only=True):
    """A key that opens doors now (`active`) or will in a moment (`pending`).

    `room_numbers` lacks the rooms whose number nobody could say; `room_ids` has all.
    """

    key_credential_id: str
    reservation_id: str
    code: str | None
    guest_name: str | None
    room_ids: list[str]
    room_numbers: list[str]
    kind: str
    state: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedLines:
    """The lines of one list in the order in which they are printed, and how many there are of each sort."""

    items: Sequence[Tile]
    counts: Mapping[str, int | None]


def rooms(contents: SectionContents) -> PackedLines | None:
    """Return every room by its number, with who is in it and who comes; None where housekeeping is away."""
    found = contents.rooms
    if found is None:
        return None
    here = None if contents.in_house is None else _by_room(contents.in_house.items)
    coming = None
    if contents.arrivals is not None:
        coming = _by_room(stay for stay in contents.arrivals.items if stay.status == DUE)
    items = [
        PackRoom(
            room_id=room.room_id,
            room_number=room.number,
            floor=room.floor,
            room_type_code=room.room_type_code,
            status=room.status,
            occupancy=room.occupancy,
            updated_at=room.updated_at,
            notes=room.notes,
            in_house=None if here is None else here.get(room.room_id, []),
            arriving=None if coming is None else coming.get(room.room_id, []),
        )
        for room in sorted(found.items, key=lambda room: (room_key(room.number), room.room_id))
    ]
    statuses, occupancies = Counter(item.status for item in items), Counter(item.occupancy for item in items)
    return PackedLines(items=items, counts={"total": len(items), **statuses, **occupancies})


def balances(contents: SectionContents) -> PackedLines | None:
    """Return what is not settled, by room; None where billing is away.

    What billing does not say of a guest comes from the reservations, where they have it.
    """
    if contents.balances is None:
        return None
    known = {stay.reservation_id: stay for stay in _stays(contents)}
    items = []
    for line in contents.balances.items:
        if int(line.balance.amount_micro) == 0:
            continue
        stay = known.get(line.reservation_id)
        items.append(
            OpenBalance(
                folio_id=line.folio_id,
                reservation_id=line.reservation_id,
                code=line.code or (stay.code if stay else None),
                guest_name=line.guest_name or (stay.guest_name if stay else None),
                room_number=line.room_number or (stay.room_number if stay else None),
                status=line.status,
                balance=line.balance,
            )
        )
    items.sort(key=lambda item: (room_key(item.room_number), item.folio_id))
    owing = sum(int(item.balance.amount_micro) > 0 for item in items)
    return PackedLines(
        items=items,
        counts={"total": len(items), "owing": owing, "owedToGuests": len(items) - owing},
    )


def keys(contents: SectionContents) -> PackedLines | None:
    """Return the issued keys by room; None where lock-integration is away."""
    if contents.keys is None:
        return None
    known = {stay.reservation_id: stay for stay in _stays(contents)}
    numbers = {stay.room_id: stay.room_number for stay in known.values() if stay.room_id and stay.room_number}
    if contents.rooms is not None:
        numbers |= {room.room_id: room.number for room in contents.rooms.items}
    items = []
    for key in contents.keys.items:
        stay = known.get(key.reservation_id)
        items.append(
            KeyItem(
                key_credential_id=key.id,
                reservation_id=key.reservation_id,
                code=stay.code if stay else None,
                guest_name=stay.guest_name if stay else None,
                room_ids=key.room_ids,
                room_numbers=[numbers[room] for room in key.room_ids if room in numbers],
                kind=key.kind,
                state=key.state,
                valid_from=key.valid_from,
                valid_until=key.valid_until,
            )
        )
    items.sort(key=lambda item: (room_key(next(iter(item.room_numbers), None)), item.key_credential_id))
    states = Counter(item.state for item in items)
    return PackedLines(
        items=items,
        counts={"total": len(items), "active": states["active"], "pending": states["pending"]},
    )


def _stays(contents: SectionContents) -> Iterator[StayLine]:
    """Whoever is on any list of reservations; who is on two has the same line on both."""
    for found in (contents.arrivals, contents.departures, contents.in_house):
        if found is not None:
            yield from found.items


def _by_room(stays: Iterator[StayLine] | Sequence[StayLine]) -> dict[str, list[RoomGuest]]:
    by_room: dict[str, list[RoomGuest]] = defaultdict(list)
    for stay in stays:
        if stay.room_id is not None:
            by_room[stay.room_id].append(
                RoomGuest(
                    reservation_id=stay.reservation_id,
                    code=stay.code,
                    guest_name=stay.guest_name,
                    arrival_date=stay.arrival_date,
                    departure_date=stay.departure_date,
                )
            )
    return by_room
