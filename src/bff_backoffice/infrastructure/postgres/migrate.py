"""Runs the SQL of `migrations/`, as the owner role and nobody else."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

__all__ = ["migrate", "migrations_folder"]


def migrations_folder() -> Path:
    """Where the SQL is: beside the source in a checkout, inside the package once installed."""
    package = Path(__file__).parents[2]
    installed = package / "migrations"
    return installed if installed.exists() else package.parents[1] / "migrations"


def migrate(owner_dsn: str) -> None:
    """Bring the schema to the newest revision; a second run at the same time waits for the first.

    Blocking, with an event loop of its own: call it from a thread or a process that has none.
    """
    config = Config()
    # A path with a percent sign would be read as an interpolation.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["dsn"] = owner_dsn
    command.upgrade(config, "head")
