"""What Postgres itself says of the owned tables: discovered and never listed, so that a new one can't be forgotten."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

__all__ = ["SCHEMA", "WITHOUT_TENANT", "may", "owned_tables", "rows_of_each", "some_row", "violations"]

SCHEMA = "bff_backoffice"

WITHOUT_TENANT = frozenset({"schema_migrations"})
"""The migration table is the only one that belongs to no tenant (contract, section 10)."""

DEFINERS = frozenset({"keep_operator_activity", "keep_regulated_logs"})
"""What runs as the owner, and reads no row: partitions are made, dropped and archived (docs/decisions/retention.md)."""

SERVICE_ROLES = ("bff_app", "bff_worker")

_DRAWN_HERE = ["id"]

_COMPARISON = "(tenant_id = current_setting('app.tenant_id'::text))"

_RELATIONS = """
select c.oid, c.relname as name, c.relkind::text as kind, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
       r.rolname as owner,
       (select a.attnotnull from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnum > 0
         and not a.attisdropped) as tenant_not_null
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') order by c.relname
"""


async def owned_tables(connection: asyncpg.Connection) -> list[str]:
    """Every table with tenants' rows, partitions included."""
    rows = await connection.fetch(_RELATIONS, SCHEMA)
    return [row["name"] for row in rows if row["kind"] in "rp" and row["name"] not in WITHOUT_TENANT]


async def rows_of_each(connection: asyncpg.Connection) -> Counter[str]:
    """How many rows every owned table has once each that stores rows itself has one: a parent shows its partitions'."""
    found: Counter[str] = Counter()
    leaves = await connection.fetch(
        "select c.oid::regclass::text as name, array(select relid::regclass::text from pg_partition_ancestors(c.oid))"
        " as ancestors from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = $1 and c.relkind = 'r'",
        SCHEMA,
    )
    for leaf in leaves:
        for name in {leaf["name"], *leaf["ancestors"]}:
            found[name.removeprefix(f"{SCHEMA}.")] += 1
    return Counter({name: rows for name, rows in found.items() if name not in WITHOUT_TENANT})


async def may(connection: asyncpg.Connection, table: str, privilege: str) -> bool:
    """Whether the role of this connection has this privilege on the table at all."""
    return bool(await connection.fetchval("select has_table_privilege($1, $2)", f"{SCHEMA}.{table}", privilege))


async def violations(connection: asyncpg.Connection) -> list[str]:
    """Everything about the schema that would let one tenant see another's rows; empty when there is nothing."""
    found: list[str] = []
    for relation in await connection.fetch(_RELATIONS, SCHEMA):
        name = relation["name"]
        if relation["owner"] in SERVICE_ROLES:
            found.append(f"{name} belongs to {relation['owner']}")
        if relation["kind"] not in "rp":
            found.append(f"{name} is no table; a view reads with its owner's eyes")
        elif name not in WITHOUT_TENANT:
            found += [f"{name} {what}" for what in await _of_table(connection, relation)]
    return [*found, *await _of_definers(connection)]


async def _of_definers(connection: asyncpg.Connection) -> list[str]:
    """What runs as its owner must be known, must look nowhere but where it says, and not be everybody's to call."""
    found = []
    definers = await connection.fetch(
        """
        select proname, has_function_privilege('public', p.oid, 'execute') as everybodys,
               coalesce(array_to_string(proconfig, ' '), '') as settings
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace where nspname = $1 and prosecdef
        """,
        SCHEMA,
    )
    for definer in definers:
        if definer["proname"] not in DEFINERS:
            found.append(f"{definer['proname']} runs as its owner")
        if "search_path=" not in definer["settings"]:
            found.append(f"{definer['proname']} runs as its owner and looks wherever its caller says")
        if definer["everybodys"]:
            found.append(f"{definer['proname']} runs as its owner for everybody")
    return found


async def _of_table(connection: asyncpg.Connection, table: asyncpg.Record) -> list[str]:
    found = []
    if table["tenant_not_null"] is not True:
        found.append("has no tenant_id that is always set")
    if not table["enabled"]:
        found.append("has no row-level security")
    if not table["forced"]:
        found.append("does not force row-level security on its owner")
    found += await _of_keys(connection, table["oid"])
    found += await _of_powers(connection, table["oid"])
    policies = await connection.fetch(
        "select policyname, roles::text[] as roles, cmd, permissive, qual, with_check from pg_policies"
        " where schemaname = $1 and tablename = $2",
        SCHEMA,
        table["name"],
    )
    if not policies:
        found.append("has no policy")
    for policy in policies:
        if policy["roles"] != ["public"]:
            found.append(f"has a policy for {', '.join(policy['roles'])} only")
        if policy["cmd"] != "ALL":
            found.append(f"has a policy for {policy['cmd']} only")
        if policy["qual"] != _COMPARISON:
            found.append(f"shows rows by {policy['qual']}")
        if policy["with_check"] != _COMPARISON:
            found.append(f"takes rows by {policy['with_check']}")
    return found


async def _of_keys(connection: asyncpg.Connection, table: int) -> list[str]:
    """A key without the tenant would tell one tenant, by refusing its row, that another has the same."""
    keys = await connection.fetch(
        """
        select i.indisprimary as main, array(
          select attname::text from unnest(i.indkey) with ordinality as k (number, place)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number order by place) as columns
        from pg_index i where i.indrelid = $1 and i.indisunique
        """,
        table,
    )
    found = [] if any(key["main"] for key in keys) else ["has no primary key"]
    # An `id` alone may be unique, since this service draws it: nobody can ask whether another has one.
    without_tenant = [
        key["columns"]
        for key in keys
        if key["columns"][0] != "tenant_id" and (key["main"] or key["columns"] != _DRAWN_HERE)
    ]
    return [*found, *(f"has a key of {', '.join(each)} that does not begin with the tenant" for each in without_tenant)]


async def _of_powers(connection: asyncpg.Connection, table: int) -> list[str]:
    """What goes around every policy: emptying a table, referring to its rows, a trigger on it."""
    powers = await connection.fetch(
        """
        select role, power from unnest($1::text[]) as role, unnest($3::text[]) as power
        where has_table_privilege(role, $2::oid, power) order by role, power
        """,
        SERVICE_ROLES,
        table,
        ("truncate", "references", "trigger"),
    )
    return [f"gives {each['role']} the right to {each['power']}" for each in powers]


async def some_row(connection: asyncpg.Connection, table: str, tenant_id: str) -> dict[str, Any]:
    """A row of the table for this tenant, with something in every column that must have something."""
    columns = await connection.fetch(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = $1 and table_name = $2 and is_nullable = 'NO' and column_default is null",
        SCHEMA,
        table,
    )
    row = {column["column_name"]: _SAMPLES[column["data_type"]] for column in columns}
    if await connection.fetchval(_UNIQUE_ID, f"{SCHEMA}.{table}"):
        row["id"] = f"isolation-test {tenant_id}"
    return {**row, **await _words(connection, table), **await _of_partition(connection, table), "tenant_id": tenant_id}


_UNIQUE_ID = """
select 1 from pg_index i join pg_attribute a on a.attrelid = i.indrelid and i.indkey::text = a.attnum::text
where i.indrelid = $1::text::regclass and i.indisunique and not i.indisprimary and a.attname = 'id'
"""


async def _words(connection: asyncpg.Connection, table: str) -> dict[str, str]:
    """A word for each column that takes none but those of a list."""
    checks = await connection.fetch(
        "select pg_get_constraintdef(oid) as said from pg_constraint where contype = 'c' and conrelid = $1::regclass",
        f"{SCHEMA}.{table}",
    )
    found = (re.search(r"\(\(?(\w+) = ANY \(+ARRAY\['([^']*)'", check["said"]) for check in checks)
    return {match[1]: match[2] for match in found if match}


async def _of_partition(connection: asyncpg.Connection, table: str) -> dict[str, Any]:
    """What a partition wants in the column by which rows come into it: where its range begins."""
    partition = await connection.fetchrow(
        """
        select pg_get_expr(c.relpartbound, c.oid) as bound, pg_get_partkeydef(i.inhparent) as key
        from pg_class c join pg_inherits i on i.inhrelid = c.oid
        where c.oid = $1::regclass and c.relispartition
        """,
        f"{SCHEMA}.{table}",
    )
    begins = partition and re.match(r"FOR VALUES FROM \('([^']+)'\)", partition["bound"])
    if partition is None:
        return {}
    column = re.fullmatch(r"RANGE \((\w+)\)", partition["key"])
    assert column, partition["key"]
    kind = await connection.fetchval(
        "select data_type from information_schema.columns"
        " where table_schema = $1 and table_name = $2 and column_name = $3",
        SCHEMA, table, column[1],
    )  # fmt: skip
    if not begins:
        # The default partition takes what no other does: a moment that nobody has prepared for yet.
        return {column[1]: _SAMPLES[kind]}
    return {column[1]: begins[1] if kind == "text" else datetime.fromisoformat(begins[1])}


_SAMPLES: dict[str, Any] = {
    "text": "isolation-test",
    "integer": 1,
    "smallint": 1,
    "bigint": 1,
    "boolean": True,
    "bytea": b"isolation-test",
    "json": '{"isolation": "test"}',
    "jsonb": '{"isolation": "test"}',
    "date": date(2099, 1, 1),
    "timestamp with time zone": datetime(2099, 1, 1, tzinfo=UTC),
}
