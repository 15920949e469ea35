"""maintenance-service: the life of a work order, and the rooms that it closes."""

from __future__ import annotations

from typing import Any

from tests.simulator.services.hotels import Hotel, Platform, Reply, uuid_key

ROOT = "/maintenance-service/api/v1/maintenance/work-orders"


def get(hotel: Hotel, path: str = "") -> Any:
    """A read with maintenance's own property header."""
    reply = hotel.call("GET", f"{ROOT}{path}", headers={"X-Property-Id": hotel.as_property("prop")})
    assert reply.status == 200, reply
    return reply.body


def act(hotel: Hotel, path: str = "", body: object = None, *, key: str | None = None) -> Reply:
    """A mutation with maintenance's own headers."""
    headers = {"X-Property-Id": hotel.as_property("prop"), "X-Idempotency-Key": key or uuid_key()}
    return hotel.call("POST", f"{ROOT}{path}", headers=headers, body=body)


def vacant_room(hotel: Hotel) -> str:
    """A room that nobody is in and nothing blocks."""
    where = f"propertyId={hotel.as_property('prp')}"
    found = hotel.get(f"/housekeeping-service/api/v1/housekeeping/rooms?{where}&status=ready,inspected&limit=500")
    return "rmu_" + next(room["roomId"][4:] for room in found["items"] if room["occupancy"] == "vacant")


def status_of(hotel: Hotel, room_id: str) -> str:
    """Housekeeping's status of a room."""
    return str(hotel.get(f"/housekeeping-service/api/v1/housekeeping/rooms/rom_{room_id[4:]}")["status"])


def technician(hotel: Hotel) -> str:
    """Somebody who mends things at the property."""
    return str(
        next(
            person["id"]
            for person in hotel.platform.world()["operators"]
            if hotel.property_id in person["propertyIds"] and "maintenance" in person["roles"]
        )
    )


def test_the_summary_counts_the_open_orders(platform: Platform) -> None:
    """At every property open, severities, overdue and blocked rooms are those of the list; the worst stand first."""
    for prop in platform.world()["properties"]:
        hotel = platform.hotel(prop["slug"])
        summary, listed = get(hotel, "/summary"), get(hotel, "?status=active&limit=500")["items"]
        assert summary["open"] == len(listed) == sum(summary["bySeverity"].values())
        assert summary["overdue"] == sum(order["overdue"] for order in listed)
        assert summary["roomsBlocked"] == len({order["roomId"] for order in listed if order["blocksRoom"]})
        assert [order["id"] for order in summary["top"]] == [order["id"] for order in listed[:5]]
        assert {order["propertyId"] for order in listed} == {hotel.as_property("prop")}


def test_a_work_order_from_report_to_verification(kabul: Hotel) -> None:
    """Each step is allowed once in its turn, and is one effect and one event."""
    made = act(kabul, "", {"title": "Tap drips", "category": "plumbing", "roomId": vacant_room(kabul)})
    assert (made.status, made.body["status"], made.body["severity"]) == (201, "open", "normal")
    order = f"/{made.body['id']}"
    steps = (
        ("assign", {"assigneeId": technician(kabul)}, "assigned", "assigned"),
        ("start", None, "in_progress", "started"),
        ("block", {"reason": "washer missing"}, "blocked", "blocked"),
        ("resume", None, "in_progress", "resumed"),
        ("resolve", {"resolution": "New washer"}, "resolved", "resolved"),
        ("verify", None, "verified", "verified"),
    )
    for action, body, status, _ in steps:
        reply = act(kabul, f"{order}/{action}", body)
        assert (reply.status, reply.body["status"]) == (200, status), action
    assert reply.body["resolution"] == "New washer"
    kinds = [row["kind"] for row in kabul.platform.effects("maintenance-service")]
    assert kinds == ["work_order.created", *(f"work_order.{name}" for *_, name in steps)]
    for name in ("created", "assigned", "resolved", "verified"):
        assert kabul.platform.events(f"melmastoon.maintenance.work_order.{name}.v1"), name
    late = act(kabul, f"{order}/cancel")
    assert (late.status, late.code) == (409, "MELMASTOON.MAINTENANCE.WORK_ORDER_TERMINAL")


def test_wrong_transitions_are_refused(kabul: Hotel) -> None:
    """An open order is neither resumed, resolved nor verified; the refusal names its state."""
    order = act(kabul, "", {"title": "Squeaking door"}).body["id"]
    for action in ("resume", "resolve", "verify", "block"):
        reply = act(kabul, f"/{order}/{action}")
        assert (reply.status, reply.code) == (409, "MELMASTOON.MAINTENANCE.INVALID_STATUS_TRANSITION"), action
        assert reply.body["context"]["status"] == "open"
    missing = act(kabul, "/mnt_01JGFJJZ00000000000000000X/start")
    assert (missing.status, missing.code) == (404, "MELMASTOON.MAINTENANCE.WORK_ORDER_NOT_FOUND")
    stranger = act(kabul, f"/{order}/assign", {"assigneeId": "usr_01JGFJJZ00000000000000000X"})
    assert stranger.status == 404


def test_a_blocking_order_closes_the_room_until_it_is_resolved(kabul: Hotel) -> None:
    """The room is out of order and can't be sold; once mended it is dirty and has a task."""
    room = vacant_room(kabul)
    blocked = get(kabul, "/summary")["roomsBlocked"]
    closed = kabul.get("/inventory-service/api/v1/inventory/occupancy")["oosBlocked"]
    order = act(kabul, "", {"title": "No water", "severity": "critical", "roomId": room, "blocksRoom": True}).body["id"]
    assert status_of(kabul, room) == "out_of_order"
    assert get(kabul, "/summary")["roomsBlocked"] == blocked + 1
    assert kabul.get("/inventory-service/api/v1/inventory/occupancy")["oosBlocked"] == closed + 1
    assert kabul.platform.events("melmastoon.maintenance.work_order.room_blocked.v1")
    act(kabul, f"/{order}/start")
    assert act(kabul, f"/{order}/resolve").status == 200
    assert status_of(kabul, room) == "dirty"
    assert get(kabul, "/summary")["roomsBlocked"] == blocked
    task = kabul.get(f"/housekeeping-service/api/v1/housekeeping/rooms/rom_{room[4:]}")["task"]
    assert task["kind"] == "post_maintenance"


def test_a_blocking_order_in_an_occupied_room_asks_for_a_relocation(kabul: Hotel) -> None:
    """Guests are not locked out: the order says that they have to be moved."""
    stay = kabul.get("/reservation-service/api/v1/reservations/in-house")["items"][0]
    before = status_of(kabul, stay["roomId"])
    made = act(kabul, "", {"title": "Smoke smell", "severity": "high", "roomId": stay["roomId"], "blocksRoom": True})
    assert made.status == 201
    assert status_of(kabul, stay["roomId"]) == before
    assert kabul.platform.events("melmastoon.maintenance.work_order.relocation_required.v1")


def test_reports_that_make_no_sense_are_refused(kabul: Hotel) -> None:
    """A critical order names its room, the same fault is reported once, and words outside the lists are malformed."""
    room = vacant_room(kabul)
    report = {"title": "Lamp broken", "category": "electrical", "roomId": room}
    assert act(kabul, "", report).status == 201
    again = act(kabul, "", report)
    assert (again.status, again.code) == (409, "MELMASTOON.MAINTENANCE.DUPLICATE_OPEN_WORK_ORDER")
    aimless = act(kabul, "", {"title": "Flood", "severity": "critical"})
    assert (aimless.status, aimless.code) == (422, "MELMASTOON.MAINTENANCE.SEVERITY_REQUIRES_TARGET")
    for wrong in ({}, {"title": "x" * 141}, {"title": "x", "severity": "awful"}, {"title": "x", "blocksRoom": "yes"}):
        assert act(kabul, "", wrong).status == 400
    assert len(kabul.platform.effects("maintenance-service")) == 1


def test_the_same_key_reports_once(kabul: Hotel) -> None:
    """Maintenance remembers `X-Idempotency-Key`."""
    key = uuid_key()
    first, again = (act(kabul, "", {"title": "Gate stuck"}, key=key) for _ in range(2))
    assert first.body == again.body
    assert [row["idempotencyKey"] for row in kabul.platform.effects("maintenance-service")] == [key]


def test_the_property_header_has_maintenances_prefix(kabul: Hotel) -> None:
    """`ppt_…` is not what this service calls a property."""
    assert kabul.call("GET", f"{ROOT}/summary").status == 400
