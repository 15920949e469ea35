"""How housekeeping-service shows rooms and tasks. It writes `rom_`, `stf_` and `prp_`."""

from __future__ import annotations

from datetime import date

from platform_sim.kernel import Call, instant
from platform_sim.world.entities import HousekeepingTask, Reservation, Room

__all__ = ["ROOM_STATUSES", "OpenWork", "open_work", "room_card", "task_card"]

ROOM_STATUSES = ("dirty", "cleaning", "clean", "inspected", "ready", "out_of_order", "out_of_service")
_UNFINISHED = frozenset({"pending", "assigned", "in_progress", "paused"})


class OpenWork:
    """What is known about the rooms of a property beside their status: who is in them, who comes, what is to do."""

    __slots__ = ("arriving", "staying", "tasks", "today")

    def __init__(self, call: Call) -> None:
        self.today: date = call.world.today(call.property_id, call.now)
        self.staying: dict[str, Reservation] = {}
        self.arriving: dict[str, Reservation] = {}
        self.tasks: dict[str, HousekeepingTask] = {}
        for stay in call.world.reservations_of(call.property_id):
            if stay.room_id is None:
                continue
            if stay.in_house:
                self.staying[stay.room_id] = stay
            elif stay.due and stay.arrival_date == self.today:
                self.arriving[stay.room_id] = stay
        for task in call.world.tasks_of(call.property_id):
            if task.status in _UNFINISHED:
                self.tasks[task.room_id] = task

    def occupancy(self, room_id: str) -> str:
        """`vacant`, `occupied`, or `due_out` where the guest leaves today or should have left."""
        stay = self.staying.get(room_id)
        if stay is None:
            return "vacant"
        return "due_out" if stay.departure_date <= self.today else "occupied"


def open_work(call: Call) -> OpenWork:
    """The property's open work, made once until something changes."""
    return call.world.computed(call.property_id, "open-work", call.now, lambda: OpenWork(call))


def room_card(call: Call, room: Room, work: OpenWork) -> dict[str, object]:
    """A room on the board."""
    kind = call.world.room_types.get(room.room_type_id)
    shown: dict[str, object] = {
        "roomId": call.out(room.id),
        "number": room.number,
        "floor": room.floor,
        "roomTypeId": room.room_type_id,
        "roomTypeCode": kind.code if kind else None,
        "status": room.status,
        "occupancy": work.occupancy(room.id),
        "updatedAt": instant(room.updated_at),
        "version": room.version,
    }
    if room.notes:
        shown["notes"] = room.notes
    arrival = work.arriving.get(room.id)
    if arrival is not None:
        expected = instant(arrival.expected_at) if arrival.expected_at else None
        shown["nextArrival"] = {"reservationId": arrival.id, "expectedAt": expected}
    task = work.tasks.get(room.id)
    if task is not None:
        shown["task"] = {
            "id": task.id,
            "kind": task.kind,
            "priority": task.priority,
            "status": task.status,
            "assigneeId": call.out(task.assignee_id),
        }
    return shown


def task_card(call: Call, task: HousekeepingTask) -> dict[str, object]:
    """A task."""
    room = call.world.rooms.get(task.room_id)
    assignee = call.world.operators.get(task.assignee_id or "")
    return {
        "id": task.id,
        "tenantId": task.tenant_id,
        "propertyId": call.out(task.property_id),
        "roomId": call.out(task.room_id),
        "roomNumber": room.number if room else None,
        "roomStatus": room.status if room else None,
        "floor": room.floor if room else None,
        "reservationId": task.reservation_id,
        "kind": task.kind,
        "priority": task.priority,
        "status": task.status,
        "source": task.source,
        "assigneeId": call.out(task.assignee_id),
        "assigneeName": assignee.display_name if assignee else None,
        "notes": task.notes,
        "createdAt": instant(task.created_at),
        "scheduledFor": instant(task.scheduled_for) if task.scheduled_for else None,
        "startedAt": instant(task.started_at) if task.started_at else None,
        "completedAt": instant(task.completed_at) if task.completed_at else None,
        "inspectedAt": instant(task.inspected_at) if task.inspected_at else None,
        "version": task.version,
    }
