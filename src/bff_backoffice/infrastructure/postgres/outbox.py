"""The outbox (`outbox`), and the platform's list of keys that have something in it (`outbox_keys`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bff_backoffice.application.outbox import TELEMETRY, Backlog, Lane, Message, MessageKey, Released, Taken
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

if TYPE_CHECKING:
    import asyncpg

    from bff_backoffice.infrastructure.postgres.pool import Connection

__all__ = ["PostgresOutbox", "row_of", "write_messages"]

_PLATFORM: Final = TenantId("*")
"""The list of keys belongs to no tenant; under this name nothing of a tenant's own is kept."""

_CLAIM: Final = """
with due as (
  select named, kind, ordering_key from outbox_keys
  where tenant_id = $1 and due_at <= clock_timestamp() and (kind = $2) = $3
  order by due_at limit $4 for update skip locked)
update outbox_keys set due_at = clock_timestamp() + $5::interval, owner = $6
from due
where outbox_keys.tenant_id = $1 and outbox_keys.named = due.named and outbox_keys.kind = due.kind
  and outbox_keys.ordering_key = due.ordering_key
returning due.named, due.kind, due.ordering_key
"""

_WAITING: Final = """
select found.* from unnest($2::text[], $3::text[]) as wanted(kind, ordering_key) cross join lateral (
  select id, kind, about, ordering_key, payload, attempts, position,
    extract(epoch from clock_timestamp() - created_at)::float8 as age
  from outbox
  where tenant_id = $1 and kind = wanted.kind and ordering_key = wanted.ordering_key and parked_at is null
  order by position limit $4) as found
"""


def row_of(message: Message | None) -> tuple[str | None, ...]:
    """Return what another statement writes a message with: id, kind, about, ordering key, payload; or five nulls."""
    if message is None:
        return (None,) * 5
    return message.id, message.kind, message.about, message.ordering_key, message.payload.decode()


async def write_messages(connection: Connection, tenant_id: TenantId, messages: Sequence[Message]) -> None:
    """Write messages in the transaction of what they are about, its last step: their keys are locked until it ends.

    Every transaction locks its keys in the same order, so that two never wait for each other; call this once in one.
    """
    if not messages:
        return
    ordered = sorted(messages, key=lambda each: (each.kind, each.ordering_key))
    await connection.execute(
        """
        insert into outbox (tenant_id, id, kind, about, ordering_key, payload)
        select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::json[])
        on conflict (tenant_id, id) do nothing
        """,
        tenant_id, [each.id for each in ordered], [each.kind for each in ordered], [each.about for each in ordered],
        [each.ordering_key for each in ordered], [each.payload.decode() for each in ordered],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PostgresOutbox:
    """Both sides of it. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def write(self, tenant_id: TenantId, messages: Sequence[Message]) -> None:
        """Write messages that belong to no other transaction."""
        async with self.database.transaction(tenant_id) as connection:
            await write_messages(connection, tenant_id, messages)

    async def claim(self, published: Lane, *, owner: str, lease: timedelta, most: int) -> Sequence[MessageKey]:
        """Take keys that are due; what another takes at this moment is left to it."""
        async with self.database.transaction(_PLATFORM) as connection:
            rows = await connection.fetch(_CLAIM, _PLATFORM, TELEMETRY, published, most, lease, owner)
        return [
            MessageKey(tenant_id=TenantId(row["named"]), kind=row["kind"], ordering_key=row["ordering_key"])
            for row in rows
        ]

    async def waiting(self, tenant_id: TenantId, keys: Sequence[MessageKey], *, most: int) -> Sequence[Taken]:
        """Return the first messages of these keys, each key in its order."""
        kinds, names = [key.kind for key in keys], [key.ordering_key for key in keys]
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(_WAITING, tenant_id, kinds, names, most)
        return [_taken(row) for row in sorted(rows, key=lambda row: int(row["position"]))]

    async def release(self, tenant_id: TenantId, owner: str, released: Sequence[Released]) -> None:
        """Remove, park and put off, and give the keys back, in one transaction."""
        heard = [message_id for each in released for message_id in each.heard]
        parked = [pair for each in released for pair in each.parked]
        failed = [each.failed for each in released if each.failed is not None]
        kinds, names = [each.key.kind for each in released], [each.key.ordering_key for each in released]
        async with self.database.transaction(tenant_id) as connection:
            if heard:
                await connection.execute(
                    "delete from outbox where tenant_id = $1 and id = any($2::text[])", tenant_id, heard
                )
            if parked:
                await connection.executemany(
                    "update outbox set parked_at = clock_timestamp(), last_error = $3 where tenant_id = $1 and id = $2",
                    [(tenant_id, message_id, why) for message_id, why in parked],
                )
            if failed:
                await connection.executemany(
                    "update outbox set attempts = attempts + 1, last_error = $3 where tenant_id = $1 and id = $2",
                    [(tenant_id, message_id, why) for message_id, why in failed],
                )
            await connection.execute(
                "select release_outbox_keys($1, $2, $3, $4, $5)",
                tenant_id, owner, kinds, names, [each.pause for each in released],
            )  # fmt: skip

    async def backlog(self) -> Backlog:
        """Return what waits, of all tenants, in one round trip."""
        async with self.database.transaction(_PLATFORM) as connection:
            row = await connection.fetchrow("select depth, lag_seconds, parked from outbox_backlog()")
        if row is None:
            return Backlog()
        return Backlog(depth=row["depth"], lag_seconds=row["lag_seconds"], parked=row["parked"])


def _taken(row: asyncpg.Record) -> Taken:
    message = Message(
        id=row["id"],
        kind=row["kind"],
        about=row["about"],
        ordering_key=row["ordering_key"],
        payload=row["payload"].encode(),
    )
    return Taken(message=message, attempts=row["attempts"], age_seconds=row["age"])
