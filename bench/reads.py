"""Everything else that an operator reads, in an open loop at fifty operators: boards, inboxes, search, bootstrap."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import redis

from bench.cold_cache import ColdCache
from bench.dashboards import CALLS, DELAY_MS, Target
from bench.desktops import Desktop
from bench.load import Exchange, Planned, open_loop, percentiles
from bench.world import World

__all__ = ["BOARDS", "READS", "ReadRow", "Sharing", "measure_reads", "shared_by_colleagues"]

BOARDS: Final = (
    "/today", "/arrivals", "/departures", "/in-house", "/front-desk/grid", "/housekeeping/board", "/maintenance/board",
)  # fmt: skip
READS: Final = (*BOARDS, "/reservations?query=a", "/bootstrap", "/preferences", "/ai/suggestions", "/alerts")

_KEPT: Final = (":session:", ":devices-of:", ":revoked:", ":operator:")
"""What says who asks: a cold read is one by somebody who is signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One line of the table, times in ms as p50, p95, p99. `after_slowest` is None where no upstream was asked."""

    path: str
    condition: str
    operators: int
    count: int
    failed: int
    total: tuple[float, float, float]
    after_slowest: tuple[float, float, float] | None
    calls: float
    """Upstream calls a read, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What colleagues share: dashboards within one freshness, upstream calls for all of them, and for one alone."""

    dashboards: int
    calls: int
    alone: int = CALLS


def _plan(target: Target, desktops: Sequence[Desktop], path: str, *, seconds: float) -> list[Planned]:
    """Each operator opens it once, at a moment of their own."""
    spread = random.Random(path)
    moments = sorted((spread.uniform(0, seconds), number) for number in range(len(desktops)))
    plan = []
    for at, number in moments:
        trace_id = secrets.token_hex(16)
        request = desktops[number].request(target.origin, path, trace_id=trace_id)
        plan.append(Planned(at=at, connection=number, request=request, trace_id=trace_id))
    return plan


def _forgettable(url: str, tenant_id: str) -> list[str]:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        names = [str(name) for name in client.scan_iter(f"{tenant_id}*", count=10_000)]
    return [name for name in names if not any(kind in name for kind in _KEPT) and not name.endswith(":lead")]


async def measure_reads(world: World, target: Target, desktops: Sequence[Desktop], *, seconds: float) -> list[ReadRow]:
    """Each read cold and warm; every operator reads it once in so many seconds."""
    world.recording(delay_ms=str(DELAY_MS), hang="")
    rows = []
    for path in READS:
        # Twice: the first records what upstreams answer, and the second fills what is kept with it.
        await open_loop(target.origin, _plan(target, desktops[:2], path, seconds=0.5), connections=2)
        for condition in ("cold", "warm"):
            world.recording()
            names = _forgettable(world.redis, desktops[0].tenant_id) or ["nothing"]
            cold = await ColdCache.open(world.redis, names)
            plan = _plan(target, desktops, path, seconds=seconds)
            before = cold.forget if condition == "cold" else None
            exchanges = await open_loop(target.origin, plan, connections=len(desktops), before=before, keep_body=False)
            cold.close()
            rows.append(_row(path, condition, exchanges, world.recording()))
    return rows


def _row(path: str, condition: str, exchanges: Sequence[Exchange], answered: dict[str, list[int]]) -> ReadRow:
    good = [each for each in exchanges if each.status == 200]
    after = [(each.ended - max(answered[each.trace_id])) / 1e6 for each in good if answered.get(each.trace_id)]
    return ReadRow(
        path=path,
        condition=condition,
        operators=len(exchanges),
        count=len(exchanges),
        failed=len(exchanges) - len(good),
        total=percentiles([each.total_ms for each in good]),
        after_slowest=percentiles(after) if condition == "cold" and after else None,
        calls=sum(map(len, answered.values())) / max(1, len(exchanges)),
    )


async def shared_by_colleagues(world: World, target: Target, desktops: Sequence[Desktop]) -> Sharing:
    """How many upstream calls the dashboards of all these operators need within one freshness (30 s)."""
    world.recording(delay_ms=str(DELAY_MS), hang="")
    names = _forgettable(world.redis, desktops[0].tenant_id) or ["nothing"]
    cold = await ColdCache.open(world.redis, names)
    cold.forget()
    cold.close()
    world.recording()
    # Twelve seconds: hot widgets are loaded anew a little before their freshness ends, which would be calls as well.
    plan = _plan(target, desktops, "/dashboard", seconds=12.0)
    exchanges = await open_loop(target.origin, plan, connections=len(desktops), keep_body=False)
    calls = sum(map(len, world.recording().values()))
    return Sharing(dashboards=sum(each.status == 200 for each in exchanges), calls=calls)
