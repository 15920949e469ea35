"""A cache of projections in memory: the same promises as the one in Redis, proven by the same suite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.projections import Lead, ProjectionKey
from bff_backoffice.domain.operator import PropertyId, TenantId

Place = tuple[TenantId, ProjectionKey]


@dataclass(kw_only=True)
class MemoryProjections:
    """Expires by the running loop's clock.

    `away` makes it fail as a lost store does; `hung` makes it never answer; `lead_unheard` makes it give a lead, but
    nobody hears of it.
    """

    away: bool = False
    hung: bool = False
    lead_unheard: bool = False
    values: dict[Place, tuple[bytes, float]] = field(default_factory=dict)
    leads: dict[Place, tuple[str, float]] = field(default_factory=dict)
    operations: list[str] = field(default_factory=list)

    async def last_known(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> list[bytes | None]:
        """Return what is stored under each key."""
        await self._asked("last_known")
        return [self._stored((tenant_id, key)) for key in keys]

    async def lead(self, tenant_id: TenantId, key: ProjectionKey, token: str, *, hold_ms: int) -> Lead:
        """Take the lead unless somebody has it."""
        await self._asked("lead")
        place = (tenant_id, key)
        now = asyncio.get_running_loop().time()
        led = self.leads.get(place)
        if led is not None and led[1] > now:
            return Lead(token=None, stored=self._stored(place))
        self.leads[place] = (token, now + hold_ms / 1000)
        if self.lead_unheard:
            await asyncio.Event().wait()
        return Lead(token=token, stored=self._stored(place))

    async def settle(
        self, tenant_id: TenantId, key: ProjectionKey, token: str, stored: bytes | None, *, keep_ms: int
    ) -> bool:
        """Store and stop leading, if this token leads."""
        await self._asked("settle")
        place = (tenant_id, key)
        now = asyncio.get_running_loop().time()
        led = self.leads.get(place)
        if led is None or led[0] != token or led[1] <= now:
            return False
        if stored is not None:
            self.values[place] = (stored, now + keep_ms / 1000)
        del self.leads[place]
        return True

    async def forget(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> None:
        """Remove what is stored, and end the leads."""
        await self._asked("forget")
        for key in keys:
            self.values.pop((tenant_id, key), None)
            self.leads.pop((tenant_id, key), None)

    async def forget_named(self, tenant_id: TenantId, property_id: PropertyId | None, names: Sequence[str]) -> None:
        """The same for every variant of these names."""
        known = [key for tenant, key in {**self.values, **self.leads} if tenant == tenant_id]
        await self.forget(tenant_id, [key for key in known if key.property_id == property_id and key.name in names])

    async def forget_everywhere(self, tenant_id: TenantId, names: Sequence[str]) -> None:
        """The same for every property."""
        await self._asked("forget")
        for place in {key.property_id for tenant, key in {**self.values, **self.leads} if tenant == tenant_id}:
            if place is not None:
                await self.forget_named(tenant_id, place, names)

    def _stored(self, place: Place) -> bytes | None:
        value, until = self.values.get(place, (None, 0.0))
        return value if until > asyncio.get_running_loop().time() else None

    async def _asked(self, operation: str) -> None:
        self.operations.append(operation)
        if self.away:
            raise StoreUnavailableError("cache")
        if self.hung:
            await asyncio.Event().wait()
        # A real store always lets others run meanwhile.
        await asyncio.sleep(0)
