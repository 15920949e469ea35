"""Callers who are cancelled at random moments, and what every one of them must find in its answer."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import count

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.infrastructure.memorystore.client import RedisStore

__all__ = ["torture"]

_AT_ONCE = 100


async def torture(
    store: RedisStore, dice: random.Random, *, cancellations: int, longest_seconds: float
) -> Counter[str]:
    """Make round trips, a hundred at a time, half of them with a limit of at most `longest_seconds`.

    Goes on until so many were cancelled. Counts `answered`, `cancelled` and `unavailable`; every answer that is another
    caller's is `crossed`.
    """
    outcomes: Counter[str] = Counter()
    numbers = count()

    async def call(number: int) -> None:
        name = b"caller %d" % number
        if number % 3:
            answer = await store.round_trip(("ECHO", name), ("STRLEN", name), ("ECHO", name * (number % 50)))
            right = answer.replies == [name, 0, name * (number % 50)]
        else:
            right = await store.ask("ECHO", name) == name
        outcomes["answered" if right else "crossed"] += 1

    async def worker() -> None:
        while outcomes["cancelled"] < cancellations:
            number = next(numbers)
            try:
                async with asyncio.timeout(dice.uniform(0, longest_seconds) if dice.random() < 0.5 else None):
                    await call(number)
            except TimeoutError:
                outcomes["cancelled"] += 1
            except StoreUnavailableError:
                outcomes["unavailable"] += 1
                await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(worker())
    return outcomes
