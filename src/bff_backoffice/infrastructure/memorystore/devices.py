"""What each device said last, in the sessions tier: heard by every replica at once, written down by one later.

Fails closed: every method raises `StoreUnavailableError("sessions")` when Redis is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from bff_backoffice.domain.devices import HINT_LIFETIME, OVERTAKEN_WITHIN, DeviceStatus, Heartbeat, QueueHint
from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore

__all__ = ["RedisDevices"]

# KEYS: devices of the operator, heartbeat. ARGV: beginning of heartbeats' keys, beginning of hints' keys, device, blob,
# seconds, how soon after the kept one an earlier one counts as overtaken (ms).
# What was there is read before it is written over, and fifty others in the same step: a heartbeat is one round trip.
# Nobody works at more.
_HEAR: Final = """
local before = redis.call('GET', KEYS[2])
local overtaken = false
if before then
  local kept, new = cjson.decode(before), cjson.decode(ARGV[4])
  overtaken = kept.o == new.o and kept.s > new.s and new.r - kept.r < tonumber(ARGV[6])
end
if not overtaken then redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[5]) end
local wanted = {ARGV[2] .. ARGV[3]}
for _, device in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if device ~= ARGV[3] and #wanted < 100 then
    wanted[#wanted + 1] = ARGV[1] .. device
    wanted[#wanted + 1] = ARGV[2] .. device
  end
end
local found = redis.call('MGET', unpack(wanted))
table.insert(found, 1, before)
return found
"""

# KEYS: devices of the operator. ARGV: beginning of heartbeats' keys, beginning of hints' keys.
_LOOK: Final = """
local wanted = {}
for _, device in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  wanted[#wanted + 1] = ARGV[1] .. device
  wanted[#wanted + 1] = ARGV[2] .. device
end
if #wanted == 0 then return {} end
return redis.call('MGET', unpack(wanted))
"""

_SECONDS: Final = int(HINT_LIFETIME.total_seconds())
"""As long as a hint: what is older, Postgres knows."""
_OVERTAKEN_MS: Final = int(OVERTAKEN_WITHIN.total_seconds() * 1000)


class _Beat(msgspec.Struct, frozen=True, rename={
    "device_id": "d", "operator_id": "o", "property_id": "p", "sent_ms": "s", "received_ms": "r", "queue_depth": "q",
    "network_profile": "n", "app_version": "v",
}):  # fmt: skip
    """A heartbeat as it is kept: the part that boards show, and what orders it."""

    device_id: str
    operator_id: str
    property_id: str
    sent_ms: int
    received_ms: int
    queue_depth: int
    network_profile: NetworkProfile
    app_version: str


class _Hint(msgspec.Struct, frozen=True, rename={"operator_id": "o", "pending": "q", "reported_ms": "r"}):
    operator_id: str
    pending: int
    reported_ms: int


_BEAT: Final = msgspec.json.Decoder(_Beat)
_HINT: Final = msgspec.json.Decoder(_Hint)


@dataclass(frozen=True, slots=True)
class RedisDevices:
    """One key a device for its heartbeat, one for its hint; the sessions' index says which devices an operator has."""

    redis: RedisStore

    async def hear(
        self, tenant_id: TenantId, heartbeat: Heartbeat
    ) -> tuple[DeviceStatus | None, Sequence[DeviceStatus]]:
        """Keep the heartbeat, unless it was overtaken; return what was known before, and the other devices."""
        beat = _Beat(
            device_id=str(heartbeat.device_id),
            operator_id=str(heartbeat.operator_id),
            property_id=str(heartbeat.property_id),
            sent_ms=_ms(heartbeat.sent_at),
            received_ms=_ms(heartbeat.received_at),
            queue_depth=heartbeat.queue_depth,
            network_profile=heartbeat.network_profile,
            app_version=heartbeat.app_version,
        )
        index = keys.devices_of_operator(tenant_id, heartbeat.operator_id)
        key = keys.heartbeat(tenant_id, heartbeat.device_id)
        before, hint, *others = await self.redis.ask(
            "EVAL", _HEAR, 2, index, key, *_beginnings(tenant_id), heartbeat.device_id, msgspec.json.encode(beat),
            _SECONDS, _OVERTAKEN_MS,
        )  # fmt: skip
        return (None if before is None else _status(before, hint)), _statuses(others)

    async def hint(self, tenant_id: TenantId, hint: QueueHint) -> None:
        """Keep the number of a hint."""
        kept = _Hint(operator_id=str(hint.operator_id), pending=hint.pending, reported_ms=_ms(hint.reported_at))
        key = keys.queue_hint(tenant_id, hint.device_id)
        await self.redis.ask("SET", key, msgspec.json.encode(kept), "EX", _SECONDS)

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> Sequence[DeviceStatus]:
        """What is known of the devices on which an operator worked; some may be somebody else's by now."""
        index = keys.devices_of_operator(tenant_id, operator_id)
        return _statuses(await self.redis.ask("EVAL", _LOOK, 1, index, *_beginnings(tenant_id)))


def _beginnings(tenant_id: TenantId) -> tuple[str, str]:
    return keys.heartbeat(tenant_id, DeviceId()), keys.queue_hint(tenant_id, DeviceId())


def _statuses(pairs: Sequence[bytes | None]) -> list[DeviceStatus]:
    found = zip(pairs[::2], pairs[1::2], strict=True)
    return [_status(beat, hint) for beat, hint in found if beat is not None]


def _status(beat: bytes, hint: bytes | None) -> DeviceStatus:
    known = _BEAT.decode(beat)
    hinted = None if hint is None else _HINT.decode(hint)
    if hinted is not None and hinted.operator_id != known.operator_id:
        # Another operator's queue on the same device.
        hinted = None
    return DeviceStatus(
        device_id=DeviceId(known.device_id),
        operator_id=OperatorId(known.operator_id),
        property_id=PropertyId(known.property_id),
        last_heartbeat_at=_moment(known.received_ms),
        queue_depth=known.queue_depth,
        network_profile=known.network_profile,
        app_version=known.app_version,
        hinted=None if hinted is None else hinted.pending,
        hinted_at=None if hinted is None else _moment(hinted.reported_ms),
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
