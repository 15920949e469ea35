"""What each dashboard widget shows: the one shape between the gateways that fill it and the wire.

Gateways decode an upstream's answer straight into these. The names are the wire's (camelCase through `rename`), and
every number says what it counts, since "arrivals" is rooms in one hotel system and reservations in the next.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec

__all__ = [
    "AlertLine", "AlertsTile", "ArrivalAtRisk", "ArrivalsAtRiskTile", "BalancesTile", "DeviceLine", "DevicesTile",
    "InHouseTile", "KpiTile", "MoneyAmount", "MovementTile", "NextGuest", "OccupancyTile", "OutlookDay", "OutlookTile",
    "PropertyTile", "RateLine", "RatesTile", "RoomsTile", "SuggestionLine", "SuggestionsTile", "Tile", "WorkOrderLine",
    "WorkOrdersTile",
]  # fmt: skip


class Tile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The base of every widget's data."""


class MoneyAmount(Tile, frozen=True, kw_only=True):
    """Micro-units as a string of digits, so that no reader loses a cent to a float: `12500000` USD is 12.50."""

    amount_micro: str
    currency: str


class OccupancyTile(Tile, frozen=True, kw_only=True):
    """Rooms sold of rooms that can be sold today. `percent` is 0 to 100, one decimal."""

    percent: float
    sold_rooms: int | None = None
    sellable_rooms: int | None = None
    out_of_order_rooms: int | None = None
    previous_percent: float | None = None
    """The same weekday a week ago."""


class KpiTile(Tile, frozen=True, kw_only=True):
    """A money figure of analytics: ADR (room revenue by rooms sold) or RevPAR (by rooms that can be sold)."""

    value: MoneyAmount
    previous: MoneyAmount | None = None
    series: list[MoneyAmount] = []
    """The last seven days, oldest first."""


class NextGuest(Tile, frozen=True, kw_only=True):
    """One of the next guests due, in the order in which the desk expects them."""

    reservation_id: str
    code: str
    guest_name: str
    room_number: str | None = None
    expected_at: datetime | None = None


class MovementTile(Tile, frozen=True, kw_only=True):
    """Arrivals or departures of the property's local day, counted in rooms."""

    date: date
    total_rooms: int
    remaining_rooms: int
    total_guests: int
    next: list[NextGuest] = []


class InHouseTile(Tile, frozen=True, kw_only=True):
    """Who sleeps here now. `total_rooms` counts occupied rooms; `remaining_rooms` those that stay past today."""

    total_rooms: int
    remaining_rooms: int
    guests: int
    stayover_rooms: int


class OutlookDay(Tile, frozen=True, kw_only=True):
    """One day: rooms sold and left; `available_rooms` is negative when overbooked."""

    date: date
    occupancy_percent: float
    sold_rooms: int
    available_rooms: int


class OutlookTile(Tile, frozen=True, kw_only=True):
    """Fourteen days from today, the property's dates."""

    days: list[OutlookDay]


class RoomsTile(Tile, frozen=True, kw_only=True):
    """Rooms by housekeeping status now."""

    dirty: int
    cleaning: int
    clean: int
    inspected: int
    ready: int
    out_of_order: int
    out_of_service: int
    total: int


class ArrivalAtRisk(Tile, frozen=True, kw_only=True):
    """A guest due soon whose room is not ready."""

    reservation_id: str
    code: str
    guest_name: str
    room_number: str | None
    room_status: str | None
    """Housekeeping's word, or null where no room is assigned."""
    expected_at: datetime | None = None


class ArrivalsAtRiskTile(Tile, frozen=True, kw_only=True):
    """Arrivals of the next `due_within_minutes` minutes whose room is not ready, soonest first, at most `items`."""

    due_within_minutes: int
    total: int
    items: list[ArrivalAtRisk]


class WorkOrderLine(Tile, frozen=True, kw_only=True):
    """One of the most severe open work orders."""

    id: str
    title: str
    severity: str
    status: str
    room_number: str | None = None


class WorkOrdersTile(Tile, frozen=True, kw_only=True):
    """Open work orders (not verified, not cancelled)."""

    open: int
    critical: int
    high: int
    overdue: int
    rooms_blocked: int
    items: list[WorkOrderLine] = []


class RateLine(Tile, frozen=True, kw_only=True):
    """Today's public rate of one room type. `price` is null where pricing could not say."""

    room_type_id: str
    name: str
    price: MoneyAmount | None
    available_rooms: int | None = None


class RatesTile(Tile, frozen=True, kw_only=True):
    """The best available rate per room type."""

    items: list[RateLine]


class BalancesTile(Tile, frozen=True, kw_only=True):
    """Open folios and the day-end variance (counted minus expected in the cash drawers)."""

    open_folios: int
    open_balance: MoneyAmount
    overdue_folios: int
    day_end_variance: MoneyAmount


class AlertLine(Tile, frozen=True, kw_only=True):
    """One unacknowledged alert."""

    id: str
    severity: str
    title: str
    raised_at: datetime


class AlertsTile(Tile, frozen=True, kw_only=True):
    """Unacknowledged alerts of the property, most severe first."""

    unread: int
    critical: int
    warning: int
    items: list[AlertLine]


class SuggestionLine(Tile, frozen=True, kw_only=True):
    """One open AI suggestion; advisory, never applied by itself. `confidence` is 0 to 1."""

    id: str
    category: str
    title: str
    confidence: float


class SuggestionsTile(Tile, frozen=True, kw_only=True):
    """Open AI suggestions for the property."""

    open: int
    items: list[SuggestionLine]


class PropertyTile(Tile, frozen=True, kw_only=True):
    """The property's card. `name` is in the reader's language where the property has one."""

    id: str
    name: str
    city: str
    country: str
    timezone: str
    local_date: date | None = None
    rooms: int
    photo_url: str | None = None
    photo_alt: str | None = None


class DeviceLine(Tile, frozen=True, kw_only=True):
    """One of the operator's devices. `status` is online, late or offline, from its last heartbeat."""

    device_id: str
    status: str
    last_heartbeat_at: datetime | None
    queued_actions: int
    app_version: str | None = None
    this_device: bool = False


class DevicesTile(Tile, frozen=True, kw_only=True):
    """The operator's devices and what they last said they had queued: informational, never authoritative."""

    items: list[DeviceLine]
    queued_actions: int
