"""A long quiet day: fifty operators at their usual pace, and a service that must not grow."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from drills.desk import signed_in
from drills.operators import Pace, Shift
from drills.processes import Holdings, holdings
from drills.tables import Table, percentile
from tests.worlds import World, start_world

__all__ = ["soak", "watched"]

_PACE: Final = Pace(dashboard_s=10.0, session_s=5.0, heartbeat_s=60.0)
_WARM_SHARE: Final = 0.1
"""The first part, in which caches fill and pools open, is not judged."""
_SAMPLES: Final = 120
_MEMORY_GROWTH: Final = 0.05
_COUNT_GROWTH: Final = 5
_LATE: Final = frozenset({"200 with timeout", "200 with stale", "200 with stale timeout"})
"""What a machine that stands still makes of a dashboard."""


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    held: Holdings

    def of(self, what: str) -> int:
        if what == "descriptors":
            return sum(count for kind, count in self.held.items() if kind not in {"tasks", "memory_kib"})
        return self.held["memory_kib" if what == "memory" else what]


async def soak(
    folder: Path, *, operators: int, seconds: float, progress: Callable[[str, int, int], None]
) -> list[Table]:
    """One table: what the service held at the beginning and at the end, and the slope between."""
    with start_world(folder) as world:
        return [await watched(world, operators=operators, seconds=seconds, progress=progress)]


async def watched(
    world: World, *, operators: int, seconds: float, progress: Callable[[str, int, int], None], pace: Pace = _PACE
) -> Table:
    """The same in a world that runs already."""
    table = Table(
        "soak",
        "Soak",
        f"{operators} operators for {seconds / 60:.0f} min, each with a dashboard every {pace.dashboard_s:g} s, a "
        f"request for the session every {pace.session_s:g} s and a heartbeat every {pace.heartbeat_s:g} s, whatever "
        f"the last one took. The slope is of a straight line through all samples but the first {_WARM_SHARE:.0%}.",
    )
    shift = Shift(signed_in(world, operators), pace)
    samples: list[_Sample] = []
    async with asyncio.TaskGroup() as group:
        working = group.create_task(shift.work())
        await _watch(world, seconds, samples, progress)
        shift.end()
        await working
    _judge(table, shift, samples)
    return table


async def _watch(
    world: World, seconds: float, samples: list[_Sample], progress: Callable[[str, int, int], None]
) -> None:
    started, every_s = time.monotonic(), seconds / _SAMPLES
    while (passed := time.monotonic() - started) < seconds:
        # In a thread: reading the metrics waits for the service, and the operators' clocks run on.
        samples.append(_Sample(passed, await asyncio.to_thread(holdings, world)))
        progress("seconds", round(passed), round(seconds))
        await asyncio.sleep(every_s)
    progress("seconds", round(seconds), round(seconds))


def _judge(table: Table, shift: Shift, samples: list[_Sample]) -> None:
    judged = samples[int(len(samples) * _WARM_SHARE) :]
    third = len(judged) // 3
    for what, unit in (("memory", " KiB"), ("tasks", ""), ("descriptors", "")):
        points = [(each.at_s / 3600, float(each.of(what))) for each in judged]
        early, late = (median(value for _, value in part) for part in (points[:third], points[-third:]))
        most = early * _MEMORY_GROWTH if what == "memory" else _COUNT_GROWTH
        table.judged(
            f"{what}, last third against the first",
            f"≤ +{_MEMORY_GROWTH:.0%}" if what == "memory" else f"≤ +{_COUNT_GROWTH}",
            f"{early:.0f} → {late:.0f}{unit}; slope {_slope(points):+.0f} an hour",
            held=late - early <= most,
        )
    amiss = Counter(each.what for each in shift.seen if not each.well)
    overdue = Counter({what: amiss.pop(what) for what in _LATE & amiss.keys()})
    for name, wanted, found in (
        ("dashboards with a widget that was late", "0 over 400 to 800 ms", overdue),
        ("other requests that were not well", "0", amiss),
    ):
        told = f"{sum(found.values())} of {len(shift.seen)} {dict(found) if found else ''}"
        table.judged(name, wanted, told.strip(), held=not found)
    for kind in ("dashboard", "session", "heartbeat"):
        taken = [(each.ended - each.began) * 1000 for each in shift.seen if each.kind == kind]
        if taken:
            table.told(
                f"{kind}s, start to end",
                f"{len(taken)}; p50 {percentile(taken, 0.5):.1f}, p95 {percentile(taken, 0.95):.1f} ms",
            )


def _slope(points: list[tuple[float, float]]) -> float:
    """Of the straight line with the least squares; per hour, as the first coordinates are hours."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
