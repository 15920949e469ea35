"""How reservation-service shows a reservation, and the lists that its reads share."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final

from platform_sim.dialect import Money
from platform_sim.kernel import Call, instant
from platform_sim.world.entities import Guest, Reservation

__all__ = [
    "arrival_order",
    "arrivals_on",
    "card",
    "departure_order",
    "departures_on",
    "desk_order",
    "detail",
    "grid_order",
    "in_house_now",
    "line",
    "matching",
    "room_order",
    "searchable",
]

_LETTERS_OF_ARABIC_SCRIPT: Final = str.maketrans(
    {"ي": "ی", "ى": "ی", "ې": "ی", "ۍ": "ی", "ك": "ک", "ګ": "گ", "ة": "ه", "ۀ": "ه", "أ": "ا", "إ": "ا", "آ": "ا"}  # noqa: RUF001 - Arabic letters are meant
    | {"\u200c": " ", "ـ": ""}
)
"""Letters that a desk types one way and a guest writes another: whoever looks for علي must find علی."""


# Lists, each made once until the property changes


def arrivals_on(call: Call, day: date) -> list[Reservation]:
    """Who was or is expected on a day: due first by expected time, then those who have come; nobody who won't come."""

    def compute() -> list[Reservation]:
        found = [
            stay
            for stay in call.world.reservations_of(call.property_id)
            if stay.arrival_date == day and (stay.due or stay.in_house or stay.status == "checked_out")
        ]
        return sorted(found, key=arrival_order)

    return call.world.computed(call.property_id, f"arrivals:{day}", call.now, compute)


def departures_on(call: Call, day: date) -> list[Reservation]:
    """Who leaves on a day: those still here first, with everyone who should have left before; then who has left."""
    today = call.world.today(call.property_id, call.now)

    def compute() -> list[Reservation]:
        found = [
            stay
            for stay in call.world.reservations_of(call.property_id)
            if (stay.departure_date == day and (stay.in_house or stay.due or stay.status == "checked_out"))
            or (day == today and stay.in_house and stay.departure_date < day)
        ]
        return sorted(found, key=lambda stay: departure_order(call, stay))

    return call.world.computed(call.property_id, f"departures:{day}", call.now, compute)


def in_house_now(call: Call) -> list[Reservation]:
    """Everyone who is in the hotel now, by room."""

    def compute() -> list[Reservation]:
        here = [stay for stay in call.world.reservations_of(call.property_id) if stay.in_house]
        return sorted(here, key=lambda stay: room_order(call, stay))

    return call.world.computed(call.property_id, "in-house", call.now, compute)


def arrival_order(stay: Reservation) -> tuple[int | str, ...]:
    """Those still due first, by expected time; who did not say a time comes after who did."""
    return (int(not stay.due), stay.expected_at.isoformat() if stay.expected_at else "~", stay.code)


def departure_order(call: Call, stay: Reservation) -> tuple[int | str, ...]:
    """Those still here first, by room."""
    return (int(not stay.in_house), *room_order(call, stay))


def room_order(call: Call, stay: Reservation) -> tuple[int | str, ...]:
    """Room numbers in the order of the corridor: 9 before 101; without a room last."""
    room = call.world.rooms.get(stay.room_id or "")
    return (len(room.number), room.number, stay.code) if room else (99, "", stay.code)


def grid_order(stay: Reservation) -> tuple[int | str, ...]:
    """By room and arrival; without a room last."""
    return (stay.room_id or "~", stay.arrival_date.isoformat(), stay.code)


def desk_order(today: date, stay: Reservation) -> tuple[int | str, ...]:
    """As a desk looks for people: in house, then expected, then past; nearest to today first."""
    rank = 0 if stay.in_house else 1 if stay.due else 2
    return (rank, abs((stay.arrival_date - today).days), stay.code)


# Shapes


def line(call: Call, stay: Reservation) -> dict[str, object]:
    """The short form of a summary: who, in which room, when."""
    room = call.world.rooms.get(stay.room_id or "")
    shown: dict[str, object] = {"id": stay.id, "code": stay.code, "guestName": stay.guest_name}
    if room is not None:
        shown["roomNumber"] = room.number
    if stay.expected_at is not None:
        shown["expectedAt"] = instant(stay.expected_at)
    return shown


def card(call: Call, stay: Reservation) -> dict[str, object]:
    """The form of lists: what a board shows of a stay."""
    kind = call.world.room_types.get(stay.room_type_id)
    shown = line(call, stay) | {
        "status": stay.status,
        "propertyId": stay.property_id,
        "roomTypeId": stay.room_type_id,
        "roomTypeName": kind.name.wire() if kind else None,
        "arrivalDate": stay.arrival_date.isoformat(),
        "departureDate": stay.departure_date.isoformat(),
        "nights": stay.nights,
        "adults": stay.adults,
        "children": stay.children,
        "channel": stay.channel,
        "specialRequests": list(stay.special_requests),
        "flags": list(stay.flags),
        "version": stay.version,
    }
    if stay.room_id is not None:
        shown["roomId"] = stay.room_id
    if stay.folio_id is not None:
        shown["folioId"] = stay.folio_id
    for name, moment in (("checkedInAt", stay.checked_in_at), ("checkedOutAt", stay.checked_out_at)):
        if moment is not None:
            shown[name] = instant(moment)
    return shown


def detail(call: Call, stay: Reservation) -> dict[str, object]:
    """The whole reservation with its guest and what it costs."""
    return card(call, stay) | {
        "tenantId": stay.tenant_id,
        "guest": _guest(call.world.guests.get(stay.guest_id), stay),
        "nightlyRate": call.amount(stay.nightly_rate),
        "total": call.amount(Money(stay.nightly_rate.amount_micro * stay.nights, stay.nightly_rate.currency)),
        "notes": stay.notes,
        "createdAt": instant(stay.created_at),
        "cancelledAt": instant(stay.cancelled_at) if stay.cancelled_at else None,
    }


def _guest(guest: Guest | None, stay: Reservation) -> dict[str, object]:
    if guest is None:
        return {"id": stay.guest_id, "name": stay.guest_name}
    return {
        "id": guest.id,
        "name": guest.name,
        "language": guest.language,
        "phone": guest.phone,
        "email": guest.email,
        "country": guest.country,
        "vip": guest.vip,
    }


# Look-up


def searchable(call: Call) -> list[tuple[str, str, Reservation]]:
    """Every reservation with its folded words and its phone's digits."""

    def compute() -> list[tuple[str, str, Reservation]]:
        rows = []
        for stay in call.world.reservations_of(call.property_id):
            guest = call.world.guests.get(stay.guest_id)
            room = call.world.rooms.get(stay.room_id or "")
            rest = f"{stay.code} {guest.email if guest else ''} {room.number if room else ''}"
            rows.append((f" {fold(stay.guest_name)} {rest.lower()}", _digits(guest.phone if guest else ""), stay))
        return rows

    return call.world.computed(call.property_id, "searchable", call.now, compute)


def matching(rows: list[tuple[str, str, Reservation]], query: str) -> list[Reservation]:
    """The reservations of which every word of the query begins a word, or whose phone number has its digits."""
    words = [f" {word}" for word in fold(query).split()]
    digits = re.sub(r"[\s+().-]", "", query)
    # Fewer than four digits are a room number; a leading zero stands for the country's code.
    called = digits.lstrip("0") if len(digits) >= 4 and digits.isdecimal() else "no number"  # noqa: PLR2004 - see above
    return [stay for padded, phone, stay in rows if all(word in padded for word in words) or called in phone]


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Text as it is compared: no case, no accents, one form of each Arabic letter."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS_OF_ARABIC_SCRIPT))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(
        _LETTERS_OF_ARABIC_SCRIPT
    )


@lru_cache(maxsize=20_000)
def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)
