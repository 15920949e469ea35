"""What a desktop sends to change something: the shape of each body, and no rule of any business (contract, section 10).

What is allowed, possible or sensible is for the service that owns the thing to say. Members that are not listed are not
forwarded. Texts and dates travel on as they came.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import FieldInfo, fields

from bff_backoffice.domain.errors import FieldError

__all__ = [
    "Act", "Amount", "AssignRoom", "AssignTask", "AssignWorkOrder", "BlockWorkOrder", "CheckIn", "IssueKey",
    "NewCharge", "NewPayment", "NewRefund", "NewReservation", "NewTask", "NewWorkOrder", "Nothing", "ReservationChange",
    "ResolveWorkOrder", "RevokeKey", "RoomStatus", "TaskInspection", "WithNotes", "WithReason", "fields_of",
    "not_in_the_calendar",
]  # fmt: skip

_ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}$"
_Reservation = Annotated[str, Meta(pattern=f"^rsv_{_ULID}")]
_Room = Annotated[str, Meta(pattern=f"^rmu_{_ULID}")]
_RoomType = Annotated[str, Meta(pattern=f"^rmt_{_ULID}")]
_Guest = Annotated[str, Meta(pattern=f"^gst_{_ULID}")]
_Person = Annotated[str, Meta(pattern=f"^usr_{_ULID}")]
_Key = Annotated[str, Meta(pattern=f"^key_{_ULID}")]
_Identifier = Annotated[str, Meta(pattern=f"^[a-z]{{2,8}}_{_ULID}")]
_Word = Annotated[str, Meta(min_length=1, max_length=64)]
_Line = Annotated[str, Meta(min_length=1, max_length=200)]
_Text = Annotated[str, Meta(max_length=4000)]
_Date = Annotated[str, Meta(pattern="^20[0-9]{2}-[0-9]{2}-[0-9]{2}$")]
_Moment = Annotated[str, Meta(pattern="^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})$")]
_Count = Annotated[int, Meta(ge=0, le=999)]


class Act(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The body of a mutation."""


def fields_of(body: type[Act]) -> tuple[FieldInfo, ...]:
    """Return what a body is made of."""
    return fields(body)


def not_in_the_calendar(body: Act) -> tuple[FieldError, ...]:
    """Return the members that are written like a date or a moment and are none, such as 30 February."""
    return tuple(
        FieldError(f"body.{name}", "malformed", "There is no such day or time.")
        for attribute, name, read in _in_the_calendar(type(body))
        if isinstance(value := getattr(body, attribute), str) and not _reads(read, value)
    )


@cache
def _in_the_calendar(body: type[Act]) -> tuple[tuple[str, str, Callable[[str], object]], ...]:
    return tuple(
        (field.name, field.encode_name, read)
        for field in fields(body)
        for kind, read in ((_Date, date.fromisoformat), (_Moment, datetime.fromisoformat))
        if kind in (field.type, *get_args(field.type))
    )


def _reads(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


class Amount(Act, frozen=True, kw_only=True):
    """Money in micro-units (1 USD is 1,000,000), as a text of digits: a number may have been rounded on its way."""

    amount_micro: Annotated[str, Meta(pattern="^-?[0-9]{1,18}$")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Nothing(Act, frozen=True, kw_only=True):
    """An act that needs no further word."""


class WithNotes(Act, frozen=True, kw_only=True):
    """An act to which something may be noted."""

    notes: _Text | None = None


class WithReason(Act, frozen=True, kw_only=True):
    """An act for which a reason may be given."""

    reason: _Text | None = None


class NewGuest(Act, frozen=True, kw_only=True):
    """Who comes, where the hotel does not know them yet."""

    name: _Line
    phone: _Line | None = None
    email: _Line | None = None
    language: _Line | None = None
    country: _Line | None = None


class NewReservation(Act, frozen=True, kw_only=True):
    """A stay to be booked."""

    arrival_date: _Date
    departure_date: _Date
    guest: NewGuest | None = None
    guest_name: _Line | None = None
    guest_id: _Guest | None = None
    room_type_id: _RoomType | None = None
    room_id: _Room | None = None
    adults: _Count | None = None
    children: _Count | None = None
    channel: _Word | None = None
    expected_at: _Moment | None = None
    nightly_rate: Amount | None = None
    special_requests: list[_Line] | None = None
    notes: _Text | None = None


class ReservationChange(Act, frozen=True, kw_only=True):
    """What shall be different about a stay. What may be taken back is null; what is left out stays as it is."""

    arrival_date: _Date | None = None
    departure_date: _Date | None = None
    room_type_id: _RoomType | None = None
    adults: _Count | None = None
    children: _Count | None = None
    expected_at: _Moment | UnsetType | None = UNSET
    special_requests: list[_Line] | None = None
    notes: _Text | UnsetType | None = UNSET


class IdDocument(Act, frozen=True, kw_only=True):
    """What a guest showed: the kind of document and the end of its number, never the whole of it."""

    type: _Line
    last4: Annotated[str, Meta(min_length=1, max_length=4)]


class CheckIn(Act, frozen=True, kw_only=True):
    """A guest moves in."""

    room_id: _Room | None = None
    id_document: IdDocument | None = None
    notes: _Text | None = None


class AssignRoom(Act, frozen=True, kw_only=True):
    """The room that a guest gets."""

    room_id: _Room


class NewCharge(Act, frozen=True, kw_only=True):
    """Something to be paid for; `amount` is for one."""

    description: _Line
    amount: Amount
    quantity: Annotated[int, Meta(ge=1, le=999)] = 1
    category: _Word | None = None


class NewPayment(Act, frozen=True, kw_only=True):
    """Money that came in."""

    amount: Amount
    method: _Word | None = None
    reference: _Line | None = None


class NewRefund(Act, frozen=True, kw_only=True):
    """Money that goes back."""

    amount: Amount
    reason: _Line
    payment_id: _Identifier | None = None


class NewTask(Act, frozen=True, kw_only=True):
    """A room to be cleaned or looked at."""

    room_id: _Room
    kind: _Word | None = None
    priority: _Word | None = None
    assignee_id: _Person | None = None
    scheduled_for: _Moment | None = None
    reservation_id: _Reservation | None = None
    notes: _Text | None = None


class AssignTask(Act, frozen=True, kw_only=True):
    """Who shall do it."""

    assignee_id: _Person


class TaskInspection(Act, frozen=True, kw_only=True):
    """What the look at a cleaned room found."""

    result: Literal["passed", "failed"] | None = None
    notes: _Text | None = None


class RoomStatus(Act, frozen=True, kw_only=True):
    """What a room is now."""

    status: _Word
    notes: _Text | None = None


class NewWorkOrder(Act, frozen=True, kw_only=True):
    """Something that is broken."""

    title: Annotated[str, Meta(min_length=1, max_length=140)]
    severity: _Word | None = None
    category: _Word | None = None
    description: _Text | None = None
    room_id: _Room | None = None
    source: _Word | None = None
    due_at: _Moment | None = None
    blocks_room: bool | None = None


class AssignWorkOrder(Act, frozen=True, kw_only=True):
    """Who shall mend it."""

    assignee_id: _Person


class BlockWorkOrder(Act, frozen=True, kw_only=True):
    """Why it can't be mended now."""

    reason: _Text | None = None
    blocks_room: bool | None = None


class ResolveWorkOrder(Act, frozen=True, kw_only=True):
    """What was done about it."""

    resolution: _Text | None = None


class IssueKey(Act, frozen=True, kw_only=True):
    """A key for a guest who is in house; from now to the end of the stay where nothing else is said."""

    reservation_id: _Reservation
    kind: Literal["mobile_app", "pin_code", "rfid_card"]
    valid_from: _Moment | None = None
    valid_until: _Moment | None = None


class RevokeKey(Act, frozen=True, kw_only=True):
    """A key that shall open nothing any more."""

    key_credential_id: _Key
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
