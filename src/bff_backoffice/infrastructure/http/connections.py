"""Connections to one upstream, and one exchange over them: the only module that knows the HTTP library.

Each upstream has connections of its own, also where several share an address, so that a hanging one can't use up what
the others need. The library's conveniences are switched off where they would decide something behind our back: it
follows no redirect, keeps no cookie, unpacks nothing, repeats nothing, and has no deadline: the caller's
`asyncio.timeout_at` is the only one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace
from yarl import URL

__all__ = ["Answer", "BrokenAnswerError", "ConnectionLostError", "Connections", "open_connections"]

_Session = aiohttp.ClientSession  # noqa: TID251 - this module is the home of the HTTP client

_CONNECTIONS_PER_UPSTREAM: Final = 100
"""Fifty operators of a property can each wait for two reads of one slow upstream."""
_IDLE_SECONDS: Final = 15.0
"""Shorter than what the usual servers and load balancers allow, so that they seldom close what we are about to use."""
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)


class ConnectionLostError(Exception):
    """No connection could be made, or it broke before the answer was complete. The upstream may have acted."""


class BrokenAnswerError(Exception):
    """What came back is not HTTP as we take it: bad framing, too large, or encoded although that was not asked for."""


class _StaleConnectionError(Exception):
    """A kept connection died before the first byte of an answer: it says nothing about the upstream."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `content_type` is the media type in lower case without its parameters."""

    status: int
    content_type: str
    headers: Mapping[str, str]
    body: bytes


class _Connector(aiohttp.TCPConnector):
    """A pool that knows for which requests it had to make a connection.

    The library tells so by a trace as well, which costs each request as much as its headers do.
    """

    def __init__(self) -> None:
        super().__init__(limit=_CONNECTIONS_PER_UPSTREAM, keepalive_timeout=_IDLE_SECONDS, ttl_dns_cache=30)
        self.connected_for: set[int] = set()
        """The identities of requests that are under way over a connection of their own."""

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's signature
    ) -> ResponseHandler:
        self.connected_for.add(id(req))
        return await super()._create_connection(req, traces, timeout)


class _Attempt:
    """The library's middleware for one request: sets the headers, and takes the decision to send again away from it.

    The library would also do that over new connections. Headers that are set here are taken as they are, at a third of
    the cost.
    """

    __slots__ = ("_connector", "_headers", "kept_connection")

    def __init__(self, connector: _Connector, headers: Mapping[str, str]) -> None:
        self._connector = connector
        self._headers = headers
        self.kept_connection = True

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers.update(self._headers)
        try:
            return await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ClientConnectionResetError, aiohttp.ServerDisconnectedError) as error:
            self.kept_connection = id(request) not in self._connector.connected_for
            raise _StaleConnectionError(type(error).__name__) from error
        finally:
            self._connector.connected_for.discard(id(request))


class Connections:
    """Exchanges requests and answers with one upstream. Cancelling an exchange closes its connection at once."""

    def __init__(self, session: _Session, connector: _Connector, base_url: str) -> None:
        self._session = session
        self._connector = connector
        self._base_url = base_url.rstrip("/")

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        repeatable: bool,
        max_body_bytes: int,
    ) -> tuple[Answer, int]:
        """Send one request and read its whole answer; return it with the number of dead connections met on the way.

        `path` begins with a slash, is already escaped, and may end in a query. A `repeatable` request is sent again
        when a kept connection turns out to be dead (RFC 9112, 9.3.1); that ends with the first connection that is new.

        Raises:
            ConnectionLostError: no connection, or it broke.
            BrokenAnswerError: the answer can't be taken as HTTP, is compressed, or has more than `max_body_bytes`.
        """
        url = URL(self._base_url + path, encoded=True)
        for dead in range(_CONNECTIONS_PER_UPSTREAM + 1):
            attempt = _Attempt(self._connector, headers)
            try:
                async with self._session.request(
                    method,
                    url,
                    data=body,
                    allow_redirects=False,
                    middlewares=(attempt,),
                ) as response:
                    return await _read(response, max_body_bytes), dead
            except _StaleConnectionError as error:
                if not (repeatable and attempt.kept_connection):
                    raise ConnectionLostError(str(error)) from error
            except (aiohttp.ClientResponseError, aiohttp.InvalidURL) as error:
                raise BrokenAnswerError(type(error).__name__) from error
            except aiohttp.ClientError as error:
                raise ConnectionLostError(type(error).__name__) from error
        raise ConnectionLostError("every kept connection was dead")


async def _read(response: aiohttp.ClientResponse, max_body_bytes: int) -> Answer:
    headers = response.headers
    try:
        body = await _bounded(response, max_body_bytes)
    except BaseException:
        # Releasing would hand a connection with half an answer back for a moment; closing tells the upstream at once.
        response.close()
        raise
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(status=response.status, content_type=content_type, headers=headers, body=body)


async def _bounded(response: aiohttp.ClientResponse, max_body_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        message = "encoded although no encoding was asked for"
        raise BrokenAnswerError(message)
    declared = response.content_length
    parts: list[bytes] = []
    size = 0
    while declared is None or declared <= max_body_bytes:
        part = await response.content.readany()
        if not part:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        size += len(part)
        if size > max_body_bytes:
            break
        parts.append(part)
    message = f"more than {max_body_bytes} bytes"
    raise BrokenAnswerError(message)


@asynccontextmanager
async def open_connections(base_url: str) -> AsyncIterator[Connections]:
    """Keep the connections to one upstream for as long as the block runs. `base_url` is the service's own root."""
    connector = _Connector()
    async with _Session(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        auto_decompress=False,
        timeout=_NO_TIMEOUT,
        trust_env=False,
    ) as session:
        yield Connections(session, connector, base_url)
