"""One circuit breaker per upstream: after five failures in a row it asks no more, and after a while it asks once.

The numbers are those of the platform's sibling backend-for-frontend (failure mode F-4 of bff-consumer-service): open
after five consecutive failures, one probe after four seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from bff_backoffice.application.ports import UpstreamUnavailableError

__all__ = ["BreakerObserver", "BreakerState", "CircuitBreaker", "Permit"]

CONSECUTIVE_FAILURES: Final = 5
COOLDOWN_SECONDS: Final = 4.0


class BreakerState(StrEnum):
    """`closed`: calls pass. `open`: none passes. `half_open`: one probe is under way and nothing else passes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerObserver(Protocol):
    """Hears of every change of state, once, at the moment it happens; must not raise and must not block."""

    def breaker_changed(self, upstream: str, state: BreakerState) -> None:
        """The breaker of `upstream` is in `state` from now on."""
        ...


class Permit:
    """The right to make one call, and the duty to say how it went. Only the first word counts.

    A permit that outlived the state it was given in is void: an answer to a call from before the breaker opened says
    nothing about the upstream now.
    """

    __slots__ = ("_breaker", "_generation", "_settled")

    def __init__(self, breaker: CircuitBreaker, generation: int) -> None:
        self._breaker = breaker
        self._generation = generation
        self._settled = False

    def succeeded(self) -> None:
        """The upstream answered as its contract says; a refusal is such an answer."""
        if self._first_word():
            self._breaker.record_success()

    def failed(self) -> None:
        """The upstream did not answer, answered too late, or answered with something else than its contract says."""
        if self._first_word():
            self._breaker.record_failure()

    def abandoned(self) -> None:
        """The caller went away before anything could be learnt. An abandoned probe makes room for the next one."""
        if self._first_word():
            self._breaker.record_nothing()

    def _first_word(self) -> bool:
        first = not self._settled
        self._settled = True
        return first and self._generation == self._breaker.generation


class CircuitBreaker:
    """The state machine. It belongs to one event loop; `now` is that loop's `time`, in seconds.

    With `enabled=False` every call passes, nothing is counted and the state stays `closed`.
    """

    def __init__(
        self,
        upstream: str,
        *,
        now: Callable[[], float],
        observer: BreakerObserver,
        enabled: bool = True,
        threshold: int = CONSECUTIVE_FAILURES,
        cooldown_seconds: float = COOLDOWN_SECONDS,
    ) -> None:
        self._upstream = upstream
        self._now = now
        self._observer = observer
        self._enabled = enabled
        self._threshold = threshold
        self._cooldown_seconds = cooldown_seconds
        self._failures = 0
        self._probe_at = 0.0
        self.state: BreakerState = BreakerState.CLOSED
        """Where the machine stands; read it for metrics, never write it."""
        self.generation = 0
        """Counts the changes of state, so that a permit knows whether its word still matters."""

    def admit(self) -> Permit:
        """Return the permit for one call.

        Raises:
            UpstreamUnavailableError: the breaker is open or its probe is under way; `breaker_open` is set and
                `retry_after` says in how many whole seconds, at least one, a new try makes sense.
        """
        if self._enabled and self.state is not BreakerState.CLOSED:
            left = self._probe_at - self._now()
            if self.state is BreakerState.HALF_OPEN or left > 0:
                raise UpstreamUnavailableError(
                    self._upstream,
                    "the circuit breaker is open",
                    retry_after=max(1, math.ceil(left)),
                    breaker_open=True,
                )
            self._enter(BreakerState.HALF_OPEN)
        return Permit(self, self.generation)

    def record_success(self) -> None:
        """Forget the failures; a successful probe closes the breaker. Called by the permit."""
        self._failures = 0
        if self.state is not BreakerState.CLOSED:
            self._enter(BreakerState.CLOSED)

    def record_failure(self) -> None:
        """Count one failure; the last straw, or a failed probe, opens the breaker. Called by the permit."""
        if not self._enabled:
            return
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN or self._failures >= self._threshold:
            self._probe_at = self._now() + self._cooldown_seconds
            self._enter(BreakerState.OPEN)

    def record_nothing(self) -> None:
        """Let the next caller probe at once where the probe was abandoned. Called by the permit."""
        if self.state is BreakerState.HALF_OPEN:
            self._enter(BreakerState.OPEN)

    def _enter(self, state: BreakerState) -> None:
        self.state = state
        self.generation += 1
        self._observer.breaker_changed(self._upstream, state)
