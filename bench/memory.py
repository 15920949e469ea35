"""Resident memory after many dashboards: what grows with the number of requests is a leak."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.cold_cache import ColdCache, composed_widgets
from bench.dashboards import Target
from bench.desktops import Desktop
from bench.load import saturate
from bench.machine import resident_mb
from bench.world import World

__all__ = ["resident_after"]

_BATCH = 200
_CONNECTIONS = 8
_SETTLING_SECONDS = 1.0


async def resident_after(
    world: World, target: Target, desktops: Sequence[Desktop], counts: Sequence[int]
) -> list[tuple[int, float]]:
    """MiB of the target's first process after so many dashboards: each batch begins cold and ends warm."""
    world.recording(delay_ms="0")
    names = composed_widgets(world.redis, target.prefix + desktops[0].tenant_id)
    cold = await ColdCache.open(world.redis, names)
    found, done = [], 0
    for count in counts:
        while done < count:
            part = min(_BATCH, count - done)
            requests = [
                desktops[(done + number) % len(desktops)].request(target.origin, "/dashboard") for number in range(part)
            ]
            cold.forget()
            result = await saturate(target.origin, requests, connections=_CONNECTIONS, seconds=30.0)
            result.require_mostly_well(target.name)
            done += part
        await asyncio.sleep(_SETTLING_SECONDS)
        found.append((count, resident_mb(target.pids[0])))
    cold.close()
    return found
