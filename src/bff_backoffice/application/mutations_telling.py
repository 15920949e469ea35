"""What the platform is told of forwarded mutations: an event a dispatch, written where its audit row is completed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bff_backoffice.application.mutations_ports import AuditEntry, AuditOutcome
from bff_backoffice.application.mutations_table import Ledger, Mutation
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.telemetry import Origin, Telemetry
from bff_backoffice.application.telemetry_payloads import LockActionProxied, MutationProxied, Payload
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.operator import PropertyId

__all__ = ["Ended", "TellMutation", "TellOfMutation", "tell_nobody"]

_OWN_WORDS: Final = frozenset({Source.OWN, Source.AI_ORCHESTRATOR, Source.NOTIFICATION})
"""Acts that end in our own books have events of their own, in the transaction of their line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a dispatch ended. `property_id` is that of the key's first claim, `status` the upstream's if it answered."""

    mutation: Mutation
    audit: AuditEntry
    property_id: PropertyId
    outcome: AuditOutcome
    status: int | None
    attested: bool
    traceparent: str


TellMutation = Callable[[Ended], Message | None]
"""Returns what the platform is told of a dispatch, or None."""


def tell_nobody(_ended: Ended) -> Message | None:
    """Nobody is told where nobody listens."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellOfMutation:
    """Makes the event of a dispatch. What was never sent was not proxied, and is not told."""

    telemetry: Telemetry

    def __call__(self, ended: Ended) -> Message | None:
        audit, operator = ended.audit, ended.audit.operator
        if ended.outcome is AuditOutcome.NOT_SENT or ended.mutation.upstream in _OWN_WORDS:
            return None
        origin = Origin.of(
            replace(operator, property_id=ended.property_id), request_id=audit.request_id, traceparent=ended.traceparent
        )
        return self.telemetry.message(origin, _payload(ended), event_id=f"evt_{audit.id.partition('_')[2]}")


def _payload(ended: Ended) -> Payload:
    audit = ended.audit
    if ended.mutation.ledger is Ledger.LOCKS:
        return LockActionProxied(
            audit_id=audit.id,
            action=audit.action,
            lock_id=audit.resource_id,
            outcome=ended.outcome.value,  # type: ignore[arg-type] # one of the three: the fourth is not told
            upstream_status=ended.status,
            attested=ended.attested,
        )
    return MutationProxied(
        audit_id=audit.id,
        action=audit.action,
        resource_id=audit.resource_id,
        outcome=ended.outcome.value,  # type: ignore[arg-type] # one of the three: the fourth is not told
        upstream_status=ended.status,
        attested=ended.attested,
    )
