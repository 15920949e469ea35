"""Connections that belong to one tenant for one transaction, and to nobody in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import asyncpg

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

__all__ = ["Database"]

_ACQUIRE_SECONDS: Final = 1.0
"""A pool that is empty for longer than this is as good as a server that is away."""

_STATEMENT_SECONDS: Final = 2.0
"""No statement of a request may take longer; upkeep has a pool of its own."""

# What asyncpg and the operating system raise when the server is away, starting, stopping or full. Everything else that
# Postgres says is a fault of ours and passes through.
_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
)


class BypassingRoleError(asyncpg.InterfaceError):
    """The role can bypass row-level security: with it, one forgotten condition would show a tenant another's rows."""


def _quoted(text: str) -> str:
    """Return the text as a literal: statements that go together in one message take no parameters."""
    return "'" + text.replace("'", "''") + "'"


async def _require_bound_role(connection: asyncpg.Connection) -> None:
    """Give up a new connection whose role is not held by the policies, before anything is asked on it."""
    if await connection.fetchval("select rolsuper or rolbypassrls from pg_roles where rolname = current_user"):
        raise BypassingRoleError("the role can bypass row-level security; `bff-backoffice check` says how to mend it")


async def _nothing_left(_connection: asyncpg.Connection) -> None:
    """Ask nothing when a connection comes back: all that a transaction sets is local to it, and gone by then."""


class Database:
    """The pool of one role. Fails closed: `StoreUnavailableError("postgres")` when the server can't be asked.

    The server may be away when the pool is made; the first use finds out. A role that can bypass row-level security
    counts as a server that can't be asked.
    """

    def __init__(self, pool: asyncpg.Pool, *, acquire_seconds: float = _ACQUIRE_SECONDS) -> None:
        self._pool, self._acquire_seconds = pool, acquire_seconds

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dsn: str,
        *,
        size: int,
        acquire_seconds: float = _ACQUIRE_SECONDS,
        statement_seconds: float = _STATEMENT_SECONDS,
    ) -> AsyncIterator[Database]:
        """Hold a pool of at most `size` connections; nothing is connected before it is needed.

        Without a connection in `acquire_seconds`, or an answer in `statement_seconds`, the server counts as away.
        """
        pool = asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=size,
            timeout=acquire_seconds,
            command_timeout=statement_seconds,
            max_inactive_connection_lifetime=60,
            init=_require_bound_role,
            reset=_nothing_left,
            server_settings={"search_path": "bff_backoffice", "application_name": "bff-backoffice"},
        )
        await pool
        try:
            yield cls(pool, acquire_seconds=acquire_seconds)
        finally:
            # Not close(): that waits for whoever holds a connection to a server that may never answer again.
            pool.terminate()

    @asynccontextmanager
    async def transaction(self, tenant_id: TenantId) -> AsyncIterator[Connection]:
        """One transaction of one tenant. Never hold it across a call to an upstream or a stream.

        Beginning and end are a round trip each; with asyncpg's own they would be four: begin, tenant, commit, reset.

        Raises:
            StoreUnavailableError: the server can't be asked, or did not answer in time.
        """
        try:
            async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
                try:
                    # Local to the transaction: a pooled connection must not remember its last tenant.
                    await connection.execute(f"begin; select set_config('app.tenant_id', {_quoted(tenant_id)}, true)")
                    yield connection
                except BaseException:
                    # A connection that is lost or was cancelled in the middle is looked after by the pool. One that is
                    # lost only now must not hide why: who is cancelled as the server goes would run on for ever.
                    if not connection.is_closed() and connection.is_in_transaction():
                        try:
                            await connection.execute("rollback")
                        except _AWAY:
                            # One that was lost has gone back to the pool already; no other may go back like this.
                            with suppress(asyncpg.InterfaceError):
                                connection.terminate()
                    raise
                await connection.execute("commit")
        except _AWAY as error:
            raise StoreUnavailableError("postgres") from error

    async def next_replay_memory_generation(self) -> int:
        """Draw the number of a new memory of the proof store: 1 only at the very first start.

        Raises:
            StoreUnavailableError: the server can't be asked.
        """
        try:
            async with self._pool.acquire(timeout=self._acquire_seconds) as connection:
                return int(await connection.fetchval("select nextval('replay_memory_generations')"))
        except _AWAY as error:
            raise StoreUnavailableError("postgres") from error

    async def ping(self) -> None:
        """Ask the server for nothing.

        Raises:
            StoreUnavailableError: the server can't be asked.
        """
        try:
            async with asyncio.timeout(_ACQUIRE_SECONDS), self._pool.acquire() as connection:
                await connection.execute("select 1")
        except _AWAY as error:
            raise StoreUnavailableError("postgres") from error
