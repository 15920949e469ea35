"""The sessions tier: one blob a device, refused `sid`s, and what tenant-service said of an operator.

Fails closed: every method raises `StoreUnavailableError("sessions")` when Redis is away. Writes that depend on what is
there are scripts, so that two replicas can't both win.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bff_backoffice.application.ports import Clock
from bff_backoffice.application.sessions.stores import Admission
from bff_backoffice.domain.device_proof import AccessClaims, VerifiedProof, replay_ttl_ms
from bff_backoffice.domain.operator import (
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    Operator,
    OperatorId,
    TenantId,
)
from bff_backoffice.domain.sessions import SESSION_LIFETIME, BackofficeSession
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.entries import encode, remembering_decoder
from bff_backoffice.infrastructure.memorystore.proof_replay import ProofReplay
from bff_backoffice.infrastructure.memorystore.tenants import known_tenant

__all__ = ["RedisSessions", "known_operator"]

# KEYS: session, the tenant's open ones. ARGV: blob, sid, seconds, id. Keeps a session of the same sid that another
# replica was quicker to open.
_OPEN: Final = """
local kept = redis.call('GET', KEYS[1])
local replaced = kept and cjson.decode(kept)
if replaced and replaced.iam_session_id == ARGV[2] then return kept end
if replaced then redis.call('HDEL', KEYS[2], replaced.id) end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
redis.call('HSET', KEYS[2], ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[2], 60 * ARGV[3])
return ARGV[1]
"""

# KEYS: session, the tenant's open ones. ARGV: blob as it was read, blob, seconds, id. Writes only over what was read: a
# session that was closed must not come back, and a request that read it early must not undo what another one chose.
_KEEP: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('HSET', KEYS[2], ARGV[4], ARGV[2])
redis.call('EXPIRE', KEYS[2], 60 * ARGV[3])
return 1
"""

# KEYS: session, the tenant's open ones. ARGV: id.
_CLOSE: Final = """
local kept = redis.call('GET', KEYS[1])
if not kept or cjson.decode(kept).id ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
"""

# KEYS: session, the tenant's open ones, the operator's devices. ARGV: id, device, operator. Removes what is left of a
# session that is gone: it can't come back, since only what is there is written over. Another one of the device stays.
_LAPSED: Final = """
local kept = redis.call('GET', KEYS[1])
local current = kept and cjson.decode(kept)
if current and current.id == ARGV[1] then return 0 end
if not current or current.operator_id ~= ARGV[3] then redis.call('SREM', KEYS[3], ARGV[2]) end
return redis.call('HDEL', KEYS[2], ARGV[1])
"""

_REMEMBERED: Final = 4096
"""Decoded blobs of each kind: twenty tenants of 200 devices, about 2 KB each."""

_SESSION_SECONDS: Final = int(SESSION_LIFETIME.total_seconds())

_PAGE: Final = 100
"""About so many open sessions in one reply, of about a KB each."""

_CHANGED: Final = b""
"""In the operator's place: ask tenant-service, and do not keep the answer yet."""

_CHANGED_SECONDS: Final = 2
"""Longer than any call to tenant-service that began before the change can last."""


_session: Final = remembering_decoder(BackofficeSession, entries=_REMEMBERED)
known_operator: Final = remembering_decoder(Operator, entries=_REMEMBERED)
"""The entry of these bytes. A pure function, remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSessions:
    """Sessions in Redis, with the proof's first use in the same round trip."""

    redis: RedisStore
    replay: ProofReplay
    clock: Clock
    operator_seconds: int

    async def admit(self, claims: AccessClaims, proof: VerifiedProof) -> Admission:
        """Use the proof and read session, operator and revocation: one round trip."""
        raw = await self.replay.admit(
            tenant_id=claims.tenant_id,
            device_id=claims.device_id,
            operator_id=claims.operator_id,
            iam_session_id=claims.iam_session_id,
            digest=proof.digest,
            ttl_ms=replay_ttl_ms(proof.issued_at, now=self.clock()),
            issued_at=proof.issued_at,
            session_ttl_s=_SESSION_SECONDS,
        )
        return Admission(
            session=None if raw.session is None else _session(raw.session),
            operator=None if not raw.operator else known_operator(raw.operator),
            tenant=None if raw.tenant is None else known_tenant(raw.tenant),
            revoked=raw.revoked,
            memory_born_at=raw.memory_born_at,
        )

    async def use(self, proof: VerifiedProof) -> None:
        """Use a proof that comes without an access token."""
        ttl_ms = replay_ttl_ms(proof.issued_at, now=self.clock())
        await self.replay.use(digest=proof.digest, ttl_ms=ttl_ms, issued_at=proof.issued_at)

    async def open(self, session: BackofficeSession) -> BackofficeSession:
        """Make this the device's session, unless one of the same `sid` is there; return the one that is kept."""
        key = keys.session_of_device(session.tenant_id, session.device_id)
        index = keys.devices_of_operator(session.tenant_id, session.operator_id)
        # The index first: a session that nobody can find could not be ended.
        answer = await self.redis.round_trip(
            ("SADD", index, session.device_id),
            ("EXPIRE", index, 2 * _SESSION_SECONDS),
            (
                "EVAL",
                _OPEN,
                2,
                key,
                keys.open_sessions(session.tenant_id),
                encode(session),
                session.iam_session_id,
                _SESSION_SECONDS,
                session.id,
            ),
        )
        return _session(answer.replies[2])

    async def keep(self, before: BackofficeSession, after: BackofficeSession) -> bool:
        """Write back a session, unless it was changed, closed or replaced since it was read; return whether."""
        key = keys.session_of_device(before.tenant_id, before.device_id)
        index = keys.devices_of_operator(before.tenant_id, before.operator_id)
        answer = await self.redis.round_trip(
            # A session that slides for days must be found for as long when all of an operator's have to end.
            ("SADD", index, before.device_id),
            ("EXPIRE", index, 2 * _SESSION_SECONDS),
            (
                "EVAL", _KEEP, 2, key, keys.open_sessions(before.tenant_id),
                encode(before), encode(after), _SESSION_SECONDS, before.id,
            ),
        )  # fmt: skip
        return bool(answer.replies[2])

    async def current(self, tenant_id: TenantId, device_id: DeviceId) -> BackofficeSession | None:
        """The device's session."""
        key = keys.session_of_device(tenant_id, device_id)
        blob = await self.redis.ask("GET", key)
        return None if blob is None else _session(blob)

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> tuple[BackofficeSession, ...]:
        """The operator's sessions on all devices; the index may name devices that others use by now."""
        index = keys.devices_of_operator(tenant_id, operator_id)
        devices = await self.redis.ask("SMEMBERS", index)
        sessions = [await self.current(tenant_id, DeviceId(device.decode())) for device in devices]
        return tuple(each for each in sessions if each is not None and each.operator_id == operator_id)

    async def close(self, tenant_id: TenantId, device_id: DeviceId, session_id: BackofficeSessionId) -> None:
        """Forget the session, if it is still the device's."""
        key = keys.session_of_device(tenant_id, device_id)
        await self.redis.ask("EVAL", _CLOSE, 2, key, keys.open_sessions(tenant_id), session_id)

    async def lapsed(self, tenant_id: TenantId, idle: timedelta, *, most: int) -> Sequence[BackofficeSession]:
        """The sessions that nobody has used for so long, and that are gone without anybody having closed them.

        A page of the tenant's at a time: one reply with all of them would keep everybody's request waiting.
        """
        before, place, found = self.clock() - idle, b"0", dict[BackofficeSessionId, BackofficeSession]()
        while True:
            page = ("HSCAN", keys.open_sessions(tenant_id), place, "COUNT", _PAGE)
            place, entries = await self.redis.ask(*page)
            old = [each for each in map(_session, entries[1::2]) if each.last_seen_at < before]
            # A page may tell again what another one told, where the hash grew meanwhile.
            found |= {each.id: each for each in await self._gone(tenant_id, old)}
            if place == b"0" or len(found) >= most:
                return list(found.values())[:most]

    async def _gone(self, tenant_id: TenantId, old: Sequence[BackofficeSession]) -> list[BackofficeSession]:
        """Those of them that are no more, by one round trip."""
        if not old:
            return []
        blobs = await self.redis.ask("MGET", *(keys.session_of_device(tenant_id, each.device_id) for each in old))
        there = [None if blob is None else _session(blob) for blob in blobs]
        return [each for each, current in zip(old, there, strict=True) if current is None or current.id != each.id]

    async def forget_lapsed(self, session: BackofficeSession) -> bool:
        """Remove what is left of one of these; return whether this call did."""
        removed = await self.redis.ask(
            "EVAL", _LAPSED, 3,
            keys.session_of_device(session.tenant_id, session.device_id), keys.open_sessions(session.tenant_id),
            keys.devices_of_operator(session.tenant_id, session.operator_id),
            session.id, session.device_id, session.operator_id,
        )  # fmt: skip
        return bool(removed)

    async def refuse(self, tenant_id: TenantId, iam_session_id: IamSessionId, *, until: datetime, reason: str) -> None:
        """Refuse the tokens of this `sid` from now on, on every replica, and end its streams."""
        seconds = max(1, math.ceil((until - self.clock()).total_seconds()))
        await self.redis.round_trip(
            ("SET", keys.revoked_session(tenant_id, iam_session_id), reason, "EX", seconds),
            ("PUBLISH", keys.live_wire(tenant_id), f"s {iam_session_id} {reason}"),
        )

    async def remember_operator(self, operator: Operator) -> None:
        """Keep what tenant-service said, for five minutes at most, unless it said meanwhile that it changed."""
        key = keys.operator(operator.tenant_id, operator.id)
        await self.redis.ask("SET", key, encode(operator), "NX", "EX", self.operator_seconds)

    async def forget_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        """Ask tenant-service again at the next request."""
        key = keys.operator(tenant_id, operator_id)
        # Not DEL: an answer that was under way before the change would be kept for five minutes after it.
        await self.redis.round_trip(
            ("SET", key, _CHANGED, "EX", _CHANGED_SECONDS), ("PUBLISH", keys.live_wire(tenant_id), f"o {operator_id}")
        )
