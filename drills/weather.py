"""Thirteen of fourteen upstreams bad, each in another way: what the dashboard still keeps of its promises."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import redis.asyncio

from bench.machine import GENERATOR_CORE, SERVICE_CORE, pin, tree
from drills.desk import Desk, frames_of, signed_in
from drills.processes import Holdings, holdings, metric, waited_seconds
from drills.tables import Table, percentile
from drills.witness import Witness, witness
from tests.worlds import World, start_world

__all__ = ["BAD", "HEALTHY", "storm", "weather"]

Told = Callable[[str, int, int], None]
"""Hears what is counted, how much of it is done, and of how much."""

HEALTHY: Final = "maintenance-service"

BAD: Final[dict[str, dict[str, Any]]] = {
    "analytics-service": {"mode": "hang"},
    "reservation-service": {"mode": "drip", "latencyMs": 1000},
    "inventory-service": {"mode": "latency", "latencyMs": 5000},
    "housekeeping-service": {"mode": "slow_tail", "latencyMs": 5000},
    "pricing-service": {"mode": "malformed"},
    "billing-service": {"mode": "reset"},
    "notification-service": {"mode": "huge"},
    "ai-orchestrator-service": {"mode": "error", "status": 503},
    "property-service": {"mode": "applied_then_lost"},
    "iam-service": {"mode": "latency", "latencyMs": 700, "jitterMs": 600},
    "tenant-service": {"mode": "error", "status": 500},
    "lock-integration-service": {"mode": "error", "status": 429},
    "sync-service": {"mode": "drip", "latencyMs": 50},
}
"""Nine modes and four variations of them; the six that show on most widgets are the six most unlike each other."""

_BATCH: Final = 100
"""Dashboards between two calm moments, in which sessions and operators are looked up anew: both are believed for at
most five minutes, and the drill is about dashboards and not about signing in."""

_IDLE_SECONDS: Final = 40.0
"""Twice the 15 s for which idle connections to upstreams are kept, since they are looked at that seldom, and some."""


_SETTLES_SECONDS: Final = 10.0
_GIVEN_BACK: Final = ("tasks", "inflight", "client", "files", "other")


@dataclass(slots=True)
class _Seen:
    """What the desks saw, in milliseconds."""

    composed: int = 0
    cut: int = 0
    first: list[float] = field(default_factory=list)
    flushed: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    late_loop: list[float] = field(default_factory=list)
    healthy: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    waited_ms: float = 0.0
    before: Holdings = field(default_factory=Holdings)
    after: Holdings = field(default_factory=Holdings)


async def weather(folder: Path, *, dashboards: int, side_by_side: int, progress: Told) -> list[Table]:
    """Two tables: circuit breakers off, so that every fault reaches the fan-out, and on."""
    return [
        await storm(folder, breakers=breakers, dashboards=dashboards, side_by_side=side_by_side, progress=progress)
        for breakers in (False, True)
    ]


async def storm(
    folder: Path, *, breakers: bool, dashboards: int, side_by_side: int, progress: Told, idle_s: float = _IDLE_SECONDS
) -> Table:
    """One table. After the storm, idle connections to upstreams have `idle_s` to end."""
    word = "on" if breakers else "off"
    table = Table(
        f"weather-{word}",
        f"Thirteen of fourteen upstreams bad, breakers {word}",
        f"{dashboards} dashboards with a cold cache, {side_by_side} side by side at different properties, "
        f"while every upstream but {HEALTHY} fails in its own way. The healthy one is served by the drill itself, "
        "which knows when it answered; times are taken where the bytes arrive at the client. The service has a "
        "core of its own, everything else the other.",
    )
    async with witness() as healthy:
        settings = {
            "BFF_UPSTREAM_BREAKERS": str(breakers).lower(),
            "BFF_UPSTREAM_URLS": f"{HEALTHY}=http://127.0.0.1:{healthy.port}",
        }
        with start_world(folder / f"breakers-{word}", environment=settings) as world:
            healthy.origin = f"{world.sim}/{HEALTHY}"
            _alone_on_its_core(world)
            seen = await _storm(world, healthy, dashboards, side_by_side, progress, idle_s)
            _judge(table, seen, dashboards)
    return table


def _alone_on_its_core(world: World) -> None:
    """The service has a core and all others the other: how long it waits for a processor is the machine's affair."""
    services = {pid for name, pid in world.pids.items() if name.startswith("bff")}
    everyone = {os.getpid(), *(each for pid in world.pids.values() for each in tree(pid))}
    pin(everyone - services, GENERATOR_CORE)
    pin(services, SERVICE_CORE)


async def _storm(  # noqa: PLR0917 - one call site, and each is a different thing
    world: World, healthy: Witness, dashboards: int, side_by_side: int, progress: Told, idle_s: float
) -> _Seen:
    desks = signed_in(world, side_by_side)
    cache = redis.asyncio.Redis.from_url(world.redis)
    seen, warming = _Seen(), _Seen()
    # A first storm that is not counted: pools are at their size, code is warm.
    await _calm(world, desks)
    await _batch(world, healthy, cache, desks, 2 * side_by_side, warming, lambda: None)
    seen.before = await _at_rest(world, desks, healthy, patience_s=1.0)
    waited_s = waited_seconds(world.pids["bff"])
    async with asyncio.TaskGroup() as group:
        lateness = group.create_task(_lateness(seen.late_loop))
        while seen.composed + seen.cut < dashboards:
            await _calm(world, desks)
            count = min(_BATCH, dashboards - seen.composed - seen.cut)
            await _batch(
                world, healthy, cache, desks, count, seen,
                lambda: progress("dashboards", seen.composed + seen.cut, dashboards),
            )  # fmt: skip
        lateness.cancel()
    seen.waited_ms = (waited_seconds(world.pids["bff"]) - waited_s) * 1000
    seen.after = await _at_rest(world, desks, healthy, patience_s=idle_s, before=seen.before)
    await cache.aclose()
    return seen


async def _calm(world: World, desks: list[Desk]) -> None:
    """Good weather for a moment: sessions open, operators and keys known."""
    world.heal()
    for desk in desks:
        for _ in range(60):
            if (await desk.request("GET", "/session")).status == 200:
                break
            await asyncio.sleep(0.25)
        else:
            raise RuntimeError("no session in good weather")


async def _batch(  # noqa: PLR0917 - one call site, and each is a different thing
    world: World, healthy: Witness, cache: redis.asyncio.Redis, desks: list[Desk], count: int, seen: _Seen,
    told: Callable[[], None],
) -> None:  # fmt: skip
    for service, fault in BAD.items():
        world.control("PUT", f"faults/{service}", fault)
    left = count

    async def one_after_another(desk: Desk) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await _forget(cache, desk)
            await _dashboard(desk, healthy, seen)
            told()

    async with asyncio.TaskGroup() as group:
        for desk in desks:
            group.create_task(one_after_another(desk))
    world.heal()


async def _forget(cache: redis.asyncio.Redis, desk: Desk) -> None:
    found = [key async for key in cache.scan_iter(f"{desk.tenant_id}:projection:*:{desk.property_id}:*", count=5000)]
    if found:
        await cache.unlink(*found)


async def _dashboard(desk: Desk, healthy: Witness, seen: _Seen) -> None:
    path = f"/dashboard?propertyId={desk.property_id}"
    try:
        reply = await desk.request("GET", path, Accept="application/x-ndjson")
        frames = frames_of(reply)
        start, end = frames[0], frames[-1]
        widgets = {frame["id"]: (at, frame) for at, frame in frames[1:-1]}
        longest_ms = max(each["deadlineMs"] for each in start[1]["widgets"])
    except (OSError, LookupError, ValueError):
        seen.cut += 1
        return
    seen.composed += end[1]["frame"] == "end"
    seen.cut += end[1]["frame"] != "end"
    seen.first.append((start[0] - reply.sent_at) * 1000)
    seen.ended.append((end[0] - start[0]) * 1000 - longest_ms)
    for name in ("work-orders", "devices"):
        outcome = widgets[name][1]["outcome"]
        seen.healthy[outcome if outcome == "fresh" else f"{name} {outcome}"] += 1
    seen.others.update(
        frame["outcome"] for name, (_, frame) in widgets.items() if name not in {"work-orders", "devices"}
    )
    answered_at = healthy.answered.pop(desk.trace, None)
    if answered_at is not None:
        seen.flushed.append((widgets["work-orders"][0] - answered_at) * 1000)
    at, devices = widgets["devices"]
    if devices["asOf"] is not None:
        age = time.time() - time.monotonic() + at - datetime.fromisoformat(devices["asOf"]).timestamp()
        seen.own.append(age * 1000)


async def _lateness(found: list[float]) -> None:
    """How late this process's own timers are: what the machine does to anybody's."""
    while True:
        due = time.monotonic() + 0.01
        await asyncio.sleep(0.01)
        found.append((time.monotonic() - due) * 1000)


async def _at_rest(
    world: World, desks: list[Desk], healthy: Witness, *, patience_s: float, before: Holdings | None = None
) -> Holdings:
    """What the service holds when nobody asks: `patience_s` for idle connections, some seconds to be as `before`."""
    for desk in desks:
        desk.close()

    async def at_most(most: Holdings, *kinds: str) -> bool:
        held = await _held(world, healthy)
        return all(held[kind] <= most[kind] for kind in kinds)

    await _until(lambda: at_most(Holdings(), "upstream"), patience_s)
    await _until(lambda: at_most(before or Holdings(), *(_GIVEN_BACK if before else ())), _SETTLES_SECONDS)
    return await _held(world, healthy)


async def _held(world: World, healthy: Witness) -> Holdings:
    # In a thread, or the healthy upstream, which lives in this loop, could not close its side meanwhile.
    held = await asyncio.to_thread(holdings, world, upstreams=(healthy.port,))
    held["inflight"] = int(
        await asyncio.to_thread(metric, world, 'bff_backoffice_request_inflight{route="/dashboard"}')
    )
    return held


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not await condition():  # noqa: ASYNC110 - another process has no event for us
        await asyncio.sleep(0.5)


def _judge(table: Table, seen: _Seen, dashboards: int) -> None:
    before, after = seen.before, seen.after
    table.judged(
        "dashboards with their end frame", f"{dashboards}", f"{seen.composed}", held=seen.composed == dashboards
    )
    fresh = seen.healthy["fresh"]
    table.judged(
        "healthy widgets fresh", f"{2 * dashboards}, within 700 and 400 ms", f"{fresh} {_rest(seen.healthy)}",
        held=fresh == 2 * dashboards,
    )  # fmt: skip
    ill = sum(count for how, count in seen.healthy.items() if how != "fresh" and not how.endswith(" timeout"))
    table.judged("healthy widgets neither fresh nor late", "0", f"{ill} {_rest(seen.healthy)}", held=ill == 0)
    _judge_times(table, "first frame after the request", seen.first, 25.0)
    _judge_times(table, "`work-orders` after its upstream answered", seen.flushed, 5.0)
    _judge_times(table, "`devices` (our own Postgres) after its rows were there", seen.own, 5.0)
    _judge_times(table, "end of the stream after the longest deadline", seen.ended, 20.0)
    table.told("this process's own timers late", _times(seen.late_loop))
    table.told("the service ready, and without a processor", f"{seen.waited_ms / dashboards:.1f} ms a dashboard")
    table.told("outcomes of the other widgets", _rest(seen.others).strip("()"))
    for kind in ("tasks", "inflight", "client", "upstream", "files", "other", "postgres", "redis"):
        # Pools keep what they opened, up to their size; everything else must be as before.
        most = {"postgres": 10, "redis": 64, "upstream": 0, "client": 0, "inflight": 0}.get(kind, before[kind])
        held = after[kind] <= most
        wanted = f"≤ {most}" + (" (the pool)" if kind in {"postgres", "redis"} else "")
        table.judged(f"left behind: {kind}", wanted, f"{before[kind]} before, {after[kind]} after", held=held)
    table.told("memory", f"{before['memory_kib'] // 1024} MiB before, {after['memory_kib'] // 1024} MiB after")


def _judge_times(table: Table, what: str, found: list[float], most_ms: float) -> None:
    held = bool(found) and percentile(found, 0.99) <= most_ms
    over = sum(each > most_ms for each in found)
    table.judged(what, f"p99 ≤ {most_ms:g} ms", f"{_times(found)}; {over} of {len(found)} over", held=held)


def _times(found: list[float]) -> str:
    p50, p99 = percentile(found, 0.5), percentile(found, 0.99)
    return f"p50 {p50:.1f}, p99 {p99:.1f}, max {max(found, default=0):.1f} ms"


def _rest(counts: Counter[str]) -> str:
    return "(" + ", ".join(f"{count} {name}" for name, count in counts.most_common()) + ")"
