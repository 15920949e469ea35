"""Which alerts staff acknowledged (`alert_ack_log`): written once for each, kept seven years, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bff_backoffice.application.outbox import Message
from bff_backoffice.domain.alerts import AlertAcknowledgement
from bff_backoffice.domain.operator import DeviceId, OperatorId, PropertyId, TenantId
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresAlertAcknowledgements"]


@dataclass(frozen=True, slots=True)
class PostgresAlertAcknowledgements:
    """The log of acknowledgements. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def about(self, tenant_id: TenantId, ids: Sequence[str]) -> Mapping[str, AlertAcknowledgement]:
        """Return the acknowledgements of these alerts of the tenant, by the alert's identifier."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select id, alert_id, property_id, note, operator_id, device_id, acknowledged_at
                from alert_ack_log where tenant_id = $1 and alert_id = any($2::text[])
                """,
                tenant_id, list(ids),
            )  # fmt: skip
        return {
            row["alert_id"]: AlertAcknowledgement(
                id=row["id"],
                alert_id=row["alert_id"],
                property_id=PropertyId(row["property_id"]),
                note=row["note"],
                operator_id=OperatorId(row["operator_id"]),
                device_id=DeviceId(row["device_id"]),
                acknowledged_at=row["acknowledged_at"],
            )
            for row in rows
        }

    async def record(
        self, tenant_id: TenantId, line: AlertAcknowledgement, tell: Message | None
    ) -> AlertAcknowledgement:
        """Write the line, and the message with it, where its alert has none yet; return the line that is there."""
        async with self.database.transaction(tenant_id) as connection:
            written = await connection.fetchval(
                """
                insert into alert_ack_log (
                  tenant_id, id, alert_id, property_id, note, operator_id, device_id, acknowledged_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (tenant_id, alert_id) do nothing returning 1
                """,
                tenant_id, line.id, line.alert_id, line.property_id, line.note, line.operator_id, line.device_id,
                line.acknowledged_at,
            )  # fmt: skip
            if written is not None and tell is not None:
                await write_messages(connection, tenant_id, [tell])
        if written is not None:
            return line
        return (await self.about(tenant_id, [line.alert_id])).get(line.alert_id, line)
