"""What exists in the world. Identifiers are canonical (`tnt_ usr_ dev_ ppt_ rmu_ rmt_ rsv_ gst_ fol_ lck_ key_ hkt_ mnt_`).

Times are aware and in UTC, dates are the property's local ones, amounts are micro-units of the named currency.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from platform_sim.dialect import Money

__all__ = [
    "Address",
    "Alert",
    "Charge",
    "DayEnd",
    "Device",
    "Folio",
    "Guest",
    "HousekeepingTask",
    "Invoice",
    "KeyCredential",
    "Lock",
    "NightResult",
    "Operator",
    "Payment",
    "Photo",
    "Policy",
    "Property",
    "Refund",
    "Reservation",
    "Room",
    "RoomType",
    "Suggestion",
    "SyncCursor",
    "Tenant",
    "Text",
    "WorkOrder",
]


@dataclass(frozen=True, slots=True)
class Text:
    """A text in several languages: `{default, values{}}` on the wire."""

    default: str
    values: dict[str, str] = field(default_factory=dict)

    def wire(self) -> dict[str, object]:
        """The shape in which property-service and others send it."""
        return {"default": self.default, "values": self.values}


@dataclass(slots=True, kw_only=True)
class Policy:
    """What a tenant has decided: whether issuing a key asks for a second factor, and from which charge on one is asked."""

    issue_key_mfa: bool = False
    charge_limit: Money | None = None


@dataclass(slots=True, kw_only=True)
class Tenant:
    """A hotel company."""

    id: str
    slug: str
    legal_name: str
    name: str
    country: str
    default_locale: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]
    theme_id: str
    theme_version: str = "1"
    status: str = "active"
    app_version_floor: str = "1.0.0"
    app_version_current: str = "1.4.2"
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a property stands, in Latin letters and, where people write it so, in its own script."""

    line1: str
    city: str
    country_iso2: str
    native_script_line1: str | None = None
    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture of a property; `position` 0 is the cover. The picture itself is drawn by `pictures.py`."""

    id: str
    position: int
    scene: str
    alt: Text


@dataclass(slots=True, kw_only=True)
class Property:
    """A hotel."""

    id: str
    tenant_id: str
    slug: str
    name: Text
    description: Text
    address: Address
    timezone: str
    currency: str
    check_in_time: str
    check_out_time: str
    photos: tuple[Photo, ...]
    status: str = "published"
    version: int = 1


@dataclass(slots=True, kw_only=True)
class RoomType:
    """A kind of room; `base_rate` is what a night costs before the day of the week and demand move it."""

    id: str
    tenant_id: str
    property_id: str
    code: str
    name: Text
    max_guests: int
    beds: str
    base_rate: Money


@dataclass(slots=True, kw_only=True)
class Room:
    """A room. `status` is housekeeping's; out_of_order and out_of_service rooms can't be sold."""

    id: str
    tenant_id: str
    property_id: str
    room_type_id: str
    number: str
    floor: int
    status: str
    """`dirty cleaning clean inspected ready out_of_order out_of_service`."""
    updated_at: datetime
    version: int = 1
    notes: str | None = None

    @property
    def sellable(self) -> bool:
        """Whether the room counts as capacity."""
        return self.status not in {"out_of_order", "out_of_service"}


@dataclass(slots=True, kw_only=True)
class Guest:
    """A guest; the name is in the script in which the guest writes it."""

    id: str
    tenant_id: str
    name: str
    language: str
    phone: str
    email: str
    country: str
    vip: bool = False


@dataclass(slots=True, kw_only=True)
class Reservation:
    """A stay. States: `confirmed checked_in in_house checked_out cancelled no_show` (and what holds need)."""

    id: str
    tenant_id: str
    property_id: str
    code: str
    status: str
    guest_id: str
    guest_name: str
    room_type_id: str
    arrival_date: date
    departure_date: date
    nightly_rate: Money
    created_at: datetime
    room_id: str | None = None
    adults: int = 1
    children: int = 0
    channel: str = "direct"
    expected_at: datetime | None = None
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    cancelled_at: datetime | None = None
    folio_id: str | None = None
    special_requests: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    notes: str | None = None
    version: int = 1

    @property
    def guests(self) -> int:
        """How many people stay."""
        return self.adults + self.children

    @property
    def in_house(self) -> bool:
        """Whether the guests are in the hotel now."""
        return self.status in {"checked_in", "in_house", "checkout_started"}

    @property
    def due(self) -> bool:
        """Whether the guests are still expected."""
        return self.status in {"confirmed", "check_in_started"}

    @property
    def nights(self) -> int:
        """The number of nights."""
        return (self.departure_date - self.arrival_date).days

    def covers(self, night: date) -> bool:
        """Whether the stay takes a room on that night: sold, expected, in house or already slept."""
        return self.status not in {"cancelled", "no_show", "expired_hold", "quoted"} and (
            self.arrival_date <= night < self.departure_date
        )


@dataclass(slots=True, kw_only=True)
class Charge:
    """A line on a folio. The amount is for one; `total` is for the quantity."""

    id: str
    tenant_id: str
    property_id: str
    folio_id: str
    description: str
    category: str
    amount: Money
    quantity: int
    posted_at: datetime
    voided: bool = False

    @property
    def total(self) -> Money:
        """Amount times quantity; nothing once voided."""
        return self.amount * (0 if self.voided else self.quantity)


@dataclass(slots=True, kw_only=True)
class Payment:
    """Money received on a folio; `method` is `cash card bank_transfer mobile_money`."""

    id: str
    tenant_id: str
    property_id: str
    folio_id: str
    amount: Money
    method: str
    received_at: datetime
    reference: str | None = None


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money given back."""

    id: str
    tenant_id: str
    property_id: str
    folio_id: str
    payment_id: str | None
    amount: Money
    reason: str
    refunded_at: datetime


@dataclass(slots=True, kw_only=True)
class Folio:
    """A guest's account. States: `pending open balance_due settled closed re_opened`."""

    id: str
    tenant_id: str
    property_id: str
    reservation_id: str
    status: str
    currency: str
    opened_at: datetime
    charges: list[Charge] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    due_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 1

    @property
    def balance(self) -> Money:
        """What the guest still owes: charges less payments plus refunds."""
        charged = sum(charge.total.amount_micro for charge in self.charges)
        paid = sum(payment.amount.amount_micro for payment in self.payments)
        returned = sum(refund.amount.amount_micro for refund in self.refunds)
        return Money(charged - paid + returned, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether charges and payments are still taken."""
        return self.status in {"pending", "open", "balance_due", "re_opened"}


@dataclass(slots=True, kw_only=True)
class Invoice:
    """A document about a folio, `inv_doc_…`."""

    id: str
    tenant_id: str
    property_id: str
    folio_id: str
    number: str
    status: str
    guest_name: str
    total: Money
    issued_at: datetime


@dataclass(slots=True, kw_only=True)
class DayEnd:
    """The count of the cash drawers at the end of a business day."""

    tenant_id: str
    property_id: str
    business_date: date
    expected: Money
    counted: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class NightResult:
    """How a past night went: sellable rooms, sold rooms, and what they brought."""

    day: date
    sellable: int
    sold: int
    room_revenue: Money


@dataclass(slots=True, kw_only=True)
class WorkOrder:
    """A repair. States: `open assigned in_progress blocked resolved verified cancelled`."""

    id: str
    tenant_id: str
    property_id: str
    title: str
    description: str
    category: str
    severity: str
    status: str
    source: str
    reported_at: datetime
    reported_by: str | None
    room_id: str | None = None
    assignee_id: str | None = None
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    blocks_room: bool = False
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.status not in {"resolved", "verified", "cancelled"}


@dataclass(slots=True, kw_only=True)
class HousekeepingTask:
    """Work in a room. States: `pending assigned in_progress paused completed failed cancelled`."""

    id: str
    tenant_id: str
    property_id: str
    room_id: str
    kind: str
    priority: str
    status: str
    created_at: datetime
    source: str = "event"
    reservation_id: str | None = None
    assignee_id: str | None = None
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    inspected_at: datetime | None = None
    notes: str | None = None
    version: int = 1


@dataclass(slots=True, kw_only=True)
class Lock:
    """A lock on a room's door."""

    id: str
    tenant_id: str
    property_id: str
    room_id: str
    vendor: str
    battery_percent: int
    online: bool = True


@dataclass(slots=True, kw_only=True)
class KeyCredential:
    """A key for a guest. States: `requested pending active suspended revoked`."""

    id: str
    tenant_id: str
    property_id: str
    lock_id: str
    room_id: str
    reservation_id: str
    kind: str
    state: str
    valid_from: datetime
    valid_until: datetime
    vendor: str
    issued_by: str | None
    issued_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None
    version: int = 1


@dataclass(slots=True, kw_only=True)
class Alert:
    """Something that staff should know. `status` is `unread read acknowledged`."""

    id: str
    tenant_id: str
    property_id: str
    severity: str
    title: Text
    body: Text
    raised_at: datetime
    status: str = "unread"
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str | None = None


@dataclass(slots=True, kw_only=True)
class Suggestion:
    """What the AI suggests. `status` is `open decided expired`; nothing happens before a person decides."""

    id: str
    tenant_id: str
    property_id: str
    category: str
    title: str
    summary: str
    confidence: float
    created_at: datetime
    subject: dict[str, str]
    proposal: dict[str, object]
    provenance: dict[str, object]
    status: str = "open"
    decision: dict[str, object] | None = None


@dataclass(slots=True, kw_only=True)
class Operator:
    """A member of staff with an account at iam and a membership at the tenant. `state` is `active suspended removed`."""

    id: str
    tenant_id: str
    username: str
    password: str
    totp_secret: str
    recovery_codes: tuple[str, ...]
    display_name: str
    roles: tuple[str, ...]
    property_ids: tuple[str, ...]
    locale: str
    membership_id: str
    state: str = "active"
    locked: bool = False
    preferences: dict[str, object] = field(default_factory=dict)
    preferences_version: int = 1


@dataclass(slots=True, kw_only=True)
class Device:
    """A registered desktop installation. The key's RFC 7638 thumbprint is bound at the first sign-in."""

    id: str
    tenant_id: str
    property_id: str
    name: str
    platform: str
    locked: bool = False
    bound_thumbprint: str | None = None


@dataclass(slots=True, kw_only=True)
class SyncCursor:
    """How far a device has synchronised a scope."""

    value: str
    as_of: datetime
