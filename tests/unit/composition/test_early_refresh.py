"""Hot keys are loaded anew before their freshness ends, once over all processes, while readers get what there is."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard import WidgetFrame
from bff_backoffice.application.ports import UpstreamUnavailableError
from bff_backoffice.application.projections import Freshness, Projection
from bff_backoffice.domain.dashboard import Outcome, WidgetId
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import Board, RecordingClient, Script, opened_board, some_request

RATES = WidgetId.RATES
ONLY_RATES = some_request(widgets=("rates",))
FRESHNESS = Freshness(fresh_ms=30_000, fallback_fresh_ms=5_000, kept_ms=630_000)
FRESH_S = 30.0
LOAD_S = 0.05


def some_projection(*, upstream_ms: int, fallback: bool = False) -> Projection:
    """Something that was loaded when virtual time began."""
    return Projection(
        as_of=virtual_time.BEGINNING,
        upstream_ms=upstream_ms,
        sources=("pricing-service",),
        fallback=fallback,
        data=msgspec.Raw(b"{}"),
    )


def due(age_ms: int, chance: float, *, upstream_ms: int = 50, fallback: bool = False) -> bool:
    """Whether a reader of this age and luck loads it early."""
    projection = some_projection(upstream_ms=upstream_ms, fallback=fallback)
    return FRESHNESS.due_early(projection, virtual_time.BEGINNING + timedelta(milliseconds=age_ms), chance)


@given(age_ms=st.integers(0, 40_000), older=st.integers(0, 5_000), chance=st.floats(0, 1), cost=st.integers(0, 3_000))
def test_older_and_costlier_values_are_refreshed_sooner(age_ms: int, older: int, chance: float, cost: int) -> None:
    """Who refreshes early would also do so later, with worse luck, or if the load took longer."""
    if due(age_ms, chance, upstream_ms=cost):
        assert due(age_ms + older, chance, upstream_ms=cost)
        assert due(age_ms, chance / 2, upstream_ms=cost)
        assert due(age_ms, chance, upstream_ms=cost + older)
    assert due(30_000, 1.0, upstream_ms=cost)
    assert not due(age_ms, chance, fallback=True)


@pytest.mark.parametrize(("left_ms", "chance"), [(0, 1.0), (50, 0.3678), (100, 0.1353), (500, 0.0000453)])
def test_the_chance_falls_by_e_with_every_load_time_that_is_left(left_ms: int, chance: float) -> None:
    """XFetch with beta 1: refresh when the time left is at most the load's time by minus the logarithm of the luck."""
    assert due(30_000 - left_ms, chance * 0.999)
    assert not due(30_000 - left_ms - 1, chance)


def with_processes(count: int, scenario: Callable[[list[Board], MemoryProjections], Awaitable[None]]) -> None:
    """Run over processes that share one cache, with a source that takes a while."""

    async def main() -> None:
        cache = MemoryProjections()
        async with AsyncExitStack() as stack:
            scripts = {RATES: Script(seconds=LOAD_S)}
            boards = [await stack.enter_async_context(opened_board(cache, scripts=scripts)) for _ in range(count)]
            await scenario(boards, cache)

    virtual_time.run(main())


def with_luck(board: Board, luck: Callable[[], float]) -> Board:
    """Return the same process, whose readers draw what the test says."""
    reads = replace(board.widgets.reads, chance=luck)
    widgets = replace(board.widgets, reads=reads)
    return replace(board, compose=replace(board.compose, widgets=widgets), widgets=widgets)


async def rates(board: Board) -> WidgetFrame:
    """Compose the rates widget alone."""
    client = RecordingClient()
    await board.compose(ONLY_RATES, client)
    (frame,) = [frame for frame in client.frames if isinstance(frame, WidgetFrame)]
    return frame


def loads(boards: list[Board]) -> int:
    """How often the source was asked by all processes."""
    return sum(board.sources.loads[RATES] for board in boards)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), processes=st.integers(1, 4))
def test_a_thousand_readers_at_the_end_of_the_freshness_load_once(seed: int, processes: int) -> None:
    """1,000 readers of up to four processes in the second around it: one load in all, and who came before waits not."""
    dice = random.Random(seed)

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        await rates(boards[0])
        loaded_at = asyncio.get_running_loop().time()
        boards = [with_luck(board, dice.random) for board in boards]
        outcomes: Counter[tuple[bool, Outcome]] = Counter()

        async def read(after_s: float) -> None:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(after_s)
            asked_at = loop.time()
            frame = await rates(dice.choice(boards))
            before = asked_at < loaded_at + FRESH_S
            if before:
                assert loop.time() == asked_at
            outcomes[(before, frame.outcome)] += 1

        async with asyncio.TaskGroup() as group:
            for _ in range(1000):
                group.create_task(read(FRESH_S - dice.uniform(-0.5, 0.5)))
        assert loads(boards) == 2
        assert (
            outcomes[(True, Outcome.CACHED)] + sum(count for (before, _), count in outcomes.items() if not before)
            == 1000
        )
        assert {outcome for _, outcome in outcomes} <= {Outcome.CACHED, Outcome.FRESH}

    with_processes(processes, scenario)


def test_all_readers_lucky_at_once_load_once() -> None:
    """A thousand readers who all decide to refresh at the same moment, in four processes, begin one load."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        await rates(boards[0])
        boards = [with_luck(board, lambda: 0.0) for board in boards]
        await asyncio.sleep(FRESH_S - 0.2)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(rates(boards[number % 4])) for number in range(1000)]
        assert {task.result().outcome for task in tasks} == {Outcome.CACHED}
        await asyncio.sleep(1)
        assert loads(boards) == 2
        assert (await rates(boards[3])).age_ms is not None
        assert sum(board.observer.early[RATES] for board in boards) == 4

    with_processes(4, scenario)


def test_the_early_value_is_there_when_the_old_one_ends() -> None:
    """A reader after the end finds what was loaded early: cached, and asked for by nobody who waited."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        (board,) = boards
        await rates(board)
        await asyncio.sleep(FRESH_S - 0.2)
        await rates(with_luck(board, lambda: 0.0))
        await asyncio.sleep(0.3)
        after = await rates(with_luck(board, lambda: 1.0))
        assert after.outcome is Outcome.CACHED
        assert (after.age_ms or 0) < 500
        assert loads(boards) == 2

    with_processes(1, scenario)


def test_readers_after_the_end_join_an_early_load_that_is_still_under_way() -> None:
    """Nobody begins a second load because the first one, begun early, has not ended yet."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        await rates(boards[0])
        await asyncio.sleep(FRESH_S - 0.01)
        await rates(with_luck(boards[0], lambda: 0.0))
        await asyncio.sleep(0.02)
        frames = [await rates(boards[0]), await rates(boards[1])]
        assert loads(boards) == 2
        assert {frame.outcome for frame in frames} <= {Outcome.FRESH, Outcome.CACHED}

    with_processes(2, scenario)


def test_an_early_load_that_fails_hurts_nobody() -> None:
    """The reader has its cached value, the failure is nobody's, and after the end the next reader tries again."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        (board,) = boards
        await rates(board)
        board.sources.scripts[RATES] = Script(end="raise", failure=UpstreamUnavailableError("pricing-service"))
        await asyncio.sleep(FRESH_S - 0.2)
        lucky = with_luck(board, lambda: 0.0)
        assert (await rates(lucky)).outcome is Outcome.CACHED
        await asyncio.sleep(0.1)
        assert loads(boards) == 2
        assert board.observer.surprises == []
        board.sources.scripts[RATES] = Script(seconds=LOAD_S)
        await asyncio.sleep(0.2)
        assert (await rates(lucky)).outcome is Outcome.FRESH

    with_processes(1, scenario)


def test_a_process_that_ends_takes_its_early_loads_with_it() -> None:
    """An early load that nobody waits for is no reason for a process to live on."""

    async def scenario(boards: list[Board], _: MemoryProjections) -> None:
        (board,) = boards
        await rates(board)
        board.sources.scripts[RATES] = Script(seconds=0.55)
        await asyncio.sleep(FRESH_S - 0.2)
        await rates(with_luck(board, lambda: 0.0))
        assert board.flights.running == 1

    with_processes(1, scenario)
