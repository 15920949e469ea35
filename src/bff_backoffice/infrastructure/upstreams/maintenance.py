"""maintenance-service: what is broken. It calls a property `prop_`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec import structs
from msgspec.json import Decoder

from bff_backoffice.application import workbench_lists
from bff_backoffice.application.lookups_queries import WorkOrderQuery
from bff_backoffice.application.lookups_rows import WorkOrderRow
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import WorkOrderLine, WorkOrdersTile
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.infrastructure.dialect import (
    Count,
    Wire,
    operator_headers,
    own_property,
    property_of,
    relabelled,
    said,
)
from bff_backoffice.infrastructure.forwarding import MutationDialect, carry_out
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, one_page, whole_list

__all__ = ["SERVICE", "MaintenanceGateway"]

SERVICE: Final = Upstream(name="maintenance-service", limit_seconds=0.7, retries=1)
MUTATIONS: Final = MutationDialect(
    key_form="ulid", key_name="X-Idempotency-Key", property_place="header", property_prefix="prop"
)


class _BySeverity(Wire, frozen=True):
    high: Count
    critical: Count


class _WorkOrder(Wire, frozen=True):
    id: str
    title: str
    severity: str
    status: str
    room_number: str | None = None


class _Summary(Wire, frozen=True):
    open: Count
    by_severity: _BySeverity
    overdue: Count
    rooms_blocked: Count
    top: list[_WorkOrder]


class _Order(Wire, frozen=True):
    id: str
    property_id: str
    title: str
    description: str | None
    category: str
    severity: str
    status: str
    source: str
    blocks_room: bool
    overdue: bool
    assignee_id: str | None
    assignee_name: str | None
    reported_at: datetime
    due_at: datetime | None
    version: int
    room_id: str | None = None
    room_number: str | None = None
    floor: int | None = None


_SUMMARY: Final = Decoder(_Summary)
_ROWS: Final = Decoder(UpstreamPage[WorkOrderRow])
"""The service names an order's members as this one does; only the property's identifier is another."""
_ORDERS: Final = Decoder(UpstreamPage[_Order])


@dataclass(frozen=True, slots=True)
class MaintenanceGateway:
    """Work orders that are neither verified nor cancelled."""

    client: UpstreamClient

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry a mutation out, once for its upstream key. Raises the `UpstreamError` family."""
        return await carry_out(self.client, MUTATIONS, call, order)

    async def work_orders(self, call: CallContext) -> WorkOrdersTile:
        """Return how many work orders are open, and the most severe ones in the service's order."""
        return await self.client.read(
            "work_orders_summary",
            "/api/v1/maintenance/work-orders/summary",
            bounds=call,
            headers={**operator_headers(call), "X-Property-Id": relabelled(property_of(call), "prop")},
            decode=_work_orders,
        )

    async def work_order_list(self, call: CallContext) -> workbench_lists.WorkOrderList:
        """Return the work orders that are not done, the worst and oldest first."""
        read = ListRead(
            operation="work_order_list",
            path="/api/v1/maintenance/work-orders",
            headers={**operator_headers(call), "X-Property-Id": relabelled(property_of(call), "prop")},
            query={"status": "active"},
            decode=partial(_orders, call),
        )
        orders = await whole_list(self.client, call, read)
        return workbench_lists.WorkOrderList(items=[_order_line(order) for order in orders])

    async def find(
        self, call: CallContext, query: WorkOrderQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[WorkOrderRow]:
        """Return a page of the work orders that the query leaves: open ones first, the worst and oldest first."""
        wanted = {
            "status": ",".join(query.statuses),
            "severity": ",".join(query.severities),
            "category": query.category,
            "assigneeId": query.assignee_id,
            "roomId": query.room_id,
        }
        read = ListRead(
            operation="work_orders",
            path="/api/v1/maintenance/work-orders",
            headers={**operator_headers(call), "X-Property-Id": relabelled(property_of(call), "prop")},
            query=said(wanted),
            decode=partial(_rows, call),
        )
        return await one_page(self.client, call, read, limit=limit, cursor=cursor)


def _rows(call: CallContext, body: bytes) -> UpstreamPage[WorkOrderRow]:
    page = _ROWS.decode(body)
    rows = [structs.replace(order, property_id=own_property(call, order.property_id)) for order in page.items]
    return UpstreamPage(items=rows, next_cursor=page.next_cursor)


def _orders(call: CallContext, body: bytes) -> UpstreamPage[_Order]:
    page = _ORDERS.decode(body)
    here = relabelled(property_of(call), "prop")
    if any(order.property_id != here for order in page.items):
        raise ValueError("a work order of another property")
    return page


def _order_line(order: _Order) -> workbench_lists.WorkOrderLine:
    return workbench_lists.WorkOrderLine(
        id=order.id,
        title=order.title,
        description=order.description,
        category=order.category,
        severity=order.severity,
        status=order.status,
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
        version=order.version,
    )


def _work_orders(body: bytes) -> WorkOrdersTile:
    summary = _SUMMARY.decode(body)
    return WorkOrdersTile(
        open=summary.open,
        critical=summary.by_severity.critical,
        high=summary.by_severity.high,
        overdue=summary.overdue,
        rooms_blocked=summary.rooms_blocked,
        items=[
            WorkOrderLine(
                id=order.id,
                title=order.title,
                severity=order.severity,
                status=order.status,
                room_number=order.room_number,
            )
            for order in summary.top
        ],
    )
