"""Money of the seed world: folios, charges, payments, invoices, the day-end count, and the nights of last month."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from platform_sim.dialect import Money
from platform_sim.ids import SeededIds
from platform_sim.world.demand import nightly_rate, pull
from platform_sim.world.entities import Charge, DayEnd, Folio, Invoice, NightResult, Payment, Property, Reservation
from platform_sim.world.hotels import Hotel
from platform_sim.world.world import World

__all__ = ["open_books"]

_MICRO: Final = 1_000_000
_EXTRAS: Final = (
    ("Minibar", "minibar", 0.08),
    ("Dinner at the restaurant", "food_beverage", 0.3),
    ("Laundry", "laundry", 0.12),
    ("Airport transfer", "transport", 0.35),
    ("Breakfast for two", "food_beverage", 0.18),
)
"""Each with its price as a share of a night's."""
_HISTORY_DAYS: Final = 30


def open_books(world: World, hotel: Hotel, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    """Open a folio for everyone who is or was in house today, and write the last month and yesterday's count."""
    number = rng.randrange(2_000, 9_000)
    for stay in list(world.reservations_of(prop.id)):
        if stay.in_house or stay.status == "checked_out":
            folio = _open(world, stay, ids, rng)
            if stay.status == "checked_out":
                number += 1
                _settle(world, stay, folio, number, ids)
    _write_history(world, hotel, prop, rng)
    today = world.today(prop.id, world.began_at)
    expected = Money(rng.randrange(300, 4_000) * _MICRO, prop.currency)
    # A drawer is rarely right to the last coin, and never far off.
    counted = expected + Money(rng.choice((0, 0, -5, -12, 3, 20)) * _MICRO, prop.currency)
    world.day_ends[prop.id] = DayEnd(
        tenant_id=prop.tenant_id,
        property_id=prop.id,
        business_date=today - timedelta(days=1),
        expected=expected,
        counted=counted,
    )


def _open(world: World, stay: Reservation, ids: SeededIds, rng: random.Random) -> Folio:
    folio = Folio(
        id=ids("fol"),
        tenant_id=stay.tenant_id,
        property_id=stay.property_id,
        reservation_id=stay.id,
        status="open",
        currency=stay.nightly_rate.currency,
        opened_at=stay.checked_in_at or world.began_at,
    )
    world.folios[folio.id] = folio
    stay.folio_id = folio.id
    slept = (world.today(stay.property_id, world.began_at) - stay.arrival_date).days
    for night in range(slept):
        _charge(folio, f"Room, night {night + 1}", "room", stay.nightly_rate, night=night, ids=ids)
    for description, category, share in rng.sample(_EXTRAS, rng.choice((0, 1, 1, 2, 3))):
        units = max(1, round(stay.nightly_rate.amount_micro * share / _MICRO))
        price = Money(units * _MICRO, folio.currency)
        _charge(folio, description, category, price, night=max(0, slept - 1), ids=ids)
    # Everybody leaves a deposit at check-in, so that there is something on every account that can be given back.
    deposit = stay.nightly_rate * rng.choice((1, 1, 1, 2))
    _pay(folio, deposit, rng.choice(("card", "card", "cash", "bank_transfer")), ids)
    if folio.balance.amount_micro > 0 and rng.random() < 0.07:  # noqa: PLR2004 - about one in fourteen is late with paying
        folio.status, folio.due_at = "balance_due", world.began_at - timedelta(hours=rng.randrange(2, 40))
    return folio


def _charge(folio: Folio, description: str, category: str, amount: Money, *, night: int, ids: SeededIds) -> None:
    folio.charges.append(
        Charge(
            id=ids("chg"),
            tenant_id=folio.tenant_id,
            property_id=folio.property_id,
            folio_id=folio.id,
            description=description,
            category=category,
            amount=amount,
            quantity=1,
            posted_at=folio.opened_at + timedelta(days=night, hours=3),
        )
    )


def _pay(folio: Folio, amount: Money, method: str, ids: SeededIds) -> None:
    folio.payments.append(
        Payment(
            id=ids("fpm"),
            tenant_id=folio.tenant_id,
            property_id=folio.property_id,
            folio_id=folio.id,
            amount=amount,
            method=method,
            received_at=folio.opened_at + timedelta(minutes=6),
        )
    )


def _settle(world: World, stay: Reservation, folio: Folio, number: int, ids: SeededIds) -> None:
    if folio.balance.amount_micro > 0:
        _pay(folio, folio.balance, "card", ids)
    folio.status, folio.due_at, folio.closed_at = "closed", None, stay.checked_out_at
    invoice = Invoice(
        id=ids("inv_doc"),
        tenant_id=folio.tenant_id,
        property_id=folio.property_id,
        folio_id=folio.id,
        number=f"{world.properties[folio.property_id].slug[:3].upper()}-{world.began_at.year}-{number:05d}",
        status="issued",
        guest_name=stay.guest_name,
        total=Money(sum(charge.total.amount_micro for charge in folio.charges), folio.currency),
        issued_at=stay.checked_out_at or world.began_at,
    )
    world.invoices[invoice.id] = invoice


def _write_history(world: World, hotel: Hotel, prop: Property, rng: random.Random) -> None:
    rooms = sum(room.sellable for room in world.rooms_of(prop.id))
    kinds = [
        (kind, sum(r.room_type_id == kind.id for r in world.rooms_of(prop.id))) for kind in world.room_types_of(prop.id)
    ]
    today = world.today(prop.id, world.began_at)
    nights = []
    for back in range(_HISTORY_DAYS, 0, -1):
        day = today - timedelta(days=back)
        sold = min(rooms, round(rooms * hotel.occupancy * pull(world.seed, prop.id, prop.timezone, day)))
        # Each room type weighs as many rooms as it has, or the few royal suites would make every night a dear one.
        each = [nightly_rate(world.seed, kind, prop.timezone, day).amount_micro * count for kind, count in kinds]
        rate = sum(each) // sum(count for _, count in kinds)
        revenue = Money(sold * rate * rng.randrange(93, 103) // 100, prop.currency)
        nights.append(NightResult(day=day, sellable=rooms, sold=sold, room_revenue=revenue))
    world.history[prop.id] = nights
