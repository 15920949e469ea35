"""What open live streams cost, beside Nchan's: `python -m bench.streams` runs it alone.

Thousands of idle streams in one process, one event to all of them, the first event of each, and how soon a revoked
session's stream is closed over two replicas.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import uvloop

from bench.desktops import Desktop, DeviceKey, busiest_property
from bench.load import percentile
from bench.machine import resident_mb
from bench.peers import nchan_peer
from bench.world import World, call, start_world

__all__ = ["STREAMS", "StreamRow", "measure_streams", "stream_table"]

STREAMS: Final = 5000
_AT_ONCE: Final = 50
_ROUNDS: Final = 20
_REVOKED: Final = 40
_SETTLING_SECONDS: Final = 3.0
_PATIENCE: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """One server: kB of its process a stream, and times in ms as p50, p95, p99; None where it was not measured."""

    server: str
    streams: int
    idle_kb: float
    first_event: tuple[float, float, float] | None
    fan_out: tuple[float, float, float]
    revoked: tuple[float, float, float] | None = None


class Listener(asyncio.Protocol):
    """One open stream. Notes when a text was first seen in it, and when it ended; keeps nothing of what it heard."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._text = b""
        self._seen: asyncio.Future[float] | None = None
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    @classmethod
    async def to(cls, origin: str, request: bytes) -> Self:
        """Connect and send; raises `OSError`."""
        parts = urlsplit(origin)
        loop = asyncio.get_running_loop()
        _, listener = await loop.create_connection(cls, str(parts.hostname), int(parts.port or 80))
        if listener.transport is not None:
            listener.transport.write(request)
        return listener

    def expect(self, text: bytes) -> asyncio.Future[float]:
        """The moment at which this text comes."""
        self._text, self._seen = text, asyncio.get_running_loop().create_future()
        return self._seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self.transport = transport  # type: ignore[assignment] # a stream transport, by `create_connection`

    def data_received(self, data: bytes) -> None:
        """An event is one write of the server, so a text is never cut in two."""
        if self._seen is not None and not self._seen.done() and self._text in data:
            self._seen.set_result(time.monotonic())

    def eof_received(self) -> None:
        """The server's end."""
        if not self.closed.done():
            self.closed.set_result(time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        """The same, for a server that hangs up."""
        del exc
        self.eof_received()

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.abort()


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    return (percentile(values, 50), percentile(values, 95), percentile(values, 99))


def _signed_in(world: World, count: int) -> list[Desktop]:
    """So many devices of one hotel, which the simulator is asked to register first."""
    operator, property_id = busiest_property(world)
    body = {"tenantId": operator["tenantId"], "count": count}
    devices = call("POST", f"{world.simulator}/_control/devices", body=body)["devices"]
    key = DeviceKey()
    return [Desktop.sign_in(world, operator, device, property_id, key) for device in devices]


def _raised(world: World, desktop: Desktop, mark: str) -> None:
    payload = {"alertId": f"ntf_{mark}", "propertyId": desktop.property_id, "severity": "info", "title": mark}
    body = {"subject": "melmastoon.notification.alert.raised.v1", "tenantId": desktop.tenant_id, "payload": payload}
    call("POST", f"{world.simulator}/_control/events", body=body)


async def _opened(origin: str, requests: Sequence[bytes], ready: bytes) -> tuple[list[Listener], list[float]]:
    """Open all of them, so many at a time; how long each took to its first event, in ms."""
    listeners: list[Listener] = []
    times: list[float] = []
    for start in range(0, len(requests), _AT_ONCE):
        for request in requests[start : start + _AT_ONCE]:
            began = time.monotonic()
            listener = await Listener.to(origin, request)
            async with asyncio.timeout(_PATIENCE):
                times.append((await listener.expect(ready) - began) * 1000)
            listeners.append(listener)
    return listeners, times


async def _told(listeners: Sequence[Listener], tell: object, mark: bytes) -> list[float]:
    """How long after it was published an event reached each, in ms."""
    expected = [listener.expect(mark) for listener in listeners]
    began = time.monotonic()
    await asyncio.to_thread(tell)  # type: ignore[arg-type] # a callable without arguments
    async with asyncio.timeout(_PATIENCE):
        return [(await each - began) * 1000 for each in expected]


async def _ours(world: World, desktops: Sequence[Desktop]) -> StreamRow:
    requests = [desktop.request(world.bff, "/sse/stream") for desktop in desktops[:_AT_ONCE]]
    warm, _ = await _opened(world.bff, requests, b"session.ready")
    await asyncio.sleep(_SETTLING_SECONDS)
    before = resident_mb(world.services[0])
    listeners, first = [], []
    for start in range(_AT_ONCE, len(desktops), _AT_ONCE):
        # Proofs are made just before they are used: they are good for a minute.
        part = [desktop.request(world.bff, "/sse/stream") for desktop in desktops[start : start + _AT_ONCE]]
        opened, times = await _opened(world.bff, part, b"session.ready")
        listeners += opened
        first += times
    await asyncio.sleep(_SETTLING_SECONDS)
    idle_kb = (resident_mb(world.services[0]) - before) * 1024 / len(listeners)
    fan_out: list[float] = []
    for number in range(_ROUNDS):
        mark = f"bench{time.time_ns()}x{number}"
        fan_out += await _told(listeners, lambda mark=mark: _raised(world, desktops[0], mark), mark.encode())
    for listener in (*warm, *listeners):
        listener.close()
    return StreamRow(
        server="service", streams=len(listeners), idle_kb=idle_kb, first_event=_three(first), fan_out=_three(fan_out)
    )


async def _nchan(peer: nchan_peer.Nchan, count: int) -> StreamRow:
    request = f"GET /sub HTTP/1.1\r\nHost: {urlsplit(peer.origin).netloc}\r\nAccept: text/event-stream\r\n\r\n".encode()
    warm, _ = await _opened(peer.origin, [request] * _AT_ONCE, b"HTTP/1.1 200")
    await asyncio.sleep(_SETTLING_SECONDS)
    before = resident_mb(peer.pid)
    listeners, _ = await _opened(peer.origin, [request] * count, b"HTTP/1.1 200")
    await asyncio.sleep(_SETTLING_SECONDS)
    idle_kb = (resident_mb(peer.pid) - before) * 1024 / len(listeners)
    fan_out: list[float] = []
    for number in range(_ROUNDS):
        mark = f"bench{time.time_ns()}x{number}"
        fan_out += await _told(listeners, lambda mark=mark: peer.publish(mark), mark.encode())
    for listener in (*warm, *listeners):
        listener.close()
    return StreamRow(server="Nchan", streams=count, idle_kb=idle_kb, first_event=None, fan_out=_three(fan_out))


async def _revoked(world: World) -> tuple[float, float, float]:
    """From the event that a session was revoked to the end of its stream, in ms, whichever replica holds it."""
    desktops = _signed_in(world, _REVOKED)
    listeners, _ = await _opened(
        world.bff, [desktop.request(world.bff, "/sse/stream") for desktop in desktops], b"session.ready"
    )
    times = []
    for desktop, listener in zip(desktops, listeners, strict=True):
        payload = {"sessionId": desktop.session_id, "userId": desktop.operator_id, "reason": "lost"}
        body = {
            "subject": "melmastoon.iam.session.revoked.v1", "tenantId": desktop.tenant_id, "payload": payload,
        }  # fmt: skip
        began = time.monotonic()
        await asyncio.to_thread(call, "POST", f"{world.simulator}/_control/events", body=body)
        async with asyncio.timeout(_PATIENCE):
            times.append((await listener.closed - began) * 1000)
    return _three(times)


async def measure_streams(world: World, folder: Path, count: int) -> list[StreamRow]:
    """The service's streams, and as many of Nchan's where that is installed."""
    rows = [await _ours(world, _signed_in(world, count + _AT_ONCE))]
    with nchan_peer.nchan(folder) as peer:
        if peer is not None:
            rows.append(await _nchan(peer, count))
    return rows


def stream_table(rows: Sequence[StreamRow]) -> str:
    """The rows as a table of Markdown."""
    lines = [
        "| Server | streams | idle kB each | first event ms, p50 / p95 / p99 | fan-out ms | revoked to closed ms |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [
            "" if each is None else " / ".join(f"{value:.0f}" for value in each)
            for each in (row.first_event, row.fan_out, row.revoked)
        ]
        lines.append(f"| {row.server} | {row.streams:,} | {row.idle_kb:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Start worlds, measure, print. An argument is how many streams."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STREAMS
    with ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with start_world(folder / "one") as world:
            rows = runner.run(measure_streams(world, folder / "nchan", count))
        with start_world(folder / "two", workers=2) as world:
            revoked = runner.run(_revoked(world))
    print(stream_table(rows))
    print("\nrevoked to closed over two replicas, ms p50 / p95 / p99:", " / ".join(f"{each:.0f}" for each in revoked))
    if len(rows) == 1:
        print(nchan_peer.HOW_TO_INSTALL)


if __name__ == "__main__":
    main()
