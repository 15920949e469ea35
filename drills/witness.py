"""The one healthy upstream of the weather drill: it knows to the microsecond when it answered whom.

It answers with what the simulator said when it was asked the same thing first, a few milliseconds after it was asked.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httptools

from drills.desk import Connection, Reply

__all__ = ["Witness", "witness"]

_LEAST_S, _MOST_S = 0.005, 0.15
"""Between these, so that answers arrive before, among and after the failures of the others."""

_HOP = {"host", "connection", "content-length", "transfer-encoding"}


@dataclass
class Witness:
    """Where it listens, whom it stands for, and when it answered each trace."""

    port: int = 0
    origin: str = ""
    """The service whose answers it gives, such as `http://127.0.0.1:8090/maintenance-service`; set before any call."""
    answered: dict[str, float] = field(default_factory=dict)
    _known: dict[tuple[str, str], Reply] = field(default_factory=dict)

    async def reply(self, url: str, headers: dict[str, str]) -> Reply:
        """What the service itself says to this, asked at most once for each address and property."""
        key = (url, headers.get("x-property-id", ""))
        if key not in self._known:
            base, _, prefix = self.origin.partition("://")[2].partition("/")
            sent = {name: value for name, value in headers.items() if name not in _HOP} | {"host": base}
            lines = [f"GET /{prefix}{url} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
            connection = await Connection.to(f"http://{base}")
            reply = await connection.exchange("\r\n".join(lines).encode() + b"\r\n\r\n")
            connection.close()
            if reply.status != 200:
                return reply
            self._known[key] = reply
        return self._known[key]


class _Serving(asyncio.Protocol):
    """One connection of the service."""

    def __init__(self, owner: Witness, group: asyncio.TaskGroup) -> None:
        self._owner, self._group = owner, group
        self._transport: Any = None
        self._url, self._headers = b"", {}  # type: ignore[var-annotated] # filled by the parser
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """A new request."""
        self._headers = {}

    def on_url(self, url: bytes) -> None:
        """Its address."""
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        self._headers[name.decode().lower()] = value.decode()

    def on_message_complete(self) -> None:
        """Answer in a while, without holding up the loop."""
        self._group.create_task(self._answer(self._url.decode(), dict(self._headers)))

    async def _answer(self, url: str, headers: dict[str, str]) -> None:
        reply = await self._owner.reply(url, headers)
        await asyncio.sleep(random.uniform(_LEAST_S, _MOST_S))
        head = (
            f"HTTP/1.1 {reply.status} -\r\nContent-Type: application/json\r\nContent-Length: {len(reply.body)}\r\n\r\n"
        )
        if not self._transport.is_closing():
            self._transport.write(head.encode() + reply.body)
            self._owner.answered[headers.get("traceparent", "--").split("-")[1]] = time.monotonic()


@asynccontextmanager
async def witness() -> AsyncIterator[Witness]:
    """Listen on a free loopback port for as long as the block runs."""
    owner = Witness()
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        server = await loop.create_server(lambda: _Serving(owner, group), "127.0.0.1", 0)
        owner.port = server.sockets[0].getsockname()[1]
        try:
            yield owner
        finally:
            server.close()
