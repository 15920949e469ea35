"""The dashboard's JSON as the document describes it. `dashboard_frames.py` writes it; a test holds the two together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bff_backoffice.domain.dashboard import Outcome, WidgetId, WidgetKind, WidgetState
from bff_backoffice.presentation.event_stream_schemas import event_schema

__all__ = ["DASHBOARD", "FRAME", "FRAME_EVENT", "WIDGET"]

_Schema = Mapping[str, object]

_TEXT: Final[_Schema] = {"type": "string"}
_COUNT: Final[_Schema] = {"type": "integer", "minimum": 0}
_MOMENT: Final[_Schema] = {"type": "string", "format": "date-time"}


def _or_null(schema: _Schema) -> _Schema:
    return {"oneOf": [schema, {"type": "null"}]}


def _object(members: Mapping[str, _Schema], *, optional: tuple[str, ...] = ()) -> _Schema:
    required = [name for name in members if name not in optional]
    return {"type": "object", "properties": dict(members), "required": required}


_PLAN: Final[Mapping[str, _Schema]] = {
    "id": {"type": "string", "enum": [each.value for each in WidgetId]},
    "title": _TEXT,
    "definition": {"type": "string", "description": "What the numbers count, in the reader's language."},
    "kind": {"type": "string", "enum": [each.value for each in WidgetKind]},
    "span": {"type": "integer", "minimum": 1, "maximum": 12, "description": "Columns of twelve."},
    "deadlineMs": _COUNT,
    "skeleton": _object({"kind": _TEXT, "lines": _COUNT}),
    "state": {"type": "string", "enum": [each.value for each in WidgetState]},
}
_LAST_KNOWN: Final[Mapping[str, _Schema]] = {"asOf": _or_null(_MOMENT), "data": _or_null({"type": "object"})}
_SETTLED: Final[Mapping[str, _Schema]] = {
    "id": {"type": "string", "enum": [each.value for each in WidgetId]},
    "outcome": {"type": "string", "enum": [each.value for each in Outcome]},
    "outcomeText": _TEXT,
    "asOf": _or_null(_MOMENT),
    "ageMs": _or_null(_COUNT),
    "upstreamMs": _or_null(_COUNT),
    "sources": {"type": "array", "items": _TEXT},
    "data": _or_null({"type": "object"}),
    "problem": _or_null({"$ref": "#/components/schemas/Problem"}),
}
_START: Final[Mapping[str, _Schema]] = {
    "snapshotId": {"type": "string", "pattern": "^dsh_"},
    "tenantId": {"type": "string", "pattern": "^tnt_"},
    "propertyId": {"type": "string", "pattern": "^ppt_"},
    "locale": _TEXT,
    "dir": {"type": "string", "enum": ["ltr", "rtl"]},
    "generatedAt": _MOMENT,
}
_VERSION: Final[Mapping[str, _Schema]] = {"version": {"type": "integer", "const": 1}}
_END: Final[Mapping[str, _Schema]] = {
    "elapsedMs": _COUNT,
    "partial": {"type": "boolean"},
    "outcomes": {"type": "object", "additionalProperties": _COUNT},
}

WIDGET: Final = _object({**_PLAN, **_SETTLED})
"""One widget, settled."""

DASHBOARD: Final = _object({**_VERSION, **_START, "widgets": {"type": "array", "items": WIDGET}, **_END})
"""The whole board, settled."""


def _frame(kind: str, members: Mapping[str, _Schema]) -> _Schema:
    return _object({"frame": {"type": "string", "const": kind}, **members})


_FRAMES: Final[Mapping[str, _Schema]] = {
    kind: _frame(kind, members)
    for kind, members in (
        ("start", {
            **_VERSION, **_START,
            "widgets": {"type": "array", "items": _object({**_PLAN, **_LAST_KNOWN}, optional=("asOf", "data"))},
        }),
        ("widget", _SETTLED),
        ("end", {"snapshotId": _START["snapshotId"], **_END}),
    )
}  # fmt: skip

FRAME: Final[_Schema] = {"oneOf": list(_FRAMES.values())}
"""One line of the stream."""

FRAME_EVENT: Final[_Schema] = {
    "oneOf": [event_schema({"const": kind}, frame, has_id=False) for kind, frame in _FRAMES.items()]
}
"""One event of the stream. It has no `id`: a board that broke off is asked for anew, and comes from the cache."""
