"""One stream a device: fencing tokens that grow, and how a process's streams stand.

Fails closed: every method raises `StoreUnavailableError("sessions")` when Redis is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bff_backoffice.application.live_events import Standing, StreamFacts, tenant_closed
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.sessions import known_operator
from bff_backoffice.infrastructure.memorystore.tenants import known_tenant

__all__ = ["RedisStreamFences"]

# KEYS: token. ARGV: wire, device, seconds. The clock's microseconds, so that a store that forgot does not begin below
# the tokens of streams that are open; always more than the last, whatever becomes of the clock.
_OPEN: Final = """
local now = redis.call('TIME')
local token = now[1] * 1000000 + now[2]
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
if token <= last then token = last + 1 end
local written = string.format('%d', token)
redis.call('SET', KEYS[1], written, 'EX', ARGV[3])
redis.call('PUBLISH', ARGV[1], 'd ' .. ARGV[2] .. ' ' .. written)
return written
"""

_TOKEN_SECONDS: Final = 86_400
"""Longer than any stream lasts."""


@dataclass(frozen=True, slots=True)
class RedisStreamFences:
    """Tokens beside the sessions."""

    redis: RedisStore

    async def open(self, tenant_id: TenantId, device_id: DeviceId) -> int:
        """Return the newest token, and tell all replicas."""
        key, wire = keys.live_stream(tenant_id, device_id), keys.live_wire(tenant_id)
        return int(await self.redis.ask("EVAL", _OPEN, 1, key, wire, device_id, _TOKEN_SECONDS))

    async def standing(self, tenant_id: TenantId, streams: Sequence[StreamFacts]) -> list[Standing]:
        """How each stream stands."""
        wanted = [
            key
            for each in streams
            for key in (
                keys.live_stream(tenant_id, each.device_id),
                keys.revoked_session(tenant_id, each.iam_session_id),
                keys.operator(tenant_id, each.operator_id),
            )
        ]
        entry, *rest = await self.redis.ask("MGET", keys.tenant(tenant_id), *wanted)
        status = None if entry is None else known_tenant(entry).closed_as
        closed, found = None if status is None else tenant_closed(status), iter(rest)
        return [
            Standing(
                newest=None if newest is None else int(newest),
                refused=closed if refused is None else refused.decode(errors="replace"),
                operator=known_operator(operator) if operator else None,
            )
            for newest, refused, operator in zip(found, found, found, strict=True)
        ]
