"""A TCP proxy that stands for the hotel's network, and can be made as bad as such networks are."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from platform_sim.http_framing import response_length

__all__ = ["InvalidWeatherError", "NetworkProxy", "Weather"]

MODES: Final = frozenset({"none", "buffer", "cut", "slow"})
_READ_BYTES: Final = 16 * 1024
_HELD_AT_MOST: Final = 1024 * 1024
_SLOW_LATENCY_MS: Final = 400
_SLOW_BYTES_PER_SECOND: Final = 16_000
_CONNECT_SECONDS: Final = 5.0


class InvalidWeatherError(ValueError):
    """A network was described in a way that can't be carried out. The message says which member is wrong."""


@dataclass(slots=True, kw_only=True)
class Weather:
    """What the network does now. `gone` is set when it changes: whoever waits because of it goes on at once.

    `buffer` hands on a response only when it is whole, as some hotel gateways do: streams starve.
    `cut` resets what is open and every new connection; with `after_bytes` that much of the answers passes first.
    `slow` adds a delay to everything and limits the bytes per second in each direction.
    """

    mode: str = "none"
    latency_ms: int = _SLOW_LATENCY_MS
    bytes_per_second: int = _SLOW_BYTES_PER_SECOND
    after_bytes: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> Weather:
        """Read the body of `PUT /_control/network`, or raise `InvalidWeatherError`."""
        mode = body.get("mode")
        if not isinstance(mode, str) or mode not in MODES:
            raise InvalidWeatherError("mode: one of none, buffer, cut, slow")
        return cls(
            mode=mode,
            latency_ms=_integer(body, "latencyMs", _SLOW_LATENCY_MS, 0),
            bytes_per_second=_integer(body, "bytesPerSecond", _SLOW_BYTES_PER_SECOND, 1),
            after_bytes=_integer(body, "afterBytes", 0, 0),
        )

    def wire(self) -> dict[str, object]:
        """The network as `GET /_control/network` shows it."""
        return {
            "mode": self.mode,
            "latencyMs": self.latency_ms,
            "bytesPerSecond": self.bytes_per_second,
            "afterBytes": self.after_bytes,
        }

    async def hold_back(self, size: int) -> None:
        """Wait as long as so many bytes take on a slow network."""
        seconds = self.latency_ms / 1000 + size / self.bytes_per_second
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.gone.wait()


class NetworkProxy:
    """Listens on one port and passes on to one target, through the weather of the moment."""

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = (target_host, target_port)
        self._server: asyncio.Server | None = None
        self._passages: set[_Passage] = set()
        self._weather = Weather()

    @property
    def weather(self) -> Weather:
        """What the network does now."""
        return self._weather

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port; 0 takes a free one. Raises `OSError` where the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        self.change(Weather())
        for passage in list(self._passages):
            passage.cut()

    def change(self, weather: Weather) -> None:
        """Let the weather change: what was held back goes on, or is cut."""
        self._weather.gone.set()
        self._weather = weather
        for passage in list(self._passages):
            if weather.mode == "cut" and weather.after_bytes == 0:
                passage.cut()
            passage.wake.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.mode == "cut" and self._weather.after_bytes == 0:
            _reset(writer)
            return
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(*self._target)
        except (OSError, TimeoutError):
            _reset(writer)
            return
        passage = _Passage(self, writer, far_writer)
        self._passages.add(passage)
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(passage.upwards(reader))
                directions.create_task(passage.receive(far_reader))
                directions.create_task(passage.downwards())
        except* (OSError, ValueError):
            # A reset on either side is how such connections end here, and the other side is told below.
            pass
        finally:
            self._passages.discard(passage)
            writer.close()
            far_writer.close()


class _Passage:
    """One connection: the client's requests going up, the service's answers coming down."""

    def __init__(self, proxy: NetworkProxy, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._near = near
        self._far = far
        self._held = bytearray()
        self._ended = False
        self._room = asyncio.Event()
        self._passed_down = 0
        self._head_request = False
        self.wake = asyncio.Event()
        """Set when there is something new to decide: bytes, an end, other weather."""

    async def upwards(self, reader: asyncio.StreamReader) -> None:
        """Requests, from the client to the service."""
        while data := await reader.read(_READ_BYTES):
            self._head_request = data.startswith(b"HEAD ")
            weather = self._proxy.weather
            if weather.mode == "slow":
                await weather.hold_back(len(data))
            self._far.write(data)
            await self._far.drain()
        if self._far.can_write_eof():
            self._far.write_eof()

    async def receive(self, reader: asyncio.StreamReader) -> None:
        """Answers, from the service into the proxy's hands."""
        while data := await reader.read(_READ_BYTES):
            self._held += data
            self.wake.set()
            # A client that reads slowly, or weather that holds everything back, must not fill the memory.
            self._room.clear()
            if len(self._held) > _HELD_AT_MOST:
                await self._room.wait()
        self._ended = True
        self.wake.set()

    async def downwards(self) -> None:
        """Answers, from the proxy's hands to the client, when the weather lets them."""
        while not (self._ended and not self._held):
            await self.wake.wait()
            self.wake.clear()
            while (size := self._ready()) > 0:
                await self._pass_down(size)
                self._room.set()
        # The service has hung up; whatever the client still sends has nowhere to go.
        self._near.close()
        self._far.close()

    def _ready(self) -> int:
        if self._proxy.weather.mode != "buffer" or self._ended or len(self._held) > _HELD_AT_MOST:
            return len(self._held)
        return response_length(self._held, head_request=self._head_request) or 0

    async def _pass_down(self, size: int) -> None:
        weather = self._proxy.weather
        data = bytes(self._held[:size])
        del self._held[:size]
        if weather.mode == "slow":
            await weather.hold_back(len(data))
        if weather.mode == "cut":
            data = data[: max(0, weather.after_bytes - self._passed_down)]
        self._passed_down += len(data)
        self._near.write(data)
        await self._near.drain()
        if weather.mode == "cut" and self._passed_down >= weather.after_bytes:
            self.cut()

    def cut(self) -> None:
        """Reset both connections."""
        _reset(self._near)
        _reset(self._far)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Drop a connection so that the other side sees a reset and not an orderly end."""
    peer = writer.get_extra_info("socket")
    if peer is not None:
        with suppress(OSError):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _integer(body: Mapping[str, object], name: str, default: int, low: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= 1_000_000_000:  # noqa: PLR2004 - no wire is faster
        raise InvalidWeatherError(f"{name}: a whole number from {low} on")
    return value
