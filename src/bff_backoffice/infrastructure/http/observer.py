"""What the HTTP client tells of its calls, for whoever counts them."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from bff_backoffice.infrastructure.breaker import BreakerObserver, BreakerState

__all__ = ["CallOutcome", "HedgeOutcome", "LimitView", "NullUpstreamObserver", "UpstreamObserver"]


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
    SHED = "shed"
    """Nor was this one: the upstream had as many requests under way as it can take."""
    ABANDONED = "abandoned"
    """The caller went away, or failed itself, before the upstream had its time."""


class HedgeOutcome(StrEnum):
    """What became of a second request that was sent because the first was late."""

    WON = "won"
    """It was answered first."""
    LOST = "lost"
    """The first was answered after all, or the caller left; this one was cancelled."""
    FAILED = "failed"


class LimitView(Protocol):
    """An upstream's concurrency limit, to be looked at whenever somebody wants to know."""

    @property
    def limit(self) -> int:
        """How many requests may be under way at once."""
        ...

    @property
    def under_way(self) -> int:
        """How many are."""
        ...

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        ...


class UpstreamObserver(BreakerObserver, Protocol):
    """Counts calls. Its methods are called in the middle of a request: they must not raise and must not block."""

    def opened(self, upstream: str, limit: LimitView) -> None:
        """There is a client for this upstream from now on, its breaker closed and its limit there to be looked at."""
        ...

    def observed(self, upstream: str, operation: str, outcome: CallOutcome, seconds: float) -> None:
        """One attempt ended after so many seconds. Called once per attempt, a retry included."""
        ...

    def retried(self, upstream: str, operation: str) -> None:
        """The attempt just observed is followed by another one."""
        ...

    def hedged(self, upstream: str, operation: str, outcome: HedgeOutcome) -> None:
        """A second request was sent because the first was late, and ended so. It is not observed beside that."""
        ...

    def reconnected(self, upstream: str, operation: str) -> None:
        """A kept connection turned out to be dead, and the request was sent again; not a retry, not a failure."""
        ...


class NullUpstreamObserver:
    """Counts nothing: for the command line and for tests that look elsewhere."""

    __slots__ = ()

    def opened(self, upstream: str, limit: LimitView) -> None:
        """Do nothing."""

    def breaker_changed(self, upstream: str, state: BreakerState) -> None:
        """Do nothing."""

    def observed(self, upstream: str, operation: str, outcome: CallOutcome, seconds: float) -> None:
        """Do nothing."""

    def retried(self, upstream: str, operation: str) -> None:
        """Do nothing."""

    def hedged(self, upstream: str, operation: str, outcome: HedgeOutcome) -> None:
        """Do nothing."""

    def reconnected(self, upstream: str, operation: str) -> None:
        """Do nothing."""
