"""The stream's laws (contract section 4), for every order of arrival and every mix of failures, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard import EndFrame, StartFrame, WidgetFrame
from bff_backoffice.application.ports import (
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.dashboard import LAYOUT, Outcome, WidgetId
from tests.fakes import virtual_time
from tests.fakes.memory_projections import MemoryProjections
from tests.fakes.scripted_board import ClientGoneError, RecordingClient, Script, opened_board, some_request

FAILURES: list[tuple[Exception, Outcome]] = [
    (UpstreamTimeoutError("pricing-service"), Outcome.TIMEOUT),
    (UpstreamUnavailableError("pricing-service"), Outcome.ERROR),
    (UpstreamUnavailableError("pricing-service", breaker_open=True, retry_after=4), Outcome.BREAKER_OPEN),
    (UpstreamShedError("pricing-service"), Outcome.SHED),
    (UpstreamInvalidResponseError("pricing-service"), Outcome.ERROR),
    (UpstreamRefusedError("pricing-service", status=403, code="X", title="x"), Outcome.FORBIDDEN),
    (UpstreamRefusedError("pricing-service", status=404, code="X", title="x"), Outcome.ERROR),
    (UpstreamRefusedError("pricing-service", status=429, code="X", title="x"), Outcome.SHED),
    (ZeroDivisionError("a defect"), Outcome.ERROR),
]
OUTCOME_OF = {id(failure): outcome for failure, outcome in FAILURES}

# 25 ms before a widget's deadline its load is cut off: what falls between the two is decided by neither.
SECONDS = st.integers(min_value=0, max_value=1200).map(lambda ms: ms / 1000)
SCRIPTS = st.builds(
    Script,
    seconds=SECONDS,
    end=st.sampled_from(["answer", "answer", "fallback", "raise", "raise", "hang", "stubborn"]),
    failure=st.sampled_from([failure for failure, _ in FAILURES]),
)
WORLDS = st.fixed_dictionaries({}, optional=dict.fromkeys(WidgetId, SCRIPTS))


def in_time(widget: WidgetId, script: Script) -> bool | None:
    """Whether the script ends before its load is cut off; None in the last moments before the deadline."""
    if script.end in {"hang", "stubborn"}:
        return False
    left_ms = LAYOUT[widget].deadline_ms - round(script.seconds * 1000)
    return None if 0 <= left_ms <= 25 else left_ms > 0


def alone(widget: WidgetId, script: Script) -> Outcome | None:
    """Return the outcome that a widget has when nothing else is on the board; None when it is a photo finish."""
    ends = in_time(widget, script)
    if ends is None:
        return None
    if not ends:
        return Outcome.TIMEOUT
    if script.end == "raise":
        return OUTCOME_OF[id(script.failure)]
    return Outcome.FALLBACK if script.end == "fallback" else Outcome.FRESH


def composed(world: dict[WidgetId, Script], client: RecordingClient) -> float:
    """Compose one board and return when it ended, in seconds."""

    async def scenario() -> float:
        async with opened_board(MemoryProjections(), scripts=world) as board:
            await board.compose(some_request(), client)
            ended = asyncio.get_running_loop().time()
            stubborn = sum(script.end == "stubborn" for script in world.values())
            await asyncio.sleep(0.001)
            assert board.flights.in_air == 0
            assert board.flights.running == stubborn
            defects = {name for name, failure in board.observer.surprises if not isinstance(failure, ZeroDivisionError)}
            assert defects == set()
        return ended

    return virtual_time.run(scenario())


@settings(max_examples=100, deadline=None)
@given(world=WORLDS)
def test_every_widget_has_one_frame_between_start_and_end(world: dict[WidgetId, Script]) -> None:
    """A stream is one start, one frame for each widget of start, and one end whose counts are right."""
    client = RecordingClient()
    composed(world, client)
    start, *frames, end = client.frames
    assert isinstance(start, StartFrame)
    assert isinstance(end, EndFrame)
    widgets = [frame for frame in frames if isinstance(frame, WidgetFrame)]
    assert len(widgets) == len(frames)
    assert sorted(frame.id for frame in widgets) == sorted(plan.id for plan in start.widgets)
    assert dict(end.outcomes) == Counter(frame.outcome for frame in widgets)
    assert end.partial == any(not frame.outcome.whole for frame in widgets)
    assert end.snapshot_id == start.snapshot_id
    for frame in widgets:
        assert (frame.data is None) == (frame.as_of is None) == (frame.age_ms is None)
        assert (frame.failure is None) == (frame.outcome in {Outcome.FRESH, Outcome.FALLBACK})


@settings(max_examples=100, deadline=None)
@given(world=WORLDS)
def test_no_widget_is_hurt_or_delayed_by_another(world: dict[WidgetId, Script]) -> None:
    """Each widget has the outcome that it has alone, at its own moment, whatever happens to the others."""
    client = RecordingClient()
    composed(world, client)
    for frame, moment in zip(client.frames, client.moments, strict=True):
        if not isinstance(frame, WidgetFrame):
            continue
        script = world.get(frame.id, Script())
        outcome = alone(frame.id, script)
        if outcome is None:
            continue
        assert frame.outcome is outcome
        due_ms = LAYOUT[frame.id].deadline_ms
        latest_ms = due_ms if outcome is Outcome.TIMEOUT else min(due_ms, script.seconds * 1000)
        assert moment * 1000 <= latest_ms + 0.01


@settings(max_examples=75, deadline=None)
@given(world=WORLDS)
def test_a_stream_ends_with_its_longest_deadline(world: dict[WidgetId, Script]) -> None:
    """However many sources hang, also stubbornly, the stream ends when the longest deadline of its widgets is over."""
    ended = composed(world, RecordingClient())
    assert ended <= max(widget.deadline_ms for widget in LAYOUT.values()) / 1000 + 0.001


@settings(max_examples=75, deadline=None)
@given(world=WORLDS, seconds_per_write=st.sampled_from([0.03, 0.2, 2.0]))
def test_the_merged_frames_are_the_one_shot_board(world: dict[WidgetId, Script], seconds_per_write: float) -> None:
    """The board of a client that reads slowly, merged, is the board of one that takes everything when it is settled."""
    boards = []
    for seconds in (0.0, seconds_per_write):
        client = RecordingClient(seconds_per_write=seconds)
        composed(world, client)
        boards.append(
            {
                frame.id: (frame.outcome, frame.sources, None if frame.data is None else bytes(frame.data))
                for frame in client.frames
                if isinstance(frame, WidgetFrame) and alone(frame.id, world.get(frame.id, Script())) is not None
            }
        )
    assert boards[0] == boards[1]


@settings(max_examples=100, deadline=None)
@given(world=WORLDS, gone_at_call=st.integers(min_value=0, max_value=18))
def test_a_client_that_goes_leaves_nothing_behind(world: dict[WidgetId, Script], gone_at_call: int) -> None:
    """When the client goes at any frame, every load that nobody else waits for is ended at that moment."""

    async def scenario() -> None:
        async with opened_board(MemoryProjections(), scripts=world) as board:
            client = RecordingClient(gone_at_call=gone_at_call)
            gone = False
            try:
                await board.compose(some_request(), client)
            except ClientGoneError:
                gone = True
            assert gone == (not client.frames or not isinstance(client.frames[-1], EndFrame))
            assert board.flights.in_air == 0
            await asyncio.sleep(0.001)
            stubborn = sum(script.end == "stubborn" for script in world.values())
            assert board.flights.running <= stubborn
            assert len(asyncio.all_tasks()) == board.flights.running + 1

    virtual_time.run(scenario())


@settings(max_examples=75, deadline=None)
@given(world=WORLDS, cancelled_at=SECONDS)
def test_a_cancelled_request_leaves_nothing_behind(world: dict[WidgetId, Script], cancelled_at: float) -> None:
    """A request that is cancelled at any moment ends its loads at that moment."""

    async def scenario() -> None:
        async with opened_board(MemoryProjections(), scripts=world) as board:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(board.compose(some_request(), RecordingClient()))
                await asyncio.sleep(cancelled_at)
                task.cancel()
            assert board.flights.in_air == 0
            await asyncio.sleep(0.001)
            assert board.flights.running <= sum(script.end == "stubborn" for script in world.values())

    virtual_time.run(scenario())
