"""What happens at one service is seen in the figures of inventory, pricing and analytics."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.simulator.services.hotels import Hotel, ulid_key, uuid_key

RESERVATIONS = "/reservation-service/api/v1/reservations"


def tonight(hotel: Hotel) -> tuple[int, int, int]:
    """Committed rooms, blocked rooms and the free rooms that pricing has, tonight."""
    night = hotel.get("/inventory-service/api/v1/inventory/occupancy")
    rates = hotel.get(f"/pricing-service/v1/pricing/rates/snapshot?propertyId={hotel.as_property('pty')}")
    return night["committed"], night["oosBlocked"], sum(item["available"] for item in rates["items"])


def check_figures(hotel: Hotel) -> None:
    """Occupancy of analytics is still that of inventory."""
    night = hotel.get("/inventory-service/api/v1/inventory/occupancy")
    where = f"propertyId={hotel.property_id}"
    percent = hotel.get(f"/analytics-service/api/v1/analytics/metrics/occupancy/value?{where}")["value"]
    assert percent == pytest.approx(100 * night["committed"] / (night["total"] - night["oosBlocked"]), abs=0.051)


def due(hotel: Hotel) -> dict[str, object]:
    """A reservation that arrives today."""
    return dict(hotel.get(f"{RESERVATIONS}/arrivals?status=due")["items"][0])


@pytest.mark.parametrize("verb", ["cancel", "no-show"])
def test_who_does_not_come_frees_a_room(creek: Hotel, verb: str) -> None:
    """A cancelled arrival, and one that nobody showed up for, is one room less sold tonight and one more to sell."""
    sold, blocked, free = tonight(creek)
    done = creek.call("POST", f"{RESERVATIONS}/{due(creek)['id']}/{verb}", key=ulid_key(), body={})
    assert done.status == 200
    assert tonight(creek) == (sold - 1, blocked, free + 1)
    check_figures(creek)


def test_arriving_sells_nothing_again(creek: Hotel) -> None:
    """Tonight's rooms were sold before the guest came; checking in changes who is in house, not what is sold."""
    before = tonight(creek)
    house = creek.get(f"{RESERVATIONS}/in-house/summary")["totalRooms"]
    for arrival in creek.get(f"{RESERVATIONS}/arrivals?status=due&limit=100")["items"]:
        done = creek.call("POST", f"{RESERVATIONS}/{arrival['id']}/check-in", key=ulid_key(), body={})
        if done.status == 200:
            break
    assert done.status == 200
    assert tonight(creek) == before
    assert creek.get(f"{RESERVATIONS}/in-house/summary")["totalRooms"] == house + 1


def test_who_leaves_early_gives_the_night_back(creek: Hotel) -> None:
    """A guest who was to stay over and checks out today no longer takes a room tonight."""
    sold, blocked, free = tonight(creek)
    today = creek.get("/inventory-service/api/v1/inventory/occupancy")["stayDate"]
    staying = next(
        stay
        for stay in creek.get(f"{RESERVATIONS}/in-house?limit=500")["items"]
        if stay["departureDate"] > today and stay["arrivalDate"] < today
    )
    assert creek.call("POST", f"{RESERVATIONS}/{staying['id']}/check-out", key=ulid_key(), body={}).status == 200
    assert tonight(creek) == (sold - 1, blocked, free + 1)
    check_figures(creek)


def test_a_new_reservation_takes_a_room_on_its_nights_only(creek: Hotel) -> None:
    """Two nights from tomorrow are one room more each, and tonight and the night after stay as they are."""
    rates = creek.get(f"/pricing-service/v1/pricing/rates/snapshot?propertyId={creek.as_property('pty')}")
    today = date.fromisoformat(rates["date"])
    kind = rates["items"][0]["roomTypeId"]
    path = f"/inventory-service/api/v1/inventory/calendar?from={today}&days=4"
    before = [row["committed"] for row in creek.get(path)["items"] if row["roomTypeId"][4:] == kind[4:]]
    body = {
        "roomTypeId": kind,
        "arrivalDate": (today + timedelta(days=1)).isoformat(),
        "departureDate": (today + timedelta(days=3)).isoformat(),
        "guest": {"name": "Zarghuna Wardak", "phone": "+93 79 012 34 56"},
    }
    made = creek.call("POST", RESERVATIONS, key=ulid_key(), body=body)
    assert made.status == 201, made
    after = [row["committed"] for row in creek.get(path)["items"] if row["roomTypeId"][4:] == kind[4:]]
    assert [new - old for old, new in zip(before, after, strict=True)] == [0, 1, 1, 0]


def test_a_critical_repair_raises_an_alert(creek: Hotel) -> None:
    """A critical work order on a room with guests alerts the staff to the repair and to the guests who must move."""
    unread = f"/notification-service/api/v1/alerts?propertyId={creek.property_id}&status=unread&sort=-raisedAt"
    before = creek.get(unread)["unread"]
    room = next(stay["roomId"] for stay in creek.get(f"{RESERVATIONS}/in-house?limit=500")["items"] if stay["roomId"])
    done = creek.call(
        "POST",
        "/maintenance-service/api/v1/maintenance/work-orders",
        headers={"X-Property-Id": creek.as_property("prop"), "X-Idempotency-Key": ulid_key()},
        body={"title": "Burst pipe", "severity": "critical", "roomId": room, "blocksRoom": True},
    )
    assert done.status == 201, done
    alerts = creek.get(unread)
    assert alerts["unread"] == before + 2
    newest = [alert["title"]["default"] for alert in alerts["items"][:2]]
    assert sorted(title.split(" room ")[0] for title in newest) == ["Critical repair,", "Guests have to be moved from"]
    assert [alert["body"]["default"] for alert in alerts["items"][:2]] == ["Burst pipe"] * 2
    assert len(creek.platform.events("melmastoon.notification.alert.raised.v1")) == 2


def test_a_closed_room_is_no_longer_sold(creek: Hotel) -> None:
    """A vacant room that housekeeping takes out of order is one room less to sell, and a block at inventory."""
    sold, blocked, free = tonight(creek)
    taken = {
        room["roomId"]
        for room in creek.get("/inventory-service/api/v1/inventory/grid?days=1")["items"]
        if room["allocations"] or not room["sellable"]
    }
    ready = next(
        room
        for room in creek.platform.world()["rooms"]
        if room["propertyId"] == creek.property_id and room["id"] not in taken
    )
    where = creek.as_property("prp")
    path = f"/housekeeping-service/api/v1/housekeeping/rooms/rom_{ready['id'][4:]}/status?propertyId={where}"
    closed = creek.call("POST", path, key=uuid_key(), body={"status": "out_of_order", "notes": "Smell of gas"})
    assert closed.status == 200, closed
    assert tonight(creek) == (sold, blocked + 1, free - 1)
    assert ready["id"] in [
        block["roomId"] for block in creek.get("/inventory-service/api/v1/inventory/blocks")["items"]
    ]
    check_figures(creek)
