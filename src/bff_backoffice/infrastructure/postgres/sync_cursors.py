"""Copies of what sync-service says of cursors (`sync_cursors`), and the audit of moving one. Fails closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from bff_backoffice.application.sync_ports import AuditedAdvance
from bff_backoffice.domain.operator import DeviceId, OperatorId, TenantId
from bff_backoffice.domain.sync import Cursor, CursorSource
from bff_backoffice.infrastructure.postgres.pool import Database

if TYPE_CHECKING:
    from bff_backoffice.infrastructure.postgres.pool import Connection

__all__ = ["PostgresSyncCursors"]

_KEEP: Final = """
insert into sync_cursors as kept (tenant_id, operator_id, device_id, scope, value, known_at)
select $1, $2, $3, told.scope, told.value, told.known_at
from unnest($4::text[], $5::text[], $6::timestamptz[]) as told (scope, value, known_at)
on conflict (tenant_id, device_id, operator_id, scope) do update
set value = excluded.value, known_at = excluded.known_at
where kept.known_at <= excluded.known_at
"""


@dataclass(frozen=True, slots=True)
class PostgresSyncCursors:
    """One row an operator, device and scope. Everything raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def of(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, scopes: Sequence[str]
    ) -> Mapping[str, Cursor]:
        """Return the copies that there are, by scope."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select scope, value, known_at from sync_cursors
                where tenant_id = $1 and device_id = $2 and operator_id = $3 and scope = any($4::text[])
                """,
                tenant_id, device_id, operator_id, list(scopes),
            )  # fmt: skip
        return {
            row["scope"]: Cursor(
                scope=row["scope"], value=row["value"], as_of=row["known_at"], source=CursorSource.CACHE
            )
            for row in rows
        }

    async def keep(
        self, tenant_id: TenantId, operator_id: OperatorId, device_id: DeviceId, cursors: Sequence[Cursor]
    ) -> None:
        """Keep these, but where something later is known: one statement. Nobody waits for the disk: they are copies."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute("set local synchronous_commit = off")
            await _keep(connection, tenant_id, operator_id, device_id, cursors)

    async def begin(self, tenant_id: TenantId, wish: AuditedAdvance) -> None:
        """Write down that a cursor is about to be moved."""
        operator, advance = wish.asked.operator, wish.advance
        detail = {"value": advance.value, "occurredAt": advance.occurred_at.isoformat()}
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                """
                insert into mutation_audit (
                  tenant_id, id, operator_id, device_id, session_id, property_id, roles, request_id, action,
                  resource_id, method, path, idempotency_key, fence, app_version, detail)
                values ($1, $2, $3, $4, $5, $6, $7, $8, 'advance_cursor', $9, 'POST', $10, $11, 1, $12, $13)
                """,
                tenant_id, advance.id, operator.operator_id, operator.device_id, operator.session_id,
                operator.property_id, ",".join(sorted(operator.roles)), wish.asked.request_id, advance.scope,
                wish.path, advance.id.rpartition("_")[2], operator.app_version, msgspec.json.encode(detail).decode(),
            )  # fmt: skip

    async def end(
        self, tenant_id: TenantId, wish: AuditedAdvance, *, outcome: str, status: int | None, cursor: Cursor | None
    ) -> None:
        """Write down how that ended, and keep the cursor, if there is a new one, in the same transaction."""
        operator = wish.asked.operator
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                """
                update mutation_audit set outcome = $3, upstream_status = $4, completed_at = clock_timestamp()
                where tenant_id = $1 and id = $2
                """,
                tenant_id, wish.advance.id, outcome, status,
            )  # fmt: skip
            if cursor is not None:
                await _keep(connection, tenant_id, operator.operator_id, operator.device_id, [cursor])


async def _keep(
    connection: Connection,
    tenant_id: TenantId,
    operator_id: OperatorId,
    device_id: DeviceId,
    cursors: Sequence[Cursor],
) -> None:
    await connection.execute(
        _KEEP,
        tenant_id, operator_id, device_id,
        [cursor.scope for cursor in cursors], [cursor.value for cursor in cursors],
        [cursor.as_of for cursor in cursors],
    )  # fmt: skip
