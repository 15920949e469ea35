"""The sessions tier: what tenant-service said of each tenant. Read with every admission, so one entry and no index.

Fails closed: every method raises `StoreUnavailableError("sessions")` when Redis is away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.sessions.tenants import KnownTenant
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Command, RedisStore
from bff_backoffice.infrastructure.memorystore.entries import encode, remembering_decoder

__all__ = ["RedisTenants", "known_tenant"]

# KEYS: entry. ARGV: what was read (empty: nothing), what shall be there, seconds. A load that began before a change was
# announced finds something else than it read, and stores nothing.
_REPLACE: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""

_KEPT_SECONDS: Final = 86_400
"""Longer than it is believed: a tenant-service that is away must not close every hotel after five minutes."""

_REMEMBERED: Final = 256
"""Decoded entries, about 1 KB each; a process serves few tenants at a time."""


known_tenant: Final = remembering_decoder(KnownTenant, entries=_REMEMBERED)
"""The entry of these bytes. A pure function, remembered: a tenant's entry is the same on every request."""


@dataclass(frozen=True, slots=True)
class RedisTenants:
    """Tenants in Redis, one key each."""

    redis: RedisStore

    async def known(self, tenant_id: TenantId) -> KnownTenant | None:
        """What is remembered of the tenant."""
        stored = await self.redis.ask("GET", keys.tenant(tenant_id))
        return None if stored is None else known_tenant(stored)

    async def remember(self, tenant_id: TenantId, before: KnownTenant | None, after: KnownTenant) -> bool:
        """Replace `before`, unless something else is there by now; return whether it was replaced.

        Streams of a tenant that does not work any more are told on the way.
        """
        seen = b"" if before is None else encode(before)
        replace: Command = ("EVAL", _REPLACE, 1, keys.tenant(tenant_id), seen, encode(after), _KEPT_SECONDS)
        if after.closed_as is None:
            return bool(await self.redis.ask(*replace))
        word: Command = ("PUBLISH", keys.live_wire(tenant_id), f"t {after.closed_as}")
        return bool((await self.redis.round_trip(replace, word)).replies[0])
