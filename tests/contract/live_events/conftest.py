"""A real server for the suite, and one way to run a scenario over either log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from bff_backoffice.application.live_events import LiveLog
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.live_log import RedisLiveLog
from tests.contract.memorystore.valkey import Valkey
from tests.fakes.memory_live_log import MemoryLiveLog

Scenario = Callable[[LiveLog, Callable[[], Awaitable[None]]], Awaitable[None]]
Play = Callable[[Scenario], None]
HISTORY_EVENTS = 300
"""More than a page, so that the suite sees one that is not the last."""


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server without persistence, ended with the suite."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["memory", "redis"])
def play(request: pytest.FixtureRequest) -> Play:
    """Run a scenario over the fake and over the real one; its second argument makes the log lose its memory."""
    if request.param == "memory":
        return lambda scenario: asyncio.run(_in_time(_over_memory(scenario)))
    server: Valkey = request.getfixturevalue("valkey")
    return lambda scenario: asyncio.run(_in_time(_over_redis(server, scenario)))


async def _over_memory(scenario: Scenario) -> None:
    log = MemoryLiveLog(HISTORY_EVENTS)

    async def forget() -> None:
        log.forget()

    await scenario(log, forget)


async def _over_redis(server: Valkey, scenario: Scenario) -> None:
    store = RedisStore.open(server.url, store="sessions", operation_seconds=5.0)

    async def forget() -> None:
        await store.ask("FLUSHDB")

    try:
        await forget()
        await scenario(RedisLiveLog(redis=store, history_events=HISTORY_EVENTS), forget)
    finally:
        await store.aclose()


async def _in_time(scenario: Awaitable[None]) -> None:
    async with asyncio.timeout(30):
        await scenario
