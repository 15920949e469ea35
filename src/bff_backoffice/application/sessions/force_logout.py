"""What other services say about people and devices, made to count at once (specification, responsibility 12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bff_backoffice.application.ports import Clock
from bff_backoffice.application.sessions.stores import EndableSessions, RevokedSessions
from bff_backoffice.application.sessions.telling import closing
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.domain.operator import BackofficeSessionId, DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.domain.sessions import BackofficeSession

__all__ = ["ForceLogout", "ForgetOperator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceLogout:
    """End sessions that iam-service has ended: one by its `sid`, a device's, or all of an operator.

    Every step may be done again: a duplicate or late event changes nothing. What names a `sid` ends that session at
    once; what names whoever was signed in then ends no session that began since: iam let its operator in again.

    Raises:
        StoreUnavailableError: the event must be delivered again.
    """

    sessions: EndableSessions
    revoked: RevokedSessions
    telemetry: Telemetry
    clock: Clock
    token_lifetime: timedelta
    """The longest life of an access token: how long a `sid` must be remembered whose tokens were never seen here."""

    async def session(
        self,
        tenant_id: TenantId,
        iam_session_id: IamSessionId,
        *,
        device_id: DeviceId | None,
        operator_id: OperatorId | None,
        reason: str,
    ) -> None:
        """End one session, also one that has not been opened here yet."""
        until = self.clock() + self.token_lifetime
        await self.revoked.revoke(
            tenant_id, iam_session_id, device_id=device_id, operator_id=operator_id, reason=reason, expires_at=until
        )
        await self.sessions.refuse(tenant_id, iam_session_id, until=until, reason=reason)
        for session in await self._candidates(tenant_id, device_id, operator_id):
            if session.iam_session_id == iam_session_id:
                await self._tell(session, reason, until)
                await self.sessions.close(tenant_id, session.device_id, session.id)

    async def own_session(
        self,
        tenant_id: TenantId,
        session_id: BackofficeSessionId,
        *,
        device_id: DeviceId | None,
        operator_id: OperatorId | None,
        reason: str,
    ) -> None:
        """End the session that has this identifier here, if the device or the operator has it still."""
        for session in await self._candidates(tenant_id, device_id, operator_id):
            if session.id == session_id:
                await self._end(session, reason, happened_at=None)

    async def _tell(self, session: BackofficeSession, reason: str, until: datetime) -> None:
        """Write down that a session that was open here ended, under its own number: again is no second end."""
        await self.revoked.revoke(
            session.tenant_id,
            session.iam_session_id,
            device_id=session.device_id,
            operator_id=session.operator_id,
            reason=reason,
            expires_at=until,
            tell=closing(self.telemetry, session, reason),
        )

    async def device(
        self, tenant_id: TenantId, device_id: DeviceId, *, reason: str, happened_at: datetime | None
    ) -> None:
        """End the session that the device had at that moment; where no moment is known, whatever it has."""
        for session in await self._candidates(tenant_id, device_id, None):
            await self._end(session, reason, happened_at)

    async def operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, reason: str, happened_at: datetime | None
    ) -> None:
        """End all sessions that an operator had at that moment, as `device` does, and ask anew for the roles."""
        await self.sessions.forget_operator(tenant_id, operator_id)
        for session in await self._candidates(tenant_id, None, operator_id):
            await self._end(session, reason, happened_at)

    async def _end(self, session: BackofficeSession, reason: str, happened_at: datetime | None) -> None:
        if session.began_after(happened_at):
            return
        await self.session(
            session.tenant_id,
            session.iam_session_id,
            device_id=session.device_id,
            operator_id=session.operator_id,
            reason=reason,
        )

    async def _candidates(
        self, tenant_id: TenantId, device_id: DeviceId | None, operator_id: OperatorId | None
    ) -> tuple[BackofficeSession, ...]:
        if device_id is not None:
            session = await self.sessions.current(tenant_id, device_id)
            return () if session is None else (session,)
        return () if operator_id is None else await self.sessions.of_operator(tenant_id, operator_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetOperator:
    """Drop what is known of an operator, because tenant-service changed it.

    Raises:
        StoreUnavailableError: the event must be delivered again.
    """

    sessions: EndableSessions

    async def __call__(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        await self.sessions.forget_operator(tenant_id, operator_id)
