"""Scheduled upkeep: who runs a job when, in steps that may be cut off anywhere and done twice at once.

A worker takes a job that is due, or that somebody asked for, and holds it for a while; one that dies lets it go. Every
step is a transaction of its own and takes what another one has not taken, so two runs of the same job share the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from bff_backoffice.application.jobs_table import JOBS, Job, job_named
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId

__all__ = [
    "Chore", "JobObserver", "JobRuns", "JobState", "Platform", "RequestJob", "Requested", "RunJob", "RunJobs",
    "Tenants",
]  # fmt: skip

_RUN_S: Final = 20.0
"""A run that has not finished by then leaves the rest to the next one, so that no job keeps others waiting for long."""
_LEASE: Final = timedelta(seconds=60)
"""How long a job is another's after it was taken: longer than a run and its last step can take."""
_AGAIN: Final = timedelta(seconds=60)
"""A job that failed is tried again so soon."""
_MORE: Final = timedelta(seconds=5)
"""One that has not finished goes on so soon; meanwhile others have their turn."""
_LOOK_S: Final = 2.0
_AWAY_S: Final = 2.0
_TOLD_EVERY: Final = 30
"""So many looks in vain, a minute, and the metrics are told again how things stand: another worker may have worked."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A step that concerns no single tenant: does it, and returns how many things it made or removed."""

    step: Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Tenants:
    """A step for one tenant: removes at most so many things that are older than that, and returns how many."""

    step: Callable[[TenantId, timedelta, int], Awaitable[int]]


Chore = Platform | Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """How a job stands. `due_at` is when it should run next; `failure` is why the last try failed, if it did."""

    name: str
    due_at: datetime
    succeeded_at: datetime | None
    failure: str | None


class JobRuns(Protocol):
    """When each job ran and who has it. Raises `StoreUnavailableError("postgres")`. Time is the store's own."""

    async def announce(self, names: Sequence[str]) -> None:
        """Let these be jobs; one that is not known yet is due at once."""

    async def take(self, names: Sequence[str], lease: timedelta) -> str | None:
        """Take one of these that is due or was asked for, so that nobody else does for so long."""

    async def succeeded(self, name: str, *, rows: int, again_in: timedelta) -> None:
        """Let it go until then."""

    async def failed(self, name: str, why: str, *, again_in: timedelta) -> None:
        """Let it go until then, and say why it has not succeeded."""

    async def ask_for(self, name: str) -> datetime:
        """Let the next worker that looks take it; return the moment of asking."""

    async def states(self) -> Sequence[JobState]:
        """Return how every job stands."""


class JobObserver(Protocol):
    """Who counts."""

    def job_ran(self, name: str, *, outcome: str, rows: int, seconds: float) -> None:
        """A run ended: `done`, `unfinished` or `failed`."""

    def job_states(self, states: Sequence[JobState]) -> None:
        """How things stand, whoever ran them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJob:
    """Run one job now, whoever else does. Returns how much it did, and whether nothing is left.

    Raises:
        StoreUnavailableError: a store is away or too busy. What was done until then is done.
    """

    chores: Mapping[str, Chore]
    tenants: Callable[[], Awaitable[Sequence[TenantId]]]

    async def __call__(self, job: Job) -> tuple[int, bool]:
        match self.chores[job.name]:
            case Platform(step):
                return await step(), True
            case Tenants(step):
                return await self._for_each(job, step, await self.tenants())

    async def _for_each(
        self, job: Job, step: Callable[[TenantId, timedelta, int], Awaitable[int]], tenants: Sequence[TenantId]
    ) -> tuple[int, bool]:
        """A batch of each tenant in turn, so that one with much to remove keeps nobody waiting."""
        until = asyncio.get_running_loop().time() + _RUN_S
        rows, left = 0, list(tenants)
        while left:
            unfinished: list[TenantId] = []
            for tenant_id in left:
                if rows >= job.most or asyncio.get_running_loop().time() >= until:
                    return rows, False
                most = min(job.batch, job.most - rows)
                removed = await step(tenant_id, job.keep, most)
                rows += removed
                if removed >= most:
                    unfinished.append(tenant_id)
            left = unfinished
        return rows, True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJobs:
    """The worker's scheduler: takes what is due, one job at a time, until cancelled."""

    runs: JobRuns
    run_job: RunJob
    observer: JobObserver

    def __post_init__(self) -> None:
        missing = {job.name for job in JOBS} ^ set(self.run_job.chores)
        if missing:
            raise ValueError(f"jobs without a chore, or chores without a job: {', '.join(sorted(missing))}")

    async def run(self) -> None:
        """Schedule for ever. A store that is away is asked again after a moment."""
        names, announced, idle = [job.name for job in JOBS], False, 0
        while True:
            try:
                if not announced:
                    await self.runs.announce(names)
                    announced = True
                name = await self.runs.take(names, _LEASE)
                if name is not None:
                    await self._one(name)
                if name is not None or idle % _TOLD_EVERY == 0:
                    self.observer.job_states(await self.runs.states())
                idle = 0 if name is not None else idle + 1
            except StoreUnavailableError:
                await asyncio.sleep(_AWAY_S)
                continue
            if name is None:
                await asyncio.sleep(_LOOK_S)

    async def _one(self, name: str) -> None:
        job = job_named(name)
        assert job is not None  # noqa: S101 - for the type checker: only names of the table are taken
        started = asyncio.get_running_loop().time()
        rows, outcome = 0, "failed"
        try:
            rows, finished = await self.run_job(job)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other jobs go on, and a person reads of it
            await self.runs.failed(name, f"{type(failure).__name__}: {failure}"[:300], again_in=_AGAIN)
        else:
            outcome = "done" if finished else "unfinished"
            await self.runs.succeeded(name, rows=rows, again_in=job.every if finished else _MORE)
        seconds = asyncio.get_running_loop().time() - started
        self.observer.job_ran(name, outcome=outcome, rows=rows, seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A run that was asked for."""

    job: Job
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestJob:
    """Ask for a run, which the next worker that looks does: who serves people has no right to remove anything.

    Raises:
        StoreUnavailableError: nobody will run it, and the scheduler asks again.
    """

    runs: JobRuns

    async def __call__(self, name: str) -> Requested | None:
        """Ask for it; None where there is no such job."""
        job = job_named(name)
        return None if job is None else Requested(job=job, at=await self.runs.ask_for(name))
