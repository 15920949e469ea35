"""Runs the SQL of `migrations/`, as the owner role and nobody else."""

from __future__ import annotations

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

__all__ = ["MigrationError", "migrate", "migrations_folder"]


class MigrationError(Exception):
    """The server said no, or nothing. The message is its reason, without any address."""


def migrations_folder() -> Path:
    """Where the SQL is: beside the source in a checkout, inside the package once installed."""
    package = Path(__file__).parents[2]
    installed = package / "migrations"
    return installed if installed.exists() else package.parents[1] / "migrations"


def migrate(owner_dsn: str) -> None:
    """Bring the schema to the newest revision; a second run at the same time waits for the first.

    Blocking, with an event loop of its own: call it from a thread or a process that has none.

    Raises:
        MigrationError: the schema is as it was.
    """
    config = Config()
    # A path with a percent sign would be read as an interpolation.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["dsn"] = owner_dsn
    try:
        command.upgrade(config, "head")
    except DBAPIError as error:
        # The driver's own words; SQLAlchemy's add the statement and the parameters.
        raise MigrationError(str(error.orig.__cause__ or error.orig) if error.orig else str(error)) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(str(error) or type(error).__name__) from error
