"""A board's sections, each read through the cache and shared by all boards and colleagues that have it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from bff_backoffice.application.composition import Part, compose
from bff_backoffice.application.ports import Clock, call_for
from bff_backoffice.application.projections import Found, Look, Projection, ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.application.tiles import Tile
from bff_backoffice.application.workbench_lists import (
    BalanceList,
    Grid,
    KeyList,
    PlaceOfHotel,
    RoomList,
    StayList,
    TaskList,
    WorkOrderList,
)
from bff_backoffice.application.workbench_loaders import BoardLoaders
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome
from bff_backoffice.domain.operator import OperatorContext, TenantId
from bff_backoffice.domain.workbench import Days, Section, SectionId, section_deadline_ms

__all__ = [
    "BoardSection", "FoundSection", "ReadSection", "RecentContents", "SectionLook", "SectionReads", "SectionRequest",
    "board_sections",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRequest:
    """Who asks. `locale` is the language tag that was agreed on for this answer.

    `days` are those of a grid. `budget_ms` is what the client can wait (`X-Client-Budget-Ms`), or None. `anew` loads
    every section whatever the cache has.
    """

    operator: OperatorContext
    locale: str
    request_id: str
    traceparent: str
    days: Days | None = None
    budget_ms: int | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSection:
    """One section as it was read: how that ended, and its content where there is one."""

    section: Section
    served: Served
    content: Tile | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSection:
    """How one section ended. `failure` says why it is old or missing: an `UpstreamError` or a `Refusal`."""

    id: SectionId
    outcome: Outcome
    as_of: datetime | None
    age_ms: int | None
    sources: tuple[str, ...]
    failure: Exception | None


FoundSection = Found[Section, ReadSection]
SectionLook = Look[Section, ReadSection]

_CONTENT: Final[Mapping[SectionId, msgspec.json.Decoder[Tile]]] = MappingProxyType({
    section: msgspec.json.Decoder(kind)
    for section, kind in (
        (SectionId.PLACE, PlaceOfHotel),
        (SectionId.GRID, Grid),
        (SectionId.STAYS, StayList),
        (SectionId.ARRIVALS, StayList),
        (SectionId.DEPARTURES, StayList),
        (SectionId.IN_HOUSE, StayList),
        (SectionId.ROOMS, RoomList),
        (SectionId.TASKS, TaskList),
        (SectionId.WORK_ORDERS, WorkOrderList),
        (SectionId.BALANCES, BalanceList),
        (SectionId.KEYS, KeyList),
    )
})  # fmt: skip


class RecentContents:
    """The sections that this process decoded last: half of what a warm board costs would be decoding the same again.

    Each is known by its tenant and key, and is used only for the very same bytes, so it can neither be old nor another
    tenant's. Contents are frozen and are never changed by who reads them.
    """

    __slots__ = ("_capacity", "_kept")

    def __init__(self, capacity: int = 32) -> None:
        self._capacity = capacity
        self._kept: dict[tuple[TenantId, ProjectionKey], tuple[bytes, Tile]] = {}

    def content(
        self, key: tuple[TenantId, ProjectionKey], decoder: msgspec.json.Decoder[Tile], data: msgspec.Raw
    ) -> Tile:
        """Return the content of these bytes. Raises what the decoder raises."""
        stored = bytes(data)
        kept = self._kept.pop(key, None)
        if kept is None or kept[0] != stored:
            kept = (stored, decoder.decode(stored))
        # At the end, where the one that is forgotten first is at the beginning.
        self._kept[key] = kept
        if len(self._kept) > self._capacity:
            del self._kept[next(iter(self._kept))]
        return kept[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionReads:
    """Reads sections through the cache. `places` has bounds of its own, since a hotel's place hardly ever changes."""

    reads: ReadThrough
    places: ReadThrough
    loaders: BoardLoaders
    clock: Clock
    recent: RecentContents = field(default_factory=RecentContents)

    async def read(self, request: SectionRequest, sections: Sequence[Section]) -> tuple[list[ReadSection], CacheStatus]:
        """Return all of them, in order, at the latest when the longest of their deadlines has passed."""
        look = await self.look(request, sections)
        started = asyncio.get_running_loop().time()
        read = [found.ready for found in look.found if found.ready is not None]

        async def keep(ready: Sequence[ReadSection]) -> None:
            read.extend(ready)

        waiting = [self.part(request, look, found, started) for found in look.found if found.ready is None]
        await compose(waiting, keep)
        by_id = {each.section.id: each for each in read}
        return [by_id[section.id] for section in sections], look.cache_status

    async def look(self, request: SectionRequest, sections: Sequence[Section]) -> SectionLook:
        """Return what the cache has of these sections, in a round trip for each kind of freshness. Fails open."""
        asked, found = True, []
        for reads in (self.reads, self.places):
            mine = [section for section in sections if self._reads(section) is reads]
            last = await reads.last_known(request.operator.tenant_id, [_key(section, request) for section in mine])
            asked = asked and last.asked
            found += [
                self._found(request, section, known) for section, known in zip(mine, last.projections, strict=True)
            ]
        return Look(asked=asked, found=tuple(found))

    def part(
        self, request: SectionRequest, look: SectionLook, found: FoundSection, started: float
    ) -> Part[ReadSection]:
        """Return the part of the fan-out that renews this section. `started` is on the loop's clock, in seconds."""
        section, known = found.item, found.known
        wanted, reads = self._wanted(request, section), self._reads(section)

        async def load() -> ReadSection:
            served = await reads.renew(
                request.operator.tenant_id, wanted, known=known, cache=look.asked, anew=request.anew
            )
            return self._read(request, section, served)

        def otherwise(failure: Exception) -> ReadSection:
            return self._read(request, section, reads.instead(wanted, known, failure))

        deadline = started + section_deadline_ms(section, request.budget_ms) / 1000
        return Part(deadline=deadline, load=load, otherwise=otherwise)

    def _reads(self, section: Section) -> ReadThrough:
        return self.places if section.id is SectionId.PLACE else self.reads

    def _found(self, request: SectionRequest, section: Section, known: Projection | None) -> FoundSection:
        reads = self._reads(section)
        served = None if request.anew else reads.from_cache(known)
        if known is None or served is None:
            return Found(item=section, known=known, ready=None)
        reads.refresh_early(request.operator.tenant_id, known, lambda: self._wanted(request, section))
        return Found(item=section, known=known, ready=self._read(request, section, served))

    def _read(self, request: SectionRequest, section: Section, served: Served) -> ReadSection:
        if served.projection is None:
            return ReadSection(section=section, served=served, content=None)
        content = self.recent.content(
            (request.operator.tenant_id, _key(section, request)), _CONTENT[section.id], served.projection.data
        )
        return ReadSection(section=section, served=served, content=content)

    def _wanted(self, request: SectionRequest, section: Section) -> Wanted:
        loader = self.loaders.of(section.id, request.days)

        async def load(deadline: float) -> LoadedData:
            loaded = await loader(call_for(request, deadline))
            return LoadedData(data=msgspec.Raw(msgspec.json.encode(loaded)), sources=(section.source.value,))

        return Wanted(
            key=_key(section, request),
            load=load,
            deadline_ms=section.deadline_ms,
            sources=(section.source.value,),
        )


def board_sections(read: Sequence[ReadSection], now: datetime) -> tuple[BoardSection, ...]:
    """Return how each of them ended, as a client is told."""
    return tuple(_ended(each, now) for each in read)


def _ended(read: ReadSection, now: datetime) -> BoardSection:
    projection = read.served.projection
    return BoardSection(
        id=read.section.id,
        outcome=read.served.outcome,
        as_of=None if projection is None else projection.as_of,
        age_ms=None if projection is None else projection.age_ms(now),
        sources=(read.section.source.value,),
        failure=read.served.failure,
    )


def _key(section: Section, request: SectionRequest) -> ProjectionKey:
    days = request.days if section.of_days else None
    first = "today" if days is None or days.first is None else days.first.isoformat()
    return ProjectionKey(
        property_id=request.operator.property_id,
        name=section.id.kept_as,
        variants=() if days is None else (first, str(days.count)),
    )
