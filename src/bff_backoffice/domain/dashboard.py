"""The dashboard's widgets: what each is made of, how long it may take, whom it is for, how it can end.

Specification sections 2 and 7, contract section 4. Pure data and arithmetic; who loads a widget is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.operator import OperatorRole

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CLIENT_BUDGET_FLOOR_MS", "FALLBACK_FRESH_MS", "FRESH_MS", "GRID_COLUMNS", "KEPT_MS", "LAYOUT",
    "READY_ROOM_STATUSES", "CacheStatus", "Outcome", "Source", "Variant", "Widget", "WidgetId", "WidgetKind",
    "WidgetState", "deadline_ms", "visible_widgets",
]  # fmt: skip

FRESH_MS: Final = 30_000
"""How long a loaded widget counts as fresh, in ms (specification section 4: DashboardSnapshot, 30 s)."""
KEPT_MS: Final = FRESH_MS + 600_000
"""How long it is kept at all, in ms: ten minutes more, served then only as stale or as last-known data."""
FALLBACK_FRESH_MS: Final = 5_000
"""How long a fallback is reused, in ms: long enough that fifty desks do not stampede a broken upstream, short enough
that everything is fresh again within 15 s of its recovery (the breaker's own pause included)."""
CLIENT_BUDGET_FLOOR_MS: Final = 100
"""A client's budget shortens deadlines to no less than this, in ms: below it even healthy upstreams would fail, and the
client would get failures where a little patience gives it data."""
GRID_COLUMNS: Final = 12
"""How many columns the board's grid has; a widget's span counts these."""
READY_ROOM_STATUSES: Final = frozenset({"inspected", "ready"})
"""Housekeeping's words for a room that a guest can be sent to; `clean` still waits for its inspection."""


class WidgetId(StrEnum):
    """Every widget, by the name that the wire uses."""

    OCCUPANCY = "occupancy"
    ADR = "adr"
    REVPAR = "revpar"
    ARRIVALS = "arrivals"
    DEPARTURES = "departures"
    IN_HOUSE = "in-house"
    OUTLOOK = "outlook"
    ROOMS = "rooms"
    ARRIVALS_AT_RISK = "arrivals-at-risk"
    WORK_ORDERS = "work-orders"
    RATES = "rates"
    BALANCES = "balances"
    ALERTS = "alerts"
    SUGGESTIONS = "suggestions"
    PROPERTY = "property"
    DEVICES = "devices"


class WidgetKind(StrEnum):
    """How a widget is drawn; a client may know the kind without knowing the widget."""

    NUMBER = "number"
    LIST = "list"
    BARS = "bars"
    CARD = "card"


class WidgetState(StrEnum):
    """What the first frame has of a widget: nothing yet, or its last-known data."""

    PENDING = "pending"
    STALE = "stale"


class Variant(StrEnum):
    """What a widget's content depends on besides tenant and property. Everything else is shared by colleagues."""

    LOCALE = "locale"
    OPERATOR = "operator"
    DEVICE = "device"


_EVERYBODY: Final = frozenset(OperatorRole)
_ALWAYS: Final = frozenset({OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER})
_FRONT_DESK: Final = OperatorRole.FRONT_DESK
_NIGHT_AUDITOR: Final = OperatorRole.NIGHT_AUDITOR
_HOUSEKEEPING_LEAD: Final = OperatorRole.HOUSEKEEPING_LEAD
_HOUSEKEEPER: Final = OperatorRole.HOUSEKEEPER
_MAINTENANCE: Final = OperatorRole.MAINTENANCE
_FNB: Final = OperatorRole.FNB_MANAGER
_REVENUE: Final = OperatorRole.REVENUE_MANAGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One row of the table. `span` counts grid columns of `GRID_COLUMNS`."""

    id: WidgetId
    kind: WidgetKind
    span: int
    sources: tuple[Source, ...]
    roles: frozenset[OperatorRole]
    varies_by: frozenset[Variant] = frozenset()

    @property
    def deadline_ms(self) -> int:
        """The longest of its sources' deadlines, in ms: they are asked at the same time."""
        return max(source.deadline_ms for source in self.sources)

    def visible_to(self, roles: frozenset[OperatorRole]) -> bool:
        """Whether an operator with these roles has this widget."""
        return not self.roles.isdisjoint(roles)


def _row(
    widget: WidgetId,
    kind: WidgetKind,
    span: int,
    sources: tuple[Source, ...],
    *roles: OperatorRole,
    varies_by: frozenset[Variant] = frozenset(),
) -> Widget:
    return Widget(id=widget, kind=kind, span=span, sources=sources, roles=_ALWAYS.union(roles), varies_by=varies_by)


_BY_LOCALE: Final = frozenset({Variant.LOCALE})
_BY_DEVICE: Final = frozenset({Variant.OPERATOR, Variant.DEVICE})

# The order is the board's reading order. Names of guests go to those who meet or room them; money goes to those who
# answer for it; everyone has the property, its alerts and their own devices.
_ROWS: Final = (
    _row(WidgetId.OCCUPANCY, WidgetKind.NUMBER, 4, (Source.ANALYTICS, Source.INVENTORY),
         _FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _MAINTENANCE, _FNB, _REVENUE),
    _row(WidgetId.ADR, WidgetKind.NUMBER, 4, (Source.ANALYTICS,), _NIGHT_AUDITOR, _REVENUE),
    _row(WidgetId.REVPAR, WidgetKind.NUMBER, 4, (Source.ANALYTICS,), _NIGHT_AUDITOR, _REVENUE),
    _row(WidgetId.ARRIVALS, WidgetKind.LIST, 4, (Source.RESERVATION,),
         _FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _FNB, _REVENUE),
    _row(WidgetId.DEPARTURES, WidgetKind.LIST, 4, (Source.RESERVATION,),
         _FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER, _FNB, _REVENUE),
    _row(WidgetId.IN_HOUSE, WidgetKind.NUMBER, 4, (Source.RESERVATION,),
         _FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER, _MAINTENANCE, _FNB),
    _row(WidgetId.OUTLOOK, WidgetKind.BARS, 8, (Source.INVENTORY,),
         _FRONT_DESK, _HOUSEKEEPING_LEAD, _FNB, _REVENUE),
    _row(WidgetId.ROOMS, WidgetKind.BARS, 4, (Source.HOUSEKEEPING,),
         _FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER, _MAINTENANCE),
    _row(WidgetId.ARRIVALS_AT_RISK, WidgetKind.LIST, 6, (Source.RESERVATION, Source.HOUSEKEEPING),
         _FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER),
    _row(WidgetId.WORK_ORDERS, WidgetKind.LIST, 6, (Source.MAINTENANCE,), _HOUSEKEEPING_LEAD, _MAINTENANCE),
    _row(WidgetId.RATES, WidgetKind.LIST, 6, (Source.PRICING,), _FRONT_DESK, _REVENUE, varies_by=_BY_LOCALE),
    _row(WidgetId.BALANCES, WidgetKind.NUMBER, 6, (Source.BILLING,), _FRONT_DESK, _NIGHT_AUDITOR),
    _row(WidgetId.ALERTS, WidgetKind.LIST, 6, (Source.NOTIFICATION,), *_EVERYBODY, varies_by=_BY_LOCALE),
    _row(WidgetId.SUGGESTIONS, WidgetKind.LIST, 6, (Source.AI_ORCHESTRATOR,),
         _FRONT_DESK, _HOUSEKEEPING_LEAD, _FNB, _REVENUE),
    _row(WidgetId.PROPERTY, WidgetKind.CARD, 8, (Source.PROPERTY,), *_EVERYBODY, varies_by=_BY_LOCALE),
    _row(WidgetId.DEVICES, WidgetKind.LIST, 4, (Source.OWN,), *_EVERYBODY, varies_by=_BY_DEVICE),
)  # fmt: skip

LAYOUT: Final[Mapping[WidgetId, Widget]] = MappingProxyType({row.id: row for row in _ROWS})
"""Every widget, in the board's order."""


def visible_widgets(roles: frozenset[OperatorRole]) -> tuple[Widget, ...]:
    """Return the board of an operator with these roles, in order."""
    return tuple(widget for widget in LAYOUT.values() if widget.visible_to(roles))


def deadline_ms(widget: Widget, budget_ms: int | None) -> int:
    """Return how long this widget may take, in ms, given what the client says that it can wait.

    `budget_ms` (`X-Client-Budget-Ms`) shortens a deadline down to `CLIENT_BUDGET_FLOOR_MS` and never lengthens it.
    """
    if budget_ms is None:
        return widget.deadline_ms
    return min(widget.deadline_ms, max(budget_ms, CLIENT_BUDGET_FLOOR_MS))
