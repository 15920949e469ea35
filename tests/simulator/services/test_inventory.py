"""inventory-service and the ledger that analytics and pricing share with it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.simulator.services.hotels import Hotel, Platform, ulid_key

ROOT = "/inventory-service/api/v1/inventory"


def test_committed_rooms_are_tonights_guests(platform: Platform) -> None:
    """At every property the rooms committed tonight are those of guests who stay over, have arrived or are expected."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        tonight = hotel.get(f"{ROOT}/occupancy")
        house = hotel.get("/reservation-service/api/v1/reservations/in-house/summary")
        arrivals = hotel.get("/reservation-service/api/v1/reservations/arrivals/summary")
        arrived = arrivals["totalRooms"] - arrivals["remainingRooms"]
        assert tonight["propertyId"] == hotel.property_id
        assert tonight["committed"] == house["stayoverRooms"] + arrived + arrivals["remainingRooms"]


def test_closed_rooms_are_housekeepings(platform: Platform) -> None:
    """At every property the blocked rooms are those that housekeeping has out of order or out of service."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        tonight = hotel.get(f"{ROOT}/occupancy")
        where = hotel.as_property("prp")
        rooms = hotel.get(f"/housekeeping-service/api/v1/housekeeping/rooms/summary?propertyId={where}")
        closed = rooms["counts"]["out_of_order"] + rooms["counts"]["out_of_service"]
        assert (tonight["total"], tonight["oosBlocked"]) == (rooms["total"], closed)
        assert len(hotel.get(f"{ROOT}/blocks")["items"]) == closed


def test_occupancy_of_analytics_is_inventorys(platform: Platform) -> None:
    """Analytics' occupancy of today is committed by sellable rooms, to one decimal."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        tonight = hotel.get(f"{ROOT}/occupancy")
        metric = hotel.get(
            f"/analytics-service/api/v1/analytics/metrics/occupancy/value?propertyId={hotel.property_id}"
        )
        sellable = tonight["total"] - tonight["oosBlocked"]
        assert metric["value"] == pytest.approx(100 * tonight["committed"] / sellable, abs=0.051)


def test_calendar_has_a_row_for_each_day_and_type(creek: Hotel) -> None:
    """Fourteen days from today, each with every room type under inventory's own prefix, never sold beyond capacity."""
    rows = creek.get(f"{ROOT}/calendar?days=14")["items"]
    days = sorted({row["stayDate"] for row in rows})
    first = date.fromisoformat(days[0])
    assert days == [(first + timedelta(days=number)).isoformat() for number in range(14)]
    assert len(rows) == 14 * 5
    assert {row["roomTypeId"][:4] for row in rows} == {"rty_"}
    assert all(row["committed"] + row["held"] <= row["total"] - row["oosBlocked"] for row in rows)
    assert sum(row["total"] for row in rows if row["stayDate"] == days[0]) == 300


def test_the_first_day_of_the_calendar_is_the_occupancy_of_today(creek: Hotel) -> None:
    """Both reads count from one ledger."""
    tonight = creek.get(f"{ROOT}/occupancy")
    rows = [row for row in creek.get(f"{ROOT}/calendar?days=1")["items"] if row["stayDate"] == tonight["stayDate"]]
    for member in ("total", "held", "committed", "oosBlocked"):
        assert sum(row[member] for row in rows) == tonight[member]


def test_grid_shows_who_is_promised_which_room(creek: Hotel) -> None:
    """Every room is in the grid once, with the stays of these days; an in-house stay is in use."""
    grid = creek.get(f"{ROOT}/grid?days=7")
    assert len(grid["items"]) == 300
    assert grid["nextCursor"] is None
    published = {
        row["id"]: row
        for row in creek.platform.world()["reservations"]
        if row["propertyId"] == creek.property_id and row.get("roomId")
    }
    shown = {
        allocation["reservationId"]: (room["roomId"], allocation["state"])
        for room in grid["items"]
        for allocation in room["allocations"]
    }
    for identifier, row in published.items():
        assert shown[identifier][0] == row["roomId"]
        if row["status"] in {"in_house", "checked_in"}:
            assert shown[identifier][1] == "in_use"


def test_grid_in_pages_is_the_whole_grid(creek: Hotel) -> None:
    """Following the cursor gives every room once, in the same order."""
    whole = [room["roomId"] for room in creek.get(f"{ROOT}/grid")["items"]]
    seen: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = creek.get(f"{ROOT}/grid?limit=70&cursor={cursor}")
        seen += [room["roomId"] for room in page["items"]]
        cursor = page["nextCursor"]
    assert seen == whole


def test_availability_is_the_scarcest_night(creek: Hotel) -> None:
    """What is free for a stay is what is free on its fullest night, for each type."""
    rows = creek.get(f"{ROOT}/calendar?days=3")["items"]
    start = date.fromisoformat(rows[0]["stayDate"])
    free: dict[str, int] = {}
    for row in rows:
        left = row["total"] - row["oosBlocked"] - row["committed"] - row["held"]
        free[row["roomTypeId"]] = min(left, free.get(row["roomTypeId"], left))
    end = start + timedelta(days=3)
    answered = creek.get(f"{ROOT}/availability?start={start}&end={end}")["items"]
    assert {item["roomTypeId"]: item["available"] for item in answered} == free


def test_a_released_room_is_no_longer_promised(creek: Hotel) -> None:
    """Releasing takes the room from a stay that has not begun, once, and says so on the bus."""
    promised = next(
        row
        for row in creek.get(f"{ROOT}/allocations?days=1&assigned=true&limit=500")["items"]
        if row["state"] == "confirmed"
    )
    path, key = f"{ROOT}/allocations/{promised['id']}/room", ulid_key()
    stale = creek.call("DELETE", path, key=ulid_key(), headers={"If-Match": '"v99"'})
    assert (stale.status, stale.code) == (412, "MELMASTOON.INVENTORY.VERSION_CONFLICT")
    released = creek.call("DELETE", path, key=key, headers={"If-Match": f'"v{promised["version"]}"'})
    assert (released.status, released.body["roomId"]) == (200, None)
    replay = creek.call("DELETE", path, key=key, headers={"If-Match": f'"v{promised["version"]}"'})
    assert replay.body == released.body
    again = creek.call("DELETE", path, key=ulid_key())
    assert (again.status, again.code) == (409, "MELMASTOON.INVENTORY.ALLOCATION_NOT_ASSIGNED")
    assert [row["kind"] for row in creek.platform.effects("inventory-service")] == ["allocation.released"]


def test_the_room_of_a_guest_in_house_is_not_released(creek: Hotel) -> None:
    """A stay that has begun keeps its room."""
    in_use = next(row for row in creek.get(f"{ROOT}/allocations?days=1&limit=500")["items"] if row["state"] == "in_use")
    refused = creek.call("DELETE", f"{ROOT}/allocations/{in_use['id']}/room", key=ulid_key())
    assert (refused.status, refused.code) == (409, "MELMASTOON.INVENTORY.ALLOCATION_IN_USE")
    assert creek.platform.effects("inventory-service") == []


def test_what_is_malformed_is_refused_in_inventorys_words(creek: Hotel) -> None:
    """A missing property, too many days and a stay of no nights are 400, wrapped in `error`."""
    for path, headers in (
        ("/occupancy", {"X-Property-Id": "prop_1"}),
        ("/calendar?days=63", {}),
        ("/grid?roomTypeId=rmt_01JGFJJZ03J02SKYND46F9ZBKD", {}),
        ("/grid?from=tomorrow", {}),
        ("/availability?start=2026-01-02&end=2026-01-02", {}),
        ("/allocations?assigned=maybe", {}),
    ):
        refused = creek.call("GET", f"{ROOT}{path}", headers=headers)
        assert (refused.status, refused.code) == (400, "MELMASTOON.GENERAL.VALIDATION_FAILED")
        assert set(refused.body) == {"error"}


def test_another_tenants_property_is_refused(creek: Hotel, kabul: Hotel) -> None:
    """A property of another tenant answers 403 with the mismatch code."""
    refused = creek.call("GET", f"{ROOT}/occupancy", headers={"X-Property-Id": kabul.property_id})
    assert (refused.status, refused.code) == (403, "MELMASTOON.TENANT.MISMATCH")


def test_a_block_ends_when_the_repair_is_due(creek: Hotel) -> None:
    """On each of fourteen days the calendar has as many blocked rooms as there are blocks that are not over by then."""
    blocks = creek.get(f"{ROOT}/blocks")["items"]
    rows = creek.get(f"{ROOT}/calendar?days=14")["items"]
    assert any(block["until"] is not None for block in blocks)
    for day in {row["stayDate"] for row in rows}:
        blocked = sum(row["oosBlocked"] for row in rows if row["stayDate"] == day)
        assert blocked == sum(block["until"] is None or block["until"] > day for block in blocks)
