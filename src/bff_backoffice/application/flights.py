"""Single flight within a process: readers who want the same thing at the same time share one load.

A flight belongs to nobody who waits for it. It runs in a task group that lives as long as the process, lives while
somebody waits, and is cancelled when the last one leaves; so neither the first reader's hanging up nor a load that
ignores its cancellation can hurt the others. One that was launched for nobody in particular goes on to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["FlightLostError", "Flights"]

T = TypeVar("T")


class FlightLostError(Exception):
    """The flight ended without a result, because the process is ending or because the load cancelled itself."""


class _Flight(Generic[T]):
    __slots__ = ("deadline", "for_nobody", "task", "waiting")

    def __init__(self, deadline: float, *, for_nobody: bool = False) -> None:
        self.deadline = deadline
        self.for_nobody = for_nobody
        self.task: asyncio.Task[None] | None = None
        # A future for each reader: cancelling one that waits for a shared future would cancel it for all.
        self.waiting: set[asyncio.Future[T]] = set()

    def empty_seats(self) -> list[asyncio.Future[T]]:
        return [seat for seat in self.waiting if not seat.done()]


class Flights(Generic[T]):
    """The loads that are in the air. Opened once by the root: `async with Flights() as flights`."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._in_air: dict[Hashable, _Flight[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        # An error of the block is not this group's affair: handed over, it would come back wrapped in a group.
        cancelled = isinstance(error, asyncio.CancelledError)
        await self._group.__aexit__(*((kind, error, trace) if cancelled else (None, None, None)))

    @property
    def in_air(self) -> int:
        """How many loads are in the air that a reader could join."""
        return len(self._in_air)

    @property
    def running(self) -> int:
        """How many tasks there are, those included that were cancelled and have not ended yet."""
        return len(self._tasks)

    async def join(self, key: Hashable, load: Callable[[], Awaitable[T]], *, deadline: float) -> T:
        """Wait for the load that is in the air under this key, or start this one.

        `deadline` (the loop's clock, seconds) is the load's, not the caller's: it is cut off there, and nobody joins it
        after that. The caller bounds its own waiting. Raises what the load raises, `TimeoutError` at the deadline, and
        `FlightLostError`.
        """
        loop = asyncio.get_running_loop()
        flight = self._in_air.get(key)
        if flight is None or flight.deadline <= loop.time():
            flight = self._start(key, load, deadline)
        seat: asyncio.Future[T] = loop.create_future()
        flight.waiting.add(seat)
        try:
            return await seat
        finally:
            flight.waiting.discard(seat)
            if not flight.waiting and not flight.for_nobody:
                self._abandon(key, flight)

    def launch(self, key: Hashable, load: Callable[[], Awaitable[T]], *, deadline: float) -> bool:
        """Start this load for nobody in particular, and say whether it was: not if one is in the air under this key.

        Whoever wants it before it ends may join it. `deadline` is the load's. Its failure is only told to who joined.
        """
        flight = self._in_air.get(key)
        if flight is not None and flight.deadline > asyncio.get_running_loop().time():
            return False
        self._start(key, load, deadline, for_nobody=True)
        return True

    def retire(self, key: Hashable) -> None:
        """Let nobody else join the load that is in the air under this key; those who wait for it still get it."""
        self._in_air.pop(key, None)

    def retire_all(self, which: Callable[[Hashable], bool]) -> None:
        """Let nobody else join any load whose key is one of `which`."""
        for key in [key for key in self._in_air if which(key)]:
            self.retire(key)

    def _start(
        self, key: Hashable, load: Callable[[], Awaitable[T]], deadline: float, *, for_nobody: bool = False
    ) -> _Flight[T]:
        flight: _Flight[T] = _Flight(deadline, for_nobody=for_nobody)
        self._in_air[key] = flight
        flight.task = self._group.create_task(self._fly(key, flight, load))
        self._tasks.add(flight.task)
        flight.task.add_done_callback(self._tasks.discard)
        return flight

    def _abandon(self, key: Hashable, flight: _Flight[T]) -> None:
        """Nobody waits any more: forget the flight first, so that a stubborn one can never be joined, then end it."""
        self._land(key, flight)
        if flight.task is not None:
            flight.task.cancel()

    def _land(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._in_air.get(key) is flight:
            del self._in_air[key]

    async def _fly(self, key: Hashable, flight: _Flight[T], load: Callable[[], Awaitable[T]]) -> None:
        failure: Exception = FlightLostError()
        try:
            async with asyncio.timeout_at(flight.deadline):
                result = await load()
            for seat in flight.empty_seats():
                seat.set_result(result)
        except Exception as error:  # noqa: BLE001 - a load's failure belongs to its readers, not to the task group
            failure = error
        finally:
            # Also when the task itself was cancelled: whoever still waits must never wait for ever.
            self._land(key, flight)
            for seat in flight.empty_seats():
                seat.set_exception(failure)
