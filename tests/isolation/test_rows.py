"""Cross-tenant reads and writes fail in Postgres itself, whatever the service's code would ask for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import Database
from tests.isolation.stores import Stores
from tests.isolation.tables import SCHEMA, may, owned_tables, rows_of_each, some_row
from tests.stored import PATIENT

OURS, THEIRS = (TenantId.parse(f"tnt_{ULID()}") for _ in range(2))
TENANT = "select set_config('app.tenant_id', $1, true)"
REMEMBERED = "select coalesce(current_setting('app.tenant_id', true), '')"

EVERY_ROLE = pytest.mark.parametrize("role", ["owner", "app", "worker"])
"""The owner first, who may touch every table and partition: what is wrong anywhere is soonest seen by him."""


@asynccontextmanager
async def a_row_of_theirs(stores: Stores) -> AsyncIterator[dict[str, int]]:
    """One row of the other tenant in every table that stores rows, gone afterwards: how many each owned table shows."""
    owner = await asyncpg.connect(stores.postgres["owner"])
    rows = await rows_of_each(owner)
    assert set(rows) == set(await owned_tables(owner))
    leaves = await owner.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = $1::regnamespace", SCHEMA
    )
    stored = sorted({leaf["relname"] for leaf in leaves} & set(rows))
    try:
        for table in stored:
            row = await some_row(owner, table, THEIRS)
            marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            async with owner.transaction():
                await owner.execute(TENANT, THEIRS)
                await owner.execute(
                    f"insert into {SCHEMA}.{table} ({', '.join(row)}) values ({marks})",  # noqa: S608 - of the catalogue
                    *row.values(),
                )
        yield dict(rows)
    finally:
        for table in stored:
            async with owner.transaction():
                await owner.execute(TENANT, THEIRS)
                await owner.execute(f"delete from {SCHEMA}.{table}")  # noqa: S608 - a name of the catalogue
        await owner.close()


async def as_us(
    stores: Stores, role: str, statement: str, *values: Any, tenant: TenantId = OURS, only_try: bool = False
) -> list[asyncpg.Record]:
    """What a statement gives in a transaction of our tenant, under this role; taken back where it is only tried."""
    connection = await asyncpg.connect(stores.postgres[role])
    try:
        async with connection.transaction():
            await connection.execute(TENANT, tenant)
            tried = connection.transaction()
            await tried.start()
            found = list(await connection.fetch(statement, *values))
            await (tried.rollback() if only_try else tried.commit())
        return found
    finally:
        await connection.close()


async def allowed(stores: Stores, role: str, table: str, privilege: str) -> bool:
    """Whether the role may do this to the table at all, whoever's rows."""
    connection = await asyncpg.connect(stores.postgres[role])
    try:
        return await may(connection, table, privilege)
    finally:
        await connection.close()


def for_every_table(
    stores: Stores, check: Callable[[str, int], Awaitable[None]], *, role: str = "owner", privilege: str = "select"
) -> None:
    """Check each owned table that the role may touch like this, while the other tenant has so many rows in it."""

    async def main() -> None:
        async with a_row_of_theirs(stores) as tables:
            checked = [table for table in tables if await allowed(stores, role, table, privilege)]
            assert checked
            for table in checked:
                await check(table, tables[table])

    asyncio.run(main())


@EVERY_ROLE
def test_a_tenant_sees_no_row_of_another(stores: Stores, role: str) -> None:
    """Neither rows nor their number, also when it asks for the other tenant by name."""

    async def check(table: str, _rows: int) -> None:
        every = await as_us(stores, role, f"select * from {SCHEMA}.{table}")  # noqa: S608 - a name of the catalogue
        named = await as_us(stores, role, f"select 1 from {SCHEMA}.{table} where tenant_id = $1", THEIRS)  # noqa: S608 - the same
        assert (every, named) == ([], []), table

    for_every_table(stores, check, role=role)


@EVERY_ROLE
def test_a_table_that_a_role_may_not_read_is_closed_to_it(stores: Stores, role: str) -> None:
    """Whoever names a partition, and not the table that it is a part of, has no way around that table's policy."""

    async def check(table: str, _rows: int) -> None:
        if not await allowed(stores, role, table, "select"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await as_us(stores, role, f"select * from {SCHEMA}.{table}", tenant=THEIRS)  # noqa: S608 - of the catalogue

    for_every_table(stores, check)


@EVERY_ROLE
def test_the_row_is_there_for_its_own_tenant(stores: Stores, role: str) -> None:
    """What the tests of this page do not see, exists: they can't pass on empty tables."""

    async def check(table: str, expected: int) -> None:
        rows = await as_us(stores, role, f"select * from {SCHEMA}.{table}", tenant=THEIRS)  # noqa: S608 - of the catalogue
        assert len(rows) == expected, table

    for_every_table(stores, check, role=role)


@EVERY_ROLE
def test_a_tenant_writes_no_row_for_another(stores: Stores, role: str) -> None:
    """An insert under another's name is refused by the policy, or by the lack of any right to insert."""

    async def check(table: str, _rows: int) -> None:
        owner = await asyncpg.connect(stores.postgres["owner"])
        row = await some_row(owner, table, THEIRS)
        await owner.close()
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        insert = f"insert into {SCHEMA}.{table} ({', '.join(row)}) values ({marks})"  # noqa: S608 - of the catalogue
        try:
            await as_us(stores, role, insert, *row.values())
        except asyncpg.InsufficientPrivilegeError:
            return
        except asyncpg.IntegrityConstraintViolationError as error:
            pytest.fail(f"{table}: nothing but the table's own keys stopped it: {error}")
        pytest.fail(f"{table} took the row")

    for_every_table(stores, check)


@EVERY_ROLE
def test_a_tenant_changes_and_deletes_no_row_of_another(stores: Stores, role: str) -> None:
    """The statement hits nothing, or the role has no right to it at all."""

    async def check(table: str, _rows: int) -> None:
        for statement in (
            f"update {SCHEMA}.{table} set tenant_id = '{OURS}' returning 1",  # noqa: S608 - names of the catalogue
            f"delete from {SCHEMA}.{table} returning 1",  # noqa: S608 - the same
            f"delete from {SCHEMA}.{table} where tenant_id = '{THEIRS}' returning 1",  # noqa: S608 - the same
        ):
            try:
                assert await as_us(stores, role, statement) == [], statement
            except asyncpg.InsufficientPrivilegeError:
                continue

    for_every_table(stores, check)


def test_a_tenant_gives_no_row_of_its_own_to_another(stores: Stores) -> None:
    """An update that would move a row to another tenant is refused by the policy, or by the lack of any right to it."""

    async def check(table: str, _rows: int) -> None:
        statement = f"update {SCHEMA}.{table} set tenant_id = $1"  # noqa: S608 - a name of the catalogue
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"row-level security|permission denied"):
            await as_us(stores, "app", statement, OURS, tenant=THEIRS)

    for_every_table(stores, check, role="app", privilege="update")


def test_two_tenants_may_have_rows_of_one_key(stores: Stores) -> None:
    """A refusal would tell one tenant what the other has; and an upsert would reach for the other's row."""

    async def check(table: str, _rows: int) -> None:
        owner = await asyncpg.connect(stores.postgres["owner"])
        try:
            row = await some_row(owner, table, OURS)
        finally:
            await owner.close()
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        insert = f"insert into {SCHEMA}.{table} ({', '.join(row)}) values ({marks}) returning 1"  # noqa: S608 - of the catalogue
        try:
            taken = await as_us(stores, "owner", insert, *row.values(), only_try=True)
        except asyncpg.UniqueViolationError as error:
            pytest.fail(f"{table}: {error}")
        assert len(taken) == 1, table

    for_every_table(stores, check)


@EVERY_ROLE
def test_without_a_tenant_a_connection_fails_loudly(stores: Stores, role: str) -> None:
    """A statement outside any tenant is an error and not an empty answer."""

    async def check(table: str, _rows: int) -> None:
        connection = await asyncpg.connect(stores.postgres[role])
        try:
            with pytest.raises(asyncpg.UndefinedObjectError, match=r"app\.tenant_id"):
                await connection.fetch(f"select * from {SCHEMA}.{table}")  # noqa: S608 - a name of the catalogue
        finally:
            await connection.close()

    for_every_table(stores, check, role=role)


# The pool -------------------------------------------------------------------------------------------------------------


def with_pool(stores: Stores, scenario: Callable[[Database], Awaitable[None]], *, size: int = 1) -> None:
    """Run over a pool of the application role: one connection, so that everybody gets the same."""

    async def main() -> None:
        async with Database.open(stores.postgres["app"], size=size, **PATIENT) as database, asyncio.timeout(20):
            await scenario(database)

    asyncio.run(main())


async def nobody_is_remembered(database: Database) -> None:
    """Check that the pool's connection belongs to nobody, and that nobody's rows can be had with it."""
    async with database._pool.acquire() as connection:
        assert await connection.fetchval(REMEMBERED) == ""
        assert await connection.fetch("select * from revoked_sessions") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(
                "insert into revoked_sessions (tenant_id, session_id, reason, expires_at)"
                " values ($1, 'ses', 'test', now())",
                THEIRS,
            )


def test_a_pooled_connection_does_not_remember_its_tenant(stores: Stores) -> None:
    """The tenant is gone with its transaction; what comes next belongs to nobody until it says to whom."""

    async def scenario(database: Database) -> None:
        async with database.transaction(OURS) as connection:
            assert await connection.fetchval(REMEMBERED) == OURS
        await nobody_is_remembered(database)

    with_pool(stores, scenario)


def test_the_tenant_is_gone_with_its_transaction_already(stores: Stores) -> None:
    """Before the pool cleans the connection up: a pooler between service and server would not do that for us."""
    left: list[str] = []

    async def look(connection: asyncpg.Connection) -> None:
        left.append(await connection.fetchval(REMEMBERED))

    async def main() -> None:
        pool = asyncpg.create_pool(stores.postgres["app"], min_size=0, max_size=1, reset=look)
        async with pool, asyncio.timeout(20):
            database = Database(pool)
            async with database.transaction(OURS) as connection:
                assert await connection.fetchval(REMEMBERED) == OURS
            with pytest.raises(ZeroDivisionError):
                async with database.transaction(THEIRS):
                    raise ZeroDivisionError

    asyncio.run(main())
    assert left == ["", ""]


def test_a_tenant_is_a_text_and_never_a_statement(stores: Stores) -> None:
    """Whatever a tenant were called, even past the check of its form: it is compared, and not carried out."""
    other = f"x', true), set_config('app.tenant_id', '{THEIRS}"

    async def scenario(database: Database) -> None:
        async with database.transaction(TenantId(other)) as connection:
            assert await connection.fetchval(REMEMBERED) == other

    with_pool(stores, scenario)


def test_a_failed_transaction_leaves_no_tenant_behind(stores: Stores) -> None:
    """A statement that Postgres refuses, and an exception of our own, both end the tenant with the transaction."""

    async def scenario(database: Database) -> None:
        with pytest.raises(asyncpg.UndefinedTableError):
            async with database.transaction(OURS) as connection:
                await connection.execute("select * from no_such_table")
        await nobody_is_remembered(database)
        with pytest.raises(ZeroDivisionError):
            async with database.transaction(OURS):
                raise ZeroDivisionError
        await nobody_is_remembered(database)

    with_pool(stores, scenario)


def test_a_cancelled_transaction_leaves_no_tenant_behind(stores: Stores) -> None:
    """A client that goes away in the middle of a statement."""

    async def scenario(database: Database) -> None:
        running = asyncio.Event()

        async def slow() -> None:
            async with database.transaction(OURS) as connection:
                running.set()
                await connection.execute("select pg_sleep(1.5)")

        for _ in range(3):
            running.clear()
            async with asyncio.TaskGroup() as group:
                task = group.create_task(slow())
                await running.wait()
                task.cancel()
            await nobody_is_remembered(database)

    with_pool(stores, scenario)


def test_a_statement_that_took_too_long_leaves_no_tenant_behind(stores: Stores) -> None:
    """The pool gives up on it, says that the store is not available, and the connection is nobody's again."""

    async def scenario(database: Database) -> None:
        with pytest.raises(StoreUnavailableError):
            async with database.transaction(OURS) as connection:
                await connection.execute("select pg_sleep(10)", timeout=0.1)
        await nobody_is_remembered(database)

    with_pool(stores, scenario)


def test_tenants_that_take_turns_on_few_connections_see_themselves_only(stores: Stores) -> None:
    """Sixty transactions of six tenants over two connections: each knows its own tenant, before and after a pause."""
    tenants = [TenantId.parse(f"tnt_{ULID()}") for _ in range(6)]

    async def scenario(database: Database) -> None:
        seen: list[bool] = []

        async def turn(tenant: TenantId) -> None:
            async with database.transaction(tenant) as connection:
                before = await connection.fetchval(REMEMBERED)
                await connection.execute("select pg_sleep(0.001)")
                after = await connection.fetchval(REMEMBERED)
            seen.append(before == after == tenant)

        for _ in range(10):
            async with asyncio.TaskGroup() as group:
                for tenant in tenants:
                    group.create_task(turn(tenant))
        assert seen == [True] * 60

    with_pool(stores, scenario, size=2)
