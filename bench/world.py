"""The world that is measured: started by the real command, its dashboard's upstreams replaced by recorded answers."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from bench.machine import GENERATOR_CORE, SERVICE_CORE, pin, tree
from bff_backoffice.dev.sockets import free_port

__all__ = ["World", "call", "start_world"]

_START_SECONDS: Final = 90.0
_RECORDED: Final = (
    "property-service", "reservation-service", "inventory-service", "pricing-service", "housekeeping-service",
    "maintenance-service", "billing-service", "ai-orchestrator-service", "notification-service", "analytics-service",
    "lock-integration-service",
)  # fmt: skip
"""Whom dashboards and boards ask. iam and tenant-service stay the simulator's: they are asked when a session opens."""

# A benchmark drives each device a hundred times harder than a person; limits that are made for persons would be what is
# measured. They count as ever, they only never refuse.
_FAR_LIMITS: Final = dict.fromkeys(
    ("BFF_RATE_DEVICE_PER_SECOND", "BFF_RATE_DEVICE_BURST", "BFF_RATE_TENANT_PER_SECOND", "BFF_RATE_TENANT_BURST"),
    "10000000",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running world. `services` are the process ids of the service's own processes, `worker` is that of its worker.

    `admins` are the addresses at which each of those processes tells its metrics, in the same order.
    `postgres` is the address of the role that answers requests.
    """

    bff: str
    admins: tuple[str, ...]
    simulator: str
    recorded: str
    redis: str
    postgres: str
    services: tuple[int, ...]
    worker: int
    others: tuple[int, ...]
    people: dict[str, Any]

    def took(self) -> dict[str, int]:
        """How long recorded upstreams took for what changes something, in ns by trace id; forgotten when read."""
        found: dict[str, int] = call("GET", f"{self.recorded}/_recorded/took")
        return found

    def recording(self, **changes: str) -> Any:  # noqa: ANN401 - JSON
        """Change how recorded upstreams answer (`delay_ms`, `hang`), or with nothing read and forget their log."""
        query = "&".join(f"{name}={value}" for name, value in changes.items())
        return call("GET", f"{self.recorded}/_recorded/{'set?' + query if changes else 'answers'}")


def call(method: str, url: str, *, headers: dict[str, str] | None = None, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """One request to a server of our own; the decoded answer. Raises `urllib.error.HTTPError` for a refusal."""
    data = None if body is None else json.dumps(body).encode()
    given = {**(headers or {}), **({} if data is None else {"Content-Type": "application/json"})}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=data, headers=given, method=method), timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def _free_base_port() -> int:
    for _ in range(200):
        base = random.randrange(10_000, 30_000, 20)
        with contextlib.ExitStack() as stack:
            try:
                for offset in (0, 7, 8, 1000, 1001):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", base + offset))
            except OSError:
                continue
        return base
    raise RuntimeError("no free block of ports")


@contextlib.contextmanager
def start_world(folder: Path, *, workers: int = 1, settings: Mapping[str, str] | None = None) -> Iterator[World]:
    """Run a world with its data in `folder` until the block ends; the service on its core, all others on the other.

    `settings` are what the service is to have different from the developer's world.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base, recorded_port, ready = _free_base_port(), free_port(), folder / "ready.json"
    recorded = f"http://127.0.0.1:{recorded_port}"
    simulator = f"http://127.0.0.1:{base + 7}"
    upstreams = ",".join(f"{name}={recorded}/{name}" for name in _RECORDED)
    environment = {**os.environ, **_FAR_LIMITS, "BFF_UPSTREAM_URLS": upstreams, **(settings or {})}
    with (folder / "world.log").open("wb") as log, contextlib.ExitStack() as stack:
        replay = stack.enter_context(
            _running([sys.executable, "-m", "bench.recorded_upstreams", str(recorded_port), simulator], log)
        )
        command = [
            sys.executable, "-m", "bff_backoffice", "dev", "--base-port", str(base), "--state", str(folder / "state"),
            "--ready-file", str(ready), "--workers", str(workers),
        ]  # fmt: skip
        dev = stack.enter_context(_running(command, log, environment))
        _await(ready, dev, folder / "world.log")
        found = json.loads(ready.read_text())
        pids: dict[str, int] = found["pids"]
        admin, _, admin_port = found["admin"].rpartition(":")
        services = tuple(pid for name, pid in pids.items() if name.startswith("bff"))
        everyone = [*tree(dev.pid), *(each for pid in pids.values() for each in tree(pid)), replay.pid]
        others = tuple(sorted(set(everyone) - set(services)))
        pin(others, GENERATOR_CORE)
        for pid, core in zip(services, (SERVICE_CORE, GENERATOR_CORE), strict=False):
            pin([pid], core)
        yield World(
            bff=found["bff"], admins=tuple(f"{admin}:{int(admin_port) + number}" for number in range(workers)),
            simulator=found["sim"], recorded=recorded, redis=found["redis"], postgres=found["postgres"]["app"],
            services=services, worker=pids["worker"], others=others,
            people=call("GET", f"{found['sim']}/_control/world"),
        )  # fmt: skip


@contextlib.contextmanager
def _running(
    command: list[str], log: IO[bytes], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(ready: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the world did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.1)
