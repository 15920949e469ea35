"""`bff-backoffice dev`: the whole developer world on one machine, with one command, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console

from bff_backoffice.dev.database import prepare
from bff_backoffice.dev.embedded import EmbeddedPostgres, EmbeddedValkey, ServerStartError
from bff_backoffice.dev.http_probe import body_of, status_of
from bff_backoffice.dev.own_key import kept_signing_key
from bff_backoffice.dev.plan import Addresses, Stores, service_environment
from bff_backoffice.dev.processes import Child, python_command
from bff_backoffice.dev.sockets import PortTakenError, free_port, listen, require_free
from bff_backoffice.infrastructure.postgres.migrate import MigrationError, migrate
from bff_backoffice.settings import SettingsError

__all__ = ["World", "WorldError"]

_READY_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_RESTART_PAUSE_SECONDS: Final = 0.3
_RESTARTS_AT_MOST: Final = 8
_RESTART_WINDOW_SECONDS: Final = 30.0


class WorldError(Exception):
    """The world can't start or go on; the message says why and how to mend it."""


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that `dev` starts. `run` returns the exit status once all of it has ended."""

    base_port: int
    workers: int
    state: Path
    ready_file: Path | None
    seed: int
    console: Console = field(default_factory=lambda: Console(highlight=False))
    _ending: bool = False
    _cleanup: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _pids: dict[str, Callable[[], int]] = field(default_factory=dict)
    _worker_admin_port: int = field(default_factory=free_port)
    _ready: dict[str, object] = field(default_factory=dict)

    async def run(self) -> int:
        """Start, watch, and end on SIGINT or SIGTERM.

        Raises:
            WorldError: it can't start, or something keeps dying.
        """
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            # Also where SIGINT was inherited as ignored, as it is in a background job of a shell.
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            with self._sole_user_of_state():
                try:
                    async with asyncio.TaskGroup() as group:
                        self._tasks.append(group.create_task(self._live(group)))
                        await stop.wait()
                        self._ending = True
                        for task in self._tasks:
                            task.cancel()
                finally:
                    await self._end()
        except* (WorldError, ServerStartError, PortTakenError, SettingsError) as failures:
            raise WorldError(str(_first(failures))) from None
        return 0

    async def _live(self, group: asyncio.TaskGroup) -> None:
        started = time.monotonic()
        for folder in (self.state, self.state / "logs"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.ready_file is not None:
            # One of a world that was killed would tell old addresses.
            self.ready_file.unlink(missing_ok=True)
        addresses = Addresses(self.base_port)
        listener = listen(self.base_port)
        for port in addresses.others(self.workers):
            require_free(port)
        stores = await self._stores(group)
        async with asyncio.TaskGroup() as starting:
            starting.create_task(self._simulator(group, addresses, stores))
            starting.create_task(self._migrations(stores))
        await self._service(group, addresses, stores, listener)
        self._write_ready_file(addresses, stores)
        await self._introduce(addresses, time.monotonic() - started)
        await asyncio.Event().wait()

    async def _stores(self, group: asyncio.TaskGroup) -> Stores:
        given = Stores.given()
        if given is not None:
            self._say("Stores", "those that the settings name")
            return given
        logs = self.state / "logs"
        postgres = EmbeddedPostgres(self.state / "postgres", free_port(), logs / "postgres.log")
        valkey = EmbeddedValkey(self.state / "valkey", free_port(), logs / "valkey.log")
        async with asyncio.TaskGroup() as starting:
            starting.create_task(postgres.start())
            starting.create_task(valkey.start())
            self._cleanup += [valkey.stop, postgres.stop]
        self._watch(group, "postgres", postgres.start, lambda: postgres.process)
        self._watch(group, "redis", valkey.start, lambda: valkey.process)
        self._say("PostgreSQL", f"127.0.0.1:{postgres.port}")
        self._say("Valkey", f"127.0.0.1:{valkey.port}")
        owner, app, worker = await prepare(postgres)
        return Stores(owner=owner, app=app, worker=worker, redis=valkey.url, redis_cache=valkey.url)

    async def _migrations(self, stores: Stores) -> None:
        # In a thread: Alembic runs an event loop of its own.
        try:
            await asyncio.to_thread(migrate, stores.owner)
        except MigrationError as error:
            raise WorldError(f"The schema is as it was: {error}. Is BFF_POSTGRES_OWNER_DSN right?") from error
        self._say("Migrations", "the schema is current")

    async def _simulator(self, group: asyncio.TaskGroup, addresses: Addresses, stores: Stores) -> None:
        command = python_command(
            "-m", "platform_sim", "--port", str(addresses.simulator_port), "--seed", str(self.seed),
            "--redis", stores.redis, "--bff-url", f"{addresses.service},{addresses.proxy}",
            "--proxy-port", str(addresses.proxy_port), "--proxy-target", f"127.0.0.1:{addresses.base_port}",
        )  # fmt: skip
        await self._child(group, "sim", command, {**os.environ})
        await self._answers("sim", f"{addresses.simulator}/_control/world")
        self._say("Platform simulator", addresses.simulator)

    async def _service(
        self, group: asyncio.TaskGroup, addresses: Addresses, stores: Stores, listener: socket.socket
    ) -> None:
        environment = service_environment(addresses, stores, signing_key=kept_signing_key(self.state))
        for number in range(self.workers):
            own = {
                **environment,
                "BFF_LISTEN_FD": str(listener.fileno()),
                "BFF_ADMIN_PORT": str(addresses.admin_port + number),
            }
            name = "bff" if number == 0 else f"bff-{number + 1}"
            command = python_command("-m", "bff_backoffice", "serve")
            await self._child(group, name, command, own, inherited=(listener.fileno(),))
        working = {**environment, "BFF_WORKER_ADMIN_PORT": str(self._worker_admin_port)}
        await self._child(group, "worker", python_command("-m", "bff_backoffice", "worker"), working)
        for number in range(self.workers):
            await self._answers("bff", f"http://127.0.0.1:{addresses.admin_port + number}/metrics")
        await self._answers("bff", f"{addresses.service}/health/ready")
        self._say("Service", addresses.service)

    async def _child(
        self,
        group: asyncio.TaskGroup,
        name: str,
        command: list[str],
        environment: dict[str, str],
        *,
        inherited: tuple[int, ...] = (),
    ) -> None:
        child = Child(
            name=name, command=command, environment=environment, log=self.state / "logs" / f"{name}.log",
            folder=Path.cwd(), inherited=inherited,
        )  # fmt: skip
        self._cleanup.append(child.stop)
        await child.start()
        self._watch(group, name, child.start, lambda: child.process)

    def _watch(
        self,
        group: asyncio.TaskGroup,
        name: str,
        start: Callable[[], Awaitable[None]],
        process: Callable[[], asyncio.subprocess.Process | None],
    ) -> None:
        """Start it again whenever it dies: a developer kills things to see what happens, and the world goes on."""

        def pid() -> int:
            running = process()
            return 0 if running is None else running.pid

        async def watch() -> None:
            deaths: list[float] = []
            while True:
                running = process()
                status = 0 if running is None else await running.wait()
                if self._ending:
                    return
                deaths = [*(at for at in deaths if time.monotonic() - at < _RESTART_WINDOW_SECONDS), time.monotonic()]
                if len(deaths) > _RESTARTS_AT_MOST:
                    raise WorldError(f"{name} keeps ending (status {status}); its log is {self._log(name)}")
                self.console.print(f"[yellow]{name} ended with status {status}; starting it again[/yellow]")
                await asyncio.sleep(_RESTART_PAUSE_SECONDS)
                await start()
                self._rewrite_pids()

        self._pids[name] = pid
        self._tasks.append(group.create_task(watch()))

    def _log(self, name: str) -> Path:
        return self.state / "logs" / f"{'valkey' if name == 'redis' else name}.log"

    async def _answers(self, name: str, url: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if await status_of(url) == 200:  # noqa: PLR2004 - HTTP's word for "yes"
                return
            await asyncio.sleep(_POLL_SECONDS)
        log = self._log(name)
        words = "\n".join(log.read_text(errors="replace").splitlines()[-12:]) if log.exists() else ""
        raise WorldError(
            f"{name} did not answer at {url} within {_READY_SECONDS:.0f} s. Its log, {log}, ends:\n{words}"
        )

    def _say(self, what: str, where: str) -> None:
        self.console.print(f"  [green]✓[/green] {what:<20} {where}")

    async def _introduce(self, addresses: Addresses, seconds: float) -> None:
        lines = (
            f"\n[bold]Everything answers[/bold] after {seconds:.1f} s. Ctrl-C ends it all.\n",
            f"  Console    [link]{addresses.console}[/link]   ← open this in a browser",
            f"  Service    {addresses.service}   (API document: {addresses.service}/openapi.yaml)",
            f"  Proxy      {addresses.proxy}   (the service behind a network that can be broken)",
            f"  Metrics    {addresses.admin}/metrics",
            f"  Simulator  {addresses.simulator}/_control/world   (who is who, and how to break things)",
            f"  Logs       {self.state / 'logs'}\n",
            *_sign_ins(await body_of(f"{addresses.simulator}/_control/world")),
        )
        for line in lines:
            self.console.print(line, soft_wrap=True)

    def _write_ready_file(self, addresses: Addresses, stores: Stores) -> None:
        if self.ready_file is None:
            return
        self._ready = {
            "bff": addresses.service, "admin": addresses.admin, "sim": addresses.simulator,
            "workerAdmin": f"http://127.0.0.1:{self._worker_admin_port}",
            "console": addresses.console, "proxy": addresses.proxy,
            "postgres": {"app": stores.app, "owner": stores.owner, "worker": stores.worker},
            "redis": stores.redis, "redisCache": stores.redis_cache,
        }  # fmt: skip
        self._rewrite_pids()

    def _rewrite_pids(self) -> None:
        if self.ready_file is None or not self._ready:
            return
        pids = {"dev": os.getpid(), **{name: pid() for name, pid in self._pids.items()}}
        # Whoever waits for the file must never read half of it.
        temporary = self.ready_file.with_name(self.ready_file.name + ".part")
        temporary.write_text(json.dumps({**self._ready, "pids": pids}, indent=2))
        temporary.replace(self.ready_file)

    async def _end(self) -> None:
        self._ending = True
        if self._cleanup:
            self.console.print("\nEnding …")
        while self._cleanup:
            await self._cleanup.pop()()
        if self.ready_file is not None:
            self.ready_file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _sole_user_of_state(self) -> Iterator[None]:
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise WorldError(f"Another world uses {self.state}; give this one another --state.") from None
            yield


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure inside groups in groups."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _sign_ins(world: bytes) -> Iterator[str]:
    """Ready to paste: somebody to be, at the first two hotel companies."""
    known = json.loads(world)
    yield "  Sign in as (user name, password, a free device):"
    for tenant in known["tenants"][:2]:
        mine = [each for each in known["operators"] if each["tenantId"] == tenant["id"]]
        device = next(each["id"] for each in known["devices"] if each["tenantId"] == tenant["id"])
        manager = next(each for each in mine if "general_manager" in each["roles"])
        yield f"    {manager['username']}  {manager['password']}  {device}   (general manager, {tenant['name']})"
