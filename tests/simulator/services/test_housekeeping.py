"""housekeeping-service: the board's rooms, and the life of a task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.services.hotels import Hotel, Platform, Reply, uuid_key

ROOT = "/housekeeping-service/api/v1/housekeeping"


def rooms(hotel: Hotel) -> list[dict[str, Any]]:
    """Every room of the property."""
    return list(hotel.get(f"{ROOT}/rooms?propertyId={hotel.as_property('prp')}&limit=500")["items"])


def act(hotel: Hotel, path: str, body: object = None) -> Reply:
    """A mutation at housekeeping."""
    return hotel.call("POST", f"{ROOT}{path}", key=uuid_key(), body=body)


def test_counts_are_those_of_the_rooms(platform: Platform) -> None:
    """At every property the counts by status add up to the rooms and are those of the list."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        summary = hotel.get(f"{ROOT}/rooms/summary?propertyId={hotel.as_property('prp')}")
        listed = rooms(hotel)
        assert summary["propertyId"] == hotel.as_property("prp")
        assert sum(summary["counts"].values()) == summary["total"] == len(listed)
        for status, number in summary["counts"].items():
            assert number == sum(room["status"] == status for room in listed)
        assert summary["total"] == hotel.get(f"/property-service/api/v1/properties/{hotel.property_id}")["rooms"]


def test_rooms_say_who_is_in_them(kabul: Hotel) -> None:
    """Rooms have housekeeping's prefix, and are occupied or due out exactly where guests are in house."""
    listed = rooms(kabul)
    assert all(room["roomId"].startswith("rom_") for room in listed)
    house = kabul.get("/reservation-service/api/v1/reservations/in-house?limit=500")["items"]
    taken = {room["roomId"][4:] for room in listed if room["occupancy"] != "vacant"}
    assert taken == {stay["roomId"][4:] for stay in house}


def test_a_task_from_creation_to_inspection(kabul: Hotel) -> None:
    """Start, pause, start again, complete and inspect move the task and the room; each is one effect and one event."""
    room = next(room for room in rooms(kabul) if room["status"] == "dirty" and room["occupancy"] == "vacant")
    made = act(kabul, "/tasks", {"roomId": room["roomId"], "kind": "turnover", "priority": "high"})
    assert (made.status, made.body["status"]) == (201, "pending")
    task = f"/tasks/{made.body['id']}"
    staff = next(
        person["id"]
        for person in kabul.platform.world()["operators"]
        if kabul.property_id in person["propertyIds"] and "housekeeper" in person["roles"]
    )
    steps = [
        ("assign", {"assigneeId": f"stf_{staff[4:]}"}, "assigned", "dirty"),
        ("start", None, "in_progress", "cleaning"),
        ("pause", {"reason": "linen"}, "paused", "cleaning"),
        ("start", None, "in_progress", "cleaning"),
        ("complete", None, "completed", "clean"),
        ("inspect", {"result": "passed"}, "completed", "inspected"),
    ]
    for action, body, status, room_status in steps:
        reply = act(kabul, f"{task}/{action}", body)
        assert (reply.status, reply.body["status"], reply.body["roomStatus"]) == (200, status, room_status), action
    assert reply.body["assigneeId"] == f"stf_{staff[4:]}"
    kinds = [row["kind"] for row in kabul.platform.effects("housekeeping-service")]
    assert kinds == ["task.created"] + [
        f"task.{name}" for name in ("assigned", "started", "paused", "started", "completed", "inspected")
    ]
    for name in ("created", "assigned", "started", "completed", "inspected"):
        assert kabul.platform.events(f"melmastoon.housekeeping.task.{name}.v1"), name
    assert kabul.platform.events("melmastoon.housekeeping.room.status_changed.v1")


def test_a_failed_inspection_makes_the_room_dirty_again(kabul: Hotel) -> None:
    """The task has failed, the room is dirty, and a new task waits."""
    room = next(room for room in rooms(kabul) if room["status"] == "dirty" and room["occupancy"] == "vacant")
    task = act(kabul, "/tasks", {"roomId": room["roomId"]}).body["id"]
    for action in ("start", "complete"):
        act(kabul, f"/tasks/{task}/{action}")
    failed = act(kabul, f"/tasks/{task}/inspect", {"result": "failed", "notes": "dust"})
    assert (failed.body["status"], failed.body["roomStatus"]) == ("failed", "dirty")
    where = f"propertyId={kabul.as_property('prp')}"
    again = kabul.get(f"{ROOT}/tasks?{where}&status=open&roomId={room['roomId']}")["items"]
    assert any(task["priority"] == "high" and task["status"] == "pending" for task in again)


def test_wrong_transitions_are_refused(kabul: Hotel) -> None:
    """A task that was not started is neither paused nor completed, and one that is done is not started again."""
    room = next(room for room in rooms(kabul) if room["status"] == "dirty")
    task = act(kabul, "/tasks", {"roomId": room["roomId"]}).body["id"]
    for action in ("pause", "complete", "inspect"):
        reply = act(kabul, f"/tasks/{task}/{action}")
        assert (reply.status, reply.code) == (409, "MELMASTOON.HOUSEKEEPING.INVALID_TASK_TRANSITION"), action
        assert reply.body["context"]["status"] == "pending"
        assert reply.body["i18nKey"]
    assert act(kabul, "/tasks/hkt_01JGFJJZ00000000000000000X/start").status == 404
    assert act(kabul, f"/tasks/{task}/assign", {"assigneeId": "stf_01JGFJJZ00000000000000000X"}).status == 404


@pytest.mark.parametrize(
    ("start", "wanted", "status"),
    [("dirty", "clean", 200), ("clean", "inspected", 200), ("dirty", "ready", 422), ("out_of_order", "clean", 422)],
)
def test_a_rooms_status_by_hand(kabul: Hotel, start: str, wanted: str, status: int) -> None:
    """What was seen in a room is written down; no dirty room becomes ready, and no blocked one clean."""
    room = next(room for room in rooms(kabul) if room["status"] == start)
    reply = act(kabul, f"/rooms/{room['roomId']}/status", {"status": wanted})
    assert reply.status == status
    now = kabul.get(f"{ROOT}/rooms/{room['roomId']}")
    if status == 200:
        assert (reply.body["status"], now["status"]) == (wanted, wanted)
        assert [row["kind"] for row in kabul.platform.effects("housekeeping-service")] == ["room.status_changed"]
    else:
        assert reply.code == "MELMASTOON.HOUSEKEEPING.ROOM_STATE_CONFLICT"
        assert now["status"] == start


def test_an_occupied_room_is_not_taken_out_of_order(kabul: Hotel) -> None:
    """A room with a guest in it stays open."""
    room = next(room for room in rooms(kabul) if room["occupancy"] == "occupied")
    reply = act(kabul, f"/rooms/{room['roomId']}/status", {"status": "out_of_order"})
    assert (reply.status, reply.code) == (422, "MELMASTOON.HOUSEKEEPING.ROOM_STATE_CONFLICT")


def test_tasks_are_listed_by_urgency_and_filtered(creek: Hotel) -> None:
    """Open tasks come by priority; the filters keep what they name."""
    where = f"propertyId={creek.as_property('prp')}"
    found = creek.get(f"{ROOT}/tasks?{where}&status=open&limit=500")["items"]
    order = ["urgent", "high", "normal", "low"]
    ranks = [order.index(task["priority"]) for task in found]
    assert ranks == sorted(ranks)
    assert {task["status"] for task in found} <= {"pending", "assigned", "in_progress", "paused"}
    inspections = creek.get(f"{ROOT}/tasks?{where}&kind=inspection&limit=500")["items"]
    assert {task["kind"] for task in inspections} == {"inspection"}


def test_a_key_that_is_no_uuid_is_refused(kabul: Hotel) -> None:
    """Housekeeping wants a UUID as its idempotency key, and wants one."""
    room = rooms(kabul)[0]["roomId"]
    for key in (None, "not-a-uuid"):
        reply = kabul.call("POST", f"{ROOT}/tasks", key=key, body={"roomId": room})
        assert (reply.status, reply.code) == (400, "MELMASTOON.GENERAL.VALIDATION_FAILED")
