"""Retention in a real Postgres: what is old goes, what is not stays, tenants apart, twice at once, cut off half-way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.jobs import RequestJob
from bff_backoffice.application.jobs_table import JOBS, job_named
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.job_runs import PostgresJobRuns
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.upkeep import PostgresUpkeep
from tests.stored import PATIENT
from tests.worlds import World

MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=30)

ROWS = {
    "preferences-mirror": (
        "operator_preferences",
        (
            "insert into operator_preferences (tenant_id, operator_id, id, content, version, as_of)"
            " values ($1, $2, $2, '{}', 1, clock_timestamp() - $3::interval)"
        ),
    ),
    "revoked-sessions": (
        "revoked_sessions",
        (
            "insert into revoked_sessions (tenant_id, session_id, reason, expires_at)"
            " values ($1, $2, 'signed_out', clock_timestamp() - $3::interval)"
        ),
    ),
    "attestations": (
        "mfa_attestations",
        (
            "insert into mfa_attestations (tenant_id, id, operator_id, device_id, key_thumbprint, action, resource_id,"
            " factor, expires_at) values ($1, $2, 'u', 'd', 'k', 'a', 'r', 'totp', clock_timestamp() - $3::interval)"
        ),
    ),
    "queue-hints": (
        "offline_action_queue_hints",
        (
            "insert into offline_action_queue_hints (tenant_id, device_id, id, operator_id, pending, by_kind,"
            " reported_at) values ($1, $2, $2, 'u', 1, '{}', clock_timestamp() - $3::interval)"
        ),
    ),
    "sync-cursors": (
        "sync_cursors",
        (
            "insert into sync_cursors (tenant_id, operator_id, device_id, scope, known_at)"
            " values ($1, 'u', 'd', $2, clock_timestamp() - $3::interval)"
        ),
    ),
    "event-inbox": (
        "inbox",
        (
            "insert into inbox (tenant_id, source, event_id, subject, received_at)"
            " values ($1, 'iam', $2, 's', clock_timestamp() - $3::interval)"
        ),
    ),
    "parked-events": (
        "parked_events",
        (
            "insert into parked_events (tenant_id, id, subject, ordering_key, event_id, envelope, why, attempts,"
            " parked_at) values ($1, $2, 's', 'k', $2, '', 'w', 1, clock_timestamp() - $3::interval)"
        ),
    ),
    "parked-messages": (
        "outbox",
        (
            "insert into outbox (tenant_id, id, kind, about, payload, parked_at)"
            " values ($1, $2, 'k', 'a', '{}', clock_timestamp() - $3::interval)"
        ),
    ),
    "idempotency-keys": (
        "idempotency",
        (
            "insert into idempotency (tenant_id, device_id, method, path, key, request_hash, property_id, lease_until,"
            " touched_at) values ($1, 'dev', 'POST', '/x', $2, '', 'ppt', clock_timestamp() - $3::interval,"
            " clock_timestamp() - $3::interval)"
        ),
    ),
    "spent-keys": (
        "spent_keys",
        (
            "insert into spent_keys (tenant_id, scope, made_at, spent_at) values ($1, convert_to($2, 'UTF8'),"
            " clock_timestamp() - $3::interval, clock_timestamp() - $3::interval)"
        ),
    ),
}
"""A row of each job's table that is so old, by what the job counts from."""

EVERY_REMOVAL = pytest.mark.parametrize("name", sorted(ROWS))


@dataclass(frozen=True)
class Store:
    """The tables as the worker has them, and as their owner."""

    world: World
    database: Database
    upkeep: PostgresUpkeep

    async def owner(self, tenant_id: str, statement: str, *values: Any) -> list[asyncpg.Record]:
        """What a statement gives to the owner, in a transaction of the tenant."""
        connection = await asyncpg.connect(self.world.postgres["owner"])
        try:
            async with connection.transaction():
                await connection.execute("set local search_path to bff_backoffice")
                await connection.execute("select set_config('app.tenant_id', $1, true)", tenant_id)
                return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def put(self, name: str, tenant_id: TenantId, ages: Sequence[timedelta]) -> None:
        """Put a row of each of these ages into the job's table."""
        for age in ages:
            await self.owner(tenant_id, ROWS[name][1], tenant_id, str(ULID()), age)

    async def count(self, name: str, tenant_id: TenantId) -> int:
        """How many rows the tenant has there."""
        (row,) = await self.owner(tenant_id, f"select count(*) from {ROWS[name][0]}")  # noqa: S608 - a name of this page
        return int(row["count"])

    async def remove(self, name: str, tenant_id: TenantId, most: int = 1000) -> int:
        """Run one step of the job."""
        job = job_named(name)
        assert job is not None
        return await self.upkeep.removals()[name](tenant_id, job.keep, most)


@pytest.fixture(scope="module", autouse=True)
def the_worlds_worker_has_done_its_jobs(shared_world: World) -> None:
    """It runs each at its start, and would remove here what a test has put there; none is due again in ten minutes."""

    async def main() -> None:
        names, done = {job.name for job in JOBS}, set[str]()
        async with Database.open(shared_world.postgres["worker"], size=1, **PATIENT) as database, asyncio.timeout(60):
            while not done >= names:
                await asyncio.sleep(0.05)
                done = {each.name for each in await PostgresJobRuns(database).states() if each.succeeded_at}

    asyncio.run(main())


@asynccontextmanager
async def store(world: World, *, planner: str = "") -> AsyncIterator[Store]:
    """Open it, with settings of the planner as a query."""
    async with Database.open(f"{world.postgres['worker']}?{planner}", size=4, **PATIENT) as database:
        yield Store(world, database, PostgresUpkeep(database))


def play(world: World, scenario: Callable[[Store, TenantId], Awaitable[None]], *, planner: str = "") -> None:
    """Run a scenario for a tenant that nobody else has."""

    async def main() -> None:
        async with asyncio.timeout(60), store(world, planner=planner) as opened:
            await scenario(opened, TenantId(f"tnt_{ULID()}"))

    asyncio.run(main())


@EVERY_REMOVAL
def test_what_is_old_goes_and_what_is_not_stays(world: World, name: str) -> None:
    """Exactly as long as the table of jobs says, a minute more or less."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        job = job_named(name)
        assert job is not None
        await store.put(name, tenant_id, [job.keep + MINUTE, job.keep - MINUTE, timedelta(0)])

        assert await store.remove(name, tenant_id) == 1
        assert await store.count(name, tenant_id) == 2
        assert await store.remove(name, tenant_id) == 0

    play(world, scenario)


@pytest.mark.parametrize(
    "joins",
    ["", "enable_hashjoin=off&enable_mergejoin=off&enable_hashagg=off&enable_sort=off"],
    ids=["as it likes", "nested loops"],
)
@EVERY_REMOVAL
def test_the_oldest_go_first_and_no_more_than_asked_for(world: World, name: str, joins: str) -> None:
    """A batch is a batch, however the planner carries it out: it has other ideas as soon as it knows a table's size."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        await store.put(name, tenant_id, [timedelta(days=500 - number) for number in range(5)])
        assert [await store.remove(name, tenant_id, most=2) for _ in range(4)] == [2, 2, 1, 0]

    play(world, scenario, planner=joins)


@EVERY_REMOVAL
def test_a_step_touches_one_tenant(world: World, name: str) -> None:
    """Another one's old rows are not its business, and go at that one's turn."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        other = TenantId(f"tnt_{ULID()}")
        await store.put(name, tenant_id, [timedelta(days=500)])
        await store.put(name, other, [timedelta(days=500)] * 2)

        assert await store.remove(name, tenant_id) == 1
        assert await store.count(name, other) == 2

    play(world, scenario)


@EVERY_REMOVAL
def test_a_run_that_is_cut_off_leaves_each_batch_whole(world: World, name: str) -> None:
    """A second one meanwhile takes what the first has not in hand; the first dies, and its rows are there again."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        await store.put(name, tenant_id, [timedelta(days=500 + number) for number in range(6)])
        job = job_named(name)
        assert job is not None
        first = await asyncpg.connect(store.world.postgres["worker"])
        await first.execute("set search_path to bff_backoffice")
        await first.execute("begin")
        await first.execute("select set_config('app.tenant_id', $1, true)", tenant_id)
        locked = f"select 1 from {ROWS[name][0]} where tenant_id = $1 limit 4 for update"  # noqa: S608 - of this page
        await first.fetch(locked, tenant_id)

        assert await store.remove(name, tenant_id) == 2
        pid = first.get_server_pid()
        first.terminate()
        while await store.owner(tenant_id, "select 1 from pg_stat_activity where pid = $1", pid):
            pass

        assert await store.remove(name, tenant_id) == 4
        assert await store.count(name, tenant_id) == 0

    play(world, scenario)


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"spent-keys", "parked-messages"}))
def test_whoever_leaves_something_is_on_the_list_of_tenants(world: World, name: str) -> None:
    """Nobody sees across tenants, so upkeep would never learn of a tenant that is not on it."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        assert tenant_id not in await store.upkeep.tenants()
        await store.put(name, tenant_id, [timedelta(0)])
        assert tenant_id in await store.upkeep.tenants()

    play(world, scenario)


def test_every_job_that_removes_rows_is_tested_here() -> None:
    """A new one can't be forgotten: the removals are those of this page, and jobs of the table."""
    database: Any = None
    assert set(PostgresUpkeep(database).removals()) == set(ROWS)
    assert set(ROWS) < {job.name for job in JOBS}


async def partitions(store: Store, parent: str) -> set[str]:
    """The names of a log's partitions."""
    rows = await store.owner(
        "*", "select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass", parent
    )
    return {row["name"].removeprefix("bff_backoffice.") for row in rows}


@pytest.mark.parametrize("log", ["ai_decision_log", "alert_ack_log", "mutation_audit", "lock_action_proxy_audit"])
def test_a_year_of_a_regulated_log_is_prepared_kept_and_archived(world: World, log: str) -> None:
    """A missing year of the next ones is made; one over for seven years and a quarter is archived and not dropped."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        (now,) = await store.owner("*", "select extract(year from clock_timestamp())::int as year")
        coming, kept, old = f"{log}_{now['year'] + 2}", f"{log}_{now['year'] - 7}", f"{log}_{now['year'] - 9}"
        await store.owner("*", f"drop table {coming}")
        for name in (kept, old):
            await _make_year(store, log, name)
        made = await store.upkeep.keep_logs()
        try:
            assert made == 2
            there = await partitions(store, log)
            assert {coming, kept, f"{log}_{now['year']}"} <= there
            assert old not in there
            (archived,) = await store.owner(
                tenant_id, "select relrowsecurity and relforcerowsecurity as safe from pg_class where relname = $1",
                f"archived_{old}",
            )  # fmt: skip
            assert archived["safe"]
            assert await store.upkeep.keep_logs() == 0
        finally:
            await store.owner("*", f"drop table archived_{old}, {kept}")

    play(world, scenario)


async def _make_year(store: Store, log: str, name: str) -> None:
    prefix = {"ai_decision_log": "sug_", "alert_ack_log": "ntf_", "mutation_audit": "mau_"}.get(log, "lap_")
    year = int(name[-4:])
    bounds = [
        row["letters"]
        for row in await store.owner(
            "*",
            "select $1 || beginning_of_ulids(make_timestamptz(each, 1, 1, 0, 0, 0, 'UTC')) as letters"
            " from unnest($2::int[]) as each",
            prefix, [year, year + 1],
        )
    ]  # fmt: skip
    await store.owner("*", f"create table {name} partition of {log} for values from ('{bounds[0]}') to ('{bounds[1]}')")
    await store.owner("*", f"alter table {name} enable row level security")
    await store.owner("*", f"alter table {name} force row level security")
    policy = (
        "using (tenant_id = current_setting('app.tenant_id')) with check (tenant_id = current_setting('app.tenant_id'))"
    )
    await store.owner("*", f"create policy {name}_tenant_isolation on {name} {policy}")


def test_a_log_that_is_busy_is_looked_after_later(world: World) -> None:
    """Upkeep waits a second at most, so that nobody who writes down what was done waits for long behind it."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        (now,) = await store.owner("*", "select extract(year from clock_timestamp())::int as year")
        await store.owner("*", f"drop table alert_ack_log_{now['year'] + 2}")
        writer = await asyncpg.connect(store.world.postgres["app"])
        try:
            async with writer.transaction():
                await writer.execute("select set_config('app.tenant_id', $1, true)", tenant_id)
                await writer.fetch("select * from bff_backoffice.alert_ack_log")
                with pytest.raises(StoreUnavailableError):
                    await store.upkeep.keep_logs()
        finally:
            await writer.close()
        assert await store.upkeep.keep_logs() == 1

    play(world, scenario)


def test_jobs_are_taken_by_one_asked_for_by_anybody_and_let_go(world: World) -> None:
    """The application asks, one of many workers takes, and a job that is done is not due before its time."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        name = f"job-of-{tenant_id}"
        runs = PostgresJobRuns(store.database)
        await runs.announce([name])
        await runs.announce([name])

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(runs.take([name], LEASE)) for _ in range(8)]
        assert sorted(task.result() or "" for task in tasks) == [""] * 7 + [name]
        await runs.succeeded(name, rows=3, again_in=timedelta(hours=1))
        assert await runs.take([name], LEASE) is None

        async with Database.open(store.world.postgres["app"], size=1, **PATIENT) as app:
            await PostgresJobRuns(app).ask_for(name)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await PostgresJobRuns(app).take([name], LEASE)
        assert await runs.take([name], LEASE) == name
        assert await runs.take([name], LEASE) is None
        await runs.failed(name, "away", again_in=timedelta(0))
        (state,) = [each for each in await runs.states() if each.name == name]
        assert (state.failure, state.succeeded_at is not None) == ("away", True)
        await store.owner("*", "delete from job_runs where name = $1", name)

    play(world, scenario)


def test_a_job_whose_worker_died_is_free_when_its_lease_ends(world: World) -> None:
    """And not before."""

    async def scenario(store: Store, tenant_id: TenantId) -> None:
        name = f"job-of-{tenant_id}"
        runs = PostgresJobRuns(store.database)
        await runs.announce([name])
        assert await runs.take([name], LEASE) == name
        assert await runs.take([name], LEASE) is None
        await store.owner("*", "update job_runs set lease_until = clock_timestamp() where name = $1", name)
        assert await runs.take([name], LEASE) == name
        await store.owner("*", "delete from job_runs where name = $1", name)

    play(world, scenario)


def test_the_worlds_worker_has_run_every_job(world: World) -> None:
    """At its start, and without a failure; whoever asks for one gets a run that began after the asking."""

    async def scenario(store: Store, _tenant_id: TenantId) -> None:
        runs = PostgresJobRuns(store.database)
        names, done = {job.name for job in JOBS}, set[str]()
        while not done >= names:
            done = {each.name for each in await runs.states() if each.succeeded_at}
        assert not [each.failure for each in await runs.states() if each.failure]
        asked = await RequestJob(runs=runs)("preferences-mirror")
        assert asked is not None
        ended = asked.at
        while ended <= asked.at:
            (ended,) = [each.succeeded_at or asked.at for each in await runs.states() if each.name == asked.job.name]

    play(world, scenario)
