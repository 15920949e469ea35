"""Every owned table is under row-level security that nobody who serves requests can get around."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from tests.isolation.stores import Stores
from tests.isolation.tables import SERVICE_ROLES, owned_tables, violations

Ask = Callable[[asyncpg.Connection], Awaitable[Any]]

NO_SECURITY = "create table bff_backoffice.sample (tenant_id text not null, word text)"
ENABLED = "alter table bff_backoffice.sample enable row level security"
FORCED = "alter table bff_backoffice.sample force row level security"
USING = "using (tenant_id = current_setting('app.tenant_id'))"
CHECK = "with check (tenant_id = current_setting('app.tenant_id'))"
POLICY = f"create policy sample_isolation on bff_backoffice.sample {USING} {CHECK}"
KEYED = "create table bff_backoffice.sample (tenant_id text not null, word text, primary key (word, tenant_id))"
PARTITIONED = "create table bff_backoffice.sample (tenant_id text not null, day date) partition by range (day)"
PARTITION = (
    "create table bff_backoffice.sample_2026 partition of bff_backoffice.sample"
    " for values from ('2026-01-01') to ('2027-01-01')"
)
OPEN_VIEW = "create view bff_backoffice.sample_view as select tenant_id from bff_backoffice.revoked_sessions"
DEFINER = (
    "create function bff_backoffice.sample_all() returns bigint language sql security definer as 'select 1::bigint'"
)


def ask(dsn: str, question: Ask) -> Any:
    """Put a question to the database over a connection of its own."""

    async def main() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(main())


def test_no_owned_table_lets_a_tenant_see_another(stores: Stores) -> None:
    """tenant_id, enabled and forced row-level security, policies for everyone that read and write by tenant."""
    assert ask(stores.postgres["owner"], violations) == []
    assert ask(stores.postgres["owner"], owned_tables), "the discovery finds the tables at all"


@pytest.mark.parametrize(
    ("statements", "complaint"),
    [
        ((NO_SECURITY, POLICY), "sample has no row-level security"),
        ((NO_SECURITY, ENABLED, POLICY), "sample does not force row-level security on its owner"),
        ((NO_SECURITY, ENABLED, FORCED), "sample has no policy"),
        (
            ("create table bff_backoffice.sample (word text)", ENABLED, FORCED),
            "sample has no tenant_id that is always set",
        ),
        (
            ("create table bff_backoffice.sample (tenant_id text)", ENABLED, FORCED, POLICY),
            "sample has no tenant_id that is always set",
        ),
        (
            (NO_SECURITY, ENABLED, FORCED, f"create policy p on bff_backoffice.sample {USING}"),
            "sample takes rows by None",
        ),
        (
            (NO_SECURITY, ENABLED, FORCED, f"create policy p on bff_backoffice.sample to bff_app {USING} {CHECK}"),
            "sample has a policy for bff_app only",
        ),
        (
            (NO_SECURITY, ENABLED, FORCED, f"create policy p on bff_backoffice.sample for select {USING}"),
            "sample has a policy for SELECT only",
        ),
        (
            (NO_SECURITY, ENABLED, FORCED, POLICY, f"create policy p on bff_backoffice.sample using (true) {CHECK}"),
            "sample shows rows by true",
        ),
        ((PARTITIONED, ENABLED, FORCED, POLICY, PARTITION), "sample_2026 has no row-level security"),
        ((NO_SECURITY,), "sample has no primary key"),
        ((KEYED, ENABLED, FORCED, POLICY), "sample has a key of word, tenant_id that does not begin with the tenant"),
        (
            (NO_SECURITY, "create unique index on bff_backoffice.sample (word)"),
            "sample has a key of word that does not begin with the tenant",
        ),
        (
            (NO_SECURITY, "grant truncate on bff_backoffice.sample to bff_worker"),
            "sample gives bff_worker the right to truncate",
        ),
        ((DEFINER,), "sample_all runs as its owner and looks wherever its caller says"),
        ((DEFINER,), "sample_all runs as its owner for everybody"),
        ((OPEN_VIEW,), "sample_view is no table; a view reads with its owner's eyes"),
        ((DEFINER,), "sample_all runs as its owner"),
    ],
)
def test_a_table_that_is_not_safe_would_be_found(stores: Stores, statements: tuple[str, ...], complaint: str) -> None:
    """The discovery above sees each way in which a careless migration could open a table."""

    async def with_a_careless_migration(connection: asyncpg.Connection) -> list[str]:
        transaction = connection.transaction()
        await transaction.start()
        try:
            for statement in statements:
                await connection.execute(statement)
            return await violations(connection)
        finally:
            await transaction.rollback()

    assert complaint in ask(stores.postgres["owner"], with_a_careless_migration)


@pytest.mark.parametrize("role", SERVICE_ROLES)
def test_the_services_roles_can_not_become_anyone_else(stores: Stores, role: str) -> None:
    """No superuser, no bypass, no ownership, no membership in a role that has any of these, no schema of its own."""

    async def powers(connection: asyncpg.Connection) -> Any:
        return await connection.fetchrow(
            """
            select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
                   (select count(*) > 0 from pg_auth_members m where m.member = r.oid) as member_of_another,
                   (select count(*) > 0 from pg_class c where c.relowner = r.oid) as owns_tables,
                   has_schema_privilege(r.oid, 'bff_backoffice', 'create') as creates_tables
            from pg_roles r where rolname = $1
            """,
            role,
        )

    found = dict(ask(stores.postgres["owner"], powers))

    assert {name for name, has in found.items() if has} == set()


@pytest.mark.parametrize("role", ["app", "worker"])
def test_the_services_roles_can_not_change_a_table(stores: Stores, role: str) -> None:
    """Neither row-level security nor a policy nor the table itself; and nobody empties a table around its policy."""

    async def attempts(connection: asyncpg.Connection) -> list[str]:
        succeeded = []
        for table in await owned_tables(connection):
            for statement in (
                f"alter table bff_backoffice.{table} disable row level security",
                f"alter table bff_backoffice.{table} no force row level security",
                f"drop policy {table}_tenant_isolation on bff_backoffice.{table}",
                f"create policy everybody on bff_backoffice.{table} using (true)",
                f"truncate bff_backoffice.{table}",
            ):
                try:
                    async with connection.transaction():
                        await connection.execute(statement)
                except asyncpg.InsufficientPrivilegeError:
                    continue
                succeeded.append(statement)
        return succeeded

    assert ask(stores.postgres[role], attempts) == []
