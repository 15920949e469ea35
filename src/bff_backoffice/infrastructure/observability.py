"""Metrics and logs: constant event names, identifiers as fields, never contents."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from bff_backoffice.infrastructure.breaker import BreakerState
from bff_backoffice.infrastructure.http import CallOutcome, HedgeOutcome, LimitView
from bff_backoffice.infrastructure.job_metrics import JobMetrics
from bff_backoffice.infrastructure.live_metrics import LiveMetrics
from bff_backoffice.infrastructure.outbox_metrics import OutboxMetrics

__all__ = ["Metrics", "configure_logs"]

_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 2.5, 5.0)
_MOST_VERSIONS: Final = 100
_BREAKER: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


def configure_logs(*, level: str, text: bool) -> None:
    """Send one line an event to standard error, as JSON or for a terminal."""
    renderer = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _tasks() -> int:
    """How many tasks there are: what a request leaves behind shows here first. Outside a loop there are none."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0


class Metrics(OutboxMetrics):
    """Everything that is counted, and the events that are logged beside it.

    Meets the observer ports of presentation, of the upstream clients and of the composed reads. No label holds an
    identifier of a person or a thing; routes are templates.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        super().__init__(self.registry)
        ProcessCollector(registry=self.registry)
        Gauge("bff_backoffice_tasks", "Tasks of the event loop.", registry=self.registry).set_function(_tasks)
        self._log = structlog.get_logger()
        registry = self.registry
        self._requests = Counter(
            "bff_backoffice_request", "Requests answered.", ["route", "method", "status_class"], registry=registry
        )
        self._seconds = Histogram(
            "bff_backoffice_request_duration_seconds", "Until the last byte.", ["route", "method"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._inflight = Gauge("bff_backoffice_request_inflight", "Requests under way.", ["route"], registry=registry)
        self._counters_of_routes: dict[str, tuple[Gauge, dict[tuple[str, int], tuple[Counter, Histogram]]]] = {}
        self._errors = Counter("bff_backoffice_errors", "Refusals by code.", ["route", "error_code"], registry=registry)
        self._replays = Counter("bff_backoffice_dpop_replay_blocked", "Proofs that came twice.", registry=registry)
        self._calls = Counter(
            "bff_backoffice_upstream_call",
            "Calls to upstreams.",
            ["upstream", "operation", "outcome"],
            registry=registry,
        )
        self._call_seconds = Histogram(
            "bff_backoffice_upstream_duration_seconds", "Of calls to upstreams.", ["upstream"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._counters_of_calls: dict[tuple[str, str, CallOutcome], tuple[Counter, Histogram]] = {}
        self._retries = Counter("bff_backoffice_upstream_retry", "Second tries.", ["upstream"], registry=registry)
        self._reconnects = Counter(
            "bff_backoffice_upstream_reconnect", "Kept connections that were dead.", ["upstream"], registry=registry
        )
        self._breaker = Gauge(
            "bff_backoffice_circuit_breaker_state", "0 closed, 1 half open, 2 open.", ["upstream"], registry=registry
        )
        self._hedges = Counter(
            "bff_backoffice_upstream_hedge", "Second requests because the first was late, by what became of them.",
            ["upstream", "outcome"], registry=registry,
        )  # fmt: skip
        self._limit = Gauge(
            "bff_backoffice_upstream_limit", "Requests that may be under way at once.", ["upstream"], registry=registry
        )
        self._under_way = Gauge(
            "bff_backoffice_upstream_inflight", "Requests under way.", ["upstream"], registry=registry
        )
        self._waiting = Gauge(
            "bff_backoffice_upstream_waiting", "Requests that wait for a place.", ["upstream"], registry=registry
        )
        self._shed = Counter(
            "bff_backoffice_upstream_shed", "Calls not made because of the limit.", ["upstream"], registry=registry
        )
        self._cache_away = Counter(
            "bff_backoffice_cache_unavailable", "Cache operations that failed open.", ["operation"], registry=registry
        )
        self._log_away = Counter(
            "bff_backoffice_own_log_unavailable", "Inboxes shown without our own log.", ["inbox"], registry=registry
        )
        self._early = Counter(
            "bff_backoffice_early_refresh", "Loads begun before the freshness ended.", ["widget"], registry=registry
        )
        self._events = Counter(
            "bff_backoffice_platform_event", "Platform events by what became of them.", ["subject", "outcome"],
            registry=registry,
        )  # fmt: skip
        self._other_versions: set[str] = set()
        self.jobs = JobMetrics(registry)
        self.live = LiveMetrics(registry)
        self._heartbeats = Counter(
            "bff_backoffice_heartbeat", "Heartbeats by what became of writing them.", ["outcome"], registry=registry
        )

    def exposition(self) -> bytes:
        """The text of `/metrics`."""
        return generate_latest(self.registry)

    # Requests --------------------------------------------------------------------------------------------------------

    def began(self, route: str) -> None:
        """A request reached a route."""
        self._of_route(route)[0].inc()

    def _of_route(self, route: str) -> tuple[Gauge, dict[tuple[str, int], tuple[Counter, Histogram]]]:
        """A route's own counters: looking them up by their labels costs several times what counting does."""
        counters = self._counters_of_routes.get(route)
        if counters is None:
            counters = self._counters_of_routes[route] = (self._inflight.labels(route), {})
        return counters

    def ended(self, *, route: str, method: str, status: int, code: str, seconds: float, request_id: str) -> None:
        """A request was answered."""
        inflight, counters = self._of_route(route)
        if route != "unmatched":
            inflight.dec()
        kind = (method, status // 100)
        if kind not in counters:
            counters[kind] = (
                self._requests.labels(route, method, f"{kind[1]}xx"), self._seconds.labels(route, method),
            )  # fmt: skip
        requests, durations = counters[kind]
        requests.inc()
        durations.observe(seconds)
        if code:
            self._errors.labels(route, code).inc()
            if code.endswith("PROOF_REPLAYED"):
                self._replays.inc()
        self._log.info(
            "request", route=route, method=method, status=status, code=code or None, ms=round(seconds * 1000, 1),
            request_id=request_id,
        )  # fmt: skip

    def failed(self, failure: Exception, *, route: str, request_id: str) -> None:
        """Something that nobody foresaw was raised."""
        self._log.error("request_failed", route=route, request_id=request_id, exc_info=failure)

    # Upstreams -------------------------------------------------------------------------------------------------------

    def opened(self, upstream: str, limit: LimitView) -> None:
        """An upstream has a client: its breaker is closed, its limit is looked up whenever `/metrics` is read."""
        self._breaker.labels(upstream).set(_BREAKER[BreakerState.CLOSED])
        self._limit.labels(upstream).set_function(lambda: limit.limit)
        self._under_way.labels(upstream).set_function(lambda: limit.under_way)
        self._waiting.labels(upstream).set_function(lambda: limit.waiting)
        self._shed.labels(upstream)
        for outcome in HedgeOutcome:
            self._hedges.labels(upstream, outcome.value)

    def observed(self, upstream: str, operation: str, outcome: CallOutcome, seconds: float) -> None:
        """A call to an upstream ended."""
        if outcome is CallOutcome.SHED:
            self._shed.labels(upstream).inc()
        key = (upstream, operation, outcome)
        counters = self._counters_of_calls.get(key)
        if counters is None:
            # Finding a counter by its labels costs more than counting, and the labels' values are few.
            counters = self._calls.labels(upstream, operation, outcome.value), self._call_seconds.labels(upstream)
            self._counters_of_calls[key] = counters
        counters[0].inc()
        counters[1].observe(seconds)

    def retried(self, upstream: str, operation: str) -> None:
        """A call was tried again."""
        del operation
        self._retries.labels(upstream).inc()

    def hedged(self, upstream: str, operation: str, outcome: HedgeOutcome) -> None:
        """A second request was sent because the first was late."""
        del operation
        self._hedges.labels(upstream, outcome.value).inc()

    def reconnected(self, upstream: str, operation: str) -> None:
        """A kept connection turned out to be dead and was replaced."""
        del operation
        self._reconnects.labels(upstream).inc()

    def breaker_changed(self, upstream: str, state: BreakerState) -> None:
        """A circuit breaker opened, half-opened or closed."""
        self._breaker.labels(upstream).set(_BREAKER[state])
        self._log.warning("breaker_changed", upstream=upstream, state=state.value)

    # Composed reads --------------------------------------------------------------------------------------------------

    def cache_unavailable(self, operation: str) -> None:
        """The cache could not be asked; the read went on without it."""
        self._cache_away.labels(operation).inc()

    def log_unavailable(self, inbox: str) -> None:
        """Our own log could not be asked; the inbox was shown as its service has it."""
        self._log_away.labels(inbox).inc()

    def load_surprised(self, name: str, failure: Exception) -> None:
        """A loader raised what no gateway raises."""
        self._log.error("load_surprised", widget=name, exc_info=failure)

    def refreshed_early(self, name: str) -> None:
        """A widget is being loaded before its freshness ends."""
        self._early.labels(name).inc()

    # Platform events -------------------------------------------------------------------------------------------------

    def consumed(self, subject: str, outcome: str, *, published_at: datetime | None = None) -> None:
        """A platform event was handled (`done`), of no interest (`ignored`) or set aside (`parked`)."""
        del published_at
        self._events.labels(subject, outcome).inc()
        if outcome == "parked":
            self._log.error("event_parked", subject=subject)

    def other_version(self, subject: str, read: str) -> None:
        """A platform event was passed over, because another version of its subject is read (`other_version`)."""
        # Under the subject that is read: versions are as many as somebody else likes.
        self._events.labels(read, "other_version").inc()
        if subject not in self._other_versions and len(self._other_versions) < _MOST_VERSIONS:
            # Once a process: while versions overlap, as many come as there are events.
            self._other_versions.add(subject)
            self._log.warning("event_of_other_version", subject=subject, read=read)

    # Outbox and upkeep -----------------------------------------------------------------------------------------------

    def heartbeats(self, outcome: str, count: int) -> None:
        """Heartbeats were `written`, `put_off` because Postgres is away, or `lost`."""
        self._heartbeats.labels(outcome).inc(count)
