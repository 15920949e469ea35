"""What operators change, in an open loop at fifty desks: what it costs above its upstream, replays, keys of doors.

And how much of it goes on for a while with every line of the audit written down and flushed to the disk.
"""

from __future__ import annotations

import random
import secrets
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import asyncpg

from bench.dashboards import DELAY_MS, Target
from bench.desktops import Desktop
from bench.load import Exchange, Planned, open_loop, percentiles
from bench.machine import cpu_seconds
from bench.world import World

__all__ = ["MutationRow", "Sustained", "measure_mutations", "sustain_mutations"]

_GOOD: Final = frozenset({200, 201})
_PROOF_SECONDS: Final = 40.0
"""A phase's proofs are made at its beginning and are good for a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationRow:
    """One line of the table, times in ms as p50, p95, p99. `above` is the total without the upstream's own time.

    `cpu_ms` is the service's processor time for each; unlike the others it hardly depends on who else uses the machine.
    """

    what: str
    operators: int
    count: int
    failed: int
    total: tuple[float, float, float]
    above: tuple[float, float, float] | None
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """So many mutations a second for a while. `audited` lines were written and completed meanwhile."""

    wanted_per_second: float
    per_second: float
    count: int
    failed: int
    audited: int
    total: tuple[float, float, float]
    above: tuple[float, float, float] | None
    flushed: bool
    """Whether Postgres waited for the disk at every commit (`fsync` and `synchronous_commit`)."""
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class _Act:
    """One kind of mutation: where operator `number` posts what."""

    what: str
    path: Callable[[int], str]
    body: Callable[[int], object]


def _acts(world: World, desktop: Desktop) -> tuple[_Act, ...]:
    here = desktop.property_id
    stays = [
        each
        for each in world.people["reservations"]
        if each["propertyId"] == here and each["status"] == "in_house" and each.get("folioId") and each.get("roomId")
    ]
    locks = {each["roomId"]: each["id"] for each in world.people["locks"] if each["propertyId"] == here}
    behind_locks = [each for each in stays if each["roomId"] in locks]
    currency = next(each["currency"] for each in world.people["properties"] if each["id"] == here)
    charge = {"description": "Tea", "amount": {"amountMicro": "2500000", "currency": currency}, "quantity": 1}

    def stay(number: int) -> dict[str, str]:
        found: dict[str, str] = behind_locks[number % len(behind_locks)]
        return found

    return (
        _Act(
            "a room's status",
            lambda number: f"/housekeeping/rooms/{stays[number % len(stays)]['roomId']}/status",
            lambda _: {"status": "dirty"},
        ),
        _Act("a charge", lambda number: f"/folios/{stays[number % len(stays)]['folioId']}/charges", lambda _: charge),
        _Act(
            "a key issued",
            lambda number: f"/locks/{locks[stay(number)['roomId']]}/issue-key",
            lambda number: {"reservationId": stay(number)["id"], "kind": "pin_code"},
        ),
    )


def _plan(
    target: Target, desktops: Sequence[Desktop], act: _Act, keys: Sequence[str], *, seconds: float
) -> list[Planned]:
    """One mutation for each key, at a moment of its own; the operators take turns."""
    spread = random.Random(act.what)
    moments = sorted(spread.uniform(0, seconds) for _ in keys)
    plan = []
    for turn, (at, key) in enumerate(zip(moments, keys, strict=True)):
        number, trace_id = turn % len(desktops), secrets.token_hex(16)
        request = desktops[number].mutation(
            target.origin, act.path(number), act.body(number), key=key, trace_id=trace_id
        )
        plan.append(Planned(at=at, connection=number, request=request, trace_id=trace_id))
    return plan


def _above(exchanges: Sequence[Exchange], took: dict[str, int]) -> tuple[float, float, float] | None:
    found = [each.total_ms - took[each.trace_id] / 1e6 for each in exchanges if each.trace_id in took]
    return percentiles(found) if found else None


def _good(exchanges: Sequence[Exchange]) -> list[Exchange]:
    return [each for each in exchanges if each.status in _GOOD]


async def measure_mutations(
    world: World, target: Target, desktops: Sequence[Desktop], *, seconds: float
) -> list[MutationRow]:
    """Each kind, each operator once in so many seconds; then the same keys again, whose answers are kept."""
    world.recording(delay_ms=str(DELAY_MS), hang="")
    acts, rows = _acts(world, desktops[0]), []
    for act in acts:
        # Once before: what an upstream answers is recorded, and what is measured is the usual connection.
        await _send(target, desktops, act, _keys(len(desktops)), seconds=1.0)
        world.took()
        send = partial(_send, target, desktops, act, _keys(len(desktops)), seconds=seconds)
        rows.append(await _row(world, target, act.what, send))
        if act is acts[0]:
            rows.append(await _row(world, target, "the same key again", send))
    return rows


def _keys(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def _send(
    target: Target, desktops: Sequence[Desktop], act: _Act, keys: Sequence[str], *, seconds: float
) -> list[Exchange]:
    plan = _plan(target, desktops, act, keys, seconds=seconds)
    return await open_loop(target.origin, plan, connections=len(desktops), keep_body=False)


async def _row(world: World, target: Target, what: str, send: Callable[[], Awaitable[list[Exchange]]]) -> MutationRow:
    before = cpu_seconds(target.pids)
    exchanges = await send()
    cpu_ms = (cpu_seconds(target.pids) - before) * 1000 / len(exchanges)
    good = _good(exchanges)
    return MutationRow(
        what=what, operators=len(exchanges), count=len(exchanges), failed=len(exchanges) - len(good),
        total=percentiles([each.total_ms for each in good]), above=_above(good, world.took()),
        cpu_ms=cpu_ms,
    )  # fmt: skip


async def sustain_mutations(
    world: World, target: Target, desktops: Sequence[Desktop], *, rate: float, seconds: float
) -> Sustained:
    """Post so many mutations a second, and count the lines that the audit has of them afterwards."""
    seconds = min(seconds, _PROOF_SECONDS)
    world.recording(delay_ms=str(DELAY_MS), hang="")
    act = _acts(world, desktops[0])[0]
    await _send(target, desktops, act, _keys(len(desktops)), seconds=1.0)
    world.took()
    tenant_id = desktops[0].tenant_id
    before = await _audited(world, tenant_id)
    spent = cpu_seconds(target.pids)
    exchanges = await _send(target, desktops, act, _keys(int(rate * seconds)), seconds=seconds)
    spent = cpu_seconds(target.pids) - spent
    audited = await _audited(world, tenant_id) - before
    good = _good(exchanges)
    lasted = (max(each.ended for each in exchanges) - min(each.due for each in exchanges)) / 1e9
    return Sustained(
        wanted_per_second=rate, per_second=len(good) / lasted, count=len(exchanges),
        failed=len(exchanges) - len(good), audited=audited, total=percentiles([each.total_ms for each in good]),
        above=_above(good, world.took()), flushed=await _flushed(world),
        cpu_ms=spent * 1000 / len(exchanges),
    )  # fmt: skip


async def _audited(world: World, tenant_id: str) -> int:
    connection = await asyncpg.connect(world.postgres, server_settings={"search_path": "bff_backoffice"})
    try:
        async with connection.transaction():
            await connection.execute("select set_config('app.tenant_id', $1, true)", tenant_id)
            found = await connection.fetchval("select count(*) from mutation_audit where outcome = 'applied'")
    finally:
        await connection.close()
    return int(found)


async def _flushed(world: World) -> bool:
    connection = await asyncpg.connect(world.postgres)
    try:
        settings = [await connection.fetchval(f"show {name}") for name in ("fsync", "synchronous_commit")]
    finally:
        await connection.close()
    return settings == ["on", "on"]
