"""Server-sent events as the document describes them: a stream by the shape of one of its events.

OpenAPI 3.1 has no schema for a sequence; readers of it take that of one event, as those of NDJSON take that of one
line. `data` is JSON in a text: what it decodes to is its `contentSchema` (JSON Schema Validation 2020-12, section 8).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["event_schema"]

_Schema = Mapping[str, object]


def event_schema(name: _Schema, data: _Schema, *, has_id: bool) -> _Schema:
    """Return the schema of one event of this name, whose data decodes to this; with an `id` to go on from, or none."""
    members = {
        **({"id": {"type": "string"}} if has_id else {}),
        "event": {"type": "string", **name},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": data},
    }
    return {"type": "object", "properties": members, "required": list(members)}
