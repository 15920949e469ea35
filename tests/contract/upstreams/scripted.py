"""An upstream on a real loopback socket that does exactly what a test tells it to, byte by byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bff_backoffice.infrastructure.breaker import BreakerState
from bff_backoffice.infrastructure.http import (
    Bounds,
    CallOutcome,
    HedgeOutcome,
    LimitView,
    Upstream,
    UpstreamClient,
    open_upstream,
)

LONG = 30.0
"""Seconds for what happens at once on a machine that has nothing else to do."""


@dataclass(frozen=True)
class SeenRequest:
    """What arrived: header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    """Which connection it came over, counted from 1."""


class LeavingReader(asyncio.StreamReader):
    """A reader that says when its client has left, without reading ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()

    def feed_eof(self) -> None:
        """The client closed its side."""
        super().feed_eof()
        self.left.set()

    def set_exception(self, exc: Exception) -> None:
        """The connection broke."""
        super().set_exception(exc)
        self.left.set()


Script = Callable[[SeenRequest, asyncio.StreamWriter], Awaitable[None]]


def http_answer(
    body: bytes = b"{}", *, status: int = 200, content_type: str = "application/json", **headers: str
) -> bytes:
    """A whole answer with its length; `Retry_After="1"` gives `Retry-After: 1`."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    if status not in {204, 304}:
        lines.append(f"Content-Length: {len(body)}")
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(answer: bytes) -> Script:
    """The script that gives this answer to every request."""

    async def script(_seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return script


def in_turn(*scripts: Script) -> Script:
    """The script that plays each script once, and the last one from then on."""
    waiting = list(scripts)

    async def script(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(seen, writer)

    return script


async def hang(_seen: SeenRequest, _writer: asyncio.StreamWriter) -> None:
    """Never answer, until the other side goes away."""
    await asyncio.Event().wait()


async def reset(_seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
    """Cut the connection without a word."""
    writer.transport.abort()


@dataclass
class ScriptedUpstream:
    """The running server. `gone` is set whenever a client closes a connection."""

    script: Script
    url: str = ""
    requests: list[SeenRequest] = field(default_factory=list)
    connections: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, count: int) -> None:
        """Return when so many requests have arrived; half a minute at most."""
        async with asyncio.timeout(LONG):
            while len(self.requests) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def serve(self, reader: LeavingReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: read a request and play the script, for as long as the client stays."""
        self.connections += 1
        connection = self.connections
        try:
            while not writer.transport.is_closing():
                seen = await _request(reader, connection)
                self.requests.append(seen)
                self.arrived.set()
                await self._play(seen, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
        finally:
            writer.transport.abort()

    async def _play(self, seen: SeenRequest, reader: LeavingReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                playing = group.create_task(self.script(seen, writer))
                leaving = group.create_task(reader.left.wait())
                await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if leaving.done():
                    self.gone.set()
                playing.cancel()
                leaving.cancel()
        except* ConnectionError:
            self.gone.set()


async def _request(reader: asyncio.StreamReader, connection: int) -> SeenRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _version = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return SeenRequest(method, path, headers, body, connection)


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[ScriptedUpstream]:
    """Run the upstream on a free loopback port for as long as the block runs."""
    upstream = ScriptedUpstream(script)
    loop = asyncio.get_running_loop()
    serving: list[asyncio.Task[None]] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, LeavingReader)
        serving.append(loop.create_task(upstream.serve(reader, writer)))

    server = await loop.create_server(lambda: asyncio.StreamReaderProtocol(LeavingReader(), connected), "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()
        for task in serving:
            task.cancel()
        if serving:
            await asyncio.wait(serving)


@contextmanager
def deaf() -> Iterator[str]:
    """An address where nobody listens, and nobody can while the block runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@dataclass
class RecordingUpstreamObserver:
    """Keeps what the client told it. `hedge_ended` is set whenever a second request has ended."""

    calls: list[tuple[str, str, CallOutcome, float]] = field(default_factory=list)
    states: list[tuple[str, BreakerState]] = field(default_factory=list)
    retries: list[tuple[str, str]] = field(default_factory=list)
    reconnects: list[tuple[str, str]] = field(default_factory=list)
    hedges: list[tuple[str, str, HedgeOutcome]] = field(default_factory=list)
    limit: LimitView | None = None
    hedge_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def outcomes(self) -> list[CallOutcome]:
        """How the attempts ended, in order."""
        return [outcome for _, _, outcome, _ in self.calls]

    def opened(self, upstream: str, limit: LimitView) -> None:
        """Keep it."""
        del upstream
        self.limit = limit

    def hedged(self, upstream: str, operation: str, outcome: HedgeOutcome) -> None:
        """Keep it."""
        self.hedges.append((upstream, operation, outcome))
        self.hedge_ended.set()

    def breaker_changed(self, upstream: str, state: BreakerState) -> None:
        """Keep it."""
        self.states.append((upstream, state))

    def observed(self, upstream: str, operation: str, outcome: CallOutcome, seconds: float) -> None:
        """Keep it."""
        self.calls.append((upstream, operation, outcome, seconds))

    def retried(self, upstream: str, operation: str) -> None:
        """Keep it."""
        self.retries.append((upstream, operation))

    def reconnected(self, upstream: str, operation: str) -> None:
        """Keep it."""
        self.reconnects.append((upstream, operation))


async def the_identity() -> str:
    """This service's own token in the tests."""
    return "the-service-token"


def the_clock() -> datetime:
    """The real time."""
    return datetime.now(UTC)


@asynccontextmanager
async def some_client(
    url: str,
    *,
    retries: int = 0,
    limit_seconds: float = 5.0,
    breaker_enabled: bool = True,
    max_body_bytes: int = 1024 * 1024,
    of: Upstream | None = None,
    hedging_enabled: bool = True,
    limit_enabled: bool = True,
) -> AsyncIterator[tuple[UpstreamClient, RecordingUpstreamObserver]]:
    """A client for this address, with the observer that hears of its calls; `of` is a gateway's own upstream."""
    observer = RecordingUpstreamObserver()
    upstream = of or Upstream(
        name="some-service", limit_seconds=limit_seconds, retries=retries, max_body_bytes=max_body_bytes
    )
    async with open_upstream(
        upstream,
        url,
        identity=the_identity,
        observer=observer,
        clock=the_clock,
        breaker_enabled=breaker_enabled,
        hedging_enabled=hedging_enabled,
        limit_enabled=limit_enabled,
    ) as client:
        yield client, observer


def bounds(seconds: float = 5.0) -> Bounds:
    """Bounds that end so many seconds from now."""
    return Bounds(
        deadline=asyncio.get_running_loop().time() + seconds,
        request_id="01K9ZV6Y7R8S9T0V1W2X3Y4Z5A",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
