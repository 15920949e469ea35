"""maintenance-service: what is broken. It calls a property `prop_`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import WorkOrderLine, WorkOrdersTile
from bff_backoffice.infrastructure.dialect import Count, Wire, operator_headers, property_of, relabelled
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "MaintenanceGateway"]

SERVICE: Final = Upstream(name="maintenance-service", limit_seconds=0.7, retries=1)


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


_SUMMARY: Final = Decoder(_Summary)


@dataclass(frozen=True, slots=True)
class MaintenanceGateway:
    """Work orders that are neither verified nor cancelled."""

    client: UpstreamClient

    async def work_orders(self, call: CallContext) -> WorkOrdersTile:
        """Return how many work orders are open, and the most severe ones in the service's order."""
        return await self.client.read(
            "work_orders_summary",
            "/api/v1/maintenance/work-orders/summary",
            bounds=call,
            headers={**operator_headers(call), "X-Property-Id": relabelled(property_of(call), "prop")},
            decode=_work_orders,
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
