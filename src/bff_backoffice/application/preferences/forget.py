"""Forgetting what operators start with, because an event says that it changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.preferences.read import ForgetPreferences
from bff_backoffice.application.projections import ProjectionCache
from bff_backoffice.domain.operator import TenantId

__all__ = ["PROPERTIES_NAME", "SHORTCUTS_NAME", "ForgetStart"]

# The numbers are those of the contents' forms: another form is another name, never a wrong read.
PROPERTIES_NAME: Final = "properties-1"
"""Under which the cache keeps the hotels of a tenant."""
SHORTCUTS_NAME: Final = "shortcuts-1"
"""Under which it keeps what counts for an operator on a platform: their own choice, and the tenant's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetStart:
    """Ask anew before these are shown again, whoever asks. A load that is under way anywhere stores nothing.

    Raises:
        StoreUnavailableError: the event must be delivered again.
    """

    cache: ProjectionCache
    preferences: ForgetPreferences
    """Those of one operator."""

    async def properties(self, tenant_id: TenantId) -> None:
        """Forget the tenant's hotels: one was renamed, published or archived."""
        await self.cache.forget_named(tenant_id, None, (PROPERTIES_NAME,))

    async def shortcuts(self, tenant_id: TenantId) -> None:
        """Forget every operator's keyboard map: each holds what the tenant chose for all."""
        await self.cache.forget_named(tenant_id, None, (SHORTCUTS_NAME,))
