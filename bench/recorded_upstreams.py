"""Upstreams that answer what the simulator answered once, as fast or as slowly as they are told to.

The simulator makes every answer anew; at the rates of a benchmark that would be what is measured. So the first request
for an address goes to the simulator and its answer is kept; the same request gets the same bytes from then on.
`python -m bench.recorded_upstreams PORT SIMULATOR` runs it. When the last byte of an answer was given to the kernel is
remembered by trace id, on the clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
import zlib
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import parse_qsl, urlsplit

import httptools
import uvloop

__all__ = ["main"]

_SESSION: Final = json.dumps({"id": "bos_01K7Z5J3M8R4T6V9X2B0C1D5F7", "state": "open", "padding": "x" * 520}).encode()
"""As long as the service's own answer on the trivial route: what nginx passes on there."""

Key = tuple[str, str, str, str]
"""Method with the body's checksum, target, tenant and property."""


@dataclass(slots=True)
class _State:
    simulator: tuple[str, int]
    delay_s: float = 0.0
    hanging: frozenset[str] = frozenset()
    answers: dict[Key, bytes] = field(default_factory=dict)
    answered_at: dict[str, list[int]] = field(default_factory=dict)
    took: dict[str, int] = field(default_factory=dict)
    """The nanoseconds of a trace's calls that change something, from the last byte in to the last byte out."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def delay_of(self, target: str) -> float:
        """A quarter to the whole of the delay, the same for an address every time."""
        return self.delay_s * (0.25 + 0.75 * (zlib.crc32(target.encode()) % 16) / 15)

    def change(self, query: str) -> None:
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name == "delay_ms":
                self.delay_s = float(value) / 1000
            elif name == "hang":
                self.hanging = frozenset(value.split(",")) - {""}


class _Answering(asyncio.Protocol):
    """One connection; a client sends its next request after the answer to the last one."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._body = b""
        self._headers: dict[bytes, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its ancestry

    def connection_lost(self, _exc: Exception | None) -> None:
        """Whoever has gone gets no answer."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Forget the last request."""
        self._url, self._body, self._headers = b"", b"", {}

    def on_url(self, url: bytes) -> None:
        """Collect the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer now, later, or never."""
        arrived = time.monotonic_ns()
        target, headers = self._url.decode(), self._headers
        if target.startswith("/_recorded/"):
            self._control(target)
            return
        if target.split("/", 2)[1] in self._state.hanging:
            return
        method = self._parser.get_method().decode()
        if self._body:
            # What is issued at one address is another thing for another wish.
            method += f" {zlib.crc32(self._body):08x}"
        key = (method, target, headers.get(b"x-tenant-id", b"").decode(), headers.get(b"x-property-id", b"").decode())
        trace = headers.get(b"traceparent", b"").decode()[3:35]
        known = self._state.answers.get(key)
        if known is None:
            loop = asyncio.get_running_loop()
            task = loop.create_task(self._record(key, dict(headers), self._body, trace))
            self._state.tasks.add(task)
            task.add_done_callback(self._state.tasks.discard)
            return
        delay = self._state.delay_of(target)
        since = 0 if method == "GET" else arrived
        if delay:
            asyncio.get_running_loop().call_later(delay, self._answer, known, trace, since)
        else:
            self._answer(known, trace, since)

    def _answer(self, answer: bytes, trace: str, since: int = 0) -> None:
        if self._transport is None:
            return
        self._transport.write(answer)
        if not trace:
            return
        now = time.monotonic_ns()
        self._state.answered_at.setdefault(trace, []).append(now)
        if since:
            self._state.took[trace] = self._state.took.get(trace, 0) + now - since

    def _control(self, target: str) -> None:
        parts = urlsplit(target)
        body = b""
        if parts.path.endswith("/set"):
            self._state.change(parts.query)
        elif parts.path.endswith("/session"):
            body = _SESSION
        elif parts.path.endswith("/targets"):
            # Reads only: who serves them to a peer has nothing to change.
            body = json.dumps([key[1:] for key in self._state.answers if key[0] == "GET"]).encode()
        elif parts.path.endswith("/took"):
            body = json.dumps(self._state.took).encode()
            self._state.took.clear()
        else:
            body = json.dumps(self._state.answered_at).encode()
            self._state.answered_at.clear()
        self._answer(_response(b"200 OK", b"application/json", body), "")

    async def _record(self, key: Key, headers: dict[bytes, bytes], sent: bytes, trace: str) -> None:
        method = key[0].partition(" ")[0]
        status, kind, body = await _ask(self._state.simulator, method, key[1], headers, sent)
        answer = _response(status, kind, body)
        if status.startswith((b"200", b"201")):
            self._state.answers[key] = answer
        self._answer(answer, trace)


def _response(status: bytes, kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (status, kind, len(body), body)


async def _ask(
    simulator: tuple[str, int], method: str, target: str, headers: dict[bytes, bytes], sent: bytes
) -> tuple[bytes, bytes, bytes]:
    """The simulator's answer: status, media type, body."""
    reader, writer = await asyncio.open_connection(*simulator)
    passed = b"".join(
        b"%b: %b\r\n" % (name, value) for name, value in headers.items() if name not in {b"host", b"connection"}
    )
    head = b"%b %b HTTP/1.0\r\nhost: simulator\r\n%b\r\n" % (method.encode(), target.encode(), passed)
    writer.write(head + sent)
    head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    writer.close()
    status_line, *lines = head.split(b"\r\n")
    kind = next((line[13:].strip() for line in lines if line.lower().startswith(b"content-type:")), b"text/plain")
    return status_line.split(b" ", 1)[1], kind, body


async def _serve(port: int, simulator: str) -> None:
    parts = urlsplit(simulator)
    state = _State(simulator=(parts.hostname or "127.0.0.1", parts.port or 80))
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: _Answering(state), "127.0.0.1", port, backlog=1024)
    await stop.wait()
    server.close()


def main() -> None:
    """Run until told to stop."""
    port, simulator, *_ = sys.argv[1:]
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_serve(int(port), simulator))


if __name__ == "__main__":
    main()
