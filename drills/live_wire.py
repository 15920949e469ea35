"""One request of a desktop on a connection of its own, read as it arrives and hung up at any byte."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httptools

from tests.desktop import API, Desktop

__all__ = ["Answer", "CutError", "signed_get"]

_READ_BYTES: Final = 65_536
_ALL: Final = 1 << 40


class CutError(Exception):
    """This desktop hung up: so many bytes, or so much time, were all that it had."""


def signed_get(desktop: Desktop, origin: str, path: str, query: str = "", **headers: str) -> bytes:
    """The bytes of one request to this origin of the service, with a fresh proof. `path` is behind the prefix."""
    desktop.base = origin
    members = {"Host": urlsplit(origin).netloc, **desktop.headers("GET", API + path, **headers)}
    lines = [f"GET {API}{path}{'?' + query if query else ''} HTTP/1.1", *(f"{k}: {v}" for k, v in members.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@dataclass(slots=True)
class Answer:
    """An answer under way. `status` is 0 until there is one; `budget` is how many bytes of it are looked at."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    budget: int
    status: int = 0
    complete: bool = False
    _parser: Any = None
    _pieces: list[bytes] = field(default_factory=list)

    @classmethod
    async def to(cls, origin: str, request: bytes, *, budget: int = _ALL) -> Self:
        """Connect and send; raises `OSError` where nobody listens."""
        parts = urlsplit(origin)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request)
        answer = cls(reader, writer, budget)
        answer._parser = httptools.HttpResponseParser(answer)
        return answer

    async def more(self) -> bytes:
        """What arrives next of its body, which is nothing while its headers arrive.

        Raises:
            CutError: the budget is used up.
            ConnectionError: it broke off.
        """
        if self.budget <= 0:
            raise CutError
        data = await self._reader.read(_READ_BYTES)
        if not data:
            raise ConnectionResetError("it ended in the middle")
        self._parser.feed_data(data[: self.budget])
        self.budget -= len(data)
        found, self._pieces = self._pieces, []
        return b"".join(found)

    async def body(self) -> bytes:
        """The whole body; raises as `more`."""
        pieces = []
        while not self.complete:
            pieces.append(await self.more())
        return b"".join(pieces)

    def hang_up(self) -> None:
        """Without a word, as a cable does that is pulled."""
        self._writer.transport.abort()

    # What the parser calls ----------------------------------------------------------------------------------

    def on_headers_complete(self) -> None:
        """The status is known."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """One piece."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """It is whole."""
        self.complete = True
