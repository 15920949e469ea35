"""Which widgets a board has, and how long each may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from bff_backoffice.application.dashboard import DashboardRequest, EndFrame, StartFrame, WidgetFrame
from bff_backoffice.domain.dashboard import Outcome, WidgetId, WidgetState, visible_widgets
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import OperatorRole
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


def started(client: RecordingClient) -> StartFrame:
    """Return the first frame."""
    first = client.frames[0]
    assert isinstance(first, StartFrame)
    return first


def widgets_of(client: RecordingClient) -> list[WidgetFrame]:
    """Return the widgets' frames."""
    return [frame for frame in client.frames if isinstance(frame, WidgetFrame)]


@pytest.mark.parametrize("role", list(OperatorRole))
def test_a_board_is_the_roles_board(role: OperatorRole) -> None:
    """A board has exactly the widgets that the role may see, in the table's order, and asks no other source."""

    async def scenario(board: Board) -> None:
        roles = frozenset({role})
        client = await paint(board, some_request(some_operator(roles=roles)))
        expected = [widget.id for widget in visible_widgets(roles)]
        assert [plan.id for plan in started(client).widgets] == expected
        assert sorted(board.sources.loads) == sorted(expected)

    with_board(scenario)


def test_a_snapshot_is_named_and_dated() -> None:
    """The first frame names its snapshot, tenant and property; two snapshots never share a name."""

    async def scenario(board: Board) -> None:
        request = some_request()
        starts = [started(await paint(board, request)) for _ in range(2)]
        assert len({start.snapshot_id for start in starts}) == 2
        for start in starts:
            assert start.snapshot_id.startswith("dsh_")
            assert len(start.snapshot_id) == 30
            assert (start.tenant_id, start.property_id) == (request.operator.tenant_id, request.operator.property_id)
        assert starts[0].generated_at == virtual_time.BEGINNING

    with_board(scenario)


def test_the_filter_chooses_widgets() -> None:
    """Only the widgets that were named are there and loaded, each once, in the board's order."""

    async def scenario(board: Board) -> None:
        client = await paint(board, some_request(widgets=("rates", "adr", "rates")))
        assert [plan.id for plan in started(client).widgets] == [WidgetId.ADR, WidgetId.RATES]
        assert set(board.sources.loads) == {WidgetId.ADR, WidgetId.RATES}

    with_board(scenario)


@pytest.mark.parametrize("names", [("rates", "weather"), ("",), ("RATES",), ("rates,adr",)])
def test_an_unknown_name_is_refused_before_anything_is_written(names: tuple[str, ...]) -> None:
    """A name that is no widget's refuses the request, says where, and costs no upstream call."""

    async def scenario(board: Board) -> None:
        client = RecordingClient()
        with pytest.raises(Refusal) as refused:
            await board.compose(some_request(widgets=names), client)
        assert refused.value.code is Code.VALIDATION_FAILED
        assert [error.field for error in refused.value.errors] == ["query.widgets"]
        assert client.calls == 0
        assert not board.sources.loads

    with_board(scenario)


def test_another_roles_widget_is_forbidden_when_asked_for_by_name() -> None:
    """A widget of another role that is asked for by name is in start and has one frame: forbidden, without data."""

    async def scenario(board: Board) -> None:
        request = some_request(some_operator(roles=HOUSEKEEPER), widgets=("rooms", "balances"))
        client = await paint(board, request)
        assert {plan.id for plan in started(client).widgets} == {WidgetId.ROOMS, WidgetId.BALANCES}
        ends = {frame.id: frame for frame in widgets_of(client)}
        assert len(ends) == len(widgets_of(client)) == 2
        assert ends[WidgetId.ROOMS].outcome is Outcome.FRESH
        forbidden = ends[WidgetId.BALANCES]
        assert (forbidden.outcome, forbidden.data) == (Outcome.FORBIDDEN, None)
        assert isinstance(forbidden.failure, Refusal)
        assert forbidden.failure.code is Code.ROLE_FORBIDDEN
        assert set(board.sources.loads) == {WidgetId.ROOMS}

    with_board(scenario)


def test_a_board_of_forbidden_widgets_still_has_an_end() -> None:
    """Nothing that may be seen is a complete stream, not an endless one."""

    async def scenario(board: Board) -> None:
        client = await paint(board, some_request(some_operator(roles=HOUSEKEEPER), widgets=("balances",)))
        end = client.frames[-1]
        assert isinstance(end, EndFrame)
        assert (end.partial, dict(end.outcomes)) == (True, {Outcome.FORBIDDEN: 1})

    with_board(scenario)


def test_settled_widgets_come_with_the_first_write() -> None:
    """What the cache has goes out with the start frame; nothing waits for a load to begin."""

    async def scenario(board: Board) -> None:
        await paint(board, some_request())
        client = RecordingClient()
        began = asyncio.get_running_loop().time()
        await board.compose(some_request(), client)
        assert client.calls == 2
        assert client.moments[-1] == began

    with_board(scenario)


def test_a_budget_shortens_every_deadline() -> None:
    """A client that can wait 300 ms gets its end by then, and is told so in the first frame."""

    async def scenario(board: Board) -> None:
        board.sources.scripts = {widget: Script(end="hang") for widget in WidgetId}
        client = await paint(board, some_request(budget_ms=300))
        assert {plan.deadline_ms for plan in started(client).widgets} == {300}
        assert asyncio.get_running_loop().time() == pytest.approx(0.3)

    with_board(scenario)


@pytest.mark.parametrize(("budget_ms", "ends_s"), [(5000, 0.8), (1, 0.1), (0, 0.1), (-7, 0.1)])
def test_a_budget_never_lengthens_and_has_a_floor(budget_ms: int, ends_s: float) -> None:
    """A large budget changes nothing, and one that no load could keep is taken as 100 ms."""

    async def scenario(board: Board) -> None:
        board.sources.scripts = {widget: Script(end="hang") for widget in WidgetId}
        await paint(board, some_request(budget_ms=budget_ms))
        # A load that ignores its own, slightly earlier deadline is cut off in between.
        assert asyncio.get_running_loop().time() == pytest.approx(ends_s, abs=0.013)

    with_board(scenario)


def test_a_short_budget_does_not_shorten_anothers_load() -> None:
    """Who joins a load that was begun by a client in a hurry gets it, though that client is gone by then."""

    async def scenario(board: Board) -> None:
        board.sources.scripts[WidgetId.ARRIVALS] = Script(seconds=0.5)
        hurried = some_request(widgets=("arrivals",), budget_ms=200)
        patient = some_request(widgets=("arrivals",))
        async with asyncio.TaskGroup() as group:
            one = group.create_task(paint(board, hurried))
            await asyncio.sleep(0.1)
            other = group.create_task(paint(board, patient))
        assert widgets_of(one.result())[0].outcome is Outcome.TIMEOUT
        assert widgets_of(other.result())[0].outcome is Outcome.FRESH
        assert board.sources.loads[WidgetId.ARRIVALS] == 1

    with_board(scenario)


def test_a_load_ends_before_its_readers_leave() -> None:
    """The deadline that travels to an upstream is a little earlier than the widget's, so its time-out is its own."""

    async def scenario(board: Board) -> None:
        await paint(board, some_request())
        (call,) = [call for widget, call in board.sources.calls if widget is WidgetId.ARRIVALS]
        assert call.deadline == pytest.approx(0.775)

    with_board(scenario)


def test_a_surprise_is_reported_and_hidden() -> None:
    """A defect in one loader is reported with its widget's name, and the client learns only that the service failed."""

    async def scenario(board: Board) -> None:
        board.sources.scripts[WidgetId.ADR] = Script(end="raise", failure=KeyError("secret"))
        client = await paint(board, some_request())
        (adr,) = [frame for frame in widgets_of(client) if frame.id is WidgetId.ADR]
        assert adr.outcome is Outcome.ERROR
        assert isinstance(adr.failure, Refusal)
        assert adr.failure.code is Code.INTERNAL
        assert "secret" not in str(adr.failure)
        assert [(name, type(failure)) for name, failure in board.observer.surprises] == [("adr", KeyError)]

    with_board(scenario)


def test_data_is_spliced_as_it_was_stored() -> None:
    """The bytes of a cached widget are the bytes of the fresh one: nothing is decoded on the way."""

    async def scenario(board: Board) -> None:
        fresh, cached = [
            {frame.id: bytes(frame.data or b"") for frame in widgets_of(await paint(board, some_request()))}
            for _ in range(2)
        ]
        assert fresh == cached
        assert msgspec.json.decode(cached[WidgetId.ADR], type=NumberedTile).widget == "adr"

    with_board(scenario)


def test_a_widget_without_data_in_start_is_pending() -> None:
    """State, time and data of the first frame belong together."""

    async def scenario(board: Board) -> None:
        board.sources.scripts[WidgetId.RATES] = Script(end="hang")
        await paint(board, some_request())
        plans = started(await paint(board, some_request())).widgets
        for plan in plans:
            has_data = plan.id is not WidgetId.RATES
            assert (plan.state is WidgetState.STALE, plan.as_of is not None, plan.data is not None) == (has_data,) * 3

    with_board(scenario)
