"""Four dispatchers of the outbox, killed at random: nothing is lost, and no key is out of order."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import redis.asyncio
from ulid import ULID

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.telemetry import Origin, Telemetry
from bff_backoffice.application.telemetry_payloads import SessionRefreshed
from bff_backoffice.bootstrap import utc_now
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database
from drills.tables import Table, percentile
from tests.worlds import World, start_world

__all__ = ["Run", "carried_out", "outbox_dispatchers", "table_of"]

_STREAM: Final = "bff-backoffice:events"
_DISPATCHERS: Final = 4
_WRITERS: Final = 6
_KEYS: Final = 200
_MOST_IN_ONE: Final = 8
_KILL_EVERY_S: Final = 1.0
_PATIENCE_S: Final = 120.0
"""After the last event was written: a run that loses one would wait for it for ever."""


@dataclass
class Run:
    """What was written, where each event stands in its key, and what arrived."""

    tenant_id: TenantId = field(default_factory=lambda: TenantId(f"tnt_{ULID()}"))
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    arrived: list[tuple[str, str, float]] = field(default_factory=list)
    """Key, event and the seconds from its making to its publication, in the order of the bus."""
    unsure: set[str] = field(default_factory=set)
    """Events whose writer was told nothing of its commit: they may arrive or not."""
    kills: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Events that never arrived."""
        return len(self.places.keys() - self.unsure - {name for _, name, _ in self.arrived})

    @property
    def duplicates(self) -> int:
        """Copies beside the first ones."""
        return len(self.arrived) - len({name for _, name, _ in self.arrived})

    @property
    def out_of_order(self) -> int:
        """First copies that came behind one that stands after them in their key."""
        last: dict[str, int] = defaultdict(int)
        seen: set[str] = set()
        wrong = 0
        for key, name, _ in self.arrived:
            if name in seen:
                continue
            seen.add(name)
            place = self.places[name][1]
            wrong += place < last[key]
            last[key] = max(last[key], place)
        return wrong


async def outbox_dispatchers(folder: Path, *, events: int, progress: Callable[[str, int, int], None]) -> list[Table]:
    """So many events; one dispatcher is killed every second."""
    with start_world(folder) as world:
        # Made before the run, because it notes when that began.
        table = _blank()
        return [table_of(await carried_out(world, events, progress), table)]


async def carried_out(world: World, events: int, progress: Callable[[str, int, int], None]) -> Run:
    """Write, dispatch, kill; return once everything arrived, or patience is over."""
    run, loop = Run(), asyncio.get_running_loop()
    started = loop.time()
    # The world's own worker would dispatch too.
    os.kill(world.pids["worker"], signal.SIGSTOP)
    async with (
        Database.open(world.postgres["app"], size=_WRITERS) as app,
        _dispatchers(world, run),
        asyncio.TaskGroup() as group,
    ):
        enough = asyncio.Event()
        group.create_task(_read(world, run, enough))
        async with asyncio.TaskGroup() as writers:
            for _ in range(_WRITERS):
                writers.create_task(_write(app, run, events, progress))
        end = loop.time() + _PATIENCE_S
        # A short run may be over before the first kill.
        while (run.lost or not run.kills) and loop.time() < end:
            progress("arrived", len(run.places) - run.lost, len(run.places))
            await asyncio.sleep(0.5)
        enough.set()
    run.seconds = loop.time() - started
    return run


async def _write(app: Database, run: Run, events: int, progress: Callable[[str, int, int], None]) -> None:
    telemetry = Telemetry(clock=utc_now, instance="drill")
    keys = [DeviceId(f"dev_{number:026d}") for number in range(_KEYS)]
    while len(run.places) < events:
        chosen = random.choices(keys, k=random.randint(1, _MOST_IN_ONE))
        messages = [
            telemetry.sealed(
                Origin(tenant_id=run.tenant_id, device_id=key), SessionRefreshed(opened_at=utc_now()),
                event_id=f"evt_{ULID()}", at=utc_now(),
            )
            for key in chosen
        ]  # fmt: skip
        try:
            async with app.transaction(run.tenant_id) as connection:
                await write_messages(connection, run.tenant_id, messages)
                rows = await connection.fetch(
                    "select id, ordering_key, position from outbox where tenant_id = $1 and id = any($2::text[])",
                    run.tenant_id,
                    [each.id for each in messages],
                )
                run.places.update((row["id"], (row["ordering_key"], row["position"])) for row in rows)
                await asyncio.sleep(random.random() * 0.02)
        except StoreUnavailableError:
            run.unsure.update(each.id for each in messages)
        progress("written", len(run.places), events)


async def _read(world: World, run: Run, enough: asyncio.Event) -> None:
    """Take in what arrives. Told to end, not cancelled: redis-py can swallow that (Python 3.11's `wait_for`)."""
    client = redis.asyncio.Redis.from_url(world.redis)
    after: Any = "0"
    try:
        while not enough.is_set():
            answer: Any = await client.xread({_STREAM: after}, count=1000, block=1000)
            for after, fields in answer[0][1] if answer else ():  # noqa: B007 - it is where the next read begins
                if fields[b"tenantId"].decode() == run.tenant_id:
                    run.arrived.append((fields[b"orderingKey"].decode(), fields[b"eventId"].decode(), _age(fields)))
    finally:
        await client.aclose()


def _age(fields: dict[bytes, bytes]) -> float:
    envelope = msgspec.json.decode(fields[b"envelope"])["envelope"]
    moments = (datetime.fromisoformat(envelope[name]) for name in ("occurredAt", "publishedAt"))
    made, published = moments
    return (published - made).total_seconds()


@asynccontextmanager
async def _dispatchers(world: World, run: Run) -> AsyncIterator[None]:
    """Four of them; once a second one is killed (`kill -9`) and another takes its place."""
    running = [await _started(world) for _ in range(_DISPATCHERS)]

    async def kill() -> None:
        while True:
            await asyncio.sleep(_KILL_EVERY_S)
            place = random.randrange(_DISPATCHERS)
            running[place].kill()
            await running[place].wait()
            run.kills += 1
            running[place] = await _started(world)

    async with asyncio.TaskGroup() as group:
        killing = group.create_task(kill())
        try:
            yield
        finally:
            killing.cancel()
            for each in running:
                if each.returncode is None:
                    each.kill()
                await each.wait()


async def _started(world: World) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "drills.outbox_dispatcher", world.postgres["worker"], world.redis,
        cwd=Path(__file__).parents[1], stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def _blank() -> Table:
    return Table(
        "outbox",
        "Dispatchers of the outbox killed at random",
        f"{_WRITERS} writers put events of {_KEYS} keys into the outbox, up to {_MOST_IN_ONE} in each of their "
        f"overlapping transactions; {_DISPATCHERS} dispatcher processes publish them on Redis, and once a second one "
        "is killed (`kill -9`) and another started. The order wanted is that of commits; the bus is read from "
        "outside.",
    )


def table_of(run: Run, table: Table | None = None) -> Table:
    """What a reader wants to know of a run."""
    table = table or _blank()
    ages = [age for _, _, age in run.arrived]
    table.told("events written", f"{len(run.places)} in {run.seconds:.0f} s")
    table.told("of these, commits that the writer heard nothing of", str(len(run.unsure)))
    table.told("dispatchers killed", str(run.kills))
    table.judged("events lost", "0", str(run.lost), held=run.lost == 0)
    table.judged("first copies out of their key's order", "0", str(run.out_of_order), held=run.out_of_order == 0)
    table.told("duplicates, all under their first copy's identifier", str(run.duplicates))
    table.told(
        "made → published", f"p50 {percentile(ages, 0.5) * 1000:.0f} ms, p99 {percentile(ages, 0.99) * 1000:.0f} ms"
    )
    return table
