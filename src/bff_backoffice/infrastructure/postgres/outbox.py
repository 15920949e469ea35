"""The outbox (`outbox`), and the platform's list of tenants that have ever had something in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bff_backoffice.application.outbox import Backlog, Message, Taken
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

if TYPE_CHECKING:
    from bff_backoffice.infrastructure.postgres.pool import Connection

__all__ = ["PostgresOutbox", "write_message"]

_PLATFORM: Final = TenantId("*")
"""The list of tenants belongs to no tenant; under this name nothing else is kept."""


async def write_message(connection: Connection, tenant_id: TenantId, message: Message) -> None:
    """Write a message in the transaction of what it is about. Its tenant is put on the list by a trigger."""
    await connection.execute(
        "insert into outbox (tenant_id, id, kind, about, payload) values ($1, $2, $3, $4, $5)",
        tenant_id, message.id, message.kind, message.about, message.payload.decode(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PostgresOutbox:
    """The worker's side. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def tenants(self) -> Sequence[TenantId]:
        """Return who has ever had something to tell."""
        async with self.database.transaction(_PLATFORM) as connection:
            rows = await connection.fetch("select named from outbox_tenants where tenant_id = $1", _PLATFORM)
        return [TenantId(row["named"]) for row in rows]

    async def take(self, tenant_id: TenantId, *, lease: timedelta, most: int) -> Sequence[Taken]:
        """Take what is due, the oldest first; what another takes at this moment is left to it."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                update outbox set attempts = attempts + 1, next_at = clock_timestamp() + $2
                where tenant_id = $1 and id in (
                  select id from outbox
                  where tenant_id = $1 and parked_at is null and next_at <= clock_timestamp()
                  order by next_at limit $3 for update skip locked)
                returning id, kind, about, payload, attempts
                """,
                tenant_id, lease, most,
            )  # fmt: skip
        return [
            Taken(
                message=Message(
                    id=row["id"], kind=row["kind"], about=row["about"], payload=row["payload"].encode()
                ),
                attempts=row["attempts"],
            )
            for row in sorted(rows, key=lambda row: str(row["id"]))
        ]  # fmt: skip

    async def heard(self, tenant_id: TenantId, message_id: str) -> None:
        """Remove a message; one that another has removed already is gone all the same."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute("delete from outbox where tenant_id = $1 and id = $2", tenant_id, message_id)

    async def put_off(self, tenant_id: TenantId, message_id: str, *, pause: timedelta, why: str) -> None:
        """Let it be taken again after a pause."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                "update outbox set next_at = clock_timestamp() + $3, last_error = $4 where tenant_id = $1 and id = $2",
                tenant_id, message_id, pause, why,
            )  # fmt: skip

    async def park(self, tenant_id: TenantId, message_id: str, *, why: str) -> None:
        """Set it aside for a person to look at."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                "update outbox set parked_at = clock_timestamp(), last_error = $3 where tenant_id = $1 and id = $2",
                tenant_id, message_id, why,
            )  # fmt: skip

    async def backlog(self, tenant_id: TenantId) -> Backlog:
        """Return what waits."""
        async with self.database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(
                """
                select count(*) filter (where parked_at is null) as depth, count(parked_at) as parked,
                  coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where parked_at is null)), 0)
                    ::float8 as lag
                from outbox where tenant_id = $1
                """,
                tenant_id,
            )
        return Backlog() if row is None else Backlog(depth=row["depth"], lag_seconds=row["lag"], parked=row["parked"])
