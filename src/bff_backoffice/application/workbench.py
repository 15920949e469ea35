"""A board of the workbench, composed: every section at once, each under its own deadline, put together when all are in.

Contract sections 2.1 and 10. What is read is in `workbench_sections`, the fan-out in `composition`; a board is there in
one piece, because its lines need all of their sections, and it comes as complete as its upstreams let it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from ulid import ULID

from bff_backoffice.application import workbench_grid, workbench_rooms, workbench_stays, workbench_today
from bff_backoffice.application.local_dates import local_date
from bff_backoffice.application.pages import Place
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.telemetry import NO_TELEMETRY, Emit, Origin
from bff_backoffice.application.telemetry_payloads import WorkbenchViewed
from bff_backoffice.application.workbench_contents import Reading, SectionContents
from bff_backoffice.application.workbench_items import BoardItem
from bff_backoffice.application.workbench_lines import Lines, page_of
from bff_backoffice.application.workbench_sections import (
    BoardSection,
    ReadSection,
    SectionReads,
    SectionRequest,
    board_sections,
)
from bff_backoffice.domain.composed_reads import CacheStatus
from bff_backoffice.domain.operator import PropertyId
from bff_backoffice.domain.workbench import BOARDS, BoardId

__all__ = ["BoardRequest", "BoardSection", "ComposeBoard", "ComposedBoard"]

_LINES_OF: Final[Mapping[BoardId, Callable[[SectionContents, Reading], Lines[Any]]]] = MappingProxyType({
    BoardId.ARRIVALS: workbench_stays.arrivals,
    BoardId.DEPARTURES: workbench_stays.departures,
    BoardId.IN_HOUSE: workbench_stays.in_house,
    BoardId.TODAY: workbench_today.today,
    BoardId.HOUSEKEEPING: workbench_rooms.housekeeping,
    BoardId.MAINTENANCE: workbench_rooms.maintenance,
    BoardId.GRID: workbench_grid.front_desk,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRequest(SectionRequest):
    """Who asks for which lines of which board.

    `statuses` empty means all. `order` is one of the board's, `descending` turns it round. `after` is the place behind
    which the page begins, None at the beginning.
    """

    board: BoardId
    statuses: frozenset[str]
    order: str
    descending: bool
    limit: int
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedBoard:
    """A page of a board. `day` is the property's local date, None where its time zone is not known.

    `partial` says that not every section is fresh or cached. `next_after` is the place of the last line, where more
    come.
    """

    id: str
    board: BoardId
    property_id: PropertyId
    day: date | None
    generated_at: datetime
    partial: bool
    sections: tuple[BoardSection, ...]
    items: Sequence[BoardItem]
    counts: Mapping[str, int | None]
    next_after: Place | None
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeBoard:
    """Compose a page of a board. Never fails because an upstream does: its section says so instead."""

    sections: SectionReads
    clock: Clock
    tell: Emit = NO_TELEMETRY

    async def __call__(self, request: BoardRequest) -> ComposedBoard:
        """Return the page, at the latest when the longest deadline of its sections has passed."""
        wanted = BOARDS[request.board].sections_for(request.operator.roles)
        read, cache_status = await self.sections.read(request, wanted)
        composed = self._board(request, read, cache_status)
        self._viewed(request, composed)
        return composed

    def _viewed(self, request: BoardRequest, composed: ComposedBoard) -> None:
        viewed = WorkbenchViewed(
            view_id=composed.id,
            board=composed.board.value,
            cache_status=composed.cache_status.value,
            items=len(composed.items),
            outcomes=dict(Counter(section.outcome.value for section in composed.sections)),
            partial=composed.partial,
        )
        self.tell(Origin.of(request.operator, request_id=request.request_id, traceparent=request.traceparent), viewed)

    def _board(self, request: BoardRequest, read: Sequence[ReadSection], cache_status: CacheStatus) -> ComposedBoard:
        now = self.clock()
        contents = SectionContents.of((section.section.id, section.content) for section in read)
        lines_from = read[0].served.projection
        # The day is that of what is shown: at midnight yesterday's list is not today's because the clock has moved on.
        day = local_date(now if lines_from is None else lines_from.as_of, contents.timezone)
        lines = _LINES_OF[request.board](contents, Reading(locale=request.locale, day=day, now=now))
        page = page_of(
            lines,
            statuses=request.statuses,
            order=request.order,
            descending=request.descending,
            after=request.after,
            limit=request.limit,
        )
        sections = board_sections(read, now)
        return ComposedBoard(
            id=f"wbv_{ULID.from_datetime(now)}",
            board=request.board,
            property_id=request.operator.property_id,
            day=day,
            generated_at=now,
            partial=not all(section.outcome.whole for section in sections),
            sections=sections,
            items=page.items,
            counts={**lines.counts, "matching": None if lines.counts["total"] is None else page.matching},
            next_after=page.next_after,
            cache_status=cache_status,
        )
