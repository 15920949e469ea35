"""Reads of maintenance-service, and how it shows a work order. It writes `prop_` for properties."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from platform_sim.kernel import Answer, Call, instant
from platform_sim.paging import keyset_page
from platform_sim.world.entities import WorkOrder

__all__ = ["SEVERITIES", "STATUSES", "listed", "one", "order_card", "summary"]

SEVERITIES: Final = ("low", "normal", "high", "critical")
STATUSES: Final = ("open", "assigned", "in_progress", "blocked", "resolved", "verified", "cancelled")
_TOP: Final = 5


def order_card(call: Call, order: WorkOrder) -> dict[str, object]:
    """A work order. Members about a room are missing where it is about none."""
    room = call.world.rooms.get(order.room_id or "")
    assignee = call.world.operators.get(order.assignee_id or "")
    shown: dict[str, object] = {
        "id": order.id,
        "tenantId": order.tenant_id,
        "propertyId": call.out(order.property_id),
        "title": order.title,
        "description": order.description,
        "category": order.category,
        "severity": order.severity,
        "status": order.status,
        "source": order.source,
        "blocksRoom": order.blocks_room,
        "overdue": _is_overdue(order, call.now),
        "assigneeId": order.assignee_id,
        "assigneeName": assignee.display_name if assignee else None,
        "reportedBy": order.reported_by,
        "reportedAt": instant(order.reported_at),
        "dueAt": instant(order.due_at) if order.due_at else None,
        "resolvedAt": instant(order.resolved_at) if order.resolved_at else None,
        "resolution": order.resolution,
        "version": order.version,
    }
    if room is not None:
        shown |= {"roomId": room.id, "roomNumber": room.number, "floor": room.floor}
    return shown


def summary(call: Call) -> Answer:
    """`GET /work-orders/summary`: what is open, how bad it is, and the worst five."""
    still_open = [order for order in call.world.work_orders_of(call.property_id) if order.is_open]
    severities = Counter(order.severity for order in still_open)
    blocked = {order.room_id for order in still_open if order.blocks_room and order.room_id}
    worst = sorted(still_open, key=_worst_first)[:_TOP]
    return Answer(
        body={
            "propertyId": call.out(call.property_id),
            "open": len(still_open),
            "bySeverity": {severity: severities[severity] for severity in SEVERITIES},
            "overdue": sum(_is_overdue(order, call.now) for order in still_open),
            "roomsBlocked": len(blocked),
            "top": [order_card(call, order) for order in worst],
            "asOf": instant(call.now),
        }
    )


def listed(call: Call) -> Answer:
    """`GET /work-orders?status=&severity=&roomId=&assigneeId=&category=`: worst first; `status=active`: all open."""
    wanted = set(filter(None, call.query.get("status", "").split(",")))
    if "active" in wanted:
        wanted = (wanted - {"active"}) | {"open", "assigned", "in_progress", "blocked"}
    severities = set(filter(None, call.query.get("severity", "").split(",")))
    if not wanted <= set(STATUSES) or not severities <= set(SEVERITIES):
        raise call.invalid("status" if not wanted <= set(STATUSES) else "severity", "known words")
    exact = {
        "room_id": call.query.get("roomId"),
        "assignee_id": call.query.get("assigneeId"),
        "category": call.query.get("category"),
    }
    found = [
        order
        for order in call.world.work_orders_of(call.property_id)
        if (not wanted or order.status in wanted)
        and (not severities or order.severity in severities)
        and all(value is None or getattr(order, name) == value for name, value in exact.items())
    ]
    rows, cursor = keyset_page(call, found, _worst_first, default=50, maximum=500)
    return Answer(
        body={"items": [order_card(call, order) for order in rows], "nextCursor": cursor, "total": len(found)}
    )


def one(call: Call) -> Answer:
    """`GET /work-orders/{mnt_…}`, with its version as `ETag`."""
    order = call.own(call.world.work_orders.get(call.id("id")), "work_order")
    return Answer(body=order_card(call, order), headers={"ETag": f'"{order.version}"'})


def _worst_first(order: WorkOrder) -> tuple[int | str, ...]:
    severity = SEVERITIES.index(order.severity)
    return (int(not order.is_open), -severity, order.reported_at.isoformat(), order.id)


def _is_overdue(order: WorkOrder, now: datetime) -> bool:
    return order.is_open and order.due_at is not None and order.due_at < now
