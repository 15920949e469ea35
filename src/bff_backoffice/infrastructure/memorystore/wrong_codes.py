"""How many second factors of a session did not hold, in the sessions tier.

Fails closed: every method raises `StoreUnavailableError("sessions")` when Redis is away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.domain.operator import IamSessionId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore

__all__ = ["RedisWrongCodes"]

_AT_MOST: Final = 8
"""Two fewer than iam-service's for a person, so that one desk can't use up what the person has elsewhere."""
_WINDOW_MS: Final = 300_000

# KEYS: count. ARGV: most, window in ms. Counts the try and answers 0, or answers how many ms there are to wait.
_COUNT: Final = """
local before = tonumber(redis.call('GET', KEYS[1]) or '0')
if before >= tonumber(ARGV[1]) then return math.max(1, redis.call('PTTL', KEYS[1])) end
if redis.call('INCR', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""

# KEYS: count. A count that has gone meanwhile stays gone.
_GIVE_BACK: Final = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, slots=True)
class RedisWrongCodes:
    """A number for each session, in steps that two replicas can't both take."""

    redis: RedisStore

    async def count(self, tenant_id: TenantId, session_id: IamSessionId) -> float:
        """Count a try before it is judged; return 0, or for how many seconds nobody listens."""
        key = keys.wrong_codes(tenant_id, session_id)
        return int(await self.redis.ask("EVAL", _COUNT, 1, key, _AT_MOST, _WINDOW_MS)) / 1000

    async def give_back(self, tenant_id: TenantId, session_id: IamSessionId) -> None:
        """Uncount a try that was not judged."""
        await self.redis.ask("EVAL", _GIVE_BACK, 1, keys.wrong_codes(tenant_id, session_id))

    async def forget(self, tenant_id: TenantId, session_id: IamSessionId) -> None:
        """Begin anew, after one that held."""
        await self.redis.ask("DEL", keys.wrong_codes(tenant_id, session_id))
