"""The boards about guests: reservations with the state of their room, what they owe, and their keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from bff_backoffice.application.workbench_contents import SectionContents
from bff_backoffice.application.workbench_items import ArrivalItem
from bff_backoffice.application.workbench_lines import Lines, Place, moment_key, room_key, text_key
from bff_backoffice.application.workbench_loaders import RoomList, StayLine
from bff_backoffice.domain.workbench import READY_ROOM_STATUSES

__all__ = ["arrivals"]

_DUE: Final = "confirmed"
_NO_KEY: Final = "none"

_ARRIVAL_ORDERS: Final[Mapping[str, Callable[[ArrivalItem], Place]]] = MappingProxyType({
    # Those still due first, by the time at which they said that they would come.
    "expected": lambda item: (str(int(item.status != _DUE)), moment_key(item.expected_at), item.code),
    "room": lambda item: (room_key(item.room_number), item.code),
    "guest": lambda item: (text_key(item.guest_name), item.code),
    "code": lambda item: (item.code,),
})  # fmt: skip


def arrivals(contents: SectionContents, locale: str, _today: date | None) -> Lines[ArrivalItem]:
    """Return everyone who was or is expected today."""
    found = contents.arrivals
    if found is None:
        return Lines(items=(), orders=_ARRIVAL_ORDERS, counts=dict.fromkeys(_ARRIVAL_COUNTS))
    names = {identifier: name.in_language(locale) for identifier, name in found.room_types.items()}
    rooms = _statuses(contents.rooms)
    items = [_arrival(stay, contents, names, rooms) for stay in found.items]
    return Lines(items=items, orders=_ARRIVAL_ORDERS, counts=_arrival_counts(items, contents))


def _arrival(
    stay: StayLine, contents: SectionContents, names: Mapping[str, str], rooms: Mapping[str, str] | None
) -> ArrivalItem:
    room_status = None if rooms is None or stay.room_id is None else rooms.get(stay.room_id)
    owed = None if contents.balances is None else contents.balances.by_reservation.get(stay.reservation_id)
    return ArrivalItem(
        status=stay.status,
        reservation_id=stay.reservation_id,
        code=stay.code,
        guest_name=stay.guest_name,
        room_id=stay.room_id,
        room_number=stay.room_number,
        room_type_name=names.get(stay.room_type_id, ""),
        room_status=room_status,
        room_ready=None if rooms is None else room_status in READY_ROOM_STATUSES,
        arrival_date=stay.arrival_date,
        departure_date=stay.departure_date,
        nights=stay.nights,
        adults=stay.adults,
        children=stay.children,
        expected_at=stay.expected_at,
        folio_id=stay.folio_id,
        balance=None if owed is None else owed.balance,
        key_state=key_state(contents, stay.reservation_id),
        special_requests=stay.special_requests,
        flags=stay.flags,
        version=stay.version,
    )


def key_state(contents: SectionContents, reservation_id: str) -> str | None:
    """Return the state of a guest's best key, `none` where there is none, null where nobody could be asked."""
    keys = contents.keys
    return None if keys is None else keys.by_reservation.get(reservation_id, _NO_KEY)


_ARRIVAL_COUNTS: Final = ("total", "due", "arrived", "guests", "dueRoomReady", "dueRoomNotReady", "dueWithoutRoom")


def _arrival_counts(items: list[ArrivalItem], contents: SectionContents) -> dict[str, int | None]:
    due = [item for item in items if item.status == _DUE]
    ready = Counter(item.room_ready for item in due if item.room_id is not None)
    return {
        "total": len(items),
        "due": len(due),
        "arrived": len(items) - len(due),
        "guests": sum(item.adults + item.children for item in items),
        "dueRoomReady": None if contents.rooms is None else ready[True],
        "dueRoomNotReady": None if contents.rooms is None else ready[False],
        "dueWithoutRoom": sum(item.room_id is None for item in due),
    }


def _statuses(rooms: RoomList | None) -> Mapping[str, str] | None:
    return None if rooms is None else {room.room_id: room.status for room in rooms.items}
