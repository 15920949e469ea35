"""Mutations of billing-service: charge, pay, refund, close and open again. Amounts are never negative on the wire."""

from __future__ import annotations

from typing import Final

from platform_sim.acting import occurred_at
from platform_sim.dialect import Money
from platform_sim.given import check_version, given_word
from platform_sim.ids import fresh_id
from platform_sim.kernel import Answer, Call, instant
from platform_sim.services.billing_reads import charge_card, folio_detail, payment_card, refund_card
from platform_sim.world.entities import Charge, Folio, Invoice, Payment, Refund

__all__ = ["close", "pay", "post_charge", "refund", "reopen", "void_charge"]

_METHODS: Final = ("cash", "card", "bank_transfer", "mobile_money")
_LARGEST_QUANTITY: Final = 999
_LARGEST_MICRO: Final = 10**15
"""A thousand million units: with the largest quantity still a 64-bit number of micro-units."""


def post_charge(call: Call) -> Answer:
    """`POST /folios/{id}/charges` `{description, amount, quantity?, category?}` → 201; `amount` is for one."""
    folio = _folio(call)
    amount = _amount(call, folio)
    charge = Charge(
        id=fresh_id("chg"),
        tenant_id=folio.tenant_id,
        property_id=folio.property_id,
        folio_id=folio.id,
        description=call.text("description", maximum=200),
        category=call.optional_text("category", maximum=64) or "other",
        amount=amount,
        quantity=call.integer("quantity", default=1, minimum=1, maximum=_LARGEST_QUANTITY),
        posted_at=occurred_at(call),
    )
    folio.charges.append(charge)
    if folio.status in {"pending", "settled"}:
        folio.status = "open" if folio.status == "pending" else "balance_due"
    _changed(call, folio, "charged", chargeId=charge.id, category=charge.category, amount=call.amount(charge.total))
    call.effect("charge.posted", folio.id)
    return _created(folio, "charges", charge.id, charge_card(call, charge) | {"balance": call.amount(folio.balance)})


def void_charge(call: Call) -> Answer:
    """`DELETE /folios/{id}/charges/{chargeId}`: the line stays on the account and counts for nothing."""
    folio = _folio(call)
    charge = next((row for row in folio.charges if row.id == call.params["charge"]), None)
    if charge is None:
        raise call.not_found("charge")
    if charge.voided:
        raise call.conflict("CHARGE_VOIDED", "the charge was voided already")
    charge.voided = True
    _changed(call, folio, "charge_voided", chargeId=charge.id)
    call.effect("charge.voided", folio.id)
    return Answer(body=charge_card(call, charge) | {"balance": call.amount(folio.balance)})


def pay(call: Call) -> Answer:
    """`POST /folios/{id}/payments` `{amount, method?, reference?}` → 201; more than is owed stands as a deposit."""
    folio = _folio(call)
    payment = Payment(
        id=fresh_id("fpm"),
        tenant_id=folio.tenant_id,
        property_id=folio.property_id,
        folio_id=folio.id,
        amount=_amount(call, folio),
        method=given_word(call, "method", _METHODS, default="card"),
        received_at=occurred_at(call),
        reference=call.optional_text("reference", maximum=100),
    )
    folio.payments.append(payment)
    if folio.status == "balance_due" and folio.balance.amount_micro <= 0:
        folio.due_at = None
        folio.status = "open" if _has_guest_in_house(call, folio) else "settled"
    _changed(call, folio, "payment_received", paymentId=payment.id, amount=call.amount(payment.amount))
    call.effect("payment.posted", folio.id)
    return _created(
        folio, "payments", payment.id, payment_card(call, payment) | {"balance": call.amount(folio.balance)}
    )


def refund(call: Call) -> Answer:
    """`POST /folios/{id}/refunds` `{amount, reason, paymentId?}` → 201; never more than was paid and not given back."""
    folio = _folio(call)
    amount, reason = _amount(call, folio), call.text("reason", maximum=500)
    payment_id = call.optional_text("paymentId", maximum=64)
    paid = [row for row in folio.payments if payment_id is None or row.id == payment_id]
    if payment_id is not None and not paid:
        raise call.not_found("payment")
    returned = [row for row in folio.refunds if payment_id is None or row.payment_id == payment_id]
    left = sum(row.amount.amount_micro for row in paid) - sum(row.amount.amount_micro for row in returned)
    # A refund of one payment is also bounded by what is left of all of them together.
    left_of_all = sum(row.amount.amount_micro for row in folio.payments) - sum(
        row.amount.amount_micro for row in folio.refunds
    )
    if amount.amount_micro > min(left, left_of_all):
        raise call.conflict("REFUND_EXCEEDS_PAYMENTS", "more than was paid can't be given back", status=422)
    given_back = Refund(
        id=fresh_id("frd"),
        tenant_id=folio.tenant_id,
        property_id=folio.property_id,
        folio_id=folio.id,
        payment_id=payment_id,
        amount=amount,
        reason=reason,
        refunded_at=occurred_at(call),
    )
    folio.refunds.append(given_back)
    _changed(call, folio, "refunded", refundId=given_back.id, amount=call.amount(amount), reason=reason)
    call.effect("refund.posted", folio.id)
    return _created(
        folio, "refunds", given_back.id, refund_card(call, given_back) | {"balance": call.amount(folio.balance)}
    )


def close(call: Call) -> Answer:
    """`POST /folios/{id}/close`: an account on which nothing is owed either way; makes the invoice."""
    folio = _folio(call)
    if folio.status == "pending":
        raise call.conflict("INVALID_STATUS_TRANSITION", "the account was not opened yet")
    if folio.balance.amount_micro != 0:
        raise call.conflict("BALANCE_NOT_ZERO", "the balance has to be zero first")
    folio.status, folio.closed_at, folio.due_at = "closed", call.now, None
    invoice = _invoice(call, folio)
    call.world.invoices[invoice.id] = invoice
    _changed(call, folio, "closed", invoiceId=invoice.id)
    call.effect("folio.closed", folio.id)
    body = folio_detail(call, folio) | {"invoiceId": invoice.id, "invoiceNumber": invoice.number}
    return Answer(body=body, headers={"ETag": f'"{folio.version}"'})


def reopen(call: Call) -> Answer:
    """`POST /folios/{id}/reopen` `{reason?}`: a closed account takes postings again."""
    folio = call.own(call.world.folios.get(call.id("id")), "folio")
    check_version(call, folio.version)
    if folio.status not in {"closed", "settled"}:
        raise call.conflict("INVALID_STATUS_TRANSITION", f"an account that is {folio.status} is open already")
    reason = call.optional_text("reason", maximum=500)
    folio.status, folio.closed_at = "re_opened", None
    _changed(call, folio, "re_opened", reason=reason)
    call.effect("folio.re_opened", folio.id)
    return Answer(body=folio_detail(call, folio), headers={"ETag": f'"{folio.version}"'})


def _folio(call: Call) -> Folio:
    """The account of the path, if it still takes postings."""
    folio = call.own(call.world.folios.get(call.id("id")), "folio")
    check_version(call, folio.version)
    if folio.status == "closed":
        raise call.conflict("FOLIO_CLOSED", "the account is closed")
    return folio


def _amount(call: Call, folio: Folio) -> Money:
    amount = call.money("amount")
    if amount.amount_micro <= 0:
        raise call.conflict("AMOUNT_NOT_POSITIVE", "the amount has to be more than nothing", status=422)
    if amount.amount_micro > _LARGEST_MICRO:
        raise call.conflict("AMOUNT_TOO_LARGE", "nobody pays that much", status=422)
    if amount.currency != folio.currency:
        raise call.conflict("CURRENCY_MISMATCH", f"the account is kept in {folio.currency}", status=422)
    return amount


def _has_guest_in_house(call: Call, folio: Folio) -> bool:
    stay = call.world.reservations.get(folio.reservation_id)
    return stay is not None and stay.in_house


def _invoice(call: Call, folio: Folio) -> Invoice:
    stay = call.world.reservations.get(folio.reservation_id)
    known = call.world.invoices_of(folio.property_id)
    number = max((int(invoice.number.rpartition("-")[2]) for invoice in known), default=1000) + 1
    slug = call.world.properties[folio.property_id].slug
    return Invoice(
        id=fresh_id("inv_doc"),
        tenant_id=folio.tenant_id,
        property_id=folio.property_id,
        folio_id=folio.id,
        number=f"{slug[:3].upper()}-{call.now.year}-{number:05d}",
        status="issued",
        guest_name=stay.guest_name if stay else "",
        total=sum((charge.total for charge in folio.charges), Money(0, folio.currency)),
        issued_at=call.now,
    )


def _changed(call: Call, folio: Folio, happened: str, **more: object) -> None:
    folio.version += 1
    call.world.changed(folio.property_id)
    call.publish(
        f"billing.folio.{happened}.v1",
        {
            "folioId": folio.id,
            "tenantId": f"t_{folio.tenant_id.partition('_')[2]}",
            "propertyId": call.out(folio.property_id),
            "reservationId": f"res_{folio.reservation_id.partition('_')[2]}",
            "status": folio.status,
            "balance": call.amount(folio.balance),
            "at": instant(call.now),
            **more,
        },
        key=folio.id,
    )


def _created(folio: Folio, kind: str, identifier: str, body: dict[str, object]) -> Answer:
    return Answer(status=201, body=body, headers={"Location": f"/api/v1/folios/{folio.id}/{kind}/{identifier}"})
