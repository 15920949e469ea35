"""Scheduled jobs: taken by one worker at a time, cut off anywhere, done twice at once; on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bff_backoffice.application.jobs import Chore, JobState, Platform, RequestJob, RunJob, RunJobs, Tenants
from bff_backoffice.application.jobs_table import JOBS, Job, job_named
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from tests.fakes.memory_job_runs import MemoryJobRuns
from tests.fakes.virtual_time import BEGINNING, run

KEYS = next(job for job in JOBS if job.name == "idempotency-keys")
ONE, TWO = TenantId("tnt_one"), TenantId("tnt_two")


@dataclass
class Heap:
    """What grows old, of some tenants; `broken` says how often removing fails first, `pause` how long a step takes."""

    old: dict[TenantId, int] = field(default_factory=dict)
    broken: int = 0
    pause: float = 0.01
    steps: list[tuple[TenantId, int]] = field(default_factory=list)

    async def tenants(self) -> Sequence[TenantId]:
        """Whose it is."""
        return list(self.old)

    async def remove(self, tenant_id: TenantId, keep: timedelta, most: int) -> int:
        """Remove so many."""
        assert keep == KEYS.keep
        await asyncio.sleep(self.pause)
        if self.broken:
            self.broken -= 1
            raise StoreUnavailableError("postgres")
        removed = min(most, self.old[tenant_id])
        self.old[tenant_id] -= removed
        self.steps.append((tenant_id, removed))
        return removed


@dataclass
class Seen:
    """What an observer is told."""

    ran: list[tuple[str, str, int]] = field(default_factory=list)
    states: list[Sequence[JobState]] = field(default_factory=list)

    def job_ran(self, name: str, *, outcome: str, rows: int, seconds: float) -> None:
        """A run ended."""
        assert seconds >= 0
        self.ran.append((name, outcome, rows))

    def job_states(self, states: Sequence[JobState]) -> None:
        """How things stand."""
        self.states.append(states)

    def of_keys(self) -> list[tuple[str, int]]:
        """What became of the sweep of keys."""
        return [(outcome, rows) for name, outcome, rows in self.ran if name == KEYS.name]


async def nothing() -> int:
    """A chore that finds nothing to do."""
    return 0


def chores_of(heap: Heap) -> dict[str, Chore]:
    """The heap for the sweep of keys, nothing to do for the others."""
    return {job.name: Platform(nothing) for job in JOBS} | {KEYS.name: Tenants(heap.remove)}


def a_worker(runs: MemoryJobRuns, heap: Heap) -> tuple[RunJobs, Seen]:
    """One, and what is seen of it."""
    seen = Seen()
    run_job = RunJob(chores=chores_of(heap), tenants=heap.tenants)
    return RunJobs(runs=runs, run_job=run_job, observer=seen), seen


async def working(workers: Sequence[RunJobs], seconds: float) -> None:
    """Let them work for so long, then stop them as a process stops."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(worker.run()) for worker in workers]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario in virtual time."""
    run(scenario())  # type: ignore[arg-type] # a coroutine function's result is a coroutine


def test_every_job_runs_at_the_start_and_then_at_its_interval() -> None:
    """Nothing waits for its first hour; afterwards each keeps its own time."""

    async def scenario() -> None:
        worker, seen = a_worker(MemoryJobRuns(), Heap({ONE: 3}))
        await working([worker], 10)
        assert sorted(name for name, _, _ in seen.ran) == sorted(job.name for job in JOBS)
        assert seen.of_keys() == [("done", 3)]

        await working([worker], KEYS.every.total_seconds())
        assert len(seen.of_keys()) == 2

    play(scenario)


def test_of_several_workers_one_runs_a_job() -> None:
    """Three workers over a day: each job as often as with one."""

    async def scenario() -> None:
        runs, heap = MemoryJobRuns(), Heap({ONE: 5})
        workers = [a_worker(runs, heap) for _ in range(3)]
        await working([worker for worker, _ in workers], 24 * 3600)
        times = sum(len(seen.of_keys()) for _, seen in workers)
        assert 23 <= times <= 24

    play(scenario)


def test_a_worker_that_dies_in_the_middle_lets_its_job_go() -> None:
    """What was removed is removed; another worker does the rest once the lease is over."""

    async def scenario() -> None:
        runs, heap = MemoryJobRuns(), Heap({ONE: 2000}, pause=1.0)
        first, _ = a_worker(runs, heap)
        await working([first], 2.5)
        left = heap.old[ONE]
        assert 0 < left < 2000

        second, seen = a_worker(runs, heap)
        await working([second], 120)

        assert heap.old[ONE] == 0
        assert seen.of_keys() == [("done", left)]

    play(scenario)


def test_a_job_with_much_to_do_lets_the_others_have_their_turn() -> None:
    """It ends after its bound and goes on a few seconds later, until nothing is left."""

    async def scenario() -> None:
        runs, heap = MemoryJobRuns(), Heap({ONE: KEYS.most * 2 + 1}, pause=0.001)
        worker, seen = a_worker(runs, heap)
        await working([worker], 60)
        assert seen.of_keys()[:3] == [("unfinished", KEYS.most), ("unfinished", KEYS.most), ("done", 1)]
        first = [name for name, _, _ in seen.ran][: len(JOBS)]
        assert sorted(first) == sorted(job.name for job in JOBS)

    play(scenario)


def test_a_run_ends_after_twenty_seconds_whatever_is_left() -> None:
    """A slow store does not make one job the only one."""

    async def scenario() -> None:
        heap = Heap({ONE: 10**6}, pause=1.5)
        rows, finished = await RunJob(chores=chores_of(heap), tenants=heap.tenants)(KEYS)
        assert not finished
        assert rows == 14 * KEYS.batch
        assert asyncio.get_running_loop().time() == pytest.approx(21.0)

    play(scenario)


def test_tenants_take_turns() -> None:
    """One with a mountain does not keep one with a hill waiting."""

    async def scenario() -> None:
        heap = Heap({ONE: 10**6, TWO: 700})
        await RunJob(chores=chores_of(heap), tenants=heap.tenants)(KEYS)
        assert heap.steps[:4] == [(ONE, 500), (TWO, 500), (ONE, 500), (TWO, 200)]
        assert heap.old[TWO] == 0

    play(scenario)


def test_a_run_removes_no_more_than_its_bound() -> None:
    """Not even by the last batch."""

    async def scenario() -> None:
        heap = Heap({ONE: 10**6})
        odd = Job(name=KEYS.name, what="", every=KEYS.every, keep=KEYS.keep, batch=400, most=1000)
        rows, finished = await RunJob(chores=chores_of(heap), tenants=heap.tenants)(odd)
        assert (rows, finished) == (1000, False)

    play(scenario)


def test_a_job_that_fails_is_tried_again_after_a_minute_and_the_others_run() -> None:
    """And it counts as overdue since it was due, not since its last try."""

    async def scenario() -> None:
        runs, heap = MemoryJobRuns(), Heap({ONE: 5}, broken=2)
        worker, seen = a_worker(runs, heap)
        await working([worker], 50)
        assert seen.of_keys() == [("failed", 0)]
        (state,) = [each for each in await runs.states() if each.name == KEYS.name]
        assert state.failure is not None
        assert "StoreUnavailableError" in state.failure
        assert state.due_at - BEGINNING < timedelta(seconds=1)
        assert len(seen.ran) == len(JOBS)

        await working([worker], 150)
        assert seen.of_keys() == [("failed", 0), ("failed", 0), ("done", 5)]
        (state,) = [each for each in await runs.states() if each.name == KEYS.name]
        assert state.failure is None

    play(scenario)


def test_a_job_that_somebody_asks_for_runs_soon_and_keeps_its_hour_from_then() -> None:
    """Whoever asks is told when it was asked for; asking twice is one run."""

    async def scenario() -> None:
        runs, heap = MemoryJobRuns(), Heap({ONE: 5})
        worker, seen = a_worker(runs, heap)
        await working([worker], 60)
        heap.old[ONE] = 7
        for _ in range(2):
            asked = await RequestJob(runs=runs)(KEYS.name)
            assert asked is not None
            assert isinstance(asked.at, datetime)
        await working([worker], 10)
        assert seen.of_keys() == [("done", 5), ("done", 7)]

    play(scenario)


def test_there_is_no_job_of_another_name() -> None:
    """Asking for one asks for nothing."""

    async def scenario() -> None:
        runs = MemoryJobRuns()
        assert await RequestJob(runs=runs)("drop-everything") is None
        assert await runs.states() == []

    play(scenario)


def test_a_store_that_comes_back_finds_the_scheduler_there() -> None:
    """Away at the start and in between: the schedule goes on as soon as it can be asked."""

    async def scenario() -> None:
        runs, heap = MemoryJobRuns(away=True), Heap({ONE: 5})
        worker, seen = a_worker(runs, heap)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(worker.run())
            await asyncio.sleep(30)
            assert seen.ran == []
            runs.away = False
            await asyncio.sleep(30)
            task.cancel()
        assert seen.of_keys() == [("done", 5)]

    play(scenario)


def test_a_job_without_a_chore_does_not_start() -> None:
    """Nor a chore that no job names: the table and what is put together are the same."""
    chores = chores_of(Heap())
    del chores[KEYS.name]
    for wrong in (chores, chores_of(Heap()) | {"unheard-of": Platform(nothing)}):
        with pytest.raises(ValueError, match=r"idempotency-keys|unheard-of"):
            RunJobs(runs=MemoryJobRuns(), run_job=RunJob(chores=wrong, tenants=Heap().tenants), observer=Seen())


def test_names_are_unique_and_fit_into_a_path() -> None:
    """A name is the last part of `/internal/jobs/{name}`."""
    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalnum() and name.islower() for name in names)
    assert job_named("") is None
