"""What is remembered of tenants, in memory; held to the same suite as the real one (`tests/contract/sessions`)."""

from __future__ import annotations

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.sessions.tenants import KnownTenant
from bff_backoffice.domain.operator import TenantId

__all__ = ["MemoryTenants"]


class MemoryTenants:
    """Entries by tenant. `away` makes every call fail."""

    def __init__(self) -> None:
        self.entries: dict[TenantId, KnownTenant] = {}
        self.away = False

    async def known(self, tenant_id: TenantId) -> KnownTenant | None:
        """What is remembered of the tenant."""
        if self.away:
            raise StoreUnavailableError("sessions")
        return self.entries.get(tenant_id)

    async def remember(self, tenant_id: TenantId, before: KnownTenant | None, after: KnownTenant) -> bool:
        """Replace `before`, unless something else is there by now; return whether it was replaced."""
        if await self.known(tenant_id) != before:
            return False
        self.entries[tenant_id] = after
        return True
