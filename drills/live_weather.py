"""What happens to those who tell and carry live events: processes that die, a Redis that restarts, bad networks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bff_backoffice.dev.sockets import free_port
from drills.crash_process import environment_beside
from drills.live_telling import Teller
from drills.processes import port_of
from tests.worlds import World

__all__ = ["FORGETS", "REDIS", "Second", "Weather", "second_process"]

_PATIENCE_S: Final = 60.0
_LOSES_S: Final = 1.0
"""What `appendfsync everysec` may lose when the machine's power goes."""

_NETWORKS: Final = ({"mode": "none"}, {"mode": "slow", "latencyMs": 80}, {"mode": "buffer"}, {"mode": "cut"})


@dataclass(slots=True)
class Second:
    """A service process beside the world's own, in the same stores, at an address of its own."""

    base: str
    _environment: dict[str, str]
    _log: Path
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; returns when it is ready."""
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bff_backoffice", "serve", cwd=Path(__file__).parents[1],
                env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        await _ready(port_of(self.base))

    async def end(self, how: signal.Signals) -> None:
        """Send the signal, and see it dead."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


@asynccontextmanager
async def second_process(world: World, folder: Path) -> AsyncIterator[Second]:
    """Run one until the block ends."""
    base = f"http://127.0.0.1:{free_port()}"
    environment = environment_beside(world, base) | {"BFF_LISTEN_PORT": str(port_of(base))}
    second = Second(base, environment, folder / "second.log")
    try:
        await second.start()
        yield second
    finally:
        await second.end(signal.SIGKILL)


async def _ready(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
                    answered = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            continue
        if answered.startswith(b"HTTP/"):
            return
    raise RuntimeError(f"nothing answers at {port}")


@dataclass(slots=True, kw_only=True)
class Weather:
    """Makes things happen until it is `over`. `state` is where the world's data is; `happened` counts what did."""

    world: World
    second: Second
    state: Path
    teller: Teller
    chance: random.Random
    kill_every_s: float
    happened: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def _over_after(self, seconds: float) -> bool:
        """Wait, and return whether it is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return self.over.is_set()

    async def processes(self) -> None:
        """Kill one of the two service processes, now and then with a word (SIGTERM); the other one stays."""
        while not await self._over_after(self.chance.uniform(0.5, 1.5) * self.kill_every_s):
            how = signal.SIGTERM if self.chance.random() < 0.2 else signal.SIGKILL
            if self.chance.random() < 0.5:
                await self.second.end(how)
                await self.second.start()
            else:
                await self._restarted("bff", how)
                await _ready(port_of(self.world.admin))
            self.happened[f"service processes ended ({how.name})"] += 1

    async def networks(self) -> None:
        """Change what the network proxy does to what passes through it."""
        while not await self._over_after(self.chance.uniform(1.0, 4.0)):
            network = self.chance.choice(_NETWORKS)
            await asyncio.to_thread(self.world.control, "PUT", "network", network)
            self.happened["changes of the network"] += 1

    async def redis(self, name: str) -> None:
        """One of `REDIS`; returns when it answers again."""
        self.happened[f"Redis: {REDIS[name]}"] += 1
        if name == "power":
            await self._power_cut()
        elif name == "forgot":
            os.kill(self.world.pids["redis"], signal.SIGSTOP)
            shutil.rmtree(self.state / "valkey" / "appendonlydir", ignore_errors=True)
            await self._restarted("redis", signal.SIGKILL)
        else:
            await self._restarted("redis", signal.SIGTERM if name == "restart" else signal.SIGKILL)

    async def _power_cut(self) -> None:
        """The last second of the append-only file was not on the disk yet.

        The bus is in the same file, and what it forgets nobody can tell anyone; so it rests, and only what was told by
        the log itself is lost.
        """
        self.teller.bus_rests = True
        await asyncio.sleep(2 * _LOSES_S)
        (file, before) = max((each, each.stat().st_size) for each in (self.state / "valkey").glob("*/*.incr.aof"))
        await asyncio.sleep(_LOSES_S)
        os.kill(self.world.pids["redis"], signal.SIGSTOP)
        os.truncate(file, before)
        await self._restarted("redis", signal.SIGKILL)
        self.teller.bus_rests = False

    async def _restarted(self, name: str, how: signal.Signals) -> None:
        """End one of the world's processes, and see its successor."""
        before = self.world.pids[name]
        os.kill(before, how)
        deadline = time.monotonic() + _PATIENCE_S
        while self.world.pids[name] in {0, before}:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} was not started again")
            await asyncio.sleep(0.05)


REDIS: Final = {
    "restart": "restarted (`SIGTERM`)",
    "kill": "killed (`kill -9`)",
    "power": "killed, the last second of its file lost (as with the machine's power)",
    "forgot": "killed without its file",
}
FORGETS: Final = frozenset({"power", "forgot"})
"""Of these, those that lose what had been told; the protocol has to say so."""
