"""The inbox of suggestions as the mirror keeps it and as the wire shows it (contract, section 10)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from bff_backoffice.application.tiles import Tile

__all__ = [
    "NOTHING", "JsonObject", "JsonObjectOrNull", "Suggestion", "SuggestionDecided", "SuggestionInbox",
    "SuggestionSubject",
]  # fmt: skip

JsonObject = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
"""A JSON object of somebody else's, passed on byte for byte: what is not read here can't be changed here."""
JsonObjectOrNull = Annotated[
    msgspec.Raw, msgspec.Meta(extra_json_schema={"anyOf": [{"type": "object"}, {"type": "null"}]})
]  # fmt: skip
"""The same where there may be nothing. Not `JsonObject | None`: the decoder would take null and nothing else."""
NOTHING = msgspec.Raw(b"null")


class SuggestionSubject(Tile, frozen=True, kw_only=True):
    """What a suggestion is about: a kind such as `reservation`, and an identifier of that kind."""

    type: str
    id: str


class SuggestionDecided(Tile, frozen=True, kw_only=True):
    """What somebody decided: `accept`, `modify` (with a `delta`) or `reject`, by the operator `decidedBy`."""

    decision: str
    reason: str | None
    delta: JsonObjectOrNull
    decided_by: str
    decided_at: datetime


class Suggestion(Tile, frozen=True, kw_only=True):
    """One piece of advice. `confidence` is 0 to 1; `status` is `open`, `decided` or `expired`.

    `proposal` and `provenance` (model, prompt, cost) are the orchestrator's own and go through untouched.
    """

    id: str
    category: str
    title: str
    summary: str
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]
    status: str
    created_at: datetime
    expires_at: datetime | None
    property_id: str
    subject: SuggestionSubject
    proposal: JsonObject
    provenance: JsonObject
    decision: SuggestionDecided | msgspec.UnsetType = msgspec.UNSET


class SuggestionInbox(Tile, frozen=True, kw_only=True):
    """A property's suggestions, newest first. `open` counts all that are; `truncated`, that older ones are left out."""

    items: list[Suggestion]
    open: int
    truncated: bool
