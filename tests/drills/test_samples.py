"""A small sample of each weather drill: that it can be carried out, and that what it finds is no matter of time.

The times in their tables are for a quiet machine to judge (`make drill`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from drills.cancellations import Torture, cancellations, torture
from drills.one_proof import copies
from drills.operators import Pace
from drills.pools import Pool
from drills.restarts import kills
from drills.soak import watched
from drills.tables import Row, Table
from drills.weather import storm
from tests.worlds import World


def untold(_what: str, _done: int, _total: int) -> None:
    """Nobody watches the progress of a sample."""


def untimed(table: Table) -> list[Row]:
    """The judged lines that say nothing of times and of memory."""
    return [
        row for row in table.rows if row.verdict is not None and " ms" not in row.wanted and "memory" not in row.what
    ]


def test_thirteen_bad_upstreams_leave_every_dashboard_whole_and_nothing_behind(tmp_path: Path):
    """Each of six dashboards has its end and its healthy widgets; tasks, files and connections are as before."""
    table = asyncio.run(
        storm(tmp_path, breakers=False, dashboards=6, side_by_side=2, progress=untold, idle_s=0.5)
    )  # fmt: skip

    judged = {row.what: row for row in untimed(table) if row.what != "left behind: upstream"}
    assert len(judged) == 9
    assert {what for what, row in judged.items() if not row.verdict} == set(), judged
    (fresh,) = [row.measured for row in table.rows if row.what == "healthy widgets fresh"]
    # Of twelve; a moment in which the machine stood still may have made some of them late.
    assert int(fresh.split()[0]) >= 6, fresh


def test_a_few_hundred_cancelled_requests_cross_no_answers(tmp_path: Path):
    """Through each of the pools; every connection is usable afterwards."""
    (table,) = asyncio.run(cancellations(tmp_path, requests=800, progress=untold))

    assert {row.what for row in table.rows if not row.verdict} == set(), table.rows


def test_a_pool_that_crosses_answers_is_found_out():
    """A client that leaves a cancelled request's answer on its connection gives it to the next one: the old defect."""
    answers: asyncio.Queue[str] = asyncio.Queue()

    async def careless(text: str) -> str:
        answers.put_nowait(text)
        await asyncio.sleep(0.0005)
        return await answers.get()

    async def nothing() -> None:
        return None

    async def one() -> int:
        return 1

    async def run() -> Torture:
        pool = Pool(name="careless", size=1, most=1, share=1, ask=careless, hold_all=nothing, connected=one)
        return await torture(pool, 200, lambda _count: None)

    assert asyncio.run(run()).crossed > 0


def test_a_pool_that_loses_a_connection_is_found_out():
    """A place that a cancelled request never gives back is missed when all are wanted at once."""

    async def run() -> Torture:
        places = asyncio.Semaphore(200)

        async def forgetful(text: str) -> str:
            await places.acquire()
            await asyncio.sleep(0.0005)
            places.release()
            return text

        async def hold_all() -> None:
            async with asyncio.timeout(0.1):
                for _ in range(200):
                    await places.acquire()

        async def connected() -> int:
            return 200

        pool = Pool(
            name="forgetful", size=200, most=200, share=1, ask=forgetful, hold_all=hold_all, connected=connected
        )
        return await torture(pool, 100, lambda _count: None)

    assert not asyncio.run(run()).whole


def test_staff_at_their_usual_pace_leave_nothing_behind(drilled: tuple[World, Path]):
    """A few seconds of soaking: every request well, tasks and descriptors as many at the end as at the beginning."""
    pace = Pace(dashboard_s=1.0, session_s=0.5, heartbeat_s=1.0)

    table = asyncio.run(watched(drilled[0], operators=4, seconds=5, progress=untold, pace=pace))

    assert {row.what for row in untimed(table) if not row.verdict} == set(), table.rows
    (late,) = [row.measured for row in table.rows if row.what == "dashboards with a widget that was late"]
    # Of twenty and more.
    assert int(late.split()[0]) <= 5, late


def test_a_service_process_that_is_killed_is_back_and_nobody_is_blamed(drilled: tuple[World, Path]):
    """Under the load of a few operators; what they saw meanwhile blames no client and hides no defect."""
    table = asyncio.run(kills(drilled[0], ("bff",), operators=4, progress=untold))

    assert {row.what for row in table.rows if row.verdict is False} == set(), table.rows
    assert any("(200)" in row.measured for row in table.rows)


def test_of_two_hundred_copies_one_is_accepted_and_none_after_redis_forgot(drilled: tuple[World, Path]):
    """Over two processes at once; and at most one where Redis is killed among them and comes back empty."""
    world, state = drilled
    weathers = ("calm", "`kill -9` without its file meanwhile")

    table = asyncio.run(copies(world, state, weathers, rounds=1, progress=untold, recovery_s=2.0))

    judged = {row.what: row for row in table.rows if "accepted again" not in row.what}
    assert len(judged) == 4
    assert {what for what, row in judged.items() if not row.verdict} == set(), judged
