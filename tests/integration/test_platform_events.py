"""Events of other services in the running world: duplicates, disorder, poison, kill -9, replay, and either bus."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import redis
from ulid import ULID

from bff_backoffice.application.event_bus import BusMessage
from tests.contract.event_bus.buses import pubsub_wire
from tests.desktop import Desktop
from tests.fakes.pubsub_server import PubSubServer
from tests.worlds import World

REVOKED = "melmastoon.iam.session.revoked.v1"
LOCKED = "melmastoon.iam.user.locked.v1"
LONG = 60.0
TOPIC = "projects/melmastoon/topics/melmastoon.iam"
SUBSCRIPTION = "projects/melmastoon/subscriptions/bff-backoffice.iam"


def until(reached: Callable[[], Any]) -> Any:
    """What it gives once that is something; a world has no other way of saying so."""
    deadline = time.monotonic() + LONG
    while not (found := reached()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def put(world: World, tenant: str, envelope: Any, *, subject: str = REVOKED) -> None:
    """Publish on the world's bus exactly what is given."""
    raw = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
    client = redis.Redis.from_url(world.redis)
    fields = {"subject": subject, "tenantId": tenant, "orderingKey": "k", "publishedAt": "", "envelope": raw}
    client.xadd("platform:events", fields)  # type: ignore[arg-type] # texts and bytes
    client.close()


def event(payload: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
    """An envelope as iam writes it."""
    return {"eventId": event_id or f"evt_{ULID()}", "payload": payload}


def sid(desktop: Desktop) -> str:
    """The session that iam knows the desktop's operator by."""
    return str(jwt.decode(desktop.token, options={"verify_signature": False})["sid"])


def ended(desktop: Desktop) -> bool:
    """Whether the desktop is let in no more."""
    return bool(desktop.get("/session").status_code == 401)


def sql(world: World, tenant: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    """What a statement gives the worker's role, for a tenant."""

    async def main() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(world.postgres["worker"])
        try:
            async with connection.transaction():
                await connection.execute("set local search_path to bff_backoffice")
                await connection.execute("select set_config('app.tenant_id', $1, true)", tenant)
                return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(main())


def parked(world: World, tenant: str) -> list[asyncpg.Record]:
    """What is parked for a tenant."""
    return sql(world, tenant, "select * from parked_events order by parked_at")


def environment(world: World, **more: str) -> dict[str, str]:
    """What the world's worker has in its environment, as far as the commands need it."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("BFF_")}
    return {
        **others,
        "BFF_POSTGRES_APP_DSN": world.postgres["app"],
        "BFF_POSTGRES_WORKER_DSN": world.postgres["worker"],
        "BFF_REDIS_SESSIONS_URL": world.redis,
        "BFF_REDIS_CACHE_URL": world.redis,
        "BFF_UPSTREAM_BASE_URL": f"{world.sim}/{{service}}",
        "BFF_UPSTREAM_IDENTITY_TOKEN": "x",
        "BFF_AUTH_ISSUER": "https://iam.melmastoon.ghasi.io",
        "BFF_ADMIN_PORT": "0",
        **more,
    }


def events(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `bff-backoffice events …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bff_backoffice", "events", *arguments],
        env=environment(world), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_poison_is_parked_and_stops_nobody(world: World) -> None:
    """Contract, section 8: whatever arrives, the next event of the same key counts."""
    tenant, desktop = world.tenants[0], world.sign_in()
    before = len(parked(world, tenant))
    for poison in (b"\x00\xff", b"[]", b'{"payload": 7}', event({}), event({"sessionId": "not one"})):
        put(world, tenant, poison)
    put(world, "nobody", event({"sessionId": sid(desktop)}))
    put(world, tenant, event({"sessionId": sid(desktop)}))

    until(lambda: ended(desktop))
    assert len(parked(world, tenant)) == before + 5
    assert [row["why"] for row in parked(world, "*") if row["subject"] == REVOKED]


def test_versions_and_members_that_are_unknown_are_survived(world: World) -> None:
    """Contract, section 8: what a later publisher adds changes nothing for what is understood."""
    tenant, desktop = world.tenants[0], world.sign_in()
    put(world, tenant, event({"sessionId": sid(desktop)}), subject="melmastoon.iam.session.revoked.v9")
    put(world, tenant, {**event({"sessionId": sid(desktop), "new": [1]}), "unknown": {"deep": None}, "eventVersion": 3})

    until(lambda: ended(desktop))


def test_a_repeated_event_does_not_end_the_session_that_began_since(world: World) -> None:
    """Contract, section 8, "duplicates change nothing": a lock that came twice ends what was open, once."""
    tenant, operator = world.tenants[0], world.operator("front_desk")
    first = world.sign_in(operator=operator)
    assert not ended(first)
    locked = event({"userId": operator["id"]})
    put(world, tenant, locked, subject=LOCKED)
    until(lambda: ended(first))

    second, marker = world.sign_in(operator=operator), world.sign_in()
    assert not ended(second)
    put(world, tenant, locked, subject=LOCKED)
    put(world, tenant, event({"sessionId": sid(marker)}))
    until(lambda: ended(marker))

    assert not ended(second)
    (noted,) = sql(world, tenant, "select * from inbox where event_id = $1", locked["eventId"])
    assert (noted["source"], noted["subject"]) == ("iam", LOCKED)


def test_a_lock_that_arrives_after_the_unlock_leaves_the_session_that_began_since(world: World) -> None:
    """Contract, section 8, "late changes nothing": its `occurredAt` says whose sessions it meant."""
    tenant, operator = world.tenants[0], world.operator("front_desk")
    desktop, marker = world.sign_in(operator=operator), world.sign_in()
    assert not ended(desktop)
    now = datetime.now(UTC)
    late = {**event({"userId": operator["id"]}), "occurredAt": (now - timedelta(minutes=1)).isoformat()}
    put(world, tenant, late, subject=LOCKED)
    put(world, tenant, event({"sessionId": sid(marker)}))
    until(lambda: ended(marker))
    assert not ended(desktop)

    put(world, tenant, {**event({"userId": operator["id"]}), "occurredAt": now.isoformat()}, subject=LOCKED)
    until(lambda: ended(desktop))


def test_a_worker_that_is_killed_half_way_loses_nothing(own_world: World) -> None:
    """Killed with -9 again and again while it works: every revocation counts in the end, and nothing is left behind."""
    world = own_world
    tenant, desktops = world.tenants[0], [world.sign_in() for _ in range(3)]
    for number in range(300):
        put(world, tenant, event({"sessionId": f"ses_{ULID()}"}))
        if number % 100 == 50:
            put(world, tenant, event({"sessionId": sid(desktops[number // 100])}))
            killed = world.pids["worker"]
            os.kill(killed, signal.SIGKILL)
            # The next one begins before this one goes on, or there would be nobody to kill.
            until(lambda killed=killed: world.pids["worker"] != killed)

    for desktop in desktops:
        until(lambda desktop=desktop: ended(desktop))
    client = redis.Redis.from_url(world.redis)
    until(lambda: not client.xpending("platform:events", "bff-backoffice")["pending"])  # type: ignore[index] # a reply
    client.close()


def test_parked_events_are_listed_shown_and_replayed_by_command(world: World) -> None:
    """What still fails stays; what succeeds counts and is parked no more; what nobody needs is dropped."""
    tenant, desktop = f"tnt_{ULID()}", world.sign_in()
    put(world, tenant, b'{"broken')
    (bad,) = until(lambda: parked(world, tenant))

    listed = events(world, "parked", "--tenant", tenant)
    assert (listed.returncode, bad["id"] in listed.stdout, "no envelope" in listed.stdout) == (0, True, True)
    shown = json.loads(events(world, "show", bad["id"]).stdout)
    assert (shown["tenantId"], shown["envelope"], shown["subject"]) == (tenant, '{"broken', REVOKED)
    again = events(world, "replay", bad["id"])
    assert (again.returncode, "stays parked: no envelope" in again.stdout) == (1, True), again.stderr

    # As if a defect of ours had parked it, which has been mended since.
    sql(
        world, world.tenants[0],
        "insert into parked_events (tenant_id, id, subject, ordering_key, event_id, envelope, why, attempts)"
        " values ($1, 'pkd_good', $2, 'k', '', $3, 'a defect', 31)",
        world.tenants[0], REVOKED, json.dumps(event({"sessionId": sid(desktop)})).encode(),
    )  # fmt: skip
    good = events(world, "replay", "pkd_good")
    assert (good.returncode, "parked no more" in good.stdout) == (0, True), good.stderr
    assert ended(desktop)
    assert "pkd_good" not in [row["id"] for row in parked(world, world.tenants[0])]

    assert events(world, "drop", bad["id"]).returncode == 0
    assert not parked(world, tenant)
    missing = events(world, "show", bad["id"])
    assert (missing.returncode, "Nothing of the name" in missing.stderr) == (1, True)


@contextmanager
def a_worker(world: World, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the test's own."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bff_backoffice", "worker"],
            env=environment(world, **more), stdout=output, stderr=output,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=60)


def test_a_worker_over_pubsub_ends_sessions_and_survives_kill_9(world: World, tmp_path: Path) -> None:
    """The same effects from the production bus: poison parked, a killed worker's messages taken up by the next."""
    tenant, desktops = world.tenants[0], [world.sign_in() for _ in range(2)]

    def message(envelope: bytes) -> Any:
        return pubsub_wire(
            BusMessage(subject=REVOKED, tenant_id=tenant, ordering_key="k", event_id=f"evt_{ULID()}", envelope=envelope)
        )

    async def scenario() -> None:
        server = PubSubServer()
        server.create(SUBSCRIPTION, topic=TOPIC, most_attempts=50, dead_letter_topic=f"{TOPIC}.dead")
        await server.start()
        settings = {
            "BFF_EVENT_BUS": "pubsub", "BFF_PUBSUB_PROJECT": "melmastoon", "BFF_PUBSUB_EMULATOR": server.address,
            "BFF_PUBSUB_SUBSCRIPTIONS": "bff-backoffice.iam",
        }  # fmt: skip
        sub = server.subscriptions[SUBSCRIPTION]
        try:
            with a_worker(world, tmp_path / "worker.log", **settings) as first:
                server.published(TOPIC, message(b"poison"))
                server.published(TOPIC, message(json.dumps(event({"sessionId": sid(desktops[0])})).encode()))
                await asyncio.to_thread(until, lambda: ended(desktops[0]))
                first.kill()
                server.published(TOPIC, message(json.dumps(event({"sessionId": sid(desktops[1])})).encode()))
            with a_worker(world, tmp_path / "worker.log", **settings):
                await asyncio.to_thread(until, lambda: ended(desktops[1]))
                await asyncio.to_thread(until, lambda: not sub.entries)
        finally:
            await server.stop()
        assert not server.topics[f"{TOPIC}.dead"]

    asyncio.run(scenario())
    assert b"poison" in [row["envelope"] for row in parked(world, tenant)]


def test_the_default_bus_does_not_load_googles_library() -> None:
    """Start-up and memory of a process on Redis pay nothing for the other bus."""
    code = "import sys, bff_backoffice.server, bff_backoffice.checks; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
