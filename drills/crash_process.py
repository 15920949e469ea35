"""A separate service process beside a developer world, in the same stores, that can be killed or stopped at a step."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bff_backoffice.dev.plan import Addresses, Stores, service_environment
from drills.processes import port_of
from tests.worlds import World

__all__ = ["LEASE_SECONDS", "SHORT_LEASES", "Victim", "environment_beside", "victim"]

LEASE_SECONDS: Final = 1.0
SHORT_LEASES: Final = {"BFF_IDEMPOTENCY_LEASE_SECONDS": f"{LEASE_SECONDS:g}", "BFF_UPSTREAM_BREAKERS": "false"}
"""What the world and the victim are told: leases that end soon, and faults that do not outlast their schedule."""

_PATIENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class Victim:
    """One process of the service. `base` is its own address."""

    base: str
    process: asyncio.subprocess.Process
    log: Path

    async def reached(self) -> str:
        """Wait until it has arrived at its step, and return the step's name."""
        if self.process.stdout is None:
            raise RuntimeError("a victim has a pipe")
        async with asyncio.timeout(_PATIENCE_SECONDS):
            line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the victim ended by itself:\n{self.log.read_text()}")
        return line.decode().strip()

    async def kill(self) -> None:
        """`kill -9`, and see it dead."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def stand_still(self) -> None:
        """Stop it wherever it is, as a machine that is out of memory or a paused virtual one does."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again, and past its step."""
        if self.process.stdin is not None:
            self.process.stdin.write(b"go on\n")
        os.kill(self.process.pid, signal.SIGCONT)


@asynccontextmanager
async def victim(world: World, step: str, log: Path) -> AsyncIterator[Victim]:
    """Start one that will stop at this step of its first mutation; requests wait until it is up. Killed at the end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "drills.failing_service", step, cwd=Path(__file__).parents[1],
                env=environment_beside(world, base) | SHORT_LEASES | {"BFF_LISTEN_FD": str(listener.fileno())},
                pass_fds=(listener.fileno(),), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output,
            )  # fmt: skip
    found = Victim(base, process, log)
    try:
        yield found
    finally:
        await found.kill()


def environment_beside(world: World, base: str) -> dict[str, str]:
    """What a service process at `base` is told that works in the stores of a world, beside the world's own."""
    stores = Stores(
        owner=world.postgres["owner"], app=world.postgres["app"], worker=world.postgres["worker"],
        redis=world.redis, redis_cache=world.redis,
    )  # fmt: skip
    seed = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    given = service_environment(Addresses(port_of(world.bff)), stores, signing_key=seed)
    return {**given, "BFF_ADMIN_PORT": "0", "BFF_PUBLIC_ORIGINS": f"{base},{world.bff}"}
