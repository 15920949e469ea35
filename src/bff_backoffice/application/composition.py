"""The fan-out: every part at once, each under its own deadline, pushed to one writer as it lands.

Push and not yield: a generator that yields inside a timeout or a task group gets its consumer cancelled in its place
(PEP 789). And a queue between the parts and the writer: a client that reads slowly holds up the writer, never a part's
deadline, and no two tasks ever write at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Part", "compose"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T_co]):
    """One piece of a composed answer.

    `deadline` is a point on the running loop's clock, in seconds. `otherwise` gives what stands in the part's place
    when `load` raised, or was cut off at its deadline (`TimeoutError`); it does not wait and does not raise. `load`
    must end when it is cancelled: whoever runs code that may not, runs it in a flight (`flights.py`).
    """

    deadline: float
    load: Callable[[], Awaitable[T_co]]
    otherwise: Callable[[Exception], T_co]


async def compose(
    parts: Sequence[Part[T]], emit: Callable[[Sequence[T]], Awaitable[None]], *, opening: Sequence[T] = ()
) -> None:
    """Load all parts at once and pass each to `emit` when it is ready; return when all were taken.

    `opening` is what is there already; it is emitted first, while the parts load. `emit` gets the parts that became
    ready since its last call together, in the order in which they did, and is called by one task only. What it raises
    (the client is gone) ends the fan-out at once and is raised from here as it is, after every task has ended; being
    cancelled does the same.
    """
    finished: asyncio.Queue[T] = asyncio.Queue(maxsize=max(1, len(parts)))
    refused: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_settle(part, finished)) for part in parts]
        try:
            if opening:
                await emit(opening)
            await _write(finished, len(parts), emit)
        except Exception as error:  # noqa: BLE001 - whatever the writer raises is kept and raised below, unwrapped
            refused = error
            for task in tasks:
                task.cancel()
    if refused is not None:
        raise refused


async def _settle(part: Part[T], finished: asyncio.Queue[T]) -> None:
    try:
        async with asyncio.timeout_at(part.deadline):
            result = await part.load()
    except Exception as failure:  # noqa: BLE001 - one part's surprise must never become another part's
        result = part.otherwise(failure)
    # The queue is as long as there are parts, so a slow writer never makes a part wait here.
    finished.put_nowait(result)


async def _write(finished: asyncio.Queue[T], expected: int, emit: Callable[[Sequence[T]], Awaitable[None]]) -> None:
    while expected:
        ready = [await finished.get()]
        while not finished.empty():
            ready.append(finished.get_nowait())
        expected -= len(ready)
        await emit(ready)
