"""The schedules of the crash matrix: where a mutation's owner dies, what its upstream does, when what comes between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from drills.crash_acts import Act
from drills.failing_service import STEPS

__all__ = ["Retry", "Schedule", "Sweep", "Upstream", "thinned", "whole_matrix"]


class Upstream(StrEnum):
    """What the upstream makes of the first dispatch. It is well again once the owner has died."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    ANSWER_LOST = "answer lost"
    SLOW = "slow"


class Retry(StrEnum):
    """When the client sends the key again, to another process."""

    BEFORE = "before its owner dies"
    DURING = "during the dead owner's lease"
    AFTER = "after the lease"
    OVERTAKEN = "after the lease of an owner that stood still and then goes on"


class Sweep(StrEnum):
    """When old keys are removed. Here a key is old as soon as nobody holds it."""

    NEVER = "never"
    BEFORE = "before the retry"
    AFTER = "after the answer"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where the owner dies (at a step of `drills.failing_service`; `NOWHERE`: at a random moment), and what else is."""

    step: str
    upstream: Upstream
    retry: Retry
    act: Act = Act.CHARGE
    sweep: Sweep = Sweep.NEVER


_SWEPT: Final = (
    (Retry.DURING, Sweep.BEFORE), (Retry.AFTER, Sweep.BEFORE), (Retry.OVERTAKEN, Sweep.BEFORE),
    (Retry.OVERTAKEN, Sweep.AFTER),
)  # fmt: skip
"""Where a sweep can make a difference."""


def whole_matrix() -> Iterator[Schedule]:
    """Every step, every upstream, every retry, for both acts; and the sweep wherever it may come between."""
    for step, upstream, retry, act in product(STEPS, Upstream, Retry, Act):
        yield Schedule(step, upstream, retry, act)
    acts = list(Act)
    for number, (step, upstream) in enumerate(product(STEPS, Upstream)):
        for place, (retry, sweeping) in enumerate(_SWEPT):
            yield Schedule(step, upstream, retry, acts[(number + place) % len(acts)], sweeping)


def thinned() -> list[Schedule]:
    """Every step with every upstream once, every retry with each of them somewhere; every step with one sweep."""
    retries, acts, upstreams = list(Retry), list(Act), list(Upstream)
    found = [
        Schedule(step, upstream, retries[(row + column) % len(retries)], acts[(row + column // 2) % len(acts)])
        for row, step in enumerate(STEPS)
        for column, upstream in enumerate(Upstream)
    ]
    for row, step in enumerate(STEPS):
        sweeping = (Sweep.BEFORE, Sweep.AFTER)[row // 2 % 2]
        found.append(Schedule(step, upstreams[row % len(upstreams)], Retry.OVERTAKEN, acts[row % len(acts)], sweeping))
    return found
