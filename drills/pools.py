"""The service's own pools over real servers, made small, and asked in ways that show whose answer came back."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from bff_backoffice.dev.database import prepare
from bff_backoffice.dev.embedded import EmbeddedPostgres, EmbeddedValkey
from bff_backoffice.dev.sockets import free_port
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.http import Bounds, Upstream, UpstreamClient, open_upstream
from bff_backoffice.infrastructure.memorystore.client import Command, Conversation, RedisStore
from bff_backoffice.infrastructure.observability import Metrics
from bff_backoffice.infrastructure.postgres.migrate import migrate
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["CONNECTIONS", "HTTP_CONNECTIONS", "Ask", "Pool", "http_pool", "postgres_pool", "redis_pool"]

CONNECTIONS: Final = 6
HTTP_CONNECTIONS: Final = 100
"""The client's own bound, which no setting changes."""

_TENANT: Final = TenantId.parse("tnt_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A")
_TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_REQUEST: Final = "01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"

Ask = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool under test.

    `ask` says a text back. `hold_all` returns when every connection of the pool was in use at the same moment, so
    that one that was lost is missed. `connected` is how many connections the server sees.
    """

    name: str
    size: int
    most: int
    """Connections that the server may see: those of the pool, and the one that all share where there is one."""
    share: float
    ask: Ask
    hold_all: Callable[[], Awaitable[None]]
    connected: Callable[[], Awaitable[int]]


@asynccontextmanager
async def redis_pool(folder: Path, *, shared: bool) -> AsyncIterator[Pool]:
    """A Redis tier over a Valkey server of its own, with its files in `folder`.

    Single round trips (`shared`), which may go over one connection for all, or conversations, which hold one each.
    """
    word = "single round trips" if shared else "conversations"
    server = EmbeddedValkey(folder / word, free_port(), folder / "valkey.log")
    await server.start()
    # Patience enough that a busy machine is no error of the pool's.
    store = RedisStore.open(
        server.url, store="drill", connections=CONNECTIONS, connect_seconds=10, operation_seconds=10
    )

    async def ask(text: str) -> str:
        commands: tuple[Command, ...] = (("ECHO", text), ("TIME",), ("ECHO", text))
        if shared:
            echoed, _, again = (await store.round_trip(*commands)).replies
        else:
            echoed, _, again = await store.converse(lambda conversation: conversation.round_trip(*commands))
        return echoed.decode() if echoed == again else "torn"

    async def hold_all() -> None:
        barrier = asyncio.Barrier(CONNECTIONS)

        async def hold(conversation: Conversation) -> None:
            await barrier.wait()
            await conversation.round_trip(("PING",))

        await _together(lambda: store.converse(hold), CONNECTIONS)

    async def connected() -> int:
        # Those that were abandoned half-way close a moment later.
        for _ in range(50):
            info = await store.ask("INFO", "clients")
            count = int(info.partition(b"connected_clients:")[2].split()[0])
            if count <= CONNECTIONS + 1:
                break
            await asyncio.sleep(0.1)
        return count

    try:
        yield Pool(
            name=f"Redis, {word}",
            size=CONNECTIONS,
            most=CONNECTIONS + 1,
            share=0.25,
            ask=ask,
            hold_all=hold_all,
            connected=connected,
        )
    finally:
        await store.aclose()
        await server.stop()


@asynccontextmanager
async def postgres_pool(folder: Path) -> AsyncIterator[Pool]:
    """The application role's pool over a PostgreSQL server of its own, with its files in `folder`."""
    server = EmbeddedPostgres(folder / "postgres", free_port(), folder / "postgres.log")
    await server.start()
    owner, app, _ = await prepare(server)
    await asyncio.to_thread(migrate, owner)
    try:
        # Patience as with Redis.
        async with Database.open(app, size=CONNECTIONS, acquire_seconds=10, statement_seconds=10) as database:
            yield _database_pool(database)
    finally:
        await server.stop()


def _database_pool(database: Database) -> Pool:
    async def ask(text: str) -> str:
        async with database.transaction(_TENANT) as connection:
            echoed = await connection.fetchval("select $1::text", text)
            tenant = await connection.fetchval("select current_setting('app.tenant_id')")
            return str(echoed) if tenant == _TENANT else "of another tenant"

    async def hold_all() -> None:
        barrier = asyncio.Barrier(CONNECTIONS)

        async def hold() -> None:
            async with database.transaction(_TENANT) as connection:
                await barrier.wait()
                await connection.fetchval("select 1")

        await _together(hold, CONNECTIONS)

    async def connected() -> int:
        for _ in range(50):
            async with database.transaction(_TENANT) as connection:
                count = int(
                    await connection.fetchval("select count(*) from pg_stat_activity where usename = current_user")
                )
            if count <= CONNECTIONS:
                break
            await asyncio.sleep(0.1)
        return count

    return Pool(
        name="Postgres", size=CONNECTIONS, most=CONNECTIONS, share=0.2, ask=ask, hold_all=hold_all, connected=connected
    )


@asynccontextmanager
async def http_pool() -> AsyncIterator[Pool]:
    """An upstream's client, its adaptive limit off so that all connections are used, over a server of its own."""
    with _echo_server() as process:
        port = int(process.stdout.readline())  # type: ignore[union-attr] # it is a pipe
        async with open_upstream(
            Upstream(name="echo-service", limit_seconds=10), f"http://127.0.0.1:{port}", identity=_identity,
            observer=Metrics(), clock=lambda: datetime.now(UTC), breaker_enabled=False, limit_enabled=False,
        ) as client:  # fmt: skip
            yield _client_pool(client)
        # It ends with its standard input.
        process.stdin.close()  # type: ignore[union-attr] # it is a pipe


def _echo_server() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "drills.echo"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])


async def _identity() -> str:
    return "drill"


def _client_pool(client: UpstreamClient) -> Pool:
    async def get(path: str) -> Any:  # noqa: ANN401 - any JSON
        bounds = Bounds(deadline=asyncio.get_running_loop().time() + 10, request_id=_REQUEST, traceparent=_TRACE)
        return await client.read("echo", path, bounds=bounds, decode=msgspec.json.decode)

    async def ask(text: str) -> str:
        said: str = await get(f"/say/{text}")
        return said.removeprefix("/say/")

    async def hold_all() -> None:
        await _together(lambda: get(f"/hold/{HTTP_CONNECTIONS}/{secrets.token_hex(4)}"), HTTP_CONNECTIONS)

    async def connected() -> int:
        for _ in range(50):
            count = int(await get("/connections"))
            if count <= HTTP_CONNECTIONS:
                break
            await asyncio.sleep(0.1)
        return count

    return Pool(
        name="HTTP",
        size=HTTP_CONNECTIONS,
        most=HTTP_CONNECTIONS,
        share=0.3,
        ask=ask,
        hold_all=hold_all,
        connected=connected,
    )


async def _together(call: Callable[[], Awaitable[Any]], count: int) -> None:
    async def one() -> None:
        await call()

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
