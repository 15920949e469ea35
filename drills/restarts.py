"""Redis, Postgres, the platform and the service itself killed under load: what clients see, and for how long."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from drills.desk import signed_in
from drills.operators import Pace, Seen, Shift
from drills.processes import port_of
from drills.tables import Table
from tests.worlds import World, start_world

__all__ = ["kills", "restarts"]

_PACE: Final = Pace(dashboard_s=1.0, session_s=0.5, heartbeat_s=2.0)
"""Five to ten times as busy as a desk ever is, so that a short outage is seen by somebody."""

_KILLED: Final = {"redis": "Redis", "postgres": "Postgres", "sim": "the platform (all upstreams)", "bff": "the service"}
_WELL_SECONDS: Final = 15.0
"""Contract, section 4: all is fresh again within 15 s of an upstream's recovery; the others get as long."""
_QUIET_SECONDS: Final = 3.0
"""So long without anything amiss, and all is well again."""
_PATIENCE_SECONDS: Final = 60.0


async def restarts(folder: Path, *, operators: int, progress: Callable[[str, int, int], None]) -> list[Table]:
    """One table: each of the four killed once (`kill -9`); the developer world starts it again."""
    with start_world(folder) as world:
        return [await kills(world, tuple(_KILLED), operators=operators, progress=progress)]


async def kills(
    world: World, processes: Sequence[str], *, operators: int, progress: Callable[[str, int, int], None]
) -> Table:
    """The same in a world that runs already; `processes` are of `redis` `postgres` `sim` `bff`."""
    table = Table(
        "restarts",
        "Killed under load",
        f"{operators} operators, each with a dashboard every {_PACE.dashboard_s:g} s, a request for the "
        f"session every {_PACE.session_s:g} s and a heartbeat every {_PACE.heartbeat_s:g} s, while one process after "
        "another is killed (`kill -9`) and started again. All is well when nothing was amiss for "
        f"{_QUIET_SECONDS:g} s; counted from the moment at which the process is back to the last thing that was amiss.",
    )
    shift = Shift(signed_in(world, operators), _PACE)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(shift.work())
        await asyncio.sleep(_QUIET_SECONDS)
        for number, process in enumerate(processes):
            progress(f"killing {_KILLED[process]}", number, len(processes))
            await _kill(world, shift, process, table)
        progress("done", len(processes), len(processes))
        shift.end()
        await working
    return table


async def _kill(world: World, shift: Shift, process: str, table: Table) -> None:
    name, before, at = _KILLED[process], world.pids[process], time.monotonic()
    os.kill(before, signal.SIGKILL)
    if process == "sim":
        # Else the cache would hide an outage as short as this one.
        await asyncio.to_thread(world.forget_cache)
    back_at = await _back(world, process, before)
    well = await _well(shift, at)
    seen = shift.since(at)
    amiss = [each for each in seen if not each.well]
    last = max((each.ended for each in amiss), default=at)
    table.told(f"{name}: back after", f"{back_at - at:.1f} s")
    for kind in ("dashboard", "session", "heartbeat"):
        table.told(f"{name}: {kind}s", _counts([each for each in seen if each.kind == kind]))
    table.judged(
        f"{name}: all well again", f"≤ {_WELL_SECONDS:g} s after it was back",
        f"{max(0.0, last - back_at):.1f} s" if well else "never", held=well and last - back_at <= _WELL_SECONDS,
    )  # fmt: skip
    # 401 would sign desks out, 500 would be a defect of ours: neither is how weather looks.
    wrong = Counter(each.what for each in amiss if each.what.startswith(("401", "403", "404", "500", "410")))
    table.judged(f"{name}: answers that blame the client or are a defect", "0", _told(wrong) or "0", held=not wrong)


async def _back(world: World, process: str, before: int) -> float:
    """When the new process answers, or takes connections where it has no other way to say so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    urls = {"redis": world.redis, "postgres": world.postgres["app"], "sim": world.sim, "bff": world.admin}
    while time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        if world.pids.get(process) not in (None, 0, before) and await _answers(port_of(urls[process]), process):
            return time.monotonic()
    raise RuntimeError(f"{process} was not started again")


async def _answers(port: int, process: str) -> bool:
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                if process == "bff":
                    # Its public socket is the supervisor's and other processes listen there too; this one is its own.
                    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
                    return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return True


async def _well(shift: Shift, since: float) -> bool:
    deadline = since + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        seen, now = shift.since(since), time.monotonic()
        last = max((each.ended for each in seen if not each.well), default=since)
        if now - last >= _QUIET_SECONDS and now - since >= _QUIET_SECONDS:
            return True
    return False


def _counts(seen: list[Seen]) -> str:
    return _told(Counter(f"({each.what})" for each in seen)) or "none"


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())
