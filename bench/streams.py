"""What open live streams cost, beside Nchan's: `python -m bench.streams [how many]` runs it alone.

Thousands of idle streams in one process, the first event of each, one event to all of them, and how soon a revoked
session's stream is closed over two replicas (`bench/revocations.py`).
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvloop

from bench import machine
from bench.desktops import Desktop
from bench.listening import Listener, open_listeners, sign_in_listeners, times_of, until_all
from bench.load import percentiles
from bench.peers import nchan_peer
from bench.revocations import Revocations, revocation_line, revocations_alone
from bench.sizes import FULL, MEDIUM
from bench.world import World, call, start_world

__all__ = ["LiveRows", "StreamRow", "stream_table", "streams_alone"]

_WARM: Final = 50
_ROUNDS: Final = 20
_SETTLING_SECONDS: Final = 3.0
_FILES: Final = 1_000
"""What a process needs beside its streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """Who is measured: where, in which process, how one opens a stream, what says that it is open, how to tell all."""

    name: str
    origin: str
    pid: int
    requests: Sequence[Callable[[], bytes]]
    ready: bytes
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """One server: kB of its process a stream, and times in ms as p50, p95, p99.

    Nchan's first word is the head of its answer, since it has no event of its own; the service's is `session.ready`.
    `missed` is how many times an event did not reach a stream: it had ended, or heard nothing for 20 s.
    """

    server: str
    streams: int
    idle_kb: float
    first_event: tuple[float, float, float]
    fan_out: tuple[float, float, float]
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRows:
    """Everything that is measured of the live stream."""

    rows: list[StreamRow]
    revoked: Revocations


def _raised(world: World, desktop: Desktop, mark: str) -> None:
    payload = {"alertId": f"ntf_{mark}", "propertyId": desktop.property_id, "severity": "info", "title": mark}
    body = {"subject": "melmastoon.notification.alert.raised.v1", "tenantId": desktop.tenant_id, "payload": payload}
    call("POST", f"{world.simulator}/_control/events", body=body)


async def _fanned_out(listeners: Sequence[Listener], tell: Callable[[str], None]) -> tuple[list[float], int]:
    """How long after it was published each event reached each stream, in ms; how many did not."""
    times: list[float] = []
    for number in range(_ROUNDS):
        mark = f"bench{time.time_ns()}x{number}"
        expected = [listener.expect(mark.encode()) for listener in listeners]
        began = time.monotonic()
        await asyncio.to_thread(tell, mark)
        times += times_of(await until_all(expected), began)
    return times, len(listeners) * _ROUNDS - len(times)


async def _measured(server: _Server) -> StreamRow:
    """Open the first few, note the process's memory, open the rest, note it again, tell all of them something."""
    warm, _ = await open_listeners(server.origin, server.requests[:_WARM], server.ready)
    await asyncio.sleep(_SETTLING_SECONDS)
    before = machine.resident_mb(server.pid)
    listeners, first = await open_listeners(server.origin, server.requests[_WARM:], server.ready)
    await asyncio.sleep(_SETTLING_SECONDS)
    idle_kb = (machine.resident_mb(server.pid) - before) * 1024 / len(listeners)
    # What listens must not stop for its own garbage while it takes the time.
    gc.collect()
    gc.freeze()
    times, missed = await _fanned_out(listeners, server.tell)
    gc.unfreeze()
    for listener in (*warm, *listeners):
        listener.close()
    return StreamRow(
        server=server.name, streams=len(listeners), idle_kb=idle_kb, first_event=percentiles(first),
        fan_out=percentiles(times), missed=missed,
    )  # fmt: skip


async def _ours(world: World, count: int) -> StreamRow:
    desktops = sign_in_listeners(world, count + _WARM)
    requests = [partial(desktop.request, world.bff, "/sse/stream") for desktop in desktops]
    return await _measured(
        _Server(
            name="service", origin=world.bff, pid=world.services[0], requests=requests, ready=b"session.ready",
            tell=partial(_raised, world, desktops[0]),
        )
    )  # fmt: skip


async def _nchan(peer: nchan_peer.Nchan, count: int) -> StreamRow:
    request = f"GET /sub HTTP/1.1\r\nHost: {urlsplit(peer.origin).netloc}\r\nAccept: text/event-stream\r\n\r\n".encode()
    return await _measured(
        _Server(
            name="Nchan", origin=peer.origin, pid=peer.pid, requests=[lambda: request] * (count + _WARM),
            ready=b"HTTP/1.1 200", tell=peer.publish,
        )
    )  # fmt: skip


def streams_alone(folder: Path, *, count: int, revoked: int) -> LiveRows:
    """Measure a world with one process, Nchan where it is installed, and so many revocations over two processes."""
    # This process has the other ends of all streams, and whoever it starts inherits how many files may be open.
    count = min(count, machine.allow_open_files(count + _FILES) - _FILES)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        with start_world(folder / "streams") as world:
            rows = [runner.run(_ours(world, count))]
        with nchan_peer.nchan(folder / "nchan") as peer:
            if peer is not None:
                rows.append(runner.run(_nchan(peer, count)))
    return LiveRows(rows=rows, revoked=revocations_alone(folder, revoked))


def stream_table(live: LiveRows) -> str:
    """The rows as a table of Markdown, and what became of revoked sessions."""
    lines = [
        "| Server | streams | idle kB each | first event, ms as p50 / p95 / p99 | one event to all, ms | not reached |",
        "|---|---|---|---|---|---|",
    ]
    for row in live.rows:
        first, fan_out = (" / ".join(f"{value:.1f}" for value in each) for each in (row.first_event, row.fan_out))
        lines.append(f"| {row.server} | {row.streams:,} | {row.idle_kb:.1f} | {first} | {fan_out} | {row.missed} |")
    if len(live.rows) == 1:
        lines.append("| Nchan | not installed | | | | |")
    return "\n".join([*lines, "", revocation_line(live.revoked)])


def main() -> None:
    """Measure and print. An argument is how many streams."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FULL.streams
    machine.pin([os.getpid()], machine.GENERATOR_CORE)
    with tempfile.TemporaryDirectory() as folder:
        print(stream_table(streams_alone(Path(folder), count=count, revoked=MEDIUM.revoked)))


if __name__ == "__main__":
    main()
