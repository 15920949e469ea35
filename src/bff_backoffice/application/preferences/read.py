"""An operator's preferences by the cheapest way there is: the cache, our mirror, tenant-service.

UC-10, specification section 5 (9).

What is known and not announced to be wrong is served at once; where it is older than its freshness it is loaded anew
behind the answer (RFC 5861, section 3, stale-while-revalidate). What was announced to be wrong is waited for, and
shown only where tenant-service is away (section 4, stale-if-error).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.ports import Clock, StoreUnavailableError, UpstreamRefusedError
from bff_backoffice.application.preferences.ports import (
    MirroredPreferences,
    OperatorRequest,
    PreferencesMirror,
    PreferencesOfOperators,
)
from bff_backoffice.application.projections import Freshness, Projection, ProjectionCache, ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import OperatorId, TenantId

__all__ = ["FRESHNESS", "ForgetPreferences", "FoundPreferences", "ReadPreferences", "key_of_preferences"]

FRESHNESS: Final = Freshness(fresh_ms=300_000, fallback_fresh_ms=300_000, kept_ms=30 * 86_400_000)
"""Fresh for five minutes, as everything of tenant-service; kept for 30 days (specification, section 4)."""

MIRROR_PATIENCE_S: Final = 0.1
"""How long the mirror may take, in seconds. Usually it is 2 ms; tenant-service itself answers within 500."""

_SOURCE: Final = Source.TENANT
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPreferences:
    """The preferences with how they were found. There is no data only where `served` has none either."""

    served: Served
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPreferences:
    """UC-10: read the preferences of the operator who asks. `reads` has the bounds of `FRESHNESS`."""

    reads: ReadThrough
    mirror: PreferencesMirror
    authority: PreferencesOfOperators
    clock: Clock

    async def __call__(self, asked: OperatorRequest) -> FoundPreferences:
        """Return what is known, or what tenant-service says. A failure is in the result, and nothing is raised."""
        look = await self.reads.last_known(asked.tenant_id, [key_of_preferences(asked.operator_id)])
        (cached,) = look.projections
        served = self.reads.from_cache(cached)
        if cached is not None and served is not None:
            self.reads.refresh_early(asked.tenant_id, cached, lambda: self._wanted(asked))
            return FoundPreferences(served=served, cache_status=CacheStatus.HIT)
        mirrored = None if cached is not None else await self._mirrored(asked)
        known = cached or (None if mirrored is None else _projection(mirrored))
        if known is not None and (mirrored is None or mirrored.current):
            fresh = self.reads.freshness.fresh(known, self.clock())
            if look.asked or not fresh:
                # Also a fresh one out of the mirror: the cache forgot it, and shall have it again.
                self._load_behind(asked, known)
            status = CacheStatus.HIT if fresh else CacheStatus.STALE
            return FoundPreferences(
                served=Served(outcome=Outcome.CACHED if fresh else Outcome.STALE, projection=known),
                cache_status=status if look.asked else CacheStatus.BYPASS,
            )
        served = await self._renewed(asked, known, cache=look.asked)
        status = CacheStatus.STALE if served.outcome is Outcome.STALE else CacheStatus.MISS
        return FoundPreferences(served=served, cache_status=status if look.asked else CacheStatus.BYPASS)

    async def _mirrored(self, asked: OperatorRequest) -> MirroredPreferences | None:
        try:
            async with asyncio.timeout(MIRROR_PATIENCE_S):
                found = await self.mirror.kept(asked.tenant_id, asked.operator_id)
        except (StoreUnavailableError, TimeoutError):
            self.reads.observer.cache_unavailable("mirror_read")
            return None
        # Retention is for a job to keep; what is too old is not served meanwhile.
        return found if found is not None and self.reads.freshness.known(_projection(found), self.clock()) else None

    async def _renewed(self, asked: OperatorRequest, known: Projection | None, *, cache: bool) -> Served:
        wanted = self._wanted(asked)
        try:
            async with asyncio.timeout(asked.patience_ms(wanted.deadline_ms) / 1000):
                return await self.reads.renew(asked.tenant_id, wanted, known=known, cache=cache)
        except TimeoutError as late:
            return self.reads.instead(wanted, known, late)

    def _load_behind(self, asked: OperatorRequest, known: Projection) -> None:
        """Begin to load anew for nobody in particular; all who ask meanwhile get what is known."""
        wanted, key = self._wanted(asked), key_of_preferences(asked.operator_id)

        async def load() -> Projection:
            served = await self.reads.renew(asked.tenant_id, wanted, known=None)
            return known if served.projection is None else served.projection

        deadline = asyncio.get_running_loop().time() + wanted.deadline_ms / 1000
        self.reads.flights.launch(("behind", asked.tenant_id, key), load, deadline=deadline)

    def _wanted(self, asked: OperatorRequest) -> Wanted:
        async def load(deadline: float) -> LoadedData:
            asked_at = self.clock()
            try:
                told = await self.authority.preferences(asked.call(deadline))
            except UpstreamRefusedError as refused:
                if refused.status == _NOT_FOUND:
                    # A member that was removed a moment ago: the next request says so by itself.
                    raise Refusal(Code.RESOURCE_NOT_FOUND) from refused
                raise
            try:
                async with asyncio.timeout(MIRROR_PATIENCE_S):
                    await self.mirror.keep(asked.tenant_id, asked.operator_id, told, as_of=asked_at)
            except (StoreUnavailableError, TimeoutError):
                self.reads.observer.cache_unavailable("mirror_write")
            return LoadedData(data=told.content, sources=(_SOURCE.value,))

        return Wanted(
            key=key_of_preferences(asked.operator_id),
            load=load,
            deadline_ms=_SOURCE.deadline_ms,
            sources=(_SOURCE.value,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetPreferences:
    """Ask tenant-service before an operator's preferences are shown again, because an event says that they changed.

    Raises:
        StoreUnavailableError: the event must be delivered again.
    """

    cache: ProjectionCache
    mirror: PreferencesMirror
    clock: Clock

    async def __call__(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        # The mirror first: whoever finds the cache empty must not find the mirror current.
        await self.mirror.outdate(tenant_id, operator_id, at=self.clock())
        await self.cache.forget(tenant_id, [key_of_preferences(operator_id)])


def key_of_preferences(operator_id: OperatorId) -> ProjectionKey:
    """Return where an operator's preferences are cached: what whoever changes them has to forget."""
    # The number is the content's form: another form is another key, never a wrong read.
    return ProjectionKey(property_id=None, name="preferences-1", variants=(operator_id,))


def _projection(mirrored: MirroredPreferences) -> Projection:
    return Projection(
        as_of=mirrored.as_of,
        upstream_ms=0,
        sources=(_SOURCE.value,),
        fallback=False,
        data=mirrored.told.content,
    )
