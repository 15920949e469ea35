"""What sets a tenant inside Postgres does so for its transaction alone, and gives back the one that was set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.outbox import Message
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database
from tests.isolation.stores import Stores
from tests.isolation.tables import SCHEMA, some_row
from tests.stored import PATIENT

OURS = TenantId.parse(f"tnt_{ULID()}")
TENANT = "select set_config('app.tenant_id', $1, true)"
REMEMBERED = "select coalesce(current_setting('app.tenant_id', true), '')"
SETS_A_TENANT = """
select distinct p.proname as function, c.relname as table,
       case t.tgtype & 2 when 2 then 'before' else 'after' end as time
from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and not c.relispartition and p.prosrc like '%set_config(''app.tenant_id''%' order by 1, 2
"""
LISTS = "select 1 from bff_backoffice.outbox_tenants union all select 1 from bff_backoffice.parked_event_tenants"


def with_pool(dsn: str, scenario: Callable[[Database], Awaitable[None]]) -> None:
    """Run over a pool of one connection."""

    async def main() -> None:
        async with Database.open(dsn, size=1, **PATIENT) as database, asyncio.timeout(30):
            await scenario(database)

    asyncio.run(main())


def watched(dsn: str, left: list[str]) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of one connection, and what each transaction leaves there as the tenant."""

    async def look(connection: asyncpg.Connection) -> None:
        left.append(await connection.fetchval("select current_setting('app.tenant_id', true)"))

    settings = {"search_path": SCHEMA}
    return asyncpg.create_pool(dsn, min_size=0, max_size=1, reset=look, server_settings=settings)


async def left_by(stores: Stores, function: str, table: str, time: str) -> tuple[str, bool, str]:
    """The tenant of a transaction after the trigger, whether it sees the platform's lists, and the next one's tenant.

    The trigger is alone at a table like its own: where a table has two, the second one would make up for the first.
    """
    connection = await asyncpg.connect(stores.postgres["owner"], timeout=30)
    try:
        row = await some_row(connection, table, OURS)
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await connection.execute(
            f"create temp table sample (like {SCHEMA}.{table} including defaults);"
            f"create trigger alone {time} insert on sample for each row execute function {SCHEMA}.{function}()"
        )
        async with connection.transaction():
            await connection.execute(TENANT, OURS)
            await connection.execute(f"insert into sample ({', '.join(row)}) values ({marks})", *row.values())  # noqa: S608 - of the catalogue
            within, sees = await connection.fetchval(REMEMBERED), bool(await connection.fetch(LISTS))
        return within, sees, await connection.fetchval(REMEMBERED)
    finally:
        await connection.close()


def test_a_row_that_names_its_tenant_leaves_its_connection_with_its_tenant(stores: Stores) -> None:
    """Every trigger that sets a tenant: neither this transaction's tenant nor the next's is another one."""

    async def main() -> dict[str, tuple[str, bool, str]]:
        owner = await asyncpg.connect(stores.postgres["owner"], timeout=30)
        try:
            triggers = await owner.fetch(SETS_A_TENANT, SCHEMA)
        finally:
            await owner.close()
        return {f"{each['function']} of {each['table']}": await left_by(stores, *each.values()) for each in triggers}

    left = asyncio.run(main())

    assert {"name_outbox_tenant of idempotency", "name_parked_event_tenant of parked_events"} <= set(left)
    assert left == dict.fromkeys(left, (OURS, False, ""))


def test_a_message_to_others_leaves_its_connection_with_its_tenant(stores: Stores) -> None:
    """The list of tenants is the platform's: writing it changes neither this transaction's tenant nor the next's."""
    message = Message(id=f"out_{ULID()}", kind="test", about="nothing", ordering_key="nothing", payload=b"{}")
    left: list[str] = []

    async def main() -> None:
        pool = watched(stores.postgres["app"], left)
        async with pool, asyncio.timeout(20), Database(pool).transaction(OURS) as connection:
            try:
                await write_messages(connection, OURS, [message])
            except asyncpg.InsufficientPrivilegeError as error:
                pytest.fail(f"the row is judged as another tenant's: {error}")
            assert await connection.fetchval("select current_setting('app.tenant_id')") == OURS
            assert await connection.fetch("select 1 from outbox_tenants") == []
            assert await connection.fetch("select 1 from outbox_keys") == []

    async def away(database: Database) -> None:
        async with database.transaction(OURS) as connection:
            await connection.execute("delete from outbox where tenant_id = $1 and id = $2", OURS, message.id)

    asyncio.run(main())
    with_pool(stores.postgres["worker"], away)
    assert left == [""]


def test_looking_at_the_outbox_of_all_leaves_the_connection_with_its_tenant(stores: Stores) -> None:
    """The lists are the platform's: who gives keys back, or counts what waits, is back where he was afterwards."""
    platform = TenantId("*")
    message = Message(id=f"out_{ULID()}", kind="test", about="nothing", ordering_key="nothing", payload=b"{}")
    left: list[str] = []

    async def main() -> None:
        pool = watched(stores.postgres["worker"], left)
        async with pool, asyncio.timeout(20):
            async with Database(pool).transaction(OURS) as connection:
                await connection.execute(
                    "select release_outbox_keys($1, 'nobody', $2, $3, $4)", OURS, ["test"], ["no-key"], [timedelta(0)]
                )
                assert await connection.fetchval("select current_setting('app.tenant_id')") == OURS
            # Somebody has something to tell, so that looking at what waits goes from tenant to tenant and back.
            async with Database(pool).transaction(platform) as connection:
                await connection.execute("select * from outbox_backlog()")
                assert await connection.fetchval("select current_setting('app.tenant_id')") == platform

    async def tells(database: Database) -> None:
        async with database.transaction(OURS) as connection:
            await write_messages(connection, OURS, [message])

    with_pool(stores.postgres["app"], tells)
    asyncio.run(main())
    assert left == ["", ""]
