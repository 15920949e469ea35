"""The protections that Postgres's own catalogue tells: all of each owned table, and of each role that serves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import asyncpg

from drills.protections.listed import CATALOGUE, ROWS, Protection, Statements
from tests.isolation.tables import SCHEMA, SERVICE_ROLES, WITHOUT_TENANT

__all__ = ["of_the_schema"]

_READ: Final = "::test_a_tenant_sees_no_row_of_another"
_WRITTEN: Final = "::test_a_tenant_writes_no_row_for_another"
_UNNAMED: Final = "::test_without_a_tenant_a_connection_fails_loudly"
_TWICE: Final = "::test_two_tenants_may_have_rows_of_one_key"


def _both(first: str) -> tuple[tuple[str, ...], ...]:
    """The catalogue must miss it, and so must the rows; the latter probably in this test."""
    return (CATALOGUE,), (ROWS + first, ROWS)


_TENANT: Final = "tenant_id = current_setting('app.tenant_id')"
_QUIET: Final = "tenant_id = current_setting('app.tenant_id', true)"

_SETS: Final = re.compile(r"perform set_config\('app\.tenant_id', [^()]*, true\)")

_TABLES: Final = """
select c.relname as name, coalesce(p.relname, c.relname) as family, i.inhrelid is not null as partition,
       array(select policyname::text from pg_policies where schemaname = $1 and tablename = c.relname) as policies,
       (select conname from pg_constraint where conrelid = c.oid and contype = 'p') as key,
       (select array_agg(quote_ident(attname) order by place) from pg_constraint k, unnest(k.conkey) with ordinality as
         u (number, place) join pg_attribute a on a.attrelid = c.oid and a.attnum = u.number
         where k.conrelid = c.oid and k.contype = 'p' and a.attname <> 'tenant_id') as rest,
       c.relkind = 'p' as partitioned
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent
where n.nspname = $1 and c.relkind in ('r', 'p') and c.relname <> all ($2) order by family, c.relname
"""

_FUNCTIONS: Final = """
select p.oid::regprocedure::text as name, p.proname as short, p.prosecdef as definer,
       pg_get_functiondef(p.oid) as source
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 order by 1
"""


async def of_the_schema(connection: asyncpg.Connection) -> list[Protection]:
    """Everything to remove, in an order that does not change: tables, then functions, then roles."""
    found: list[Protection] = []
    for row in await connection.fetch(_TABLES, SCHEMA, list(WITHOUT_TENANT)):
        found += _of_table(row)
    for row in await connection.fetch(_FUNCTIONS, SCHEMA):
        found += [*_of_function(row), *_of_settings(row)]
    for role in SERVICE_ROLES:
        found += _of_role(role)
    return found


def _of_table(row: asyncpg.Record) -> Iterable[Protection]:
    name, table = row["name"], f"{SCHEMA}.{row['name']}"
    group = f"table `{row['family']}`" + (" and its partitions" if row["partition"] or row["partitioned"] else "")

    def one(what: str, statement: str, suites: tuple[tuple[str, ...], ...]) -> Protection:
        return Protection(name=f"{what} {name}", group=group, removal=Statements((statement,)), suites=suites)

    yield one("enable", f"alter table {table} disable row level security", _both(_READ))
    yield one("force", f"alter table {table} no force row level security", _both(_READ))
    for policy in row["policies"]:
        yield one("using", f"alter policy {policy} on {table} using (true)", _both(_READ))
        yield one("check", f"alter policy {policy} on {table} with check (true)", _both(_WRITTEN))
        yield one("loud", f"alter policy {policy} on {table} using ({_QUIET}) with check ({_TENANT})", _both(_UNNAMED))
    if row["rest"] and not row["partition"]:
        rest = ", ".join(row["rest"])
        yield one("key", f"alter table {table} drop constraint {row['key']}, add primary key ({rest})", _both(_TWICE))
    for role in SERVICE_ROLES:
        yield one(f"truncate-{role}", f"grant truncate on {table} to {role}", ((CATALOGUE,),))


def _of_function(row: asyncpg.Record) -> Iterable[Protection]:
    def one(what: str, statement: str) -> Protection:
        return Protection(
            name=f"{what} {row['short']}", group="functions", removal=Statements((statement,)), suites=((CATALOGUE,),)
        )

    if row["definer"]:
        yield one("search-path", f"alter function {row['name']} reset search_path")
        yield one("not-everybodys", f"grant execute on function {row['name']} to public")
    else:
        yield one("invoker", f"alter function {row['name']} security definer")


def _of_settings(row: asyncpg.Record) -> Iterable[Protection]:
    """A function that sets a tenant does so for its transaction alone, each time; and gives back the one that was."""
    times = list(_SETS.finditer(row["source"]))
    for number, found in enumerate(times, start=1):
        text = row["source"][: found.end() - len("true)")] + "false)" + row["source"][found.end() :]
        yield Protection(
            name=f"local-{number} {row['short']}", group="functions", removal=Statements((text,)),
            suites=(("test_functions.py",),),
        )  # fmt: skip
    if len(times) > 1:
        begin, end = times[-1].span()
        text = row["source"][:begin] + "perform true" + row["source"][end:]
        yield Protection(
            name=f"given-back {row['short']}", group="functions", removal=Statements((text,)),
            suites=(("test_functions.py",),),
        )  # fmt: skip


def _of_role(role: str) -> Iterable[Protection]:
    def one(what: str, do: str, undo: str = "", *, rows: bool = False) -> Protection:
        return Protection(
            name=f"{what} {role}", group=f"role `{role}`", removal=Statements((do,), (undo,) if undo else ()),
            suites=_both(_READ) if rows else ((CATALOGUE,),),
        )  # fmt: skip

    yield one("nobypassrls", f"alter role {role} bypassrls", f"alter role {role} nobypassrls", rows=True)
    yield one("nosuperuser", f"alter role {role} superuser", f"alter role {role} nosuperuser", rows=True)
    yield one("nocreaterole", f"alter role {role} createrole", f"alter role {role} nocreaterole")
    yield one("nocreatedb", f"alter role {role} createdb", f"alter role {role} nocreatedb")
    yield one("noreplication", f"alter role {role} replication", f"alter role {role} noreplication")
    yield one("no-member", f"grant bff_owner to {role}", f"revoke bff_owner from {role}")
    yield one("no-owner", f"alter table {SCHEMA}.revoked_sessions owner to {role}")
    yield one("no-create", f"grant create on schema {SCHEMA} to {role}")
