"""How connections are spoken to: uvicorn's HTTP/1.1, with problem documents for what is no request and fewer writes."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ulid import ULID
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bff_backoffice.presentation.errors import problem_document, problem_headers
from bff_backoffice.presentation.exchange import malformed
from bff_backoffice.presentation.responses import LINE
from bff_backoffice.presentation.words import choose_language

__all__ = ["HttpProtocol"]


class _JoinedWrites(asyncio.Transport):
    """A connection that sends what is written in one turn of the event loop with one call to the system.

    uvicorn writes an answer's head and body one after the other, and uvloop sends each at once: two calls, two packets,
    and twice the work of waking who reads. Nothing waits longer than the turn in which it was written.
    """

    __slots__ = ("_connection", "_loop", "_written")

    def __init__(self, connection: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:  # type: ignore[override] # uvicorn writes nothing that changes afterwards
        """Take bytes for the end of this turn."""
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)

    def write_now(self, data: bytes) -> None:
        """Take bytes that nothing will follow in this turn: thousands of streams are told of one event in a row."""
        if self._written:
            self._written.append(data)
        elif not self._connection.is_closing():
            self._connection.write(data)

    def _flush(self) -> None:
        written, self._written = self._written, []
        if written and not self._connection.is_closing():
            self._connection.write(b"".join(written))

    def get_write_buffer_size(self) -> int:
        """How many bytes the client has not taken yet."""
        return self._connection.get_write_buffer_size()

    def close(self) -> None:
        """Send what was written, and hang up."""
        self._flush()
        self._connection.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._connection.abort()

    def is_closing(self) -> bool:
        """Whether the connection is being closed or was lost."""
        return self._connection.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's signature
        """What the connection knows of its ends."""
        return self._connection.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take no more from the client for now."""
        self._connection.pause_reading()

    def resume_reading(self) -> None:
        """Take more again."""
        self._connection.resume_reading()


class _FlowControl(FlowControl):
    """uvicorn's, but for the event: most connections never have a writer who waits."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.read_paused = False
        self.write_paused = False
        self._writable: asyncio.Event | None = None

    async def drain(self) -> None:
        """Wait until the client has taken enough."""
        if self.write_paused:
            self._writable = self._writable or asyncio.Event()
            await self._writable.wait()

    def pause_writing(self) -> None:
        """Let writers wait from now on."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """Let them go on."""
        self.write_paused = False
        if self._writable is not None:
            self._writable.set()
            self._writable = None


class _Deaf:
    """In a parser's place: whatever a client says behind a request whose answer is held open, nobody will read."""

    def feed_data(self, data: bytes) -> None:
        """Drop it."""


_DEAF: Final = _Deaf()
_NO_PIPELINE: Final[deque[Any]] = deque()
"""Nothing is ever put into it: that would be the parser's doing."""

_OVER: Final = asyncio.Event()
"""Of the end of a request that was read to its end: nobody waits for it."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, but for what it says to bytes that are no request: a problem document, as everything else.

    Answers that are held open may be written to the connection directly (`HeldLine`).
    """

    transport: _JoinedWrites
    _gone: Callable[[], None] | None = None

    def connection_made(  # type: ignore[override] # uvicorn narrows what asyncio gives, and so does this
        self, transport: asyncio.Transport
    ) -> None:
        """Begin a connection."""
        joined = _JoinedWrites(transport, self.loop)
        super().connection_made(joined)
        self.flow = _FlowControl(joined)

    def on_message_begin(self) -> None:
        """Begin a request; an answer that is held open may be written to its connection directly."""
        super().on_message_begin()
        # Beside what ASGI knows: no other application runs behind this listener.
        self.scope["extensions"] = {LINE: self}  # type: ignore[dict-item] # see above

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection, and the answer that is held open on it."""
        super().connection_lost(exc)
        if self._gone is not None:
            self._gone()

    # An answer that is held open -------------------------------------------------------------------------------------

    def hold(self, gone: Callable[[], None]) -> None:
        """Let everything go that the next request would need: there is none on this connection.

        Of the 20 kB that an idle stream would cost, it is three.
        """
        self._gone = gone
        self.parser = _DEAF  # type: ignore[assignment] # it has what uvicorn asks of a parser
        self.pipeline = _NO_PIPELINE
        self.cycle.message_event = _OVER
        self.headers, self.url = [], b""
        self.client = self.server = None
        # A request that was pipelined behind this one has paused it, and the client's leaving must be heard of.
        self.flow.resume_reading()

    def let_go(self) -> None:
        """Call nobody back any more."""
        self._gone = None

    def push(self, chunk: bytes) -> None:
        """Send a chunk of an answer whose length nobody knows (RFC 9112, section 7.1)."""
        self.transport.write_now(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    def unsent(self) -> int:
        """How many bytes the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    def bound_in_system(self, size: int) -> None:
        """Let the system keep no more than about so many bytes for a client that does not read."""
        opened = self.transport.get_extra_info("socket")
        if opened is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)

    def abort(self) -> None:
        """Hang up at once."""
        self.transport.abort()

    # What is no request ----------------------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Answer and hang up: nobody knows where the next request would begin."""
        request_id, trace = str(ULID()), secrets.token_hex(16)
        refusal = malformed("request", "malformed", msg)
        language = choose_language(None, None)
        body = problem_document(refusal, language=language, instance="", request_id=request_id, trace_id=trace)
        headers = [
            *problem_headers(refusal, language=language),
            ("Content-Length", str(len(body))),
            ("X-Request-Id", request_id),
            ("Cache-Control", "private, no-store"),
            ("Connection", "close"),
        ]
        head = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers)
        self.transport.write(f"HTTP/1.1 {refusal.code.status} Bad Request\r\n{head}\r\n".encode("latin-1") + body)
        self.transport.close()
