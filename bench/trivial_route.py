"""Authenticated requests on a route that does nothing else: how many a core can do, and what each costs."""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.dashboards import Target
from bench.desktops import Desktop
from bench.load import Planned, open_loop, saturate
from bench.machine import cpu_seconds
from bench.world import World

__all__ = ["Round", "paced_cost", "saturated", "summary"]

_PATH = "/session"
_CONNECTIONS = 24
_RATE_GUESS = 9_000.0
"""Requests that are signed ahead for each second of a round; a round that uses them all up ends early, and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round. `busy` is the share of its core that the target used, `others_busy` what all else used of theirs.

    `failed` were answered with something else than a 200.
    """

    name: str
    per_second: float
    cpu_us: float
    busy: float
    others_busy: float
    failed: int

    @property
    def per_core_second(self) -> float:
        """Requests of one second of processor time: what is left of the figure when neighbours take theirs."""
        return 1e6 / self.cpu_us


async def saturated(
    world: World, target: Target, desktops: Sequence[Desktop], *, seconds: float, requests: list[bytes] | None = None
) -> Round:
    """As many requests as the target answers. Every proof is signed before the clock starts."""
    if requests is None:
        count = int(seconds * _RATE_GUESS)
        requests = [desktops[number % len(desktops)].request(target.origin, _PATH) for number in range(count)]
    before, others_before = cpu_seconds(target.pids), cpu_seconds(world.others) + time.process_time()
    done = await saturate(target.origin, requests, connections=_CONNECTIONS, seconds=seconds)
    spent = cpu_seconds(target.pids) - before
    others = cpu_seconds(world.others) + time.process_time() - others_before
    done.require_mostly_well(target.name)
    return Round(
        name=target.name,
        per_second=done.answered / done.seconds,
        cpu_us=spent * 1e6 / done.answered,
        busy=spent / done.seconds,
        others_busy=others / done.seconds,
        failed=done.failed,
    )


def summary(rounds: Sequence[Round]) -> Round:
    """The medians of rounds of one target."""
    return Round(
        name=rounds[0].name,
        per_second=statistics.median(each.per_second for each in rounds),
        cpu_us=statistics.median(each.cpu_us for each in rounds),
        busy=statistics.median(each.busy for each in rounds),
        others_busy=statistics.median(each.others_busy for each in rounds),
        failed=sum(each.failed for each in rounds),
    )


async def paced_cost(target: Target, desktops: Sequence[Desktop], *, seconds: float, rate: float) -> float:
    """Processor time of all the target's processes for one request at a fixed rate, in µs."""
    plan = [
        Planned(
            at=number / rate,
            connection=number % _CONNECTIONS,
            request=desktops[number % len(desktops)].request(target.origin, _PATH, trace_id=secrets.token_hex(16)),
        )
        for number in range(int(seconds * rate))
    ]
    before = cpu_seconds(target.pids)
    exchanges = await open_loop(target.origin, plan, connections=_CONNECTIONS, keep_body=False)
    spent = cpu_seconds(target.pids) - before
    if sum(each.status != 200 for each in exchanges) > len(exchanges) // 50:
        raise RuntimeError(f"{target.name}: too few 200s")
    return spent * 1e6 / len(exchanges)
