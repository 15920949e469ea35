"""What two tenants left behind: stores, bus, logs, metrics, upstreams; and whether any of it is in a wrong place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import asyncpg
import redis

from drills.tenants.sides import Side
from tests.isolation.residues import everything_in, without_tenant
from tests.isolation.tables import SCHEMA, owned_tables
from tests.worlds import World

__all__ = ["Residue", "residues"]

_STREAMS: Final = (b"platform:events", b"bff-backoffice:events")
"""The bus: shared by all, each entry of one tenant."""
_OWN_LOGS: Final = ("bff.log", "bff-2.log", "worker.log", "postgres.log", "valkey.log")

Residue = tuple[str, int, int, list[str]]
"""Where, how many pieces were looked at, how many hold a canary of their own tenant, and what was found amiss."""


def residues(world: World, sides: Sequence[Side]) -> list[Residue]:
    """Everything that was left, place by place."""
    client = redis.Redis.from_url(world.redis)
    try:
        found = dict(everything_in(client))
        streams = {name: client.xrange(name) for name in _STREAMS if client.exists(name)}
    finally:
        client.close()
    return [
        _of_redis(found, sides),
        _of_the_bus(streams, sides),
        asyncio.run(_of_postgres(world, sides)),
        _of_upstreams(world, sides),
        _of_text("metrics", [world.http.get(f"{world.admin}/metrics").text], sides),
        _of_text("logs", _logs(world), sides),
    ]


def _logs(world: World) -> Iterator[str]:
    folder = world.ready_file.parent / "state" / "logs"
    for name in _OWN_LOGS:
        if (folder / name).exists():
            yield (folder / name).read_text(errors="replace")


def _judged(where: str, pieces: Iterator[tuple[str, str, bytes | str]], sides: Sequence[Side]) -> Residue:
    """Pieces with their name and tenant: each may hold its own tenant's canaries and nobody else's."""
    looked_at, own, amiss = 0, 0, []
    for name, tenant, content in pieces:
        looked_at += 1
        text = content if isinstance(content, str) else content.decode(errors="replace")
        for side in sides:
            if side.id == tenant:
                own += side.stem in text
            elif leaked := side.leaked_into(f"{name} {text}", brought=True):
                amiss.append(f"{name} of {tenant}: {sorted(leaked)[:3]}")
    return where, looked_at, own, amiss


def _of_redis(found: dict[bytes, bytes], sides: Sequence[Side]) -> Residue:
    kept = ((key.decode(), _owner(key), value) for key, value in found.items() if key not in _STREAMS)
    where, looked_at, own, amiss = _judged("keys and values of Redis", kept, sides)
    nameless = [key.decode() for key in found if not key.startswith(b"tnt_") and not without_tenant(key)]
    return where, looked_at, own, [*amiss, *(f"{key} names no tenant" for key in nameless)]


def _owner(key: bytes) -> str:
    first = key.partition(b":")[0].decode()
    return first if first.startswith("tnt_") else ""


def _of_the_bus(streams: dict[bytes, Any], sides: Sequence[Side]) -> Residue:
    def entries() -> Iterator[tuple[str, str, bytes]]:
        for name, content in streams.items():
            for position, fields in content:
                tenant = fields.get(b"tenantId", b"").decode()
                yield f"{name.decode()} {position.decode()}", tenant, b" ".join(fields.values())

    return _judged("events on the bus", entries(), sides)


async def _of_postgres(world: World, sides: Sequence[Side]) -> Residue:
    rows: list[tuple[str, str, str]] = []
    connection = await asyncpg.connect(world.postgres["owner"])
    try:
        tables = await owned_tables(connection)
        for side in sides:
            for table in tables:
                async with connection.transaction():
                    await connection.execute("select set_config('app.tenant_id', $1, true)", side.id)
                    # A parent shows its partitions' rows: `only` looks at each once.
                    query = f"select t::text as row from only {SCHEMA}.{table} t"  # noqa: S608 - names of the catalogue
                    rows += [(table, side.id, each["row"]) for each in await connection.fetch(query)]
    finally:
        await connection.close()
    return _judged("rows of Postgres", iter(rows), sides)


def _of_upstreams(world: World, sides: Sequence[Side]) -> Residue:
    """What the services of the platform were asked, each request in the name of one tenant."""
    requests = world.control("GET", "requests").json()

    def asked() -> Iterator[tuple[str, str, str]]:
        for each in requests:
            headers = {name.lower(): value for name, value in each["headers"].items()}
            # The path may name what the desk brought itself, which its owner refuses; the body is the tenant's own.
            told = json.dumps([each["body"], headers], ensure_ascii=False)
            # iam-service calls the same tenant `ten_…`: the ULID is the same everywhere.
            tenant = headers.get("x-tenant-id", "").replace("ten_", "tnt_")
            yield f"{each['service']} {each['method']}", tenant, told

    return _judged("requests to upstreams", (each for each in asked() if each[1]), sides)


def _of_text(where: str, texts: Sequence[str] | Iterator[str], sides: Sequence[Side]) -> Residue:
    """What belongs to no tenant holds nobody's."""
    looked_at, amiss = 0, []
    for text in texts:
        looked_at += text.count("\n")
        for side in sides:
            amiss += [f"{where}: {each}" for each in sorted(side.leaked_into(text))[:3]]
    return where, looked_at, 0, amiss
