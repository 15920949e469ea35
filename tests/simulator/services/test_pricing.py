"""pricing-service: money as text, rates by day, quotes."""

from __future__ import annotations

import re
from datetime import date, timedelta

from tests.simulator.services.hotels import Hotel, Platform, ulid_key, uuid_key

ROOT = "/pricing-service/v1/pricing"


def where(hotel: Hotel) -> str:
    """The property as pricing calls it."""
    return f"propertyId={hotel.as_property('pty')}"


def micro(price: str) -> int:
    """The micro-units of a price on the wire."""
    return int(price.partition(":")[0])


def quote_request(hotel: Hotel, *, nights: int = 2, **changes: object) -> dict[str, object]:
    """The body of a quote from today on."""
    today = date.fromisoformat(hotel.get(f"{ROOT}/rates/snapshot?{where(hotel)}")["date"])
    window = {"start": today.isoformat(), "end": (today + timedelta(days=nights)).isoformat()}
    return {
        "propertyId": hotel.as_property("pty"),
        "ratePlanCode": "BAR",
        "stayWindow": window,
        "occupancy": {"adults": 2},
    } | changes


def test_snapshot_has_a_rate_for_each_room_type(platform: Platform) -> None:
    """Every room type has a name, free rooms, and a price in the property's currency unless the night is sold out."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        items = hotel.get(f"{ROOT}/rates/snapshot?{where(hotel)}")["items"]
        assert items
        for item in items:
            assert item["roomTypeId"].startswith("rmt_")
            assert item["name"]["default"]
            assert (item["price"] is None) == (item["available"] == 0)
            assert item["price"] is None or re.fullmatch(rf"\d+:{prop['currency']}", item["price"])


def test_free_rooms_are_inventorys(creek: Hotel) -> None:
    """What pricing calls available is what inventory has left of the type tonight."""
    rows = creek.get("/inventory-service/api/v1/inventory/calendar?days=1")["items"]
    left = {
        row["roomTypeId"].partition("_")[2]: row["total"] - row["oosBlocked"] - row["committed"] - row["held"]
        for row in rows
    }
    items = creek.get(f"{ROOT}/rates/snapshot?{where(creek)}")["items"]
    assert {item["roomTypeId"].partition("_")[2]: item["available"] for item in items} == left


def test_calendar_begins_with_the_snapshot(creek: Hotel) -> None:
    """The first day of the rate calendar repeats today's rates; a cheaper plan is cheaper on every day."""
    today = creek.get(f"{ROOT}/rates/snapshot?{where(creek)}")
    best = creek.get(f"{ROOT}/rates/calendar?{where(creek)}&days=10")["items"]
    corporate = creek.get(f"{ROOT}/rates/calendar?{where(creek)}&days=10&ratePlanCode=CRP")["items"]
    assert {row["roomTypeId"]: row["price"] for row in best if row["stayDate"] == today["date"]} == {
        item["roomTypeId"]: item["price"] for item in today["items"]
    }
    assert len(best) == len(corporate) == 10 * len(today["items"])
    pairs = [(a["price"], b["price"]) for a, b in zip(best, corporate, strict=True) if a["price"]]
    assert pairs
    assert all(micro(dear) > micro(cheap) for dear, cheap in pairs)


def test_quote_adds_up_its_nights_and_lives_half_an_hour(creek: Hotel) -> None:
    """A quote has each night's price, their sum, and the same answer for the same key."""
    key, request = uuid_key(), quote_request(creek, nights=3)
    made = creek.call("POST", f"{ROOT}/quotes", key=key, body=request)
    assert made.status == 201
    assert made.body["id"].startswith("qte_")
    assert made.body["createdAt"] < made.body["expiresAt"]
    for item in made.body["items"]:
        assert len(item["nights"]) == 3
        assert micro(item["total"]) == sum(micro(night["price"]) for night in item["nights"])
    again = creek.call("POST", f"{ROOT}/quotes", key=key, body=request)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (made.body, "true")
    assert [row["resourceId"] for row in creek.platform.effects("pricing-service")] == [made.body["id"]]
    (event,) = creek.platform.events("melmastoon.pricing.quote.created.v1")
    assert event["envelope"]["data"]["quoteId"] == made.body["id"]


def test_quote_refuses_what_it_cannot_price(creek: Hotel, kabul: Hotel) -> None:
    """A stay in the past or of no nights, an unknown plan, another hotel's room type: each has its code."""
    theirs = kabul.get(f"{ROOT}/rates/snapshot?{where(kabul)}")["items"][0]["roomTypeId"]
    yesterday = {"start": "2020-01-01", "end": "2020-01-03"}
    for changes, status, code in (
        ({"stayWindow": yesterday}, 422, "MELMASTOON.PRICING.STAY_WINDOW_INVALID"),
        ({"stayWindow": {"start": "soon"}}, 400, "MELMASTOON.GENERAL.VALIDATION_FAILED"),
        ({"ratePlanCode": "XXX"}, 404, "MELMASTOON.PRICING.RATE_PLAN_NOT_FOUND"),
        ({"roomTypeIds": [theirs]}, 404, "MELMASTOON.PRICING.ROOM_TYPE_NOT_FOUND"),
        ({"roomTypeIds": []}, 400, "MELMASTOON.GENERAL.VALIDATION_FAILED"),
        ({"propertyId": creek.property_id}, 400, "MELMASTOON.GENERAL.VALIDATION_FAILED"),
        ({"propertyId": kabul.as_property("pty")}, 403, "MELMASTOON.TENANT.MISMATCH"),
    ):
        refused = creek.call("POST", f"{ROOT}/quotes", key=uuid_key(), body=quote_request(creek, **changes))
        assert (refused.status, refused.code) == (status, code)
    no_nights = creek.call("POST", f"{ROOT}/quotes", key=uuid_key(), body=quote_request(creek, nights=0))
    assert no_nights.code == "MELMASTOON.PRICING.STAY_WINDOW_INVALID"
    assert creek.platform.effects("pricing-service") == []


def test_quote_wants_a_uuid_as_its_key(creek: Hotel) -> None:
    """A ULID is not pricing's idempotency key, and a key there must be."""
    for key in (ulid_key(), None):
        refused = creek.call("POST", f"{ROOT}/quotes", key=key, body=quote_request(creek))
        assert (refused.status, refused.code) == (400, "MELMASTOON.GENERAL.VALIDATION_FAILED")


def test_rate_plans_are_published_in_the_propertys_currency(creek: Hotel) -> None:
    """The plans of a property have identifiers of their own, one currency, and names in five languages."""
    plans = creek.get(f"{ROOT}/rate-plans?{where(creek)}")["items"]
    assert len({plan["ratePlanId"] for plan in plans}) == len(plans) == 4
    assert all(re.fullmatch(r"rate_[0-7][0-9A-HJKMNP-TV-Z]{25}", plan["ratePlanId"]) for plan in plans)
    assert {plan["currency"] for plan in plans} == {"AED"}
    assert all(set(plan["name"]["values"]) == {"fr", "ar", "fa-AF", "ps-AF"} for plan in plans)
