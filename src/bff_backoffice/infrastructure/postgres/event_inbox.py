"""Which events were dealt with (`inbox`), and those that nobody could deal with (`parked_events`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.event_inbox import NOBODYS, Parked, parked_id
from bff_backoffice.application.platform_events import PlatformEvent
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

if TYPE_CHECKING:
    import asyncpg

    from bff_backoffice.infrastructure.postgres.pool import Connection

__all__ = ["PostgresEventInbox", "PostgresParkedEvents", "first_time"]


async def first_time(connection: Connection, tenant_id: TenantId, event: PlatformEvent) -> bool:
    """Note an event in the transaction of its effect; False where it was noted before, and the effect is there already.

    Two that note the same one at once wait for each other: the second is told once the first has committed, and is the
    first itself where that was rolled back. An event without an identifier is always the first of its kind.
    """
    if event.id is None:
        return True
    noted = await connection.fetchval(
        """
        insert into inbox (tenant_id, source, event_id, subject, occurred_at) values ($1, $2, $3, $4, $5)
        on conflict do nothing returning true
        """,
        tenant_id, event.source, event.id, event.subject, event.occurred_at,
    )  # fmt: skip
    return noted is not None


@dataclass(frozen=True, slots=True)
class PostgresEventInbox:
    """For effects that are elsewhere. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def has(self, tenant_id: TenantId, event: PlatformEvent) -> bool:
        """Whether this event was dealt with before."""
        if event.id is None:
            return False
        async with self.database.transaction(tenant_id) as connection:
            found = await connection.fetchval(
                "select true from inbox where tenant_id = $1 and source = $2 and event_id = $3",
                tenant_id, event.source, event.id,
            )  # fmt: skip
        return found is not None

    async def note(self, tenant_id: TenantId, event: PlatformEvent) -> None:
        """Remember that it was."""
        async with self.database.transaction(tenant_id) as connection:
            await first_time(connection, tenant_id, event)


@dataclass(frozen=True, slots=True)
class PostgresParkedEvents:
    """Where a person finds them. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def park(self, tenant_id: TenantId, message: BusMessage, *, why: str) -> None:
        """Set a message aside; its tenant is put on the list by a trigger."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                """
                insert into parked_events
                  (tenant_id, id, subject, ordering_key, event_id, envelope, why, attempts)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict (tenant_id, id) do update
                set why = excluded.why, attempts = excluded.attempts, parked_at = clock_timestamp()
                """,
                tenant_id, parked_id(message), _kept(message.subject), _kept(message.ordering_key),
                _kept(message.event_id), message.envelope, _kept(why), message.attempt,
            )  # fmt: skip

    async def tenants(self) -> Sequence[TenantId]:
        """Return who has ever had a parked message."""
        async with self.database.transaction(NOBODYS) as connection:
            rows = await connection.fetch("select named from parked_event_tenants where tenant_id = $1", NOBODYS)
        return sorted(TenantId(row["named"]) for row in rows)

    async def parked(self, tenant_id: TenantId, *, most: int) -> Sequence[Parked]:
        """Return what is parked, the oldest first."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                "select * from parked_events where tenant_id = $1 order by parked_at, id limit $2", tenant_id, most
            )
        return [_parked(row) for row in rows]

    async def one(self, tenant_id: TenantId, parked_id: str) -> Parked | None:
        """Return one of them."""
        async with self.database.transaction(tenant_id) as connection:
            row = await connection.fetchrow(
                "select * from parked_events where tenant_id = $1 and id = $2", tenant_id, parked_id
            )
        return None if row is None else _parked(row)

    async def forget(self, tenant_id: TenantId, parked_id: str) -> None:
        """Remove it; one that another has removed already is gone all the same."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute("delete from parked_events where tenant_id = $1 and id = $2", tenant_id, parked_id)


def _kept(text: str) -> str:
    """The text as Postgres takes it, which has no place for NUL."""
    return text.replace("\0", "\ufffd")


def _parked(row: asyncpg.Record) -> Parked:
    message = BusMessage(
        subject=row["subject"],
        tenant_id=row["tenant_id"],
        ordering_key=row["ordering_key"],
        event_id=row["event_id"],
        envelope=row["envelope"],
        attempt=row["attempts"],
    )
    return Parked(
        id=row["id"], tenant_id=TenantId(row["tenant_id"]), message=message, why=row["why"], parked_at=row["parked_at"]
    )
