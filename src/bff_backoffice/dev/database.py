"""The database and the roles of the developer world. In production they are made with the server itself."""

from __future__ import annotations

import asyncpg

from bff_backoffice.dev.embedded import EmbeddedPostgres

__all__ = ["prepare"]

_OWNER, _APP, _WORKER = "bff_owner", "bff_app", "bff_worker"


async def prepare(server: EmbeddedPostgres) -> tuple[str, str, str]:
    """Make what is missing; return the addresses of owner, application and worker."""
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    try:
        for role in (_OWNER, _APP, _WORKER):
            if not await admin.fetchval("select 1 from pg_roles where rolname = $1", role):
                await admin.execute(
                    f"create role {role} login nosuperuser nocreatedb nocreaterole nobypassrls "
                    f"password '{server.password}'"
                )
        if not await admin.fetchval("select 1 from pg_database where datname = 'bff_backoffice'"):
            await admin.execute(f"create database bff_backoffice owner {_OWNER}")
            await admin.execute("revoke all on database bff_backoffice from public")
            await admin.execute(f"grant connect on database bff_backoffice to {_APP}, {_WORKER}")
    finally:
        await admin.close()
    return server.dsn(_OWNER), server.dsn(_APP), server.dsn(_WORKER)
