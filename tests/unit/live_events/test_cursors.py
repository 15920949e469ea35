"""The laws of cursors, gaps and audiences, for every order in which things are told and lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.domain.live_events import (
    Audience,
    Channel,
    Cursor,
    Gap,
    History,
    LoggedEvent,
    MalformedCursorError,
    Viewer,
    may_hear,
    recovers,
    what_follows,
)
from bff_backoffice.domain.live_settings import CHANNELS
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId

ONE_EPOCH, OTHER_EPOCH = "0123456789abcdef", "fedcba9876543210"
HERE, ELSEWHERE = PropertyId("ppt_01JD0000000000000000000001"), PropertyId("ppt_01JD0000000000000000000002")
DESK = Viewer(
    operator_id=OperatorId("usr_01JD0000000000000000000001"),
    device_id=DeviceId("dev_01JD0000000000000000000001"),
    roles=frozenset({OperatorRole.FRONT_DESK}),
    property_scope=frozenset({HERE}),
    channels=frozenset(Channel),
)
POSITIONS = st.integers(0, 10**14)
CHANNEL = st.sampled_from(Channel)
AUDIENCE = st.builds(Audience, property_id=st.sampled_from([None, HERE, ELSEWHERE]))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A log after some tellings, each channel with its newest few events."""
    told = draw(st.lists(st.tuples(CHANNEL, AUDIENCE), max_size=30))
    kept = draw(st.integers(1, 10))
    events: list[LoggedEvent] = []
    lost: dict[Channel, int] = {}
    for channel in Channel:
        of_channel = [
            LoggedEvent(position=number, channel=channel, type="told", audience=audience, data=b"{}")
            for number, (each, audience) in enumerate(told, 1)
            if each is channel
        ]
        events += of_channel[-kept:]
        if of_channel[:-kept]:
            lost[channel] = of_channel[:-kept][-1].position
    events.sort(key=lambda each: each.position)
    return History(epoch=ONE_EPOCH, head=len(told), reaches=len(told), events=tuple(events), lost=lost)


@given(POSITIONS, st.integers(0, 9))
def test_a_cursor_reads_as_it_was_written(position: int, gaps: int) -> None:
    """Its text names epoch, position and the gaps that were heard of there, and nothing else."""
    cursor = Cursor(ONE_EPOCH, position, gaps)

    assert Cursor.parse(str(cursor)) == cursor


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    """Nothing that is read as a cursor was written otherwise."""
    try:
        cursor = Cursor.parse(text)
    except MalformedCursorError:
        return
    assert str(cursor) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "x", ONE_EPOCH, f"{ONE_EPOCH}-", f"{ONE_EPOCH}-01", f"{ONE_EPOCH}--1", f"{ONE_EPOCH}-1\n",
        f"{ONE_EPOCH}-\u0661", f"{ONE_EPOCH.upper()}-1", f"{ONE_EPOCH}-{'9' * 16}",
        f"{ONE_EPOCH}-1.", f"{ONE_EPOCH}-1.0", f"{ONE_EPOCH}-1.10",
    ],
)  # fmt: skip
def test_what_is_nearly_a_cursor_is_none(text: str) -> None:
    """One position has one text."""
    with pytest.raises(MalformedCursorError):
        Cursor.parse(text)


@given(histories(), st.data())
def test_whoever_stops_anywhere_and_goes_on_hears_the_same(history: History, data: st.DataObject) -> None:
    """Cutting a stream behind any event and resuming there loses nothing, repeats nothing, and keeps every gap."""
    start = Cursor(ONE_EPOCH, data.draw(st.integers(0, history.head)))
    whole = what_follows(history, start, DESK).told
    stop = data.draw(st.integers(0, len(whole)))
    resumed_at = whole[stop - 1][0] if stop else start

    assert whole[:stop] + what_follows(history, resumed_at, DESK).told == whole


@given(histories(), st.data())
def test_every_event_is_told_or_is_in_an_announced_gap(history: History, data: st.DataObject) -> None:
    """A gap is never silent: what a listener may hear and is not told lies before a gap of its channel."""
    after = data.draw(st.integers(0, history.head))
    following = what_follows(history, Cursor(ONE_EPOCH, after), DESK)
    gaps = {each.channel for _, each in following.told if isinstance(each, Gap)}

    assert gaps == {each for each in DESK.heard_channels if history.lost.get(each, 0) > after}
    assert recovers(history, Cursor(ONE_EPOCH, after), DESK) is (not gaps)
    assert following.cursor == Cursor(ONE_EPOCH, history.head)
    assert [cursor.position for cursor, _ in following.told] == sorted({c.position for c, _ in following.told})


@given(histories(), POSITIONS, st.sampled_from(["ahead", "other"]))
def test_a_cursor_of_another_memory_has_a_gap_in_every_channel(history: History, position: int, where: str) -> None:
    """Each has an id of its own; cut off in between, the listener hears of the rest, and of nothing twice."""
    after = Cursor(ONE_EPOCH, history.head + 1 + position) if where == "ahead" else Cursor(OTHER_EPOCH, position)
    following = what_follows(history, after, DESK)

    assert [each for _, each in following.told] == [Gap(channel) for channel in DESK.heard_channels]
    assert len({str(cursor) for cursor, _ in (*following.told, (after, None))}) == len(following.told) + 1
    for number, (cursor, _) in enumerate(following.told[:-1], 1):
        assert what_follows(history, Cursor.parse(str(cursor)), DESK).told == following.told[number:]
    assert following.told[-1][0] == following.cursor == Cursor(ONE_EPOCH, history.head)
    assert not recovers(history, after, DESK)


@given(histories(), st.data())
def test_pages_put_together_are_the_whole(history: History, data: st.DataObject) -> None:
    """Wherever a page ends, the next one goes on there."""
    middle = data.draw(st.integers(0, history.head))
    start = Cursor(ONE_EPOCH, 0)
    first = what_follows(replace(history, reaches=middle), start, DESK)

    assert first.cursor.position == middle
    assert first.told + what_follows(history, first.cursor, DESK).told == what_follows(history, start, DESK).told


@pytest.mark.parametrize(
    ("audience", "heard"),
    [
        (Audience(), True),
        (Audience(property_id=HERE), True),
        (Audience(property_id=ELSEWHERE), False),
        (Audience(roles=frozenset({OperatorRole.FRONT_DESK})), True),
        (Audience(roles=frozenset({OperatorRole.HOUSEKEEPER})), False),
        (Audience(operator_id=DESK.operator_id), True),
        (Audience(operator_id=OperatorId("usr_01JD0000000000000000000002")), False),
        (Audience(device_id=DESK.device_id), True),
        (Audience(device_id=DeviceId("dev_01JD0000000000000000000002")), False),
    ],
)
def test_every_part_of_an_audience_narrows(audience: Audience, *, heard: bool) -> None:
    """Property, roles, operator and device each keep an event from those whom it is not for."""
    assert may_hear(DESK, Channel.ALERTS, audience) is heard


def test_a_hotel_that_is_named_narrows_what_is_heard_within_the_scope() -> None:
    """Two hotels, one of them named: what is about the other is not heard, nor what is outside the scope."""
    both = replace(DESK, property_scope=frozenset({HERE, ELSEWHERE}))
    named = replace(both, at=HERE)

    assert may_hear(both, Channel.ALERTS, Audience(property_id=ELSEWHERE))
    assert not may_hear(named, Channel.ALERTS, Audience(property_id=ELSEWHERE))
    assert may_hear(named, Channel.ALERTS, Audience(property_id=HERE))
    assert may_hear(named, Channel.ALERTS, Audience())
    assert not may_hear(replace(DESK, at=ELSEWHERE), Channel.ALERTS, Audience(property_id=ELSEWHERE))


def test_a_channel_is_heard_by_those_who_may_read_its_inbox() -> None:
    """A housekeeper has no suggestions, so none is told to her; a general manager hears everything of his hotels."""
    housekeeper = replace(DESK, roles=frozenset({OperatorRole.HOUSEKEEPER}))
    manager = replace(DESK, roles=frozenset({OperatorRole.GENERAL_MANAGER}))

    assert not may_hear(housekeeper, Channel.AI, Audience())
    assert Channel.AI not in housekeeper.heard_channels
    assert may_hear(manager, Channel.ALERTS, Audience(roles=frozenset({OperatorRole.HOUSEKEEPER})))


def test_only_channels_that_were_asked_for_are_heard() -> None:
    """A desktop that shows no alerts need not be told of them."""
    quiet = replace(DESK, channels=frozenset({Channel.HINTS}))

    assert not may_hear(quiet, Channel.ALERTS, Audience())
    assert quiet.heard_channels == (Channel.HINTS,)


def test_the_start_names_the_channels_of_the_stream() -> None:
    """What a desktop is told at its start is what it may ask for."""
    assert CHANNELS == ("ai", "alerts", "dashboard-refresh-hints", "session")
