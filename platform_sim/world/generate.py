"""The seed world: deterministic for a seed and a day. What is relative to a date is relative to the property's today."""

from __future__ import annotations

import random
from datetime import datetime

from platform_sim.ids import SeededIds
from platform_sim.world.estate import found_company
from platform_sim.world.hotels import HOTEL_COMPANIES
from platform_sim.world.staff import hire, register_devices
from platform_sim.world.world import World

__all__ = ["generate"]


def generate(seed: int, now: datetime) -> World:
    """Make the world of a seed as it stands now. The same seed on the same local days gives the same world."""
    world = World(seed=seed, began_at=now)
    ids = SeededIds(seed)
    for company in HOTEL_COMPANIES:
        # Each company draws from a source of its own, so that a change to one leaves the others as they are.
        rng = random.Random(f"{seed}:{company.slug}")
        tenant, properties = found_company(world, company, ids, rng)
        hire(world, company, tenant, properties, ids, rng)
        register_devices(world, company, tenant, properties, ids)
    return world
