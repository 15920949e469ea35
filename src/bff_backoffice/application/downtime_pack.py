"""The downtime pack, composed of the boards' own sections: what a desk has on its boards now, it has on paper later.

It reads what the boards read, through the same cache, and joins it the same way; it has no lines of its own but for
rooms, balances and keys. Each list says how it was read, and one that could not be read is missing and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from ulid import ULID

from bff_backoffice.application import downtime_pack_lines, workbench_stays
from bff_backoffice.application.downtime_pack_lines import PackedLines
from bff_backoffice.application.local_dates import local_date
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.workbench_contents import Reading, SectionContents
from bff_backoffice.application.workbench_lines import Lines
from bff_backoffice.application.workbench_lists import PlaceOfHotel
from bff_backoffice.application.workbench_sections import (
    BoardSection,
    ReadSection,
    SectionReads,
    SectionRequest,
    board_sections,
)
from bff_backoffice.domain.composed_reads import CacheStatus
from bff_backoffice.domain.downtime_pack import LIST_SECTIONS, PACK_SECTIONS, REFRESH_AFTER
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.domain.workbench import BOARDS, SECTIONS, BoardId, SectionId

__all__ = ["ComposeDowntimePack", "DowntimePack", "PackList"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackList:
    """One list: how its section was read, and its lines in order, None where there are none to be had."""

    section: BoardSection
    lines: PackedLines | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DowntimePack:
    """The lists of one property. `day` is its local date and `place` its name and clock, None where nobody could say.

    `partial` says that not everything is fresh or cached. `refresh_at` is when a desktop should ask for the next one.
    """

    id: str
    tenant_id: TenantId
    property_id: PropertyId
    place: PlaceOfHotel | None
    day: date | None
    generated_at: datetime
    refresh_at: datetime
    partial: bool
    lists: Mapping[SectionId, PackList]
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeDowntimePack:
    """Compose the pack. Never fails because an upstream does: its list says so instead."""

    sections: SectionReads
    clock: Clock

    async def __call__(self, request: SectionRequest) -> DowntimePack:
        """Return the pack, at the latest when the longest deadline of its sections has passed."""
        wanted = [SECTIONS[section] for section in PACK_SECTIONS]
        read, cache_status = await self.sections.read(request, wanted)
        now = self.clock()
        contents = SectionContents.of((section.section.id, section.content) for section in read)
        day = local_date(_moment(read, now), contents.timezone)
        reading = Reading(locale=request.locale, day=day, now=now)
        ended = board_sections(read, now)
        return DowntimePack(
            id=f"dtp_{ULID.from_datetime(now)}",
            tenant_id=request.operator.tenant_id,
            property_id=request.operator.property_id,
            place=contents.place,
            day=day,
            generated_at=now,
            refresh_at=now + REFRESH_AFTER,
            partial=not all(section.outcome.whole for section in ended),
            lists={
                section.id: PackList(section=section, lines=_LINES_OF[section.id](contents, reading))
                for section in ended
                if section.id in LIST_SECTIONS
            },
            cache_status=cache_status,
        )


def _moment(read: Sequence[ReadSection], now: datetime) -> datetime:
    """When the oldest list of reservations was true: at midnight yesterday's lists are still yesterday's."""
    stays = {SectionId.ARRIVALS, SectionId.DEPARTURES, SectionId.IN_HOUSE}
    loaded = [each.served.projection for each in read if each.section.id in stays]
    return min((projection.as_of for projection in loaded if projection is not None), default=now)


def _stays_of(
    board: BoardId, lines_of: Callable[[SectionContents, Reading], Lines[Any]]
) -> Callable[[SectionContents, Reading], PackedLines | None]:
    """A board's own lines, all of them, in the order in which the board has them."""
    order, first = BOARDS[board].orders[0], BOARDS[board].sections[0].name.lower()

    def packed(contents: SectionContents, reading: Reading) -> PackedLines | None:
        if getattr(contents, first) is None:
            return None
        lines = lines_of(contents, reading)
        return PackedLines(items=sorted(lines.items, key=lines.orders[order]), counts=lines.counts)

    return packed


_LINES_OF: Final[Mapping[SectionId, Callable[[SectionContents, Reading], PackedLines | None]]] = MappingProxyType({
    SectionId.ARRIVALS: _stays_of(BoardId.ARRIVALS, workbench_stays.arrivals),
    SectionId.DEPARTURES: _stays_of(BoardId.DEPARTURES, workbench_stays.departures),
    SectionId.IN_HOUSE: _stays_of(BoardId.IN_HOUSE, workbench_stays.in_house),
    SectionId.ROOMS: lambda contents, _reading: downtime_pack_lines.rooms(contents),
    SectionId.BALANCES: lambda contents, _reading: downtime_pack_lines.balances(contents),
    SectionId.KEYS: lambda contents, _reading: downtime_pack_lines.keys(contents),
})  # fmt: skip
