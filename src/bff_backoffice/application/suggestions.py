"""The inbox of suggestions: what the orchestrator suggests, with what was decided here already (UC-06).

Specification section 5 (responsibility 4), contract sections 2.1 and 10. The orchestrator hears of a decision later
than we log it, so an inbox that it has just given may show as open what an operator has decided about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from bff_backoffice.application.inboxes import InboxRequest, InboxState, MirroredInbox, OwnLog, newest_first
from bff_backoffice.application.pages import Place, page_after
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.suggestions_inbox import NOTHING, Suggestion, SuggestionDecided, SuggestionInbox
from bff_backoffice.domain.suggestions import SuggestionDecision, SuggestionStatus, status_now

__all__ = ["ListSuggestions", "ListedSuggestions", "SuggestionsRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionsRequest:
    """Who asks for which suggestions. Empty `categories` or `statuses` mean all; `after` is None at the beginning."""

    inbox: InboxRequest
    categories: frozenset[str]
    statuses: frozenset[SuggestionStatus]
    limit: int
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSuggestions:
    """A page of the inbox. `open` counts the property's open ones, whatever the filter; None where nobody knows."""

    items: Sequence[Suggestion]
    next_after: Place | None
    matching: int | None
    open: int | None
    truncated: bool
    state: InboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSuggestions:
    """List a property's suggestions, newest first. Never fails because the orchestrator does: the state says so."""

    inbox: MirroredInbox[SuggestionInbox]
    decisions: OwnLog[SuggestionDecision]

    async def __call__(self, request: SuggestionsRequest) -> ListedSuggestions:
        inbox, state = await self.inbox.read(request.inbox)
        if inbox is None:
            return ListedSuggestions(
                items=(), next_after=None, matching=None, open=None, truncated=False, state=state
            )  # fmt: skip
        undecided = [each.id for each in inbox.items if each.status != SuggestionStatus.DECIDED]
        decided, state = await self.inbox.marked(self.decisions, request.inbox, undecided, state)
        now = self.inbox.clock()
        items = []
        closed = 0
        for each in inbox.items:
            item = _decided(each, decided[each.id]) if each.id in decided else each
            item = replace(item, status=status_now(item.status, item.expires_at, now))
            closed += each.status == SuggestionStatus.OPEN != item.status
            items.append(item)
        page = page_after(
            [item for item in items if _wanted(item, request)], _place, after=request.after, limit=request.limit
        )
        return ListedSuggestions(
            items=page.items,
            next_after=page.next_after,
            matching=page.matching,
            open=max(0, inbox.open - closed),
            truncated=inbox.truncated,
            state=state,
        )

    async def last_shown(self, call: CallContext, suggestion_id: str) -> Suggestion | None:
        """Return a suggestion as its property's inbox last had it; None where the mirror holds none."""
        if call.property_id is None:
            return None
        inbox = await self.inbox.last_shown(call.tenant_id, call.property_id)
        items = () if inbox is None else inbox.items
        return next((each for each in items if each.id == suggestion_id), None)


def _decided(suggestion: Suggestion, line: SuggestionDecision) -> Suggestion:
    return replace(
        suggestion,
        status=SuggestionStatus.DECIDED.value,
        decision=SuggestionDecided(
            decision=line.decision.value,
            reason=line.reason,
            delta=NOTHING if line.delta is None else msgspec.Raw(line.delta),
            decided_by=line.operator_id,
            decided_at=line.decided_at,
        ),
    )


def _wanted(item: Suggestion, request: SuggestionsRequest) -> bool:
    return (not request.categories or item.category in request.categories) and (
        not request.statuses or item.status in request.statuses
    )


def _place(item: Suggestion) -> Place:
    return (newest_first(item.created_at), item.id)
