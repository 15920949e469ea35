"""Refresh and end of a session (UC-02, UC-03), and the choice of its primary property."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import Clock, StoreUnavailableError, UpstreamError
from bff_backoffice.application.sessions.authenticate import Authenticated, ProvenKey, session_revoked
from bff_backoffice.application.sessions.ports import RefreshedTokens
from bff_backoffice.application.sessions.stores import Iam, RevokedSessions, Sessions, VerifyAccessToken
from bff_backoffice.application.sessions.telling import closing, origin_of_session
from bff_backoffice.application.telemetry import Emit, Telemetry
from bff_backoffice.application.telemetry_payloads import SessionRefreshed
from bff_backoffice.domain.device_proof import AccessClaims, require_key_binding
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, IamSessionId, PropertyId, TenantId
from bff_backoffice.domain.sessions import BackofficeSession, SessionState

__all__ = ["ChooseProperty", "CloseSession", "RefreshRequest", "RefreshSession"]

_REFRESH_SECONDS: Final = 0.6
"""platform-facts A9: iam refreshes within 600 ms."""

_REFRESH_TOKEN_LIFETIME: Final = timedelta(days=30)
"""platform-facts C1: the longest that a refresh token of iam-service is good for."""

_SIGNED_OUT: Final = "signed_out"

_TRIES: Final = 5
"""Writers of one session are the few requests of one device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest:
    """A refresh whose proof was checked: it has no `ath`, since there is no access token to bind it to."""

    refresh_token: str = field(repr=False)
    key: ProvenKey
    device_id: str | None
    request_id: str
    traceparent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshSession:
    """Let iam exchange the token for the key that proved itself here, and note that the session goes on.

    iam answers the same token from the same key alike for 30 s, so an answer that was lost on the way can be asked for
    again; nothing of it is kept here.

    Raises:
        Refusal: the new token is another key's or another device's, or the session was ended.
        StoreUnavailableError: Redis or Postgres is away.
        UpstreamError: iam refused (its own code passes through) or is away.
    """

    tokens: VerifyAccessToken
    sessions: Sessions
    revoked: RevokedSessions
    iam: Iam
    emit: Emit
    clock: Clock

    async def __call__(self, request: RefreshRequest) -> RefreshedTokens:
        answer = await self.iam.refresh(
            request.refresh_token,
            proof=request.key.text,
            device_id=request.device_id,
            request_id=request.request_id,
            traceparent=request.traceparent,
            deadline=asyncio.get_running_loop().time() + _REFRESH_SECONDS,
        )
        claims = await self.tokens.verify(answer.access_token, now=self.clock())
        # iam has checked it too; a token for another key must not leave through here whatever iam did.
        require_key_binding(claims.key_thumbprint, request.key.proof)
        if request.device_id is not None and request.device_id != claims.device_id:
            raise Refusal(Code.DEVICE_MISMATCH, "X-Device-Id must be the token's device.")
        if await self.revoked.is_revoked(claims.tenant_id, claims.iam_session_id):
            raise session_revoked()
        session = await self._note(claims)
        if session is not None:
            origin = origin_of_session(session, request_id=request.request_id, traceparent=request.traceparent)
            self.emit(origin, SessionRefreshed(opened_at=session.opened_at))
        return answer

    async def _note(self, claims: AccessClaims) -> BackofficeSession | None:
        def refreshed(session: BackofficeSession) -> BackofficeSession:
            return replace(
                session,
                state=SessionState.REFRESHED,
                last_seen_at=self.clock(),
                tokens_expire_at=max(session.tokens_expire_at, claims.expires_at),
            )

        return await _change(self.sessions, claims.tenant_id, claims.device_id, claims.iam_session_id, refreshed)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """Sign out: refuse the session's tokens everywhere, forget it, tell iam.

    Postgres first: once a client reads 204, no lost memory may revive the session. iam is told last and may be away: a
    refresh asks for the session's revocation too, which is then remembered for as long as the refresh token lasts.

    Raises:
        StoreUnavailableError: nothing is promised then, and the client tries again.
    """

    sessions: Sessions
    revoked: RevokedSessions
    iam: Iam
    telemetry: Telemetry
    clock: Clock

    async def __call__(self, who: Authenticated, *, request_id: str, traceparent: str) -> bool:
        """End the session; returns whether iam heard of it."""
        session = who.session
        until = max(session.tokens_expire_at, who.token_expires_at)
        origin = origin_of_session(session, who.operator, request_id=request_id, traceparent=traceparent)
        await self._remember(session, until, tell=closing(self.telemetry, session, _SIGNED_OUT, origin))
        await self.sessions.refuse(session.tenant_id, session.iam_session_id, until=until, reason=_SIGNED_OUT)
        await self.sessions.close(session.tenant_id, session.device_id, session.id)
        try:
            await self.iam.revoke_session(
                session.iam_session_id,
                tenant_id=session.tenant_id,
                reason=_SIGNED_OUT,
                request_id=request_id,
                traceparent=traceparent,
                deadline=asyncio.get_running_loop().time() + _REFRESH_SECONDS,
            )
        except UpstreamError:
            await self._remember(session, self.clock() + _REFRESH_TOKEN_LIFETIME)
            return False
        return True

    async def _remember(self, session: BackofficeSession, until: datetime, *, tell: Message | None = None) -> None:
        await self.revoked.revoke(
            session.tenant_id,
            session.iam_session_id,
            device_id=session.device_id,
            operator_id=session.operator_id,
            reason=_SIGNED_OUT,
            expires_at=until,
            tell=tell,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseProperty:
    """Make a property of the operator's scope the session's primary one.

    Raises:
        Refusal: RESOURCE_NOT_FOUND for a property that is not in scope, whether it exists or not.
        StoreUnavailableError: Redis is away.
    """

    sessions: Sessions

    async def __call__(self, who: Authenticated, property_id: PropertyId) -> BackofficeSession:
        if property_id not in who.operator.property_scope:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        session = who.session
        chosen = await _change(
            self.sessions,
            session.tenant_id,
            session.device_id,
            session.iam_session_id,
            lambda current: replace(current, primary_property_id=property_id, last_seen_at=who.seen_at),
        )
        if chosen is None:
            raise session_revoked()
        return chosen


async def _change(
    sessions: Sessions,
    tenant_id: TenantId,
    device_id: DeviceId,
    iam_session_id: IamSessionId,
    change: Callable[[BackofficeSession], BackofficeSession],
) -> BackofficeSession | None:
    """Change the device's session as it is now; None where it is not this one any more.

    Raises:
        StoreUnavailableError: so many others change it at once that there is no end to it.
    """
    for _ in range(_TRIES):
        current = await sessions.current(tenant_id, device_id)
        if current is None or current.iam_session_id != iam_session_id:
            return None
        changed = change(current)
        if await sessions.keep(current, changed):
            return changed
    raise StoreUnavailableError("sessions")
