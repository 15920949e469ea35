"""A desk that measures: one signed-in device on one kept connection, and the moment at which each byte arrived.

Times are `time.monotonic()` in seconds: the same clock in every process of the machine, and finer than the loop's own.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import httptools

from tests.desktop import API, Desktop
from tests.worlds import World

__all__ = ["Connection", "Desk", "Reply", "frames_of", "signed_in"]


@dataclass(slots=True)
class Reply:
    """One answer. `pieces` are the parts of its body, each with the moment at which it arrived."""

    sent_at: float
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ended_at: float = 0.0

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(piece for _, piece in self.pieces)

    def json(self) -> Any:  # noqa: ANN401 - whatever the service says
        """The body as JSON."""
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, one exchange at a time. Knows nothing of retries: what breaks is what the client saw."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._reply: Reply | None = None
        self._done: asyncio.Future[Reply] | None = None
        self._arrived_at = 0.0

    @classmethod
    async def to(cls, url: str) -> Self:
        """Connect to an address such as `http://127.0.0.1:8083`; raises `OSError`."""
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, str(parts.hostname), int(parts.port or 80))
        return connection

    @property
    def open(self) -> bool:
        """Whether another exchange is possible."""
        return self._transport is not None and not self._transport.is_closing() and self._done is None

    def send(self, request: bytes) -> asyncio.Future[Reply]:
        """Send one request; the future gets its answer, or `ConnectionError`."""
        if not self.open or self._transport is None:
            raise ConnectionResetError("the connection is closed")
        self._parser = httptools.HttpResponseParser(self)
        self._done = asyncio.get_running_loop().create_future()
        self._reply = Reply(time.monotonic())
        self._transport.write(request)
        return self._done

    async def exchange(self, request: bytes) -> Reply:
        """Send one request and return its whole answer; raises `ConnectionError`. Cancelling it hangs up."""
        try:
            return await self.send(request)
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    # What the transport calls ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment] # a stream transport, by `create_connection`

    def data_received(self, data: bytes) -> None:
        """Note the moment before anything is looked at."""
        self._arrived_at = time.monotonic()
        if self._parser is not None:
            self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer learns that there will be none."""
        done, self._done = self._done, None
        if done is not None and not done.done():
            done.set_exception(ConnectionResetError(str(exc or "closed before the answer was complete")))

    # What the parser calls ----------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field."""
        if self._reply is not None:
            self._reply.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """One piece of the body."""
        if self._reply is not None:
            self._reply.pieces.append((self._arrived_at, body))

    def on_message_complete(self) -> None:
        """The answer is whole."""
        done, self._done = self._done, None
        if done is None or self._reply is None or done.done():
            return
        self._reply.status = self._parser.get_status_code()
        self._reply.ended_at = self._arrived_at
        done.set_result(self._reply)


@dataclass(slots=True)
class Desk:
    """A desktop at one property. `trace` is the trace id of its newest request."""

    desktop: Desktop
    tenant_id: str
    property_id: str
    trace: str = ""
    _connection: Connection | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,  # noqa: ANN401 - any JSON
        **headers: str,
    ) -> Reply:
        """One request with a fresh proof over the kept connection, or a new one where that was closed.

        `path` is behind the prefix. Raises `OSError` when there is no connection or it breaks.
        """
        raw = self.raw(method, path, body=body, **headers)
        if self._connection is None or not self._connection.open:
            self._connection = await Connection.to(self.desktop.base)
        return await self._connection.exchange(raw)

    def raw(self, method: str, path: str, *, body: Any = None, **headers: str) -> bytes:  # noqa: ANN401 - any JSON
        """The bytes of one request."""
        target, _, query = (API + path).partition("?")
        self.trace = secrets.token_hex(16)
        content = b"" if body is None else json.dumps(body).encode()
        members: Mapping[str, str] = {
            "Host": urlsplit(self.desktop.base).netloc,
            **self.desktop.headers(method, target, X_Property_Id=self.property_id, **headers),
            "traceparent": f"00-{self.trace}-{secrets.token_hex(8)}-01",
            **({"Content-Type": "application/json", "Content-Length": str(len(content))} if body is not None else {}),
        }
        lines = [
            f"{method} {target}{'?' + query if query else ''} HTTP/1.1",
            *(f"{k}: {v}" for k, v in members.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content

    async def refresh(self) -> Reply:
        """Refresh the tokens through the service, and keep them if it gave some."""
        path = API + "/auth/refresh"
        content = json.dumps({"refreshToken": self.desktop.tokens["refreshToken"]}).encode()
        proof = self.desktop.key.proof("POST", self.desktop.base + path)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {urlsplit(self.desktop.base).netloc}\r\nDPoP: {proof}\r\n"
            f"X-Device-Id: {self.desktop.device_id}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        connection = await Connection.to(self.desktop.base)
        try:
            reply = await connection.exchange(head.encode() + content)
        finally:
            connection.close()
        if reply.status == 200:
            self.desktop.tokens = reply.json()
        return reply

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()


def frames_of(reply: Reply) -> list[tuple[float, dict[str, Any]]]:
    """The frames of a dashboard, each with the moment at which its last byte arrived."""
    frames, rest = [], b""
    for arrived_at, piece in reply.pieces:
        *lines, rest = (rest + piece).split(b"\n")
        frames += [(arrived_at, json.loads(line)) for line in lines if line]
    return frames


def signed_in(world: World, count: int) -> list[Desk]:
    """Desks of people who see every widget, spread over the properties; the first ones each have one of their own."""
    everybody = [
        (operator, property_id)
        for operator in world.people["operators"]
        if {"general_manager", "owner"} & set(operator["roles"])
        for property_id in operator["propertyIds"]
    ]
    order: dict[str, int] = {}
    ranked = []
    for operator, property_id in everybody:
        order[property_id] = order.get(property_id, -1) + 1
        ranked.append((order[property_id], operator, property_id))
    ranked.sort(key=lambda each: each[0])
    unused = Counter(device["tenantId"] for device in world.people["devices"])
    desks: list[Desk] = []
    while len(desks) < count:
        before = len(desks)
        for _, operator, property_id in ranked:
            tenant_id = operator["tenantId"]
            # A tenant without an unused device would make the world begin anew, and end everybody's session.
            if len(desks) < count and unused[tenant_id] > 0:
                unused[tenant_id] -= 1
                desktop = Desktop.sign_in(world, operator, world.device(world.tenants.index(tenant_id)))
                desks.append(Desk(desktop, tenant_id, property_id))
        if len(desks) == before:
            raise RuntimeError("not enough devices")
    return desks
