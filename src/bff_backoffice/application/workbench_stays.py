"""The boards about guests: reservations with the state of their room, what they owe, and their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from bff_backoffice.application.pages import Place
from bff_backoffice.application.workbench_contents import Reading, SectionContents
from bff_backoffice.application.workbench_items import ArrivalItem, DepartureItem, InHouseItem, StayItem, StayKey
from bff_backoffice.application.workbench_lines import Lines, moment_key, room_key, text_key
from bff_backoffice.application.workbench_lists import BalanceLine, KeyLine, StayLine, StayList
from bff_backoffice.domain.workbench import READY_ROOM_STATUSES

__all__ = ["DUE", "GONE", "STAY_ORDERS", "StaySurroundings", "arrivals", "departures", "in_house", "owes"]

DUE: Final = "confirmed"
"""The status of a guest who has not come yet."""
GONE: Final = "checked_out"
_NO_KEY: Final = "none"

STAY_ORDERS: Final[Mapping[str, Callable[[StayItem], Place]]] = MappingProxyType({
    "room": lambda item: (room_key(item.room_number), item.code),
    "guest": lambda item: (text_key(item.guest_name), item.code),
    "code": lambda item: (item.code,),
})  # fmt: skip
"""The orders that every board about guests has. A reservation's code is its own."""


@dataclass(frozen=True, slots=True)
class StaySurroundings:
    """What is around the reservations of a board: rooms, folios and keys by id, names in the reader's language."""

    names: Mapping[str, str]
    rooms: Mapping[str, str] | None
    balances: Mapping[str, BalanceLine] | None
    keys: Mapping[str, str] | None
    key_lines: Mapping[str, list[KeyLine]] | None

    @classmethod
    def of(cls, contents: SectionContents, lists: Iterable[StayList], locale: str) -> StaySurroundings:
        """Return the surroundings of these lists."""
        names = {key: name.in_language(locale) for each in lists for key, name in each.room_types.items()}
        rooms = contents.rooms
        statuses = None if rooms is None else {room.room_id: room.status for room in rooms.items}
        balances = None if contents.balances is None else contents.balances.by_reservation()
        keys = None if contents.keys is None else contents.keys.states()
        lines = None if contents.keys is None else contents.keys.by_reservation()
        return cls(names, statuses, balances, keys, lines)

    def room_status(self, room_id: str | None) -> str | None:
        """Return housekeeping's word for a room; None without a room, or where housekeeping is away."""
        return None if self.rooms is None or room_id is None else self.rooms.get(room_id)

    def room_ready(self, room_id: str | None) -> bool | None:
        """Return whether a guest can be sent to the room; None where housekeeping is away."""
        return None if self.rooms is None else self.room_status(room_id) in READY_ROOM_STATUSES

    def key_state(self, reservation_id: str) -> str | None:
        """Return the state of a guest's best key; None where nobody could be asked."""
        return None if self.keys is None else self.keys.get(reservation_id, _NO_KEY)

    def keys_of(self, reservation_id: str) -> list[StayKey] | None:
        """Return the keys that a guest has; None where nobody could be asked."""
        if self.key_lines is None:
            return None
        return [
            StayKey(
                key_credential_id=key.id,
                lock_id=key.lock_id,
                kind=key.kind,
                state=key.state,
                valid_until=key.valid_until,
            )
            for key in self.key_lines.get(reservation_id, ())
        ]

    def owed(self, reservation_id: str) -> BalanceLine | None:
        """Return what is owed on a guest's running folio; None without one, or where nobody could be asked."""
        return None if self.balances is None else self.balances.get(reservation_id)

    def members(self, stay: StayLine) -> dict[str, Any]:
        """Return what every line about this reservation shows."""
        owed = self.owed(stay.reservation_id)
        return {
            "status": stay.status,
            "reservation_id": stay.reservation_id,
            "code": stay.code,
            "guest_name": stay.guest_name,
            "room_id": stay.room_id,
            "room_number": stay.room_number,
            "room_type_name": self.names.get(stay.room_type_id, ""),
            "room_status": self.room_status(stay.room_id),
            "arrival_date": stay.arrival_date,
            "departure_date": stay.departure_date,
            "nights": stay.nights,
            "adults": stay.adults,
            "children": stay.children,
            "folio_id": stay.folio_id,
            "balance": None if owed is None else owed.balance,
            "key_state": self.key_state(stay.reservation_id),
            "keys": self.keys_of(stay.reservation_id),
            "special_requests": stay.special_requests,
            "flags": stay.flags,
            "version": stay.version,
        }


def arrivals(contents: SectionContents, reading: Reading) -> Lines[ArrivalItem]:
    """Return everyone who was or is expected today."""
    found = contents.arrivals
    # Those still due first, by the time at which they said that they would come.
    orders: dict[str, Callable[[ArrivalItem], Place]] = {
        "expected": lambda item: (str(int(item.status != DUE)), moment_key(item.expected_at), item.code),
        **STAY_ORDERS,
    }
    if found is None:
        return Lines(items=(), orders=orders, counts=dict.fromkeys(_ARRIVAL_COUNTS))
    around = StaySurroundings.of(contents, (found,), reading.locale)
    items = [
        ArrivalItem(**around.members(stay), expected_at=stay.expected_at, room_ready=around.room_ready(stay.room_id))
        for stay in found.items
    ]
    due = [item for item in items if item.status == DUE]
    roomed = [item for item in due if item.room_id is not None]
    asked = contents.rooms is not None
    values = (
        len(items), len(due), len(items) - len(due), _guests(items),
        sum(item.room_ready is True for item in roomed) if asked else None,
        sum(item.room_ready is False for item in roomed) if asked else None,
        len(due) - len(roomed),
    )  # fmt: skip
    return Lines(items=items, orders=orders, counts=dict(zip(_ARRIVAL_COUNTS, values, strict=True)))


_ARRIVAL_COUNTS: Final = ("total", "due", "arrived", "guests", "dueRoomReady", "dueRoomNotReady", "dueWithoutRoom")


def departures(contents: SectionContents, reading: Reading) -> Lines[DepartureItem]:
    """Return everyone who leaves or left today, or should have left before."""
    found = contents.departures
    # Those still here first, by room.
    orders: dict[str, Callable[[DepartureItem], Place]] = {
        "leaving": lambda item: (str(int(item.status == GONE)), room_key(item.room_number), item.code),
        **STAY_ORDERS,
    }
    if found is None:
        return Lines(items=(), orders=orders, counts=dict.fromkeys(_DEPARTURE_COUNTS))
    around = StaySurroundings.of(contents, (found,), reading.locale)
    items = [
        DepartureItem(
            **around.members(stay),
            checked_out_at=stay.checked_out_at,
            overdue=_overdue(stay, reading.day),
        )
        for stay in found.items
    ]
    here = [item for item in items if item.status != GONE]
    values = (
        len(items), len(here), len(items) - len(here), _guests(items),
        None if reading.day is None else sum(item.overdue is True for item in items),
        _owing(here, contents), _with_key(items, contents),
    )  # fmt: skip
    return Lines(items=items, orders=orders, counts=dict(zip(_DEPARTURE_COUNTS, values, strict=True)))


_DEPARTURE_COUNTS: Final = ("total", "stillHere", "departed", "guests", "overdue", "owing", "withKey")


def in_house(contents: SectionContents, reading: Reading) -> Lines[InHouseItem]:
    """Return everyone who is in the house now."""
    found = contents.in_house
    orders: dict[str, Callable[[InHouseItem], Place]] = {
        **STAY_ORDERS,
        "departure": lambda item: (item.departure_date.isoformat(), room_key(item.room_number), item.code),
    }
    if found is None:
        return Lines(items=(), orders=orders, counts=dict.fromkeys(_IN_HOUSE_COUNTS))
    around = StaySurroundings.of(contents, (found,), reading.locale)
    day = reading.day
    items = [
        InHouseItem(
            **around.members(stay),
            checked_in_at=stay.checked_in_at,
            leaves_today=None if day is None else stay.departure_date <= day,
        )
        for stay in found.items
    ]
    values = (
        len(items), _guests(items),
        None if day is None else sum(item.leaves_today is True for item in items),
        _owing(items, contents), _with_key(items, contents),
    )  # fmt: skip
    return Lines(items=items, orders=orders, counts=dict(zip(_IN_HOUSE_COUNTS, values, strict=True)))


_IN_HOUSE_COUNTS: Final = ("total", "guests", "leavingToday", "owing", "withKey")


def owes(item: StayItem) -> bool:
    """Return whether something is owed on the guest's folio."""
    return item.balance is not None and int(item.balance.amount_micro) > 0


def _overdue(stay: StayLine, day: date | None) -> bool | None:
    return None if day is None else stay.status != GONE and stay.departure_date < day


def _guests(items: Iterable[StayItem]) -> int:
    return sum(item.adults + item.children for item in items)


def _owing(items: Iterable[StayItem], contents: SectionContents) -> int | None:
    return None if contents.balances is None else sum(map(owes, items))


def _with_key(items: Iterable[StayItem], contents: SectionContents) -> int | None:
    return None if contents.keys is None else sum(item.key_state != _NO_KEY for item in items)
