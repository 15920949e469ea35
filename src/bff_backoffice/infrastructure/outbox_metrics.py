"""What is counted of telling others: the outbox, its relay, and telemetry on its way there."""

from __future__ import annotations

from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bff_backoffice.application.outbox import Backlog

__all__ = ["OutboxMetrics"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)


class OutboxMetrics:
    """A part of a process's metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._outbox_log: Any = structlog.get_logger()
        self._told = Counter(
            "bff_backoffice_outbox_message", "Messages by what became of telling them.", ["kind", "outcome"],
            registry=registry,
        )  # fmt: skip
        self._published = Histogram(
            "bff_backoffice_outbox_published_seconds", "From writing an event to its publication.",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._depth = Gauge("bff_backoffice_outbox_depth", "Messages that wait to be told.", registry=registry)
        self._lag = Gauge("bff_backoffice_outbox_lag_seconds", "How long the oldest has waited.", registry=registry)
        self._parked = Gauge("bff_backoffice_outbox_parked", "Messages that nobody can tell.", registry=registry)
        self._dropped = Counter(
            "bff_backoffice_telemetry_dropped", "Events that the buffer had no place for.", ["subject"],
            registry=registry,
        )  # fmt: skip
        self._counters_of_messages: dict[tuple[str, str], Counter] = {}

    def told(self, kind: str, outcome: str) -> None:
        """A message was `heard`, is to be told `again`, or was `parked`."""
        counter = self._counters_of_messages.get((kind, outcome))
        if counter is None:
            counter = self._counters_of_messages[kind, outcome] = self._told.labels(kind, outcome)
        counter.inc()
        if outcome == "parked":
            self._outbox_log.error("message_parked", kind=kind)

    def published(self, seconds: float) -> None:
        """An event was published, so long after it was written."""
        self._published.observe(seconds)

    def backlog(self, backlog: Backlog) -> None:
        """What waits in the outbox now."""
        self._depth.set(backlog.depth)
        self._lag.set(backlog.lag_seconds)
        self._parked.set(backlog.parked)

    def telling_surprised(self, kind: str, failure: Exception) -> None:
        """A teller raised what none may raise."""
        self._outbox_log.error("telling_surprised", kind=kind, exc_info=failure)

    def telemetry_dropped(self, subject: str) -> None:
        """An event had no place in the buffer."""
        self._dropped.labels(subject).inc()

    def telemetry_surprised(self, failure: Exception) -> None:
        """Events could not be written for a reason that nobody foresaw, and are dropped."""
        self._outbox_log.error("telemetry_surprised", exc_info=failure)
