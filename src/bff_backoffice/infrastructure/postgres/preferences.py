"""The mirror of operators' preferences (OperatorPreferences). Never the truth: that is tenant-service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from ulid import ULID

from bff_backoffice.application.preferences.ports import MirroredPreferences, ToldPreferences
from bff_backoffice.domain.operator import OperatorId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresPreferences"]


@dataclass(frozen=True, slots=True)
class PostgresPreferences:
    """One row an operator. Fails closed; the callers go on without."""

    database: Database

    async def kept(self, tenant_id: TenantId, operator_id: OperatorId) -> MirroredPreferences | None:
        """What is mirrored of the operator."""
        async with self.database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(
                """
                select content, version, as_of, outdated_at is null or as_of > outdated_at as current
                from operator_preferences where tenant_id = $1 and operator_id = $2
                """,
                tenant_id, operator_id,
            )  # fmt: skip
        if row is None:
            return None
        told = ToldPreferences(version=row["version"], content=msgspec.Raw(row["content"].encode()))
        return MirroredPreferences(told=told, as_of=row["as_of"], current=row["current"])

    async def keep(
        self, tenant_id: TenantId, operator_id: OperatorId, told: ToldPreferences, *, as_of: datetime
    ) -> None:
        """Mirror what was told when tenant-service was asked at `as_of`; an older answer changes nothing.

        The version does not decide: tenant-service may have been restored from a copy that counts from before.
        """
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                """
                insert into operator_preferences as kept (tenant_id, operator_id, id, content, version, as_of)
                values ($1, $2, $3, $4, $5, $6)
                on conflict (tenant_id, operator_id) do update set
                  content = excluded.content, version = excluded.version, as_of = excluded.as_of
                where kept.as_of <= excluded.as_of
                """,
                tenant_id, operator_id, f"opr_{ULID()}", bytes(told.content).decode(), told.version, as_of,
            )  # fmt: skip

    async def outdate(self, tenant_id: TenantId, operator_id: OperatorId, *, at: datetime) -> None:
        """Note that there is something newer than what was asked for before `at`."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                """
                update operator_preferences set outdated_at = greatest(outdated_at, $3)
                where tenant_id = $1 and operator_id = $2
                """,
                tenant_id, operator_id, at,
            )  # fmt: skip
