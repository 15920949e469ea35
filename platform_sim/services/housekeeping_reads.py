"""Reads of housekeeping-service: rooms counted by status, the board's rooms, and the tasks."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from platform_sim.kernel import Answer, Call, instant, page
from platform_sim.paging import keyset_page
from platform_sim.services.housekeeping_views import ROOM_STATUSES, open_work, room_card, task_card
from platform_sim.world.entities import HousekeepingTask

__all__ = ["one_room", "one_task", "rooms", "rooms_summary", "tasks"]

_ARRIVAL_WINDOW: Final = timedelta(minutes=90)
_READY: Final = frozenset({"inspected", "ready"})
_PRIORITIES: Final = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
_OPEN: Final = frozenset({"pending", "assigned", "in_progress", "paused"})


def rooms_summary(call: Call) -> Answer:
    """`GET /rooms/summary`: how many rooms have which status, and what waits within the arrival window."""
    every = call.world.rooms_of(call.property_id)
    counted = Counter(room.status for room in every)
    work = open_work(call)
    waiting = 0
    for room in every:
        arrival = work.arriving.get(room.id)
        if arrival is None or room.status in _READY:
            continue
        waiting += arrival.expected_at is None or arrival.expected_at <= call.now + _ARRIVAL_WINDOW
    return Answer(
        body={
            "propertyId": call.out(call.property_id),
            "counts": {status: counted[status] for status in ROOM_STATUSES},
            "total": len(every),
            "pendingTasks": len(work.tasks),
            "pendingTasksAtArrivalWindow": waiting,
            "asOf": instant(call.now),
        }
    )


def rooms(call: Call) -> Answer:
    """`GET /rooms?status=&floor=`: every room of the property by floor and number."""
    wanted = _choices(call, "status", ROOM_STATUSES)
    floor = call.query.get("floor")
    found = [
        room
        for room in call.world.rooms_of(call.property_id)
        if (not wanted or room.status in wanted) and (floor is None or str(room.floor) == floor)
    ]
    rows, cursor = page(call, found, default=100)
    work = open_work(call)
    return Answer(body={"items": [room_card(call, room, work) for room in rows], "nextCursor": cursor})


def one_room(call: Call) -> Answer:
    """`GET /rooms/{rom_…}`."""
    room = call.own(call.world.rooms.get(call.id("id")), "room")
    call.property_id = room.property_id
    return Answer(body=room_card(call, room, open_work(call)), headers={"ETag": f'"v={room.version}"'})


def tasks(call: Call) -> Answer:
    """`GET /tasks?status=&kind=&assigneeId=&roomId=`: the most urgent first; `status=open` is everything unfinished."""
    wanted = set(filter(None, call.query.get("status", "").split(",")))
    if "open" in wanted:
        wanted |= _OPEN
    kinds = set(filter(None, call.query.get("kind", "").split(",")))
    into = call.service.dialect.into
    assignee, room_id = call.query.get("assigneeId"), call.query.get("roomId")
    found = [
        task
        for task in call.world.tasks_of(call.property_id)
        if (not wanted or task.status in wanted)
        and (not kinds or task.kind in kinds)
        and (assignee is None or task.assignee_id == into(assignee))
        and (room_id is None or task.room_id == into(room_id))
    ]
    rows, cursor = keyset_page(call, found, _urgency, default=50, maximum=500)
    return Answer(body={"items": [task_card(call, task) for task in rows], "nextCursor": cursor, "total": len(found)})


def one_task(call: Call) -> Answer:
    """`GET /tasks/{hkt_…}`, with its version as `ETag`."""
    task = call.own(call.world.tasks.get(call.id("id")), "task")
    return Answer(body=task_card(call, task), headers={"ETag": f'"v={task.version}"'})


def _urgency(task: HousekeepingTask) -> tuple[int | str, ...]:
    due = (task.scheduled_for or task.created_at).isoformat()
    return (int(task.status not in _OPEN), _PRIORITIES.get(task.priority, 2), due, task.id)


def _choices(call: Call, name: str, allowed: tuple[str, ...]) -> frozenset[str]:
    chosen = frozenset(filter(None, call.query.get(name, "").split(",")))
    if not chosen <= set(allowed):
        raise call.invalid(name, f"one of {' '.join(allowed)}")
    return chosen
