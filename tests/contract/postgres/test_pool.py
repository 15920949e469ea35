"""The pool of a role: what it refuses to work with."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import BypassingRoleError, Database
from tests.stored import PATIENT, stored
from tests.worlds import World

pytestmark = pytest.mark.anyio


async def test_a_role_that_can_bypass_row_level_security_is_not_worked_with(world: World) -> None:
    """Closed by default: a service that was given the superuser's address answers nothing from the database."""
    superuser = re.sub(r"//\w+:", "//postgres:", world.postgres["app"])

    async with Database.open(superuser, size=1) as database:
        with pytest.raises(StoreUnavailableError) as refused:
            await database.ping()
        with pytest.raises(StoreUnavailableError):
            async with database.transaction(TenantId(world.tenants[0])):
                pytest.fail("a transaction began")

    assert isinstance(refused.value.__cause__, BypassingRoleError)


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_the_roles_of_the_developer_world_are_worked_with(world: World, role: str) -> None:
    """Neither can bypass anything."""
    async with Database.open(world.postgres[role], size=1, **PATIENT) as database:
        await database.ping()


@pytest.mark.parametrize("text", ["o'clock", "''); drop table outbox; --", "\\'"])
async def test_a_tenants_name_is_a_name_whatever_is_in_it(world: World, text: str) -> None:
    """It is a literal of the statement that begins a transaction, and nothing of it is carried out."""
    async with (
        Database.open(world.postgres["app"], size=1, **PATIENT) as database,
        database.transaction(TenantId(text)) as connection,
    ):
        assert await connection.fetchval("select current_setting('app.tenant_id')") == text


async def test_a_transaction_that_fails_or_is_cancelled_leaves_nothing(world: World) -> None:
    """What it wrote is gone, and the connection is as good as new for the next one."""
    mine = TenantId(f"tnt_{ULID()}")
    insert = (
        "insert into revoked_sessions (tenant_id, session_id, reason, expires_at) values ($1, 'ses', 'test', now())"
    )

    async def fail(database: Database) -> None:
        async with database.transaction(mine) as connection:
            await connection.execute(insert, mine)
            await connection.execute("select 1 / 0")

    async def hang(database: Database, begun: asyncio.Event) -> None:
        async with database.transaction(mine) as connection:
            await connection.execute(insert, mine)
            begun.set()
            await connection.execute("select pg_sleep(10)")

    async with Database.open(world.postgres["app"], size=1, **PATIENT) as database:
        with pytest.raises(asyncpg.DataError):
            await fail(database)
        begun = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(hang(database, begun))
            await begun.wait()
            task.cancel()
        async with database.transaction(mine) as connection:
            assert await connection.fetch("select * from revoked_sessions") == []
        async with database.transaction(TenantId(f"tnt_{ULID()}")) as connection:
            assert await connection.fetch("select * from revoked_sessions") == []


async def test_who_is_cancelled_as_the_server_goes_is_cancelled(world: World) -> None:
    """A server that can't be asked any more is no reason to run on: whoever works for ever would ask it again."""

    async def work(database: Database) -> None:
        async with database.transaction(TenantId(f"tnt_{ULID()}")) as connection:
            statement = f"select pg_terminate_backend({await connection.fetchval('select pg_backend_pid()')}, 10000)"
            # The loop stands still meanwhile, so that nobody here has noticed when the word comes.
            with ThreadPoolExecutor(1) as elsewhere:
                (ended,) = elsewhere.submit(stored, world, statement, role="app").result()
            assert ended == {"pg_terminate_backend": True}
            raise asyncio.CancelledError

    async with Database.open(world.postgres["app"], size=1, **PATIENT) as database:
        with pytest.raises(asyncio.CancelledError):
            await work(database)
        async with database.transaction(TenantId(f"tnt_{ULID()}")) as connection:
            assert await connection.fetchval("select 1") == 1
