"""Makes boards cold: forgets every composed widget, in one message that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self
from urllib.parse import urlsplit

import redis

__all__ = ["ColdCache", "composed_widgets"]


def composed_widgets(url: str, *prefixes: str) -> list[str]:
    """The names of all composed widgets that are kept now under these prefixes."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return [
            str(name)
            for prefix in prefixes
            for name in client.scan_iter(f"{prefix}*:projection:*", count=10_000)
            if not str(name).endswith(":lead")
        ]


class ColdCache:
    """A connection of its own to the cache tier, which takes one message and whose replies nobody reads."""

    def __init__(self, writer: asyncio.StreamWriter, message: bytes) -> None:
        self._writer = writer
        self._message = message

    @classmethod
    async def open(cls, url: str, names: Sequence[str]) -> Self:
        """Connect, and be ready to forget these keys."""
        parts = urlsplit(url)
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        return cls(writer, _packed("UNLINK", *names))

    def forget(self) -> None:
        """Forget them; the store does so before it reads what is sent a moment later."""
        self._writer.write(self._message)

    def close(self) -> None:
        """Close the connection; unread replies go with it."""
        self._writer.close()


def _packed(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)
