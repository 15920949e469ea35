"""The load: requests over raw connections, from one process that has a core of its own.

Two kinds. `saturate` keeps every connection busy (closed loop) and says how much a core can do; its waiting times mean
nothing and are not reported. `open_loop` sends each request at its appointed time, whatever became of the others, and
counts from that time: one that had to wait for the one before it counts its waiting too (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urlsplit

import httptools

__all__ = ["Exchange", "Planned", "Saturation", "open_loop", "percentile", "percentiles", "saturate"]

_PATIENCE_SECONDS: Final = 20.0
_ACCIDENTS: Final = 0.02
"""Where neighbours take the cores for a while, a store's limit can pass. That is counted and shown, and ends no run."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all values do not exceed; NaN of nothing."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(percent * 10) // 1000) - 1))]


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    return (percentile(values, 50), percentile(values, 95), percentile(values, 99))


@dataclass(slots=True)
class Exchange:
    """One request and its answer. Moments are of the monotonic clock, in ns."""

    due: int = 0
    sent: int = 0
    ended: int = 0
    status: int = 0
    trace_id: str = ""
    cache: bytes = b""
    chunks: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def first_byte_ms(self) -> float:
        """From the appointed time to the first byte of the body."""
        return (self.chunks[0][0] - self.due) / 1e6 if self.chunks else float("nan")

    @property
    def total_ms(self) -> float:
        """From the appointed time to the end of the body."""
        return (self.ended - self.due) / 1e6


class _Connection(asyncio.Protocol):
    """A kept connection with one request under way at most."""

    def __init__(self, done: Callable[[_Connection, Exchange], None], *, keep_body: bool) -> None:
        self._done = done
        self._keep_body = keep_body
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._exchange: Exchange | None = None
        self._now = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its ancestry

    def connection_lost(self, _exc: Exception | None) -> None:
        """A connection that is lost in the middle ends its exchange with status 0."""
        self._transport = None
        if self._exchange is not None:
            self._finish()

    @property
    def idle(self) -> bool:
        """Whether a request may be sent."""
        return self._exchange is None and self._transport is not None

    def send(self, request: bytes, exchange: Exchange) -> None:
        """Send a request; its answer goes to `done`."""
        if self._transport is None:
            raise ConnectionError("the server closed the connection")
        self._exchange = exchange
        exchange.sent = time.monotonic_ns()
        self._transport.write(request)

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; everything in one segment arrived at one moment."""
        self._now = time.monotonic_ns()
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what the report asks for."""
        if self._exchange is not None and name.lower() == b"x-cache":
            self._exchange.cache = value

    def on_body(self, body: bytes) -> None:
        """Note when a part of the body came, and the part where it is to be read."""
        exchange = self._exchange
        if exchange is not None and (self._keep_body or not exchange.chunks):
            exchange.chunks.append((self._now, body))

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._exchange is not None:
            self._exchange.status = self._parser.get_status_code()
        self._finish()
        self._parser = httptools.HttpResponseParser(self)

    def _finish(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.ended = time.monotonic_ns()
            self._done(self, exchange)


@contextmanager
def _no_collection() -> Iterator[None]:
    """The generator's own garbage collection must not look like the service's slowness."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _connect(
    origin: str, count: int, done: Callable[[_Connection, Exchange], None], *, keep_body: bool
) -> list[_Connection]:
    loop, parts = asyncio.get_running_loop(), urlsplit(origin)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    connections = []
    for _ in range(count):
        _, protocol = await loop.create_connection(lambda: _Connection(done, keep_body=keep_body), host, port)
        connections.append(protocol)
    return connections


@dataclass(frozen=True, slots=True)
class Saturation:
    """What a closed loop did. `failed` were answered with something else than a 200, or not at all."""

    answered: int
    seconds: float
    statuses: Counter[int]

    @property
    def failed(self) -> int:
        """How many."""
        return self.answered - self.statuses[200]

    def require_mostly_well(self, name: str) -> None:
        """Raise `RuntimeError` where a failure is no longer the accident of a busy machine."""
        if self.failed > _ACCIDENTS * self.answered:
            raise RuntimeError(f"{name}: too few 200s: {dict(self.statuses)}")


async def saturate(origin: str, requests: Sequence[bytes], *, connections: int, seconds: float) -> Saturation:
    """Send the requests in order over all connections at once, until none is left or the time is over."""
    statuses: Counter[int] = Counter()
    left = iter(requests)
    finished = asyncio.Event()
    under_way = 0
    stop_at = 0

    def advance(connection: _Connection, exchange: Exchange | None) -> None:
        nonlocal under_way
        if exchange is not None:
            under_way -= 1
            statuses[exchange.status] += 1
        request = next(left, None) if time.monotonic_ns() < stop_at else None
        if request is not None and connection.idle:
            under_way += 1
            connection.send(request, Exchange())
        elif under_way == 0:
            finished.set()

    pool = await _connect(origin, connections, advance, keep_body=False)
    with _no_collection():
        started = time.monotonic_ns()
        stop_at = started + int(seconds * 1e9)
        for connection in pool:
            advance(connection, None)
        async with asyncio.timeout(seconds + _PATIENCE_SECONDS):
            await finished.wait()
        ended = time.monotonic_ns()
    for connection in pool:
        connection.close()
    return Saturation(statuses.total(), (ended - started) / 1e9, statuses)


@dataclass(frozen=True, slots=True)
class Planned:
    """One request of an open loop: when (seconds from the start), over which connection, what to do just before."""

    at: float
    connection: int
    request: bytes
    trace_id: str = ""


async def open_loop(
    origin: str,
    plan: Sequence[Planned],
    *,
    connections: int,
    before: Callable[[], None] | None = None,
    keep_body: bool = True,
) -> list[Exchange]:
    """Send every request at its time; answers in the order of the plan.

    `before` is called 4 ms ahead of each request, for what has to be gone when it arrives.
    """
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()
    waiting: list[list[tuple[Planned, Exchange]]] = [[] for _ in range(connections)]
    missing = len(plan)

    def ended(connection: _Connection, _exchange: Exchange) -> None:
        nonlocal missing
        missing -= 1
        if missing == 0:
            finished.set()
        queue = waiting[index_of[connection]]
        if queue and connection.idle:
            following, exchange = queue.pop(0)
            connection.send(following.request, exchange)

    pool = await _connect(origin, connections, ended, keep_body=keep_body)
    index_of = {connection: index for index, connection in enumerate(pool)}
    exchanges = [Exchange(trace_id=planned.trace_id) for planned in plan]
    # The loop tells the same monotonic clock, cut to whole ms: nothing is sent before it is due.
    zero = loop.time() + 0.05

    def send(planned: Planned, exchange: Exchange) -> None:
        connection = pool[planned.connection]
        if connection.idle:
            connection.send(planned.request, exchange)
        else:
            waiting[planned.connection].append((planned, exchange))

    with _no_collection():
        for planned, exchange in zip(plan, exchanges, strict=True):
            exchange.due = int((zero + planned.at) * 1e9)
            if before is not None:
                loop.call_at(zero + planned.at - 0.004, before)
            loop.call_at(zero + planned.at, send, planned, exchange)
        async with asyncio.timeout(max(planned.at for planned in plan) + _PATIENCE_SECONDS):
            await finished.wait()
    for connection in pool:
        connection.close()
    return exchanges
