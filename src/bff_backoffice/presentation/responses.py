"""Answers on the wire. One writer each: nothing else sends while a stream does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import cache
from typing import Any, Final, Protocol, TypeVar

from bff_backoffice.presentation.exchange import Held, Line, Stream, Waited, Whole, Write

__all__ = [
    "LINE", "ClientGoneError", "HeldLine", "Receive", "Send", "StreamCutError", "awaited", "send_held", "send_stream",
    "send_whole",
]  # fmt: skip

T = TypeVar("T")

Header = tuple[str, str]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_Beginning = tuple[int, str, Callable[[Sequence[Header]], list[Header]]]

LINE: Final = "bff_backoffice.line"
"""The extension of ASGI's scope under which the listener puts the connection; no other runs this application."""


_WITHOUT_LENGTH: Final = frozenset({204, 304})
"""A 204 has none, and that of a 304 would be the length of the answer that it stands for (RFC 9110, section 8.6)."""


class HeldLine(Line, Protocol):
    """The connection as whoever holds an answer open on it has it."""

    def hold(self, gone: Callable[[], None]) -> None:
        """Hear nothing more of the client but that it is gone, which is called back."""

    def let_go(self) -> None:
        """Call nobody back any more."""


class ClientGoneError(Exception):
    """The client closed the connection before its answer was complete."""


class StreamCutError(Exception):
    """A stream failed after it had begun, so nothing else can be answered any more."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(failure)
        self.failure = failure
        """What was raised behind the stream."""


async def send_whole(response: Whole, own_headers: list[Header], send: Send) -> None:
    """Send status, headers and body; `own_headers` are those that every answer carries."""
    headers = [*own_headers, *response.headers]
    if response.media_type is not None:
        headers.append(("Content-Type", response.media_type))
    if response.status not in _WITHOUT_LENGTH:
        headers.append(("Content-Length", str(len(response.body))))
    await send(_start(response.status, headers))
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


async def awaited(response: Waited, receive: Receive) -> Whole:
    """Return the answer once it is there.

    Raises:
        ClientGoneError: the client went away; everything behind the answer has ended by then.
        Exception: what `run` raised.
    """
    return await _while_there(response.run(), receive)


async def send_stream(
    response: Stream, own_headers: Callable[[Sequence[Header]], list[Header]], receive: Receive, send: Send
) -> None:
    """Send chunks as they are written, until the stream is complete or the client is gone.

    `own_headers` adds what every answer carries to what the stream itself says.

    Raises:
        ClientGoneError: the client went away; everything behind the stream has ended by then.
        StreamCutError: what `run` raised after it had begun.
        Exception: what `run` raised before it began.
    """
    delivery = _Delivery(response, own_headers, send)
    try:
        await _while_there(response.run(delivery.begin), receive)
    except ClientGoneError:
        raise
    except Exception as failure:
        if delivery.begun:
            raise StreamCutError(failure) from failure
        raise
    await delivery.send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_held(
    response: Held,
    own_headers: Callable[[Sequence[Header]], list[Header]],
    scope: MutableMapping[str, Any],
    send: Send,
    opened: Callable[[], None],
) -> None:
    """Hold an answer open until it is complete or the client is gone; `opened` is called once its headers are out.

    While it is open, nothing is kept of the request, and of the scope the method only: there are thousands of these.

    Raises:
        ClientGoneError: the client went away.
        StreamCutError: what `run` raised after it had opened.
        Exception: what `run` raised before it opened.
    """
    line: HeldLine = scope["extensions"][LINE]
    delivery = _Delivery(response, own_headers, send)
    running = response.run(_Opening(delivery, line, scope, opened))
    # A coroutine keeps what it was called with for as long as it runs.
    del response, own_headers, scope, opened
    try:
        await _said_farewell(delivery, line, await running)
    except ClientGoneError:
        raise
    except Exception as failure:
        if not delivery.begun:
            raise
        line.abort()
        raise StreamCutError(failure) from failure
    finally:
        line.let_go()


async def _said_farewell(delivery: _Delivery, line: HeldLine, seconds: float) -> None:
    """End the answer when the client has taken it. One that does not in time is gone: nothing of ours has failed."""
    try:
        async with asyncio.timeout(seconds):
            await delivery.send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        line.abort()
        # The server learns of it in the next turn, and would complain of an answer without an end before that.
        await asyncio.sleep(0)
        raise ClientGoneError from None


class _Opening:
    """Opens an answer that is held open, and lets everything go that served to open it."""

    __slots__ = ("_delivery", "_line", "_opened", "_scope")

    def __init__(
        self, delivery: _Delivery, line: HeldLine, scope: MutableMapping[str, Any], opened: Callable[[], None]
    ) -> None:
        self._delivery = delivery
        self._line = line
        self._scope = scope
        self._opened = opened

    async def __call__(self, headers: Sequence[Header], gone: Callable[[], None]) -> tuple[Write, Line]:
        """Send status and headers; as `Open` says."""
        self._line.hold(gone)
        write = await self._delivery.begin([*headers, ("Connection", "close")])
        self._opened()
        # The server looks at the method once more, when the answer ends.
        method = self._scope["method"]
        self._scope.clear()
        self._scope["method"] = method
        return write, self._line


class _Delivery:
    """The one writer of a stream, and whether its client has seen anything of it yet."""

    __slots__ = ("_begin", "_send", "begun")

    def __init__(
        self, response: Stream | Held, own_headers: Callable[[Sequence[Header]], list[Header]], send: Send
    ) -> None:
        self._begin: _Beginning | None = (response.status, response.media_type, own_headers)
        self._send = send
        self.begun = False

    async def begin(self, headers: Sequence[Header]) -> Write:
        """Send status and headers, and give what writes the chunks."""
        if self._begin is None:
            raise RuntimeError("an answer begins once")
        (status, media_type, own_headers), self._begin = self._begin, None
        streamed = (("Content-Type", media_type), ("X-Accel-Buffering", "no"))
        start = _start(status, [*own_headers(headers), *headers, *streamed])
        self.begun = True
        await self.send(start)
        return self.write

    async def write(self, chunk: bytes) -> None:
        """Send one chunk at once."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def send(self, message: Message) -> None:
        """Send one message. Only here does an `OSError` mean the client: every `TimeoutError` is one as well."""
        try:
            await self._send(message)
        except OSError:
            raise ClientGoneError from None


async def _while_there(work: Awaitable[T], receive: Receive) -> T:
    """Return what it gives, or raise what it raises; cancel it and raise `ClientGoneError` when the client goes."""
    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(_until_gone(receive))
            given = await work
            watcher.cancel()
    except ExceptionGroup as failures:
        gone, others = failures.split(ClientGoneError)
        if gone is not None or others is None:
            raise ClientGoneError from None
        # It is one task beside the watcher, so there is one failure.
        raise others.exceptions[0] from None
    return given


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ClientGoneError


@cache
def _field_name(name: str) -> bytes:
    """A header's name on the wire. All of them are our own, so they are few."""
    return name.lower().encode("latin-1")


def _start(status: int, headers: list[tuple[str, str]]) -> Message:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(_field_name(name), value.encode("latin-1")) for name, value in headers],
    }
