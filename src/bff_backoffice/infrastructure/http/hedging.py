"""When a read is so late that asking a second time is worth it, and how often that may happen.

A hedged request (Dean and Barroso, "The Tail at Scale", CACM 2013) helps against the odd slow answer: a garbage
collection, a lost packet, a cold replica. Against an upstream that is slow altogether it would only do harm, so it is
late that counts relative to the upstream's own recent answers, and the extra calls have a budget.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import Final

__all__ = ["Hedging", "RecentLatencies"]

_REMEMBERED: Final = 256
"""Twelve answers are above the 95th percentile of so many: enough to know it, few enough to follow a change."""
_LEAST_KNOWN: Final = 64
_BODY: Final = 0.95
_PATIENCE: Final = 1.5
"""How much longer than the 95th percentile is late. At the percentile itself one call in twenty would be, most of them
by nothing but jitter, and would use up the budget that the real stragglers need."""
_RATIO: Final = 0.02
_CAPACITY: Final = 5.0
_SHORTEST_DELAY_S: Final = 0.001
"""Timers are no finer, and an upstream that answers sooner than this needs no help."""


class RecentLatencies:
    """The latest latencies of one operation in seconds, in order of size too, so that a quantile is a look-up."""

    __slots__ = ("_by_age", "_by_size")

    def __init__(self) -> None:
        self._by_age: deque[float] = deque()
        self._by_size: list[float] = []

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._by_size)

    def add(self, seconds: float) -> None:
        """Remember one more, and forget the oldest where there are too many."""
        if len(self._by_age) == _REMEMBERED:
            del self._by_size[bisect_left(self._by_size, self._by_age.popleft())]
        self._by_age.append(seconds)
        insort(self._by_size, seconds)

    def quantile(self, share: float) -> float:
        """Return the smallest latency that at least this share of the remembered ones does not exceed."""
        return self._by_size[min(len(self._by_size) - 1, int(share * len(self._by_size)))]


class Hedging:
    """The hedges of one upstream: when each operation's is due, and a budget for all of them together.

    Every call pays in two hundredths of a token and a hedge costs a whole one; nothing is there to begin with, so at
    every moment the hedges are at most 2 % of the calls.
    """

    __slots__ = ("_latencies", "_tokens")

    def __init__(self) -> None:
        self._latencies: dict[str, RecentLatencies] = {}
        self._tokens = 0.0

    def call_made(self) -> None:
        """A call was made that is not itself a hedge."""
        self._tokens = min(_CAPACITY, self._tokens + _RATIO)

    def took(self, operation: str, seconds: float, *, answered: bool) -> None:
        """A first request was answered after so long, or was given up after so long without an answer.

        One that was given up would have taken longer still. Where it already counts as late that is all one needs to
        know of it; where it does not, it says nothing.
        """
        known = self._latencies.get(operation)
        if known is None:
            known = self._latencies[operation] = RecentLatencies()
        if answered or (len(known) >= _LEAST_KNOWN and seconds >= known.quantile(_BODY)):
            known.add(seconds)

    def due_after(self, operation: str) -> float | None:
        """Return the seconds after which a hedge of this operation is due; None where it can't be paid for.

        That is half as long again as the live 95th percentile of the operation.
        """
        if self._tokens < 1.0 - 1e-9:
            return None
        known = self._latencies.get(operation)
        if known is None or len(known) < _LEAST_KNOWN:
            return None
        return max(_SHORTEST_DELAY_S, _PATIENCE * known.quantile(_BODY))

    def allows_hedge(self) -> bool:
        """Take a token where there is one, and say whether there was."""
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True
