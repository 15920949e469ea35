"""One schedule of the crash matrix carried out: the client of an act whose owner dies, its retries, what happened."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, replace
from typing import Any, Final

from drills.crash_acts import Act, Prepared, audit_rows, dispatches, effects_of, prepared, sweep
from drills.crash_findings import (
    LOST,
    MOST_IN_FLIGHT_SECONDS,
    SETTLED,
    Answer,
    Finding,
    heard,
    judge_another,
    judge_the_audit,
    judge_the_first,
)
from drills.crash_process import LEASE_SECONDS, Victim
from drills.crash_schedules import Retry, Schedule, Sweep, Upstream
from drills.desk import Desk
from drills.failing_service import NOWHERE
from tests.worlds import World

__all__ = ["Client", "carried_out"]

_AFTERWARDS_SECONDS: Final = 0.3
_BETWEEN_TRIES_SECONDS: Final = 0.1
_AT_RANDOM_SECONDS: Final = 0.06
"""A mutation takes 10 to 30 ms here, so that some are killed before it, some after it and most within."""

_FAULTS: Final[dict[Upstream, dict[str, Any] | None]] = {
    Upstream.APPLIED: None,
    Upstream.NOT_APPLIED: {"mode": "error", "status": 503},
    Upstream.ANSWER_LOST: {"mode": "applied_then_lost"},
    Upstream.SLOW: {"mode": "latency", "latencyMs": 700},
}


@dataclass(slots=True)
class Client:
    """One act of one desk, and both addresses that it can be sent to."""

    desk: Desk
    act: Prepared

    async def sends(self, base: str | None = None) -> Answer | None:
        """Send the mutation; None where the connection broke."""
        desk = Desk(replace(self.desk.desktop, base=base or self.desk.desktop.base), self.desk.tenant_id,
                    self.desk.property_id)  # fmt: skip
        try:
            reply = await desk.request(
                "POST", self.act.path, body=self.act.body, X_Idempotency_Key=self.act.key, **self.act.headers
            )
        except OSError:
            return None
        finally:
            desk.close()
        code = reply.json()["code"] if reply.status >= 400 else ""
        return Answer(reply.status, reply.body, "idempotency-replayed" in reply.headers, code)

    async def warms(self, process: Victim) -> None:
        """Wait until the process serves this desk."""
        desk = Desk(replace(self.desk.desktop, base=process.base), self.desk.tenant_id, self.desk.property_id)
        try:
            reply = await desk.request("GET", "/session")
        except OSError as failure:
            raise RuntimeError(f"the victim did not start:\n{process.log.read_text()}") from failure
        finally:
            desk.close()
        if reply.status != 200:
            raise RuntimeError(f"the victim answered {reply.status}: {reply.body!r}")


async def carried_out(world: World, desk: Desk, schedule: Schedule, process: Victim) -> Finding:
    """Carry the schedule out: one act under a key of its own. Nothing else may act at its service meanwhile."""
    finding = Finding(schedule)
    client = Client(desk, await prepared(world, desk, schedule.act))
    happened, asked = await _so_far(world, schedule.act)
    await client.warms(process)
    fault = _FAULTS[schedule.upstream]
    if fault is not None:
        await asyncio.to_thread(lambda: world.fault(schedule.act.service, match="POST", **fault))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(client.sends(process.base))
        await _until_the_step(schedule, process)
        if schedule.retry is Retry.BEFORE:
            heard(finding, await client.sends())
        if schedule.retry is Retry.OVERTAKEN:
            process.stand_still()
        else:
            await process.kill()
        died_at = time.monotonic()
        await asyncio.to_thread(world.control, "DELETE", "faults")
        kept = await _until_settled(world, client, finding, died_at)
        if schedule.sweep is Sweep.AFTER:
            finding.swept += await sweep(world)
        if schedule.retry is Retry.OVERTAKEN:
            process.go_on()
        judge_the_first(finding, await first, kept)
    judge_another(finding, await client.sends(), kept)
    await asyncio.to_thread(_count, world, finding, happened, asked)
    judge_the_audit(finding, await asyncio.to_thread(audit_rows, world, schedule.act, client.act.key))
    return finding


async def _until_the_step(schedule: Schedule, process: Victim) -> None:
    if schedule.step == NOWHERE:
        await asyncio.sleep(random.uniform(0, _AT_RANDOM_SECONDS))
        return
    step = await process.reached()
    if step != schedule.step:
        raise RuntimeError(f"stopped at {step} instead of {schedule.step}")


async def _until_settled(world: World, client: Client, finding: Finding, died_at: float) -> Answer:
    """Try again until the answer is final, as a desktop's queue does; note when the key was free."""
    schedule = finding.schedule
    if schedule.retry in {Retry.AFTER, Retry.OVERTAKEN}:
        await asyncio.sleep(LEASE_SECONDS + _AFTERWARDS_SECONDS)
    if schedule.sweep is Sweep.BEFORE:
        finding.swept += await sweep(world)
    while True:
        asked_at = time.monotonic()
        answer = await client.sends()
        heard(finding, answer)
        if answer is not None and answer.reason != "IDEMPOTENCY_IN_FLIGHT":
            finding.in_flight_seconds = min(finding.in_flight_seconds, asked_at - died_at)
        if answer is not None and answer.status in SETTLED:
            return answer
        if answer is not None and answer.reason == LOST and schedule.sweep is Sweep.BEFORE:
            finding.lost = True
            return answer
        if time.monotonic() - died_at > 3 * MOST_IN_FLIGHT_SECONDS:
            raise RuntimeError(f"{schedule}: still no answer after {finding.retries}")
        await asyncio.sleep(_BETWEEN_TRIES_SECONDS)


async def _so_far(world: World, act: Act) -> tuple[int, int]:
    return await asyncio.to_thread(lambda: (len(effects_of(world, act)), len(dispatches(world, act))))


def _count(world: World, finding: Finding, happened: int, asked: int) -> None:
    dispatched = dispatches(world, finding.schedule.act)[asked:]
    finding.effects = len(effects_of(world, finding.schedule.act)[happened:])
    finding.dispatches = len(dispatched)
    finding.upstream_keys = len({each["headers"].get("Idempotency-Key") for each in dispatched})
