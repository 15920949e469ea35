"""Requests cancelled at random moments through the Redis, Postgres and HTTP pools: does anybody get another's answer?

Each request asks its server to say its own number back, over the very pools that the service uses, made small so that
every connection passes from hand to hand thousands of times.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bff_backoffice.application.ports import StoreUnavailableError, UpstreamError
from drills.pools import CONNECTIONS, HTTP_CONNECTIONS, Ask, Pool, http_pool, postgres_pool, redis_pool
from drills.tables import Table

__all__ = ["Torture", "cancellations", "torture"]

AT_ONCE: Final = 24
"""More than the connections of the small pools, so that waiting for one is cancelled too."""
_STALLED_SECONDS: Final = 30.0
_LONGEST_PATIENCE_S: Final = 1.0


@dataclass(slots=True)
class Torture:
    """What came of it. `failed` counts answers that were an error although nothing was wrong."""

    cancelled: int = 0
    answered: int = 0
    crossed: int = 0
    failed: int = 0
    seconds: float = 0.0
    patience_s: float = 0.001
    whole: bool = False
    connected: int = 0


async def torture(pool: Pool, wanted: int, told: Callable[[int], None]) -> Torture:
    """Make requests until so many were cancelled on their way, then see whether the pool is whole."""
    found, started = Torture(), time.monotonic()

    async def one_after_another() -> None:
        while found.cancelled < wanted:
            await _one(pool.ask, found)
            told(found.cancelled)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_another())
    found.seconds = time.monotonic() - started
    with suppress(TimeoutError, StoreUnavailableError, UpstreamError):
        async with asyncio.timeout(_STALLED_SECONDS):
            await pool.hold_all()
            found.whole = True
    found.connected = await pool.connected()
    return found


async def _one(ask: Ask, found: Torture) -> None:
    text = f"{secrets.token_hex(12)}-{random.randrange(10**9)}"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_asked(ask, text))
        if random.random() < 0.5:
            for _ in range(random.randrange(12)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(random.random() * found.patience_s)
        task.cancel()
    if task.cancelled():
        found.cancelled += 1
        # Patience follows what an answer takes: about a quarter are answered, so that every moment on the way is hit.
        found.patience_s = min(found.patience_s * 1.03, _LONGEST_PATIENCE_S)
        return
    found.patience_s *= 0.91
    said = task.result()
    found.answered += said is not None
    found.failed += said is None
    found.crossed += said is not None and said != text


async def _asked(ask: Ask, text: str) -> str | None:
    try:
        return await ask(text)
    except (StoreUnavailableError, UpstreamError):
        return None


async def cancellations(folder: Path, *, requests: int, progress: Callable[[str, int, int], None]) -> list[Table]:
    """One table over all pools."""
    table = Table(
        "cancellations",
        "Requests cancelled at random moments",
        f"{requests} requests are cancelled on their way through the service's own pools over a real Valkey, "
        f"PostgreSQL and HTTP server, {AT_ONCE} at a time over {CONNECTIONS} connections ({HTTP_CONNECTIONS} for "
        "HTTP); each asks for its own number back. Then all connections of a pool are used at the same moment.",
    )
    async with (
        redis_pool(folder, shared=True) as redis,
        redis_pool(folder, shared=False) as conversations,
        postgres_pool(folder) as postgres,
        http_pool() as http,
    ):
        done = 0
        for pool in (redis, conversations, http, postgres):
            before = done
            found = await torture(
                pool,
                round(requests * pool.share),
                lambda count: progress("cancelled", before + count, requests),  # noqa: B023 - called within this turn
            )
            done += found.cancelled
            _judge(table, pool, found)
    table.judged("cancelled in all", f"≥ {requests}", f"{done}", held=done >= requests)
    return [table]


def _judge(table: Table, pool: Pool, found: Torture) -> None:
    told = f"{found.cancelled} cancelled, {found.answered} answered in {found.seconds:.0f} s"
    table.judged(f"{pool.name}: answers to the wrong caller", "0", f"{found.crossed} ({told})", held=found.crossed == 0)
    table.judged(f"{pool.name}: errors without a cause", "0", f"{found.failed}", held=found.failed == 0)
    table.judged(
        f"{pool.name}: connections usable at the end", f"all {pool.size}", "all" if found.whole else "not all",
        held=found.whole,
    )  # fmt: skip
    table.judged(
        f"{pool.name}: connections that the server sees", f"≤ {pool.most}", f"{found.connected}",
        held=found.connected <= pool.most,
    )  # fmt: skip
