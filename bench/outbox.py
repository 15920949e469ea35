"""How soon an event that was committed is on the bus, and how many a worker publishes: `python -m bench.outbox`.

Both moments are on the machine's one clock: just before the commit is sent, and the number that Redis gave the entry,
which has whole ms. So the time of the commit itself is counted, and nothing that reads the bus disturbs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import redis.asyncio
import uvloop
from ulid import ULID

from bench.load import percentiles
from bench.machine import SERVICE_CORE, cpu_seconds, pin
from bench.sizes import MEDIUM
from bench.world import World, start_world
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.telemetry import Origin, Telemetry
from bff_backoffice.application.telemetry_payloads import SessionRefreshed
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["OutboxRow", "outbox_alone", "outbox_table"]

_DISPATCHERS: Final = (1, 4)
"""One dispatcher in the worker, and several; the service has two where nothing else is set."""
_RATE: Final = 200.0
_KEYS: Final = 200
_WRITERS: Final = 8
_IN_ONE: Final = 100
_STREAM: Final = "bff-backoffice:events"
_PATIENCE: Final = 120.0
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One worker: ms from commit to publication at a steady rate, and how fast it told what had piled up.

    An event is told once it is on the bus and gone from the outbox. `cpu_us` is the worker's processor time for each
    of the pile. `lost` counts events that never came.
    """

    dispatchers: int
    rate: float
    events: int
    delay: tuple[float, float, float]
    backlog: int
    per_second: float
    cpu_us: float
    lost: int


class _Outside:
    """Who writes events and looks at what was published of them; all are one made-up tenant's."""

    def __init__(self, database: Database, client: redis.asyncio.Redis) -> None:
        self.tenant_id = TenantId(f"tnt_{ULID()}")
        self._database, self._client = database, client
        self._telemetry = Telemetry(clock=_now, instance="bench")
        self._written = 0
        self.committed: dict[str, float] = {}
        """When each event's commit was sent, in ms since 1970."""

    def messages(self, count: int) -> list[Message]:
        """The next so many events, each of another device than the one before."""
        self._written += count
        return [
            self._telemetry.sealed(
                Origin(tenant_id=self.tenant_id, device_id=DeviceId(f"dev_{number % _KEYS:026d}")),
                SessionRefreshed(opened_at=_now()), event_id=f"evt_{ULID()}", at=_now(),
            )
            for number in range(self._written - count, self._written)
        ]  # fmt: skip

    async def write(self, messages: Sequence[Message]) -> None:
        """All of them in one transaction."""
        async with self._database.transaction(self.tenant_id) as connection:
            await write_messages(connection, self.tenant_id, messages)
            moment = time.time() * 1000
            self.committed.update((each.id, moment) for each in messages)

    async def published(self, newer: Sequence[str]) -> dict[str, float]:
        """When each of these events was published, in ms since 1970, once all are or patience is over."""
        wanted, found, after = set(newer), dict[str, float](), "0"
        end = time.monotonic() + _PATIENCE
        while len(found) < len(wanted) and time.monotonic() < end:
            answer: Any = await self._client.xread({_STREAM: after}, count=1000)
            for number, fields in answer[0][1] if answer else ():
                after = number.decode()
                name = fields[b"eventId"].decode()
                if name in wanted:
                    found.setdefault(name, float(after.partition("-")[0]))
            if not answer:
                await asyncio.sleep(_LOOK_SECONDS)
        return found

    async def waits(self) -> bool:
        """Whether any of them is still in the outbox."""
        async with self._database.transaction(self.tenant_id) as connection:
            found: bool = await connection.fetchval(
                "select exists (select from outbox where tenant_id = $1)", self.tenant_id
            )
        return found

    async def length(self) -> int:
        """How many events the bus has taken."""
        try:
            about: Any = await self._client.xinfo_stream(_STREAM)
        except redis.ResponseError:
            return 0
        return int(about["entries-added"])


def _now() -> datetime:
    return datetime.now(UTC)


async def _measured(world: World, dispatchers: int, *, seconds: float, backlog: int) -> OutboxRow:
    """A steady rate for so many seconds; then so many events that pile up while the worker is made to stand still.

    The world's service does nothing meanwhile, so that the worker has its core for itself.
    """
    pin([world.worker], SERVICE_CORE)
    client = redis.asyncio.Redis.from_url(world.redis)
    try:
        async with Database.open(world.postgres, size=_WRITERS) as database:
            outside = _Outside(database, client)
            # The very first event of a tenant and of a key does more than all later ones.
            await outside.write(outside.messages(_KEYS))
            await outside.published(list(outside.committed))
            outside.committed.clear()
            delays, lost = await _steady(outside, seconds)
            per_second, cpu_us, missing = await _drained(world.worker, outside, backlog)
    finally:
        await client.aclose()
    return OutboxRow(
        dispatchers=dispatchers, rate=_RATE, events=len(delays) + lost, delay=percentiles(delays), backlog=backlog,
        per_second=per_second, cpu_us=cpu_us, lost=lost + missing,
    )  # fmt: skip


async def _steady(outside: _Outside, seconds: float) -> tuple[list[float], int]:
    loop = asyncio.get_running_loop()
    zero = loop.time() + 0.1
    async with asyncio.TaskGroup() as group:
        for number in range(int(_RATE * seconds)):
            await asyncio.sleep(zero + number / _RATE - loop.time())
            group.create_task(outside.write(outside.messages(1)))
    found = await outside.published(list(outside.committed))
    delays = [found[name] - moment for name, moment in outside.committed.items() if name in found]
    return delays, len(outside.committed) - len(found)


async def _drained(worker: int, outside: _Outside, backlog: int) -> tuple[float, float, int]:
    """Events a second from when the worker goes on until the outbox is empty; µs of CPU for each; how many lost."""
    outside.committed.clear()
    os.kill(worker, signal.SIGSTOP)
    try:
        for start in range(0, backlog, _IN_ONE):
            await outside.write(outside.messages(min(_IN_ONE, backlog - start)))
        before, spent = await outside.length(), cpu_seconds([worker])
        began = time.monotonic()
    finally:
        os.kill(worker, signal.SIGCONT)
    for _ in range(int(_PATIENCE / _LOOK_SECONDS)):
        if await outside.length() >= before + backlog and not await outside.waits():
            break
        await asyncio.sleep(_LOOK_SECONDS)
    lasted, spent = time.monotonic() - began, cpu_seconds([worker]) - spent
    found = await outside.published(list(outside.committed))
    return len(found) / lasted, spent / backlog * 1e6, backlog - len(found)


def outbox_table(rows: Sequence[OutboxRow]) -> str:
    """The rows as a table of Markdown."""
    lines = [
        "| Dispatchers | events | commit → published, ms p50 / p95 / p99 | pile | events/s | CPU µs each | lost |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        times = " / ".join(f"{value:.0f}" for value in row.delay)
        lines.append(
            f"| {row.dispatchers} | {row.events:,} at {row.rate:.0f}/s | {times} | {row.backlog:,} | "
            f"{row.per_second:,.0f} | {row.cpu_us:.0f} | {row.lost} |"
        )
    return "\n".join(lines)


def outbox_alone(folder: Path, *, seconds: float, backlog: int) -> list[OutboxRow]:
    """Start a world for each number of dispatchers and measure."""
    rows = []
    for dispatchers in _DISPATCHERS:
        settings = {"BFF_OUTBOX_DISPATCHERS": str(dispatchers)}
        with start_world(folder / f"dispatchers-{dispatchers}", settings=settings) as world:
            rows.append(uvloop.run(_measured(world, dispatchers, seconds=seconds, backlog=backlog)))
    return rows


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        print(outbox_table(outbox_alone(Path(folder), seconds=MEDIUM.outbox_seconds, backlog=MEDIUM.outbox_backlog)))


if __name__ == "__main__":
    main()
