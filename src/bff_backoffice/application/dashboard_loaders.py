"""What each dashboard widget needs of the outside.

The protocols are named for the need and are met by the gateways as they are; `dashboard_sources` turns them
into the frozen record that `ComposeDashboard` reads. Where one call gives one tile, the
gateway decodes straight into it.
Every method raises the `UpstreamError` family of `ports.py` and nothing else; `OperatorDevices` raises
`StoreUnavailableError`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import (
    AlertsTile,
    BalancesTile,
    DevicesTile,
    InHouseTile,
    KpiTile,
    MovementTile,
    OutlookTile,
    PropertyTile,
    RatesTile,
    RoomsTile,
    SuggestionsTile,
    Tile,
    WorkOrdersTile,
)
from bff_backoffice.domain.dashboard import Source, WidgetId
from bff_backoffice.domain.operator import DeviceId, OperatorId, TenantId

__all__ = [
    "Alerts", "Balances", "DashboardLoaders", "DueArrival", "KeyFigures", "Loaded", "Loader", "Movements",
    "OccupancyPercent", "OperatorDevices", "PropertyCards", "Rates", "RoomStatuses", "RoomsSold", "RoomsToSell",
    "Suggestions", "WorkOrders",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyPercent:
    """Analytics' occupancy of today and of the same weekday a week ago, 0 to 100 with one decimal."""

    percent: float
    previous_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomsSold:
    """Inventory's count for today: `committed` of `total`, `out_of_order` not for sale."""

    total: int
    committed: int
    out_of_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueArrival:
    """A reservation that is due soon. `room_ulid` is the id of its room without the prefix that each service uses."""

    reservation_id: str
    code: str
    guest_name: str
    room_ulid: str | None
    room_number: str | None
    expected_at: datetime | None


class KeyFigures(Protocol):
    """Analytics: the figures of the property's local day."""

    async def occupancy(self, call: CallContext) -> OccupancyPercent:
        """Return the share of rooms sold today and a week ago."""

    async def adr(self, call: CallContext) -> KpiTile:
        """Return room revenue by rooms sold."""

    async def revpar(self, call: CallContext) -> KpiTile:
        """Return room revenue by rooms that can be sold."""


class RoomsToSell(Protocol):
    """Inventory: rooms sold today, and the fourteen days from today."""

    async def rooms_sold(self, call: CallContext) -> RoomsSold:
        """Return today's count of rooms."""

    async def outlook(self, call: CallContext) -> OutlookTile:
        """Return fourteen days from today, summed over room types."""


class Movements(Protocol):
    """Reservations: who comes, goes and stays today. `due_arrivals` are not yet in house, in any order."""

    async def arrivals(self, call: CallContext) -> MovementTile:
        """Return who is expected today."""

    async def departures(self, call: CallContext) -> MovementTile:
        """Return who leaves today."""

    async def in_house(self, call: CallContext) -> InHouseTile:
        """Return who sleeps here now."""

    async def due_arrivals(self, call: CallContext, *, within_minutes: int) -> tuple[DueArrival, ...]:
        """Return the reservations due within so many minutes."""


class RoomStatuses(Protocol):
    """Housekeeping: rooms counted by status, and the status word of each room by the ULID of its id."""

    async def rooms(self, call: CallContext) -> RoomsTile:
        """Return rooms counted by status."""

    async def room_statuses(self, call: CallContext) -> Mapping[str, str]:
        """Return housekeeping's word for each room, by the ULID of the room's id."""


class WorkOrders(Protocol):
    """Maintenance: open work orders, the most severe first."""

    async def work_orders(self, call: CallContext) -> WorkOrdersTile:
        """Return the open work orders."""


class Rates(Protocol):
    """Pricing: today's rate per room type, named in `call.locale`."""

    async def rates(self, call: CallContext) -> RatesTile:
        """Return one line per room type."""


class Balances(Protocol):
    """Billing: open folios and the day-end variance."""

    async def balances(self, call: CallContext) -> BalancesTile:
        """Return the open folios and the variance."""


class Alerts(Protocol):
    """Notifications: unread alerts of the property, most severe first, in `call.locale`."""

    async def alerts(self, call: CallContext) -> AlertsTile:
        """Return the unread alerts."""


class Suggestions(Protocol):
    """The AI orchestrator's open suggestions for the property."""

    async def suggestions(self, call: CallContext) -> SuggestionsTile:
        """Return the open suggestions."""


class PropertyCards(Protocol):
    """The property's card, named in `call.locale`."""

    async def property_card(self, call: CallContext) -> PropertyTile:
        """Return the card of `call.property_id`."""


class OperatorDevices(Protocol):
    """The operator's devices as they last reported. Raises `StoreUnavailableError`; the caller bounds its time."""

    async def devices(self, tenant_id: TenantId, operator_id: OperatorId, *, this_device: DeviceId) -> DevicesTile:
        """Return the operator's devices, `this_device` marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A widget's data as it was just loaded. `fallback` says that some of its sources failed."""

    tile: Tile
    sources: tuple[Source, ...]
    fallback: bool = False


Loader = Callable[[CallContext], Awaitable[Loaded]]
"""Loads one widget for a property until `call.deadline`. Raises `UpstreamError` or `StoreUnavailableError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardLoaders:
    """One loader per widget: forgetting one does not type-check."""

    occupancy: Loader
    adr: Loader
    revpar: Loader
    arrivals: Loader
    departures: Loader
    in_house: Loader
    outlook: Loader
    rooms: Loader
    arrivals_at_risk: Loader
    work_orders: Loader
    rates: Loader
    balances: Loader
    alerts: Loader
    suggestions: Loader
    property: Loader
    devices: Loader

    def of(self, widget: WidgetId) -> Loader:
        """Return the loader of this widget."""
        loader: Loader = getattr(self, widget.name.lower())
        return loader
