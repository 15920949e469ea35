"""Streams and waits: what the server is told when the client goes, and when something behind an answer fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.exchange import Begin, Stream, Waited, Whole
from bff_backoffice.presentation.responses import ClientGoneError, StreamCutError, awaited, send_stream

Run = Callable[[Begin], Awaitable[None]]


class Connection:
    """A client that listens until it is told to hang up, and keeps what it was sent."""

    def __init__(self, *, broken: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.hung_up = asyncio.Event()
        self.broken = broken

    async def send(self, message: Any) -> None:
        """Take one message of the server."""
        if self.broken:
            raise BrokenPipeError
        self.sent.append(dict(message))

    async def receive(self) -> dict[str, Any]:
        """Say that the client is gone, once it is."""
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    @property
    def complete(self) -> bool:
        """Whether the client can tell that it has everything."""
        return bool(self.sent) and self.sent[-1].get("more_body") is False


def own_headers(_headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What every answer carries; nothing here."""
    return []


async def stream(connection: Connection, run: Run) -> None:
    """Send one stream over the connection."""
    response = Stream(media_type="text/plain", run=run)
    await send_stream(response, own_headers, connection.receive, connection.send)


async def two_chunks(begin: Begin) -> None:
    """A stream as it should be."""
    write = await begin([])
    await write(b"one")
    await write(b"two")


@pytest.mark.anyio
async def test_a_stream_ends_with_its_last_message() -> None:
    """Headers once, each chunk by itself, then the end."""
    connection = Connection()

    await stream(connection, two_chunks)

    assert [message["type"] for message in connection.sent] == ["http.response.start"] + ["http.response.body"] * 3
    assert [message["body"] for message in connection.sent[1:]] == [b"one", b"two", b""]
    assert connection.complete


@pytest.mark.anyio
async def test_a_refusal_before_the_stream_begins_comes_out_as_it_is() -> None:
    """Nothing was sent, so it can still be answered like any other."""
    connection = Connection()

    async def refuse(_begin: Begin) -> None:
        raise Refusal(Code.ROLE_FORBIDDEN)

    with pytest.raises(Refusal):
        await stream(connection, refuse)

    assert connection.sent == []


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [TimeoutError(), ConnectionResetError(), ValueError()], ids=repr)
async def test_a_failure_before_the_stream_begins_is_not_taken_for_a_client_that_left(failure: Exception) -> None:
    """A `TimeoutError` of a store is an `OSError` by its class; whoever waits for the answer gets one all the same."""
    connection = Connection()

    async def fail(_begin: Begin) -> None:
        raise failure

    with pytest.raises(type(failure)):
        await stream(connection, fail)


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [TimeoutError(), ValueError()], ids=repr)
async def test_a_failure_after_the_stream_began_cuts_it(failure: Exception) -> None:
    """It is told apart from a client that left, and the client never gets the end that would mean "complete"."""
    connection = Connection()

    async def fail(begin: Begin) -> None:
        write = await begin([])
        await write(b"one")
        raise failure

    with pytest.raises(StreamCutError) as cut:
        await stream(connection, fail)

    assert cut.value.failure is failure
    assert not connection.complete


@pytest.mark.anyio
async def test_a_client_that_hangs_up_ends_what_is_behind_the_stream() -> None:
    """The handler is cancelled where it waits."""
    connection, ended = Connection(), asyncio.Event()

    async def wait_for_ever(begin: Begin) -> None:
        await begin([])
        connection.hung_up.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ClientGoneError):
        await stream(connection, wait_for_ever)

    assert ended.is_set()


@pytest.mark.anyio
async def test_a_connection_that_breaks_while_writing_is_a_client_that_left() -> None:
    """Servers say so with an `OSError` from `send`."""
    with pytest.raises(ClientGoneError):
        await stream(Connection(broken=True), two_chunks)


@pytest.mark.anyio
async def test_an_answer_that_was_waited_for_is_given_and_nobody_watches_any_more() -> None:
    """The watcher goes with the wait: the connection serves its next request."""
    connection, before = Connection(), asyncio.all_tasks()

    async def answer() -> Whole:
        await asyncio.sleep(0)
        return Whole(status=204)

    assert await awaited(Waited(run=answer), connection.receive) == Whole(status=204)
    assert asyncio.all_tasks() == before


@pytest.mark.anyio
@pytest.mark.parametrize("failure", [Refusal(Code.SESSION_REVOKED), TimeoutError(), ValueError()], ids=repr)
async def test_what_fails_behind_a_wait_comes_out_as_it_is(failure: Exception) -> None:
    """It is answered like any other."""

    async def fail() -> Whole:
        raise failure

    with pytest.raises(type(failure)) as raised:
        await awaited(Waited(run=fail), Connection().receive)

    assert raised.value is failure


@pytest.mark.anyio
async def test_a_client_that_hangs_up_ends_the_wait() -> None:
    """Nobody is there to be told: the wait is cancelled where it stands, and not when its time is over."""
    connection, ended = Connection(), asyncio.Event()

    async def wait_for_ever() -> Whole:
        connection.hung_up.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("nothing is ever said")

    with pytest.raises(ClientGoneError):
        await awaited(Waited(run=wait_for_ever), connection.receive)

    assert ended.is_set()
