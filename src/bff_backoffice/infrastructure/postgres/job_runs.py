"""When each scheduled job ran and who has it (`job_runs`): rows of the platform, `*`, with nothing of anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bff_backoffice.application.jobs import JobState
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresJobRuns"]

_PLATFORM: Final = TenantId("*")

_TAKE: Final = """
update job_runs set lease_until = clock_timestamp() + $3, started_at = clock_timestamp()
where tenant_id = $1 and name = (
  select name from job_runs
  where tenant_id = $1 and name = any($2::text[]) and lease_until <= clock_timestamp()
    and (next_at <= clock_timestamp() or requested_at > coalesce(started_at, '-infinity'))
  order by next_at limit 1 for update skip locked)
returning name
"""


@dataclass(frozen=True, slots=True)
class PostgresJobRuns:
    """One row a job. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def announce(self, names: Sequence[str]) -> None:
        """Let these be jobs; one that is not known yet is due at once."""
        async with self.database.transaction(_PLATFORM) as connection:
            await connection.execute(
                "insert into job_runs (tenant_id, name) select $1, unnest($2::text[]) on conflict do nothing",
                _PLATFORM, list(names),
            )  # fmt: skip

    async def take(self, names: Sequence[str], lease: timedelta) -> str | None:
        """Take one of these that is due or was asked for; what another takes at this moment is left to it."""
        async with self.database.transaction(_PLATFORM) as connection:
            name: str | None = await connection.fetchval(_TAKE, _PLATFORM, list(names), lease)
        return name

    async def succeeded(self, name: str, *, rows: int, again_in: timedelta) -> None:
        """Let it go until then."""
        async with self.database.transaction(_PLATFORM) as connection:
            await connection.execute(
                """
                update job_runs set lease_until = clock_timestamp(), next_at = clock_timestamp() + $4,
                  succeeded_at = clock_timestamp(), rows = rows + $3, failure = null
                where tenant_id = $1 and name = $2
                """,
                _PLATFORM, name, rows, again_in,
            )  # fmt: skip

    async def failed(self, name: str, why: str, *, again_in: timedelta) -> None:
        """Let it go for a while. `next_at` stays: it tells since when the job is overdue."""
        async with self.database.transaction(_PLATFORM) as connection:
            await connection.execute(
                """
                update job_runs set lease_until = clock_timestamp() + $4, failed_at = clock_timestamp(), failure = $3
                where tenant_id = $1 and name = $2
                """,
                _PLATFORM, name, why, again_in,
            )  # fmt: skip

    async def ask_for(self, name: str) -> datetime:
        """Let the next worker that looks take it."""
        async with self.database.transaction(_PLATFORM) as connection:
            asked_at: datetime = await connection.fetchval(
                """
                insert into job_runs (tenant_id, name, requested_at) values ($1, $2, clock_timestamp())
                on conflict (tenant_id, name) do update set requested_at = excluded.requested_at
                returning requested_at
                """,
                _PLATFORM, name,
            )  # fmt: skip
        return asked_at

    async def states(self) -> Sequence[JobState]:
        """Return how every job stands."""
        async with self.database.transaction(_PLATFORM) as connection:
            rows = await connection.fetch(
                "select name, next_at, succeeded_at, failure from job_runs where tenant_id = $1 order by name",
                _PLATFORM,
            )
        return [
            JobState(
                name=row["name"], due_at=row["next_at"], succeeded_at=row["succeeded_at"], failure=row["failure"]
            )
            for row in rows
        ]  # fmt: skip
