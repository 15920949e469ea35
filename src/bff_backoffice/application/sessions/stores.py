"""What the session use cases need of the stores and of the neighbours, and what each promises when it is away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bff_backoffice.application.outbox import Message
from bff_backoffice.application.sessions.ports import RefreshedTokens, SessionValidation
from bff_backoffice.application.sessions.tenants import KnownTenant
from bff_backoffice.domain.device_proof import AccessClaims, VerifiedProof
from bff_backoffice.domain.operator import BackofficeSessionId, DeviceId, IamSessionId, Operator, OperatorId, TenantId
from bff_backoffice.domain.sessions import BackofficeSession

__all__ = [
    "Admission", "EndableSessions", "Iam", "Operators", "RevokedSessions", "Sessions", "VerifyAccessToken",
    "VerifyProof",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the sessions store knew when a proof was used: everything a request needs, in one round trip."""

    session: BackofficeSession | None
    operator: Operator | None
    revoked: bool
    tenant: KnownTenant | None = None
    memory_born_at: datetime | None = None
    """Since when the store remembers; what it says of earlier may be out of date. None where it never forgot."""


class VerifyAccessToken(Protocol):
    """Checks an access token's signature and claims; see `domain/device_proof.py` for what it refuses."""

    async def verify(self, token: str, *, now: datetime) -> AccessClaims: ...


class VerifyProof(Protocol):
    """Checks a DPoP proof for this request; does not know whether it was used before."""

    def verify(
        self, proof: str, *, method: str, path: str, access_token: str | None, now: datetime
    ) -> VerifiedProof: ...


class EndableSessions(Protocol):
    """What ending sessions needs of the sessions tier. Fails closed, as all of it does."""

    async def current(self, tenant_id: TenantId, device_id: DeviceId) -> BackofficeSession | None:
        """The device's session."""

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> tuple[BackofficeSession, ...]:
        """The operator's sessions on all devices."""

    async def close(self, tenant_id: TenantId, device_id: DeviceId, session_id: BackofficeSessionId) -> None:
        """Forget the session, if it is still the device's."""

    async def refuse(self, tenant_id: TenantId, iam_session_id: IamSessionId, *, until: datetime, reason: str) -> None:
        """Refuse the tokens of this `sid` from now on, on every replica, and tell its streams to end and why."""

    async def forget_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        """Ask tenant-service again at the next request, and tell the operator's streams."""


class Sessions(EndableSessions, Protocol):
    """The sessions tier. Fails closed: every method raises `StoreUnavailableError("sessions")` when it is away."""

    async def admit(self, claims: AccessClaims, proof: VerifiedProof) -> Admission:
        """Use the proof, atomically, and read what is known of its session; slides the session's life.

        Raises:
            Refusal: PROOF_REPLAYED, or STORE_UNAVAILABLE while a store that lost its memory can't tell.
        """

    async def use(self, proof: VerifiedProof) -> None:
        """Use a proof that comes without an access token. Raises as `admit` does."""

    async def open(self, session: BackofficeSession) -> BackofficeSession:
        """Make this the device's session unless one of the same `sid` is there; return the one that is kept."""

    async def keep(self, before: BackofficeSession, after: BackofficeSession) -> bool:
        """Write back a session, unless it was changed, closed or replaced since it was read; return whether."""

    async def remember_operator(self, operator: Operator) -> None:
        """Keep what tenant-service said, for five minutes at most."""


class RevokedSessions(Protocol):
    """The durable list of refused `sid`s. Fails closed with `StoreUnavailableError("postgres")`."""

    async def revoke(
        self,
        tenant_id: TenantId,
        session_id: IamSessionId,
        *,
        device_id: DeviceId | None,
        operator_id: OperatorId | None,
        reason: str,
        expires_at: datetime,
        tell: Message | None = None,
    ) -> None:
        """Remember until `expires_at`, and write the message in the same step; doing it again changes nothing."""

    async def is_revoked(self, tenant_id: TenantId, session_id: IamSessionId) -> bool:
        """Whether the session was ended before its tokens."""


class Iam(Protocol):
    """iam-service, the authority on sessions. Raises the `UpstreamError` family."""

    async def validate_session(
        self,
        session_id: IamSessionId,
        *,
        tenant_id: TenantId,
        operator_id: OperatorId,
        device_id: DeviceId,
        key_thumbprint: str,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> SessionValidation:
        """Ask whether the session is still this operator's, on this device, with this key."""

    async def refresh(
        self,
        refresh_token: str,
        *,
        proof: str,
        device_id: str | None,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> RefreshedTokens:
        """Exchange a refresh token; iam checks the proof's key against the family's."""

    async def revoke_session(
        self,
        session_id: IamSessionId,
        *,
        tenant_id: TenantId,
        reason: str,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> None:
        """End the session there; doing it again changes nothing."""


class Operators(Protocol):
    """tenant-service, the authority on roles and property scope. Raises the `UpstreamError` family."""

    async def operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, request_id: str, traceparent: str, deadline: float
    ) -> Operator | None:
        """The member of staff, or None where there is no membership."""
