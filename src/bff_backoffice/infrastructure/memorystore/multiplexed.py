"""A Redis tier whose round trips share one connection: what authenticated requests, sessions and the cache ask.

A pool takes a connection from everybody else for the time of a round trip, and its bookkeeping costs many times what
the commands do. Here all callers of a process share one `Wire`, and what they ask in one turn of the loop is one write
and one read. Conversations and redis-py's own interface stay with the pool (`client.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from hiredis import HiredisError
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import RedisError

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.infrastructure.memorystore.client import Answer, Command, Patience, Pool, RedisStore, info_field
from bff_backoffice.infrastructure.memorystore.wire import Wire

__all__ = ["MultiplexedRedisStore", "greet", "open_wire"]

W = TypeVar("W", bound=Wire)

_FIRST_PAUSE_SECONDS: Final = 0.01
_LONGEST_PAUSE_SECONDS: Final = 0.1
"""Between two attempts to connect: so soon is a server noticed that is back; one that is away costs ten a second."""


class MultiplexedRedisStore(RedisStore):
    """One Redis tier. `round_trip` and `ask` share one connection, opened at the first use and again when it is lost.

    Nothing is sent twice. A caller who is cancelled leaves at once; what it asked for may still happen. While the
    server can't be reached, callers are told so at once until the next attempt is due.
    """

    __slots__ = ("_address", "_attempts", "_closed", "_next_attempt_at", "_opening", "_pause_seconds", "_wire")

    def __init__(self, pool: Pool, *, store: str, operation_seconds: float) -> None:
        super().__init__(pool, store=store, operation_seconds=operation_seconds)
        # Never connected: it is how redis-py understands an address, so that both kinds of connection agree on it.
        self._address: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call] # redis-py
        self._wire: Wire | None = None
        self._opening: asyncio.Event | None = None
        self._attempts = 0
        self._next_attempt_at = 0.0
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._closed = False

    async def round_trip(self, *commands: Command) -> Answer:
        """Send all commands in one round trip, not atomically, and return their replies as bytes, integers or None."""
        wire = self._wire
        try:
            if wire is None or wire.failure is not None:
                wire = await self._connected()
            trip = wire.send(commands)
        except (RedisError, HiredisError, OSError) as error:
            raise StoreUnavailableError(self.store) from error
        await trip.done
        if trip.failure is not None:
            raise StoreUnavailableError(self.store) from trip.failure
        return Answer(wire.run_id, trip.replies)

    async def _connected(self) -> Wire:
        """The connection. One of those who need it opens it; the others wait for how that goes, and go on together."""
        seen = self._attempts
        async with Patience(2 * self._pool.connect_seconds):
            while self._wire is None or self._wire.failure is not None:
                now = asyncio.get_running_loop().time()
                if self._closed or seen != self._attempts or now < self._next_attempt_at:
                    raise ConnectionError("the store could not be reached just now")
                if self._opening is None:
                    self._wire = await self._open()
                else:
                    await self._opening.wait()
        return self._wire

    async def _open(self) -> Wire:
        """One attempt. If its caller is cancelled, it counts for nothing, and another caller makes the next."""
        self._opening = asyncio.Event()
        try:
            async with Patience(self._pool.connect_seconds):
                wire = await self._greeted()
            if self._closed:
                wire.end(ConnectionError("closed"))
        except (RedisError, HiredisError, OSError):
            self._postpone()
            raise
        else:
            self._pause_seconds = _FIRST_PAUSE_SECONDS
            return wire
        finally:
            self._opening.set()
            self._opening = None

    def _postpone(self) -> None:
        self._attempts += 1
        self._next_attempt_at = asyncio.get_running_loop().time() + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _greeted(self) -> Wire:
        """A new connection that knows the server's run. It carries nobody's command before that."""
        wire = await open_wire(self._address, lambda: Wire(limit_seconds=self._pool.connect_seconds))
        try:
            run_id = await greet(wire, self._address)
        except BaseException:
            wire.end(ConnectionError("given up while it was greeted"))
            raise
        wire.greeted(run_id, limit_seconds=self._operation_seconds)
        return wire

    async def aclose(self) -> None:
        """Close every connection, also those in use: a caller that still waits is told that the store is away."""
        self._closed = True
        if self._wire is not None:
            self._wire.end(ConnectionError("closed"))
            await self._wire.wait_closed()
        await super().aclose()


async def greet(wire: Wire, address: AbstractConnection) -> str:
    """Say who we are and where we want to work, and return the server's run id."""
    commands: list[Command] = []
    if address.username or address.password:
        sign_in = (address.username, address.password or "") if address.username else (address.password,)
        commands.append(("AUTH", *sign_in))
    if address.client_name:
        commands.append(("CLIENT", "SETNAME", address.client_name))
    if address.db:
        commands.append(("SELECT", int(address.db)))
    trip = wire.send((*commands, ("INFO", "server")))
    await trip.done
    if trip.failure is not None:
        raise trip.failure
    run_id = info_field(trip.replies[-1], "run_id")
    if not run_id:
        # Without it, a server that forgot could not be told from one that did not.
        raise RedisError("the server does not tell its run id")
    return run_id


async def open_wire(address: AbstractConnection, wire: Callable[[], W]) -> W:
    """Open the socket, with TLS where the address says so, for what `wire` makes. Raises `OSError`."""
    loop = asyncio.get_running_loop()

    if isinstance(address, UnixDomainSocketConnection):
        return (await loop.create_unix_connection(wire, address.path))[1]
    if not isinstance(address, Connection):
        raise ConnectionError("not an address that can be connected to")
    context = address.ssl_context.get() if isinstance(address, SSLConnection) else None
    return (await loop.create_connection(wire, address.host, address.port, ssl=context))[1]
