"""Open streams as a client has them: thousands in one process, each noting when something came and nothing else."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from typing import Final, Self
from urllib.parse import urlsplit

from bench.desktops import Desktop, DeviceKey, busiest_property
from bench.world import World, call

__all__ = ["PATIENCE_SECONDS", "Listener", "open_listeners", "sign_in_listeners", "times_of", "until_all"]

PATIENCE_SECONDS: Final = 20.0
_ACCIDENTS: Final = 0.02
"""So many may be refused or cut on a machine that neighbours use; they are counted, and more end the run."""


class Listener(asyncio.Protocol):
    """One open stream. Notes when a text was first seen in it, and when it ended; keeps nothing of what it heard."""

    __slots__ = ("_seen", "_text", "closed", "transport")

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
        """The moment at which this text comes, in seconds of the monotonic clock; NaN if the stream ends before."""
        self._text, self._seen = text, asyncio.get_running_loop().create_future()
        if self.closed.done():
            self._seen.set_result(math.nan)
        return self._seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self.transport = transport  # type: ignore[assignment] # a stream transport, by `create_connection`

    def data_received(self, data: bytes) -> None:
        """An event is one write of the server, so a text is never cut in two."""
        if self._seen is not None and not self._seen.done() and self._text in data:
            self._seen.set_result(time.monotonic())
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
            self.close()

    def eof_received(self) -> None:
        """The server's end."""
        if not self.closed.done():
            self.closed.set_result(time.monotonic())
        if self._seen is not None and not self._seen.done():
            self._seen.set_result(math.nan)

    def connection_lost(self, exc: Exception | None) -> None:
        """The same, for a server that hangs up."""
        del exc
        self.eof_received()

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.abort()


def sign_in_listeners(world: World, count: int) -> list[Desktop]:
    """So many devices of one hotel, which the simulator is asked to register first."""
    operator, property_id = busiest_property(world)
    body = {"tenantId": operator["tenantId"], "count": count}
    devices = call("POST", f"{world.simulator}/_control/devices", body=body)["devices"]
    key = DeviceKey()
    return [Desktop.sign_in(world, operator, device, property_id, key) for device in devices]


async def open_listeners(
    origin: str, requests: Sequence[Callable[[], bytes]], ready: bytes
) -> tuple[list[Listener], list[float]]:
    """Open one after the other; those that are open, and how long each took until it was `ready`, in ms.

    A request is made just before it is sent, since a proof is good for a minute.

    Raises:
        RuntimeError: too many of them were refused or said nothing.
    """
    listeners: list[Listener] = []
    times: list[float] = []
    failed = 0
    for request in requests:
        made = request()
        began = time.monotonic()
        listener = await Listener.to(origin, made)
        (moment,) = await until_all([listener.expect(ready)])
        if math.isnan(moment):
            listener.close()
            failed += 1
            if failed > max(1, _ACCIDENTS * len(requests)):
                raise RuntimeError(f"{failed} of {len(requests)} streams did not open")
            continue
        times.append((moment - began) * 1000)
        listeners.append(listener)
    return listeners, times


async def until_all(moments: Sequence[asyncio.Future[float]]) -> list[float]:
    """The moments of all; NaN for what did not come in time."""
    await asyncio.wait(moments, timeout=PATIENCE_SECONDS)
    return [each.result() if each.done() else math.nan for each in moments]


def times_of(moments: Sequence[float], began: float) -> list[float]:
    """In ms, of those that came."""
    return [(each - began) * 1000 for each in moments if not math.isnan(each)]
