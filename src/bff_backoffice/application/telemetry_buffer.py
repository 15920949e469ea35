"""Events that belong to no transaction: gathered in memory and written to the outbox in batches, off the hot path.

What is told by a request costs it an append. The buffer is bounded, and what does not fit is dropped and counted; a
process that is killed loses what it gathered in the last moments, one that is stopped loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Final, Protocol, Self

from bff_backoffice.application.outbox import Message, Messages
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.telemetry import Origin, Telemetry
from bff_backoffice.application.telemetry_payloads import Payload
from bff_backoffice.domain.operator import TenantId

__all__ = ["TelemetryBuffer", "TelemetryObserver"]

_MOST: Final = 10_000
"""Some ten megabytes: a minute of a very busy process while Postgres is away."""
_BATCH: Final = 500
_GATHER_S: Final = 0.05
_AWAY_S: Final = 1.0
_LAST_S: Final = 2.0


class TelemetryObserver(Protocol):
    """Who counts."""

    def telemetry_dropped(self, subject: str) -> None:
        """An event had no place in the buffer."""

    def telemetry_surprised(self, failure: Exception) -> None:
        """Events could not be written for a reason that nobody foresaw, and are dropped."""


@dataclass(frozen=True, slots=True)
class _Gathered:
    event_id: str
    origin: Origin
    payload: Payload
    at: datetime


class TelemetryBuffer:
    """Opened once by the root: `async with TelemetryBuffer(…) as emit`."""

    def __init__(
        self, telemetry: Telemetry, messages: Messages, observer: TelemetryObserver, *, most: int = _MOST
    ) -> None:
        self.telemetry = telemetry
        self._messages = messages
        self._observer = observer
        self._most = most
        self._gathered: deque[_Gathered] = deque()
        self._something = asyncio.Event()
        self._ending = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._group.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, for two seconds at most."""
        self._ending.set()
        self._something.set()
        # An error of the block is not this group's affair: handed over, it would come back wrapped in a group.
        cancelled = isinstance(error, asyncio.CancelledError)
        await self._group.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))

    def __call__(self, origin: Origin, payload: Payload) -> None:
        """Gather an event, if it is among those that are told. Raises nothing."""
        now = self.telemetry.clock()
        event_id = self.telemetry.draw(payload, now)
        if event_id is None:
            return
        if len(self._gathered) >= self._most:
            self._observer.telemetry_dropped(payload.subject.short)
            return
        self._gathered.append(_Gathered(event_id, origin, payload, now))
        self._something.set()

    async def _run(self) -> None:
        while not self._ending.is_set():
            await self._something.wait()
            # A moment, so that what comes together is written together.
            try:
                async with asyncio.timeout(_GATHER_S):
                    await self._ending.wait()
            except TimeoutError:
                pass
            self._something.clear()
            try:
                await self._write()
            except StoreUnavailableError:
                self._something.set()
                try:
                    async with asyncio.timeout(_AWAY_S):
                        await self._ending.wait()
                except TimeoutError:
                    pass
        try:
            async with asyncio.timeout(_LAST_S):
                await self._write()
        except (StoreUnavailableError, TimeoutError):
            for each in self._gathered:
                self._observer.telemetry_dropped(each.payload.subject.short)

    async def _write(self) -> None:
        """Write until nothing is left. Raises `StoreUnavailableError`; what was not written is still there then."""
        while self._gathered:
            batch = list(islice(self._gathered, _BATCH))
            try:
                await self._write_batch(batch)
            except StoreUnavailableError:
                raise
            except Exception as failure:  # noqa: BLE001 - events that can't be written must not be tried for ever
                self._observer.telemetry_surprised(failure)
            for _ in batch:
                self._gathered.popleft()

    async def _write_batch(self, batch: Iterable[_Gathered]) -> None:
        by_tenant: dict[TenantId, list[Message]] = defaultdict(list)
        for each in batch:
            by_tenant[each.origin.tenant_id].append(
                self.telemetry.sealed(each.origin, each.payload, event_id=each.event_id, at=each.at)
            )
        for tenant_id, messages in by_tenant.items():
            # Tenants that were written before the store went away are written once more, under the same identifiers.
            await self._messages.write(tenant_id, messages)
