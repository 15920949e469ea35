"""reservation-service: bookings that are made, changed and refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.simulator.services.hotels import Hotel, Platform, Reply, ulid_key

ROOT = "/reservation-service/api/v1/reservations"


def assign(hotel: Hotel, stay_id: str, room_id: str) -> Reply:
    """Promise a room."""
    return hotel.call("POST", f"{ROOT}/{stay_id}/assign-room", key=ulid_key(), body={"roomId": room_id})


def some_booking(hotel: Hotel, **changes: object) -> dict[str, object]:
    """A booking of the simplest room for one night, a month from now."""
    today = date.fromisoformat(hotel.get(f"{ROOT}/arrivals/summary")["date"])
    kinds = hotel.get(f"/property-service/api/v1/properties/{hotel.property_id}/room-types")["items"]
    return {
        "guest": {"name": "زرغونه وردګ", "phone": "+93 79 0100001", "language": "ps-AF"},
        "roomTypeId": kinds[0]["id"],
        "arrivalDate": (today + timedelta(days=30)).isoformat(),
        "departureDate": (today + timedelta(days=31)).isoformat(),
        "adults": 2,
    } | changes


def test_a_booking_is_found_changed_and_gets_a_room(kabul: Hotel) -> None:
    """A new reservation is confirmed, found by its code, changed under its version, and given a room of its own."""
    made = kabul.call("POST", ROOT, key=ulid_key(), body=some_booking(kabul))
    assert (made.status, made.body["status"]) == (201, "confirmed")
    assert made.headers["Location"].endswith(made.body["id"])
    assert kabul.get(f"{ROOT}?query={made.body['code']}")["items"][0]["id"] == made.body["id"]
    assert kabul.get(f"{ROOT}/by-code/{made.body['code']}")["guest"]["phone"] == "+93 79 0100001"
    address = f"{ROOT}/{made.body['id']}"
    changed = kabul.call("PATCH", address, key=ulid_key(), body={"notes": "Quiet, please"}, headers={"If-Match": '"1"'})
    assert (changed.status, changed.body["notes"], changed.body["version"]) == (200, "Quiet, please", 2)
    stale = kabul.call("PATCH", address, key=ulid_key(), body={"notes": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "MELMASTOON.RESERVATION.VERSION_CONFLICT")
    rooms = kabul.get(f"/property-service/api/v1/properties/{kabul.property_id}/rooms?limit=500")["items"]
    room = next(r for r in rooms if r["status"] == "active" and r["roomTypeId"] == made.body["roomTypeId"])
    assert assign(kabul, made.body["id"], room["id"]).body["roomNumber"] == room["number"]
    other = kabul.call("POST", ROOT, key=ulid_key(), body=some_booking(kabul)).body
    taken = assign(kabul, other["id"], room["id"])
    assert (taken.status, taken.code) == (409, "MELMASTOON.RESERVATION.ROOM_NOT_AVAILABLE")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"adults": 20}, 422, "RESERVATION.CAPACITY_EXCEEDED"),
        ({"arrivalDate": "2020-01-01", "departureDate": "2020-01-02"}, 422, "RESERVATION.ARRIVAL_IN_PAST"),
        ({"departureDate": "2020-01-02"}, 400, "GENERAL.VALIDATION_FAILED"),
        ({"guest": {}}, 400, "GENERAL.VALIDATION_FAILED"),
        ({"roomTypeId": "rmt_01JGFJJZ00000000000000000X"}, 404, "RESERVATION.ROOM_TYPE_NOT_FOUND"),
        ({"nightlyRate": {"amountMicro": 5, "currency": "USD"}}, 400, "GENERAL.VALIDATION_FAILED"),
        ({"nightlyRate": {"amountMicro": "5", "currency": "JPY"}}, 422, "RESERVATION.CURRENCY_MISMATCH"),
    ],
)
def test_bookings_that_make_no_sense_are_refused(kabul: Hotel, changes: dict, status: int, code: str) -> None:
    """Each refusal has the service's own code, and nothing is written."""
    reply = kabul.call("POST", ROOT, key=ulid_key(), body=some_booking(kabul, **changes))
    assert (reply.status, reply.code) == (status, f"MELMASTOON.{code}")
    assert kabul.platform.effects("reservation-service") == []


def test_the_last_room_of_a_type_is_sold_once(platform: Platform) -> None:
    """Once a small hotel's suites are sold for a night, the next booking is refused as overbooking."""
    villa = platform.hotel("villa-fourviere")
    kinds = villa.get(f"/property-service/api/v1/properties/{villa.property_id}/room-types")["items"]
    booking = some_booking(villa, roomTypeId=kinds[-1]["id"])
    statuses = [villa.call("POST", ROOT, key=ulid_key(), body=booking).status for _ in range(kinds[-1]["rooms"] + 1)]
    assert statuses[0] == 201
    assert statuses[-1] == 409
    assert statuses == sorted(statuses)
