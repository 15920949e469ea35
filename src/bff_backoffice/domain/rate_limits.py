"""How many requests are too many: the generic cell rate algorithm, as arithmetic.

One number is kept for each key, the theoretical arrival time: when the bucket would be empty again. It is exact at any
rate, needs no timer, and a key that nobody uses costs nothing once its time has passed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Allowance", "RateLimit", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `burst` requests at once and `per_second` on average; `name` is the policy's name on the wire."""

    name: str
    per_second: float
    burst: int

    @property
    def policy(self) -> str:
        """The `RateLimit-Policy` item: quota and the window, in seconds, in which it is replenished."""
        return f'"{self.name}";q={self.burst};w={math.ceil(self.burst / self.per_second)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a request may do, and what is left afterwards.

    `empty_at` is the key's new theoretical arrival time, in seconds of the caller's clock; `wait_seconds` says when a
    refused request would be let through, and for an allowed one when the bucket is whole again.
    """

    allowed: bool
    remaining: int
    wait_seconds: float
    empty_at: float

    def item(self, limit: RateLimit) -> str:
        """The `RateLimit` item: what remains, and in how many seconds there is more."""
        return f'"{limit.name}";r={self.remaining};t={math.ceil(self.wait_seconds)}'


def judge(limit: RateLimit, *, empty_at: float, now: float) -> Allowance:
    """Decide about one request at `now`; `empty_at` is what is kept for its key, 0 for a new one."""
    each = 1.0 / limit.per_second
    level = max(empty_at, now) - now
    after = level + each
    if after > limit.burst * each + 1e-9:
        return Allowance(allowed=False, remaining=0, wait_seconds=after - limit.burst * each, empty_at=empty_at)
    remaining = int(limit.burst - after * limit.per_second + 1e-9)
    return Allowance(allowed=True, remaining=remaining, wait_seconds=after, empty_at=now + after)
