"""What this service looks after by itself: each job with how often, how long things stay, how much a run does.

What is kept for how long, and why, is decided in docs/decisions/retention.md; docs/operations.md tells operators of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bff_backoffice.domain.sessions import SESSION_LIFETIME

__all__ = ["JOBS", "Job", "job_named"]

_HOUR: Final = timedelta(hours=1)
_NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row of the table. `what` is a sentence for operators.

    `keep` is how long things stay behind the moment that they are counted from, which each statement knows. A run works
    in transactions of at most `batch` rows and ends after `most`; the rest is the next run's.
    """

    name: str
    what: str
    every: timedelta
    keep: timedelta = _NOTHING
    batch: int = 500
    most: int = 50_000


JOBS: Final = (
    Job(
        name="activity-ledger",
        what="Prepares the next weeks of the operators' ledger and drops the weeks that ended 90 days ago.",
        every=_HOUR,
    ),
    Job(
        name="regulated-logs",
        what="Prepares the next years of decisions, acknowledgements and audits, and archives those over for 7 years.",
        every=6 * _HOUR,
    ),
    Job(
        name="idempotency-keys",
        what="Deletes keys with their answers after 7 days; a tombstone keeps each from being used again.",
        every=_HOUR,
        keep=timedelta(days=7),
    ),
    Job(
        name="spent-keys",
        what="Removes the tombstones of keys that were made 400 days ago; keys of that time are refused from then on.",
        every=6 * _HOUR,
        keep=timedelta(days=400),
    ),
    Job(
        name="idle-sessions",
        what="Closes sessions that nobody used for 12 hours: tells of their end and removes what is left of them.",
        every=timedelta(minutes=10),
        keep=SESSION_LIFETIME + timedelta(minutes=5),
    ),
    Job(
        name="preferences-mirror",
        what="Removes preferences that tenant-service was not asked for in 30 days.",
        every=_HOUR,
        keep=timedelta(days=30),
    ),
    Job(
        name="revoked-sessions",
        what="Removes the marks of ended sessions whose last token has expired.",
        every=_HOUR,
        keep=timedelta(minutes=5),
    ),
    Job(
        name="attestations",
        what="Removes second factors that expired 7 days ago, used or not.",
        every=_HOUR,
        keep=timedelta(days=7),
    ),
    Job(
        name="queue-hints",
        what="Removes hints of what devices had queued 7 days ago.",
        every=_HOUR,
        keep=timedelta(days=7),
    ),
    Job(
        name="sync-cursors",
        what="Removes copies of cursors that nobody asked sync-service about in 90 days.",
        every=6 * _HOUR,
        keep=timedelta(days=90),
    ),
    Job(
        name="event-inbox",
        what="Forgets which events were dealt with 35 days ago; no bus keeps one for longer than 31.",
        every=_HOUR,
        keep=timedelta(days=35),
    ),
    Job(
        name="parked-events",
        what="Removes events that were parked 90 days ago and that nobody replayed.",
        every=6 * _HOUR,
        keep=timedelta(days=90),
    ),
    Job(
        name="parked-messages",
        what="Removes outbox messages that were parked 90 days ago and that nobody looked at.",
        every=6 * _HOUR,
        keep=timedelta(days=90),
    ),
)


def job_named(name: str) -> Job | None:
    """Return the job of this name."""
    return next((job for job in JOBS if job.name == name), None)
