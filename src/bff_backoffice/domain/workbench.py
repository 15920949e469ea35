"""The workbench's boards: what each is made of, whom it is for, how its lines are filtered and ordered.

Specification sections 4 and 5 (responsibility 3), contract sections 2.1 and 10. Pure data; who loads a section is
decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.operator import OperatorRole

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BOARDS", "FALLBACK_FRESH_MS", "FRESH_MS", "KEPT_MS", "MOST_DAYS", "MOST_LINES", "PLACE_FRESH_MS", "PLACE_KEPT_MS",
    "READY_ROOM_STATUSES", "SECTIONS", "Board", "BoardId", "Days", "Section", "SectionId", "section_deadline_ms",
]  # fmt: skip

FRESH_MS: Final = 15_000
"""How long a loaded section counts as fresh, in ms (specification section 4: WorkbenchView, 15 s)."""
KEPT_MS: Final = FRESH_MS + 600_000
"""How long it is kept at all, in ms: ten minutes more, served then only as stale (contract, section 4)."""
FALLBACK_FRESH_MS: Final = 5_000
"""How long a section that lacks a part is reused, in ms."""
PLACE_FRESH_MS: Final = 300_000
"""How long a hotel's time zone counts as fresh, in ms: it is the only thing that is read of the place."""
PLACE_KEPT_MS: Final = 86_400_000
"""How long it is kept, in ms: hotels do not move, and without it no board could say which day it shows."""
CLIENT_BUDGET_FLOOR_MS: Final = 100
"""A client's budget shortens deadlines to no less than this, in ms: below it even healthy upstreams would fail."""
MOST_DAYS: Final = 61
"""How many days a grid can show: reservation-service gives 62 nights, and the one before the first day is read too."""
MOST_LINES: Final = 500
"""How many lines a client can ask for at once: more than any board has rooms."""


READY_ROOM_STATUSES: Final = frozenset({"inspected", "ready"})
"""Housekeeping's words for a room that a guest can be sent to; `clean` still waits for its inspection."""


class BoardId(StrEnum):
    """Every board, by the name that the wire uses."""

    ARRIVALS = "arrivals"
    DEPARTURES = "departures"
    IN_HOUSE = "in-house"
    TODAY = "today"
    HOUSEKEEPING = "housekeeping"
    MAINTENANCE = "maintenance"
    GRID = "front-desk-grid"


class SectionId(StrEnum):
    """Every part that boards are made of, by the name that the wire uses. Boards that have the same part share it."""

    PLACE = "place"
    GRID = "grid"
    STAYS = "stays"
    ARRIVALS = "arrivals"
    DEPARTURES = "departures"
    IN_HOUSE = "in-house"
    ROOMS = "rooms"
    TASKS = "tasks"
    WORK_ORDERS = "work-orders"
    BALANCES = "balances"
    KEYS = "keys"

    @property
    def kept_as(self) -> str:
        """The name under which the cache keeps it. The number is its form's: another form is another name."""
        return f"board-{_FORMS.get(self, 1)}-{self.value}"


_FORMS: Final[Mapping[SectionId, int]] = MappingProxyType({
    SectionId.PLACE: 2, SectionId.BALANCES: 2, SectionId.KEYS: 3,
})  # fmt: skip
"""Which form a section's content has, where it is no longer the first."""

_EVERYBODY: Final = frozenset(OperatorRole)
_ALWAYS: Final = frozenset({OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER})
_FRONT_DESK: Final = OperatorRole.FRONT_DESK
_NIGHT_AUDITOR: Final = OperatorRole.NIGHT_AUDITOR
_HOUSEKEEPER: Final = OperatorRole.HOUSEKEEPER
_HOUSEKEEPING_LEAD: Final = OperatorRole.HOUSEKEEPING_LEAD
_MAINTENANCE: Final = OperatorRole.MAINTENANCE
_FNB: Final = OperatorRole.FNB_MANAGER
_REVENUE: Final = OperatorRole.REVENUE_MANAGER


@dataclass(frozen=True, slots=True)
class Days:
    """Which days a grid shows: `count` of them from `first`, or from the hotel's today where that is None."""

    first: date | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a board: one upstream's bulk read. `roles` are those who have it on their boards at all."""

    id: SectionId
    source: Source
    roles: frozenset[OperatorRole]

    @property
    def of_days(self) -> bool:
        """Whether its content depends on the days that were asked for."""
        return self.id in {SectionId.GRID, SectionId.STAYS}

    @property
    def deadline_ms(self) -> int:
        """How long it may take, in ms: its source's time, as on the dashboard."""
        return self.source.deadline_ms


def _section(section: SectionId, source: Source, roles: frozenset[OperatorRole] = _EVERYBODY) -> Section:
    return Section(id=section, source=source, roles=_ALWAYS | roles)


_AT_THE_DESK: Final = frozenset({_FRONT_DESK, _NIGHT_AUDITOR})
"""Who answers for money and hands out keys."""

SECTIONS: Final[Mapping[SectionId, Section]] = MappingProxyType({
    section.id: section
    for section in (
        _section(SectionId.PLACE, Source.PROPERTY),
        _section(SectionId.GRID, Source.INVENTORY),
        _section(SectionId.STAYS, Source.RESERVATION),
        _section(SectionId.ARRIVALS, Source.RESERVATION),
        _section(SectionId.DEPARTURES, Source.RESERVATION),
        _section(SectionId.IN_HOUSE, Source.RESERVATION),
        _section(SectionId.ROOMS, Source.HOUSEKEEPING),
        _section(SectionId.TASKS, Source.HOUSEKEEPING),
        _section(SectionId.WORK_ORDERS, Source.MAINTENANCE),
        _section(SectionId.BALANCES, Source.BILLING, _AT_THE_DESK),
        _section(SectionId.KEYS, Source.LOCK_INTEGRATION, _AT_THE_DESK),
    )
})  # fmt: skip
"""Every section. Guests' names are on all of these boards, so each board's own roles decide who sees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board. `sections[0]` is what its lines come from; the others add to them.

    `statuses` are the words that `?status=` takes, `orders` those that `?sort=` takes (`-` in front turns one
    round); the first is the default. `lines` is how many come where the client does not say.
    """

    id: BoardId
    sections: tuple[SectionId, ...]
    roles: frozenset[OperatorRole]
    statuses: tuple[str, ...]
    orders: tuple[str, ...]
    lines: int = 100
    days: int | None = None
    """How many days it shows where the client does not say; None where it is about now."""

    @property
    def path(self) -> str:
        """The board's address behind the prefix (contract, section 2.1)."""
        return _PATHS.get(self.id, f"/{self.id.value}")

    def sections_for(self, roles: frozenset[OperatorRole]) -> tuple[Section, ...]:
        """Return the sections that an operator with these roles has on this board, the first one first."""
        every = (SECTIONS[section] for section in self.sections)
        return tuple(section for section in every if not section.roles.isdisjoint(roles))


_PATHS: Final[Mapping[BoardId, str]] = MappingProxyType({
    BoardId.HOUSEKEEPING: "/housekeeping/board",
    BoardId.MAINTENANCE: "/maintenance/board",
    BoardId.GRID: "/front-desk/grid",
})  # fmt: skip


def section_deadline_ms(section: Section, budget_ms: int | None) -> int:
    """Return how long this section may take, in ms; `budget_ms` (`X-Client-Budget-Ms`) shortens it, to a floor."""
    if budget_ms is None:
        return section.deadline_ms
    return min(section.deadline_ms, max(budget_ms, CLIENT_BUDGET_FLOOR_MS))


_ROOM_STATUSES: Final = ("dirty", "cleaning", "clean", "inspected", "ready", "out_of_order", "out_of_service")
_GRID_STATUSES: Final = ("free", "taken", "closed")
"""What a room of the grid is on the first of its days."""
_WORK_ORDER_STATUSES: Final = ("open", "assigned", "in_progress", "blocked")
_RESERVATION_STATUSES: Final = ("confirmed", "checked_in", "in_house", "checked_out")
_STAY_ORDERS: Final = ("room", "guest", "code")

BOARDS: Final[Mapping[BoardId, Board]] = MappingProxyType({
    board.id: board
    for board in (
        Board(
            id=BoardId.ARRIVALS,
            sections=(SectionId.ARRIVALS, SectionId.ROOMS, SectionId.BALANCES, SectionId.KEYS, SectionId.PLACE),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _FNB, _REVENUE},
            statuses=_RESERVATION_STATUSES,
            orders=("expected", *_STAY_ORDERS),
        ),
        Board(
            id=BoardId.DEPARTURES,
            sections=(SectionId.DEPARTURES, SectionId.ROOMS, SectionId.BALANCES, SectionId.KEYS, SectionId.PLACE),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER, _FNB, _REVENUE},
            statuses=_RESERVATION_STATUSES,
            orders=("leaving", *_STAY_ORDERS),
        ),
        Board(
            id=BoardId.IN_HOUSE,
            sections=(SectionId.IN_HOUSE, SectionId.ROOMS, SectionId.BALANCES, SectionId.KEYS, SectionId.PLACE),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER, _FNB},
            statuses=_RESERVATION_STATUSES,
            orders=(*_STAY_ORDERS, "departure"),
        ),
        Board(
            id=BoardId.TODAY,
            sections=(
                SectionId.ARRIVALS, SectionId.DEPARTURES, SectionId.IN_HOUSE, SectionId.ROOMS, SectionId.BALANCES,
                SectionId.KEYS, SectionId.PLACE,
            ),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _FNB, _REVENUE},
            statuses=_RESERVATION_STATUSES,
            orders=("todo", *_STAY_ORDERS),
        ),
        Board(
            id=BoardId.HOUSEKEEPING,
            sections=(
                SectionId.ROOMS, SectionId.TASKS, SectionId.ARRIVALS, SectionId.WORK_ORDERS, SectionId.PLACE,
            ),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _HOUSEKEEPER},
            statuses=_ROOM_STATUSES,
            orders=("pressure", "priority", "room"),
            lines=MOST_LINES,
        ),
        Board(
            id=BoardId.MAINTENANCE,
            sections=(SectionId.WORK_ORDERS, SectionId.ROOMS, SectionId.ARRIVALS, SectionId.PLACE),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _MAINTENANCE},
            statuses=_WORK_ORDER_STATUSES,
            orders=("severity", "due", "reported", "room"),
            lines=MOST_LINES,
        ),
        Board(
            id=BoardId.GRID,
            sections=(
                SectionId.GRID, SectionId.STAYS, SectionId.DEPARTURES, SectionId.ROOMS, SectionId.WORK_ORDERS,
                SectionId.PLACE,
            ),
            roles=_ALWAYS | {_FRONT_DESK, _NIGHT_AUDITOR, _HOUSEKEEPING_LEAD, _REVENUE},
            statuses=_GRID_STATUSES,
            orders=("room", "type"),
            lines=MOST_LINES,
            days=14,
        ),
    )
})  # fmt: skip
"""Every board."""
