"""The stores that a test of this folder asks without the service: the shared world's, or those that somebody brings."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["BROUGHT", "Stores", "connected", "opened"]

BROUGHT = "ISOLATION_STORES"
"""The variable of the environment with the addresses of stores of one's own, as JSON: `drills/protections` sets it."""


@dataclass(frozen=True)
class Stores:
    """Postgres by role (`app`, `worker`, `owner`), and Redis; both migrated and empty enough."""

    postgres: Mapping[str, str]
    redis: str

    @classmethod
    def brought(cls) -> Self | None:
        """Those of the environment, or None."""
        text = os.environ.get(BROUGHT)
        return None if text is None else cls(**json.loads(text))


@asynccontextmanager
async def opened(dsn: str, *, size: int = 1) -> AsyncIterator[Database]:
    """A pool of so many connections, of which one is there: making one may take longer than a request would wait."""
    async with Database.open(dsn, size=size) as database, asyncio.timeout(30):
        await connected(database)
        yield database


async def connected(database: Database) -> None:
    """Wait for the first connection; raises `StoreUnavailableError` for any reason but a server that was late."""
    for _ in range(_TRIES):
        try:
            return await database.ping()
        except StoreUnavailableError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
    return await database.ping()


_TRIES = 5
