"""How many requests an upstream can have at once before they begin to wait for each other there.

The estimate is that of TCP Vegas (Brakmo and Peterson, 1995; Netflix's concurrency-limits brought it to services):
of n requests under way, n x (1 - unhurried latency / present latency) are waiting in the upstream's queue. The limit
grows while there is no queue and shrinks by half of what there is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

__all__ = ["ConcurrencyLimit"]

FLOOR: Final = 16
"""Four dashboards' reads of the upstream that is asked most. With no more than this under way latencies count as
unhurried: an upstream that can't take so many has a breaker to protect it."""
INITIAL: Final = 50
CEILING: Final = 100
"""As many as there are connections to an upstream."""
_WINDOW: Final = 64
_WINDOW_S: Final = 1.0
_LEAST_IN_WINDOW: Final = 16
_BASELINE_S: Final = 5.0
_NO_QUEUE: Final = 1.0
_QUEUE: Final = 2.0
_JITTER: Final = 1.05
_JITTER_S: Final = 0.001
"""What is a twentieth and a millisecond above the best is weather, not a queue."""


class _Operation:
    """One operation's latencies in seconds: the window that is being filled, and the unhurried latency.

    A window counts by its lower quartile: a queue in the upstream delays every request, a busy moment of this process
    or a slow tail only some. The unhurried latency is the smallest of these. It is forgotten after a while, but only
    for one that was taken with few requests under way: otherwise a long overload would become the new normal.
    """

    __slots__ = ("_renewed_at", "_since", "_window", "new", "old")

    def __init__(self, now: float) -> None:
        self.old = self.new = math.inf
        self._renewed_at = self._since = now
        self._window: list[float] = []

    @property
    def unhurried(self) -> float:
        return min(self.old, self.new)

    def add(self, seconds: float, now: float) -> float | None:
        """Return the lower quartile of the window if this completes it."""
        window = self._window
        window.append(seconds)
        if len(window) < _WINDOW and (len(window) < _LEAST_IN_WINDOW or now - self._since < _WINDOW_S):
            return None
        window.sort()
        quartile = window[len(window) // 4]
        self._window = []
        self._since = now
        return quartile

    def learn(self, latency: float, now: float, *, quiet: bool) -> None:
        if not (quiet or latency < self.unhurried):
            return
        self.new = min(self.new, latency)
        if now - self._renewed_at >= _BASELINE_S:
            self.old, self.new = self.new, math.inf
            self._renewed_at = now


class ConcurrencyLimit:
    """The limit of one upstream. `now` is a monotonic clock in seconds."""

    __slots__ = ("_busiest", "_now", "_operations", "_sent", "_sent_among", "_value", "ceiling", "floor")

    def __init__(
        self, now: Callable[[], float], *, floor: int = FLOOR, initial: int = INITIAL, ceiling: int = CEILING
    ) -> None:
        self._now = now
        self.floor = floor
        self.ceiling = ceiling
        self._value = float(initial)
        self._busiest = self._sent = self._sent_among = 0
        self._operations: dict[str, _Operation] = {}

    @property
    def value(self) -> int:
        """How many requests may be under way, from `floor` to `ceiling`."""
        return int(self._value)

    def took(self, operation: str, seconds: float, *, under_way: int, answered: bool) -> None:
        """A request that set out as one of `under_way` was answered after so long, or given up after so long.

        A failure that came quickly is neither: it says nothing about how busy the upstream is.
        """
        now = self._now()
        known = self._operations.get(operation)
        if known is None:
            known = self._operations[operation] = _Operation(now)
        if not answered and not seconds > known.unhurried:
            return
        self._sent += 1
        self._sent_among += under_way
        self._busiest = max(self._busiest, under_way)
        latency = known.add(seconds, now)
        if latency is None:
            return
        usual = self._sent_among / self._sent
        busiest, self._busiest = self._busiest, 0
        self._sent = self._sent_among = 0
        known.learn(latency, now, quiet=busiest <= self.floor)
        allowed = known.unhurried * _JITTER + _JITTER_S
        self._adapt(usual * (1.0 - allowed / latency) if latency > allowed else 0.0, busiest)

    def _adapt(self, queue: float, busiest: int) -> None:
        if queue > _QUEUE:
            self._value = max(float(self.floor), self._value - (queue - _NO_QUEUE) / 2)
        elif queue < _NO_QUEUE and 2 * busiest >= self._value:
            # A limit that nobody comes near has not been tried, and must not grow beyond what was.
            self._value = min(float(self.ceiling), self._value + 1.0)
