"""The developer world as tests see it: started by the real command, spoken to over real sockets."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import redis

from bff_backoffice.dev.sockets import claim
from tests.answers import held_client
from tests.desktop import Desktop, DeviceTakenError

__all__ = ["World", "free_base_port", "start_world"]

START_SECONDS = 60.0
_TRIES = 30
_ENOUGH_DEVICES = 12


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def free_base_port() -> int:
    """A port such that everything that a world derives from it is free, below the range of outgoing connections.

    It is nobody else's either who asks for one in this moment, and whose world listens a second later.
    """
    for _ in range(200):
        base = random.randrange(10_000, 30_000, 20)
        free = not any(_taken(base + offset) for offset in (0, 7, 8, 1000, 1001))
        # Of two blocks that are a thousand apart the second begins where the first one ends.
        if free and claim(base) and claim(base + 1000):
            return base
    raise RuntimeError("no free block of ports")


@dataclass
class World:
    """One running world. Reads its ready file anew for what can change: process ids after a restart."""

    ready_file: Path
    log: Path
    process: subprocess.Popen[bytes]
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        ready = json.loads(self.ready_file.read_text())
        self.bff, self.admin, self.sim = ready["bff"], ready["admin"], ready["sim"]
        self.worker_admin = ready["workerAdmin"]
        self.console, self.proxy = ready["console"], ready["proxy"]
        self.postgres, self.redis = ready["postgres"], ready["redis"]
        self.http = held_client(self.bff, self.proxy)
        self._unused: dict[str, list[str]] = {}
        self.people: dict[str, Any] = self.http.get(f"{self.sim}/_control/world").json()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name, as they are now."""
        return dict(json.loads(self.ready_file.read_text())["pids"])

    @property
    def tenants(self) -> list[str]:
        """Tenant ids, in the world's order."""
        return [tenant["id"] for tenant in self.people["tenants"]]

    def properties(self, tenant: int = 0) -> list[str]:
        """The properties of a tenant, in the world's order."""
        wanted = self.tenants[tenant]
        return [each["id"] for each in self.people["properties"] if each["tenantId"] == wanted]

    def operator(self, role: str = "general_manager", tenant: int = 0) -> dict[str, Any]:
        """A member of staff with this role."""
        wanted = self.tenants[tenant]
        return next(each for each in self.people["operators"] if each["tenantId"] == wanted and role in each["roles"])

    def device(self, tenant: int = 0) -> str:
        """A device of the tenant that no test has used; all of them are free again after a reset."""
        wanted = self.tenants[tenant]
        if wanted not in self._unused:
            here = [each["id"] for each in self.people["devices"] if each["tenantId"] == wanted]
            self._unused[wanted] = here[::-1]
        if not self._unused[wanted]:
            self._free_devices()
            return self.device(tenant)
        return self._unused[wanted].pop()

    def leave_devices(self) -> None:
        """Have enough of them for a test: a reset between two of its desktops would sign the first one out."""
        if any(len(unused) < _ENOUGH_DEVICES for unused in self._unused.values()):
            self._free_devices()

    def _free_devices(self) -> None:
        self.control("POST", "reset")
        self._unused.clear()

    def sign_in(self, role: str = "general_manager", tenant: int = 0, **more: Any) -> Desktop:
        """A desktop on a fresh device, signed in as somebody of this role."""
        operator = more.pop("operator", None) or self.operator(role, tenant)
        for _ in range(_TRIES):
            # A browser that shares this world chooses devices of its own.
            with contextlib.suppress(DeviceTakenError):
                return Desktop.sign_in(self, operator, self.device(tenant), **more)
        raise RuntimeError("no free device")

    def control(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """A call of the simulator's control routes, which must succeed."""
        answer = self.http.request(method, f"{self.sim}/_control/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer

    def fault(self, service: str, mode: str, **more: Any) -> None:
        """Break one upstream."""
        self.control("PUT", f"faults/{service}", {"mode": mode, **more})

    def publish(self, subject: str, tenant_id: str, payload: dict[str, Any]) -> None:
        """Publish a platform event."""
        self.control("POST", "events", {"subject": subject, "tenantId": tenant_id, "payload": payload})

    def forget_cache(self) -> None:
        """Drop every composed view, so that the next dashboard asks its upstreams."""
        client = redis.Redis.from_url(self.redis)
        for key in client.scan_iter("*:projection:*"):
            client.delete(key)
        client.close()

    def age_cache(self, seconds: int) -> None:
        """Make every composed view older than it is, as if nobody had looked for so long."""
        client = redis.Redis.from_url(self.redis)
        for key in client.scan_iter("*:projection:*"):
            stored = client.get(key)
            if not isinstance(stored, bytes) or not stored.startswith(b"{"):
                continue
            entry = json.loads(stored)
            aged = datetime.fromisoformat(entry["as_of"]) - timedelta(seconds=seconds)
            client.set(key, json.dumps({**entry, "as_of": aged.isoformat()}), keepttl=True)
        client.close()

    def heal(self) -> None:
        """No fault, no broken network."""
        self.control("DELETE", "faults")
        self.control("DELETE", "network")

    def stop(self) -> int:
        """Ask the world to end, and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@contextlib.contextmanager
def start_world(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> Iterator[World]:
    """Run `bff-backoffice dev` with its data in `folder` until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    number = next(_numbers)
    ready_file, log = folder / f"ready-{number}.json", folder / f"dev-{number}.log"
    command = [
        sys.executable, "-m", "bff_backoffice", "dev", "--base-port", str(free_base_port()),
        "--state", str(folder / "state"), "--ready-file", str(ready_file), *arguments,
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=Path(__file__).parents[1],
            env={**os.environ, **(environment or {})}, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the world did not start:\n{log.read_text()}")
            time.sleep(0.05)
        world = World(ready_file, log, process)
        try:
            yield world
        finally:
            world.http.close()
            world.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


_numbers = itertools.count()
