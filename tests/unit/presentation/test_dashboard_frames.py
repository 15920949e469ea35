"""The frames on the wire, and the law that merged they are the one-shot object (contract, section 4)."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard import EndFrame, StartFrame, WidgetFrame
from bff_backoffice.application.ports import (
    StoreUnavailableError,
    UpstreamInvalidResponseError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.dashboard import LAYOUT, Outcome, WidgetId
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.dashboard_frames import Reader, as_event, as_line, one_object, one_widget, wire_frame
from bff_backoffice.presentation.words import LANGUAGES
from tests.unit.presentation.sample_board import NOW, PROPERTY, TENANT, end_frame, start_frame, widget_frame

DARI = Reader(language=LANGUAGES["fa-AF"], request_id="01HQ0000000000000000000009", trace_id="0" * 31 + "1")
WITH_DATA = (Outcome.FRESH, Outcome.CACHED, Outcome.STALE, Outcome.FALLBACK)
FAILURES = (
    None,
    UpstreamTimeoutError("billing-service"),
    UpstreamUnavailableError("billing-service", breaker_open=True),
    UpstreamShedError("billing-service"),
    UpstreamInvalidResponseError("billing-service"),
    StoreUnavailableError("postgres"),
    Refusal(Code.ROLE_FORBIDDEN),
    ValueError("surprise"),
)


def merge(frames: list[dict]) -> dict:
    """Lay the frames over each other as the contract tells a client to."""
    start, *widgets, end = frames
    assert (start["frame"], end["frame"]) == ("start", "end")
    overlays = {frame["id"]: frame for frame in widgets}
    merged = {**start, **end}
    merged["widgets"] = [{**entry, **overlays[entry["id"]]} for entry in start["widgets"]]
    for entry in (merged, *merged["widgets"]):
        entry.pop("frame", None)
    return merged


@st.composite
def boards(draw: st.DrawFn) -> tuple[StartFrame, list[WidgetFrame], EndFrame]:
    """Any order of arrival, any mix of outcomes and failures, any set of last-known widgets."""
    stale = draw(st.frozensets(st.sampled_from(WidgetId)))
    frames = []
    for widget in draw(st.permutations(list(LAYOUT))):
        outcome = draw(st.sampled_from(Outcome))
        failure = None if outcome.whole else draw(st.sampled_from(FAILURES))
        frames.append(widget_frame(widget, outcome, failure=failure, data=outcome in WITH_DATA))
    return start_frame(stale=stale), frames, end_frame(frames)


@settings(max_examples=60, deadline=None)
@given(boards(), st.sampled_from(list(LANGUAGES)))
def test_frames_merged_are_the_one_shot_object(board: tuple[StartFrame, list[WidgetFrame], EndFrame], tag: str) -> None:
    """Lines merged equal the one object, member for member, in every order and mix; events carry the same frames."""
    start, widgets, end = board
    reader = Reader(language=LANGUAGES[tag], request_id=DARI.request_id, trace_id=DARI.trace_id)
    frames = [start, *widgets, end]
    lines = [json.loads(as_line(frame, reader)) for frame in frames]
    assert merge(lines) == json.loads(one_object(start, widgets, end, reader))
    events = [as_event(frame, reader).decode() for frame in frames]
    assert [json.loads(event.split("data: ", 1)[1]) for event in events] == lines


def test_start_frame_members() -> None:
    """The first frame names every widget with its title, skeleton and state, and brings what is last known."""
    frame = json.loads(as_line(start_frame(stale=frozenset({WidgetId.ROOMS})), DARI))
    assert list(frame) == [
        "frame", "version", "snapshotId", "tenantId", "propertyId", "locale", "dir", "generatedAt", "widgets",
    ]  # fmt: skip
    assert (frame["tenantId"], frame["propertyId"]) == (str(TENANT), str(PROPERTY))
    assert (frame["locale"], frame["dir"], frame["generatedAt"]) == ("fa-AF", "rtl", "2026-11-22T09:35:00.000Z")
    widgets = {entry["id"]: entry for entry in frame["widgets"]}
    assert list(widgets) == [widget.value for widget in LAYOUT]
    assert widgets["rooms"]["state"] == "stale"
    assert widgets["rooms"]["asOf"] == "2026-11-22T09:31:00.000Z"
    assert widgets["rooms"]["data"]["ready"] == 192
    adr = widgets["adr"]
    assert (adr["state"], adr["kind"], adr["span"]) == ("pending", "number", 4)
    assert "data" not in adr
    assert "asOf" not in adr
    for entry in widgets.values():
        assert entry["title"]
        assert entry["definition"]
        assert entry["skeleton"]["kind"] in {"number", "list", "bars", "card"}
        assert entry["skeleton"]["lines"] >= 1


def test_a_failed_widget_brings_a_problem_in_the_readers_language() -> None:
    """A widget without data says why: the members of a problem document, without an instance."""
    frame = widget_frame(WidgetId.RATES, Outcome.TIMEOUT, failure=UpstreamTimeoutError("pricing-service"), data=False)
    members = json.loads(as_line(frame, DARI))
    assert members["data"] is None
    assert (members["asOf"], members["ageMs"], members["upstreamMs"]) == (None, None, None)
    problem = members["problem"]
    assert problem["code"] == "MELMASTOON.BFF.UPSTREAM_TIMEOUT"
    assert problem["userMessage"]["dir"] == "rtl"
    assert problem["requestId"] == DARI.request_id
    assert "instance" not in problem


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome not in WITH_DATA])
def test_every_failed_outcome_has_a_problem(outcome: Outcome) -> None:
    """An outcome without data has a problem also where no failure came with it."""
    members = wire_frame(widget_frame(WidgetId.RATES, outcome, data=False), DARI)
    assert members["problem"] is not None


def test_a_widget_that_is_well_has_no_problem() -> None:
    """Fresh and cached widgets carry their data and no problem."""
    for outcome in (Outcome.FRESH, Outcome.CACHED):
        members = json.loads(as_line(widget_frame(WidgetId.ROOMS, outcome), DARI))
        assert members["problem"] is None
        assert members["sources"] == ["housekeeping-service"]
        assert members["asOf"].startswith(f"{NOW:%Y-%m-%dT%H:%M:%S}")


def test_data_is_spliced_byte_for_byte() -> None:
    """A cached payload goes out as it was stored, down to its spacing and number forms."""
    odd = msgspec.Raw(b'{"total": 1.50,"extra":[ ]}')
    frame = widget_frame(WidgetId.ROOMS)
    spliced = WidgetFrame(
        id=frame.id, outcome=frame.outcome, as_of=frame.as_of, age_ms=0, upstream_ms=1, sources=(), data=odd
    )
    assert bytes(odd) in as_line(spliced, DARI)


def test_a_frame_is_one_line_and_one_event() -> None:
    """A line ends where it ends and nowhere else, whatever a guest is called."""
    for frame in (start_frame(stale=frozenset(WidgetId)), widget_frame(WidgetId.ARRIVALS)):
        assert as_line(frame, DARI).count(b"\n") == 1
        event = as_event(frame, DARI)
        assert event.startswith(b"event: ")
        assert event.endswith(b"\n\n")
        assert event.count(b"\n") == 3


def test_one_widget_again_is_its_entry_of_the_board() -> None:
    """`GET /dashboard/widgets/{id}` answers the widget's entry of the one-shot object."""
    start = start_frame()
    frames = [widget_frame(widget) for widget in LAYOUT]
    board = json.loads(one_object(start, frames, end_frame(frames), DARI))
    for plan, frame, entry in zip(start.widgets, frames, board["widgets"], strict=True):
        assert json.loads(one_widget(plan, frame, DARI)) == entry
