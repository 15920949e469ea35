"""What the platform tells staff: alerts, and suggestions that a person decides about."""

# ruff: noqa: RUF001 - the texts are in the scripts of their readers

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from platform_sim.ids import SeededIds
from platform_sim.world.demand import nightly_rate
from platform_sim.world.entities import Alert, Property, Suggestion, Text
from platform_sim.world.world import World

__all__ = ["fill_inboxes"]

_ALERTS: Final = (
    (
        "critical",
        Text(
            "Generator fuel below 20 %",
            {
                "fr": "Carburant du groupe électrogène sous 20 %",
                "ar": "وقود المولد أقل من 20٪",
                "fa-AF": "تیل جنراتور کمتر از ۲۰٪",
                "ps-AF": "د جنراتور تېل له ۲۰٪ کم دي",
            },
        ),
        Text(
            "Order fuel before the evening.",
            {"fr": "Commander du carburant avant ce soir.", "fa-AF": "پیش از شام تیل فرمایش دهید."},
        ),
    ),
    (
        "warning",
        Text(
            "Lock batteries are low",
            {
                "fr": "Piles de serrures faibles",
                "ar": "بطاريات الأقفال منخفضة",
                "fa-AF": "بتری قفل‌ها ضعیف است",
                "ps-AF": "د قلفونو بیټرۍ کمزورې دي",
            },
        ),
        Text(
            "Some doors report less than a quarter of their charge.",
            {"fr": "Certaines portes signalent moins d'un quart de charge."},
        ),
    ),
    (
        "warning",
        Text(
            "Early arrivals exceed ready rooms",
            {
                "fr": "Plus d'arrivées anticipées que de chambres prêtes",
                "ar": "الوصول المبكر يفوق الغرف الجاهزة",
                "fa-AF": "مهمانان زودرس بیشتر از اتاق‌های آماده",
                "ps-AF": "له چمتو خونو زیات وختي مېلمانه",
            },
        ),
        Text("Ask housekeeping to turn rooms on the lower floors first.", {}),
    ),
    (
        "info",
        Text(
            "Night audit finished",
            {
                "fr": "Clôture de nuit terminée",
                "ar": "اكتمل التدقيق الليلي",
                "fa-AF": "بررسی شبانه تمام شد",
                "ps-AF": "د شپې پلټنه بشپړه شوه",
            },
        ),
        Text("Yesterday was closed without open questions.", {}),
    ),
    (
        "info",
        Text(
            "Group arrival tomorrow",
            {
                "fr": "Arrivée d'un groupe demain",
                "ar": "وصول مجموعة غداً",
                "fa-AF": "آمدن گروپ فردا",
                "ps-AF": "سبا ته د ډلې راتګ",
            },
        ),
        Text("Twelve guests, one bus, at about 16:00.", {}),
    ),
    (
        "critical",
        Text(
            "Payment terminal offline",
            {
                "fr": "Terminal de paiement hors ligne",
                "ar": "جهاز الدفع غير متصل",
                "fa-AF": "دستگاه پرداخت قطع است",
                "ps-AF": "د تادیې ماشین بند دی",
            },
        ),
        Text("Take cash or a bank transfer until it is back.", {}),
    ),
)


def fill_inboxes(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    """Raise some alerts at a property and make a suggestion of each kind that its state gives reason for."""
    for severity, title, body in rng.sample(_ALERTS, len(_ALERTS) - 1):
        alert = Alert(
            id=ids("ntf"),
            tenant_id=prop.tenant_id,
            property_id=prop.id,
            severity=severity,
            title=title,
            body=body,
            raised_at=world.began_at - timedelta(minutes=rng.randrange(3, 900)),
            status=rng.choice(("unread", "unread", "unread", "read")),
        )
        world.alerts[alert.id] = alert
    _suggest_rate(world, prop, ids, rng)
    _suggest_cleaning(world, prop, ids, rng)
    _suggest_repair(world, prop, ids, rng)
    _suggest_care(world, prop, ids, rng)


def _suggest_rate(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    day = world.today(prop.id, world.began_at) + timedelta(days=rng.randrange(2, 9))
    for kind in world.room_types_of(prop.id)[:2]:
        current = nightly_rate(world.seed, kind, prop.timezone, day)
        percent = rng.choice((4, 6, 8, -5))
        suggested = current.amount_micro * (100 + percent) // 100 // 1_000_000 * 1_000_000
        _suggest(
            world,
            prop,
            ids,
            rng,
            category="rate_change",
            title=f"{kind.name.default}: {percent:+d} % on {day.isoformat()}",
            summary="Bookings for this day come in faster than on comparable days."
            if percent > 0
            else "Demand is behind.",
            subject={"type": "room_type", "id": kind.id},
            proposal={
                "stayDate": day.isoformat(),
                "baselineAmountMicros": current.amount_micro,
                "suggestedAmountMicros": suggested,
                "currency": current.currency,
            },
        )


def _suggest_cleaning(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    dirty = [room for room in world.rooms_of(prop.id) if room.status == "dirty"][:6]
    if dirty:
        _suggest(
            world,
            prop,
            ids,
            rng,
            category="housekeeping_reorder",
            title=f"Clean room {dirty[0].number} first",
            summary="Its next guests are expected within three hours.",
            subject={"type": "room", "id": dirty[0].id},
            proposal={"order": [room.id for room in dirty]},
        )


def _suggest_repair(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    blocking = [order for order in world.work_orders_of(prop.id) if order.blocks_room]
    if blocking:
        _suggest(
            world,
            prop,
            ids,
            rng,
            category="maintenance_priority",
            title=f"Bring forward: {blocking[0].title}",
            summary="The room is sold from tomorrow on.",
            subject={"type": "work_order", "id": blocking[0].id},
            proposal={"severity": "critical"},
        )


def _suggest_care(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    due = [stay for stay in world.reservations_of(prop.id) if stay.due and stay.expected_at is not None]
    if due:
        _suggest(
            world,
            prop,
            ids,
            rng,
            category="guest_handling",
            title=f"Welcome {due[0].guest_name} back",
            summary="Third stay this year; asked for a quiet room each time.",
            subject={"type": "reservation", "id": due[0].id},
            proposal={"note": "Offer a room away from the lift"},
        )
    _suggest(
        world,
        prop,
        ids,
        rng,
        category="staffing",
        title="One more housekeeper on Saturday",
        summary="The forecast says a third more departures than the roster can turn.",
        subject={"type": "property", "id": prop.id},
        proposal={"role": "housekeeper", "count": 1},
    )


def _suggest(
    world: World,
    prop: Property,
    ids: SeededIds,
    rng: random.Random,
    *,
    category: str,
    title: str,
    summary: str,
    subject: dict[str, str],
    proposal: dict[str, object],
) -> None:
    made = Suggestion(
        id=ids("sug"),
        tenant_id=prop.tenant_id,
        property_id=prop.id,
        category=category,
        title=title,
        summary=summary,
        confidence=round(rng.uniform(0.62, 0.97), 2),
        created_at=world.began_at - timedelta(minutes=rng.randrange(2, 400)),
        subject=subject,
        proposal=proposal,
        provenance={
            "modelId": "vertex/gemini-1.5-flash",
            "promptTemplateId": ids("pmt"),
            "local": False,
            "cacheHit": False,
            "tokensIn": rng.randrange(400, 1800),
            "tokensOut": rng.randrange(60, 240),
            "traceId": ids("prv_p"),
        },
    )
    world.suggestions[made.id] = made
