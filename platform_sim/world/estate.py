"""Tenants, properties, room types and rooms of the seed world."""

# ruff: noqa: RUF001 - the texts are in the scripts of their readers

from __future__ import annotations

import hashlib
import random
from datetime import timedelta

from platform_sim.dialect import Money
from platform_sim.ids import SeededIds
from platform_sim.world.entities import Lock, Photo, Property, Room, RoomType, Tenant, Text
from platform_sim.world.hotels import Company, Hotel
from platform_sim.world.world import World

__all__ = ["found_company"]

_MICRO = 1_000_000
_VENDORS = ("ttlock", "salto", "vostio")
_ALT = {
    "garden": Text(
        "The garden in the morning",
        {"fr": "Le jardin au matin", "ar": "الحديقة صباحاً", "fa-AF": "باغ در صبح", "ps-AF": "د سهار باغ"},
    ),
    "lobby": Text("The lobby", {"fr": "Le hall", "ar": "الردهة", "fa-AF": "لابی", "ps-AF": "لابي"}),
    "room": Text(
        "A made-up room", {"fr": "Une chambre prête", "ar": "غرفة جاهزة", "fa-AF": "اتاق آماده", "ps-AF": "چمتو خونه"}
    ),
    "restaurant": Text(
        "The restaurant", {"fr": "Le restaurant", "ar": "المطعم", "fa-AF": "رستورانت", "ps-AF": "رستورانت"}
    ),
    "mountain": Text(
        "The cliffs at dusk",
        {
            "fr": "Les falaises au crépuscule",
            "ar": "الجروف عند الغسق",
            "fa-AF": "صخره‌ها در شام",
            "ps-AF": "ماښام ګړنګونه",
        },
    ),
    "sea": Text(
        "The water from the terrace",
        {"fr": "L'eau depuis la terrasse", "ar": "الماء من الشرفة", "fa-AF": "آب از تراس", "ps-AF": "له چترۍ اوبه"},
    ),
    "skyline": Text(
        "The towers at night",
        {"fr": "Les tours la nuit", "ar": "الأبراج ليلاً", "fa-AF": "برج‌ها در شب", "ps-AF": "د شپې برجونه"},
    ),
    "town": Text(
        "The old town", {"fr": "La vieille ville", "ar": "المدينة القديمة", "fa-AF": "شهر کهنه", "ps-AF": "زوړ ښار"}
    ),
}


def found_company(world: World, company: Company, ids: SeededIds, rng: random.Random) -> tuple[Tenant, list[Property]]:
    """Make a tenant with its properties, room types, rooms and locks."""
    tenant = Tenant(
        id=ids("tnt"),
        slug=company.slug,
        legal_name=company.legal_name,
        name=company.name,
        country=company.country,
        default_locale=company.default_locale,
        locales=company.locales,
        currencies=company.currencies,
        theme_id=ids("thm"),
        theme_version=hashlib.sha256(company.slug.encode()).hexdigest()[:12],
    )
    world.tenants[tenant.id] = tenant
    return tenant, [_build(world, tenant, hotel, ids, rng) for hotel in company.hotels]


def _build(world: World, tenant: Tenant, hotel: Hotel, ids: SeededIds, rng: random.Random) -> Property:
    prop = Property(
        id=ids("ppt"),
        tenant_id=tenant.id,
        slug=hotel.slug,
        name=hotel.name,
        description=hotel.description,
        address=hotel.address,
        timezone=hotel.timezone,
        currency=hotel.currency,
        check_in_time=hotel.check_in,
        check_out_time=hotel.check_out,
        photos=tuple(
            Photo(id=ids("pht"), position=position, scene=scene, alt=_ALT[scene])
            for position, scene in enumerate(hotel.scenes)
        ),
    )
    world.properties[prop.id] = prop
    kinds = _room_types(world, prop, hotel, ids)
    for number, floor, kind in zip(*_numbers(hotel), _spread(hotel, kinds), strict=True):
        room = Room(
            id=ids("rmu"),
            tenant_id=tenant.id,
            property_id=prop.id,
            room_type_id=kind.id,
            number=number,
            floor=floor,
            status="clean",
            updated_at=world.began_at - timedelta(minutes=rng.randrange(5, 600)),
        )
        world.rooms[room.id] = room
        _fit_lock(world, room, _VENDORS[len(hotel.slug) % len(_VENDORS)], ids, rng)
    return prop


def _fit_lock(world: World, room: Room, vendor: str, ids: SeededIds, rng: random.Random) -> None:
    lock = Lock(
        id=ids("lck"),
        tenant_id=room.tenant_id,
        property_id=room.property_id,
        room_id=room.id,
        vendor=vendor,
        battery_percent=rng.randrange(18, 101),
    )
    world.locks[lock.id] = lock


def _room_types(world: World, prop: Property, hotel: Hotel, ids: SeededIds) -> list[RoomType]:
    kinds = [
        RoomType(
            id=ids("rmt"),
            tenant_id=prop.tenant_id,
            property_id=prop.id,
            code=kind.code,
            name=kind.name,
            max_guests=kind.max_guests,
            beds=kind.beds,
            base_rate=Money(kind.nightly * _MICRO, hotel.currency),
        )
        for kind in hotel.kinds
    ]
    world.room_types.update({kind.id: kind for kind in kinds})
    return kinds


def _numbers(hotel: Hotel) -> tuple[list[str], list[int]]:
    """Room numbers floor by floor: 101 to 117, 201 to 217; a ground floor has 1 to 6."""
    per_floor = -(-hotel.rooms // len(hotel.floors))
    places = [(floor, door) for floor in hotel.floors for door in range(1, per_floor + 1)][: hotel.rooms]
    return [f"{floor}{door:02d}" if floor else str(door) for floor, door in places], [floor for floor, _ in places]


def _spread(hotel: Hotel, kinds: list[RoomType]) -> list[RoomType]:
    """The type of each room: by share, the best ones on the upper floors."""
    counts = [hotel.rooms * kind.share // 100 for kind in hotel.kinds]
    counts[0] += hotel.rooms - sum(counts)
    return [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
