"""The seed world: the same for a seed and a day. What is relative to a date is relative to the property's today."""

from __future__ import annotations

import pickle
import random
from datetime import datetime

from platform_sim.ids import SeededIds
from platform_sim.world.accounts import open_books
from platform_sim.world.companies import HOTEL_COMPANIES
from platform_sim.world.estate import found_company
from platform_sim.world.inboxes import fill_inboxes
from platform_sim.world.staff import hire, register_devices
from platform_sim.world.stays import fill_house
from platform_sim.world.upkeep import close_rooms, cut_keys, keep_house
from platform_sim.world.world import World

__all__ = ["generate"]


# A test suite asks for the same world hundreds of times. From the third time on it gets a copy from here, in a third of
# the time; only the latest seed and moment are kept.
_asked_before: dict[tuple[int, datetime], bytes | None] = {}


def generate(seed: int, now: datetime) -> World:
    """The world of a seed as it stands now: the same on the same local days, its hotels and people the same always."""
    key = (seed, now)
    kept = _asked_before.get(key)
    if kept is not None:
        copy: World = pickle.loads(kept)  # noqa: S301 - the bytes are our own and never left this process
        return copy
    world = _make(seed, now)
    if key in _asked_before:
        _asked_before[key] = pickle.dumps(world)
    else:
        _asked_before.clear()
        _asked_before[key] = None
    return world


def _make(seed: int, now: datetime) -> World:
    world = World(seed=seed, began_at=now)
    ids = SeededIds(seed)
    founded = []
    # What stands comes before what happens: hotels, rooms, people and desktops have the same identifiers every day.
    for company in HOTEL_COMPANIES:
        # Each company draws from a source of its own, so that a change to one leaves the others as they are.
        rng = random.Random(f"{seed}:{company.slug}")
        tenant, properties = found_company(world, company, ids, rng)
        hire(world, company, tenant, properties, ids=ids, rng=rng)
        register_devices(world, company, tenant, properties, ids)
        founded.append((company, properties, rng))
    for company, properties, rng in founded:
        for hotel, prop in zip(company.hotels, properties, strict=True):
            close_rooms(world, prop, ids, rng)
            fill_house(world, hotel, prop, ids, rng)
            world.changed(prop.id)
            open_books(world, hotel, prop, ids, rng)
            keep_house(world, prop, ids, rng)
            cut_keys(world, prop, ids, rng)
            world.changed(prop.id)
            fill_inboxes(world, prop, ids, rng)
            world.changed(prop.id)
    return world
