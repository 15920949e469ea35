"""When each job ran, in memory and on the running loop's clock: for tests of the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bff_backoffice.application.jobs import JobState
from bff_backoffice.application.ports import StoreUnavailableError
from tests.fakes.virtual_time import wall_clock

__all__ = ["MemoryJobRuns"]


@dataclass
class Row:
    """One job."""

    next_at: datetime
    lease_until: datetime
    requested_at: datetime | None = None
    started_at: datetime | None = None
    succeeded_at: datetime | None = None
    failure: str | None = None

    def free(self, now: datetime) -> bool:
        """Whether somebody may take it."""
        asked = self.requested_at is not None and (self.started_at is None or self.requested_at > self.started_at)
        return self.lease_until <= now and (self.next_at <= now or asked)


@dataclass
class MemoryJobRuns:
    """Keeps its promises by the virtual clock; `away` makes it fail as a lost store does."""

    away: bool = False
    rows: dict[str, Row] = field(default_factory=dict)

    async def announce(self, names: Sequence[str]) -> None:
        """Let these be jobs."""
        now = await self._now()
        for name in names:
            self.rows.setdefault(name, Row(now, now))

    async def take(self, names: Sequence[str], lease: timedelta) -> str | None:
        """Take one that is due or was asked for."""
        now = await self._now()
        free = [name for name, row in self.rows.items() if name in names and row.free(now)]
        if not free:
            return None
        name = min(free, key=lambda each: self.rows[each].next_at)
        self.rows[name].lease_until, self.rows[name].started_at = now + lease, now
        return name

    async def succeeded(self, name: str, *, rows: int, again_in: timedelta) -> None:
        """Let it go until then."""
        assert rows >= 0
        now = await self._now()
        row = self.rows[name]
        row.lease_until, row.next_at, row.succeeded_at, row.failure = now, now + again_in, now, None

    async def failed(self, name: str, why: str, *, again_in: timedelta) -> None:
        """Let it go for a while."""
        self.rows[name].lease_until, self.rows[name].failure = await self._now() + again_in, why

    async def ask_for(self, name: str) -> datetime:
        """Let the next worker that looks take it."""
        now = await self._now()
        self.rows.setdefault(name, Row(now, now)).requested_at = now
        return now

    async def states(self) -> Sequence[JobState]:
        """How every job stands."""
        await self._now()
        return [
            JobState(name=name, due_at=row.next_at, succeeded_at=row.succeeded_at, failure=row.failure)
            for name, row in sorted(self.rows.items())
        ]

    async def _now(self) -> datetime:
        # A real store always lets others run meanwhile.
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailableError("postgres")
        return wall_clock()
