"""Two hundred copies of one proof at once, over two processes, also while Redis forgets: how many are accepted?"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis as redis_client

from drills.desk import Connection, Desk, signed_in
from drills.processes import metric, port_of
from drills.tables import Table
from tests.worlds import World, start_world

__all__ = ["copies", "one_proof"]

_COPIES: Final = 200
_OK: Final = 200
_MORE_ROUNDS: Final = 5
"""So many at most, until both processes have had their share: a busy one leaves connections to the other."""
_RECOVERY_SECONDS: Final = 40.0
"""The 10 s after its start during which a store that forgot admits nothing, and a machine that is busy."""

Answers = Counter[str]


@dataclass(slots=True)
class _Outcome:
    """What came of one weather: the answers of each round, and how long Redis took each time."""

    name: str
    recovery_s: float
    rounds: list[Answers] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    """Requests that each process answered."""


async def one_proof(folder: Path, *, rounds: int, progress: Callable[[str, int, int], None]) -> list[Table]:
    """One table: calm, then a Redis that forgets in four ways."""
    with start_world(folder, "--workers", "2") as world:
        return [await copies(world, folder / "state", tuple(_WEATHERS), rounds=rounds, progress=progress)]


async def copies(
    world: World,
    state: Path,
    weathers: Sequence[str],
    *,
    rounds: int,
    progress: Callable[[str, int, int], None],
    recovery_s: float = _RECOVERY_SECONDS,
) -> Table:
    """The same in a world that runs two service processes with its data in `state`; `weathers` are of `_WEATHERS`.

    A Redis that forgot has `recovery_s` to accept a new proof, and that is judged.
    """
    table = Table(
        "one-proof",
        "Two hundred copies of one proof at once",
        f"The same request, byte for byte, {_COPIES} times over as many connections to two service "
        "processes. Then the same while Redis loses its memory: emptied (`FLUSHALL`), or killed with its "
        "append-only file removed. More copies are sent until a new proof is accepted again, and once more after that.",
    )
    done, total = 0, rounds * len(weathers)
    for name in weathers:
        outcome, before = _Outcome(name, recovery_s), _served(world)
        while len(outcome.rounds) < rounds or (not all(outcome.served) and len(outcome.rounds) < rounds + _MORE_ROUNDS):
            (desk,) = signed_in(world, 1)
            try:
                outcome.rounds.append(await _round(world, state, desk, outcome))
            finally:
                desk.close()
            done = min(done + 1, total)
            progress("rounds", done, total)
            outcome.served = [late - early for early, late in zip(before, _served(world), strict=True)]
        _judge(table, outcome)
    return table


async def _round(world: World, state: Path, desk: Desk, outcome: _Outcome) -> Answers:
    forget, afterwards = _WEATHERS[outcome.name], "afterwards" in outcome.name
    if (await desk.request("GET", "/session")).status != _OK:
        raise RuntimeError("no session in good weather")
    copy = desk.raw("GET", "/session")
    answers: Answers = Counter()
    if forget is None:
        await _volley(world, copy, answers)
        return answers
    async with asyncio.TaskGroup() as group:
        begun = asyncio.Event()
        volley = group.create_task(_volley(world, copy, answers, begun=begun))
        await (volley if afterwards else begun.wait())
        # Meanwhile: somewhere between the first copy's answer and the last one's.
        await asyncio.sleep(0 if afterwards else random.uniform(0.0, 0.06))
        forgot_at = time.monotonic()
        await asyncio.to_thread(forget, world, state)
    await _again_and_again(world, desk, copy, answers, forgot_at + outcome.recovery_s)
    outcome.recovery.append(time.monotonic() - forgot_at)
    await _volley(world, copy, answers)
    return answers


async def _again_and_again(world: World, desk: Desk, copy: bytes, answers: Answers, until: float) -> None:
    """Send copies until a proof that was made for this is accepted."""
    while time.monotonic() < until:
        await _volley(world, copy, answers, count=20)
        try:
            if (await desk.request("GET", "/session")).status == _OK:
                return
        except OSError:
            continue
        await asyncio.sleep(0.1)
    answers["never well again"] += 1


async def _volley(
    world: World, copy: bytes, answers: Answers, *, count: int = _COPIES, begun: asyncio.Event | None = None
) -> None:
    """All copies at once: the connections are there before the first byte is sent."""
    connections = [await Connection.to(world.bff) for _ in range(count)]
    try:
        waiting = [connection.send(copy) for connection in connections]
        if begun is not None:
            begun.set()
        for each in waiting:
            try:
                reply = await each
            except OSError:
                answers["cut off"] += 1
                continue
            code = "" if reply.status == _OK else " " + str(reply.json()["code"]).rpartition(".")[2]
            answers[f"{reply.status}{code}"] += 1
    finally:
        for connection in connections:
            connection.close()


def _flush(world: World, _state: Path) -> None:
    client = redis_client.Redis.from_url(world.redis)
    client.flushall()
    client.close()


def _kill(world: World, state: Path) -> None:
    """The files go while the process is stopped, so that it can neither write them again nor be restarted with them."""
    before = world.pids["redis"]
    os.kill(before, signal.SIGSTOP)
    shutil.rmtree(state / "valkey" / "appendonlydir", ignore_errors=True)
    os.kill(before, signal.SIGKILL)
    for _ in range(400):
        if world.pids["redis"] not in (0, before):
            return
        time.sleep(0.05)
    raise RuntimeError("Redis was not started again")


def _served(world: World) -> list[float]:
    """How many requests each service process has refused or answered."""
    admin = port_of(world.admin)
    return [
        sum(
            metric(
                world,
                f'bff_backoffice_request_total{{method="GET",route="/session",status_class="{status}"}}',
                admin=url,
            )
            for status in ("2xx", "4xx", "5xx")
        )
        for url in (f"http://127.0.0.1:{admin + number}" for number in range(2))
    ]


_WEATHERS: Final[dict[str, Callable[[World, Path], None] | None]] = {
    "calm": None,
    "`FLUSHALL` afterwards": _flush,
    "`FLUSHALL` meanwhile": _flush,
    "`kill -9` without its file afterwards": _kill,
    "`kill -9` without its file meanwhile": _kill,
}


def _judge(table: Table, outcome: _Outcome) -> None:
    name, recovery, served = outcome.name, outcome.recovery, outcome.served
    accepted = Counter(answers[str(_OK)] for answers in outcome.rounds)
    most = max(accepted)
    # A Redis that forgets before the first answer may leave nobody accepted, and so may one that took a proof in and
    # was too late to say so: that is safe, accepting two is not.
    wanted = "at most one" if "meanwhile" in name else "exactly one"
    excused = ["meanwhile" in name or any(what.startswith("503") for what in each) for each in outcome.rounds]
    held = most <= 1 and all(each[str(_OK)] or safe for each, safe in zip(outcome.rounds, excused, strict=True))
    others = sum(outcome.rounds, Counter[str]())
    others.pop(str(_OK), None)
    rest = ", ".join(f"{count} ({what})" for what, count in others.most_common())
    told = ", ".join(f"{count} accepted in {rounds} rounds" for count, rounds in sorted(accepted.items()))
    table.judged(f"{name}: copies accepted", f"{wanted} a round", f"{told}; {rest}", held=held)
    both = "both" if all(served) else "one"
    table.judged(
        f"{name}: answered by both processes", "both", f"{both} ({' and '.join(f'{each:.0f}' for each in served)})",
        held=all(served),
    )  # fmt: skip
    if recovery:
        well = not others["never well again"]
        table.judged(
            f"{name}: a new proof accepted again after", f"≤ {outcome.recovery_s:g} s",
            f"{min(recovery):.1f} to {max(recovery):.1f} s", held=well,
        )  # fmt: skip
