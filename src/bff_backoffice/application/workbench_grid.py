"""The front-desk grid: rooms by days, with stays, blocks and what is out of order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from bff_backoffice.application.pages import Place
from bff_backoffice.application.workbench_contents import Reading, SectionContents
from bff_backoffice.application.workbench_items import GridBlock, GridItem, GridStay, RoomRepair
from bff_backoffice.application.workbench_lines import Lines, room_key, text_key
from bff_backoffice.application.workbench_lists import Allocation, GridRoom, StayLine, StayList
from bff_backoffice.application.workbench_rooms import repairs_by_room

__all__ = ["front_desk"]

_ORDERS: Final[Mapping[str, Callable[[GridItem], Place]]] = MappingProxyType({
    "room": lambda item: (room_key(item.room_number), item.room_id),
    "type": lambda item: (text_key(item.room_type_name), room_key(item.room_number), item.room_id),
})  # fmt: skip
_COUNTS: Final = ("total", "free", "taken", "closed", "stays", "withoutRoom")

State = Literal["free", "taken", "closed"]


def front_desk(contents: SectionContents, reading: Reading) -> Lines[GridItem]:
    """Return every room with its stays of the days, and whether it can be sold."""
    found = contents.grid
    if found is None:
        return Lines(items=(), orders=_ORDERS, counts=dict.fromkeys(_COUNTS))
    known = contents.stays
    lists = [each for each in (contents.departures, known) if each is not None]
    stays = {stay.reservation_id: stay for each in lists for stay in each.items}
    names = {} if known is None else {key: name.in_language(reading.locale) for key, name in known.room_types.items()}
    states = {} if contents.rooms is None else {room.room_id: room.status for room in contents.rooms.items}
    repairs = repairs_by_room(contents)
    items = [
        GridItem(
            status=_state(room, found.first),
            room_id=room.room_id,
            room_number=room.number,
            floor=room.floor,
            room_type_id=room.room_type_id,
            room_type_name=names.get(room.room_type_id, ""),
            room_status=states.get(room.room_id),
            stays=[_stay(each, stays.get(each.reservation_id)) for each in room.allocations],
            block=_block(room, states.get(room.room_id), repairs.get(room.room_id)),
        )
        for room in found.rooms
    ]
    by_state = Counter(item.status for item in items)
    counts: dict[str, int | None] = {
        "total": len(items),
        "free": by_state["free"],
        "taken": by_state["taken"],
        "closed": by_state["closed"],
        "stays": sum(len(item.stays) for item in items),
        "withoutRoom": None if known is None else _without_room(known, found.first),
    }
    return Lines(items=items, orders=_ORDERS, counts=counts)


def _without_room(known: StayList, first: date) -> int:
    return sum(stay.room_id is None and stay.departure_date > first for stay in known.items)


def _state(room: GridRoom, day: date) -> State:
    if any(each.start <= day < each.end and each.state != "completed" for each in room.allocations):
        return "taken"
    closed = not room.sellable and (room.closed_until is None or day < room.closed_until)
    return "closed" if closed else "free"


def _stay(allocation: Allocation, stay: StayLine | None) -> GridStay:
    return GridStay(
        reservation_id=allocation.reservation_id,
        start=allocation.start,
        end=allocation.end,
        state=allocation.state,
        code=None if stay is None else stay.code,
        guest_name=None if stay is None else stay.guest_name,
        flags=[] if stay is None else stay.flags,
    )


def _block(room: GridRoom, status: str | None, repair: RoomRepair | None) -> GridBlock | None:
    if room.sellable:
        return None
    return GridBlock(until=room.closed_until, kind=status, repair=repair)
