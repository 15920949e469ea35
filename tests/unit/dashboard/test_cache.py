"""What the cache does for a board: warm, stale, shared, away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard import DashboardRequest, ForgetDevices, StartFrame, WidgetFrame
from bff_backoffice.application.ports import (
    StoreUnavailableError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.dashboard import LAYOUT, CacheStatus, Outcome, WidgetId, WidgetState
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import (
    Board,
    NumberedTile,
    RecordingClient,
    Script,
    opened_board,
    some_operator,
    some_request,
)

DOWN = UpstreamUnavailableError("pricing-service")


def with_board(scenario: Callable[[Board, MemoryProjections], Awaitable[None]]) -> None:
    """Run over a cache in memory."""

    async def main() -> None:
        cache = MemoryProjections()
        async with opened_board(cache) as board:
            await scenario(board, cache)

    virtual_time.run(main())


async def paint(board: Board, request: DashboardRequest | None = None) -> tuple[StartFrame, dict[str, WidgetFrame]]:
    """Compose a board and return its start and its widgets."""
    client = RecordingClient()
    await board.compose(request or some_request(), client)
    (start,) = [frame for frame in client.frames if isinstance(frame, StartFrame)]
    return start, {frame.id: frame for frame in client.frames if isinstance(frame, WidgetFrame)}


def tile_of(frame: WidgetFrame) -> NumberedTile:
    """Decode a widget's data."""
    assert frame.data is not None
    return msgspec.json.decode(frame.data, type=NumberedTile)


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


def test_colleagues_share_what_does_not_depend_on_them() -> None:
    """Another operator at the same property, in the same language, finds all but their own devices in the cache."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        await paint(board, some_request(some_operator(operator=1)))
        _, widgets = await paint(board, some_request(some_operator(operator=2)))
        fresh = {name for name, frame in widgets.items() if frame.outcome is Outcome.FRESH}
        assert fresh == {WidgetId.DEVICES}
        _, widgets = await paint(board, some_request(some_operator(operator=2), locale="fa-AF"))
        fresh = {name for name, frame in widgets.items() if frame.outcome is Outcome.FRESH}
        assert fresh == {WidgetId.PROPERTY, WidgetId.RATES, WidgetId.ALERTS}

    with_board(scenario)


VISITS = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(1, 2), st.integers(1, 3), st.sampled_from(["en", "ar"]), st.integers(0, 40)
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(visits=VISITS)
def test_no_tenant_ever_sees_anothers_data(visits: list[tuple[int, int, int, str, int]]) -> None:
    """Whoever comes in whatever order, at the same time or later: all data of a board was loaded for its tenant."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        async def visit(tenant: int, place: int, operator: int, locale: str, after_s: int) -> None:
            await asyncio.sleep(after_s)
            who = some_operator(tenant=tenant, property_number=place, operator=operator)
            start, widgets = await paint(board, some_request(who, locale=locale))
            shown = [plan.data for plan in start.widgets] + [frame.data for frame in widgets.values()]
            tiles = [msgspec.json.decode(data, type=NumberedTile) for data in shown if data is not None]
            assert {tile.tenant for tile in tiles} == {who.tenant_id}

        async with asyncio.TaskGroup() as group:
            for each in visits:
                group.create_task(visit(*each))
        for _, call in board.sources.calls:
            assert call.property_id is not None
            # The builder derives a property's number from its tenant's, so a mixed-up pair is visible.
            assert int(call.property_id[-4:]) // 100 == int(call.tenant_id[-4:])

    with_board(scenario)


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


def test_a_heartbeat_renews_the_devices_widget_of_its_device() -> None:
    """Forgetting the devices widget loads it at the next look, for that device only."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        mine, colleague = some_operator(operator=1), some_operator(operator=2)
        for who in (mine, colleague):
            await paint(board, some_request(who))
        await ForgetDevices(widgets=board.widgets)(mine)
        _, widgets = await paint(board, some_request(mine))
        assert {name for name, frame in widgets.items() if frame.outcome is Outcome.FRESH} == {WidgetId.DEVICES}
        _, widgets = await paint(board, some_request(colleague))
        assert widgets[WidgetId.DEVICES].outcome is Outcome.CACHED

    with_board(scenario)


def test_a_load_that_began_before_a_heartbeat_is_not_kept() -> None:
    """A board that was loading when its device reported gets what it asked for; the next one loads again."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        async with asyncio.TaskGroup() as group:
            before = group.create_task(paint(board))
            await asyncio.sleep(0.01)
            await ForgetDevices(widgets=board.widgets)(some_operator())
            meanwhile = group.create_task(paint(board))
        for painted, load in ((before.result(), 1), (meanwhile.result(), 2)):
            assert tile_of(painted[1][WidgetId.DEVICES]).load == load
        _, widgets = await paint(board)
        assert tile_of(widgets[WidgetId.DEVICES]).load == 2
        assert board.sources.loads[WidgetId.DEVICES] == 2

    with_board(scenario)


def test_forgetting_survives_a_lost_cache() -> None:
    """A heartbeat does not fail because the cache is away; the widget is then as old as its freshness allows."""

    async def scenario(board: Board, cache: MemoryProjections) -> None:
        cache.away = True
        await ForgetDevices(widgets=board.widgets)(some_operator())
        assert board.observer.unavailable == {"forget": 1}

    with_board(scenario)


def test_two_people_at_one_device_do_not_share_their_devices() -> None:
    """After a shift handover the devices widget is the next operator's, though the device is the same."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        one = some_operator(operator=1)
        other = replace(one, operator_id=some_operator(operator=2).operator_id)
        await paint(board, some_request(one))
        _, widgets = await paint(board, some_request(other))
        assert {name for name, frame in widgets.items() if frame.outcome is Outcome.FRESH} == {WidgetId.DEVICES}

    with_board(scenario)


def test_a_board_is_of_the_property_that_was_asked_for() -> None:
    """With several properties in scope every load is for the one of the request, whichever that is."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        here, there = some_operator(property_number=1), some_operator(property_number=2)
        who = replace(here, property_scope=(here.property_id, there.property_id))
        start, _ = await paint(board, some_request(who))
        assert start.property_id == here.property_id
        assert {call.property_id for _, call in board.sources.calls} == {here.property_id}
        start, widgets = await paint(board, some_request(replace(who, property_id=there.property_id)))
        assert start.property_id == there.property_id
        assert {frame.outcome for frame in widgets.values()} == {Outcome.FRESH}
        assert {call.property_id for _, call in board.sources.calls[16:]} == {there.property_id}

    with_board(scenario)


def test_the_same_person_on_two_devices_sees_each_from_its_own_side() -> None:
    """The devices widget marks the device that asks, so two devices of one operator do not share it."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        one = some_operator(operator=1)
        other = replace(one, device_id=some_operator(operator=9).device_id)
        await paint(board, some_request(one))
        _, widgets = await paint(board, some_request(other))
        assert {name for name, frame in widgets.items() if frame.outcome is Outcome.FRESH} == {WidgetId.DEVICES}

    with_board(scenario)
