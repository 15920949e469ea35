"""The keyboard map of an operator on a platform: the static one, with what tenant and operator chose instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from bff_backoffice.application.preferences.forget import SHORTCUTS_NAME
from bff_backoffice.application.preferences.one_read import read_one
from bff_backoffice.application.preferences.ports import KeptShortcuts, OperatorRequest, ShortcutOverrides
from bff_backoffice.application.projections import Freshness, Projection, ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.operator import AppPlatform, OperatorId
from bff_backoffice.domain.shortcut_actions import ACTIONS, STATIC_VERSION
from bff_backoffice.domain.shortcuts import Binding, Clash, clashes, merged

__all__ = ["FRESHNESS", "FoundShortcuts", "ReadShortcuts", "key_of_shortcuts", "written_shortcuts"]

FRESHNESS: Final = Freshness(fresh_ms=300_000, fallback_fresh_ms=300_000, kept_ms=86_400_000)
"""Fresh for five minutes and kept for a day: whoever writes forgets what is cached, and Postgres has the truth."""

_SOURCE: Final = Source.OWN
_NOTHING_CHOSEN: Final = KeptShortcuts(tenant={}, tenant_version=0, operator={}, operator_version=0)
_DECODER: Final = msgspec.json.Decoder(KeptShortcuts)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundShortcuts:
    """The map, and how what was chosen was found: where `served` has no data, the map is the static one alone."""

    platform: AppPlatform
    bindings: tuple[Binding, ...]
    clashes: tuple[Clash, ...]
    version: str
    """Of the static table, of the tenant's choices and of the operator's, in this order."""
    served: Served
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadShortcuts:
    """Read the keyboard map of the operator who asks. `reads` has the bounds of `FRESHNESS`."""

    reads: ReadThrough
    overrides: ShortcutOverrides

    async def __call__(self, asked: OperatorRequest, platform: AppPlatform) -> FoundShortcuts:
        """Return the map, without what was chosen where nobody knows that. Raises nothing of its own."""
        served, cache_status = await read_one(self.reads, asked, self._wanted(asked, platform))
        projection = served.projection
        chosen = _NOTHING_CHOSEN if projection is None else _DECODER.decode(projection.data)
        return _found(platform, chosen, served, cache_status)

    def _wanted(self, asked: OperatorRequest, platform: AppPlatform) -> Wanted:
        async def load(_deadline: float) -> LoadedData:
            chosen = await self.overrides.chosen(asked.tenant_id, asked.operator_id, platform)
            return LoadedData(data=_data(chosen), sources=(_SOURCE.value,))

        return Wanted(
            key=key_of_shortcuts(asked.operator_id, platform),
            load=load,
            deadline_ms=_SOURCE.deadline_ms,
            sources=(_SOURCE.value,),
        )


def written_shortcuts(platform: AppPlatform, chosen: KeptShortcuts, *, now: datetime) -> FoundShortcuts:
    """Return the map of what Postgres itself has just said."""
    projection = Projection(as_of=now, upstream_ms=0, sources=(_SOURCE.value,), fallback=False, data=_data(chosen))
    return _found(platform, chosen, Served(outcome=Outcome.FRESH, projection=projection), CacheStatus.MISS)


def _found(platform: AppPlatform, chosen: KeptShortcuts, served: Served, cache_status: CacheStatus) -> FoundShortcuts:
    """Return the map with what was chosen."""
    bindings = merged(ACTIONS, platform, tenant=chosen.tenant, operator=chosen.operator)
    return FoundShortcuts(
        platform=platform,
        bindings=bindings,
        clashes=clashes(bindings, platform),
        version=f"{STATIC_VERSION}.{chosen.tenant_version}.{chosen.operator_version}",
        served=served,
        cache_status=cache_status,
    )


def _data(chosen: KeptShortcuts) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(chosen))


def key_of_shortcuts(operator_id: OperatorId, platform: AppPlatform) -> ProjectionKey:
    """Return where an operator's map is cached: what whoever changes it has to forget."""
    return ProjectionKey(property_id=None, name=SHORTCUTS_NAME, variants=(operator_id, platform.value))
