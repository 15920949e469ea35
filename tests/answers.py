"""Every answer of the service that a test gets is held to the API document, and remembered, on its way to the test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Final

import httpx2

from tests.musts.described import Described, NotDescribedError, Produced

__all__ = ["DESCRIBED_BY", "PRODUCED", "held_client"]

PRODUCED: Final[set[Produced]] = set()
"""The documented answers that this process has seen."""

DESCRIBED_BY: Final[dict[str, Described]] = {}
"""Documents by their digest, so that the schemas of one that many worlds serve are compiled once."""


def held_client(*origins: str) -> httpx2.Client:
    """A client that holds the answers of these origins to the document of the service behind the first one.

    Raises:
        NotDescribedError: from whatever reads an answer's body, once it is whole and not as described, or a 500.
    """
    return httpx2.Client(timeout=15, trust_env=False, transport=_Held(origins))


class _Held(httpx2.BaseTransport):
    """Passes everything on, and looks at what came back when the client has read all of it."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = origins
        self._inner = httpx2.HTTPTransport()
        with httpx2.Client(timeout=15, trust_env=False) as client:
            served = client.get(f"{origins[0]}/openapi.json")
        digest = hashlib.sha256(served.content).hexdigest()
        if digest not in DESCRIBED_BY:
            DESCRIBED_BY[digest] = Described(served.json(), PRODUCED)
        self._described = DESCRIBED_BY[digest]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; what streams goes on streaming."""
        response = self._inner.handle_request(request)
        if f"{request.url.scheme}://{request.url.netloc.decode()}" not in self._origins:
            return response
        status, headers = response.status_code, list(response.headers.raw)

        def whole(body: bytes) -> None:
            answer = httpx2.Response(status, headers=headers, content=body, request=request)
            self._described.check(answer)
            if status == 500:
                raise NotDescribedError(f"nobody foresaw what {request.method} {request.url} met: {answer.text[:300]}")

        stream = response.stream
        if not isinstance(stream, httpx2.SyncByteStream):
            raise TypeError("a synchronous transport answers synchronously")
        return httpx2.Response(status, headers=headers, stream=_Read(stream, whole), extensions=response.extensions)

    def close(self) -> None:
        """Let the connections go."""
        self._inner.close()


class _Read(httpx2.SyncByteStream):
    """A body that is handed over when it came to its end; one that was cut, or left unread, never is."""

    def __init__(self, stream: httpx2.SyncByteStream, whole: Callable[[bytes], None]) -> None:
        self._stream, self._whole = stream, whole

    def __iter__(self) -> Iterator[bytes]:
        chunks = []
        for chunk in self._stream:
            chunks.append(chunk)
            yield chunk
        self._whole(b"".join(chunks))

    def close(self) -> None:
        """Let the connection go."""
        self._stream.close()
