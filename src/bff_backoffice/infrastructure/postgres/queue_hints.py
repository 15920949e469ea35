"""What devices say that they have queued (OfflineActionQueueHint). Fails closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from ulid import ULID

from bff_backoffice.domain.devices import HINT_LIFETIME, QueueHint
from bff_backoffice.domain.operator import DeviceId, OperatorId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresQueueHints"]

_BY_KIND: Final = msgspec.json.Decoder(dict[str, int])


@dataclass(frozen=True, slots=True)
class PostgresQueueHints:
    """One row a device, overwritten by each hint."""

    database: Database

    async def record(self, tenant_id: TenantId, hint: QueueHint) -> None:
        """Keep a device's newest hint; those of the operator that nobody is shown any more go."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                "delete from offline_action_queue_hints where tenant_id = $1 and operator_id = $2 and reported_at < $3",
                tenant_id, hint.operator_id, hint.reported_at - HINT_LIFETIME,
            )  # fmt: skip
            await connection.execute(
                """
                insert into offline_action_queue_hints as kept
                  (tenant_id, device_id, id, operator_id, pending, oldest_at, by_kind, reported_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (tenant_id, device_id) do update set
                  id = excluded.id, operator_id = excluded.operator_id, pending = excluded.pending,
                  oldest_at = excluded.oldest_at, by_kind = excluded.by_kind, reported_at = excluded.reported_at
                where kept.reported_at <= excluded.reported_at
                """,
                tenant_id, hint.device_id, f"oaq_{ULID()}", hint.operator_id, hint.pending, hint.oldest_at,
                msgspec.json.encode(hint.by_kind).decode(), hint.reported_at,
            )  # fmt: skip

    async def of_operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, since: datetime
    ) -> Sequence[QueueHint]:
        """The hints that the operator's devices gave since then, the newest first, at most 200."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select device_id, pending, oldest_at, by_kind, reported_at from offline_action_queue_hints
                where tenant_id = $1 and operator_id = $2 and reported_at > $3
                order by reported_at desc, device_id limit 200
                """,
                tenant_id, operator_id, since,
            )  # fmt: skip
        return [
            QueueHint(
                device_id=DeviceId(row["device_id"]),
                operator_id=operator_id,
                pending=row["pending"],
                oldest_at=row["oldest_at"],
                by_kind=_BY_KIND.decode(row["by_kind"]),
                reported_at=row["reported_at"],
            )
            for row in rows
        ]
