"""A GET without a client: enough to see whether somebody answers."""

from __future__ import annotations

import asyncio

__all__ = ["body_of", "status_of"]

_SECONDS = 5.0


async def _get(url: str) -> tuple[int, bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    async with asyncio.timeout(_SECONDS):
        reader, writer = await asyncio.open_connection(name, int(port))
        # HTTP/1.0: the answer is neither chunked nor kept open.
        writer.write(f"GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    return int(head.split(b" ", 2)[1]), body


async def status_of(url: str) -> int:
    """The status of a GET, or 0 where nobody answers."""
    try:
        status, _ = await _get(url)
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0
    return status


async def body_of(url: str) -> bytes:
    """The body of a GET that is expected to work."""
    _, body = await _get(url)
    return body
