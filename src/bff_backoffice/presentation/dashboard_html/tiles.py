"""From a widget's data to its markup: one line for each of the sixteen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Generic, TypeVar

import msgspec

from bff_backoffice.application.tiles import (
    AlertsTile,
    ArrivalsAtRiskTile,
    BalancesTile,
    DevicesTile,
    InHouseTile,
    KpiTile,
    MovementTile,
    OccupancyTile,
    OutlookTile,
    PropertyTile,
    RatesTile,
    RoomsTile,
    SuggestionsTile,
    Tile,
    WorkOrdersTile,
)
from bff_backoffice.domain.dashboard import WidgetId
from bff_backoffice.presentation.dashboard_html import card, charts, lists, movements, numbers
from bff_backoffice.presentation.dashboard_html.markup import Markup
from bff_backoffice.presentation.dashboard_html.page import Page

__all__ = ["render_tile"]

T = TypeVar("T", bound=Tile)


@dataclass(frozen=True, slots=True)
class _Renderer(Generic[T]):
    """What a widget's data is, and what draws it: one type, so that the two can't drift apart."""

    shape: type[T]
    draw: Callable[[Page, T], Markup]

    def __call__(self, page: Page, data: msgspec.Raw) -> Markup:
        return self.draw(page, msgspec.json.decode(data, type=self.shape))


_RENDERERS: Final[Mapping[WidgetId, Callable[[Page, msgspec.Raw], Markup]]] = MappingProxyType({
    WidgetId.OCCUPANCY: _Renderer(OccupancyTile, numbers.occupancy),
    WidgetId.ADR: _Renderer(KpiTile, numbers.kpi),
    WidgetId.REVPAR: _Renderer(KpiTile, numbers.kpi),
    WidgetId.ARRIVALS: _Renderer(MovementTile, movements.arrivals),
    WidgetId.DEPARTURES: _Renderer(MovementTile, movements.departures),
    WidgetId.IN_HOUSE: _Renderer(InHouseTile, numbers.in_house),
    WidgetId.OUTLOOK: _Renderer(OutlookTile, charts.outlook),
    WidgetId.ROOMS: _Renderer(RoomsTile, charts.rooms),
    WidgetId.ARRIVALS_AT_RISK: _Renderer(ArrivalsAtRiskTile, movements.arrivals_at_risk),
    WidgetId.WORK_ORDERS: _Renderer(WorkOrdersTile, lists.work_orders),
    WidgetId.RATES: _Renderer(RatesTile, lists.rates),
    WidgetId.BALANCES: _Renderer(BalancesTile, numbers.balances),
    WidgetId.ALERTS: _Renderer(AlertsTile, lists.alerts),
    WidgetId.SUGGESTIONS: _Renderer(SuggestionsTile, lists.suggestions),
    WidgetId.PROPERTY: _Renderer(PropertyTile, card.property_card),
    WidgetId.DEVICES: _Renderer(DevicesTile, lists.devices),
})  # fmt: skip


def render_tile(page: Page, widget: WidgetId, data: msgspec.Raw) -> Markup | None:
    """Return a widget's data as HTML; None where the data is not what the widget shows.

    That happens while two versions of the service share a cache, and must not cost the page.
    """
    try:
        return _RENDERERS[widget](page, data)
    except (msgspec.MsgspecError, ArithmeticError):
        return None
