"""What the cache does for a board: warm, stale, and within which bounds."""

from __future__ import annotations

import asyncio

import pytest

from bff_backoffice.application.ports import (
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.dashboard import LAYOUT, CacheStatus, Outcome, WidgetId, WidgetState
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.painted_board import paint, tile_of, with_board
from tests.fakes.scripted_board import (
    Board,
    Script,
    some_operator,
    some_request,
)

DOWN = UpstreamUnavailableError("pricing-service")


def test_a_warm_board_asks_nobody() -> None:
    """A second look within 30 s is a hit: every widget cached, shown from the first frame on, with its age."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        cold, _ = await paint(board)
        assert cold.cache_status is CacheStatus.MISS
        assert {plan.state for plan in cold.widgets} == {WidgetState.PENDING}
        await asyncio.sleep(20)
        warm, widgets = await paint(board)
        assert warm.cache_status is CacheStatus.HIT
        assert all(plan.state is WidgetState.STALE and plan.data and plan.as_of for plan in warm.widgets)
        assert {frame.outcome for frame in widgets.values()} == {Outcome.CACHED}
        assert all(20_000 <= (frame.age_ms or 0) <= 20_030 for frame in widgets.values())
        assert all(frame.upstream_ms == 20 for frame in widgets.values())
        assert set(board.sources.loads.values()) == {1}

    with_board(scenario)


def test_an_expired_board_paints_at_once_and_loads_again() -> None:
    """After 30 s the first frame has last-known data, and every widget is loaded and fresh."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board)
        await asyncio.sleep(31)
        start, widgets = await paint(board)
        assert start.cache_status is CacheStatus.STALE
        assert {plan.state for plan in start.widgets} == {WidgetState.STALE}
        assert {frame.outcome for frame in widgets.values()} == {Outcome.FRESH}
        assert {tile_of(frame).load for frame in widgets.values()} == {2}

    with_board(scenario)


@pytest.mark.parametrize(("age_s", "outcome"), [(31, Outcome.STALE), (620, Outcome.STALE), (640, Outcome.ERROR)])
def test_last_known_data_stands_in_for_ten_minutes(age_s: int, outcome: Outcome) -> None:
    """When loading fails, data of at most 30 s and ten minutes is served as stale, with the failure beside it."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board)
        board.sources.scripts[WidgetId.RATES] = Script(end="raise", failure=DOWN)
        await asyncio.sleep(age_s)
        _, widgets = await paint(board)
        rates = widgets[WidgetId.RATES]
        assert rates.outcome is outcome
        assert rates.failure is DOWN
        assert (rates.data is not None) == (outcome is Outcome.STALE)

    with_board(scenario)


def test_a_cache_that_keeps_longer_than_told_changes_no_bound() -> None:
    """Data past its ten minutes is neither shown first nor stood in with, though the store still has it."""

    async def scenario(board: Board, cache: MemoryProjections) -> None:
        await paint(board)
        cache.values = {place: (stored, 1e9) for place, (stored, _) in cache.values.items()}
        board.sources.scripts[WidgetId.RATES] = Script(end="raise", failure=DOWN)
        await asyncio.sleep(640)
        start, widgets = await paint(board)
        assert start.cache_status is CacheStatus.MISS
        assert {plan.state for plan in start.widgets} == {WidgetState.PENDING}
        assert widgets[WidgetId.RATES].data is None

    with_board(scenario)


def test_data_that_expires_while_it_is_renewed_does_not_stand_in() -> None:
    """The bound holds at the moment when the data is served, not at the moment when it was found."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board)
        board.sources.scripts[WidgetId.RATES] = Script(seconds=0.5, end="raise", failure=DOWN)
        await asyncio.sleep(629.7)
        start, widgets = await paint(board)
        assert start.cache_status is CacheStatus.STALE
        assert widgets[WidgetId.RATES].outcome is Outcome.ERROR

    with_board(scenario)


def test_what_another_has_loaded_since_the_look_is_cached_not_fresh() -> None:
    """A value that was there before this reader came, and is found late, is not called fresh nor loaded again."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board)
        await asyncio.sleep(10)
        wanted = board.widgets._wanted(some_request(), LAYOUT[WidgetId.RATES])
        served = await board.widgets.reads.renew(some_operator().tenant_id, wanted, known=None)
        assert served.outcome is Outcome.CACHED
        assert board.sources.loads[WidgetId.RATES] == 1

    with_board(scenario)


def test_a_source_that_hangs_is_stood_in_for_at_the_deadline() -> None:
    """A time-out serves last-known data as stale, and says that it was a time-out."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board)
        board.sources.scripts[WidgetId.RATES] = Script(end="hang")
        await asyncio.sleep(60)
        _, widgets = await paint(board)
        assert widgets[WidgetId.RATES].outcome is Outcome.STALE
        assert isinstance(widgets[WidgetId.RATES].failure, UpstreamTimeoutError)

    with_board(scenario)


def test_a_refusal_is_never_papered_over() -> None:
    """An upstream that says no is believed: older data of what is now refused or gone is not shown as the outcome."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board)
        refusal = UpstreamRefusedError("pricing-service", status=403, code="X", title="no")
        board.sources.scripts[WidgetId.RATES] = Script(end="raise", failure=refusal)
        await asyncio.sleep(60)
        _, widgets = await paint(board)
        rates = widgets[WidgetId.RATES]
        assert (rates.outcome, rates.data, rates.failure) == (Outcome.FORBIDDEN, None, refusal)

    with_board(scenario)


def test_a_fallback_is_reused_for_five_seconds_only() -> None:
    """A widget computed from half its sources is shared briefly, always as a fallback, and fresh soon after."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        board.sources.scripts[WidgetId.OCCUPANCY] = Script(end="fallback")
        for _ in range(2):
            _, widgets = await paint(board)
            assert widgets[WidgetId.OCCUPANCY].outcome is Outcome.FALLBACK
        assert board.sources.loads[WidgetId.OCCUPANCY] == 1
        del board.sources.scripts[WidgetId.OCCUPANCY]
        await asyncio.sleep(5)
        _, widgets = await paint(board)
        assert widgets[WidgetId.OCCUPANCY].outcome is Outcome.FRESH

    with_board(scenario)


def test_failures_are_not_cached() -> None:
    """The next look after a failure asks again, so a source that recovered is seen at once."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        board.sources.scripts[WidgetId.RATES] = Script(end="raise", failure=DOWN)
        _, widgets = await paint(board)
        assert widgets[WidgetId.RATES].outcome is Outcome.ERROR
        del board.sources.scripts[WidgetId.RATES]
        _, widgets = await paint(board)
        assert widgets[WidgetId.RATES].outcome is Outcome.FRESH

    with_board(scenario)
