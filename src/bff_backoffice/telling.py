"""What others are told, put together: telemetry, and the relay of the outbox.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

import os
import socket

from bff_backoffice.application.event_bus import EventPublisher
from bff_backoffice.application.outbox_relay import OutboxObserver, RelayOutbox
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.suggestions_telling import KIND, TellDecision
from bff_backoffice.application.telemetry import Digests, Telemetry
from bff_backoffice.application.telemetry_buffer import TelemetryBuffer, TelemetryObserver
from bff_backoffice.application.telemetry_publishing import PublishTelemetry
from bff_backoffice.gateways import Gateways
from bff_backoffice.infrastructure.postgres.outbox import PostgresOutbox
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.settings import Settings

__all__ = ["open_telemetry", "relay_of", "telemetry_of"]


def telemetry_of(settings: Settings, *, clock: Clock) -> Telemetry:
    """Put together what makes events of this process."""
    secret = settings.telemetry_secret
    return Telemetry(
        clock=clock,
        instance=f"{socket.gethostname()}:{os.getpid()}",
        digests=Digests(None if secret is None else secret.get_secret_value().encode()),
        shares=settings.telemetry_sampling,
    )


def open_telemetry(
    settings: Settings, database: Database, observer: TelemetryObserver, *, clock: Clock
) -> TelemetryBuffer:
    """Put together what gathers events that belong to no transaction; enter it, and leave it before its store."""
    return TelemetryBuffer(telemetry_of(settings, clock=clock), PostgresOutbox(database), observer)


def relay_of(
    settings: Settings,
    gateways: Gateways,
    database: Database,
    bus: EventPublisher,
    observer: OutboxObserver,
    *,
    clock: Clock,
) -> RelayOutbox:
    """Put the telling together, for the worker."""
    return RelayOutbox(
        outbox=PostgresOutbox(database),
        tellers={KIND: TellDecision(orchestrator=gateways.ai_orchestrator)},
        publish=PublishTelemetry(bus=bus, clock=clock),
        observer=observer,
        dispatchers=settings.outbox_dispatchers,
    )
