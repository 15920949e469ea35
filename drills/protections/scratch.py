"""Where protections are removed: databases made for it, and a copy of the checkout. Never what is worked on."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

import asyncpg

from bff_backoffice.dev.database import prepare
from bff_backoffice.dev.embedded import EmbeddedPostgres, EmbeddedValkey
from bff_backoffice.dev.sockets import free_port
from bff_backoffice.infrastructure.postgres.migrate import migrate
from drills.protections.edits import applied
from drills.protections.listed import Edit, Statements
from tests.isolation.stores import Stores

__all__ = ["ROOT", "Copy", "Databases"]

ROOT: Final = Path(__file__).parents[2]
_PARTS: Final = ("src", "tests", "drills", "migrations", "platform_sim", "openapi", "compatibility", "pyproject.toml")
"""What the suite needs of a checkout."""
_PRISTINE: Final = "bff_backoffice"
_NOTHING: Final = Statements(())


@dataclass(slots=True)
class Databases:
    """A server of the drill's own, with a migrated database that nobody uses but to copy it."""

    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Self]:
        """Start the servers, migrate, and end the servers afterwards."""
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            postgres = EmbeddedPostgres(folder / "postgres", free_port(), folder / "postgres.log")
            stack.push_async_callback(postgres.stop)
            await postgres.start()
            valkey = EmbeddedValkey(folder / "valkey", free_port(), folder / "valkey.log")
            stack.push_async_callback(valkey.stop)
            await valkey.start()
            owner, _, _ = await prepare(postgres)
            await asyncio.to_thread(migrate, owner)
            yield cls(postgres, valkey)

    @asynccontextmanager
    async def without(self, removal: Statements = _NOTHING) -> AsyncIterator[Mapping[str, object]]:
        """A copy of the database in which this is removed, as `Stores` of tests; gone afterwards, and undone."""
        name = f"scratch_{next(self._numbers)}"
        await self._as_admin(
            "postgres", f"create database {name} template {_PRISTINE} owner bff_owner",
            f"revoke all on database {name} from public", f"grant connect on database {name} to bff_app, bff_worker",
        )  # fmt: skip
        try:
            await self._as_admin(name, *removal.do)
            roles = {role: self.postgres.dsn(f"bff_{role}", name) for role in ("app", "worker", "owner")}
            yield asdict(Stores(postgres=roles, redis=self.valkey.url))
        finally:
            await self._as_admin("postgres", *removal.undo, f"drop database {name} with (force)")

    @asynccontextmanager
    async def catalogue(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection that reads the catalogue of a copy."""
        async with self.without() as stores:
            roles = stores["postgres"]
            assert isinstance(roles, dict)  # noqa: S101 - what a line above says, in words that the type checker knows
            connection = await asyncpg.connect(roles["owner"])
            try:
                yield connection
            finally:
                await connection.close()

    async def _as_admin(self, database: str, *statements: str) -> None:
        connection = await asyncpg.connect(self.postgres.dsn("postgres", database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@dataclass(slots=True)
class Copy:
    """A copy of the checkout, with one edit at a time."""

    folder: Path
    _moment: Iterator[int] = field(default_factory=lambda: itertools.count(int(time.time()) + 10, 2))

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Copy what the suite needs."""
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        for part in _PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=ignored)
            else:
                shutil.copy(source, folder / part)
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a Python of this environment import the copy."""
        return {**os.environ, "PYTHONPATH": f"{self.folder / 'src'}{os.pathsep}{self.folder}"}

    @contextmanager
    def without(self, removal: Edit) -> Iterator[None]:
        """The copy with this removed, until the block ends."""
        path = self.folder / removal.path
        original = path.read_text()
        self._write(path, applied(removal, original))
        try:
            yield
        finally:
            self._write(path, original)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text)
        # Compiled modules are told from outdated ones by their second: each text gets one of its own.
        moment = next(self._moment)
        os.utime(path, (moment, moment))
