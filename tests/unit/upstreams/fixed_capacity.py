"""An upstream that serves so many requests at once and lets the others queue, on virtual time, with many tenants."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from bff_backoffice.application.ports import UpstreamShedError
from bff_backoffice.infrastructure.http.concurrency_limit import ConcurrencyLimit
from bff_backoffice.infrastructure.http.tenant_shares import TenantShares

PATIENCE_S = 0.6
"""What an upstream's deadline is in life."""


@dataclass
class Heard:
    """What one tenant got: seconds of each answered call, and how many were refused or given up."""

    seconds: list[float] = field(default_factory=list)
    shed: int = 0
    late: int = 0

    def quantile(self, share: float) -> float:
        """So many seconds are enough for this share of the answers."""
        return sorted(self.seconds)[int(share * len(self.seconds))]


@dataclass(kw_only=True)
class FixedCapacity:
    """Tenants that call at random moments, `greedy` times as often the first of them; the others use `load` of it all.

    `slowdown` multiplies the time that the upstream takes from `slow_from` on.
    """

    capacity: int = 40
    service_s: float = 0.02
    tenants: int = 10
    load: float = 0.5
    greedy: float = 1.0
    limited: bool = True
    seconds: float = 15.0
    counted_from: float = 5.0
    slowdown: float = 1.0
    slow_from: float = 0.0
    seed: int = 1
    most_under_way: int = 0

    def __post_init__(self) -> None:
        self.heard = [Heard() for _ in range(self.tenants)]
        self.limits: list[int] = []

    @property
    def others(self) -> Heard:
        """What all but the first tenant got."""
        together = Heard()
        for heard in self.heard[1:]:
            together.seconds += heard.seconds
            together.shed += heard.shed
            together.late += heard.late
        return together

    async def run(self) -> FixedCapacity:
        """Let them call until the time is over; return what came of it."""
        loop = asyncio.get_running_loop()
        self._dice = random.Random(self.seed)
        self._servers = asyncio.Semaphore(self.capacity)
        self._limit = ConcurrencyLimit(loop.time)
        self._shares = TenantShares("some-service", self._limit, now=loop.time, enabled=self.limited)
        async with asyncio.TaskGroup() as group:
            for tenant in range(self.tenants):
                group.create_task(self._source(tenant, group))
            group.create_task(self._watch())
        return self

    async def _source(self, tenant: int, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        rate = self.load * self.capacity / (1.2 * self.service_s) / self.tenants
        if tenant == 0:
            rate *= self.greedy
        while loop.time() < self.seconds:
            await asyncio.sleep(self._dice.expovariate(rate))
            group.create_task(self._call(tenant))

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < self.seconds:
            await asyncio.sleep(0.1)
            self.limits.append(self._limit.value)

    async def _call(self, tenant: int) -> None:
        loop = asyncio.get_running_loop()
        heard = self.heard[tenant] if loop.time() >= self.counted_from else Heard()
        name, began = f"tnt_{tenant}", loop.time()
        try:
            if not self._shares.admits(name):
                await self._shares.wait(name)
        except UpstreamShedError:
            heard.shed += 1
            return
        sent, under_way = loop.time(), self._shares.under_way
        self.most_under_way = max(self.most_under_way, under_way)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._serve()
        except TimeoutError:
            heard.late += 1
            self._limit.took("reads", loop.time() - sent, under_way=under_way, answered=False)
        else:
            heard.seconds.append(loop.time() - began)
            self._limit.took("reads", loop.time() - sent, under_way=under_way, answered=True)
        finally:
            self._shares.leave(name)

    async def _serve(self) -> None:
        slow = self.slowdown if asyncio.get_running_loop().time() >= self.slow_from else 1.0
        async with self._servers:
            await asyncio.sleep(slow * self.service_s * self._dice.uniform(0.8, 1.6))
