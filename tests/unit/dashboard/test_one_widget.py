"""One widget again: what "try again" does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bff_backoffice.application.dashboard import DashboardRequest, WidgetFrame
from bff_backoffice.application.ports import UpstreamTimeoutError, UpstreamUnavailableError
from bff_backoffice.domain.dashboard import CacheStatus, Outcome, WidgetId
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import OperatorRole
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import (
    Board,
    RecordingClient,
    Script,
    opened_board,
    some_operator,
    some_request,
)

HOUSEKEEPER = frozenset({OperatorRole.HOUSEKEEPER})


def with_board(scenario: Callable[[Board], Awaitable[None]]) -> None:
    """Run over a cache in memory."""

    async def main() -> None:
        async with opened_board(MemoryProjections()) as board:
            await scenario(board)

    virtual_time.run(main())


async def paint(board: Board, request: DashboardRequest) -> RecordingClient:
    """Compose a board."""
    client = RecordingClient()
    await board.compose(request, client)
    return client


def widgets_of(client: RecordingClient) -> list[WidgetFrame]:
    """Return the widgets' frames."""
    return [frame for frame in client.frames if isinstance(frame, WidgetFrame)]


def test_one_widget_again_is_served_from_a_fresh_cache() -> None:
    """Asking for a widget that is fresh in the cache asks no upstream; `anew` does."""

    async def scenario(board: Board) -> None:
        await paint(board, some_request())
        await asyncio.sleep(1)
        again = await board.compose_widget(some_request(), "rates")
        assert (again.frame.outcome, again.cache_status) == (Outcome.CACHED, CacheStatus.HIT)
        anew = await board.compose_widget(some_request(), "rates", anew=True)
        assert (anew.frame.outcome, anew.cache_status) == (Outcome.FRESH, CacheStatus.MISS)
        assert board.sources.loads[WidgetId.RATES] == 2

    with_board(scenario)


def test_one_widget_again_gets_what_the_board_did_not_get() -> None:
    """Trying again after a fallback or a failure loads the widget, though the board would still use the fallback."""

    async def scenario(board: Board) -> None:
        board.sources.scripts[WidgetId.OCCUPANCY] = Script(end="fallback")
        board.sources.scripts[WidgetId.RATES] = Script(end="raise", failure=UpstreamUnavailableError("pricing-service"))
        await paint(board, some_request())
        board.sources.scripts.clear()
        await asyncio.sleep(1)
        for name in ("occupancy", "rates"):
            again = await board.compose_widget(some_request(), name)
            assert (again.frame.outcome, again.cache_status) == (Outcome.FRESH, CacheStatus.MISS)
        assert widgets_of(await paint(board, some_request(widgets=("occupancy",))))[0].outcome is Outcome.CACHED

    with_board(scenario)


def test_one_widget_again_falls_back_on_last_known_data() -> None:
    """Trying again while the source is still bad serves the last-known data as stale, within the deadline."""

    async def scenario(board: Board) -> None:
        await paint(board, some_request())
        await asyncio.sleep(40)
        board.sources.scripts[WidgetId.RATES] = Script(end="hang")
        began = asyncio.get_running_loop().time()
        again = await board.compose_widget(some_request(), "rates")
        assert (again.frame.outcome, again.cache_status) == (Outcome.STALE, CacheStatus.STALE)
        assert isinstance(again.frame.failure, UpstreamTimeoutError)
        assert asyncio.get_running_loop().time() - began <= 0.6001

    with_board(scenario)


def test_many_who_try_again_share_one_load() -> None:
    """Fifty impatient clicks are one load."""

    async def scenario(board: Board) -> None:
        async with asyncio.TaskGroup() as group:
            clicks = [group.create_task(board.compose_widget(some_request(), "rates", anew=True)) for _ in range(50)]
        assert {click.result().frame.outcome for click in clicks} == {Outcome.FRESH}
        assert board.sources.loads[WidgetId.RATES] == 1

    with_board(scenario)


@pytest.mark.parametrize(("name", "code"), [("weather", Code.RESOURCE_NOT_FOUND), ("balances", Code.ROLE_FORBIDDEN)])
def test_one_widget_again_is_refused_by_name_and_role(name: str, code: Code) -> None:
    """A widget that does not exist is not found; one of another role is forbidden."""

    async def scenario(board: Board) -> None:
        with pytest.raises(Refusal) as refused:
            await board.compose_widget(some_request(some_operator(roles=HOUSEKEEPER)), name)
        assert refused.value.code is code
        assert not board.sources.loads

    with_board(scenario)
