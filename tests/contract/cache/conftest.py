"""A real server for the suite, and one way to run a scenario over either cache."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from bff_backoffice.application.projections import ProjectionCache
from bff_backoffice.infrastructure.memorystore.cache import RedisProjections
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from tests.contract.memorystore.valkey import PATIENT, Valkey
from tests.fakes.memory_projections import MemoryProjections

Scenario = Callable[[ProjectionCache], Awaitable[None]]
Play = Callable[[Scenario], None]


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this suite's own, empty, without persistence, ended with the suite."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.kill()


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
