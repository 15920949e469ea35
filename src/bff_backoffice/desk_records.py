"""Decisions, acknowledgements and clicks, put together.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bff_backoffice.application.activity import RecordActivity
from bff_backoffice.application.alerts_acknowledging import AcknowledgeAlert
from bff_backoffice.application.mutations_ports import Forwarded, Forwarder, ForwardOrder
from bff_backoffice.application.ports import CallContext, Clock
from bff_backoffice.application.suggestions import ListSuggestions
from bff_backoffice.application.suggestions_deciding import DecideSuggestion
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.gateways import Gateways
from bff_backoffice.infrastructure.postgres.activity import PostgresActivityLedger
from bff_backoffice.infrastructure.postgres.alert_acknowledgements import PostgresAlertAcknowledgements
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.suggestion_decisions import PostgresSuggestionDecisions

__all__ = ["recorders_of"]


@dataclass(frozen=True, slots=True)
class _ByAct:
    """This service's own acts: each has its own that carries it out."""

    acts: Mapping[str, Forwarder]
    others: Forwarder | None

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Let the act's own carry it out."""
        known = self.acts.get(order.mutation.name, self.others)
        if known is None:
            raise RuntimeError("nobody carries this act out")
        return await known.forward(call, order)


def recorders_of(
    gateways: Gateways,
    database: Database,
    inbox: ListSuggestions,
    *,
    others: Mapping[Source, Forwarder],
    telemetry: Telemetry,
    clock: Clock,
) -> Mapping[Source, Forwarder]:
    """Put together what writes our own lines, beside the `others` that carry acts out for themselves."""
    activity = RecordActivity(ledger=PostgresActivityLedger(database), telemetry=telemetry)
    return {
        **others,
        Source.NOTIFICATION: AcknowledgeAlert(
            service=gateways.notification, log=PostgresAlertAcknowledgements(database), telemetry=telemetry
        ),
        Source.AI_ORCHESTRATOR: DecideSuggestion(
            suggestions=gateways.ai_orchestrator,
            last_shown=inbox.last_shown,
            log=PostgresSuggestionDecisions(database),
            telemetry=telemetry,
            clock=clock,
        ),
        Source.OWN: _ByAct({"record_activity": activity}, others.get(Source.OWN)),
    }
