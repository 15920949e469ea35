"""Several processes over one cache: one loads, the others take what it stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard import WidgetFrame
from bff_backoffice.application.ports import UpstreamUnavailableError
from bff_backoffice.application.projections import lead_token
from bff_backoffice.domain.dashboard import LAYOUT, Outcome, WidgetId
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import Board, ClientGoneError, RecordingClient, Script, opened_board, some_request

RATES = WidgetId.RATES
ONLY_RATES = some_request(widgets=("rates",))


def with_processes(
    count: int, scenario: Callable[[list[Board], MemoryProjections], Awaitable[None]], script: Script | None = None
) -> None:
    """Run over processes that share one cache."""

    async def main() -> None:
        cache = MemoryProjections()
        async with AsyncExitStack() as stack:
            scripts = {} if script is None else {RATES: script}
            boards = [await stack.enter_async_context(opened_board(cache, scripts=scripts)) for _ in range(count)]
            await scenario(boards, cache)

    virtual_time.run(main())


async def rates(board: Board) -> WidgetFrame:
    """Compose the rates widget alone."""
    client = RecordingClient()
    await board.compose(ONLY_RATES, client)
    (frame,) = [frame for frame in client.frames if isinstance(frame, WidgetFrame)]
    return frame


@settings(max_examples=60, deadline=None)
@given(
    processes=st.integers(1, 4),
    readers=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), min_size=1, max_size=20),
    load_ms=st.integers(1, 500),
)
def test_all_processes_together_load_once(processes: int, readers: list[tuple[int, int]], load_ms: int) -> None:
    """Whoever asks at whichever process while one loads: the source is asked once, and all get that answer."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        async def read(process: int, after_ms: int) -> WidgetFrame:
            await asyncio.sleep(after_ms / 1000)
            return await rates(boards[process % processes])

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read(*reader)) for reader in readers]
        frames = [task.result() for task in tasks]
        assert sum(board.sources.loads[RATES] for board in boards) == 1
        assert {frame.outcome for frame in frames} <= {Outcome.FRESH, Outcome.CACHED}
        assert len({bytes(frame.data or b"") for frame in frames}) == 1

    with_processes(processes, scenario, Script(seconds=load_ms / 1000))


def test_a_follower_gets_it_soon_after_the_leader() -> None:
    """Another process's reader has the value at most one look later than the process that loaded it."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(rates(boards[0]))
            second = group.create_task(rates(boards[1]))
        assert asyncio.get_running_loop().time() <= 0.3 + 0.041
        assert {first.result().outcome, second.result().outcome} == {Outcome.FRESH}

    with_processes(2, scenario, Script(seconds=0.3))


def test_a_follower_takes_over_when_the_leader_fails() -> None:
    """A leader whose load fails stands down at once, and another process's own source is asked instead."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        boards[0].sources.scripts[RATES] = Script(
            seconds=0.1, end="raise", failure=UpstreamUnavailableError("pricing-service")
        )
        async with asyncio.TaskGroup() as group:
            first = group.create_task(rates(boards[0]))
            await asyncio.sleep(0.01)
            second = group.create_task(rates(boards[1]))
        assert first.result().outcome is Outcome.ERROR
        assert second.result().outcome is Outcome.FRESH
        assert asyncio.get_running_loop().time() <= 0.1 + 0.041 + 0.02
        assert not cache.leads

    with_processes(2, scenario)


def test_a_leader_whose_last_reader_leaves_stands_down() -> None:
    """When the only client of the loading process goes, the other process loads at once instead of waiting in vain."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        boards[0].sources.scripts[RATES] = Script(end="hang")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(rates(boards[0]))
            await asyncio.sleep(0.01)
            second = group.create_task(rates(boards[1]))
            await asyncio.sleep(0.1)
            first.cancel()
        assert second.result().outcome is Outcome.FRESH
        assert asyncio.get_running_loop().time() <= 0.11 + 0.041 + 0.02
        assert not cache.leads

    with_processes(2, scenario)


def test_a_reader_who_leaves_before_it_hears_of_its_lead_stands_down() -> None:
    """A lead that is given as its only reader goes is given back, and the other process loads at once."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        cache.lead_unheard = True
        first = asyncio.create_task(rates(boards[0]))
        await asyncio.sleep(0.01)
        assert cache.leads
        cache.lead_unheard = False
        first.cancel()
        frame = await rates(boards[1])
        assert frame.outcome is Outcome.FRESH
        assert boards[0].sources.loads[RATES] == 0
        assert asyncio.get_running_loop().time() <= 0.01 + 0.005 + 0.02
        assert not cache.leads

    with_processes(2, scenario)


def test_a_leader_who_does_not_hear_of_it_in_time_stores_nevertheless() -> None:
    """Its followers take what it loads rather than wait in vain until its lead runs out."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        cache.lead_unheard = True
        async with asyncio.TaskGroup() as group:
            first = group.create_task(rates(boards[0]))
            await asyncio.sleep(0.01)
            cache.lead_unheard = False
            second = group.create_task(rates(boards[1]))
        assert {first.result().outcome, second.result().outcome} == {Outcome.FRESH}
        assert boards[0].observer.unavailable == {"lead": 1}
        assert sum(board.sources.loads[RATES] for board in boards) == 1
        assert not cache.leads

    with_processes(2, scenario)


def test_a_killed_leader_holds_others_up_until_its_lead_runs_out() -> None:
    """A lead that nobody gives back ends by itself a quarter of a second after its load's deadline."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        board = boards[0]
        wanted = board.widgets._wanted(ONLY_RATES, LAYOUT[RATES])
        await cache.lead(ONLY_RATES.operator.tenant_id, wanted.key, lead_token(), hold_ms=825)
        assert (await rates(board)).outcome is Outcome.TIMEOUT
        assert (await rates(board)).outcome is Outcome.FRESH
        assert asyncio.get_running_loop().time() <= 0.9

    with_processes(1, scenario)


def test_an_overtaken_leader_does_not_overwrite() -> None:
    """A leader that comes to after its lead ran out does not put its old value over its successor's."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        tenant_id = ONLY_RATES.operator.tenant_id
        key = boards[0].widgets._wanted(ONLY_RATES, LAYOUT[RATES]).key
        slow = await cache.lead(tenant_id, key, lead_token(), hold_ms=100)
        await asyncio.sleep(0.2)
        fresh = await rates(boards[0])
        assert slow.token is not None
        assert not await cache.settle(tenant_id, key, slow.token, b"old", keep_ms=1000)
        again = await rates(boards[0])
        assert again.outcome is Outcome.CACHED
        assert bytes(again.data or b"") == bytes(fresh.data or b"")

    with_processes(1, scenario)


@pytest.mark.parametrize("gone_at_call", [0, 1])
def test_a_client_that_goes_takes_no_lead_with_it(gone_at_call: int) -> None:
    """After a client has gone no lead is left, so the next reader anywhere loads at once."""

    async def scenario(boards: list[Board], cache: MemoryProjections) -> None:
        with pytest.raises(ClientGoneError):
            await boards[0].compose(some_request(), RecordingClient(gone_at_call=gone_at_call))
        await asyncio.sleep(0.001)
        assert not cache.leads
        assert boards[0].flights.running == 0

    with_processes(1, scenario)
