"""reservation-service: boards, look-up, and the life of a stay as the other services see it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.simulator.services.hotels import Hotel, Platform, Reply, ulid_key, uuid_key

ROOT = "/reservation-service/api/v1/reservations"
KEYS = "/lock-integration-service/api/v1/key-credentials"


def act(hotel: Hotel, stay_id: str, action: str, body: object = None, *, key: str | None = None) -> Reply:
    """A mutation of a reservation."""
    return hotel.call("POST", f"{ROOT}/{stay_id}/{action}", key=key or ulid_key(), body=body)


def due_with_ready_room(hotel: Hotel) -> dict[str, Any]:
    """An arrival of today whose room can be entered now."""
    rooms = hotel.get(
        f"/housekeeping-service/api/v1/housekeeping/rooms?propertyId={hotel.as_property('prp')}&limit=500"
    )["items"]
    ready = {
        room["number"] for room in rooms if room["status"] in {"ready", "inspected"} and room["occupancy"] == "vacant"
    }
    due = hotel.get(f"{ROOT}/arrivals?status=due&limit=200")["items"]
    return next(stay for stay in due if stay.get("roomNumber") in ready)


def room_of(hotel: Hotel, room_id: str) -> dict[str, Any]:
    """Housekeeping's view of a room."""
    where = f"propertyId={hotel.as_property('prp')}"
    return hotel.get(f"/housekeeping-service/api/v1/housekeeping/rooms/rom_{room_id[4:]}?{where}")


def test_arrivals_are_remaining_and_arrived(platform: Platform) -> None:
    """At every property the arrivals of the day are those still due and those who have come, and the lists agree."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        summary = hotel.get(f"{ROOT}/arrivals/summary")
        due = hotel.get(f"{ROOT}/arrivals?status=due&limit=500")["items"]
        arrived = hotel.get(f"{ROOT}/arrivals?status=arrived&limit=500")["items"]
        assert summary["propertyId"] == hotel.property_id
        assert summary["totalRooms"] == len(due) + len(arrived)
        assert summary["remainingRooms"] == len(due)
        assert [stay["id"] for stay in summary["next"]] == [stay["id"] for stay in due[:5]]
        assert {stay["status"] for stay in due} == {"confirmed"}


def test_departures_and_in_house_count_the_same_guests(platform: Platform) -> None:
    """Rooms in house are those that stay on and those still to leave today; guests are counted over the list."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        house = hotel.get(f"{ROOT}/in-house/summary")
        leaving = hotel.get(f"{ROOT}/departures/summary")
        listed = hotel.get(f"{ROOT}/in-house?limit=500")["items"]
        assert house["totalRooms"] == house["remainingRooms"] + leaving["remainingRooms"] == len(listed)
        assert house["guests"] == sum(stay["adults"] + stay["children"] for stay in listed)
        assert house["stayoverRooms"] <= house["remainingRooms"]


def test_due_within_minutes_leaves_out_who_comes_later(creek: Hotel) -> None:
    """The window keeps only arrivals expected within it, soonest first."""
    every = creek.get(f"{ROOT}/arrivals?status=due&limit=500")["items"]
    soon = creek.get(f"{ROOT}/arrivals?status=due&dueWithinMinutes=180&limit=500")["items"]
    assert 0 < len(soon) < len(every)
    assert [stay["expectedAt"] for stay in soon] == sorted(stay["expectedAt"] for stay in soon)
    later = {stay["id"] for stay in every} - {stay["id"] for stay in soon}
    assert min(stay["expectedAt"] for stay in every if stay["id"] in later) > soon[-1]["expectedAt"]


def test_pages_join_to_the_whole_list(creek: Hotel) -> None:
    """Following `nextCursor` gives every reservation once."""
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = creek.get(f"{ROOT}?limit=300" + (f"&cursor={cursor}" if cursor else ""))
        seen += [stay["id"] for stay in page["items"]]
        cursor = page["nextCursor"]
    assert len(seen) == len(set(seen)) == page["total"] > 300


def test_nobody_is_skipped_while_guests_arrive(creek: Hotel) -> None:
    """Who is checked in between two pages vanishes from the list of those due, and nobody else does."""
    every = [stay["id"] for stay in creek.get(f"{ROOT}/arrivals?status=due&limit=500")["items"]]
    first = creek.get(f"{ROOT}/arrivals?status=due&limit=4")
    assert act(creek, every[1], "cancel").status == 200
    second = creek.get(f"{ROOT}/arrivals?status=due&limit=500&cursor={first['nextCursor']}")
    assert [stay["id"] for stay in (*first["items"], *second["items"])] == every
    assert creek.call("GET", f"{ROOT}/arrivals?cursor=nonsense").status == 400


@pytest.mark.parametrize("what", ["whole name", "family name", "code", "phone", "Arabic letters"])
def test_look_up_finds_a_guest(creek: Hotel, what: str) -> None:
    """A guest is found by name in any script, by part of it, by code, and by the digits of the phone."""
    listed = creek.get(f"{ROOT}/in-house?limit=500")["items"]
    stay = next(
        stay for stay in listed if what != "Arabic letters" or "ی" in stay["guestName"] or "ي" in stay["guestName"]
    )
    phone = creek.get(f"{ROOT}/{stay['id']}")["guest"]["phone"]
    query = {
        "whole name": stay["guestName"],
        "family name": stay["guestName"].split()[-1],
        "code": stay["code"].lower(),
        "phone": phone.replace(" ", "")[-7:],
        "Arabic letters": stay["guestName"].replace("ی", "ي"),
    }[what]
    reply = creek.call("GET", f"{ROOT}?limit=500&query={quoted(query)}")
    assert stay["id"] in {found["id"] for found in reply.body["items"]}
    assert creek.get(f"{ROOT}?query=zzzzzz-nobody")["items"] == []


def quoted(text: str) -> str:
    """A text as it stands in an address."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_stays_of_the_grid_touch_its_days(creek: Hotel) -> None:
    """The grid's stays all overlap the days asked for, and hold everyone who is in house."""
    today = date.fromisoformat(creek.get(f"{ROOT}/arrivals/summary")["date"])
    found = creek.get(f"{ROOT}/stays?from={today}&days=7&limit=500")
    last = (today + timedelta(days=7)).isoformat()
    assert all(stay["arrivalDate"] < last and stay["departureDate"] > today.isoformat() for stay in found["items"])
    staying = {
        s["id"] for s in creek.get(f"{ROOT}/in-house?limit=500")["items"] if s["departureDate"] > today.isoformat()
    }
    assert staying <= {stay["id"] for stay in found["items"]}


def test_a_stay_from_check_in_to_check_out(kabul: Hotel) -> None:
    """A check-in fills a room and opens an account; a check-out leaves a dirty room, a task and a bill."""
    stay = due_with_ready_room(kabul)
    before = kabul.get(f"{ROOT}/arrivals/summary"), kabul.get(f"{ROOT}/in-house/summary")
    arrived = act(kabul, stay["id"], "check-in", {"idDocument": {"type": "passport", "last4": "A123"}})
    assert (arrived.status, arrived.body["status"], arrived.body["roomId"]) == (200, "checked_in", stay["roomId"])
    after = kabul.get(f"{ROOT}/arrivals/summary"), kabul.get(f"{ROOT}/in-house/summary")
    assert after[0]["remainingRooms"] == before[0]["remainingRooms"] - 1
    assert after[0]["totalRooms"] == before[0]["totalRooms"]
    assert after[1]["totalRooms"] == before[1]["totalRooms"] + 1
    assert room_of(kabul, stay["roomId"])["occupancy"] == "occupied"
    folio = f"/billing-service/api/v1/folios/{arrived.body['folioId']}"
    assert kabul.get(folio)["status"] == "open"
    charged = kabul.call(
        "POST",
        f"{folio}/charges",
        key=ulid_key(),
        body={"description": "Tea", "amount": {"amountMicro": "3000000", "currency": "USD"}},
    )
    assert charged.status == 201

    left = act(kabul, stay["id"], "check-out")
    assert (left.status, left.body["status"]) == (200, "checked_out")
    room = room_of(kabul, stay["roomId"])
    assert (room["status"], room["occupancy"], room["task"]["kind"]) == ("dirty", "vacant", "turnover")
    assert kabul.get(folio)["status"] == "balance_due"
    assert [row["kind"] for row in kabul.platform.effects("reservation-service")] == [
        "reservation.checked_in",
        "reservation.checked_out",
    ]
    for subject in (
        "reservation.checked_in",
        "reservation.checked_out",
        "billing.folio.opened",
        "housekeeping.task.created",
    ):
        assert kabul.platform.events(f"melmastoon.{subject}.v1"), subject


def test_what_was_done_offline_keeps_its_time(kabul: Hotel) -> None:
    """A check-in that reaches the service late is written down for the moment at which it was done."""
    stay = due_with_ready_room(kabul)
    done = datetime.now(UTC) - timedelta(minutes=50)
    address = f"{ROOT}/{stay['id']}/check-in"
    wrong = kabul.call("POST", address, key=ulid_key(), headers={"X-Occurred-At": "yesterday"})
    assert (wrong.status, wrong.code) == (400, "MELMASTOON.GENERAL.VALIDATION_FAILED")
    late = kabul.call("POST", address, key=ulid_key(), headers={"X-Occurred-At": done.isoformat()})
    assert late.status == 200
    assert abs(datetime.fromisoformat(late.body["checkedInAt"]) - done) < timedelta(seconds=1)


def test_a_dirty_room_becomes_one_that_can_be_entered(kabul: Hotel) -> None:
    """A guest whose promised room is dirty is refused it; cleaned and inspected, it is the room that the guest gets."""
    where = f"propertyId={kabul.as_property('prp')}"
    cleaning = "/housekeeping-service/api/v1/housekeeping"
    stay = due_with_ready_room(kabul)
    room = f"rom_{stay['roomId'][4:]}"
    dirty = kabul.call("POST", f"{cleaning}/rooms/{room}/status", key=uuid_key(), body={"status": "dirty"})
    assert dirty.status == 200
    refused = act(kabul, stay["id"], "check-in", {"roomId": stay["roomId"]})
    assert (refused.status, refused.code) == (409, "MELMASTOON.RESERVATION.ROOM_NOT_READY")
    task = kabul.call("POST", f"{cleaning}/tasks?{where}", key=uuid_key(), body={"roomId": room}).body["id"]
    for step in ("start", "complete", "inspect"):
        assert kabul.call("POST", f"{cleaning}/tasks/{task}/{step}", key=uuid_key()).status == 200
    entered = act(kabul, stay["id"], "check-in")
    assert (entered.body["roomId"], entered.body["roomChanged"]) == (stay["roomId"], False)


def test_check_out_revokes_the_keys(kabul: Hotel) -> None:
    """No key of a stay opens anything after its check-out."""
    listed = kabul.get(f"{KEYS}?propertyId={kabul.property_id}&limit=500")["items"]
    key = next(key for key in listed if key["state"] == "active")
    assert act(kabul, key["reservationId"], "check-out").status == 200
    states = {k["state"] for k in kabul.get(f"{KEYS}?reservationId={key['reservationId']}")["items"]}
    assert states == {"revoked"}
    assert kabul.platform.events("melmastoon.lock.credential.revoked.v1")


def test_the_same_key_checks_in_once(kabul: Hotel) -> None:
    """A repeated request under the same key answers the same and happens once; another request is refused."""
    stay, key = due_with_ready_room(kabul), ulid_key()
    first = act(kabul, stay["id"], "check-in", {}, key=key)
    again = act(kabul, stay["id"], "check-in", {}, key=key)
    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert act(kabul, stay["id"], "check-in", {"notes": "x"}, key=key).status == 422
    assert len(kabul.platform.effects("reservation-service")) == 1


def test_wrong_transitions_are_refused(kabul: Hotel) -> None:
    """Nobody is checked in twice, out before in, cancelled in house, or declared absent before the day."""
    house = kabul.get(f"{ROOT}/in-house")["items"][0]
    due = kabul.get(f"{ROOT}/arrivals?status=due")["items"][0]
    later = next(
        s for s in kabul.get(f"{ROOT}?status=confirmed&limit=500")["items"] if s["arrivalDate"] > due["arrivalDate"]
    )
    for stay, action, status, code in (
        (house, "check-in", 409, "INVALID_STATUS_TRANSITION"),
        (house, "cancel", 409, "INVALID_STATUS_TRANSITION"),
        (house, "no-show", 409, "INVALID_STATUS_TRANSITION"),
        (due, "check-out", 409, "INVALID_STATUS_TRANSITION"),
        (later, "no-show", 422, "NO_SHOW_TOO_EARLY"),
        (later, "check-in", 422, "CHECK_IN_TOO_EARLY"),
    ):
        reply = act(kabul, stay["id"], action)
        assert (reply.status, reply.code) == (status, f"MELMASTOON.RESERVATION.{code}"), action
    assert kabul.platform.effects("reservation-service") == []


def test_rooms_that_can_not_be_entered_are_refused(kabul: Hotel) -> None:
    """A named room that is occupied or dirty is refused, and so is one that is closed."""
    stay = due_with_ready_room(kabul)
    rooms = kabul.get(
        f"/housekeeping-service/api/v1/housekeeping/rooms?propertyId={kabul.as_property('prp')}&limit=500"
    )["items"]
    closed = next(room for room in rooms if room["status"] == "out_of_order")
    leaving = kabul.get(f"{ROOT}/departures")["items"][0]
    replies = {
        "ROOM_OUT_OF_ORDER": act(kabul, stay["id"], "check-in", {"roomId": f"rmu_{closed['roomId'][4:]}"}),
        "ROOM_OCCUPIED": act(kabul, stay["id"], "check-in", {"roomId": leaving["roomId"]}),
    }
    for code, reply in replies.items():
        assert reply.status == 409
        assert reply.code in {f"MELMASTOON.RESERVATION.{code}", "MELMASTOON.RESERVATION.ROOM_NOT_AVAILABLE"}
    assert act(kabul, stay["id"], "check-in", {"idDocument": {"type": "passport", "last4": "no"}}).status == 400


def test_cancel_and_no_show_give_the_room_night_back(kabul: Hotel) -> None:
    """Inventory has a room more for each arrival that will not come."""
    first, second = kabul.get(f"{ROOT}/arrivals?status=due")["items"][:2]
    occupancy = "/inventory-service/api/v1/inventory/occupancy"
    before = kabul.get(occupancy)["committed"]
    assert act(kabul, first["id"], "cancel", {"reason": "flight cancelled"}).body["status"] == "cancelled"
    assert act(kabul, second["id"], "no-show").body["status"] == "no_show"
    assert kabul.get(occupancy)["committed"] == before - 2
    kinds = [row["kind"] for row in kabul.platform.effects("reservation-service")]
    assert kinds == ["reservation.cancelled", "reservation.no_show"]


def test_another_property_and_another_tenant_see_nothing(kabul: Hotel, creek: Hotel) -> None:
    """A reservation is unknown at another property and forbidden to another tenant; the property header is demanded."""
    stay = kabul.get(f"{ROOT}/in-house")["items"][0]
    lodge = kabul.platform.hotel("bamyan-cliffs-lodge")
    assert lodge.call("GET", f"{ROOT}/{stay['id']}").status == 404
    assert creek.call("GET", f"{ROOT}/{stay['id']}").code == "MELMASTOON.TENANT.MISMATCH"
    bare = kabul.platform.call("GET", f"{ROOT}/in-house", headers={"X-Tenant-Id": kabul.tenant_id})
    assert (bare.status, bare.code) == (400, "MELMASTOON.GENERAL.VALIDATION_FAILED")
