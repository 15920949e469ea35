"""The boards about rooms: what is to be cleaned and what is broken, with the guests who wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from bff_backoffice.application.pages import Place
from bff_backoffice.application.workbench_contents import Reading, SectionContents
from bff_backoffice.application.workbench_items import RoomArrival, RoomItem, RoomRepair, RoomTask, WorkOrderItem
from bff_backoffice.application.workbench_lines import Lines, moment_key, room_key
from bff_backoffice.application.workbench_lists import RoomLine, WorkOrderLine
from bff_backoffice.domain.workbench import BOARDS, READY_ROOM_STATUSES, BoardId

__all__ = ["ARRIVAL_WINDOW", "housekeeping", "maintenance", "repairs_by_room"]

ARRIVAL_WINDOW: Final = timedelta(minutes=90)
"""How long before a guest's expected time an unready room is pressing: housekeeping's own window."""

Pressure = Literal["none", "later", "soon", "overdue"]
_NOT_COME: Final = "confirmed"

_PRESSURES: Final[Mapping[Pressure | None, str]] = MappingProxyType(
    {"overdue": "0", "soon": "1", "later": "2", "none": "3", None: "4"}
)
_PRIORITIES: Final[Mapping[str, str]] = MappingProxyType({"urgent": "0", "high": "1", "normal": "2", "low": "3"})
_SEVERITIES: Final[Mapping[str, str]] = MappingProxyType({"critical": "0", "high": "1", "normal": "2", "low": "3"})
_LAST: Final = "9"

_ROOM_ORDERS: Final[Mapping[str, Callable[[RoomItem], Place]]] = MappingProxyType({
    "pressure": lambda item: (
        _PRESSURES[item.arrival_pressure],
        moment_key(item.arrival.expected_at if item.arrival else None),
        _priority(item), room_key(item.room_number), item.room_id,
    ),
    "priority": lambda item: (_priority(item), room_key(item.room_number), item.room_id),
    "room": lambda item: (room_key(item.room_number), item.room_id),
})  # fmt: skip

_ORDER_ORDERS: Final[Mapping[str, Callable[[WorkOrderItem], Place]]] = MappingProxyType({
    "severity": lambda item: (_SEVERITIES.get(item.severity, _LAST), moment_key(item.reported_at), item.id),
    "due": lambda item: (moment_key(item.due_at), item.id),
    "reported": lambda item: (moment_key(item.reported_at), item.id),
    "room": lambda item: (room_key(item.room_number), item.id),
})  # fmt: skip


def housekeeping(contents: SectionContents, reading: Reading) -> Lines[RoomItem]:
    """Return every room, with its task, the guest who waits for it, and what is broken in it."""
    found = contents.rooms
    statuses = BOARDS[BoardId.HOUSEKEEPING].statuses
    names = ("total", *statuses, "openTasks", "unassignedTasks", "underPressure")
    if found is None:
        return Lines(items=(), orders=_ROOM_ORDERS, counts=dict.fromkeys(names))
    coming, tasks, repairs = _arrivals(contents), _tasks(contents), repairs_by_room(contents)
    items = [
        RoomItem(
            status=room.status,
            room_id=room.room_id,
            room_number=room.number,
            floor=room.floor,
            room_type_code=room.room_type_code,
            occupancy=room.occupancy,
            updated_at=room.updated_at,
            notes=room.notes,
            task=tasks.get(room.room_id),
            arrival=None if coming is None else coming.get(room.room_id),
            arrival_pressure=None if coming is None else _pressure(room, coming.get(room.room_id), reading.now),
            repair=repairs.get(room.room_id),
            version=room.version,
        )
        for room in found.items
    ]
    by_status = Counter(item.status for item in items)
    listed = contents.tasks
    pressing = None if coming is None else sum(item.arrival_pressure in {"soon", "overdue"} for item in items)
    counts: dict[str, int | None] = {
        "total": len(items),
        **{status: by_status[status] for status in statuses},
        "openTasks": None if listed is None else len(listed.items),
        "unassignedTasks": None if listed is None else sum(task.assignee_id is None for task in listed.items),
        "underPressure": pressing,
    }
    return Lines(items=items, orders=_ROOM_ORDERS, counts=counts)


def maintenance(contents: SectionContents, _reading: Reading) -> Lines[WorkOrderItem]:
    """Return every work order that is not done, with what its room is like and who comes to it today."""
    found = contents.work_orders
    if found is None:
        return Lines(items=(), orders=_ORDER_ORDERS, counts=dict.fromkeys(_ORDER_COUNTS))
    coming = _arrivals(contents) or {}
    rooms = {} if contents.rooms is None else {room.room_id: room for room in contents.rooms.items}
    items = [_work_order(order, rooms, coming) for order in found.items]
    severities = Counter(item.severity for item in items)
    blocked = {item.room_id for item in items if item.blocks_room and item.room_id is not None}
    values = (
        len(items), severities["critical"], severities["high"], severities["normal"], severities["low"],
        sum(item.overdue for item in items), sum(item.assignee_id is None for item in items), len(blocked),
        None if contents.arrivals is None else len(blocked & set(coming)),
    )  # fmt: skip
    return Lines(items=items, orders=_ORDER_ORDERS, counts=dict(zip(_ORDER_COUNTS, values, strict=True)))


_ORDER_COUNTS: Final = (
    "total", "critical", "high", "normal", "low", "overdue", "unassigned", "roomsBlocked", "blockedWithArrival",
)  # fmt: skip


def _work_order(
    order: WorkOrderLine, rooms: Mapping[str, RoomLine], coming: Mapping[str, RoomArrival]
) -> WorkOrderItem:
    room = rooms.get(order.room_id or "")
    return WorkOrderItem(
        status=order.status,
        id=order.id,
        title=order.title,
        description=order.description,
        category=order.category,
        severity=order.severity,
        source=order.source,
        blocks_room=order.blocks_room,
        overdue=order.overdue,
        assignee_id=order.assignee_id,
        assignee_name=order.assignee_name,
        reported_at=order.reported_at,
        due_at=order.due_at,
        room_id=order.room_id,
        room_number=order.room_number,
        floor=order.floor,
        room_status=None if room is None else room.status,
        occupancy=None if room is None else room.occupancy,
        arrival=coming.get(order.room_id or ""),
        version=order.version,
    )


def _arrivals(contents: SectionContents) -> dict[str, RoomArrival] | None:
    if contents.arrivals is None:
        return None
    return {
        stay.room_id: RoomArrival(
            reservation_id=stay.reservation_id, guest_name=stay.guest_name, expected_at=stay.expected_at
        )
        for stay in contents.arrivals.items
        if stay.room_id is not None and stay.status == _NOT_COME
    }


def _tasks(contents: SectionContents) -> dict[str, RoomTask]:
    """The most urgent task of each room: the list has those first."""
    found: dict[str, RoomTask] = {}
    for task in contents.tasks.items if contents.tasks is not None else ():
        if task.room_id not in found:
            found[task.room_id] = RoomTask(
                id=task.id,
                kind=task.kind,
                priority=task.priority,
                status=task.status,
                assignee_id=task.assignee_id,
                assignee_name=task.assignee_name,
                scheduled_for=task.scheduled_for,
            )
    return found


def repairs_by_room(contents: SectionContents) -> dict[str, RoomRepair]:
    """Return what is worst in each room, what blocks it before all else: the list has the worst first."""
    found: dict[str, RoomRepair] = {}
    for order in contents.work_orders.items if contents.work_orders is not None else ():
        known = found.get(order.room_id or "")
        if order.room_id is not None and (known is None or (order.blocks_room and not known.blocks_room)):
            found[order.room_id] = RoomRepair(
                id=order.id, title=order.title, severity=order.severity, blocks_room=order.blocks_room
            )
    return found


def _pressure(room: RoomLine, arrival: RoomArrival | None, now: datetime) -> Pressure:
    if arrival is None or room.status in READY_ROOM_STATUSES:
        return "none"
    if arrival.expected_at is None or arrival.expected_at > now + ARRIVAL_WINDOW:
        return "later"
    return "soon" if arrival.expected_at > now else "overdue"


def _priority(item: RoomItem) -> str:
    return _LAST if item.task is None else _PRIORITIES.get(item.task.priority, _LAST)
