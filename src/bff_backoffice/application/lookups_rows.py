"""What is looked up, in the one shape between the gateways and the wire: ids as this service writes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import MoneyAmount, Tile

__all__ = [
    "Address", "Charge", "FolioCard", "FolioTotals", "Guest", "InvoiceRow", "Moment", "Payment", "Photo",
    "PropertyRecord", "Refund", "ReservationCard", "ReservationRow", "RoomType", "TaskRow", "WorkOrderRow",
]  # fmt: skip

Moment = Annotated[datetime, Meta(tz=True)]
"""A point in time, with its offset."""
Number = Annotated[int, Meta(ge=0)]
"""How many."""


class ReservationRow(Tile, frozen=True, kw_only=True):
    """A reservation in a list. Dates are the property's; the room is there once it is promised."""

    id: str
    code: str
    guest_name: str
    status: str
    property_id: str
    room_id: str | None
    room_number: str | None
    room_type_id: str
    room_type_name: str | None
    arrival_date: date
    departure_date: date
    nights: Number
    adults: Number
    children: Number
    channel: str | None
    expected_at: Moment | None
    checked_in_at: Moment | None
    checked_out_at: Moment | None
    folio_id: str | None
    special_requests: list[str]
    flags: list[str]
    version: int


class Guest(Tile, frozen=True, kw_only=True):
    """Who stays. What is not known of somebody is null."""

    id: str
    name: str
    language: str | None = None
    phone: str | None = None
    email: str | None = None
    country: str | None = None
    vip: bool | None = None


class ReservationCard(ReservationRow, frozen=True, kw_only=True):
    """One reservation with its guest and what it costs: `total` is the nightly rate for all nights."""

    guest: Guest
    nightly_rate: MoneyAmount
    total: MoneyAmount
    notes: str | None
    created_at: Moment
    cancelled_at: Moment | None


class FolioTotals(Tile, frozen=True, kw_only=True):
    """What was charged, paid and given back altogether."""

    charges: MoneyAmount
    payments: MoneyAmount
    refunds: MoneyAmount


class Charge(Tile, frozen=True, kw_only=True):
    """A line; `amount` is for one, `total` for the quantity. What was voided counts for nothing."""

    id: str
    description: str
    category: str | None
    amount: MoneyAmount
    quantity: Number
    total: MoneyAmount
    voided: bool
    posted_at: Moment


class Payment(Tile, frozen=True, kw_only=True):
    """Money received."""

    id: str
    amount: MoneyAmount
    method: str
    reference: str | None
    received_at: Moment


class Refund(Tile, frozen=True, kw_only=True):
    """Money given back."""

    id: str
    payment_id: str | None
    amount: MoneyAmount
    reason: str
    refunded_at: Moment


class FolioCard(Tile, frozen=True, kw_only=True):
    """The account of a stay. `balance` is what is owed; negative where the hotel owes the guest."""

    id: str
    property_id: str
    reservation_id: str
    reservation_code: str | None
    guest_name: str | None
    room_number: str | None
    status: str
    currency: str
    balance: MoneyAmount
    totals: FolioTotals
    opened_at: Moment
    due_at: Moment | None
    closed_at: Moment | None
    version: int
    charges: list[Charge]
    payments: list[Payment]
    refunds: list[Refund]


class InvoiceRow(Tile, frozen=True, kw_only=True):
    """An invoice's head."""

    id: str
    property_id: str
    folio_id: str
    number: str
    status: str
    guest_name: str
    total: MoneyAmount
    issued_at: Moment


class TaskRow(Tile, frozen=True, kw_only=True):
    """A task of housekeeping. `room_id` is a `rmu_`, `assignee_id` a `usr_`."""

    id: str
    property_id: str
    room_id: str
    room_number: str | None
    room_status: str | None
    floor: int | None
    reservation_id: str | None
    kind: str
    priority: str
    status: str
    source: str
    assignee_id: str | None
    assignee_name: str | None
    notes: str | None
    created_at: Moment
    scheduled_for: Moment | None
    started_at: Moment | None
    completed_at: Moment | None
    inspected_at: Moment | None
    version: int


class WorkOrderRow(Tile, frozen=True, kw_only=True):
    """A work order of maintenance. Without a room it is about the house."""

    id: str
    property_id: str
    title: str
    description: str | None
    category: str
    severity: str
    status: str
    source: str
    blocks_room: bool
    overdue: bool
    assignee_id: str | None
    assignee_name: str | None
    reported_by: str | None
    reported_at: Moment
    due_at: Moment | None
    resolved_at: Moment | None
    resolution: str | None
    room_id: str | None = None
    room_number: str | None = None
    floor: int | None = None
    version: int


class Address(Tile, frozen=True, kw_only=True):
    """Where it is; `native_script_line1` as the taxi driver reads it."""

    line1: str
    city: str
    country_iso2: str
    native_script_line1: str | None = None


class RoomType(Tile, frozen=True, kw_only=True):
    """A kind of room. `rooms` is how many the property has of it."""

    id: str
    name: TextByLanguage
    code: str | None = None
    max_guests: Number | None = None
    beds: str | None = None
    rooms: Number | None = None


class Photo(Tile, frozen=True, kw_only=True):
    """A picture, with words for those who do not see it."""

    id: str
    url: str
    alt: TextByLanguage | None


class PropertyRecord(Tile, frozen=True, kw_only=True):
    """A property's card as it is kept: texts in all their languages, so that colleagues with others share it.

    `timezone` is an IANA name; `check_in_time` and `check_out_time` are local, such as `14:00`.
    """

    id: str
    slug: str
    name: TextByLanguage
    description: TextByLanguage | None
    address: Address
    timezone: str
    currency: str
    rooms: Number
    check_in_time: str
    check_out_time: str
    room_types: list[RoomType]
    photos: list[Photo]
