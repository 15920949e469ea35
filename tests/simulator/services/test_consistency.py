"""Whatever a desk does, the services tell one story: nobody sleeps twice, nothing is counted twice."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.simulator.services.hotels import Hotel, Platform, ulid_key, uuid_key

STAYS = "/reservation-service/api/v1/reservations"
CLEANING = "/housekeeping-service/api/v1/housekeeping"
REPAIRS = "/maintenance-service/api/v1/maintenance/work-orders"


def rooms(hotel: Hotel) -> list[dict[str, Any]]:
    """Every room of the property, as housekeeping sees it."""
    return list(hotel.get(f"{CLEANING}/rooms?propertyId={hotel.as_property('prp')}&limit=500")["items"])


def act_at_random(hotel: Hotel, rng: random.Random) -> int:
    """One thing that somebody at the hotel might do, sensible or not; the status of the answer."""
    stays = hotel.get(f"{STAYS}?limit=500")["items"]
    stay, room = rng.choice([s for s in stays if s["status"] != "cancelled"][:30]), rng.choice(rooms(hotel))
    where = f"propertyId={hotel.as_property('prp')}"
    tasks = hotel.get(f"{CLEANING}/tasks?{where}&status=open,completed&limit=500")["items"]
    maintenance = {"X-Property-Id": hotel.as_property("prop"), "X-Idempotency-Key": uuid_key()}
    orders = hotel.call("GET", f"{REPAIRS}?status=active", headers=maintenance).body["items"]
    rmu = f"rmu_{room['roomId'][4:]}"
    step = rng.choice(("start", "complete", "complete", "inspect", "pause"))
    fixing = rng.choice(("start", "resolve", "resolve", "cancel"))
    choices: list[tuple[str, str, object, dict[str, str] | None]] = [
        (f"{STAYS}/{stay['id']}/check-in", ulid_key(), rng.choice(({}, {"roomId": rmu})), None),
        (f"{STAYS}/{stay['id']}/check-out", ulid_key(), {}, None),
        (f"{STAYS}/{stay['id']}/assign-room", ulid_key(), {"roomId": rmu}, None),
        (f"{STAYS}/{stay['id']}/{rng.choice(('cancel', 'no-show'))}", ulid_key(), {}, None),
        (f"{CLEANING}/tasks/{rng.choice(tasks)['id']}/{step}", uuid_key(), {}, None),
        (
            f"{CLEANING}/rooms/{room['roomId']}/status",
            uuid_key(),
            {"status": rng.choice(("clean", "ready", "dirty"))},
            None,
        ),
        (REPAIRS, ulid_key(), {"title": f"Fault {rng.random()}", "roomId": rmu, "blocksRoom": True}, maintenance),
        (f"{REPAIRS}/{rng.choice(orders)['id']}/{fixing}", ulid_key(), {}, maintenance),
    ]
    path, key, body, headers = rng.choice(choices)
    return hotel.call("POST", path, key=key, body=body, headers=headers).status


def check(hotel: Hotel) -> None:
    """The services agree with one another and with themselves."""
    house = hotel.get(f"{STAYS}/in-house?limit=500")["items"]
    summary = hotel.get(f"{STAYS}/in-house/summary")
    arrivals = hotel.get(f"{STAYS}/arrivals/summary")
    departures = hotel.get(f"{STAYS}/departures/summary")
    listed = rooms(hotel)
    counts = hotel.get(f"{CLEANING}/rooms/summary?propertyId={hotel.as_property('prp')}")
    tonight = hotel.get("/inventory-service/api/v1/inventory/occupancy")

    occupied = [stay["roomId"][4:] for stay in house]
    assert len(occupied) == len(set(occupied)) == summary["totalRooms"], "two guests in one room"
    assert {room["roomId"][4:] for room in listed if room["occupancy"] != "vacant"} == set(occupied)
    assert sum(counts["counts"].values()) == counts["total"] == len(listed) == tonight["total"]
    closed = counts["counts"]["out_of_order"] + counts["counts"]["out_of_service"]
    assert tonight["oosBlocked"] == closed
    blocked = hotel.call(
        "GET", f"{REPAIRS}?status=active&limit=500", headers={"X-Property-Id": hotel.as_property("prop")}
    )
    repaired = {order["roomId"][4:] for order in blocked.body["items"] if order["blocksRoom"]}
    vacant = {room["roomId"][4:]: room["status"] for room in listed if room["occupancy"] == "vacant"}
    assert all(status.startswith("out_of_") for room, status in vacant.items() if room in repaired)
    arrived = arrivals["totalRooms"] - arrivals["remainingRooms"]
    assert arrived >= 0
    assert summary["totalRooms"] == summary["remainingRooms"] + departures["remainingRooms"]
    assert tonight["committed"] == summary["remainingRooms"] + arrivals["remainingRooms"]
    accounts = hotel.get(f"/billing-service/api/v1/folios?propertyId={hotel.as_property('prop')}&limit=500")["items"]
    by_stay = {account["reservationId"]: account for account in accounts}
    assert all(by_stay[stay["id"]]["status"] in {"open", "balance_due", "re_opened"} for stay in house)
    keys = hotel.get(f"/lock-integration-service/api/v1/key-credentials?propertyId={hotel.property_id}&limit=500")
    live = {key["reservationId"] for key in keys["items"] if key["state"] in {"active", "pending"}}
    assert live <= {stay["id"] for stay in house}, "a key of somebody who has left"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_services_agree_after_every_act(platform: Platform, seed: int) -> None:
    """After each of sixty random acts occupancy, arrivals, rooms, accounts and keys still fit one another."""
    hotel, rng = platform.hotel("al-seef-house"), random.Random(seed)
    statuses = []
    check(hotel)
    for _ in range(60):
        statuses.append(act_at_random(hotel, rng))
        check(hotel)
    assert sum(status < 300 for status in statuses) > 8
    assert all(status < 500 for status in statuses)
