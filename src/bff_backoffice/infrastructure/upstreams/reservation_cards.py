"""How reservation-service shows a reservation, and what becomes of that here: lines of boards, rows and cards."""

from __future__ import annotations

from datetime import date

from msgspec import structs

from bff_backoffice.application.lookups_rows import Guest, Moment, ReservationCard, ReservationRow
from bff_backoffice.application.workbench_lists import StayLine
from bff_backoffice.infrastructure.dialect import Count, LocalizedText, Money, Wire

__all__ = ["Card", "Detail", "reservation_card", "reservation_row", "stay_line"]


class Card(Wire, frozen=True):
    """The form of its lists."""

    id: str
    code: str
    guest_name: str
    status: str
    property_id: str
    room_type_id: str
    room_type_name: LocalizedText | None
    arrival_date: date
    departure_date: date
    nights: Count
    adults: Count
    children: Count
    special_requests: list[str]
    flags: list[str]
    version: int
    channel: str | None = None
    room_id: str | None = None
    room_number: str | None = None
    expected_at: Moment | None = None
    checked_in_at: Moment | None = None
    checked_out_at: Moment | None = None
    folio_id: str | None = None


class _Guest(Wire, frozen=True):
    id: str
    name: str
    language: str | None = None
    phone: str | None = None
    email: str | None = None
    country: str | None = None
    vip: bool | None = None


class Detail(Card, frozen=True, kw_only=True):
    """One reservation, whole."""

    guest: _Guest
    nightly_rate: Money
    total: Money
    notes: str | None
    created_at: Moment
    cancelled_at: Moment | None


def stay_line(card: Card) -> StayLine:
    """Return the line of a board."""
    return StayLine(
        reservation_id=card.id,
        code=card.code,
        guest_name=card.guest_name,
        status=card.status,
        room_id=card.room_id,
        room_number=card.room_number,
        room_type_id=card.room_type_id,
        arrival_date=card.arrival_date,
        departure_date=card.departure_date,
        nights=card.nights,
        adults=card.adults,
        children=card.children,
        expected_at=card.expected_at,
        checked_in_at=card.checked_in_at,
        checked_out_at=card.checked_out_at,
        folio_id=card.folio_id,
        special_requests=card.special_requests,
        flags=card.flags,
        version=card.version,
    )


def reservation_row(card: Card, locale: str) -> ReservationRow:
    """Return the row of a list, its room type named in the reader's language."""
    name = card.room_type_name
    return ReservationRow(
        id=card.id,
        code=card.code,
        guest_name=card.guest_name,
        status=card.status,
        property_id=card.property_id,
        room_id=card.room_id,
        room_number=card.room_number,
        room_type_id=card.room_type_id,
        room_type_name=None if name is None else name.in_language(locale),
        arrival_date=card.arrival_date,
        departure_date=card.departure_date,
        nights=card.nights,
        adults=card.adults,
        children=card.children,
        channel=card.channel,
        expected_at=card.expected_at,
        checked_in_at=card.checked_in_at,
        checked_out_at=card.checked_out_at,
        folio_id=card.folio_id,
        special_requests=card.special_requests,
        flags=card.flags,
        version=card.version,
    )


def reservation_card(detail: Detail, locale: str) -> ReservationCard:
    """Return the whole reservation for a reader of this language."""
    return ReservationCard(
        **structs.asdict(reservation_row(detail, locale)),
        guest=Guest(**structs.asdict(detail.guest)),
        nightly_rate=detail.nightly_rate.amount(),
        total=detail.total.amount(),
        notes=detail.notes,
        created_at=detail.created_at,
        cancelled_at=detail.cancelled_at,
    )
