"""Reads of billing-service, and how it shows folios, charges and invoices. It writes `prop_` for properties."""

from __future__ import annotations

from typing import Final, TypeVar

from platform_sim.dialect import Money
from platform_sim.kernel import Answer, Call, instant, page
from platform_sim.paging import keyset_page
from platform_sim.world.entities import Charge, Folio, Invoice, Payment, Refund

__all__ = [
    "charge_card",
    "charges",
    "folio_card",
    "folio_detail",
    "folios",
    "folios_summary",
    "invoice_card",
    "invoices",
    "one_balance",
    "one_folio",
    "one_invoice",
    "payment_card",
    "payments",
    "refund_card",
    "refunds",
]

T = TypeVar("T")
_STATUSES: Final = frozenset({"pending", "open", "balance_due", "settled", "closed", "re_opened"})


def folios_summary(call: Call) -> Answer:
    """`GET /folios/summary`: the accounts that are still running, what they owe together, and the last day's count."""
    currency = call.world.properties[call.property_id].currency
    running = _running(call)
    owed = sum(balance for folio, balance in running if folio.currency == currency)
    late = sum(folio.due_at is not None and folio.due_at < call.now and balance > 0 for folio, balance in running)
    nothing = Money(0, currency)
    day_end = call.world.day_ends.get(call.property_id)
    expected, counted = (day_end.expected, day_end.counted) if day_end else (nothing, nothing)
    business_date = day_end.business_date if day_end else call.world.today(call.property_id, call.now)
    return Answer(
        body={
            "propertyId": call.out(call.property_id),
            "openFolios": len(running),
            "overdueFolios": late,
            "openBalance": call.amount(Money(owed, currency)),
            "dayEnd": {
                "businessDate": business_date.isoformat(),
                "expected": call.amount(expected),
                "counted": call.amount(counted),
                "variance": call.amount(counted - expected),
            },
            "asOf": instant(call.now),
        }
    )


def _running(call: Call) -> list[tuple[Folio, int]]:
    """The accounts on which something may be owed now, each with its balance in micro-units.

    A pending account has no guest in house yet: it takes postings, but is no part of what is owed.
    """
    return call.world.computed(
        call.property_id,
        "running-folios",
        call.now,
        lambda: [
            (folio, folio.balance.amount_micro)
            for folio in call.world.folios_of(call.property_id)
            if folio.is_open and folio.status != "pending"
        ],
    )


def folios(call: Call) -> Answer:
    """`GET /folios?status=&reservationId=`: as they were opened; `status=running` is all that is owed now."""
    wanted = set(filter(None, call.query.get("status", "").split(",")))
    if "running" in wanted:
        wanted = (wanted - {"running"}) | {"open", "balance_due", "re_opened"}
    if not wanted <= _STATUSES:
        raise call.invalid("status", f"one of {' '.join(sorted(_STATUSES))} running")
    stays = set(filter(None, call.query.get("reservationId", "").split(",")))
    found = [
        folio
        for folio in call.world.folios_of(call.property_id)
        if (not wanted or folio.status in wanted) and (not stays or folio.reservation_id in stays)
    ]
    rows, cursor = keyset_page(call, found, _by_opening, default=50, maximum=500)
    pagination = {"nextCursor": cursor, "hasMore": cursor is not None}
    return Answer(body={"items": [folio_card(call, folio) for folio in rows], "pagination": pagination})


def _by_opening(folio: Folio) -> tuple[int | str, ...]:
    return (folio.opened_at.isoformat(), folio.id)


def one_folio(call: Call) -> Answer:
    """`GET /folios/{fol_…}`: the account with every line on it; its version is the `ETag`."""
    folio = _folio(call)
    return Answer(body=folio_detail(call, folio), headers={"ETag": f'"{folio.version}"'})


def one_balance(call: Call) -> Answer:
    """`GET /folios/{fol_…}/balance`."""
    folio = _folio(call)
    return Answer(body={"folioId": folio.id, "status": folio.status, "balance": call.amount(folio.balance)})


def charges(call: Call) -> Answer:
    """`GET /folios/{fol_…}/charges`."""
    rows, pagination = _paged(call, _folio(call).charges)
    return Answer(body={"items": [charge_card(call, row) for row in rows], "pagination": pagination})


def payments(call: Call) -> Answer:
    """`GET /folios/{fol_…}/payments`."""
    rows, pagination = _paged(call, _folio(call).payments)
    return Answer(body={"items": [payment_card(call, row) for row in rows], "pagination": pagination})


def refunds(call: Call) -> Answer:
    """`GET /folios/{fol_…}/refunds`."""
    rows, pagination = _paged(call, _folio(call).refunds)
    return Answer(body={"items": [refund_card(call, row) for row in rows], "pagination": pagination})


def invoices(call: Call) -> Answer:
    """`GET /invoices?status=&query=&folioId=`: newest first; the query is part of a number or a guest's name."""
    status, folio_id = call.query.get("status"), call.query.get("folioId")
    query = call.query.get("query", "").casefold()
    found = [
        invoice
        for invoice in call.world.invoices_of(call.property_id)
        if (status is None or invoice.status == status)
        and (folio_id is None or invoice.folio_id == folio_id)
        and (not query or query in f"{invoice.number} {invoice.guest_name}".casefold())
    ]
    rows, cursor = keyset_page(call, found, _newest_first, default=50, maximum=500)
    pagination = {"nextCursor": cursor, "hasMore": cursor is not None}
    return Answer(body={"items": [invoice_card(call, invoice) for invoice in rows], "pagination": pagination})


def _newest_first(invoice: Invoice) -> tuple[int | str, ...]:
    return (-int(invoice.issued_at.timestamp() * 1000), invoice.id)


def one_invoice(call: Call) -> Answer:
    """`GET /invoices/{inv_doc_…}`."""
    return Answer(body=invoice_card(call, call.own(call.world.invoices.get(call.params["id"]), "invoice")))


def _folio(call: Call) -> Folio:
    return call.own(call.world.folios.get(call.id("id")), "folio")


def _paged(call: Call, found: list[T]) -> tuple[list[T], dict[str, object]]:
    rows, cursor = page(call, found)
    return rows, {"nextCursor": cursor, "hasMore": cursor is not None}


# Shapes


def folio_card(call: Call, folio: Folio) -> dict[str, object]:
    """The form of lists."""
    stay = call.world.reservations.get(folio.reservation_id)
    room = call.world.rooms.get(stay.room_id or "") if stay else None
    return {
        "id": folio.id,
        "tenantId": folio.tenant_id,
        "propertyId": call.out(folio.property_id),
        "reservationId": folio.reservation_id,
        "reservationCode": stay.code if stay else None,
        "guestName": stay.guest_name if stay else None,
        "roomNumber": room.number if room else None,
        "status": folio.status,
        "currency": folio.currency,
        "balance": call.amount(folio.balance),
        "openedAt": instant(folio.opened_at),
        "dueAt": instant(folio.due_at) if folio.due_at else None,
        "closedAt": instant(folio.closed_at) if folio.closed_at else None,
        "version": folio.version,
    }


def folio_detail(call: Call, folio: Folio) -> dict[str, object]:
    """The whole account."""
    nothing = Money(0, folio.currency)
    return folio_card(call, folio) | {
        "totals": {
            "charges": call.amount(sum((row.total for row in folio.charges), nothing)),
            "payments": call.amount(sum((row.amount for row in folio.payments), nothing)),
            "refunds": call.amount(sum((row.amount for row in folio.refunds), nothing)),
        },
        "charges": [charge_card(call, row) for row in folio.charges],
        "payments": [payment_card(call, row) for row in folio.payments],
        "refunds": [refund_card(call, row) for row in folio.refunds],
    }


def charge_card(call: Call, charge: Charge) -> dict[str, object]:
    """A line; `amount` is for one, `total` for the quantity."""
    return {
        "id": charge.id,
        "folioId": charge.folio_id,
        "description": charge.description,
        "category": charge.category,
        "amount": call.amount(charge.amount),
        "quantity": charge.quantity,
        "total": call.amount(charge.total),
        "voided": charge.voided,
        "postedAt": instant(charge.posted_at),
    }


def payment_card(call: Call, payment: Payment) -> dict[str, object]:
    """Money received."""
    return {
        "id": payment.id,
        "folioId": payment.folio_id,
        "amount": call.amount(payment.amount),
        "method": payment.method,
        "reference": payment.reference,
        "receivedAt": instant(payment.received_at),
    }


def refund_card(call: Call, refund: Refund) -> dict[str, object]:
    """Money given back."""
    return {
        "id": refund.id,
        "folioId": refund.folio_id,
        "paymentId": refund.payment_id,
        "amount": call.amount(refund.amount),
        "reason": refund.reason,
        "refundedAt": instant(refund.refunded_at),
    }


def invoice_card(call: Call, invoice: Invoice) -> dict[str, object]:
    """An invoice's head."""
    return {
        "id": invoice.id,
        "tenantId": invoice.tenant_id,
        "propertyId": call.out(invoice.property_id),
        "folioId": invoice.folio_id,
        "number": invoice.number,
        "status": invoice.status,
        "guestName": invoice.guest_name,
        "total": call.amount(invoice.total),
        "issuedAt": instant(invoice.issued_at),
    }
