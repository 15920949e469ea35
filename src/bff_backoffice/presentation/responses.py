"""Answers on the wire. One writer each: nothing else sends while a stream does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from bff_backoffice.presentation.exchange import Stream, Whole, Write

__all__ = ["ClientGoneError", "Receive", "Send", "send_stream", "send_whole"]

Header = tuple[str, str]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGoneError(Exception):
    """The client closed the connection before its answer was complete."""


async def send_whole(response: Whole, own_headers: list[Header], send: Send) -> None:
    """Send status, headers and body; `own_headers` are those that every answer carries."""
    headers = [*own_headers, *response.headers]
    if response.media_type is not None:
        headers.append(("Content-Type", response.media_type))
    headers.append(("Content-Length", str(len(response.body))))
    await send(_start(response.status, headers))
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


async def send_stream(
    response: Stream, own_headers: Callable[[Sequence[Header]], list[Header]], receive: Receive, send: Send
) -> None:
    """Send chunks as they are written, until the stream is complete or the client is gone.

    `own_headers` adds what every answer carries to what the stream itself says.

    Raises:
        ClientGoneError: the client went away; everything behind the stream has ended by then.
        Exception: what `run` raised before it began.
    """
    begun = False

    async def write(chunk: bytes) -> None:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def begin(headers: Sequence[Header]) -> Write:
        nonlocal begun
        begun = True
        streamed = (("Content-Type", response.media_type), ("X-Accel-Buffering", "no"))
        await send(_start(response.status, [*own_headers(headers), *headers, *streamed]))
        return write

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientGoneError

    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(watch())
            await response.run(begin)
            watcher.cancel()
    except BaseExceptionGroup as failures:
        gone, others = failures.split((ClientGoneError, OSError))
        if gone is not None or others is None:
            raise ClientGoneError from None
        if begun:
            raise
        raise others.exceptions[0] from None
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(status: int, headers: list[tuple[str, str]]) -> Message:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
    }
