"""Dashboards in an open loop: first byte and end, cold, warm and with one upstream hanging."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bench.cold_cache import ColdCache, composed_widgets
from bench.desktops import Desktop
from bench.load import Exchange, Planned, open_loop, percentiles
from bench.machine import cpu_seconds
from bench.world import World

__all__ = ["CALLS", "DELAY_MS", "DashboardRow", "Target", "cpu_per_cold_dashboard", "measure_dashboards", "prime"]

DELAY_MS: Final = 20
"""The slowest recorded upstream answers after so long, the fastest after a quarter of it (contract, section 9)."""
CALLS: Final = 17
"""Upstream calls of a whole board that nobody has in the cache."""
_HANGING: Final = "housekeeping-service"
_HURT: Final = frozenset({"rooms", "arrivals-at-risk"})
_PATH: Final = "/dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who composes: its origin, its processes, and how its composed widgets are named in the cache."""

    name: str
    origin: str
    pids: tuple[int, ...]
    prefix: str = ""
    breaker_seconds: float = 0.0
    """How long its breakers rest; after a phase with a hanging upstream, nothing is healthy before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRow:
    """One line of the table, times in ms. `healthy` is the last widget that the hanging upstream does not feed.

    `sent_late` is how long after its appointed time a request was sent; all other times contain it.
    """

    condition: str
    operators: int
    every_seconds: float
    count: int
    failed: int
    sent_late: tuple[float, float, float]
    first_byte: tuple[float, float, float]
    total: tuple[float, float, float]
    healthy: tuple[float, float, float]
    after_slowest: tuple[float, float, float] | None
    caches: dict[str, int] = field(default_factory=dict)


def _plan(target: Target, desktops: Sequence[Desktop], *, every: float, seconds: float, seed: int) -> list[Planned]:
    """Each operator opens a dashboard every so often, from a moment of their own on."""
    spread = random.Random(seed)
    starts = [spread.uniform(0, every) for _ in desktops]
    moments = sorted(
        (start + turn * every, number)
        for number, start in enumerate(starts)
        for turn in range(max(1, round(seconds / every)))
    )
    plan = []
    for at, number in moments:
        trace_id = secrets.token_hex(16)
        request = desktops[number].request(target.origin, _PATH, trace_id=trace_id)
        plan.append(Planned(at=at, connection=number, request=request, trace_id=trace_id))
    return plan


async def prime(target: Target, desktops: Sequence[Desktop]) -> None:
    """Every desktop's board once, so that upstreams are recorded, connections open, and the cache is full."""
    plan = [
        Planned(at=number * 0.04, connection=number, request=desktop.request(target.origin, _PATH))
        for number, desktop in enumerate(desktops)
    ]
    exchanges = await open_loop(target.origin, plan, connections=len(desktops))
    wrong = [each.status for each in exchanges if each.status != 200]
    if len(wrong) > len(exchanges) // 20:
        raise RuntimeError(
            f"{target.name}: {len(wrong)} of {len(exchanges)} first dashboards failed, status {wrong[0]}"
        )


async def measure_dashboards(
    world: World, target: Target, desktops: Sequence[Desktop], condition: str, *, every: float, seconds: float
) -> DashboardRow:
    """One condition: `cold`, `warm` or `hanging` (cold, and one upstream never answers)."""
    world.recording(delay_ms=str(DELAY_MS), hang="")
    await prime(target, desktops)
    names = composed_widgets(world.redis, target.prefix + desktops[0].tenant_id)
    world.recording(hang=_HANGING if condition == "hanging" else "")
    world.recording()
    if condition == "hanging":
        # A board that waits for a deadline takes 0.8 s; an accelerated operator would queue behind their own boards.
        every = max(every, 1.0)
    plan = _plan(target, desktops, every=every, seconds=seconds, seed=len(desktops))
    cold = await ColdCache.open(world.redis, names)
    exchanges = await open_loop(
        target.origin, plan, connections=len(desktops), before=None if condition == "warm" else cold.forget
    )
    cold.close()
    answered = world.recording()
    world.recording(hang="")
    if condition == "hanging":
        await asyncio.sleep(target.breaker_seconds)
    return _row(condition, len(desktops), every, exchanges, answered)


def _row(
    condition: str, operators: int, every: float, exchanges: Sequence[Exchange], answered: dict[str, list[int]]
) -> DashboardRow:
    good = [each for each in exchanges if each.status == 200]
    after = [
        (each.ended - max(answered[each.trace_id])) / 1e6
        for each in good
        if len(answered.get(each.trace_id, ())) >= CALLS
    ]
    return DashboardRow(
        condition=condition,
        operators=operators,
        every_seconds=every,
        count=len(exchanges),
        failed=len(exchanges) - len(good),
        sent_late=percentiles([(each.sent - each.due) / 1e6 for each in good]),
        first_byte=percentiles([each.first_byte_ms for each in good]),
        total=percentiles([each.total_ms for each in good]),
        healthy=percentiles([_healthy_ms(each) for each in good]),
        after_slowest=percentiles(after) if condition == "cold" else None,
        caches={name: sum(each.cache.decode() == name for each in good) for name in ("HIT", "STALE", "MISS", "BYPASS")},
    )


def _healthy_ms(exchange: Exchange) -> float:
    """When the last healthy widget was there."""
    last, rest = exchange.ended, b""
    for moment, chunk in exchange.chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            frame: dict[str, Any] = json.loads(line)
            if frame["frame"] == "widget" and frame["id"] not in _HURT:
                last = moment
    return (last - exchange.due) / 1e6


async def cpu_per_cold_dashboard(
    world: World, target: Target, desktop: Desktop, *, count: int, path: bytes | None = None
) -> float:
    """Processor time of the target for one cold board, in ms: one after the other, nothing else going on.

    `path` is the request of a target that knows no desktops.
    """
    names = composed_widgets(world.redis, target.prefix + desktop.tenant_id) or ["nothing"]
    cold = await ColdCache.open(world.redis, names)
    spent, done = 0.0, 0
    while done < count:
        part = min(count - done, 100)
        plan = [
            Planned(at=number * 0.06, connection=0, request=path or desktop.request(target.origin, _PATH))
            for number in range(part)
        ]
        before = cpu_seconds(target.pids)
        exchanges = await open_loop(target.origin, plan, connections=1, before=cold.forget)
        spent += cpu_seconds(target.pids) - before
        if sum(each.status != 200 for each in exchanges) > part // 20:
            raise RuntimeError(f"{target.name}: too many dashboards failed")
        done += part
    cold.close()
    return spent * 1000 / done
