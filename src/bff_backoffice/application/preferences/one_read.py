"""Reading one thing through the cache: what is fresh at once, else what a load brings, else what was known last."""

from __future__ import annotations

import asyncio

from bff_backoffice.application.preferences.ports import OperatorRequest
from bff_backoffice.application.read_through import ReadThrough, Served, Wanted
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome

__all__ = ["read_one"]


async def read_one(reads: ReadThrough, asked: OperatorRequest, wanted: Wanted) -> tuple[Served, CacheStatus]:
    """Return how the read ended and how it came from the cache. Raises nothing of its own."""
    look = await reads.last_known(asked.tenant_id, [wanted.key])
    (known,) = look.projections
    served = reads.from_cache(known)
    if known is not None and served is not None:
        reads.refresh_early(asked.tenant_id, known, lambda: wanted)
        return served, CacheStatus.HIT
    try:
        async with asyncio.timeout(asked.patience_ms(wanted.deadline_ms) / 1000):
            served = await reads.renew(asked.tenant_id, wanted, known=known, cache=look.asked)
    except TimeoutError as late:
        served = reads.instead(wanted, known, late)
    if not look.asked:
        return served, CacheStatus.BYPASS
    return served, CacheStatus.STALE if served.outcome is Outcome.STALE else CacheStatus.MISS
