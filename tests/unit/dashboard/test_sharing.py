"""Who shares a widget with whom, and until when."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard import ForgetDevices
from bff_backoffice.domain.dashboard import Outcome, WidgetId
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.painted_board import paint, tile_of, with_board
from tests.fakes.scripted_board import (
    Board,
    NumberedTile,
    some_operator,
    some_request,
)


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
    """A board that was loading when its device reported shows the report too, from the load of the next one."""

    async def scenario(board: Board, _cache: MemoryProjections) -> None:
        async with asyncio.TaskGroup() as group:
            before = group.create_task(paint(board))
            await asyncio.sleep(0.01)
            await ForgetDevices(widgets=board.widgets)(some_operator())
            meanwhile = group.create_task(paint(board))
        for painted in (before.result(), meanwhile.result()):
            assert tile_of(painted[1][WidgetId.DEVICES]).load == 2
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
