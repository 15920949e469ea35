"""What Postgres holds, as one of its roles sees it for one tenant."""

from __future__ import annotations

import asyncio
from typing import Any, Final, TypedDict

import asyncpg

from tests.worlds import World

__all__ = ["PATIENT", "stored"]


class Limits(TypedDict):
    """What a pool may be told of its patience."""

    acquire_seconds: float
    statement_seconds: float


PATIENT: Final[Limits] = {"acquire_seconds": 10.0, "statement_seconds": 20.0}
"""A database's limits where a test asks what it does and not how soon: a busy machine may stand still for longer than
the second that the service gives it."""


def stored(world: World, statement: str, *values: Any, role: str = "owner", tenant: int = 0) -> list[dict[str, Any]]:
    """The rows that a role finds for a tenant."""

    async def main() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(world.postgres[role], server_settings={"search_path": "bff_backoffice"})
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", world.tenants[tenant])
                return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(main())
