"""Forgetting what was composed, because something has just changed it: everywhere, and all its variants together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bff_backoffice.application.flights import Flights
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.projections import Projection, ProjectionCache, ProjectionKey
from bff_backoffice.application.read_through import CACHE_PATIENCE_S, ReadObserver
from bff_backoffice.domain.operator import PropertyId, TenantId

__all__ = ["ForgetViews"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetViews:
    """Remove the parts of a property's boards that are wrong now, in every process.

    A load that is under way anywhere loses its lead: it stores nothing and begins anew for those who wait for it. Fails
    open: what could not be removed ends with its freshness.
    """

    cache: ProjectionCache
    flights: Flights[Projection]
    observer: ReadObserver

    async def forget_named(self, tenant_id: TenantId, property_id: PropertyId, names: Sequence[str]) -> None:
        """Forget every variant of these names, which are those under which the cache keeps them."""
        wanted = frozenset(names)

        def concerned(flight: object) -> bool:
            match flight:
                case (str() as owner, ProjectionKey() as key, _):
                    return owner == tenant_id and key.property_id == property_id and key.name in wanted
                case _:
                    return False

        self.flights.retire_all(concerned)
        try:
            async with asyncio.timeout(CACHE_PATIENCE_S):
                await self.cache.forget_named(tenant_id, property_id, names)
        except (StoreUnavailableError, TimeoutError):
            self.observer.cache_unavailable("forget")
