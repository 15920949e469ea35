"""ai-orchestrator-service: suggestions. They are advice; nothing here applies one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Raw
from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.suggestions_inbox import (
    NOTHING,
    Suggestion,
    SuggestionDecided,
    SuggestionInbox,
    SuggestionSubject,
)
from bff_backoffice.application.suggestions_telling import DecisionReport
from bff_backoffice.application.tiles import SuggestionLine, SuggestionsTile
from bff_backoffice.domain.suggestions import SuggestionStatus
from bff_backoffice.infrastructure.dialect import Count, Wire, about_property, operator_headers, property_of, said
from bff_backoffice.infrastructure.http import Call, Upstream, UpstreamClient
from bff_backoffice.infrastructure.inbox_pages import InboxPage, InboxRead, newest_lines

__all__ = ["SERVICE", "AiOrchestratorGateway"]

SERVICE: Final = Upstream(name="ai-orchestrator-service", limit_seconds=0.5, retries=1)

_TILE_LINES: Final = 5
_LONGEST_PAGE: Final = 100
_TELL_SECONDS: Final = 3.0
"""How long the orchestrator may take to hear of a decision: nobody waits for it."""


class _Suggestion(Wire, frozen=True):
    id: str
    category: str
    title: str
    confidence: Annotated[float, Meta(ge=0, le=1)]


class _Suggestions(Wire, frozen=True):
    items: list[_Suggestion]
    open: Count


class _Decision(Wire, frozen=True):
    decision: str
    decided_by: str
    decided_at: datetime
    reason: str | None = None
    delta: Raw = NOTHING


class _Subject(Wire, frozen=True):
    type: str
    id: str


class _InboxLine(Wire, frozen=True):
    id: str
    category: str
    title: str
    summary: str
    confidence: Annotated[float, Meta(ge=0, le=1)]
    status: str
    created_at: datetime
    property_id: str
    subject: _Subject
    proposal: Raw
    provenance: Raw
    expires_at: datetime | None = None
    decision: _Decision | None = None


class _Inbox(Wire, frozen=True):
    items: list[_InboxLine]
    next_cursor: str | None
    open: Count


class _Heard(Wire, frozen=True):
    suggestion_id: str


_SUGGESTIONS: Final = Decoder(_Suggestions)
_INBOX: Final = Decoder(_Inbox)
_LINE: Final = Decoder(_InboxLine)


@dataclass(frozen=True, slots=True)
class AiOrchestratorGateway:
    """The orchestrator's inbox for a property."""

    client: UpstreamClient

    async def suggestions(self, call: CallContext) -> SuggestionsTile:
        """Return how many suggestions are open, and the first few in the service's order."""
        return await self.client.read(
            "suggestions",
            "/api/v1/ai/suggestions",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": property_of(call), "status": "open", "limit": str(_TILE_LINES)},
            decode=_suggestions,
        )

    async def inbox(self, call: CallContext) -> SuggestionInbox:
        """Return the newest suggestions of the property, and all open ones as far as a few pages reach."""
        read = InboxRead(
            operation="suggestion_inbox",
            path="/api/v1/ai/suggestions",
            headers=operator_headers(call),
            query={"propertyId": property_of(call), "limit": str(_LONGEST_PAGE)},
            decode=partial(_inbox, call),
            identity=lambda line: line.id,
            waits=lambda line: line.status == SuggestionStatus.OPEN,
        )
        newest = await newest_lines(self.client, call, read)
        return SuggestionInbox(items=newest.items, open=newest.waiting, truncated=newest.truncated)

    async def suggestion(self, call: CallContext, suggestion_id: str) -> Suggestion:
        """Return one suggestion of the call's property. Raises the `UpstreamError` family."""
        return await self.client.read(
            "suggestion",
            f"/api/v1/ai/suggestions/{suggestion_id}",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": property_of(call)},
            decode=partial(_one, call, suggestion_id),
        )

    async def tell_decision(self, call: CallContext, report: DecisionReport, *, message_id: str) -> None:
        """Report a decision under a key that follows from its message. Raises the `UpstreamError` family."""
        told = {"decision": report.decision, "reason": report.reason, "delta": report.delta}
        occurred_at = report.decided_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        desk = {"X-Session-Id": report.session_id, "X-App-Version": report.app_version}
        await self.client.run(
            Call(
                operation="decide_suggestion",
                method="POST",
                path=f"/api/v1/ai/suggestions/{report.suggestion_id}/decide",
                bounds=call,
                headers={
                    **operator_headers(call),
                    **said(desk),
                    "Idempotency-Key": message_id.partition("_")[2],
                    "X-Occurred-At": occurred_at,
                },
                query={"propertyId": property_of(call)},
                body=msgspec.json.encode({name: value for name, value in told.items() if value not in (None, NOTHING)}),
                decode=msgspec.json.Decoder(_Heard).decode,
                limit_seconds=_TELL_SECONDS,
                repeatable=True,
            )
        )


def _one(call: CallContext, suggestion_id: str, body: bytes) -> Suggestion:
    line = _LINE.decode(body)
    about_property(call, line.property_id)
    if line.id != suggestion_id:
        raise ValueError("another suggestion")
    return _suggestion(line)


def _inbox(call: CallContext, body: bytes) -> InboxPage[Suggestion]:
    page = _INBOX.decode(body)
    for line in page.items:
        about_property(call, line.property_id)
    return InboxPage(
        items=[_suggestion(line) for line in page.items], next_cursor=page.next_cursor, waiting=page.open
    )  # fmt: skip


def _suggestion(line: _InboxLine) -> Suggestion:
    decision = line.decision
    return Suggestion(
        id=line.id,
        category=line.category,
        title=line.title,
        summary=line.summary,
        confidence=line.confidence,
        status=line.status,
        created_at=line.created_at,
        expires_at=line.expires_at,
        property_id=line.property_id,
        subject=SuggestionSubject(type=line.subject.type, id=line.subject.id),
        proposal=_object(line.proposal),
        provenance=_object(line.provenance),
        decision=UNSET
        if decision is None
        else SuggestionDecided(
            decision=decision.decision,
            reason=decision.reason,
            delta=decision.delta if decision.delta == NOTHING else _object(decision.delta),
            decided_by=decision.decided_by,
            decided_at=decision.decided_at,
        ),
    )


def _object(raw: Raw) -> Raw:
    """Return what is passed on undecoded; raise `ValueError` unless it is an object, as the clients are promised."""
    if not bytes(raw).startswith(b"{"):
        raise ValueError("no object")
    return raw


def _suggestions(body: bytes) -> SuggestionsTile:
    found = _SUGGESTIONS.decode(body)
    return SuggestionsTile(
        open=found.open,
        items=[
            SuggestionLine(
                id=suggestion.id,
                category=suggestion.category,
                title=suggestion.title,
                confidence=suggestion.confidence,
            )
            for suggestion in found.items
        ],
    )
