"""A proof's first use, and what a request needs of its session, in one round trip.

Fails closed: when the store is away, or can't tell because it lost its memory, nothing is admitted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.domain.device_proof import proof_replayed
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Command, RedisStore
from bff_backoffice.infrastructure.memorystore.proof_memory import NextGeneration, ProofMemory, StoreMemory

__all__ = ["Admission", "ProofReplay", "ReplayStatus", "require_complete"]

ReplayStatus = Literal["ready", "recovering", "away"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What came back with the first use of a proof. The blobs are as they were stored.

    There is no "not first": a proof that was used before is refused here, so that no caller can forget to ask.
    """

    session: bytes | None
    operator: bytes | None
    revoked: bool
    tenant: bytes | None = None
    memory_born_at: datetime | None = None
    """Since when the store remembers; None where it never forgot."""


def require_complete(complete_after: datetime | None, *, issued_at: datetime, now: datetime) -> None:
    """Raise the refusal `STORE_UNAVAILABLE` when a proof of `issued_at` may have been used before the store forgot.

    `Retry-After` is a second longer than the wait, because a proof's `iat` is usually cut to whole seconds.
    """
    if complete_after is not None and issued_at <= complete_after:
        wait = math.ceil((complete_after - now) / timedelta(seconds=1))
        raise Refusal(Code.STORE_UNAVAILABLE, "The store is recovering", retry_after=max(wait, 0) + 1)


class ProofReplay:
    """The replay store in Redis.

    Every method but `status` raises `StoreUnavailableError` when the tier is away, the refusal `PROOF_REPLAYED` for a
    proof that was used, and the refusal `STORE_UNAVAILABLE` while a store that lost its memory can't tell. The proof
    counts as used after any of them.
    """

    def __init__(self, store: RedisStore, *, next_generation: NextGeneration, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._memory = StoreMemory(store, next_generation=next_generation, clock=clock)

    async def admit(
        self,
        *,
        tenant_id: TenantId,
        device_id: DeviceId,
        operator_id: OperatorId,
        iam_session_id: IamSessionId,
        digest: str,
        ttl_ms: int,
        issued_at: datetime,
        session_ttl_s: int,
    ) -> Admission:
        """Use a proof, slide the device's session to `session_ttl_s` seconds from now, and read what is known.

        `digest` names the proof for `ttl_ms` milliseconds (`replay_ttl_ms`).
        """
        memory, (session, operator, revoked, tenant) = await self._use(
            digest,
            ttl_ms,
            issued_at,
            ("GETEX", keys.session_of_device(tenant_id, device_id), "EX", session_ttl_s),
            ("GET", keys.operator(tenant_id, operator_id)),
            ("EXISTS", keys.revoked_session(tenant_id, iam_session_id)),
            ("GET", keys.tenant(tenant_id)),
        )
        return Admission(
            session=session,
            operator=operator,
            revoked=bool(revoked),
            tenant=tenant,
            memory_born_at=memory.forgot_until,
        )

    async def use(self, *, digest: str, ttl_ms: int, issued_at: datetime) -> None:
        """Use a proof that comes without an access token."""
        await self._use(digest, ttl_ms, issued_at)

    async def prepare(self) -> None:
        """Look at the store's memory before the first proof comes, so that a wait is over sooner."""
        await self._remembered()

    async def status(self) -> ReplayStatus:
        """How the store is now: `recovering` while proofs that are issued now would be refused."""
        try:
            memory = await self._remembered()
        except StoreUnavailableError:
            return "away"
        return "ready" if memory.complete_after is None or self._clock() > memory.complete_after else "recovering"

    async def _remembered(self) -> ProofMemory:
        answer = await self._store.round_trip(("GET", keys.proof_memory()))
        return await self._memory.behind(answer.run_id, answer.replies[0])

    async def _use(
        self, digest: str, ttl_ms: int, issued_at: datetime, *reads: Command
    ) -> tuple[ProofMemory, list[Any]]:
        answer = await self._store.round_trip(
            ("SET", keys.proof(digest), b"1", "NX", "PX", ttl_ms), ("GET", keys.proof_memory()), *reads
        )
        first_use, mark, *found = answer.replies
        memory = await self._memory.behind(answer.run_id, mark)
        if first_use is None:
            raise proof_replayed()
        require_complete(memory.complete_after, issued_at=issued_at, now=self._clock())
        return memory, found
