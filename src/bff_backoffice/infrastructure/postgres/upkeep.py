"""What grows old in Postgres, and how it goes: one statement a table, a batch a transaction, one tenant at a time.

Every statement locks what it is about to remove and leaves alone what another one has locked, so two runs at once share
the work and neither waits for the other or for somebody who serves a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresUpkeep"]

_PLATFORM: Final = TenantId("*")


def _removal(table: str, key: str, old: str, order: str) -> str:
    """Delete at most $3 rows of tenant $1 for which `old` holds at the moment $2 ago, the oldest first."""
    # Chosen apart: as a subquery of the deletion it may be run once for every row, as the planner likes, and choose
    # others each time.
    return f"""
      with chosen as materialized (
        select {key} from {table} where tenant_id = $1 and {old} order by {order} limit $3 for update skip locked
      ), gone as (
        delete from {table} where tenant_id = $1 and ({key}) in (select {key} from chosen) returning 1)
      select count(*) from gone
    """  # noqa: S608 - names of this page


_AGO: Final = "clock_timestamp() - $2::interval"

_REMOVALS: Final[Mapping[str, str]] = {
    # A key that somebody still holds is never that old: its lease is seconds. The condition says so all the same.
    "idempotency-keys": _removal(
        "idempotency",
        "device_id, method, path, key",
        f"touched_at < {_AGO} and lease_until < {_AGO}",
        "touched_at",
    ),
    "spent-keys": _removal("spent_keys", "scope", f"made_at < {_AGO} and spent_at < {_AGO}", "made_at"),
    "preferences-mirror": _removal("operator_preferences", "operator_id", f"as_of < {_AGO}", "as_of"),
    "revoked-sessions": _removal("revoked_sessions", "session_id", f"expires_at < {_AGO}", "expires_at"),
    "attestations": _removal("mfa_attestations", "id", f"expires_at < {_AGO}", "expires_at"),
    "queue-hints": _removal("offline_action_queue_hints", "device_id", f"reported_at < {_AGO}", "reported_at"),
    "sync-cursors": _removal("sync_cursors", "device_id, operator_id, scope", f"known_at < {_AGO}", "known_at"),
    "event-inbox": _removal("inbox", "source, event_id", f"received_at < {_AGO}", "received_at"),
    "parked-events": _removal("parked_events", "id", f"parked_at < {_AGO}", "parked_at"),
    "parked-messages": _removal("outbox", "id", f"parked_at < {_AGO}", "parked_at"),
}


@dataclass(frozen=True, slots=True)
class PostgresUpkeep:
    """The worker's side of retention. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def tenants(self) -> Sequence[TenantId]:
        """Return every tenant that ever left something to be removed."""
        async with self.database.transaction(_PLATFORM) as connection:
            rows = await connection.fetch("select named from outbox_tenants where tenant_id = $1", _PLATFORM)
        return [TenantId(row["named"]) for row in rows]

    def removals(self) -> Mapping[str, Callable[[TenantId, timedelta, int], Awaitable[int]]]:
        """Return what removes old things, by the name of its job."""
        return {name: self._remover(statement) for name, statement in _REMOVALS.items()}

    async def keep_ledger(self) -> int:
        """Prepare the ledger's next weeks and drop those of more than 90 days ago; return how many of both."""
        return await self._as_owner("select made + dropped from keep_operator_activity()")

    async def keep_logs(self) -> int:
        """Prepare the next years of the regulated logs and archive the old ones; return how many of both."""
        return await self._as_owner("select made + archived from keep_regulated_logs()")

    def _remover(self, statement: str) -> Callable[[TenantId, timedelta, int], Awaitable[int]]:
        async def remove(tenant_id: TenantId, keep: timedelta, most: int) -> int:
            async with self.database.transaction(tenant_id) as connection:
                return int(await connection.fetchval(statement, tenant_id, keep, most))

        return remove

    async def _as_owner(self, statement: str) -> int:
        try:
            async with self.database.transaction(_PLATFORM) as connection:
                return int(await connection.fetchval(statement))
        except asyncpg.LockNotAvailableError as busy:
            raise StoreUnavailableError("postgres") from busy
