"""What a desktop needs at its start, all at once: a part that is missing is said to be, and costs no other part."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from bff_backoffice.application.ports import Clock
from bff_backoffice.application.preferences.forget import PROPERTIES_NAME
from bff_backoffice.application.preferences.one_read import read_one
from bff_backoffice.application.preferences.ports import OperatorRequest, PropertyBrief, TenantProperties
from bff_backoffice.application.preferences.read import ReadPreferences
from bff_backoffice.application.preferences.shortcuts import FoundShortcuts, ReadShortcuts
from bff_backoffice.application.projections import Freshness, ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.operator import AppPlatform

__all__ = ["PROPERTIES_FRESHNESS", "PartId", "PrepareStart", "ReadProperties", "Start", "StartPart"]

PROPERTIES_FRESHNESS: Final = Freshness(fresh_ms=300_000, fallback_fresh_ms=300_000, kept_ms=86_400_000)
"""Fresh for five minutes and kept for a day: hotels do not move, and new names are announced."""

_SOURCE: Final = Source.PROPERTY
_PROPERTIES: Final = msgspec.json.Decoder(list[PropertyBrief])

# One part decides for all: older data that is shown tells more than a load that was waited for.
_MOST_TELLING: Final = (CacheStatus.HIT, CacheStatus.MISS, CacheStatus.STALE, CacheStatus.BYPASS)


class PartId(StrEnum):
    """What is read for a start, beside what every request knows."""

    PROPERTIES = "properties"
    PREFERENCES = "preferences"
    SHORTCUTS = "shortcuts"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPart:
    """How reading one part ended. `failure` says why it is old or missing."""

    id: PartId
    outcome: Outcome
    as_of: datetime | None
    age_ms: int | None
    sources: tuple[str, ...]
    failure: Exception | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What was read. `properties` and `preferences` are None where nobody knows them."""

    properties: Mapping[str, PropertyBrief] | None
    preferences: msgspec.Raw | None
    shortcuts: FoundShortcuts
    parts: tuple[StartPart, ...]
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProperties:
    """The hotels of a tenant, one list for all its operators. `reads` has the bounds of `PROPERTIES_FRESHNESS`."""

    reads: ReadThrough
    tenants: TenantProperties

    async def __call__(self, asked: OperatorRequest) -> tuple[Served, CacheStatus]:
        """Return how reading the list ended. Raises nothing of its own."""

        async def load(deadline: float) -> LoadedData:
            found = await self.tenants.properties(asked.call(deadline))
            return LoadedData(data=msgspec.Raw(msgspec.json.encode(found)), sources=(_SOURCE.value,))

        key = ProjectionKey(property_id=None, name=PROPERTIES_NAME)
        wanted = Wanted(key=key, load=load, deadline_ms=_SOURCE.deadline_ms, sources=(_SOURCE.value,))
        return await read_one(self.reads, asked, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareStart:
    """Read everything that a desktop needs at its start, each part under its own deadline and none behind another."""

    read_properties: ReadProperties
    read_preferences: ReadPreferences
    read_shortcuts: ReadShortcuts
    clock: Clock

    async def __call__(self, asked: OperatorRequest, platform: AppPlatform) -> Start:
        """Return what could be read. Raises nothing of its own."""
        async with asyncio.TaskGroup() as group:
            listed = group.create_task(self.read_properties(asked))
            preferred = group.create_task(self.read_preferences(asked))
            shortcuts = group.create_task(self.read_shortcuts(asked, platform))
        properties, properties_status = listed.result()
        preferences, keys = preferred.result(), shortcuts.result()
        found = properties.projection
        return Start(
            properties=None if found is None else {each.id: each for each in _PROPERTIES.decode(found.data)},
            preferences=None if preferences.served.projection is None else preferences.served.projection.data,
            shortcuts=keys,
            parts=(
                self._part(PartId.PROPERTIES, properties, Source.PROPERTY),
                self._part(PartId.PREFERENCES, preferences.served, Source.TENANT),
                self._part(PartId.SHORTCUTS, keys.served, Source.OWN),
            ),
            cache_status=max((properties_status, preferences.cache_status, keys.cache_status), key=_MOST_TELLING.index),
        )

    def _part(self, identifier: PartId, served: Served, source: Source) -> StartPart:
        projection = served.projection
        return StartPart(
            id=identifier,
            outcome=served.outcome,
            as_of=None if projection is None else projection.as_of,
            age_ms=None if projection is None else projection.age_ms(self.clock()),
            sources=(source.value,) if projection is None else projection.sources,
            failure=served.failure,
        )
