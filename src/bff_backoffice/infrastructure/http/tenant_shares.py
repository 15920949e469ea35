"""Who may send a request when not all can: an upstream's limit, divided among the tenants that use it.

A tenant that asks for little is served at once, whatever another one asks for. What nobody needs may be borrowed.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Final

from bff_backoffice.application.ports import UpstreamShedError
from bff_backoffice.infrastructure.http.concurrency_limit import ConcurrencyLimit

__all__ = ["TenantShares"]

PATIENCE_S: Final = 0.1
"""How long a request waits for its turn, at most: a burst passes within that, an overload does not."""
_REMEMBERED_S: Final = 10.0
"""How long a tenant counts after its last request."""
_AVERAGED_S: Final = 3.0
"""Over which time its demand is averaged: long beside a request, short beside a morning's rush."""
_COUNTED_EVERY_S: Final = 0.1
_LEAST_WAITING: Final = 8
"""A dashboard waits as one, also that of a tenant with the smallest share."""


class _Tenant:
    __slots__ = ("_averaged_at", "demand", "seen_at", "under_way", "waiting")

    def __init__(self, now: float) -> None:
        self.under_way = 0
        self.demand = 0.0
        """Requests under way, averaged over time."""
        self.seen_at = self._averaged_at = now
        self.waiting: deque[asyncio.Future[None]] = deque()

    def average(self, now: float) -> None:
        self.demand += (self.under_way - self.demand) * -math.expm1((self._averaged_at - now) / _AVERAGED_S)
        self._averaged_at = now

    def moved(self, change: int, now: float) -> None:
        self.average(now)
        self.seen_at = now
        self.under_way += change


class TenantShares:
    """Admission to one upstream; belongs to one event loop, `now` is that loop's `time`.

    A tenant's share is the limit divided by the tenants of the last ten seconds, at least one request. Below its share
    a tenant is admitted at once, even while others still have what they borrowed. Above it, only where room is left
    over after what the others usually need: their mean demand and twice its square root, which is what a sum of
    independent arrivals seldom exceeds. Everybody else waits a moment, those with the fewest under way first, and is
    refused then. With `enabled=False` everybody is admitted.
    """

    def __init__(
        self, upstream: str, limit: ConcurrencyLimit, *, now: Callable[[], float], enabled: bool = True
    ) -> None:
        self._upstream = upstream
        self._limit = limit
        self._now = now
        self._enabled = enabled
        self._tenants: dict[str, _Tenant] = {}
        self._waiting: dict[_Tenant, None] = {}
        # A set with an order: among equals whoever began to wait first is first, and a simulation can be run again.
        self._demand = 0.0
        self._counted_at = -math.inf
        self.under_way = 0
        """How many requests there are now; read it, never write it."""

    @property
    def limit(self) -> int:
        """How many there may be at once."""
        return self._limit.value

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(len(tenant.waiting) for tenant in self._waiting)

    def admits(self, name: str) -> bool:
        """Take a place for a request of this tenant if there is one now, and say whether there was."""
        now = self._now()
        if now - self._counted_at >= _COUNTED_EVERY_S:
            self._count(now)
        tenant = self._tenants.get(name)
        if tenant is None:
            tenant = self._tenants[name] = _Tenant(now)
        if not self._has_room_for(tenant):
            return False
        self._enter(tenant, now)
        return True

    async def wait(self, name: str) -> None:
        """Wait for a place, after `admits` said that there is none.

        Raises:
            UpstreamShedError: none came free in time, or too many of this tenant's requests wait already.
        """
        tenant = self._tenants[name]
        if len(tenant.waiting) >= max(_LEAST_WAITING, 2 * self._share()):
            raise self._refusal()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(PATIENCE_S, _refuse, turn, self._refusal())
        tenant.waiting.append(turn)
        self._waiting[tenant] = None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # The place was given at the very moment at which the caller left.
                self.leave(name)
            raise
        finally:
            timer.cancel()
            self._stop_waiting(tenant, turn)

    def leave(self, name: str) -> None:
        """Give a place back, and pass it on to those who wait."""
        tenant = self._tenants[name]
        tenant.moved(-1, self._now())
        self.under_way -= 1
        if self._waiting:
            self._admit_waiting()

    def _admit_waiting(self) -> None:
        while self._waiting:
            entitled = [tenant for tenant in self._waiting if self._has_room_for(tenant)]
            if not entitled:
                return
            tenant = min(entitled, key=lambda one: one.under_way)
            turn = tenant.waiting.popleft()
            if not tenant.waiting:
                self._waiting.pop(tenant, None)
            if not turn.done():
                self._enter(tenant, self._now())
                turn.set_result(None)

    def _stop_waiting(self, tenant: _Tenant, turn: asyncio.Future[None]) -> None:
        if turn in tenant.waiting:
            tenant.waiting.remove(turn)
        if not tenant.waiting:
            self._waiting.pop(tenant, None)

    def _enter(self, tenant: _Tenant, now: float) -> None:
        tenant.moved(1, now)
        self.under_way += 1

    def _share(self) -> int:
        return max(1, self._limit.value // max(1, len(self._tenants)))

    def _has_room_for(self, tenant: _Tenant) -> bool:
        limit = self._limit.value
        if not self._enabled or self.under_way < self._limit.floor:
            return True
        share = self._share()
        if tenant.under_way < share:
            # Those who borrowed keep what they have until it ends, so for a moment there may be more than the limit.
            return self.under_way < min(2 * limit, self._limit.ceiling)
        others = max(0.0, self._demand - min(tenant.demand, share))
        kept = math.ceil(others + 2.0 * math.sqrt(others)) - (self.under_way - tenant.under_way)
        return self.under_way < limit - max(0, kept)

    def _count(self, now: float) -> None:
        """Forget the tenants that have long been silent, and add up what the others need."""
        for name in [name for name, tenant in self._tenants.items() if _is_silent(tenant, now)]:
            del self._tenants[name]
        share = self._share()
        for tenant in self._tenants.values():
            tenant.average(now)
        self._demand = sum(min(tenant.demand, share) for tenant in self._tenants.values())
        self._counted_at = now

    def _refusal(self) -> UpstreamShedError:
        return UpstreamShedError(self._upstream, "as many requests are under way as it can take", retry_after=1)


def _is_silent(tenant: _Tenant, now: float) -> bool:
    return not tenant.under_way and not tenant.waiting and now - tenant.seen_at >= _REMEMBERED_S


def _refuse(turn: asyncio.Future[None], refusal: UpstreamShedError) -> None:
    if not turn.done():
        turn.set_exception(refusal)
