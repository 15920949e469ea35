"""What is true of the cache in Redis only: keys, absence, cancellations, whole boards over one server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Self

import msgspec
import pytest

from bff_backoffice.application.dashboard import StartFrame, WidgetFrame
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.projections import ProjectionKey, lead_token
from bff_backoffice.domain.dashboard import CacheStatus, Outcome, WidgetId
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore.cache import RedisProjections
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from tests.contract.memorystore.valkey import PATIENT
from tests.fakes.scripted_board import (
    Board,
    NumberedTile,
    RecordingClient,
    Script,
    opened_board,
    some_operator,
    some_request,
)

TENANT = TenantId("tnt_01JD0000000000000000000001")
PLACE = PropertyId("ppt_01JD0000000000000000000001")
WIDGETS = (WidgetId.ARRIVALS, WidgetId.DEPARTURES, WidgetId.IN_HOUSE, WidgetId.ARRIVALS_AT_RISK)
"""Those with the longest deadline: real time passes here, and the machine may be busy."""


def now() -> datetime:
    """Return the wall clock's time."""
    return datetime.now(UTC)


class Lateness:
    """How many seconds this process was late in all, while the block runs: a widget has eight tenths of one.

    What it was asked for within such a run may be late too, and be loaded once more.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    @property
    def matters(self) -> bool:
        """Whether it may have cost a widget its time."""
        return self.seconds > 0.4

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.02)
            self.seconds += loop.time() - before - 0.02


def with_processes(
    url: str,
    count: int,
    scenario: Callable[[list[Board], RedisStore, Lateness], Awaitable[None]],
    script: Script | None = None,
) -> None:
    """Run over processes that share nothing but one server, each with the client that the service has."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            stores = [MultiplexedRedisStore.open(url, store="cache", **PATIENT) for _ in range(count)]
            for store in stores:
                stack.push_async_callback(store.aclose)
            await stores[0].ask("FLUSHDB")
            scripts = {} if script is None else dict.fromkeys(WidgetId, script)
            boards = [
                await stack.enter_async_context(opened_board(RedisProjections(redis=store), scripts=scripts, clock=now))
                for store in stores
            ]
            async with asyncio.timeout(30), Lateness() as late:
                await scenario(boards, stores[0], late)

    asyncio.run(main())


async def widgets_of(board: Board, tenant: int = 1) -> tuple[StartFrame, list[WidgetFrame]]:
    """Compose a board and return its start and its widgets."""
    client = RecordingClient()
    await board.compose(some_request(some_operator(tenant=tenant), widgets=WIDGETS), client)
    start = client.frames[0]
    assert isinstance(start, StartFrame)
    return start, [frame for frame in client.frames if isinstance(frame, WidgetFrame)]


def test_every_key_begins_with_its_tenant(redis_url: str) -> None:
    """Nothing that a board stores is under a key without the tenant, and all of it ends by itself."""

    async def scenario(boards: list[Board], store: RedisStore, late: Lateness) -> None:
        await widgets_of(boards[0])
        names: list[bytes] = await store.ask("KEYS", "*")
        # Each has an index of its variants beside it, and the tenant a list of its hotels.
        assert len(names) == 2 * len(WIDGETS) + 1 or boards[0].observer.unavailable or late.matters
        for name in names:
            assert name.startswith(b"tnt_01JD")
            longest = 630_000 if b":projection:" in name else 90_000_000
            assert 600_000 < await store.ask("PTTL", name) <= longest

    with_processes(redis_url, 1, scenario)


def test_processes_that_share_a_server_load_once(redis_url: str) -> None:
    """Thirty readers at three processes at the same time: each widget is loaded once, and nobody waits in vain."""

    async def scenario(boards: list[Board], _store: RedisStore, late: Lateness) -> None:
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(widgets_of(boards[number % 3])) for number in range(30)]
        for read in reads:
            outcomes = {frame.outcome for frame in read.result()[1]}
            assert outcomes <= {Outcome.FRESH, Outcome.CACHED} or late.matters
        # On a busy machine an operation may take longer than the cache is given; each such one may cost one load more.
        given_up = sum(board.observer.unavailable.total() for board in boards)
        loads = {widget: sum(board.sources.loads[widget] for board in boards) for widget in WIDGETS}
        assert all(1 <= count <= 1 + given_up for count in loads.values()) or late.matters, (loads, late.seconds)
        start, _ = await widgets_of(boards[2])
        assert start.cache_status is CacheStatus.HIT or given_up or late.matters

    with_processes(redis_url, 3, scenario, Script(seconds=0.05))


def test_readers_who_leave_never_cross_answers(redis_url: str) -> None:
    """Hundreds of requests cut off at every moment, and the next ones still get their own tenant's data."""

    async def scenario(boards: list[Board], _store: RedisStore, late: Lateness) -> None:
        async def hurried(number: int) -> None:
            try:
                async with asyncio.timeout(0.0002 * (number % 97)):
                    await widgets_of(boards[number % 2], tenant=1 + number % 5)
            except TimeoutError:
                pass

        for _ in range(4):
            async with asyncio.TaskGroup() as group:
                for number in range(60):
                    group.create_task(hurried(number))
        for tenant in range(1, 6):
            _, frames = await widgets_of(boards[0], tenant=tenant)
            own = some_operator(tenant=tenant).tenant_id
            for frame in frames:
                if frame.data is None:
                    assert late.matters
                    continue
                tile = msgspec.json.decode(frame.data, type=NumberedTile)
                assert (tile.tenant, tile.widget) == (own, frame.id)

    with_processes(redis_url, 2, scenario, Script(seconds=0.002))


def test_a_server_that_is_away_is_said_to_be() -> None:
    """With nobody at the address every method says so at once, and a board is composed without the cache."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"

        async def main() -> None:
            store = RedisStore.open(url, store="cache")
            cache = RedisProjections(redis=store)
            key = ProjectionKey(property_id=PLACE, name="rates")
            for call in (
                cache.last_known(TENANT, [key]),
                cache.lead(TENANT, key, lead_token(), hold_ms=1000),
                cache.settle(TENANT, key, "token", b"", keep_ms=1000),
                cache.forget(TENANT, [key]),
            ):
                with pytest.raises(StoreUnavailableError):
                    await call
            async with opened_board(cache, clock=now) as board, Lateness() as late:
                start, frames = await widgets_of(board)
                await asyncio.sleep(0.02)
            assert start.cache_status is CacheStatus.BYPASS
            assert {frame.outcome for frame in frames} == {Outcome.FRESH} or late.matters
            await store.aclose()

        asyncio.run(main())
