"""What a board loses with its cache: nothing but time."""

from __future__ import annotations

import asyncio

import pytest

from bff_backoffice.application.ports import (
    StoreUnavailableError,
)
from bff_backoffice.domain.dashboard import CacheStatus, Outcome, WidgetId
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.painted_board import paint, with_board
from tests.fakes.scripted_board import (
    Board,
    Script,
)


@pytest.mark.parametrize("how", ["away", "hung"])
def test_without_the_cache_every_board_still_paints(how: str) -> None:
    """A cache that is away or never answers costs at most a moment: the board is loaded, and says BYPASS."""

    async def scenario(board: Board, cache: MemoryProjections) -> None:
        setattr(cache, how, True)
        started = asyncio.get_running_loop().time()
        start, widgets = await paint(board)
        assert start.cache_status is CacheStatus.BYPASS
        assert {frame.outcome for frame in widgets.values()} == {Outcome.FRESH}
        assert asyncio.get_running_loop().time() - started <= 0.121
        assert cache.operations == ["last_known"]
        assert board.observer.unavailable == {"last_known": 1}

    with_board(scenario)


@pytest.mark.parametrize("how", ["away", "hung"])
@pytest.mark.parametrize("at_s", [0.0, 0.01])
def test_a_cache_that_is_lost_midway_costs_no_widget(how: str, at_s: float) -> None:
    """A cache that goes while a board loads, before or after the leads were given, delays it and loses nothing."""

    async def scenario(board: Board, cache: MemoryProjections) -> None:
        async def lose() -> None:
            await asyncio.sleep(at_s)
            setattr(cache, how, True)

        async with asyncio.TaskGroup() as group:
            painting = group.create_task(paint(board))
            group.create_task(lose())
        _, widgets = painting.result()
        assert {frame.outcome for frame in widgets.values()} == {Outcome.FRESH}

    with_board(scenario)


def test_a_load_near_its_deadline_is_not_lost_to_a_slow_cache() -> None:
    """A value that came in the last moment is served, whatever becomes of its place in the cache."""

    async def scenario(board: Board, cache: MemoryProjections) -> None:
        board.sources.scripts[WidgetId.RATES] = Script(seconds=0.57)

        async def lose() -> None:
            await asyncio.sleep(0.5)
            cache.hung = True

        async with asyncio.TaskGroup() as group:
            painting = group.create_task(paint(board))
            group.create_task(lose())
        _, widgets = painting.result()
        assert widgets[WidgetId.RATES].outcome is Outcome.FRESH

    with_board(scenario)


def test_bytes_of_another_version_are_a_miss() -> None:
    """What cannot be read is loaded again, not failed over."""

    async def scenario(board: Board, cache: MemoryProjections) -> None:
        await paint(board)
        for place, (_, until) in list(cache.values.items()):
            cache.values[place] = (b'{"version": 2}', until)
        start, widgets = await paint(board)
        assert start.cache_status is CacheStatus.MISS
        assert {frame.outcome for frame in widgets.values()} == {Outcome.FRESH}

    with_board(scenario)


def test_a_store_of_ours_that_is_away_is_an_error_of_its_widget_only() -> None:
    """Postgres away costs the devices widget and no other."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        board.sources.scripts[WidgetId.DEVICES] = Script(end="raise", failure=StoreUnavailableError("postgres"))
        _, widgets = await paint(board)
        failed = {name for name, frame in widgets.items() if not frame.outcome.whole}
        assert failed == {WidgetId.DEVICES}
        assert widgets[WidgetId.DEVICES].outcome is Outcome.ERROR

    with_board(scenario)
