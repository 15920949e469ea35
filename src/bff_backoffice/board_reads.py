"""The dashboard's widgets and the boards' sections, each bound to the gateway that fills it.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import Callable

from bff_backoffice.application.dashboard_sources import dashboard_loaders
from bff_backoffice.application.dashboard_widgets import WidgetReads
from bff_backoffice.application.devices import ShowDevices
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.projections import Freshness
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.workbench_loaders import board_loaders
from bff_backoffice.application.workbench_sections import SectionReads
from bff_backoffice.domain import dashboard, workbench
from bff_backoffice.gateways import Gateways

__all__ = ["sections_of", "widgets_of"]


def widgets_of(
    gateways: Gateways, devices: ShowDevices, *, read_through: Callable[..., ReadThrough], clock: Clock
) -> WidgetReads:
    """The dashboard's loaders, each bound to the gateway that fills it."""
    freshness = Freshness(
        fresh_ms=dashboard.FRESH_MS, fallback_fresh_ms=dashboard.FALLBACK_FRESH_MS, kept_ms=dashboard.KEPT_MS
    )
    return WidgetReads(
        reads=read_through(freshness=freshness),
        loaders=dashboard_loaders(
            key_figures=gateways.analytics,
            rooms_to_sell=gateways.inventory,
            movements=gateways.reservation,
            room_statuses=gateways.housekeeping,
            work_orders=gateways.maintenance,
            rates=gateways.pricing,
            balances=gateways.billing,
            alerts=gateways.notification,
            suggestions=gateways.ai_orchestrator,
            property_cards=gateways.property,
            operator_devices=devices,
        ),
        clock=clock,
    )


def sections_of(gateways: Gateways, *, read_through: Callable[..., ReadThrough], clock: Clock) -> SectionReads:
    """The boards' loaders, and how long what they bring is worth something."""
    fallback_fresh_ms = workbench.FALLBACK_FRESH_MS
    lines = Freshness(fresh_ms=workbench.FRESH_MS, fallback_fresh_ms=fallback_fresh_ms, kept_ms=workbench.KEPT_MS)
    places = Freshness(
        fresh_ms=workbench.PLACE_FRESH_MS, fallback_fresh_ms=fallback_fresh_ms, kept_ms=workbench.PLACE_KEPT_MS
    )
    return SectionReads(
        reads=read_through(freshness=lines),
        places=read_through(freshness=places),
        loaders=board_loaders(
            stays=gateways.reservation,
            rooms=gateways.housekeeping,
            repairs=gateways.maintenance,
            ledger=gateways.inventory,
            balances=gateways.billing,
            keys=gateways.lock_integration,
            places=gateways.property,
        ),
        clock=clock,
    )
