"""The replay store in memory, with the same promises as the one in Redis.

`tests/contract/memorystore` holds it to them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.domain.device_proof import PROOF_FUTURE, proof_replayed
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.memorystore.proof_replay import Admission, ReplayStatus, require_complete

__all__ = ["MemoryProofReplay"]


class MemoryProofReplay:
    """Used proofs, and whatever sessions and operators a test puts there.

    `away` makes the store unreachable; `forget` empties it, as a restart without its memory does.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._used: dict[str, datetime] = {}
        self._complete_after: datetime | None = None
        self._revoked: set[tuple[TenantId, IamSessionId]] = set()
        self.sessions: dict[tuple[TenantId, DeviceId], bytes] = {}
        self.operators: dict[tuple[TenantId, OperatorId], bytes] = {}
        self.away = False

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
        """Use a proof and read what is known; sessions do not expire here."""
        del session_ttl_s
        await self.use(digest=digest, ttl_ms=ttl_ms, issued_at=issued_at)
        return Admission(
            session=self.sessions.get((tenant_id, device_id)),
            operator=self.operators.get((tenant_id, operator_id)),
            revoked=(tenant_id, iam_session_id) in self._revoked,
        )

    async def use(self, *, digest: str, ttl_ms: int, issued_at: datetime) -> None:
        """Use a proof that comes without an access token."""
        if self.away:
            raise StoreUnavailableError("sessions")
        now = self._clock()
        until = self._used.get(digest)
        if until is not None and now < until:
            raise proof_replayed()
        self._used[digest] = now + timedelta(milliseconds=ttl_ms)
        require_complete(self._complete_after, issued_at=issued_at, now=now)

    async def prepare(self) -> None:
        """Nothing has to be looked up first."""
        if self.away:
            raise StoreUnavailableError("sessions")

    async def status(self) -> ReplayStatus:
        """How the store is now."""
        if self.away:
            return "away"
        return "recovering" if self._complete_after is not None and self._clock() <= self._complete_after else "ready"

    def revoke(self, tenant_id: TenantId, iam_session_id: IamSessionId) -> None:
        """Refuse this `sid` from now on."""
        self._revoked.add((tenant_id, iam_session_id))

    def forget(self) -> None:
        """Come back without memory."""
        self._used.clear()
        self._revoked.clear()
        self.sessions.clear()
        self.operators.clear()
        self._complete_after = self._clock() + PROOF_FUTURE
