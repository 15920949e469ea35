"""pricing-service: what a night costs. It writes money as `"<micro-units>:<currency>"` and a property as `pty_…`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from platform_sim.days import following_days, near_day
from platform_sim.dialect import Dialect, Money, Refused
from platform_sim.ids import fresh_id, has_shape
from platform_sim.kernel import Answer, Call, Route, Service, instant
from platform_sim.world.demand import nightly_rate
from platform_sim.world.entities import RoomType, Text
from platform_sim.world.ledger import ledger_of

__all__ = ["SERVICE"]

_MICRO: Final = 1_000_000
_LONGEST_STAY_NIGHTS: Final = 62
_FARTHEST_DAYS: Final = 730
_QUOTE_LIFE: Final = timedelta(minutes=30)
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class _Plan:
    code: str
    name: Text
    category: str
    percent: int
    """Of the best available public rate."""


_PLANS: Final = (
    _Plan(
        "BAR",
        Text(
            "Best available rate",
            {
                "fr": "Meilleur tarif disponible",
                "ar": "أفضل سعر متاح",
                "fa-AF": "بهترین نرخ موجود",
                "ps-AF": "تر ټولو غوره نرخ",
            },
        ),
        "public",
        100,
    ),
    _Plan(
        "NRF",
        Text(
            "Non-refundable",
            {"fr": "Non remboursable", "ar": "غير قابل للاسترداد", "fa-AF": "بدون بازپرداخت", "ps-AF": "نه ستنېدونکی"},
        ),
        "public",
        90,
    ),
    _Plan(
        "BBD",
        Text(
            "With breakfast",
            {"fr": "Avec petit-déjeuner", "ar": "مع الإفطار", "fa-AF": "با صبحانه", "ps-AF": "له سهارنۍ سره"},
        ),
        "public",
        112,
    ),
    _Plan(
        "CRP",
        Text("Corporate", {"fr": "Entreprises", "ar": "الشركات", "fa-AF": "شرکتی", "ps-AF": "شرکتونه"}),
        "corporate",
        85,
    ),
)


def snapshot(call: Call) -> Answer:
    """`GET /rates/snapshot?date=`: the best available rate of each room type; null where the night is sold out."""
    day = near_day(call)
    ledger = ledger_of(call.world, call.property_id, call.now)
    items = []
    for kind in call.world.room_types_of(call.property_id):
        free = ledger.night(day, kind.id).available
        items.append(
            {
                "roomTypeId": kind.id,
                "name": kind.name.wire(),
                "price": call.amount(_rate(call, kind, day)) if free else None,
                "available": free,
            }
        )
    return Answer(body={"date": day.isoformat(), "items": items})


def rate_calendar(call: Call) -> Answer:
    """`GET /rates/calendar?from=&days=&ratePlanCode=`: one row a day and room type."""
    plan = _plan(call, call.query.get("ratePlanCode", "BAR"))
    ledger = ledger_of(call.world, call.property_id, call.now)
    items = []
    for day in following_days(call):
        for kind in call.world.room_types_of(call.property_id):
            free = ledger.night(day, kind.id).available
            price = call.amount(_rate(call, kind, day, plan)) if free else None
            items.append({"stayDate": day.isoformat(), "roomTypeId": kind.id, "price": price, "available": free})
    return Answer(body={"ratePlanCode": plan.code, "items": items, "nextCursor": None})


def rate_plans(call: Call) -> Answer:
    """`GET /rate-plans`: the published rate plans of a property."""
    prop = call.world.properties[call.property_id]
    items = [
        {
            "ratePlanId": _plan_id(call, plan),
            "propertyId": call.out(prop.id),
            "code": plan.code,
            "name": plan.name.wire(),
            "category": plan.category,
            "currency": prop.currency,
            "status": "published",
            "version": 1,
        }
        for plan in _PLANS
    ]
    return Answer(body={"items": items, "nextCursor": None})


def quote(call: Call) -> Answer:
    """`POST /quotes`: what a stay costs under a rate plan, good for half an hour."""
    if not has_shape(call.text("propertyId"), "pty"):
        raise call.invalid("propertyId", "a property, pty_…")
    prop = call.own(call.world.properties.get(call.reference("propertyId")), "property")
    call.property_id = prop.id
    plan = _plan(call, call.text("ratePlanCode", maximum=32))
    start, end = _window(call)
    kinds = _wanted(call)
    ledger = ledger_of(call.world, prop.id, call.now)
    nights = [start + timedelta(days=number) for number in range((end - start).days)]
    items = []
    for kind in kinds:
        prices = [_rate(call, kind, night, plan) for night in nights]
        total = sum(prices[1:], start=prices[0])
        items.append(
            {
                "roomTypeId": kind.id,
                "nights": [
                    {"stayDate": night.isoformat(), "price": call.amount(price)}
                    for night, price in zip(nights, prices, strict=True)
                ],
                "total": call.amount(total),
                "available": min(ledger.night(night, kind.id).available for night in nights),
            }
        )
    made = {
        "id": fresh_id("qte"),
        "propertyId": call.out(prop.id),
        "ratePlanCode": plan.code,
        "stayWindow": {"start": start.isoformat(), "end": end.isoformat()},
        "currency": prop.currency,
        "items": items,
        "createdAt": instant(call.now),
        "expiresAt": instant(call.now + _QUOTE_LIFE),
    }
    call.effect("quote.created", str(made["id"]))
    call.publish(
        "pricing.quote.created.v1",
        {"quoteId": made["id"], "propertyId": made["propertyId"], "ratePlanCode": plan.code},
        key=f"{call.tenant_id}:{made['id']}",
    )
    return Answer(status=201, body=made)


def _rate(call: Call, kind: RoomType, day: date, plan: _Plan = _PLANS[0]) -> Money:
    """A night of a room type, in whole units of the currency."""
    timezone = call.world.properties[call.property_id].timezone
    best = nightly_rate(call.world.seed, kind, timezone, day)
    return Money(round(best.amount_micro * plan.percent / 100 / _MICRO) * _MICRO, best.currency)


def _plan(call: Call, code: str) -> _Plan:
    for plan in _PLANS:
        if plan.code == code:
            return plan
    raise call.not_found("rate_plan")


def _plan_id(call: Call, plan: _Plan) -> str:
    """A rate plan has the same identifier for the same seed, property and code."""
    source = random.Random(f"{call.world.seed}:{call.property_id}:{plan.code}")
    return "rate_0" + "".join(source.choices(_CROCKFORD, k=25))


def _window(call: Call) -> tuple[date, date]:
    window = call.body.get("stayWindow")
    if not isinstance(window, Mapping):
        raise call.invalid("stayWindow", "required")
    try:
        start, end = date.fromisoformat(str(window.get("start"))), date.fromisoformat(str(window.get("end")))
    except ValueError:
        raise call.invalid("stayWindow", "start and end are dates") from None
    ahead = (start - call.world.today(call.property_id, call.now)).days
    if not 0 <= ahead <= _FARTHEST_DAYS or not 1 <= (end - start).days <= _LONGEST_STAY_NIGHTS:
        detail = f"a stay is 1 to {_LONGEST_STAY_NIGHTS} nights and begins today or within two years"
        raise Refused(422, "MELMASTOON.PRICING.STAY_WINDOW_INVALID", detail)
    return start, end


def _wanted(call: Call) -> list[RoomType]:
    """The room types that the quote is asked for; all of them where it names none."""
    kinds = {kind.id: kind for kind in call.world.room_types_of(call.property_id)}
    wanted = call.body.get("roomTypeIds")
    if wanted is None:
        return list(kinds.values())
    if not isinstance(wanted, list) or not wanted:
        raise call.invalid("roomTypeIds", "a list of room types")
    if any(not isinstance(identifier, str) or identifier not in kinds for identifier in wanted):
        raise call.not_found("room_type")
    return [kinds[identifier] for identifier in wanted]


_ROOT: Final = "/v1/pricing"

SERVICE: Final = Service(
    name="pricing-service",
    dialect=Dialect(
        domain="PRICING", property_place="query", property_prefix="pty", key_format="uuid", money_shape="text"
    ),
    routes=(
        Route(method="GET", path=f"{_ROOT}/rates/snapshot", handler=snapshot, property="required"),
        Route(method="GET", path=f"{_ROOT}/rates/calendar", handler=rate_calendar, property="required"),
        Route(method="GET", path=f"{_ROOT}/rate-plans", handler=rate_plans, property="required"),
        Route(method="POST", path=f"{_ROOT}/quotes", handler=quote, idempotency="required"),
    ),
)
