"""Mutations of housekeeping-service: the life of a task, and a room's status by hand."""

from __future__ import annotations

from typing import Final

from platform_sim.acting import occurred_at
from platform_sim.consequences import plan_task, set_room_status
from platform_sim.dialect import Refused
from platform_sim.given import check_version, given_moment, given_word
from platform_sim.kernel import Answer, Call
from platform_sim.services.housekeeping_views import ROOM_STATUSES, open_work, room_card, task_card
from platform_sim.world.entities import HousekeepingTask, Operator, Room

__all__ = ["assign", "change_room_status", "complete", "create", "inspect", "pause", "start"]

_KINDS: Final = ("turnover", "mid_stay_clean", "deep_clean", "post_maintenance", "post_renovation", "inspection")
_PRIORITIES: Final = ("low", "normal", "high", "urgent")
_CLOSED: Final = frozenset({"out_of_order", "out_of_service"})
_IN_CLOSED_ROOMS: Final = frozenset({"deep_clean", "post_maintenance", "post_renovation"})
_INSPECTED_FROM: Final = frozenset({"clean", "inspected", "ready"})


def create(call: Call) -> Answer:
    """`POST /tasks` `{roomId, kind?, priority?, assigneeId?, scheduledFor?, reservationId?, notes?}` → 201."""
    room = call.own(call.world.rooms.get(call.reference("roomId")), "room")
    kind = given_word(call, "kind", _KINDS, default="turnover")
    priority = given_word(call, "priority", _PRIORITIES, default="normal")
    stay_id = call.optional_reference("reservationId")
    if stay_id is not None:
        call.own(call.world.reservations.get(stay_id), "reservation")
    _check_room_open(call, room, kind)
    assignee = _assignee(call, room.property_id, required=False)
    task = plan_task(
        call,
        room,
        kind,
        priority=priority,
        source="manual",
        reservation_id=stay_id,
        scheduled_for=given_moment(call, "scheduledFor"),
        notes=call.optional_text("notes", maximum=1000),
    )
    if assignee is not None:
        task.assignee_id, task.status = assignee.id, "assigned"
        _say(call, "assigned", task)
    call.world.changed(task.property_id)
    call.effect("task.created", task.id)
    headers = {"Location": f"/api/v1/housekeeping/tasks/{task.id}", "ETag": f'"v={task.version}"'}
    return Answer(status=201, body=task_card(call, task), headers=headers)


def assign(call: Call) -> Answer:
    """`POST /tasks/{id}/assign` `{assigneeId}`: to somebody who works at the property; also to somebody else."""
    task, _ = _task(call, "pending", "assigned", "paused", "in_progress")
    assignee = _assignee(call, task.property_id, required=True)
    happened = "reassigned" if task.assignee_id else "assigned"
    task.assignee_id = assignee.id if assignee else None
    task.status = "assigned" if task.status == "pending" else task.status
    return _done(call, task, effect="assigned", subject=happened)


def start(call: Call) -> Answer:
    """`POST /tasks/{id}/start`: work begins or goes on; the room is being cleaned."""
    task, room = _task(call, "pending", "assigned", "paused")
    _check_room_open(call, room, task.kind)
    task.started_at = task.started_at or occurred_at(call)
    task.status = "in_progress"
    task.assignee_id = task.assignee_id or _acting(call)
    if task.kind != "inspection" and room.sellable and room.status != "cleaning":
        set_room_status(call, room, "cleaning")
    return _done(call, task, effect="started")


def pause(call: Call) -> Answer:
    """`POST /tasks/{id}/pause` `{reason?}`."""
    task, _ = _task(call, "in_progress")
    task.notes = call.optional_text("reason", maximum=1000) or task.notes
    task.status = "paused"
    return _done(call, task, effect="paused")


def complete(call: Call) -> Answer:
    """`POST /tasks/{id}/complete` `{notes?}`: the room is clean, and inspected where the task was an inspection."""
    task, room = _task(call, "in_progress", "paused")
    at = occurred_at(call)
    task.notes = call.optional_text("notes", maximum=1000) or task.notes
    task.status, task.completed_at = "completed", at
    if room.sellable:
        set_room_status(call, room, "inspected" if task.kind == "inspection" else "clean")
    return _done(call, task, effect="completed")


def inspect(call: Call) -> Answer:
    """`POST /tasks/{id}/inspect` `{result?: passed·failed, notes?}`: inspected, or dirty again with a new task."""
    task, room = _task(call, "completed")
    result = given_word(call, "result", ("passed", "failed"), default="passed")
    if task.inspected_at is not None:
        raise _transition_refused(call, task, "the task was inspected already")
    if room.sellable and room.status not in _INSPECTED_FROM:
        raise _room_conflict(call, room, "inspected")
    task.notes = call.optional_text("notes", maximum=1000) or task.notes
    task.inspected_at = call.now
    if result == "failed":
        task.status = "failed"
    if room.sellable:
        set_room_status(call, room, "inspected" if result == "passed" else "dirty")
    if result == "failed":
        plan_task(call, room, "turnover", priority="high", reservation_id=task.reservation_id)
    return _done(call, task, effect="inspected", result=result)


def change_room_status(call: Call) -> Answer:
    """`POST /rooms/{rom_…}/status` `{status, notes?}`: what somebody saw in the room."""
    room = call.own(call.world.rooms.get(call.id("id")), "room")
    check_version(call, room.version)
    status = given_word(call, "status", ROOM_STATUSES)
    notes = call.optional_text("notes", maximum=1000)
    call.property_id = room.property_id
    if status in {"inspected", "ready"} and room.status not in _INSPECTED_FROM:
        raise _room_conflict(call, room, status)
    if status in _CLOSED and open_work(call).occupancy(room.id) != "vacant":
        raise _room_conflict(call, room, status, "somebody is in the room")
    if status not in _CLOSED and _is_blocked(call, room):
        raise _room_conflict(call, room, status, "an open work order keeps the room closed")
    set_room_status(call, room, status)
    room.notes = notes or room.notes
    call.world.changed(room.property_id)
    call.effect("room.status_changed", room.id)
    return Answer(body=room_card(call, room, open_work(call)), headers={"ETag": f'"v={room.version}"'})


def _task(call: Call, *allowed: str) -> tuple[HousekeepingTask, Room]:
    task = call.own(call.world.tasks.get(call.id("id")), "task")
    check_version(call, task.version)
    if task.status not in allowed:
        raise _transition_refused(call, task, f"a task that is {task.status} does not allow this")
    return task, call.world.rooms[task.room_id]


def _done(call: Call, task: HousekeepingTask, *, effect: str, subject: str | None = None, **more: object) -> Answer:
    task.version += 1
    call.world.changed(task.property_id)
    _say(call, subject or effect, task, **more)
    call.effect(f"task.{effect}", task.id)
    return Answer(body=task_card(call, task), headers={"ETag": f'"v={task.version}"'})


def _say(call: Call, happened: str, task: HousekeepingTask, **more: object) -> None:
    call.publish(
        f"housekeeping.task.{happened}.v1",
        {
            "taskId": task.id,
            "tenantId": task.tenant_id,
            "propertyId": call.out(task.property_id),
            "roomId": call.out(task.room_id),
            "staffId": call.out(task.assignee_id),
            "kind": task.kind,
            "status": task.status,
            **more,
        },
        key=task.id,
    )


def _assignee(call: Call, property_id: str, *, required: bool) -> Operator | None:
    """Somebody of this tenant who works at the property; `staffId` is the same as `assigneeId`."""
    name = "staffId" if "staffId" in call.body and "assigneeId" not in call.body else "assigneeId"
    identifier = call.reference(name) if required else call.optional_reference(name)
    if identifier is None:
        return None
    operator = call.world.operators.get(identifier)
    if operator is None or operator.tenant_id != call.tenant_id or property_id not in operator.property_ids:
        raise call.not_found("staff")
    return operator


def _acting(call: Call) -> str | None:
    operator = call.world.operators.get(call.service.dialect.into(call.headers.get("X-Operator-Id", "")))
    return operator.id if operator is not None and operator.tenant_id == call.tenant_id else None


def _is_blocked(call: Call, room: Room) -> bool:
    orders = call.world.work_orders_of(room.property_id)
    return any(order.room_id == room.id and order.is_open and order.blocks_room for order in orders)


def _check_room_open(call: Call, room: Room, kind: str) -> None:
    if not room.sellable and kind not in _IN_CLOSED_ROOMS:
        raise _room_conflict(call, room, "cleaning", "the room is closed")


def _transition_refused(call: Call, task: HousekeepingTask, detail: str) -> Refused:
    code = f"MELMASTOON.{call.service.dialect.domain}.INVALID_TASK_TRANSITION"
    return Refused(409, code, detail, context={"taskId": task.id, "status": task.status})


def _room_conflict(call: Call, room: Room, wanted: str, why: str | None = None) -> Refused:
    code = f"MELMASTOON.{call.service.dialect.domain}.ROOM_STATE_CONFLICT"
    detail = why or f"a room that is {room.status} can't become {wanted}"
    return Refused(422, code, detail, context={"roomId": call.out(room.id), "from": room.status, "to": wanted})
