"""Request facts in, `OperatorContext` out: every authenticated request passes here, and nowhere else.

The order is the contract's (section 2.1): credentials and proof, then device and session. Using up the proof is the
last check of the first group, so that a request that is refused for another reason can be sent again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ulid import ULID

from bff_backoffice.application.ports import Clock
from bff_backoffice.application.sessions.ports import TenantProfile
from bff_backoffice.application.sessions.stores import (
    Admission,
    Iam,
    Operators,
    RevokedSessions,
    Sessions,
    VerifyAccessToken,
    VerifyProof,
)
from bff_backoffice.application.sessions.telling import closing, opened
from bff_backoffice.application.sessions.tenants import KnowTenant
from bff_backoffice.application.telemetry import Emit, Telemetry
from bff_backoffice.domain.device_proof import (
    AccessClaims,
    VerifiedProof,
    challenge,
    read_credentials,
    read_sole_proof,
    require_body,
    require_key_binding,
    token_invalid,
)
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import (
    AppPlatform,
    BackofficeSessionId,
    NetworkProfile,
    Operator,
)
from bff_backoffice.domain.sessions import BackofficeSession, SessionState, choose_property, seen

__all__ = ["AppFacts", "Authenticate", "Authenticated", "ProveKey", "ProvenKey", "RequestFacts", "session_revoked"]

_VALIDATE_SECONDS: Final = 0.2
"""platform-facts A9: iam validates a session within 200 ms."""

_REPLACED: Final = "replaced"

_OPERATOR_SECONDS: Final = 0.5
"""platform-facts A9: tenant-service answers within 500 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFacts:
    """What the desktop says of its build and its network; None where it says nothing."""

    version: str | None = None
    platform: AppPlatform | None = None
    network_profile: NetworkProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What a request says of itself, not yet believed. `path` is the path as requested, without the query."""

    authorization: tuple[str, ...] = field(repr=False)
    proofs: tuple[str, ...] = field(repr=False)
    device_id: str | None
    method: str
    path: str
    body: bytes = field(repr=False)
    request_id: str
    traceparent: str
    app: AppFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """A request's operator, session and token, all checked. `token_expires_at` bounds every stream of the request.

    `seen_at` is this request's moment: every request slides the session, also one that is not worth a write.
    """

    operator: Operator
    tenant: TenantProfile
    session: BackofficeSession
    token_expires_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Resolve who is asking, opening the device's session on its first request.

    Raises:
        Refusal: any of the 401 and 403 answers of contract section 3.
        StoreUnavailableError: Redis is away, or Postgres while a session has to be opened.
        UpstreamError: iam or tenant-service is needed and away.
    """

    tokens: VerifyAccessToken
    proofs: VerifyProof
    sessions: Sessions
    revoked: RevokedSessions
    iam: Iam
    operators: Operators
    know_tenant: KnowTenant
    telemetry: Telemetry
    emit: Emit
    clock: Clock
    accept_bearer: bool = False

    async def __call__(self, facts: RequestFacts) -> Authenticated:
        now = self.clock()
        brought = read_credentials(facts.authorization, facts.proofs, accept_bearer_scheme=self.accept_bearer)
        claims = await self.tokens.verify(brought.access_token, now=now)
        proof = self.proofs.verify(
            brought.proof, method=facts.method, path=facts.path, access_token=brought.access_token, now=now
        )
        require_key_binding(claims.key_thumbprint, proof)
        require_body(proof, facts.body)
        if facts.device_id != claims.device_id:
            raise Refusal(Code.DEVICE_MISMATCH, "X-Device-Id must be the token's device.")
        admission = await self.sessions.admit(claims, proof)
        if admission.revoked:
            raise session_revoked()
        session = _same_session(admission.session, claims)
        if session is None:
            session = await self._open(claims, admission, facts, now)
        elif admission.memory_born_at is not None and not session.confirmed_since(admission.memory_born_at):
            session = await self._confirmed(session, now)
        operator = admission.operator or await self._operator(claims, facts)
        if operator.suspended:
            raise Refusal(Code.OPERATOR_SUSPENDED)
        tenant = await self.know_tenant(
            claims.tenant_id, admission.tenant, request_id=facts.request_id, traceparent=facts.traceparent
        )
        session = await self._seen(session, claims, facts, operator, now)
        if session.opened_at == now:
            opened(self.emit, session, operator, request_id=facts.request_id, traceparent=facts.traceparent)
        return Authenticated(
            operator=operator,
            tenant=tenant,
            session=session,
            token_expires_at=claims.expires_at,
            seen_at=now,
        )

    async def _open(
        self, claims: AccessClaims, admission: Admission, facts: RequestFacts, now: datetime
    ) -> BackofficeSession:
        """UC-01: the first authenticated request of a `sid` on a device opens the session."""
        replaced = admission.session
        if replaced is not None and replaced.authenticated_at > _authenticated_at(claims):
            # The token is of an earlier sign-in than the session on this device: that one was replaced for good.
            raise session_revoked()
        if await self.revoked.is_revoked(claims.tenant_id, claims.iam_session_id):
            raise session_revoked()
        validation = await self.iam.validate_session(
            claims.iam_session_id,
            tenant_id=claims.tenant_id,
            operator_id=claims.operator_id,
            device_id=claims.device_id,
            key_thumbprint=claims.key_thumbprint,
            request_id=facts.request_id,
            traceparent=facts.traceparent,
            deadline=asyncio.get_running_loop().time() + _VALIDATE_SECONDS,
        )
        if not validation.active:
            raise session_revoked()
        if replaced is not None:
            await self._replace(replaced)
        return await self.sessions.open(_new_session(claims, facts, now))

    async def _confirmed(self, session: BackofficeSession, now: datetime) -> BackofficeSession:
        """Ask Postgres about a session that came back with an old Redis: its end may be what was forgotten."""
        if await self.revoked.is_revoked(session.tenant_id, session.iam_session_id):
            raise session_revoked()
        confirmed = replace(session, confirmed_at=now)
        # A lost race is another request's confirmation.
        await self.sessions.keep(session, confirmed)
        return confirmed

    async def _replace(self, replaced: BackofficeSession) -> None:
        await self.revoked.revoke(
            replaced.tenant_id, replaced.iam_session_id, device_id=replaced.device_id, operator_id=replaced.operator_id,
            reason=_REPLACED, expires_at=replaced.tokens_expire_at, tell=closing(self.telemetry, replaced, _REPLACED),
        )  # fmt: skip
        await self.sessions.refuse(
            replaced.tenant_id, replaced.iam_session_id, until=replaced.tokens_expire_at, reason=_REPLACED
        )

    async def _operator(self, claims: AccessClaims, facts: RequestFacts) -> Operator:
        operator = await self.operators.operator(
            claims.tenant_id,
            claims.operator_id,
            request_id=facts.request_id,
            traceparent=facts.traceparent,
            deadline=asyncio.get_running_loop().time() + _OPERATOR_SECONDS,
        )
        if operator is None:
            raise Refusal(Code.OPERATOR_SUSPENDED, "The operator is no member of the tenant.")
        await self.sessions.remember_operator(operator)
        return operator

    async def _seen(
        self, session: BackofficeSession, claims: AccessClaims, facts: RequestFacts, operator: Operator, now: datetime
    ) -> BackofficeSession:
        after = seen(
            session,
            now=now,
            tokens_expire_at=claims.expires_at,
            app_version=facts.app.version,
            app_platform=facts.app.platform,
            network_profile=facts.app.network_profile,
            primary_property_id=choose_property(session.primary_property_id, operator.property_scope),
        )
        if after is not session:
            # Whoever changed the session meanwhile has seen it too.
            await self.sessions.keep(session, after)
        return after


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenKey:
    """A device key that a request without an access token proved to hold. `text` is the proof as it came."""

    proof: VerifiedProof
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProveKey:
    """Check and use up the proof of a request that has no access token: a refresh (contract, section 3).

    Raises:
        Refusal: PROOF_INVALID, NONCE_REQUIRED, PROOF_REPLAYED.
        StoreUnavailableError: Redis is away, so nobody can say whether the proof was used.
    """

    proofs: VerifyProof
    sessions: Sessions
    clock: Clock

    async def __call__(self, proofs: tuple[str, ...], *, method: str, path: str, body: bytes) -> ProvenKey:
        text = read_sole_proof(proofs)
        proof = self.proofs.verify(text, method=method, path=path, access_token=None, now=self.clock())
        require_body(proof, body)
        await self.sessions.use(proof)
        return ProvenKey(proof=proof, text=text)


def _new_session(claims: AccessClaims, facts: RequestFacts, now: datetime) -> BackofficeSession:
    return BackofficeSession(
        id=BackofficeSessionId(f"bos_{ULID()}"),
        tenant_id=claims.tenant_id,
        operator_id=claims.operator_id,
        device_id=claims.device_id,
        iam_session_id=claims.iam_session_id,
        key_thumbprint=claims.key_thumbprint,
        primary_property_id=None,
        state=SessionState.OPEN,
        opened_at=now,
        last_seen_at=now,
        tokens_expire_at=claims.expires_at,
        authenticated_at=_authenticated_at(claims),
        app_version=facts.app.version,
        app_platform=facts.app.platform,
        network_profile=facts.app.network_profile,
    )


def _same_session(session: BackofficeSession | None, claims: AccessClaims) -> BackofficeSession | None:
    """The device's session, if this token belongs to it; every bound of the session must hold."""
    if session is None or session.iam_session_id != claims.iam_session_id:
        return None
    if session.operator_id != claims.operator_id or session.key_thumbprint != claims.key_thumbprint:
        # One session, one operator, one key: a `sid` that changes them is not iam's doing.
        raise token_invalid()
    return session


def _authenticated_at(claims: AccessClaims) -> datetime:
    return claims.auth_time or claims.issued_at


def session_revoked() -> Refusal:
    """The tokens of this `sid` are refused for good; only a new sign-in helps."""
    return Refusal(Code.SESSION_REVOKED, headers=challenge("invalid_token"))
