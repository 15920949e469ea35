"""Streams are described by one of their parts, and what is sent is what is described: lines, events, their data."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import httpx2
import pytest

from bff_backoffice.domain.dashboard import LAYOUT
from bff_backoffice.domain.live_events import Channel, Cursor, EndReason, Gap
from bff_backoffice.presentation.dashboard_frames import Reader, as_event, as_line
from bff_backoffice.presentation.live_frames import end_frame as live_end
from bff_backoffice.presentation.live_frames import gap_frame, ready_frame
from bff_backoffice.presentation.openapi import openapi_document
from bff_backoffice.presentation.routes import ROUTES
from bff_backoffice.presentation.words import LANGUAGES
from tests.musts.described import Described, NotDescribedError
from tests.unit.presentation.sample_board import NOW, TENANT, end_frame, start_frame, widget_frame

READER = Reader(language=LANGUAGES["en"], request_id="01HQ0000000000000000000009", trace_id="0" * 31 + "1")
LINES, EVENTS = "application/x-ndjson", "text/event-stream"


@cache
def described() -> Described:
    """The document as the route table makes it."""
    return Described(json.loads(json.dumps(openapi_document(ROUTES))))


def answer(path: str, media: str, body: bytes) -> httpx2.Response:
    """An answer of this route."""
    request = httpx2.Request("GET", f"http://desk.example{path}")
    return httpx2.Response(200, headers={"Content-Type": media}, content=body, request=request)


def board(encode: Any) -> list[bytes]:
    """A board's frames, each written so."""
    widgets = [widget_frame(widget) for widget in LAYOUT]
    return [encode(frame, READER) for frame in (start_frame(), *widgets, end_frame(widgets))]


def live() -> list[bytes]:
    """What every stream tells of itself."""
    cursor = Cursor(epoch="0123456789abcdef", position=7)
    return [
        ready_frame(
            cursor, TENANT, NOW, heartbeat_seconds=15, lifetime_seconds=900, recovered=False, channels=tuple(Channel)
        ),
        gap_frame(cursor, Gap(channel=Channel.ALERTS), TENANT, NOW),
        live_end(cursor, EndReason.EXPIRED, "", TENANT, NOW),
    ]


@pytest.mark.parametrize("route", [route for route in ROUTES if EVENTS in route.produces], ids=lambda each: each.path)
def test_a_stream_of_events_is_described_by_one_of_them(route: Any) -> None:
    """Each has a name and data, and the data is described as what it decodes to."""
    schema = described().document["paths"][route.path]["get"]["responses"]["200"]["content"][EVENTS]["schema"]
    for event in schema.get("oneOf", [schema]):
        assert {"event", "data"} <= set(event["required"])
        assert event["properties"]["data"]["contentMediaType"] == "application/json"
        assert event["properties"]["data"]["contentSchema"]["required"]


@pytest.mark.parametrize(
    ("path", "media", "parts"),
    [("/dashboard", LINES, board(as_line)), ("/dashboard", EVENTS, board(as_event)), ("/sse/stream", EVENTS, live())],
    ids=["lines", "events", "live"],
)
def test_each_part_that_is_sent_is_described(path: str, media: str, parts: list[bytes]) -> None:
    """Alone and together."""
    for part in (*parts, b"".join(parts)):
        described().check(answer(path, media, part))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/dashboard", b'event: end\ndata: {"frame": "end"}\n\n'),
        ("/dashboard", b'event: other\ndata: {"frame": "other"}\n\n'),
        ("/dashboard", as_event(end_frame([]), READER).replace(b"event: end", b"event: start")),
        ("/sse/stream", b"event: session.ready\ndata: {}\n\n"),
        ("/sse/stream", live()[0].replace(b"id: ", b"idea: ")),
        ("/sse/stream", live()[0].replace(b"event: session", b"event: weather")),
        ("/sse/stream", live()[0].replace(b'"tenantId"', b'"tenant"')),
    ],
    ids=["members missing", "no such frame", "another's name", "empty", "no id", "no such channel", "no tenant"],
)
def test_an_event_that_is_not_as_described_is_found(path: str, body: bytes) -> None:
    """What holds the answers of the suite to the document reads an event's data too."""
    with pytest.raises(NotDescribedError):
        described().check(answer(path, EVENTS, body))
