"""What the HTTP client tells of its calls, for whoever counts them."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from bff_backoffice.infrastructure.breaker import BreakerObserver, BreakerState

__all__ = ["CallOutcome", "NullUpstreamObserver", "UpstreamObserver"]


class CallOutcome(StrEnum):
    """How one attempt at one call ended. The set is closed, so that it can be a metric's label."""

    OK = "ok"
    REFUSED = "refused"
    """A 4xx in the service's own words; the upstream is well."""
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    BREAKER_OPEN = "breaker_open"
    """The attempt was not made."""
    ABANDONED = "abandoned"
    """The caller went away, or failed itself, before the upstream had its time."""


class UpstreamObserver(BreakerObserver, Protocol):
    """Counts calls. Its methods are called in the middle of a request: they must not raise and must not block."""

    def observed(self, upstream: str, operation: str, outcome: CallOutcome, seconds: float) -> None:
        """One attempt ended after so many seconds. Called once per attempt, a retry included."""
        ...

    def retried(self, upstream: str, operation: str) -> None:
        """The attempt just observed is followed by another one."""
        ...

    def reconnected(self, upstream: str, operation: str) -> None:
        """A kept connection turned out to be dead, and the request was sent again; not a retry, not a failure."""
        ...


class NullUpstreamObserver:
    """Counts nothing: for the command line and for tests that look elsewhere."""

    __slots__ = ()

    def breaker_changed(self, upstream: str, state: BreakerState) -> None:
        """Do nothing."""

    def observed(self, upstream: str, operation: str, outcome: CallOutcome, seconds: float) -> None:
        """Do nothing."""

    def retried(self, upstream: str, operation: str) -> None:
        """Do nothing."""

    def reconnected(self, upstream: str, operation: str) -> None:
        """Do nothing."""
