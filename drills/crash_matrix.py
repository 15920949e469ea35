"""The crash matrix: a mutation's owner killed at every step, whatever its upstream does and whenever a retry comes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from drills.crash_acts import Act, effects_of
from drills.crash_client import carried_out
from drills.crash_findings import MOST_IN_FLIGHT_SECONDS, Finding
from drills.crash_process import LEASE_SECONDS, SHORT_LEASES, Victim, victim
from drills.crash_schedules import Retry, Schedule, Sweep, Upstream, thinned, whole_matrix
from drills.desk import Desk
from drills.failing_service import NOWHERE, STEPS
from drills.tables import Table
from tests.worlds import World, start_world

__all__ = ["crash_matrix", "matrix", "table_of"]

_DESK_SERVES_SECONDS = 120.0
"""How long one sign-in is good for, so that no token ends on the way."""


async def crash_matrix(
    folder: Path, *, thin: bool, at_random: int, progress: Callable[[str, int, int], None]
) -> list[Table]:
    """The whole matrix (or a part of it), and as many owners killed at random moments."""
    schedules = [*(thinned() if thin else whole_matrix())]
    upstreams, retries, acts = list(Upstream), (Retry.BEFORE, Retry.DURING, Retry.AFTER), list(Act)
    schedules += [Schedule(NOWHERE, upstreams[n % 4], retries[n % 3], acts[n // 4 % 2]) for n in range(at_random)]
    with start_world(folder, environment=SHORT_LEASES) as world:
        # Made before the run, because it notes when that began.
        table = _blank()
        return [table_of(world, await matrix(world, folder, schedules, progress=progress), table)]


async def matrix(
    world: World, folder: Path, schedules: Sequence[Schedule], *, progress: Callable[[str, int, int], None]
) -> list[Finding]:
    """Carry the schedules out one after another. The next one's process starts while one is under way."""
    findings: list[Finding] = []
    desk, signed_in_at = _signed_in(world), time.monotonic()
    async with AsyncExitStack() as stack:

        async def started(number: int) -> Victim:
            return await stack.enter_async_context(
                victim(world, schedules[number].step, folder / f"victim-{number}.log")
            )

        coming = await started(0)
        for number, schedule in enumerate(schedules):
            progress(f"{schedule.step}, {schedule.upstream}", number, len(schedules))
            process = coming
            if number + 1 < len(schedules):
                coming = await started(number + 1)
            if time.monotonic() - signed_in_at > _DESK_SERVES_SECONDS:
                desk, signed_in_at = _signed_in(world), time.monotonic()
            findings.append(await carried_out(world, desk, schedule, process))
            await process.kill()
        progress("done", len(schedules), len(schedules))
    return findings


def _signed_in(world: World) -> Desk:
    return Desk(world.sign_in(), world.tenants[0], world.properties()[0])


def _blank() -> Table:
    return Table(
        "crash-matrix",
        "Owners of a mutation killed at every step",
        "A charge is posted, or a key of a door revoked after its second factor, through a separate service process "
        "that stops at a step and is killed there (`kill -9`), or stands still (SIGSTOP) beyond its lease of "
        f"{LEASE_SECONDS:g} s and goes on. The same key is sent again to another process until its answer is final, "
        "and once more. In some schedules the sweep of old keys comes between, for which a key is old as soon as "
        "nobody holds it: such a key's answer is lost, and nobody acts under it any more. The simulator's effects say "
        "what really happened.",
    )


def table_of(world: World, findings: Sequence[Finding], table: Table | None = None) -> Table:
    """What a reader wants to know of a run: in all, by step, by upstream, by retry."""
    table = table or _blank()
    by_key = Counter(each["idempotencyKey"] for act in Act for each in effects_of(world, act))
    several = [key for key, count in by_key.items() if count > 1]
    lost = [each for each in findings if each.lost]
    nothing = sum(each.effects == 0 for each in lost)
    longest = max(each.in_flight_seconds for each in findings)
    stuck = [each for each in findings if each.in_flight_seconds > MOST_IN_FLIGHT_SECONDS]
    amiss = Counter(what for each in findings for what in each.amiss)
    table.told("schedules run", str(len(findings)))
    table.told("keys swept before their retry, which is refused", f"{len(lost)}, of which {nothing} had done nothing")
    table.told("keys swept in all", str(sum(each.swept for each in findings)))
    table.judged("effects", f"{len(findings) - nothing}: one a key", f"{sum(by_key.values())} of {len(by_key)} keys",
                 held=sum(by_key.values()) == len(by_key) == len(findings) - nothing)  # fmt: skip
    table.judged("keys with more than one effect", "0", str(len(several)), held=not several)
    table.judged("keys in flight for longer than their lease + 5 s", "0", f"{len(stuck)} (longest {longest:.1f} s)",
                 held=not stuck)  # fmt: skip
    keys = sum(each.upstream_keys > 1 for each in findings)
    table.judged("schedules with more than one upstream key", "0", str(keys), held=not keys)
    table.judged("answers that differ or that nobody should hear", "0",
                 ", ".join(f"{count} {what}" for what, count in amiss.items()) or "0", held=not amiss)  # fmt: skip
    table.told("audit rows", str(sum(each.audited for each in findings)))
    table.told("audit rows without an end, each of an owner who was killed", str(sum(each.unseen for each in findings)))
    for act in Act:
        _group(table, str(act), [each for each in findings if each.schedule.act is act])
    for sweeping in Sweep:
        _group(table, f"sweep {sweeping}", [each for each in findings if each.schedule.sweep is sweeping])
    for step in (*STEPS, NOWHERE):
        _group(table, f"killed {'at a random moment' if step == NOWHERE else f'at `{step}`'}",
               [each for each in findings if each.schedule.step == step])  # fmt: skip
    for upstream in Upstream:
        _group(table, f"upstream: {upstream}", [each for each in findings if each.schedule.upstream is upstream])
    for retry in Retry:
        _group(table, f"retry {retry}", [each for each in findings if each.schedule.retry is retry])
    return table


def _group(table: Table, what: str, findings: Iterable[Finding]) -> None:
    group = list(findings)
    if not group:
        return
    retries = Counter(answer for each in group for answer in each.retries)
    free = max(each.in_flight_seconds for each in group)
    table.judged(
        what, "at most one effect each" if any(each.lost for each in group) else "one effect each",
        f"{len(group)} schedules, {sum(each.effects for each in group)} effects, "
        f"{sum(each.dispatches for each in group)} dispatches; free after ≤ {free:.1f} s; retries: "
        + ", ".join(f"{count} ({answer})" for answer, count in retries.most_common()),
        held=all(each.well for each in group),
    )  # fmt: skip
