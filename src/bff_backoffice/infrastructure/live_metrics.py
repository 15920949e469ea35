"""What is counted of live streams and of what they are told."""

from __future__ import annotations

from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bff_backoffice.domain.live_events import EndReason

__all__ = ["LiveMetrics"]

_SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0)


class LiveMetrics:
    """Meets the observer port of the live events."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = structlog.get_logger()
        self._open = Gauge("bff_backoffice_live_streams", "Live streams that are open.", registry=registry)
        self._ended = Counter(
            "bff_backoffice_live_stream_ended", "Live streams by why they ended.", ["reason"], registry=registry
        )
        self._delivered = Counter(
            "bff_backoffice_live_event_delivered", "Live events, once for each who heard them.", registry=registry
        )
        self._lag = Histogram(
            "bff_backoffice_live_lag_seconds",
            "From an event's place in the log until it was handed out here.",
            buckets=_SECONDS,
            registry=registry,
        )
        for reason in EndReason:
            self._ended.labels(reason.value)

    def stream_opened(self) -> None:
        """A stream began."""
        self._open.inc()

    def stream_ended(self, reason: EndReason | None) -> None:
        """It ended."""
        self._open.dec()
        self._ended.labels("client_gone" if reason is None else reason.value).inc()

    def surprised(self, failure: Exception) -> None:
        """Something that nobody foresaw was raised."""
        self._log.error("live_events_surprised", exc_info=failure)

    def delivered(self, listeners: int, lag_seconds: float) -> None:
        """An event was handed out."""
        self._delivered.inc(listeners)
        self._lag.observe(lag_seconds)
