"""The sessions of iam-service that are refused although their tokens have not expired. Fails closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bff_backoffice.application.outbox import Message
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresRevokedSessions"]


@dataclass(frozen=True, slots=True)
class PostgresRevokedSessions:
    """What survives a Redis that lost its memory."""

    database: Database

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
        """Remember until `expires_at`, the end of the session's last token. Doing it again changes nothing."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                "delete from revoked_sessions where tenant_id = $1 and expires_at < now()", tenant_id
            )
            await connection.execute(
                """
                insert into revoked_sessions (tenant_id, session_id, device_id, operator_id, reason, expires_at)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (tenant_id, session_id)
                do update set expires_at = greatest(revoked_sessions.expires_at, excluded.expires_at)
                """,
                tenant_id, session_id, device_id, operator_id, reason[:200], expires_at,
            )  # fmt: skip
            await write_messages(connection, tenant_id, () if tell is None else (tell,))

    async def is_revoked(self, tenant_id: TenantId, session_id: IamSessionId) -> bool:
        """Whether the session was ended before its tokens."""
        async with self.database.transaction(tenant_id) as connection:
            found = await connection.fetchval(
                "select 1 from revoked_sessions where tenant_id = $1 and session_id = $2 and expires_at > now()",
                tenant_id, session_id,
            )  # fmt: skip
        return found is not None
