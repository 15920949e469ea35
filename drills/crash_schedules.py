"""One schedule of the crash matrix: a mutation whose owner dies at a step, its retries, and what really happened."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from typing import Any, Final

from drills.crash_process import LEASE_SECONDS, Victim
from drills.desk import Desk
from drills.failing_service import NOWHERE, STEPS
from tests.acting import charge_of, effects, folio
from tests.worlds import World

__all__ = [
    "MOST_IN_FLIGHT_SECONDS",
    "Answer",
    "Client",
    "Finding",
    "Retry",
    "Schedule",
    "Upstream",
    "carried_out",
    "dispatches",
    "whole_matrix",
]

MOST_IN_FLIGHT_SECONDS: Final = LEASE_SECONDS + 5
"""Contract, section 5."""

_BILLING: Final = "billing-service"
_AFTERWARDS_SECONDS: Final = 0.3
_BETWEEN_TRIES_SECONDS: Final = 0.1
_AT_RANDOM_SECONDS: Final = 0.06
"""A mutation takes 10 to 30 ms here, so that some are killed before it, some after it and most within."""
_SETTLED: Final = frozenset({200, 201})


class Upstream(StrEnum):
    """What the upstream makes of the first dispatch. It is well again once the owner has died."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    ANSWER_LOST = "answer lost"
    SLOW = "slow"


_FAULTS: Final[dict[Upstream, dict[str, Any] | None]] = {
    Upstream.APPLIED: None,
    Upstream.NOT_APPLIED: {"mode": "error", "status": 503},
    Upstream.ANSWER_LOST: {"mode": "applied_then_lost"},
    Upstream.SLOW: {"mode": "latency", "latencyMs": 700},
}


class Retry(StrEnum):
    """When the client sends the key again, to another process."""

    BEFORE = "before its owner dies"
    DURING = "during the dead owner's lease"
    AFTER = "after the lease"
    OVERTAKEN = "after the lease of an owner that stood still and then goes on"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where the owner dies (at a step of `drills.failing_service`; `NOWHERE`: at a random moment), and what else is."""

    step: str
    upstream: Upstream
    retry: Retry


@dataclass(slots=True)
class Finding:
    """What came of a schedule. `in_flight_seconds` is counted from the owner's death."""

    schedule: Schedule
    effects: int = 0
    dispatches: int = 0
    upstream_keys: int = 0
    in_flight_seconds: float = float("inf")
    first: str = "cut off"
    """What the first client saw."""
    retries: list[str] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether it happened once, was free in time, and nobody heard anything else."""
        in_time = self.in_flight_seconds <= MOST_IN_FLIGHT_SECONDS
        return self.effects == 1 and self.upstream_keys <= 1 and in_time and not self.amiss


def whole_matrix() -> Iterator[Schedule]:
    """Every step, every upstream, every retry."""
    return (Schedule(*each) for each in product(STEPS, Upstream, Retry))


@dataclass(slots=True)
class Answer:
    """What a client got. `told` is it in a few words."""

    status: int
    body: bytes
    replayed: bool
    code: str = ""

    @property
    def told(self) -> str:
        """Status and code."""
        return f"{self.status} {self.code.rpartition('.')[2]}".strip() + (" replayed" if self.replayed else "")


@dataclass(slots=True)
class Client:
    """One key of one desk, and both addresses that it can be sent to."""

    desk: Desk
    path: str
    body: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def sends(self, base: str | None = None) -> Answer | None:
        """Send the mutation; None where the connection broke."""
        desk = Desk(replace(self.desk.desktop, base=base or self.desk.desktop.base), self.desk.tenant_id,
                    self.desk.property_id)  # fmt: skip
        try:
            reply = await desk.request("POST", self.path, body=self.body, X_Idempotency_Key=self.key)
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
    """Carry the schedule out: one charge under a key of its own. Nothing else may act at billing meanwhile."""
    finding = Finding(schedule)
    client = Client(desk, f"/folios/{folio(world)}/charges", charge_of(world))
    happened, heard = await _so_far(world)
    await client.warms(process)
    fault = _FAULTS[schedule.upstream]
    if fault is not None:
        await asyncio.to_thread(lambda: world.fault(_BILLING, match="POST", **fault))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(client.sends(process.base))
        await _until_the_step(schedule, process)
        if schedule.retry is Retry.BEFORE:
            _heard(finding, await client.sends())
        if schedule.retry is Retry.OVERTAKEN:
            process.stand_still()
        else:
            await process.kill()
        died_at = time.monotonic()
        await asyncio.to_thread(world.control, "DELETE", "faults")
        kept = await _until_settled(client, finding, died_at)
        if schedule.retry is Retry.OVERTAKEN:
            process.go_on()
        _judge_the_first(finding, await first, kept)
    again = await client.sends()
    if again is None or again.body != kept.body or not again.replayed:
        finding.amiss.append("the kept answer is not given again")
    await asyncio.to_thread(_count, world, finding, happened, heard)
    return finding


async def _until_the_step(schedule: Schedule, process: Victim) -> None:
    if schedule.step == NOWHERE:
        await asyncio.sleep(random.uniform(0, _AT_RANDOM_SECONDS))
        return
    step = await process.reached()
    if step != schedule.step:
        raise RuntimeError(f"stopped at {step} instead of {schedule.step}")


async def _until_settled(client: Client, finding: Finding, died_at: float) -> Answer:
    """Try again until the answer is final, as a desktop's queue does; note when the key was free."""
    if finding.schedule.retry in {Retry.AFTER, Retry.OVERTAKEN}:
        await asyncio.sleep(LEASE_SECONDS + _AFTERWARDS_SECONDS)
    while True:
        asked_at = time.monotonic()
        answer = await client.sends()
        _heard(finding, answer)
        if answer is not None and answer.code.rpartition(".")[2] != "IDEMPOTENCY_IN_FLIGHT":
            finding.in_flight_seconds = min(finding.in_flight_seconds, asked_at - died_at)
        if answer is not None and answer.status in _SETTLED:
            return answer
        if time.monotonic() - died_at > 3 * MOST_IN_FLIGHT_SECONDS:
            raise RuntimeError(f"{finding.schedule}: still no answer after {finding.retries}")
        await asyncio.sleep(_BETWEEN_TRIES_SECONDS)


def _heard(finding: Finding, answer: Answer | None) -> None:
    finding.retries.append("cut off" if answer is None else answer.told)
    if answer is None:
        finding.amiss.append("a process that was not killed hung up")
    elif answer.status not in {*_SETTLED, 409, 502, 503, 504}:
        finding.amiss.append(f"a retry was answered {answer.told}")


def _judge_the_first(finding: Finding, answer: Answer | None, kept: Answer) -> None:
    """The first client hears nothing, or that it should try again, or the one answer that there is."""
    if answer is None:
        return
    finding.first = answer.told
    if answer.status in _SETTLED:
        if answer.body != kept.body:
            finding.amiss.append("two clients with one key have two answers")
    elif answer.status not in {409, 502, 503, 504}:
        finding.amiss.append(f"the first client was answered {answer.told}")


async def _so_far(world: World) -> tuple[int, int]:
    return await asyncio.to_thread(lambda: (len(effects(world, _BILLING)), len(dispatches(world))))


def _count(world: World, finding: Finding, happened: int, heard: int) -> None:
    dispatched = dispatches(world)[heard:]
    finding.effects = len(effects(world, _BILLING)[happened:])
    finding.dispatches = len(dispatched)
    finding.upstream_keys = len({each["headers"].get("Idempotency-Key") for each in dispatched})


def dispatches(world: World) -> list[dict[str, Any]]:
    """The charges that billing was asked to post so far."""
    found: list[dict[str, Any]] = world.control("GET", f"requests?service={_BILLING}").json()
    return [each for each in found if each["method"] == "POST"]
