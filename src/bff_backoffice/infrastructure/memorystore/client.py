"""One Redis tier: connections, time limits, and one error for every way in which it can be away.

redis-py speaks the protocol and keeps the connections; what is ours is the pool's bookkeeping, because a pool that can
be cancelled in the middle of it gives one caller's answer to the next (CVE-2023-28858, CVE-2023-28859). Nothing is
retried here: a `SET … NX` that is sent twice is refused by its own first try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bff_backoffice.application.ports import StoreUnavailableError

__all__ = ["Answer", "Command", "Conversation", "Patience", "Pool", "RedisStore", "info_field"]

Argument = str | bytes | int
Command = tuple[Argument, ...]
"""A command as Redis takes it, such as `("SET", key, value, "NX")`."""

_CONNECT_SECONDS: Final = 0.5
"""Enough for two lost SYN packets in one zone; longer would eat the deadline of the request that waits."""

_OPERATION_SECONDS: Final = 0.25
"""A healthy answer takes about a millisecond. What takes this long is not healthy."""

_CONNECTIONS: Final = 64

_LATE_SECONDS: Final = 0.02
_EXTENSIONS: Final = 4
_BELT: Final = _EXTENSIONS + 2
"""redis-py's own limit of a connection's making is this many times ours, so that ours is the one that counts."""

T = TypeVar("T")


class Patience:
    """`asyncio.timeout` for a server, not for ourselves.

    When this process is so busy that its own alarm rings late, the answer may be here and not yet read: the limit then
    begins anew, a few times at most. Otherwise a burst of requests would look like a store that is away.
    """

    __slots__ = ("_alarm", "_due", "_extensions", "_limit", "_scope")

    def __init__(self, seconds: float) -> None:
        self._limit = seconds
        self._extensions = _EXTENSIONS
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()
        self._arm()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.cancel()
        await self._scope.__aexit__(kind, error, trace)

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = loop.time() + self._limit
        self._alarm = loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._due > _LATE_SECONDS and self._extensions:
            self._extensions -= 1
            self._arm()
        else:
            self._scope.reschedule(now)


@dataclass(frozen=True, slots=True)
class Answer:
    """The replies of one round trip, in order, and the run of the server process that gave them."""

    run_id: str
    replies: list[Any]


class Conversation:
    """One physical connection, hence one run of one server, for several round trips that belong together."""

    __slots__ = ("_connection", "run_id")

    def __init__(self, connection: AbstractConnection, run_id: str) -> None:
        self._connection = connection
        self.run_id = run_id

    async def round_trip(self, *commands: Command) -> list[Any]:
        """Send all commands at once and return their replies; an error reply is raised as redis-py's exception."""
        connection = self._connection
        await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
        return [await connection.read_response() for _ in commands]


def info_field(section: bytes, name: str) -> str:
    """One value of an `INFO` reply; an empty text where the server does not say."""
    prefix = f"{name}:".encode()
    return next((line[len(prefix) :].decode() for line in section.splitlines() if line.startswith(prefix)), "")


class Pool(ConnectionPool):
    """A bounded pool whose bookkeeping never awaits, so that no cancellation can land in the middle of it.

    Each new physical connection is asked for the server's run id before it carries any other command.
    """

    def __init__(
        self,
        *,
        connections: int,
        connect_seconds: float,
        **connection_options: Any,  # noqa: ANN401 - whatever redis-py finds in the address
    ) -> None:
        super().__init__(max_connections=connections, redis_connect_func=self._greet, **connection_options)
        self._slots = asyncio.Semaphore(connections)
        self.connect_seconds = connect_seconds
        self.run_ids: dict[AbstractConnection, str] = {}

    async def _greet(self, connection: AbstractConnection) -> None:
        await connection.on_connect()
        await connection.send_command("INFO", "server", check_health=False)
        run_id = info_field(await connection.read_response(), "run_id")
        if not run_id:
            # Without it, a server that forgot could not be told from one that did not.
            raise RedisError("the server does not tell its run id")
        self.run_ids[connection] = run_id

    async def get_connection(self, command_name: object = None, *keys: object, **options: object) -> AbstractConnection:
        """Return a connection that is ready; waiting for a free one and connecting share one limit."""
        del command_name, keys, options
        async with Patience(self.connect_seconds):
            await self._slots.acquire()
            connection: AbstractConnection = self.get_available_connection()  # type: ignore[no-untyped-call] # redis-py
            try:
                await self.ensure_connection(connection)
            except BaseException:
                # Half a greeting may still be on its way: what arrives late must find nobody listening.
                await connection.disconnect(nowait=True)
                self.put_back(connection)
                raise
        return connection

    def put_back(self, connection: AbstractConnection) -> None:
        """Make the connection available again, whether it is still connected or has to be opened anew."""
        self._in_use_connections.remove(connection)
        self._available_connections.append(connection)
        self._slots.release()

    async def release(self, connection: AbstractConnection) -> None:
        """What redis-py calls; see `put_back`."""
        self.put_back(connection)


class RedisStore:
    """One Redis tier. Every method raises `StoreUnavailableError` when the tier does not answer in time or not at all.

    `round_trip` is what stores use. `redis` is redis-py's own interface over the same pool, for streams and the like,
    and has no limits: `run` gives it ours.
    """

    __slots__ = ("_operation_seconds", "_pool", "redis", "store")

    def __init__(self, pool: Pool, *, store: str, operation_seconds: float) -> None:
        self._pool = pool
        self._operation_seconds = operation_seconds
        self.store = store
        self.redis: Redis = Redis(connection_pool=pool)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        store: str,
        connections: int = _CONNECTIONS,
        connect_seconds: float = _CONNECT_SECONDS,
        operation_seconds: float = _OPERATION_SECONDS,
    ) -> Self:
        """Prepare a tier at a `redis://`, `rediss://` or `unix://` address; nothing is connected before the first use.

        `store` is the name in `StoreUnavailableError`. A reader that blocks (`XREADGROUP … BLOCK`) opens a tier of its
        own with an `operation_seconds` that is longer than its block. Raises `ValueError` for an address that is none.
        """
        pool = Pool.from_url(
            url,
            connections=connections,
            connect_seconds=connect_seconds,
            socket_connect_timeout=connect_seconds * _BELT,
            # With a limit of its own redis-py sends through `asyncio.wait_for`, which on Python 3.11 swallows a
            # cancellation, or the end of our patience, that arrives as the sending ends.
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
        )
        return cls(pool, store=store, operation_seconds=operation_seconds)

    async def converse(self, talk: Callable[[Conversation], Awaitable[T]], *, seconds: float | None = None) -> T:
        """Hold one connection for a few round trips. A conversation that fails or is cancelled takes it along.

        The limit covers the whole conversation and not the way to it, which has a limit of its own.
        """
        try:
            connection = await self._pool.get_connection()
            try:
                async with Patience(self._operation_seconds if seconds is None else seconds):
                    return await talk(Conversation(connection, self._pool.run_ids[connection]))
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            finally:
                self._pool.put_back(connection)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailableError(self.store) from error

    async def round_trip(self, *commands: Command) -> Answer:
        """Send all commands in one round trip, not atomically, and return their replies as bytes, integers or None."""

        async def talk(conversation: Conversation) -> Answer:
            return Answer(conversation.run_id, await conversation.round_trip(*commands))

        return await self.converse(talk)

    async def ask(self, *command: Argument) -> Any:  # noqa: ANN401 - a reply's type is the command's
        """Send one command and return its reply."""
        return (await self.round_trip(command)).replies[0]

    async def run(self, call: Callable[[Redis], Awaitable[Any]]) -> Any:  # noqa: ANN401 - as above
        """Make one call of redis-py's interface, such as `lambda redis: redis.get(key)`."""
        try:
            async with Patience(self._operation_seconds + _CONNECT_SECONDS):
                return await call(self.redis)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailableError(self.store) from error

    async def aclose(self) -> None:
        """Close every connection, also those in use: a caller that still waits is told that the store is away."""
        await self._pool.aclose()
