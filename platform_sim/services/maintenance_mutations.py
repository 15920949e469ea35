"""Mutations of maintenance-service: a work order from its report to its verification."""

from __future__ import annotations

from typing import Final

from platform_sim.alerting import alert_staff, critical_repair
from platform_sim.consequences import block_room, unblock_rooms_of
from platform_sim.dialect import Refused
from platform_sim.given import check_version, given_moment, given_word
from platform_sim.ids import fresh_id
from platform_sim.kernel import Answer, Call
from platform_sim.services.maintenance_reads import SEVERITIES, order_card
from platform_sim.world.entities import Operator, Text, WorkOrder

__all__ = ["assign", "block", "cancel", "create", "resolve", "resume", "start", "verify"]

_CATEGORIES: Final = (
    "plumbing",
    "electrical",
    "hvac",
    "lock",
    "generator",
    "water",
    "structural",
    "it",
    "other",
)
_SOURCES: Final = (
    "manual_staff",
    "guest_complaint",
    "housekeeping_flag",
    "lock_health_alert",
    "preventive_schedule",
    "reservation_relocation_failure",
)
_TERMINAL: Final = frozenset({"verified", "cancelled"})


def create(call: Call) -> Answer:
    """`POST /work-orders` `{title, severity?, category?, description?, roomId?, source?, dueAt?, blocksRoom?}`."""
    title = call.text("title", maximum=140)
    description = call.optional_text("description", maximum=4096) or ""
    severity = given_word(call, "severity", SEVERITIES, default="normal")
    category = given_word(call, "category", _CATEGORIES, default="other")
    source = given_word(call, "source", _SOURCES, default="manual_staff")
    blocks = _flag(call, "blocksRoom")
    room_id = call.optional_reference("roomId")
    room = call.own(call.world.rooms.get(room_id), "room") if room_id else None
    if room is None and (severity == "critical" or blocks):
        raise call.conflict("SEVERITY_REQUIRES_TARGET", "a critical work order names its room", status=422)
    _check_new(call, room_id, category, title)
    order = WorkOrder(
        id=fresh_id("mnt"),
        tenant_id=call.tenant_id,
        property_id=call.property_id,
        title=title,
        description=description,
        category=category,
        severity=severity,
        status="open",
        source=source,
        reported_at=call.now,
        reported_by=_acting(call),
        room_id=room_id,
        due_at=given_moment(call, "dueAt"),
    )
    call.world.work_orders[order.id] = order
    if room is not None and blocks:
        block_room(call, room, order)
    if room is not None and severity == "critical":
        alert_staff(call, order.property_id, "critical", critical_repair(room.number), Text(title))
    call.world.changed(order.property_id)
    _say(call, "created", order)
    call.effect("work_order.created", order.id)
    headers = {"Location": f"/api/v1/maintenance/work-orders/{order.id}", "ETag": f'"{order.version}"'}
    return Answer(status=201, body=order_card(call, order), headers=headers)


def assign(call: Call) -> Answer:
    """`POST /work-orders/{id}/assign` `{assigneeId}`: to somebody who works at the property; also to somebody else."""
    order = _order(call, "open", "assigned", "in_progress", "blocked")
    order.assignee_id = _assignee(call, order).id
    order.status = "assigned" if order.status == "open" else order.status
    return _done(call, order, "assigned")


def start(call: Call) -> Answer:
    """`POST /work-orders/{id}/start`."""
    order = _order(call, "open", "assigned")
    order.status = "in_progress"
    order.assignee_id = order.assignee_id or _acting(call)
    return _done(call, order, "started")


def block(call: Call) -> Answer:
    """`POST /work-orders/{id}/block` `{reason?, blocksRoom?}`: it can't go on; the room may be closed too."""
    order = _order(call, "assigned", "in_progress")
    reason = call.optional_text("reason", maximum=1000)
    room = call.world.rooms.get(order.room_id or "")
    blocks = _flag(call, "blocksRoom")
    if blocks and room is None:
        raise call.conflict("SEVERITY_REQUIRES_TARGET", "the work order names no room", status=422)
    order.status = "blocked"
    if blocks and room is not None and not order.blocks_room:
        block_room(call, room, order)
    return _done(call, order, "blocked", reason=reason)


def resume(call: Call) -> Answer:
    """`POST /work-orders/{id}/resume`."""
    order = _order(call, "blocked")
    order.status = "in_progress"
    return _done(call, order, "resumed")


def resolve(call: Call) -> Answer:
    """`POST /work-orders/{id}/resolve` `{resolution?}`: done; a blocked room goes back to housekeeping."""
    order = _order(call, "assigned", "in_progress", "blocked")
    order.resolution = call.optional_text("resolution") or order.resolution
    order.status, order.resolved_at = "resolved", call.now
    unblock_rooms_of(call, order)
    return _done(call, order, "resolved")


def verify(call: Call) -> Answer:
    """`POST /work-orders/{id}/verify`: somebody else has looked at it."""
    order = _order(call, "resolved")
    order.status = "verified"
    return _done(call, order, "verified")


def cancel(call: Call) -> Answer:
    """`POST /work-orders/{id}/cancel` `{reason?}`: nothing is done about it."""
    order = _order(call, "open", "assigned", "in_progress", "blocked")
    order.resolution = call.optional_text("reason", maximum=1000) or order.resolution
    order.status = "cancelled"
    unblock_rooms_of(call, order)
    return _done(call, order, "cancelled")


def _check_new(call: Call, room_id: str | None, category: str, title: str) -> None:
    for other in call.world.work_orders_of(call.property_id):
        same = (other.room_id, other.category, other.title.casefold()) == (room_id, category, title.casefold())
        if same and other.is_open:
            raise call.conflict("DUPLICATE_OPEN_WORK_ORDER", "the same is reported already")


def _order(call: Call, *allowed: str) -> WorkOrder:
    order = call.own(call.world.work_orders.get(call.id("id")), "work_order")
    check_version(call, order.version)
    if order.status in allowed:
        return order
    name = "WORK_ORDER_TERMINAL" if order.status in _TERMINAL else "INVALID_STATUS_TRANSITION"
    raise Refused(
        409,
        f"MELMASTOON.{call.service.dialect.domain}.{name}",
        f"a work order that is {order.status} does not allow this",
        context={"workOrderId": order.id, "status": order.status, "allowedFrom": list(allowed)},
    )


def _done(call: Call, order: WorkOrder, happened: str, **more: object) -> Answer:
    order.version += 1
    call.world.changed(order.property_id)
    _say(call, happened, order, **more)
    call.effect(f"work_order.{happened}", order.id)
    return Answer(body=order_card(call, order), headers={"ETag": f'"{order.version}"'})


def _say(call: Call, happened: str, order: WorkOrder, **more: object) -> None:
    call.publish(
        f"maintenance.work_order.{happened}.v1",
        {
            "workOrderId": order.id,
            "tenantId": order.tenant_id,
            "propertyId": call.out(order.property_id),
            "roomId": order.room_id,
            "severity": order.severity,
            "status": order.status,
            "assigneeId": order.assignee_id,
            **more,
        },
        key=order.id,
    )


def _assignee(call: Call, order: WorkOrder) -> Operator:
    operator = call.world.operators.get(call.reference("assigneeId"))
    if operator is None or operator.tenant_id != call.tenant_id or order.property_id not in operator.property_ids:
        raise call.not_found("assignee")
    return operator


def _acting(call: Call) -> str | None:
    operator = call.world.operators.get(call.headers.get("X-Operator-Id", ""))
    return operator.id if operator is not None and operator.tenant_id == call.tenant_id else None


def _flag(call: Call, name: str) -> bool:
    value = call.body.get(name, False)
    if not isinstance(value, bool):
        raise call.invalid(name, "true or false")
    return value
