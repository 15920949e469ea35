"""The two inboxes, put together: a gateway, a mirror in the cache, our own log.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bff_backoffice.application.alerts import ListAlerts
from bff_backoffice.application.alerts_inbox import AlertInbox
from bff_backoffice.application.inboxes import MIRROR_KEPT_MS, LogObserver, Mirror, MirroredInbox
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.projections import Freshness
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.suggestions import ListSuggestions
from bff_backoffice.application.suggestions_inbox import SuggestionInbox
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.gateways import Gateways
from bff_backoffice.infrastructure.postgres.alert_acknowledgements import PostgresAlertAcknowledgements
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.suggestion_decisions import PostgresSuggestionDecisions

__all__ = ["Inboxes", "inboxes_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inboxes:
    """What can be done with the inboxes."""

    list_suggestions: ListSuggestions
    list_alerts: ListAlerts


def inboxes_of(
    gateways: Gateways,
    database: Database,
    *,
    read_through: Callable[..., ReadThrough],
    clock: Clock,
    observer: LogObserver,
) -> Inboxes:
    """Put the inboxes together. `read_through` makes a `ReadThrough` for a `freshness`."""
    # Nothing in a mirror is fresh: it is shown only when asking has failed.
    reads = read_through(freshness=Freshness(fresh_ms=0, fallback_fresh_ms=0, kept_ms=MIRROR_KEPT_MS))
    return Inboxes(
        list_suggestions=ListSuggestions(
            inbox=MirroredInbox(
                mirror=Mirror(
                    name="inbox-1-suggestions",
                    source=Source.AI_ORCHESTRATOR,
                    load=gateways.ai_orchestrator.inbox,
                    decoder=msgspec.json.Decoder(SuggestionInbox),
                ),
                reads=reads, clock=clock, observer=observer,
            ),
            decisions=PostgresSuggestionDecisions(database),
        ),
        list_alerts=ListAlerts(
            inbox=MirroredInbox(
                mirror=Mirror(
                    name="inbox-1-alerts",
                    source=Source.NOTIFICATION,
                    load=gateways.notification.inbox,
                    decoder=msgspec.json.Decoder(AlertInbox),
                ),
                reads=reads, clock=clock, observer=observer,
            ),
            acknowledgements=PostgresAlertAcknowledgements(database),
        ),
    )  # fmt: skip
