"""ai-orchestrator-service: suggestions, which are advice: nothing happens before a person decides, and only once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from platform_sim.acting import acting_operator, occurred_at
from platform_sim.dialect import Dialect, Refused
from platform_sim.ids import fresh_id
from platform_sim.kernel import Answer, Call, Route, Service, instant
from platform_sim.paging import keyset_page
from platform_sim.world.entities import Suggestion

__all__ = ["SERVICE"]

_LIFE: Final = timedelta(hours=72)
"""A suggestion that nobody decided about in three days is out of date."""
_STATUSES: Final = frozenset({"open", "decided", "expired"})
_DECISIONS: Final = frozenset({"accept", "modify", "reject"})
_DEFAULT_PAGE: Final = 50
_LARGEST_PAGE: Final = 100


def list_suggestions(call: Call) -> Answer:
    """`GET /suggestions?status=&category=&cursor=&limit=`: the inbox of a property, newest first."""
    every = call.world.suggestions_of(call.property_id)
    status, categories = call.query.get("status"), call.query.get("category")
    if status is not None and status not in _STATUSES:
        raise call.invalid("status", f"of {', '.join(sorted(_STATUSES))}")
    wanted = None if categories is None else frozenset(categories.split(","))
    rows = [
        suggestion
        for suggestion in every
        if status in {None, _status(call, suggestion)} and (wanted is None or suggestion.category in wanted)
    ]
    shown, following = keyset_page(call, rows, _newest_first, default=_DEFAULT_PAGE, maximum=_LARGEST_PAGE)
    return Answer(
        body={
            "items": [_suggestion(call, suggestion) for suggestion in shown],
            "nextCursor": following,
            "hasMore": following is not None,
            "open": sum(_status(call, suggestion) == "open" for suggestion in every),
        }
    )


def read_suggestion(call: Call) -> Answer:
    """`GET /suggestions/{id}`: one suggestion."""
    return Answer(body=_suggestion(call, _own(call)))


def make_suggestion(call: Call) -> Answer:
    """`POST /suggestions`: a capability of the orchestrator, or a drill, puts a suggestion into a property's inbox."""
    made = Suggestion(
        id=fresh_id("sug"),
        tenant_id=call.tenant_id,
        property_id=call.property_id,
        category=call.text("category", maximum=64),
        title=call.text("title", maximum=200),
        summary=call.text("summary", maximum=2000),
        confidence=_confidence(call),
        created_at=call.now,
        subject={str(name): str(value) for name, value in _members(call, "subject").items()},
        proposal=_members(call, "proposal"),
        provenance=_members(call, "provenance"),
    )
    call.world.suggestions[made.id] = made
    call.world.changed(made.property_id)
    call.effect("suggestion.created", made.id)
    call.publish(
        "ai_orchestrator.suggestion.created.v1",
        {
            "suggestionId": made.id,
            "propertyId": made.property_id,
            "category": made.category,
            "title": made.title,
            "confidence": made.confidence,
        },
        key=f"{made.tenant_id}:{made.id}",
    )
    return Answer(status=201, body=_suggestion(call, made))


def decide(call: Call) -> Answer:
    """`POST /suggestions/{id}/decide`: accept, modify or reject it; a decision is written once and never changed."""
    operator, decision = acting_operator(call), call.text("decision")
    if decision not in _DECISIONS:
        raise call.invalid("decision", "accept, modify or reject")
    reason = call.optional_text("reason", maximum=1000)
    delta = None if call.body.get("delta") is None else _members(call, "delta")
    if decision == "modify" and not delta:
        raise call.invalid("delta", "required to modify")
    suggestion = _own(call)
    _check_undecided(call, suggestion)
    suggestion.decision = {
        "decision": decision,
        "reason": reason,
        "delta": delta,
        "decidedBy": operator.id,
        "decidedAt": instant(max(occurred_at(call), suggestion.created_at)),
    }
    suggestion.status = "decided"
    call.world.changed(suggestion.property_id)
    call.effect("suggestion.decided", suggestion.id)
    call.publish(
        "ai_orchestrator.hitl.gate_decided.v1",
        {
            "suggestionId": suggestion.id,
            "propertyId": suggestion.property_id,
            "category": suggestion.category,
            "decision": decision,
            "decidedBy": operator.id,
            "decidedAt": suggestion.decision["decidedAt"],
        },
        key=f"{suggestion.tenant_id}:{suggestion.id}",
    )
    return Answer(body={"suggestionId": suggestion.id, "status": "decided", **suggestion.decision})


def _own(call: Call) -> Suggestion:
    return call.own(call.world.suggestions.get(call.params["id"]), "suggestion")


def _check_undecided(call: Call, suggestion: Suggestion) -> None:
    status = _status(call, suggestion)
    if status == "decided":
        raise Refused(
            409,
            "MELMASTOON.AI.SUGGESTION_ALREADY_DECIDED",
            "somebody has decided about the suggestion already",
            context={"decision": suggestion.decision},
        )
    if status == "expired":
        raise call.conflict("SUGGESTION_EXPIRED", "the suggestion is out of date")


def _status(call: Call, suggestion: Suggestion) -> str:
    """What the status is now: an open one expires by itself."""
    out_of_date = suggestion.status == "open" and suggestion.created_at + _LIFE <= call.now
    return "expired" if out_of_date else suggestion.status


def _members(call: Call, name: str) -> dict[str, object]:
    value = call.body.get(name)
    if not isinstance(value, Mapping):
        raise call.invalid(name, "an object")
    return {str(member): content for member, content in value.items()}


def _confidence(call: Call) -> float:
    value = call.body.get("confidence")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise call.invalid("confidence", "0..1")
    return float(value)


def _newest_first(suggestion: Suggestion) -> tuple[int | str, ...]:
    return (-round(suggestion.created_at.timestamp() * 1000), suggestion.id)


def _suggestion(call: Call, suggestion: Suggestion) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": suggestion.id,
        "category": suggestion.category,
        "title": suggestion.title,
        "summary": suggestion.summary,
        "confidence": suggestion.confidence,
        "status": _status(call, suggestion),
        "createdAt": instant(suggestion.created_at),
        "expiresAt": instant(suggestion.created_at + _LIFE),
        "propertyId": suggestion.property_id,
        "subject": suggestion.subject,
        "proposal": suggestion.proposal,
        "provenance": suggestion.provenance,
    }
    return shown if suggestion.decision is None else shown | {"decision": suggestion.decision}


_ROOT: Final = "/api/v1/ai/suggestions"

SERVICE: Final = Service(
    name="ai-orchestrator-service",
    dialect=Dialect(domain="AI", property_place="query", key_format="ulid", error_extras=("violations", "context")),
    routes=(
        Route(method="GET", path=_ROOT, handler=list_suggestions, property="required"),
        Route(method="POST", path=_ROOT, handler=make_suggestion, property="required", idempotency="required"),
        Route(method="GET", path=f"{_ROOT}/{{id}}", handler=read_suggestion, property="accepted"),
        Route(
            method="POST",
            path=f"{_ROOT}/{{id}}/decide",
            handler=decide,
            property="accepted",
            idempotency="required",
        ),
    ),
)
