"""billing-service: what is owed, charged, paid, given back and closed."""

from __future__ import annotations

from http.client import HTTPException
from typing import Any

import pytest

from tests.simulator.services.hotels import Hotel, Platform, Reply, ulid_key

ROOT = "/billing-service/api/v1"


def money(units: int, currency: str = "USD") -> dict[str, str]:
    """An amount on the wire."""
    return {"amountMicro": str(units * 1_000_000), "currency": currency}


def micro(amount: dict[str, str]) -> int:
    """The micro-units of an amount."""
    return int(amount["amountMicro"])


def running(hotel: Hotel) -> list[dict[str, Any]]:
    """The accounts on which something may be owed now."""
    where = f"propertyId={hotel.as_property('prop')}"
    return list(hotel.get(f"{ROOT}/folios?{where}&status=running&limit=500")["items"])


def post(hotel: Hotel, folio_id: str, what: str, body: object = None, *, key: str | None = None) -> Reply:
    """A mutation of an account."""
    return hotel.call("POST", f"{ROOT}/folios/{folio_id}/{what}", key=key or ulid_key(), body=body)


def test_the_summary_adds_up_the_running_accounts(platform: Platform) -> None:
    """At every property the open balance is the sum of the balances; the variance is counted less expected."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        summary = hotel.get(f"{ROOT}/folios/summary?propertyId={hotel.as_property('prop')}")
        accounts = running(hotel)
        assert summary["openFolios"] == len(accounts)
        assert micro(summary["openBalance"]) == sum(micro(account["balance"]) for account in accounts)
        day = summary["dayEnd"]
        assert micro(day["variance"]) == micro(day["counted"]) - micro(day["expected"])
        assert summary["openBalance"]["currency"] == prop["currency"]


def test_every_guest_in_house_has_a_running_account(kabul: Hotel) -> None:
    """Accounts and stays belong together."""
    house = kabul.get("/reservation-service/api/v1/reservations/in-house?limit=500")["items"]
    assert {stay["folioId"] for stay in house} <= {account["id"] for account in running(kabul)}


def test_charge_pay_and_give_back(kabul: Hotel) -> None:
    """The balance follows each posting, the property's total follows the balance, and each is one effect and event."""
    folio = running(kabul)[0]
    start = micro(folio["balance"])
    summary = f"{ROOT}/folios/summary?propertyId={kabul.as_property('prop')}"
    total = micro(kabul.get(summary)["openBalance"])
    charge = post(kabul, folio["id"], "charges", {"description": "Tea", "amount": money(3), "quantity": 2})
    assert (charge.status, micro(charge.body["total"])) == (201, 6_000_000)
    assert micro(charge.body["balance"]) == start + 6_000_000
    assert micro(kabul.get(summary)["openBalance"]) == total + 6_000_000
    payment = post(kabul, folio["id"], "payments", {"amount": money(10), "method": "cash"})
    assert (payment.status, micro(payment.body["balance"])) == (201, start - 4_000_000)
    back = post(
        kabul, folio["id"], "refunds", {"amount": money(4), "reason": "too much", "paymentId": payment.body["id"]}
    )
    assert (back.status, micro(back.body["balance"])) == (201, start)
    account = kabul.get(f"{ROOT}/folios/{folio['id']}")
    assert micro(account["balance"]) == start
    assert charge.body["id"] in {line["id"] for line in account["charges"]}
    kinds = [(row["kind"], row["resourceId"]) for row in kabul.platform.effects("billing-service")]
    assert kinds == [(kind, folio["id"]) for kind in ("charge.posted", "payment.posted", "refund.posted")]
    for name in ("charged", "payment_received", "refunded"):
        assert kabul.platform.events(f"melmastoon.billing.folio.{name}.v1"), name


def test_an_account_closes_at_zero_and_makes_an_invoice(kabul: Hotel) -> None:
    """An account that owes is not closed; once paid it is, with an invoice, and takes nothing more until re-opened."""
    folio = next(account for account in running(kabul) if micro(account["balance"]) > 0)
    refused = post(kabul, folio["id"], "close")
    assert (refused.status, refused.code) == (409, "MELMASTOON.BILLING.BALANCE_NOT_ZERO")
    assert post(kabul, folio["id"], "payments", {"amount": folio["balance"]}).status == 201
    closed = post(kabul, folio["id"], "close")
    assert (closed.status, closed.body["status"]) == (200, "closed")
    newest = kabul.get(f"{ROOT}/invoices?propertyId={kabul.as_property('prop')}")["items"][0]
    assert (newest["id"], newest["folioId"]) == (closed.body["invoiceId"], folio["id"])
    assert kabul.get(f"{ROOT}/invoices/{newest['id']}")["number"] == newest["number"]
    late = post(kabul, folio["id"], "charges", {"description": "Tea", "amount": money(3)})
    assert (late.status, late.code) == (409, "MELMASTOON.BILLING.FOLIO_CLOSED")
    assert post(kabul, folio["id"], "reopen").body["status"] == "re_opened"
    assert post(kabul, folio["id"], "charges", {"description": "Tea", "amount": money(3)}).status == 201


@pytest.mark.parametrize(
    ("what", "body", "status", "code"),
    [
        (
            "charges",
            {"description": "x", "amount": {"amountMicro": 5, "currency": "USD"}},
            400,
            "GENERAL.VALIDATION_FAILED",
        ),
        ("charges", {"amount": money(1)}, 400, "GENERAL.VALIDATION_FAILED"),
        ("charges", {"description": "x", "amount": money(1), "quantity": 0}, 400, "GENERAL.VALIDATION_FAILED"),
        ("charges", {"description": "x", "amount": money(0)}, 422, "BILLING.AMOUNT_NOT_POSITIVE"),
        ("charges", {"description": "x", "amount": money(1, "EUR")}, 422, "BILLING.CURRENCY_MISMATCH"),
        ("payments", {"amount": money(1), "method": "shells"}, 400, "GENERAL.VALIDATION_FAILED"),
        ("refunds", {"amount": money(10**6), "reason": "x"}, 422, "BILLING.REFUND_EXCEEDS_PAYMENTS"),
        ("refunds", {"amount": money(1)}, 400, "GENERAL.VALIDATION_FAILED"),
        ("refunds", {"amount": money(1), "reason": "x", "paymentId": "fpm_none"}, 404, "BILLING.PAYMENT_NOT_FOUND"),
    ],
)
def test_postings_that_make_no_sense_are_refused(kabul: Hotel, what: str, body: object, status: int, code: str) -> None:
    """Each refusal is wrapped in `error` with the service's own code, and nothing is posted."""
    reply = post(kabul, running(kabul)[0]["id"], what, body)
    assert (reply.status, reply.code) == (status, f"MELMASTOON.{code}")
    assert set(reply.body) == {"error"}
    assert kabul.platform.effects("billing-service") == []


def test_the_same_key_charges_once(kabul: Hotel) -> None:
    """A repeated charge under the same key is posted once."""
    folio, key = running(kabul)[0]["id"], ulid_key()
    body = {"description": "Minibar", "amount": money(7)}
    first, again = (post(kabul, folio, "charges", body, key=key) for _ in range(2))
    assert first.body == again.body
    lines = kabul.get(f"{ROOT}/folios/{folio}/charges?limit=500")["items"]
    assert sum(line["id"] == first.body["id"] for line in lines) == 1
    assert len(kabul.platform.effects("billing-service")) == 1


def test_a_charge_whose_answer_was_lost_is_posted_once(kabul: Hotel) -> None:
    """Where the work was done and the connection then dropped, the same key gets the answer that was lost."""
    folio, key = running(kabul)[0]["id"], ulid_key()
    body = {"description": "Spa", "amount": money(40)}
    fault = "/_control/faults/billing-service"
    assert kabul.platform.call("PUT", fault, body={"mode": "applied_then_lost", "match": "POST"}).status < 300
    with pytest.raises((ConnectionError, HTTPException)):
        post(kabul, folio, "charges", body, key=key)
    assert kabul.platform.call("DELETE", fault).status < 300
    again = post(kabul, folio, "charges", body, key=key)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert [row["idempotencyKey"] for row in kabul.platform.effects("billing-service")] == [key]


def test_a_voided_charge_counts_for_nothing(kabul: Hotel) -> None:
    """The line stays and the balance falls."""
    folio = running(kabul)[0]
    charge = post(kabul, folio["id"], "charges", {"description": "Mistake", "amount": money(9)}).body
    address = f"{ROOT}/folios/{folio['id']}/charges/{charge['id']}"
    voided = kabul.call("DELETE", address, key=ulid_key())
    assert (voided.body["voided"], voided.body["balance"]) == (True, folio["balance"])
    again = kabul.call("DELETE", address, key=ulid_key())
    assert (again.status, again.code) == (409, "MELMASTOON.BILLING.CHARGE_VOIDED")


def test_another_tenants_account_is_forbidden(kabul: Hotel, creek: Hotel) -> None:
    """A folio of another tenant is refused with the mismatch code, an unknown one with 404."""
    assert creek.call("GET", f"{ROOT}/folios/{running(kabul)[0]['id']}").code == "MELMASTOON.TENANT.MISMATCH"
    assert creek.call("GET", f"{ROOT}/folios/fol_01JGFJJZ00000000000000000X").status == 404
