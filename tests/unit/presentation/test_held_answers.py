"""Answers that are held open: what they keep of their request, what a client may do meanwhile, who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from bff_backoffice.listener import HttpProtocol
from bff_backoffice.presentation.exchange import Held, Line, Open, Write
from bff_backoffice.presentation.responses import ClientGoneError, Receive, Send, send_held
from tests.fakes import skipped_time
from tests.fakes.skipped_time import skip

_SECONDS = 60.0
_REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\nAuthorization: DPoP secret\r\n\r\n"
_CHUNK = 1_000_000
_PATIENCE = 20.0
"""For how long the client may take what it has not taken when the answer is complete, in seconds."""


class Desk:
    """An application that holds one answer open, and what it learned meanwhile."""

    def __init__(self, write: Callable[[Write, Line], Awaitable[None]] | None = None) -> None:
        self.scope: dict[str, Any] = {}
        self.line: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()
        self.over = asyncio.Event()
        self.written = asyncio.Event()
        self.given_up = asyncio.Event()
        self.requests = 0
        self._write = write

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer as the application does: the request's body is read to its end first."""
        self.scope, self.requests = scope, self.requests + 1
        await receive()
        try:
            await send_held(Held(media_type="text/plain", run=self._run), lambda _: [], scope, send, lambda: None)
        except ClientGoneError:
            self.given_up.set()

    async def _run(self, open_: Open) -> float:
        write, line = await open_((), self.gone.set)
        self.line.set_result(line)
        if self._write is not None:
            await self._write(write, line)
            self.written.set()
        else:
            await self.over.wait()
        return _PATIENCE


@asynccontextmanager
async def connected(desk: Desk) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client's two ends of a connection to it, over loopback."""
    config = uvicorn.Config(desk, ws="none", lifespan="off", access_log=False, log_config=None)
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(config, state, {}), "127.0.0.1", 0)
    async with server, asyncio.timeout(_SECONDS):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            yield reader, writer
        finally:
            desk.over.set()
            writer.close()
            await asyncio.gather(*state.tasks)


@pytest.mark.anyio
async def test_an_open_answer_keeps_the_method_of_its_request_and_nothing_else() -> None:
    """Credentials and proof would stay in memory for as long as a stream lasts, thousands of times."""
    desk = Desk()
    async with connected(desk) as (reader, writer):
        writer.write(_REQUEST)
        line = await desk.line
        line.push(b"open")

        assert (await reader.readuntil(b"open")).startswith(b"HTTP/1.1 200 ")
        assert desk.scope == {"method": "GET"}


@pytest.mark.anyio
@pytest.mark.parametrize("with_it", [True, False], ids=["in the same write", "afterwards"])
async def test_what_a_client_says_behind_an_open_answer_is_dropped_and_its_leaving_is_heard(*, with_it: bool) -> None:
    """Another request, or no request at all: the answer goes on, nobody answers the rest, and the end is noticed."""
    desk = Desk()
    async with connected(desk) as (reader, writer):
        writer.write(_REQUEST + (_REQUEST if with_it else b""))
        line = await desk.line
        writer.write(_REQUEST + b"\0 no request \r\n\r\n")
        await writer.drain()
        line.push(b"one")
        await reader.readuntil(b"one")
        line.push(b"two")
        await reader.readuntil(b"two")

        assert desk.requests == 1
        assert not desk.gone.is_set()

        writer.close()
        await desk.gone.wait()


@pytest.mark.anyio
async def test_an_open_answer_ends_with_its_last_chunk_and_the_connection() -> None:
    """The client can tell that it has everything."""
    desk = Desk()
    async with connected(desk) as (reader, writer):
        writer.write(_REQUEST)
        (await desk.line).push(b"one")
        desk.over.set()

        assert (await reader.read()).endswith(b"\r\n\r\n3\r\none\r\n0\r\n\r\n")
        assert not desk.gone.is_set()


@pytest.mark.anyio
async def test_a_writer_waits_for_a_client_that_takes_nothing_and_goes_on_when_it_does() -> None:
    """What it wrote is neither lost nor kept in memory without a bound."""
    written: list[int] = []

    async def write_much(write: Write, line: Line) -> None:
        line.bound_in_system(65_536)
        for number in range(20):
            await write(bytes(_CHUNK))
            written.append(number)
            # What is written in one turn of the loop goes out together.
            await asyncio.sleep(0)

    desk = Desk(write_much)
    async with connected(desk) as (reader, writer):
        writer.write(_REQUEST)
        await desk.line
        await reader.readuntil(b"\r\n\r\n")
        held_back = len(written)
        taken = sum([len(chunk) async for chunk in _chunks(reader)])

        assert held_back < 20
        assert len(written) == 20
        assert taken > 20 * _CHUNK


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while chunk := await reader.read(65_536):
        yield chunk


@pytest.mark.anyio
async def test_a_writer_who_waits_hears_that_its_client_is_gone() -> None:
    """Nobody waits for ever for a client that left in the middle."""
    desk = Desk(_write_much)
    async with connected(desk) as (_, writer):
        writer.write(_REQUEST)
        await desk.line
        writer.transport.abort()
        await desk.gone.wait()


def test_a_client_that_was_busy_for_some_seconds_gets_the_end_too() -> None:
    """Why it was cut off is among the last bytes, behind what it has not taken yet."""

    async def scenario() -> None:
        desk = Desk(_push_much)
        async with connected(desk) as (reader, writer):
            writer.write(_REQUEST)
            await desk.written.wait()
            await skip(_PATIENCE - 1)
            assert (await reader.read()).endswith(b"\r\n3\r\nend\r\n0\r\n\r\n")
            assert not desk.given_up.is_set()

    skipped_time.run(scenario())


def test_a_client_that_takes_nothing_more_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """It is hung up on, which is no failure of ours, and the server below says nothing of it either."""

    async def scenario() -> None:
        desk = Desk(_push_much)
        async with connected(desk) as (reader, writer):
            writer.write(_REQUEST)
            await desk.written.wait()
            await skip(_PATIENCE)
            await desk.given_up.wait()
            assert b"end" not in await reader.read()

    skipped_time.run(scenario())
    assert not caplog.records


async def _push_much(_write: Write, line: Line) -> None:
    line.bound_in_system(65_536)
    # What is written in one turn of the loop goes out together, and the head is not out yet.
    await asyncio.sleep(0)
    for _ in range(20):
        line.push(bytes(_CHUNK))
    line.push(b"end")


async def _write_much(write: Write, _line: Line) -> None:
    for _ in range(20):
        await write(bytes(_CHUNK))
        await asyncio.sleep(0)
