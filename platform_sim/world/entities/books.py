"""Folios and what is written on them, invoices, and how nights and drawers were closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from platform_sim.dialect import Money

__all__ = ["Charge", "DayEnd", "Folio", "Invoice", "NightResult", "Payment", "Refund"]


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
