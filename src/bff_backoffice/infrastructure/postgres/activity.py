"""The ledger of what operators do (`operator_activity`): appended to and read, never changed; 90 days by partitions.

How each mutation ended is appended by the statement that ends its audit row (`infrastructure/postgres/idempotency.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ulid import ULID

from bff_backoffice.application.activity import Activity
from bff_backoffice.application.activity_offline import OfflineActivity
from bff_backoffice.application.mutations_ports import ForwardOrder
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import CallContext
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresActivityLedger"]


@dataclass(frozen=True, slots=True)
class PostgresActivityLedger:
    """The ledger. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def append(
        self,
        tenant_id: TenantId,
        call: CallContext,
        order: ForwardOrder,
        lines: Sequence[Activity],
        tell: Sequence[Message],
    ) -> None:
        """Append what is not there yet and write the messages, in one transaction."""
        # A key that comes again writes the same identifiers at the same moment, into the same partition.
        async with self.database.transaction(tenant_id) as connection:
            await connection.executemany(
                """
                insert into operator_activity (
                  tenant_id, recorded_at, id, origin, kind, occurred_at, operator_id, device_id, session_id,
                  property_id, roles, request_id, app_version, network_profile, target_type, target_id, detail)
                values ($1, $2, $3, 'desktop', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                on conflict do nothing
                """,
                [
                    (
                        tenant_id, order.occurred_at, line.id, line.kind, line.occurred_at, call.operator_id,
                        call.device_id, order.session_id, call.property_id, ",".join(sorted(call.roles)),
                        call.request_id, order.app_version, order.network_profile, line.target_type, line.target_id,
                        None if line.detail is None else line.detail.decode(),
                    )
                    for line in lines
                ],
            )  # fmt: skip
            await write_messages(connection, tenant_id, tell)

    async def append_once(self, tenant_id: TenantId, line: OfflineActivity) -> bool:
        """Append what was done offline, unless the device's event is there already; return whether."""
        detail = None if line.detail is None else line.detail.decode()
        async with self.database.transaction(tenant_id) as connection:
            # A unique key of a partitioned table would hold the moment of recording, which is another one each time. So
            # whoever writes the same event at the same moment waits here, and then sees the other's line.
            await connection.execute(
                "select pg_advisory_xact_lock(hashtextextended($1, 0))", f"{tenant_id}:{line.device_id}:{line.event_id}"
            )
            written = await connection.fetchval(
                """
                insert into operator_activity (
                  tenant_id, id, origin, kind, occurred_at, operator_id, device_id, property_id, target_type, target_id,
                  detail, source_event_id)
                select $1, $2, 'offline', $3, $4, $5, $6, $7, $8, $9, $10, $11
                where not exists (
                  select from operator_activity where tenant_id = $1 and device_id = $6 and source_event_id = $11)
                returning true
                """,
                tenant_id, f"act_{ULID()}", line.kind, line.occurred_at, line.operator_id, line.device_id,
                line.property_id, line.target_type, line.target_id, detail, line.event_id,
            )  # fmt: skip
        return written is not None
