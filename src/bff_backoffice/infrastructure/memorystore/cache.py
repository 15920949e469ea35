"""The cache tier: composed parts of boards, and who loads one.

Every method raises `StoreUnavailableError` when Redis is away; the callers fail open. What is stored goes with its own
expiry, so an eviction policy (`allkeys-lru`) may take any of it at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.projections import Lead, ProjectionKey
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.keys import (
    projection,
    projection_index,
    projection_lead,
    projection_places,
)

__all__ = ["RedisProjections"]

# KEYS: value, lead, index, places. ARGV: token, ms, the indexes' ms, property. What is stored is read in the same step:
# whoever gets the lead because another has just finished must see what that one stored. Only leaders store, so the
# index names all keys.
_LEAD: Final = """
local stored = redis.call('GET', KEYS[1])
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  redis.call('SADD', KEYS[3], KEYS[1])
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
  if ARGV[4] ~= '' then
    redis.call('SADD', KEYS[4], ARGV[4])
    redis.call('PEXPIRE', KEYS[4], ARGV[3])
  end
  return {1, stored}
end
return {0, stored}
"""

# KEYS: indexes. The suffix is that of a lead. A leader that loads meanwhile has lost its lead, so it stores nothing.
_FORGET_NAMED: Final = """
for _, index in ipairs(KEYS) do
  for _, value in ipairs(redis.call('SMEMBERS', index)) do redis.call('UNLINK', value, value .. ':lead') end
  redis.call('UNLINK', index)
end
"""

# KEYS: value, lead. ARGV: token, keep ms, value if there is one. Only the current leader stores: one that was overtaken
# would put older data over its successor's.
_SETTLE: Final = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
if ARGV[3] then redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2]) end
redis.call('DEL', KEYS[2])
return 1
"""

_INDEX_MS: Final = 25 * 3_600_000
"""How long an index outlives the last lead that it heard of, in ms: longer than anything is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisProjections:
    """Projections in Redis, one key each, so that one `MGET` reads a board."""

    redis: RedisStore

    async def last_known(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> list[bytes | None]:
        """Return what is stored under each key, in order: one round trip."""
        stored: list[bytes | None] = await self.redis.ask("MGET", *(_value(tenant_id, key) for key in keys))
        return stored

    async def lead(self, tenant_id: TenantId, key: ProjectionKey, token: str, *, hold_ms: int) -> Lead:
        """Become the one that loads this for at most `hold_ms`, unless somebody is: one atomic step."""
        index = projection_index(tenant_id, key.property_id, key.name)
        leads, stored = await self.redis.ask(
            "EVAL",
            _LEAD,
            4,
            *_both(tenant_id, key),
            index,
            projection_places(tenant_id),
            token,
            hold_ms,
            _INDEX_MS,
            key.property_id or "",
        )
        return Lead(token=token if leads else None, stored=stored)

    async def settle(
        self, tenant_id: TenantId, key: ProjectionKey, token: str, stored: bytes | None, *, keep_ms: int
    ) -> bool:
        """Store the value, if there is one, and stop leading, if `token` still leads: one atomic step."""
        value = () if stored is None else (stored,)
        settled = await self.redis.ask("EVAL", _SETTLE, 2, *_both(tenant_id, key), token, keep_ms, *value)
        return bool(settled)

    async def forget(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> None:
        """Remove what is stored and end the leads, in one step; the memory is freed later."""
        if keys:
            await self.redis.ask("UNLINK", *(name for key in keys for name in _both(tenant_id, key)))

    async def forget_named(self, tenant_id: TenantId, property_id: PropertyId | None, names: Sequence[str]) -> None:
        """Remove every variant of these names and end their leads: one atomic step."""
        if names:
            indexes = [projection_index(tenant_id, property_id, name) for name in names]
            await self.redis.ask("EVAL", _FORGET_NAMED, len(indexes), *indexes)

    async def forget_everywhere(self, tenant_id: TenantId, names: Sequence[str]) -> None:
        """The same for every property of which anything may be stored: a lead that begins meanwhile reads anew."""
        places = await self.redis.ask("SMEMBERS", projection_places(tenant_id))
        indexes = [
            projection_index(tenant_id, PropertyId(place.decode()), name) for place in sorted(places) for name in names
        ]
        if indexes:
            await self.redis.ask("EVAL", _FORGET_NAMED, len(indexes), *indexes)


def _value(tenant_id: TenantId, key: ProjectionKey) -> str:
    return projection(tenant_id, key.property_id, key.name, key.variants)


def _both(tenant_id: TenantId, key: ProjectionKey) -> tuple[str, str]:
    return _value(tenant_id, key), projection_lead(tenant_id, key.property_id, key.name, key.variants)
