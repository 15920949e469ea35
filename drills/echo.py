"""`python -m drills.echo`: an HTTP server that answers each request with its own address, a random moment later.

A process of its own, so that what is tried is a real client against a real peer. Prints its port; ends with its parent.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import Any

import httptools
import uvloop

__all__ = ["main"]

_MOST_S = 0.002


class Echo(asyncio.Protocol):
    """One connection. `/hold/<n>/…` is answered when n requests are held; `/connections` counts those there are."""

    connections = 0
    held: list[Echo]

    def __init__(self) -> None:
        self._transport: Any = None
        self.url = b""
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._transport = transport
        Echo.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        del exc
        Echo.connections -= 1

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """The address, which is also the answer."""
        self.url = url

    def on_message_complete(self) -> None:
        """Answer now, soon, or together with the others that are held."""
        parts = self.url.decode().split("/")
        if parts[1] == "connections":
            self.answer(str(Echo.connections))
        elif parts[1] == "hold":
            Echo.held.append(self)
            if len(Echo.held) >= int(parts[2]):
                for each in Echo.held:
                    each.answer(each.url.decode())
                Echo.held = []
        else:
            asyncio.get_running_loop().call_later(random.random() * _MOST_S, self.answer, self.url.decode())

    def answer(self, text: str) -> None:
        """Send an answer, unless the client has left."""
        if self._transport.is_closing():
            return
        body = json.dumps(text).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        # In two parts, so that a cancellation can fall between them.
        self._transport.write(head + body[:3])
        self._transport.write(body[3:])


Echo.held = []


async def main() -> None:
    """Serve on a free loopback port until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
