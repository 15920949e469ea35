"""A document that anybody may read, such as an issuer's key set: asked for without a word of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from bff_backoffice.application.ports import UpstreamInvalidResponseError, UpstreamUnavailableError
from bff_backoffice.infrastructure.http.connections import BrokenAnswerError, ConnectionLostError, open_connections

__all__ = ["open_public_document"]

_LARGEST: Final = 262_144
_OK: Final = 200


@asynccontextmanager
async def open_public_document(url: str, *, name: str) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """What fetches the document, over connections of its own. Nothing is called for this.

    No redirect is followed, no token is sent, and the deadline is the caller's. The fetch raises the `UpstreamError`
    family, with `name` for the upstream.
    """
    parts = urlsplit(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    async with open_connections(f"{parts.scheme}://{parts.netloc}") as connections:

        async def fetch() -> bytes:
            try:
                answer, _ = await connections.exchange(
                    "GET", path, headers={"Accept": "application/json"}, body=None, repeatable=True,
                    max_body_bytes=_LARGEST,
                )  # fmt: skip
            except ConnectionLostError as error:
                raise UpstreamUnavailableError(name, f"connection: {error}") from error
            except BrokenAnswerError as error:
                raise UpstreamInvalidResponseError(name, str(error)) from error
            if answer.status != _OK:
                raise UpstreamUnavailableError(name, f"answered with {answer.status}")
            return answer.body

        yield fetch
