"""How many tasks there are, as `/metrics` tells it: what the drills look at for things left behind."""

from __future__ import annotations

import asyncio

from bff_backoffice.infrastructure.observability import Metrics


def told(metrics: Metrics) -> float:
    """The sample in the exposition."""
    lines = metrics.exposition().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("bff_backoffice_tasks "))


def test_a_task_that_is_left_behind_shows():
    """One more while it runs, and none more once it has ended."""

    async def run() -> tuple[float, float, float]:
        metrics, release = Metrics(), asyncio.Event()
        before = told(metrics)
        async with asyncio.TaskGroup() as group:
            group.create_task(release.wait())
            await asyncio.sleep(0)
            during = told(metrics)
            release.set()
        return before, during, told(metrics)

    assert asyncio.run(run()) == (1, 2, 1)


def test_outside_a_loop_there_are_none():
    """The exposition can be made anywhere, also where no loop runs."""
    assert told(Metrics()) == 0
