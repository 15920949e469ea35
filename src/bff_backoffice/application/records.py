"""Acts that end in this service's own books: decisions, acknowledgements, clicks (contract, sections 2.1 and 10).

They are carried out as everything else that an operator changes, once for their key and audited; what carries them out
writes a line of ours, and asks another service only where that is the authority.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

import msgspec
from ulid import ULID

from bff_backoffice.application import records_bodies as bodies
from bff_backoffice.application import views
from bff_backoffice.application.mutations_bodies import Act
from bff_backoffice.application.mutations_ports import ForwardOrder
from bff_backoffice.application.mutations_table import Mutation
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.telemetry import Origin, leading_role
from bff_backoffice.domain import alerts, suggestions
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code, FieldError
from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.domain.resource_ids import AlertId, SuggestionId

__all__ = ["RECORDS", "AcceptedActivity", "Acknowledged", "Decided", "identifier_of", "origin_of"]

_EARLIEST_YEAR: Final = 2000
_LATEST_YEAR: Final = 2199
"""A clock may be wrong; beyond these years it is none."""
_LONGEST_DETAIL: Final = 4096
"""In bytes of JSON: a ledger of clicks is no place for documents."""


class Decided(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A decision as it was written down: `id` is a `sdl_`."""

    id: str
    suggestion_id: str
    decision: str
    decided_at: datetime


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An acknowledgement as it was written down: `id` is an `ali_`."""

    id: str
    alert_id: str
    acknowledged_at: datetime


class AcceptedActivity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many events are in the ledger now because of this batch."""

    accepted: int


def identifier_of(order: ForwardOrder, prefix: str, number: int = 0) -> str:
    """Return the identifier of a line that is written for this order: the same at every try of its key.

    Its time is that of the key's first claim; what makes it unique comes from the key.
    """
    drawn = hashlib.sha256(order.upstream_key + number.to_bytes(4, "big")).digest()[:10]
    moment = int(order.occurred_at.timestamp() * 1000).to_bytes(6, "big")
    return f"{prefix}_{ULID(moment + drawn)}"


def origin_of(call: CallContext, order: ForwardOrder) -> Origin:
    """Return who does this, where, for what the platform is told of it."""
    return Origin(
        tenant_id=call.tenant_id,
        device_id=call.device_id,
        operator_id=call.operator_id,
        session_id=order.session_id,
        property_id=call.property_id,
        role=leading_role(call.roles),
        locale=call.locale,
        app_version=order.app_version,
        app_platform=order.app_platform,
        network_profile=order.network_profile,
        request_id=call.request_id,
        traceparent=call.traceparent,
    )


def _decision_wrong(body: Act) -> tuple[FieldError, ...]:
    if not isinstance(body, bodies.Decide):
        return ()
    if body.decision == "modify" and not body.delta:
        return (FieldError("body.delta", "required", "A modification says what was changed."),)
    if body.decision != "modify" and body.delta is not None:
        return (FieldError("body.delta", "unexpected", "Only a modification changes anything."),)
    return ()


def _activity_wrong(body: Act) -> tuple[FieldError, ...]:
    if not isinstance(body, bodies.ActivityBatch):
        return ()
    wrong: list[FieldError] = []
    for number, event in enumerate(body.events):
        place = f"body.events[{number}]"
        if not _EARLIEST_YEAR <= event.occurred_at.year <= _LATEST_YEAR:
            wrong.append(FieldError(f"{place}.occurredAt", "invalid", "No clock of a device shows this year."))
        if event.detail is not None and len(msgspec.json.encode(event.detail)) > _LONGEST_DETAIL:
            wrong.append(FieldError(f"{place}.detail", "too_long", f"At most {_LONGEST_DETAIL} bytes."))
    return tuple(wrong)


RECORDS: Final = (
    Mutation(
        name="decide_suggestion", method="POST", path="/ai/suggestions/{id}/decide",
        summary="Accept, modify or reject a suggestion", upstream=Source.AI_ORCHESTRATOR, roles=suggestions.ROLES,
        body=bodies.Decide, stale=views.SUGGESTIONS,
        kind=SuggestionId, echo=None, answer=Decided, refusals=(Code.SUGGESTION_ALREADY_DECIDED,),
        wrong=_decision_wrong,
    ),
    Mutation(
        name="acknowledge_alert", method="POST", path="/alerts/{id}/acknowledge", summary="Take care of an alert",
        upstream=Source.NOTIFICATION, roles=alerts.ROLES, body=bodies.WithNote,
        stale=views.ALERTS, kind=AlertId, echo="id",
        answer=Acknowledged, refusals=(Code.ALERT_ALREADY_ACKNOWLEDGED,),
    ),
    Mutation(
        name="record_activity", method="POST", path="/activity", summary="Tell what the operator did at the desktop",
        upstream=Source.OWN, roles=frozenset(OperatorRole), body=bodies.ActivityBatch, stale=views.NOTHING, kind=None,
        echo=None, status=202, answer=AcceptedActivity, wrong=_activity_wrong,
    ),
)  # fmt: skip
