"""Alembic's entry: runs the SQL files of this folder as the owner role, each in a transaction of its own."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

SCHEMA = "bff_backoffice"
# Any number will do, as long as every version of this service uses the same.
LOCK = 7_309_453_112


def run(connection: Connection) -> None:
    """Bring the schema to the newest revision while nobody else does."""
    # The lock first: two that make the schema at the same moment would trip over each other, "if not exists" or not.
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
    try:
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        connection.commit()
        context.configure(
            connection=connection,
            version_table="schema_migrations",
            version_table_schema=SCHEMA,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()


async def main() -> None:
    """Connect as the owner with the address that the caller put into the configuration."""
    dsn = str(context.config.attributes["dsn"])
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
