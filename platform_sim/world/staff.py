"""The people who work at the hotels, and the desktops that they work at."""

from __future__ import annotations

import base64
import random
from itertools import cycle
from typing import Final

from platform_sim.ids import SeededIds, fresh_id
from platform_sim.world.entities import Device, Operator, Property, Tenant
from platform_sim.world.hotels import Company
from platform_sim.world.names import person
from platform_sim.world.world import World

__all__ = ["hire", "register_devices", "register_more_devices"]

_POSITIONS: Final = (
    ("gm", "general_manager"),
    ("owner", "owner"),
    ("desk", "front_desk"),
    ("night", "night_auditor"),
    ("housekeeping", "housekeeping_lead"),
    ("housekeeper", "housekeeper"),
    ("maintenance", "maintenance"),
    ("fnb", "fnb_manager"),
    ("revenue", "revenue_manager"),
)
_EVERYWHERE: Final = frozenset({"general_manager", "owner", "revenue_manager"})
_EVERY_HOTEL: Final = ("front_desk", "housekeeping_lead", "housekeeper", "maintenance")
_MORE: Final = ("front_desk", "housekeeper", "housekeeper", "maintenance", "front_desk", "night_auditor")
_WORDS: Final = ("saffron", "lapis", "cedar", "walnut", "almond", "copper", "indigo", "jasmine", "pomegranate", "amber")


def hire(
    world: World, company: Company, tenant: Tenant, properties: list[Property], *, ids: SeededIds, rng: random.Random
) -> None:
    """Give a tenant an operator in every role, some at every property, and as many at the first one as it says."""
    languages = cycle(company.staff_languages)
    every = tuple(prop.id for prop in properties)
    for mailbox, role in _POSITIONS:
        scope = every if role in _EVERYWHERE else every[:1]
        # Whoever runs the company reads the company's language, so that its pages are seen in it.
        locale = company.default_locale if role in _EVERYWHERE else next(languages)
        _employ(world, tenant, mailbox, role, scope=scope, locale=locale, ids=ids, rng=rng)
    for prop in properties[1:]:
        for mailbox, role in _POSITIONS:
            if role in _EVERY_HOTEL:
                name = f"{mailbox}.{prop.slug}"
                _employ(world, tenant, name, role, scope=(prop.id,), locale=next(languages), ids=ids, rng=rng)
    roles, number = cycle(_MORE), 2
    while sum(every[0] in operator.property_ids for operator in world.operators.values()) < company.staff:
        role = next(roles)
        mailbox = next(name for name, position in _POSITIONS if position == role)
        name = f"{mailbox}{number}"
        _employ(world, tenant, name, role, scope=every[:1], locale=next(languages), ids=ids, rng=rng)
        number += 1


def _employ(
    world: World,
    tenant: Tenant,
    mailbox: str,
    role: str,
    *,
    scope: tuple[str, ...],
    locale: str,
    ids: SeededIds,
    rng: random.Random,
) -> None:
    operator = Operator(
        id=ids("usr"),
        tenant_id=tenant.id,
        username=f"{mailbox}@{tenant.slug}.example",
        password=f"{rng.choice(_WORDS)}-{rng.choice(_WORDS)}-{rng.randrange(1000, 10000)}",
        totp_secret=base64.b32encode(rng.randbytes(20)).decode(),
        recovery_codes=tuple(f"{rng.randrange(10**5):05d}-{rng.randrange(10**5):05d}" for _ in range(4)),
        display_name=person(locale, rng),
        roles=(role,),
        property_ids=scope,
        locale=locale,
        membership_id=ids("mbr"),
        preferences={"density": "comfortable", "theme": "system", "pinnedWidgets": []},
    )
    world.operators[operator.id] = operator


def register_devices(
    world: World, company: Company, tenant: Tenant, properties: list[Property], ids: SeededIds
) -> None:
    """Register the tenant's desktops, most of them at the first property."""
    for number in range(company.devices):
        prop = properties[1 + number % (len(properties) - 1)] if number % 4 == 3 else properties[0]  # noqa: PLR2004 - every fourth one
        device = Device(
            id=ids("dev"),
            tenant_id=tenant.id,
            property_id=prop.id,
            name=f"{prop.slug}-desk-{number + 1:03d}",
            platform=("win32", "win32", "darwin", "linux")[number % 4],
        )
        world.devices[device.id] = device


def register_more_devices(world: World, tenant_id: str, count: int) -> list[str]:
    """Register so many desktops more at a tenant's first property, for drills and benchmarks; return their ids."""
    place = next(each for each in world.properties.values() if each.tenant_id == tenant_id)
    made = [fresh_id("dev") for _ in range(count)]
    for device_id in made:
        world.devices[device_id] = Device(
            id=device_id, tenant_id=tenant_id, property_id=place.id, name=f"{place.slug}-more", platform="linux"
        )
    return made
