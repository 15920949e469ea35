"""The dashboard's frames as they go on the wire: NDJSON lines, events, one JSON object (contract, section 4).

A widget's data is already JSON when it gets here and is spliced in as it is, so a cached dashboard costs no decoding.
The one-shot object is the frames laid over each other: `one_object` is that law, written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeAlias, assert_never

import msgspec

from bff_backoffice.application.dashboard import EndFrame, Frame, StartFrame, WidgetFrame, WidgetPlan
from bff_backoffice.domain.dashboard import Outcome, WidgetId, WidgetKind, WidgetState
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.errors import problem_members, refusal_of
from bff_backoffice.presentation.words import Language, message

__all__ = [
    "FRAME_VERSION", "Reader", "as_event", "as_line", "one_object", "one_widget", "refusal_of_widget", "skeleton",
    "wire_frame",
]  # fmt: skip

Members: TypeAlias = "dict[str, object]"

FRAME_VERSION: Final = 1
"""Raised when a member changes its meaning; members may be added without."""

# How tall a widget is before its data is there, in lines, so that nothing jumps when it arrives.
_SKELETON_LINES: Final[Mapping[WidgetId, int]] = MappingProxyType({
    WidgetId.OCCUPANCY: 4, WidgetId.ADR: 4, WidgetId.REVPAR: 4,
    WidgetId.ARRIVALS: 8, WidgetId.DEPARTURES: 8, WidgetId.IN_HOUSE: 8,
    WidgetId.OUTLOOK: 9, WidgetId.ROOMS: 9,
    WidgetId.ARRIVALS_AT_RISK: 7, WidgetId.WORK_ORDERS: 7, WidgetId.RATES: 6, WidgetId.BALANCES: 6,
    WidgetId.ALERTS: 7, WidgetId.SUGGESTIONS: 7, WidgetId.PROPERTY: 6, WidgetId.DEVICES: 6,
})  # fmt: skip

# What an outcome says by itself, where no failure came with it.
_CODE_OF_OUTCOME: Final[Mapping[Outcome, Code]] = MappingProxyType({
    Outcome.TIMEOUT: Code.UPSTREAM_TIMEOUT,
    Outcome.BREAKER_OPEN: Code.UPSTREAM_UNAVAILABLE,
    Outcome.SHED: Code.OVERLOADED,
    Outcome.FORBIDDEN: Code.ROLE_FORBIDDEN,
    Outcome.ERROR: Code.UPSTREAM_UNAVAILABLE,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """For whom the frames are written: language, and the two numbers that every problem names."""

    language: Language
    request_id: str
    trace_id: str


def as_line(frame: Frame, reader: Reader) -> bytes:
    """Return a frame as one line of `application/x-ndjson`, with its line end."""
    return msgspec.json.encode(wire_frame(frame, reader)) + b"\n"


def as_event(frame: Frame, reader: Reader) -> bytes:
    """Return a frame as one server-sent event, named for its kind. Encoded JSON has no line ends, so one line."""
    members = wire_frame(frame, reader)
    return f"event: {members['frame']}\ndata: ".encode() + msgspec.json.encode(members) + b"\n\n"


def wire_frame(frame: Frame, reader: Reader) -> Members:
    """Return a frame's members in the contract's order; `data` is spliced JSON (`msgspec.Raw`)."""
    match frame:
        case StartFrame():
            return {"frame": "start", "version": FRAME_VERSION, **_start_members(frame, reader)}
        case WidgetFrame():
            return {"frame": "widget", **_widget_members(frame, reader)}
        case EndFrame():
            return {"frame": "end", **_end_members(frame)}
        case _:
            assert_never(frame)


def one_object(start: StartFrame, widgets: Iterable[WidgetFrame], end: EndFrame, reader: Reader) -> bytes:
    """Return the settled dashboard as `application/json`: the start, each widget overlaid by its frame, the end.

    The widgets stand in the order of the start frame, whatever order they came in.
    """
    overlays = {frame.id: _widget_members(frame, reader) for frame in widgets}
    merged = {"version": FRAME_VERSION, **_start_members(start, reader)}
    merged["widgets"] = [{**_plan_members(plan, reader), **overlays.get(plan.id, {})} for plan in start.widgets]
    return msgspec.json.encode({**merged, **_end_members(end)})


def one_widget(plan: WidgetPlan, frame: WidgetFrame, reader: Reader) -> bytes:
    """Return one widget as `GET /dashboard/widgets/{widgetId}` answers it: its entry of the one-shot object."""
    return msgspec.json.encode({**_plan_members(plan, reader), **_widget_members(frame, reader)})


def skeleton(widget: WidgetId, kind: WidgetKind) -> Members:
    """Return what to draw while a widget is awaited: its kind, and how many lines tall it will be."""
    return {"kind": kind.value, "lines": _SKELETON_LINES[widget]}


def refusal_of_widget(frame: WidgetFrame) -> Refusal | None:
    """Return why a widget's data is missing or old; None where it is neither."""
    if frame.failure is not None:
        return refusal_of(frame.failure)
    code = _CODE_OF_OUTCOME.get(frame.outcome)
    return Refusal(code) if code is not None else None


def _start_members(frame: StartFrame, reader: Reader) -> Members:
    return {
        "snapshotId": frame.snapshot_id,
        "tenantId": str(frame.tenant_id),
        "propertyId": str(frame.property_id),
        "locale": reader.language.tag,
        "dir": reader.language.dir,
        "generatedAt": _moment(frame.generated_at),
        "widgets": [_plan_members(plan, reader) for plan in frame.widgets],
    }


def _plan_members(plan: WidgetPlan, reader: Reader) -> Members:
    members: Members = {
        "id": plan.id.value,
        "title": message(reader.language, f"widgets.{plan.id.value}.title"),
        "definition": message(reader.language, f"widgets.{plan.id.value}.definition"),
        "kind": plan.kind.value,
        "span": plan.span,
        "deadlineMs": plan.deadline_ms,
        "skeleton": skeleton(plan.id, plan.kind),
        "state": plan.state.value,
    }
    if plan.state is WidgetState.STALE:
        members["asOf"] = _moment(plan.as_of)
        members["data"] = plan.data
    return members


def _widget_members(frame: WidgetFrame, reader: Reader) -> Members:
    refusal = refusal_of_widget(frame)
    problem = (
        problem_members(
            refusal, language=reader.language, request_id=reader.request_id, trace_id=reader.trace_id
        )
        if refusal is not None
        else None
    )  # fmt: skip
    return {
        "id": frame.id.value,
        "outcome": frame.outcome.value,
        "outcomeText": message(reader.language, f"outcome.{frame.outcome.value}"),
        "asOf": _moment(frame.as_of),
        "ageMs": frame.age_ms,
        "upstreamMs": frame.upstream_ms,
        "sources": list(frame.sources),
        "data": frame.data,
        "problem": problem,
    }


def _end_members(frame: EndFrame) -> Members:
    return {
        "snapshotId": frame.snapshot_id,
        "elapsedMs": frame.elapsed_ms,
        "partial": frame.partial,
        "outcomes": {outcome.value: count for outcome, count in frame.outcomes.items()},
    }


def _moment(value: datetime | None) -> str | None:
    """RFC 3339 with milliseconds: more digits would be noise, and none would make two ages of one second equal."""
    if value is None:
        return None
    text = value.astimezone(UTC) if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return text.isoformat(timespec="milliseconds").replace("+00:00", "Z")
