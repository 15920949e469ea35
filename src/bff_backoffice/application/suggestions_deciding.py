"""Deciding about a suggestion: written down here, once; the orchestrator is told afterwards (UC-07).

Specification section 5 (responsibility 5). The orchestrator is asked what the suggestion is; where it is away, the
inbox that was shown last says so too, and the decision does not wait for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from bff_backoffice.application.mutations_dispatch import MutationRequest
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import CallContext, Clock, UpstreamError, UpstreamRefusedError
from bff_backoffice.application.records import Decided, identifier_of, origin_of
from bff_backoffice.application.records_bodies import Decide
from bff_backoffice.application.suggestions_inbox import Suggestion
from bff_backoffice.application.suggestions_telling import KIND, DecisionReport
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.application.telemetry_payloads import SuggestionDecided
from bff_backoffice.domain.errors import Code, FieldError, ForeignCode, Refusal
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.domain.suggestions import (
    Decision,
    SuggestionDecision,
    SuggestionStatus,
    reason_demanded,
    status_now,
)

__all__ = ["DecideSuggestion", "DecisionLog", "DemandReason", "LastShown", "Suggestions"]

_EXPIRED = ForeignCode(text="MELMASTOON.AI.SUGGESTION_EXPIRED", status=409, title="The suggestion is out of date")


_LOOK_SECONDS = 0.5
"""The rest of the time belongs to the act."""


class Suggestions(Protocol):
    """The orchestrator."""

    async def suggestion(self, call: CallContext, suggestion_id: str) -> Suggestion:
        """Return one suggestion of the call's property. Raises the `UpstreamError` family."""


LastShown = Callable[[CallContext, str], Awaitable[Suggestion | None]]
"""Returns a suggestion as the property's inbox last showed it, or None. Raises nothing when the cache is away."""


class DecisionLog(Protocol):
    """Our log. Fails closed with `StoreUnavailableError("postgres")`."""

    async def decision(self, tenant_id: TenantId, suggestion_id: str) -> SuggestionDecision | None:
        """Return what was decided about the suggestion."""

    async def record(
        self, tenant_id: TenantId, line: SuggestionDecision, tell: Sequence[Message]
    ) -> SuggestionDecision:
        """Write the line and the messages in one transaction where there is no line yet; return the one there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSuggestion:
    """Write a decision down, once for its suggestion.

    Raises:
        Refusal: RESOURCE_NOT_FOUND; VALIDATION_FAILED where the category demands a reason and none is given.
        UpstreamRefusedError: decided before, or out of date: final.
        UpstreamError: the orchestrator is away and no inbox has shown the suggestion; the same key may try again.
        StoreUnavailableError: Postgres is away.
    """

    suggestions: Suggestions
    last_shown: LastShown
    log: DecisionLog
    telemetry: Telemetry
    clock: Clock

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry it out once for its key."""
        suggestion_id, own_id = order.resource_id or "", identifier_of(order, "sdl")
        # A try of the same key that died after writing finds its own line, whatever the orchestrator says by now.
        known = await self.log.decision(call.tenant_id, suggestion_id)
        if known is None:
            known = await self._written(call, order, own_id)
        if known.property_id != call.property_id:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        if known.id != own_id:
            raise _refused(Code.SUGGESTION_ALREADY_DECIDED)
        return Forwarded(
            body=msgspec.json.encode(
                Decided(
                    id=known.id,
                    suggestion_id=known.suggestion_id,
                    decision=known.decision.value,
                    decided_at=known.decided_at,
                )
            )
        )

    async def _written(self, call: CallContext, order: ForwardOrder, own_id: str) -> SuggestionDecision:
        suggestion, body = await self.suggestion(call, order.resource_id or ""), order.body
        assert isinstance(body, Decide)  # noqa: S101 - for the type checker: the row says which body there is
        status = status_now(suggestion.status, suggestion.expires_at, self.clock())
        if status == SuggestionStatus.DECIDED:
            raise _refused(Code.SUGGESTION_ALREADY_DECIDED)
        if status == SuggestionStatus.EXPIRED:
            raise _refused(_EXPIRED)
        decision = Decision(body.decision)
        if body.reason is None and reason_demanded(suggestion.category, decision):
            raise _no_reason(suggestion.category)
        line = SuggestionDecision(
            id=own_id,
            suggestion_id=suggestion.id,
            property_id=PropertyId(suggestion.property_id),
            decision=decision,
            reason=body.reason,
            delta=None if body.delta is None else msgspec.json.encode(body.delta),
            operator_id=call.operator_id,
            device_id=call.device_id,
            decided_at=order.occurred_at,
        )
        report = DecisionReport.of(line, call, order)
        message = Message(
            id=identifier_of(order, "out"),
            kind=KIND,
            about=suggestion.id,
            ordering_key=suggestion.id,
            payload=msgspec.json.encode(report),
        )
        event = self._event(call, order, line, suggestion.category)
        return await self.log.record(call.tenant_id, line, [message] if event is None else [message, event])

    def _event(self, call: CallContext, order: ForwardOrder, line: SuggestionDecision, category: str) -> Message | None:
        decided = SuggestionDecided(
            decision_id=line.id,
            suggestion_id=line.suggestion_id,
            category=category,
            decision=line.decision.value,
            has_reason=line.reason is not None,
            has_delta=line.delta is not None,
        )
        return self.telemetry.message(origin_of(call, order), decided, event_id=identifier_of(order, "evt"))

    async def suggestion(self, call: CallContext, suggestion_id: str) -> Suggestion:
        """Return the suggestion as the orchestrator has it, or as it was shown last where that is away."""
        try:
            return await self.suggestions.suggestion(call, suggestion_id)
        except UpstreamRefusedError:
            raise
        except UpstreamError:
            shown = await self.last_shown(call, suggestion_id)
            if shown is None:
                raise
            return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandReason:
    """Refuse a decision without the reason that its category demands, before its key counts.

    The dispatch demands it again, for who could not be asked about the category here.

    Raises:
        Refusal: VALIDATION_FAILED.
        StoreUnavailableError: Postgres is away.
    """

    deciding: DecideSuggestion

    def wanted(self, request: MutationRequest) -> bool:
        """Whether there is anything to look up: no category demands a reason of who follows the advice."""
        body = request.body
        return isinstance(body, Decide) and body.reason is None and Decision(body.decision) is not Decision.ACCEPT

    async def __call__(self, request: MutationRequest) -> None:
        call = request.call(request.operator.property_id, request.within(_LOOK_SECONDS))
        suggestion_id = request.resource_id or ""
        if await self.deciding.log.decision(call.tenant_id, suggestion_id) is not None:
            return
        try:
            suggestion = await self.deciding.suggestion(call, suggestion_id)
        except UpstreamError:
            # The dispatch meets it as well, and answers for it.
            return
        status = status_now(suggestion.status, suggestion.expires_at, self.deciding.clock())
        body = request.body
        assert isinstance(body, Decide)  # noqa: S101 - for the type checker: nothing else is wanted
        if status == SuggestionStatus.OPEN and reason_demanded(suggestion.category, Decision(body.decision)):
            raise _no_reason(suggestion.category)


def _no_reason(category: str) -> Refusal:
    place = FieldError("body.reason", "required", f"Who does not follow a {category} says why.")
    return Refusal(Code.VALIDATION_FAILED, "The category demands a reason.", errors=(place,))


def _refused(code: Code | ForeignCode) -> UpstreamRefusedError:
    """A refusal that is final for its key, in the form in which the services' own are."""
    return UpstreamRefusedError("ai-orchestrator-service", status=code.status, code=code.text, title=code.title)
