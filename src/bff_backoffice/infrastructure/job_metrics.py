"""What is counted of the scheduled jobs, and the line that each run leaves in the log."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from bff_backoffice.application.jobs import JobState
from bff_backoffice.domain.sessions import BackofficeSession

__all__ = ["JobMetrics"]


class JobMetrics:
    """Meets the observer's port of the scheduler. Labels are names of jobs, of which there are few."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._log = structlog.get_logger()
        self._jobs = Counter(
            "bff_backoffice_job_run", "Runs of scheduled jobs by how they ended.", ["job", "outcome"], registry=registry
        )
        self._job_rows = Counter(
            "bff_backoffice_job_rows", "Things that scheduled jobs made or removed.", ["job"], registry=registry
        )
        self._job_success = Gauge(
            "bff_backoffice_job_last_success_timestamp_seconds", "When the job last succeeded, on whatever worker.",
            ["job"], registry=registry,
        )  # fmt: skip
        self._job_due = Gauge(
            "bff_backoffice_job_due_timestamp_seconds", "When the job should run next; in the past: since when.",
            ["job"], registry=registry,
        )  # fmt: skip

    def job_ran(self, name: str, *, outcome: str, rows: int, seconds: float) -> None:
        """A run of a scheduled job is `done`, `unfinished` or `failed`."""
        self._jobs.labels(name, outcome).inc()
        self._job_rows.labels(name).inc(rows)
        log = self._log.error if outcome == "failed" else self._log.info
        log("job_ran", job=name, outcome=outcome, rows=rows, ms=round(seconds * 1000, 1))

    async def session_lapsed(self, session: BackofficeSession) -> None:
        """A session ended because nobody used it."""
        self._log.info("session_lapsed", session_id=session.id, device_id=session.device_id)

    def job_states(self, states: Sequence[JobState]) -> None:
        """How the jobs stand, whoever ran them."""
        for state in states:
            self._job_due.labels(state.name).set(state.due_at.timestamp())
            if state.succeeded_at is not None:
                self._job_success.labels(state.name).set(state.succeeded_at.timestamp())
