"""How much an upstream may be asked again: a tenth of what it is asked anyway, and a trickle besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["RetryBudget"]

_RATIO: Final = 0.1
_LEAST_PER_SECOND: Final = 2.0
_CAPACITY: Final = 10.0


class RetryBudget:
    """A token bucket in front of the retries of one upstream.

    Every first attempt pays in a tenth of a token and every second two tokens, up to ten; a retry costs one. During a
    full outage the calls therefore grow by 10 % plus two a second, instead of doubling. `now` is a monotonic clock in
    seconds.
    """

    __slots__ = ("_asked_at", "_now", "_tokens")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens = _CAPACITY
        self._asked_at = now()

    def call_made(self) -> None:
        """A first attempt was made."""
        self._tokens = min(_CAPACITY, self._tokens + _RATIO)

    def allows_retry(self) -> bool:
        """Take a token where there is one, and say whether there was."""
        now = self._now()
        self._tokens = min(_CAPACITY, self._tokens + (now - self._asked_at) * _LEAST_PER_SECOND)
        self._asked_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
