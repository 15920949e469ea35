"""`bff-backoffice check`: what is wrong around the service, and how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bff_backoffice.acting import answer_seal
from bff_backoffice.application.jobs_table import JOBS
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.settings import UPSTREAMS, Settings
from bff_backoffice.signing_keys import open_own_keys

__all__ = ["Finding", "run_checks"]

_SECONDS: Final = 3.0
_OLDEST_POSTGRES: Final = 150_000
_OLDEST_REDIS: Final = (6, 2)

_LATE: Final = timedelta(minutes=15)
"""A job is late when it is due for longer than a failed one and its next tries take."""

Look = Callable[[], Awaitable["Finding"]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` is empty when there is nothing to do."""

    what: str
    ok: bool
    found: str
    mend: str = ""


async def run_checks(settings: Settings) -> list[Finding]:
    """Look at everything at once; the findings come in a fixed order."""
    looks: list[tuple[str, Look]] = [
        ("Postgres, application role", lambda: _postgres(settings.postgres_app_dsn.get_secret_value())),
        *_worker(settings),
        ("Redis for sessions", lambda: _redis(settings.redis_sessions_url.get_secret_value(), "noeviction")),
        ("Redis for the cache", lambda: _redis(settings.redis_cache_url.get_secret_value(), "allkeys-lru")),
        ("Event bus", _bus(settings)),
        *((name, _upstream(settings.upstream_url(name))) for name in UPSTREAMS),
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_look(what, look)) for what, look in looks]
    settled = [Finding("Settings", ok=True, found="well-formed"), _signing_key(settings), _answer_secrets(settings)]
    return [*settled, *(task.result() for task in tasks)]


def _signing_key(settings: Settings) -> Finding:
    """What a replica would sign with; the public part is what the others publish before that."""
    what = "Signing key"
    try:
        keys = open_own_keys(settings)
    except ValueError as error:
        found, _, mend = str(error).partition(". ")
        return Finding(what, ok=False, found=found, mend=mend)
    others = len(keys.published) - 1
    return Finding(what, ok=True, found=f"public part {keys.published[0]['x']}, {others} more published")


def _answer_secrets(settings: Settings) -> Finding:
    """Whether kept answers could be sealed. Nothing of a secret is shown, not even its length."""
    what = "Secrets of kept answers"
    try:
        answer_seal(settings)
    except ValueError as error:
        found, _, mend = str(error).partition(". ")
        return Finding(what, ok=False, found=found, mend=mend)
    return Finding(what, ok=True, found="long enough")


def _worker(settings: Settings) -> list[tuple[str, Look]]:
    """The worker's role is held to the same rules, where one is set: a process that only serves needs none."""
    dsn = settings.postgres_worker_dsn
    if dsn is None:
        return []
    return [
        ("Postgres, worker's role", lambda: _postgres(dsn.get_secret_value())),
        ("Scheduled jobs", lambda: _jobs(dsn.get_secret_value())),
    ]


async def _look(what: str, look: Look) -> Finding:
    try:
        async with asyncio.timeout(_SECONDS):
            found = await look()
    except (OSError, TimeoutError, RedisError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        why = str(error) or type(error).__name__
        return Finding(what, ok=False, found=f"can't be asked ({why})", mend="Is it running, and is its address right?")
    return Finding(what, found.ok, found.found, found.mend)


async def _postgres(dsn: str) -> Finding:
    connection = await asyncpg.connect(dsn, timeout=_SECONDS)
    try:
        role = await connection.fetchrow(
            "select rolname, rolsuper, rolbypassrls, current_setting('server_version_num')::int as version,"
            " to_regclass('bff_backoffice.schema_migrations') is not null as migrated,"
            " exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            "         where n.nspname = 'bff_backoffice' and c.relowner = r.oid) as owns"
            " from pg_roles r where rolname = current_user"
        )
    finally:
        await connection.close()
    if role is None or role["rolsuper"] or role["rolbypassrls"]:
        return Finding("", ok=False, found="the role can bypass row-level security",
                       mend="Connect as a role that is `nosuperuser nobypassrls`.")  # fmt: skip
    if role["owns"]:
        return Finding("", ok=False, found=f"{role['rolname']} owns tables",
                       mend="Migrate as another role (BFF_POSTGRES_OWNER_DSN).")  # fmt: skip
    if role["version"] < _OLDEST_POSTGRES:
        return Finding("", ok=False, found="the server is too old", mend="Use PostgreSQL 15 or newer.")
    if not role["migrated"]:
        return Finding("", ok=False, found="the schema is missing", mend="Run `bff-backoffice migrate`.")
    return Finding("", ok=True, found=f"{role['rolname']}, PostgreSQL {role['version'] // 10_000}")


async def _jobs(dsn: str) -> Finding:
    connection = await asyncpg.connect(dsn, timeout=_SECONDS)
    try:
        if not await connection.fetchval("select to_regclass('bff_backoffice.job_runs') is not null"):
            return Finding("", ok=False, found="the schema is missing", mend="Run `bff-backoffice migrate`.")
        async with connection.transaction():
            await connection.execute("select set_config('app.tenant_id', '*', true)")
            rows = await connection.fetch(
                "select name, next_at, failure, next_at < clock_timestamp() - $1::interval as late"
                " from bff_backoffice.job_runs where tenant_id = '*' and name = any($2::text[]) order by name",
                _LATE, [job.name for job in JOBS],
            )  # fmt: skip
            archived = await connection.fetchval(
                "select count(*) from pg_class where relnamespace = 'bff_backoffice'::regnamespace"
                " and relkind = 'r' and relname like 'archived\\_%'"
            )
    finally:
        await connection.close()
    late = [
        f"{row['name']}, due since {row['next_at']:%Y-%m-%d %H:%M} UTC ({row['failure'] or 'nobody tried'})"
        for row in rows
        if row["late"]
    ]
    if late:
        return Finding("", ok=False, found=f"not run: {'; '.join(late)}",
                       mend="Does `bff-backoffice worker` run? Its log says `job_ran` for each run.")  # fmt: skip
    if not rows:
        return Finding("", ok=True, found="none has run yet", mend="`bff-backoffice worker` runs them at its start.")
    advice = f"{archived} archived years wait to be written out and dropped: docs/operations.md." if archived else ""
    return Finding("", ok=True, found=f"{len(rows)}, none overdue", mend=advice)


async def _redis(url: str, policy: str) -> Finding:
    client = Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    try:
        info = await client.info()
    finally:
        await client.aclose()
    version = str(info.get("redis_version", "0"))
    found = str(info.get("maxmemory_policy", "unknown"))
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_REDIS:
        return Finding("", ok=False, found=f"version {version}", mend="Use a server that speaks Redis 6.2 or newer.")
    if policy == "noeviction" and found != policy:
        return Finding("", ok=False, found=f"it evicts keys ({found})",
                       mend=f"Sessions and proofs must not vanish: set `maxmemory-policy {policy}`.")  # fmt: skip
    advice = "" if found == policy else f"Fine for development; in production set `maxmemory-policy {policy}`."
    return Finding("", ok=True, found=f"version {version}, {found}", mend=advice)


def _bus(settings: Settings) -> Look:
    async def redis_bus() -> Finding:
        client = Redis.from_url(
            (settings.redis_bus_url or settings.redis_sessions_url).get_secret_value(),
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
        )
        try:
            groups = (
                await client.xinfo_groups(keys.platform_events()) if await client.exists(keys.platform_events()) else []
            )
        except (RedisError, OSError):
            if settings.redis_bus_url is not None:
                raise
            # One thing that is wrong is told once.
            return Finding("", ok=True, found="Redis Streams, on the Redis for sessions")
        finally:
            await client.aclose()
        ours = [group for group in groups if group["name"] in {keys.CONSUMER_GROUP, keys.CONSUMER_GROUP.encode()}]
        if not ours:
            return Finding("", ok=True, found="Redis Streams; no worker has received from it yet")
        waiting = f"{ours[0]['pending']} taken and not finished"
        return Finding("", ok=True, found=f"Redis Streams, {ours[0]['consumers']} consumers so far, {waiting}")

    async def pubsub() -> Finding:
        from bff_backoffice.infrastructure.pubsub.look import what_is_wrong  # noqa: PLC0415 - large, seldom needed

        project = settings.pubsub_project or ""
        wrong = await what_is_wrong(project, settings.pubsub_subscriptions, settings.pubsub_emulator)
        found = f"Pub/Sub of {project}, {len(settings.pubsub_subscriptions)} subscriptions"
        return Finding("", ok=not wrong, found=found, mend=" ".join(wrong))

    return pubsub if settings.event_bus == "pubsub" else redis_bus


def _upstream(url: str) -> Look:
    async def look() -> Finding:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
        return Finding("", ok=True, found=url)

    return look
