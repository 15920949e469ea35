"""Reading through the cache: one load for all who want the same thing, last-known data when that load fails.

The cache fails open: without it every read loads for itself (`X-Cache: BYPASS`), shared within the process only.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from bff_backoffice.application.flights import Flights
from bff_backoffice.application.ports import (
    Clock,
    StoreUnavailableError,
    UpstreamError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.application.projections import (
    Freshness,
    LastKnown,
    Lead,
    LoadedData,
    Projection,
    ProjectionCache,
    ProjectionKey,
    Served,
    Wanted,
    decode_projection,
    lead_token,
)
from bff_backoffice.domain.dashboard import Outcome
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import TenantId

__all__ = ["LastKnown", "LoadedData", "ReadObserver", "ReadThrough", "Served", "Wanted"]

CACHE_PATIENCE_S: Final = 0.1
"""How long one cache operation may take, in seconds. Usually it is well under 1 ms. Ten times shorter, and a busy
moment of the processor looks like a lost cache, at which every read loads for itself and the moment gets worse."""
SETTLING_S: Final = 0.025
"""How long before its readers' deadline a load ends, in seconds: an upstream's time-out must be known as such (its
breaker counts it) rather than be mistaken for readers who left."""
LEAD_MARGIN_MS: Final = 250
"""How long a lead outlives its load's deadline, in ms: if the leader is killed, its followers are held up so long."""
POLLS_S: Final = (0.005, 0.01, 0.02, 0.04)
"""How long a follower waits between looks, in seconds; the last one repeats. Ordinary loads end within the first."""


class ReadObserver(Protocol):
    """Who counts and logs what a read survives. None of it is silent."""

    def cache_unavailable(self, operation: str) -> None:
        """Take note that the cache could not be asked: `last_known`, `lead`, `settle` or `forget`."""

    def load_surprised(self, name: str, failure: Exception) -> None:
        """Take note that a load failed in a way that no port announces: a defect of ours."""

    def refreshed_early(self, name: str) -> None:
        """Take note that a load began before its value's freshness ended, while readers still get the old one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadThrough:
    """Reads of one kind, which share bounds of freshness."""

    cache: ProjectionCache
    flights: Flights[Projection]
    freshness: Freshness
    clock: Clock
    observer: ReadObserver
    chance: Callable[[], float] = random.random
    """Draws evenly from 0 to 1: what makes one of many readers refresh early, and not all of them."""

    async def last_known(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> LastKnown:
        """Return what is known under each key, in one round trip. Fails open: then nothing is."""
        try:
            async with asyncio.timeout(CACHE_PATIENCE_S):
                stored = await self.cache.last_known(tenant_id, keys)
        except (StoreUnavailableError, TimeoutError):
            self.observer.cache_unavailable("last_known")
            return LastKnown(asked=False, projections=(None,) * len(keys))
        now = self.clock()
        found = map(decode_projection, stored)
        return LastKnown(
            asked=True,
            projections=tuple(one if one is not None and self.freshness.known(one, now) else None for one in found),
        )

    def from_cache(self, known: Projection | None) -> Served | None:
        """Return what can be served without asking anybody, or None."""
        if known is None or not self.freshness.fresh(known, self.clock()):
            return None
        return Served(outcome=Outcome.FALLBACK if known.fallback else Outcome.CACHED, projection=known)

    def refresh_early(self, tenant_id: TenantId, known: Projection, wanted: Callable[[], Wanted]) -> None:
        """Begin to load anew what is about to lose its freshness, at times, and without making anybody wait for it.

        All processes together load it once: whoever else is early, or too late, takes what the leader stores. A load
        that fails changes nothing; a reader after the end of the freshness tries again, and waits.
        """
        if not self.freshness.due_early(known, self.clock(), self.chance()):
            return
        loop = asyncio.get_running_loop()
        early = wanted()

        async def obtain() -> Projection:
            deadline = loop.time() + early.deadline_ms / 1000 - SETTLING_S
            return await self._lead_or_follow(tenant_id, early, deadline, known.as_of + timedelta(microseconds=1))

        # Under the key that readers join when the freshness has ended meanwhile.
        key = (tenant_id, early.key, False)
        if self.flights.launch(key, obtain, deadline=loop.time() + early.deadline_ms / 1000):
            self.observer.refreshed_early(early.key.name)

    async def renew(
        self, tenant_id: TenantId, wanted: Wanted, *, known: Projection | None, cache: bool = True, anew: bool = False
    ) -> Served:
        """Load it, or wait for whoever is loading it, and serve the last-known data if that fails within its bound.

        `known` is what the cache had. `cache=False` leaves the cache alone, because it could not be asked just now.
        `anew` takes nothing that was loaded before this call, however fresh. Raises nothing of its own; the caller
        bounds its waiting.
        """
        loop = asyncio.get_running_loop()
        since = self.clock()

        async def obtain() -> Projection:
            deadline = loop.time() + wanted.deadline_ms / 1000 - SETTLING_S
            if not cache:
                return await self._load(wanted, deadline)
            return await self._lead_or_follow(tenant_id, wanted, deadline, since if anew else None)

        try:
            projection = await self.flights.join(
                (tenant_id, wanted.key, anew), obtain, deadline=loop.time() + wanted.deadline_ms / 1000
            )
        except Exception as failure:  # noqa: BLE001 - every way to fail becomes an outcome with its failure beside it
            return self.instead(wanted, known, failure)
        if projection.fallback:
            return Served(outcome=Outcome.FALLBACK, projection=projection)
        return Served(outcome=Outcome.FRESH if projection.as_of >= since else Outcome.CACHED, projection=projection)

    def instead(self, wanted: Wanted, known: Projection | None, failure: Exception) -> Served:
        """Return what is served when loading failed: last-known data within its bound, or the failure alone.

        RFC 5861 section 4 (stale-if-error). A refusal is an answer, and no reason to show older data in its place.
        """
        cause = self._announced(wanted, failure)
        outcome = _outcome(cause)
        refused = isinstance(cause, UpstreamRefusedError) and outcome is not Outcome.SHED
        if known is None or refused or not self.freshness.known(known, self.clock()):
            return Served(outcome=outcome, projection=None, failure=cause)
        return Served(outcome=Outcome.STALE, projection=known, failure=cause)

    async def forget(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> None:
        """Remove what is known to be wrong now, and let no load that began before this call be known later.

        Fails open: what could not be removed ends with its freshness.
        """
        for key in keys:
            for anew in (False, True):
                self.flights.retire((tenant_id, key, anew))
        try:
            async with asyncio.timeout(CACHE_PATIENCE_S):
                await self.cache.forget(tenant_id, keys)
        except (StoreUnavailableError, TimeoutError):
            self.observer.cache_unavailable("forget")

    async def _lead_or_follow(
        self, tenant_id: TenantId, wanted: Wanted, deadline: float, since: datetime | None
    ) -> Projection:
        """Load as the only one in all processes, or take what the one that loads stores.

        A leader that fails stands down at once and a follower takes its place; one that was killed leads until its lead
        runs out.
        """
        polls, forgotten = 0, False
        while True:
            token = lead_token()
            lead = await self._lead(tenant_id, wanted.key, token, deadline)
            if lead is None:
                # Perhaps it leads and was not told in time: what others wait for is stored then, or else nothing is.
                projection, _ = await self._load_as_leader(tenant_id, wanted, token, deadline)
                return projection
            found = decode_projection(lead.stored)
            if found is not None and self._acceptable(found, since):
                # Somebody was done between our look into the cache and our lead.
                await self._settle(tenant_id, wanted.key, lead.token, None, deadline)
                return found
            if lead.token is not None:
                projection, stands = await self._load_as_leader(tenant_id, wanted, lead.token, deadline)
                if stands or forgotten:
                    return projection
                # It was forgotten while it was loaded, so it may be from before the change that was the reason.
                forgotten = True
                continue
            await asyncio.sleep(POLLS_S[min(polls, len(POLLS_S) - 1)])
            polls += 1

    def _acceptable(self, found: Projection, since: datetime | None) -> bool:
        return found.as_of >= since if since is not None else self.freshness.fresh(found, self.clock())

    async def _load_as_leader(
        self, tenant_id: TenantId, wanted: Wanted, token: str, deadline: float
    ) -> tuple[Projection, bool]:
        """Return what was loaded, and whether this was still the leader when it was there."""
        stored: bytes | None = None
        try:
            projection = await self._load(wanted, deadline)
            stored = msgspec.json.encode(projection)
        finally:
            # Before the readers get it, so that whoever has seen a widget finds it in the cache a moment later; and
            # also when the load failed or its last reader left, so that a follower need not wait for the lead's end.
            stands = await self._settle(tenant_id, wanted.key, token, stored, deadline)
        return projection, stands

    async def _lead(self, tenant_id: TenantId, key: ProjectionKey, token: str, deadline: float) -> Lead | None:
        remaining_ms = max(0, int((deadline - asyncio.get_running_loop().time()) * 1000))
        try:
            async with asyncio.timeout(CACHE_PATIENCE_S):
                return await self.cache.lead(tenant_id, key, token, hold_ms=remaining_ms + LEAD_MARGIN_MS)
        except (StoreUnavailableError, TimeoutError):
            self.observer.cache_unavailable("lead")
            return None
        except asyncio.CancelledError:
            # The last reader left while it was asked for. It may have been given since, and nobody would give it back.
            await self._settle(tenant_id, key, token, None, deadline)
            raise

    async def _settle(
        self, tenant_id: TenantId, key: ProjectionKey, token: str | None, stored: bytes | None, deadline: float
    ) -> bool:
        """Return False only where the cache says that somebody else leads by now."""
        if token is None:
            return True
        now = asyncio.get_running_loop().time()
        try:
            # The value is worth more than its place in the cache: near the deadline it is not held up for that.
            async with asyncio.timeout_at(min(now + CACHE_PATIENCE_S, max(now, deadline) + SETTLING_S / 4)):
                return await self.cache.settle(tenant_id, key, token, stored, keep_ms=self.freshness.kept_ms)
        except (StoreUnavailableError, TimeoutError):
            self.observer.cache_unavailable("settle")
            return True

    async def _load(self, wanted: Wanted, deadline: float) -> Projection:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            # The load ends itself at its deadline; this is the belt for one that does not, a little later.
            async with asyncio.timeout_at(deadline + SETTLING_S / 2):
                loaded = await wanted.load(deadline)
        except Exception as failure:
            announced = self._announced(wanted, failure)
            if announced is failure:
                raise
            raise announced from failure
        return Projection(
            as_of=self.clock(),
            upstream_ms=round((loop.time() - started) * 1000),
            sources=loaded.sources,
            fallback=loaded.fallback,
            data=loaded.data,
        )

    def _announced(self, wanted: Wanted, failure: Exception) -> Exception:
        match failure:
            case UpstreamError() | StoreUnavailableError() | Refusal():
                return failure
            case TimeoutError():
                return UpstreamTimeoutError(wanted.sources[0], "the widget's time is over")
            case _:
                self.observer.load_surprised(wanted.key.name, failure)
                return Refusal(Code.INTERNAL)


def _outcome(failure: Exception) -> Outcome:
    match failure:
        case UpstreamTimeoutError():
            return Outcome.TIMEOUT
        case UpstreamUnavailableError(breaker_open=True):
            return Outcome.BREAKER_OPEN
        case UpstreamShedError() | UpstreamRefusedError(status=429):
            return Outcome.SHED
        case UpstreamRefusedError(status=403):
            return Outcome.FORBIDDEN
        case _:
            return Outcome.ERROR
