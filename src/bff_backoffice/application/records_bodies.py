"""What a desktop sends where the act ends in our own books: the shape of each body (contract, section 10)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from bff_backoffice.application.mutations_bodies import Act

__all__ = ["ActivityBatch", "ActivityEvent", "ActivityTarget", "Decide", "WithNote"]

# Postgres keeps no text with a NUL in it.
_Said = Annotated[str, Meta(min_length=1, max_length=1000, pattern="^[^\x00]*$")]
_Word = Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9_.:-]{0,63}$")]


class WithNote(Act, frozen=True, kw_only=True):
    """An act to which a note may be written."""

    note: _Said | None = None


class Decide(Act, frozen=True, kw_only=True):
    """What to do with a suggestion. `delta` is what the operator changed: demanded to `modify`, else left out."""

    decision: Literal["accept", "modify", "reject"]
    reason: _Said | None = None
    delta: dict[str, Any] | None = None


class ActivityTarget(Act, frozen=True, kw_only=True):
    """What was clicked on: a kind such as `reservation`, and an identifier of that kind."""

    type: _Word
    id: Annotated[str, Meta(min_length=1, max_length=128, pattern="^[^\x00]*$")]


class ActivityEvent(Act, frozen=True, kw_only=True):
    """One thing that an operator did at the desktop, at the device's own time."""

    kind: _Word
    occurred_at: Annotated[datetime, Meta(tz=True)]
    target: ActivityTarget | None = None
    detail: dict[str, Any] | None = None


class ActivityBatch(Act, frozen=True, kw_only=True):
    """What was done since the last batch, in any order."""

    events: Annotated[list[ActivityEvent], Meta(min_length=1, max_length=200)]
