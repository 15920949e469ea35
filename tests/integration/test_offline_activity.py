"""What sync-service announces: what desktops did offline, and cursors that they moved there (contract, section 8)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ulid import ULID

from tests.desktop import Desktop
from tests.processes import stopped
from tests.stored import stored
from tests.waiting import until
from tests.worlds import World

REPLAYED, ADVANCED = "melmastoon.sync.operator_activity.replayed.v1", "melmastoon.sync.cursor.advanced.v1"
SYNC = "sync-service"
THEN = "2026-11-20T07:15:00+04:30"
LINES = "select * from operator_activity where source_event_id = any($1::text[]) order by source_event_id"


def done(**more: Any) -> dict[str, Any]:
    """One thing that somebody did offline."""
    return {"eventId": f"oev_{ULID()}", "kind": "task.completed", "occurredAt": THEN, **more}


def push(world: World, device: str, *activity: dict[str, Any], tenant: int = 0) -> None:
    """What a desktop does when it has a network again; under a key of its own each time."""
    answer = world.http.post(
        f"{world.sim}/{SYNC}/sync/v1/push",
        json={"activity": list(activity)},
        headers={
            "X-Tenant-Id": world.tenants[tenant], "X-Operator-Id": world.operator("front_desk", tenant)["id"],
            "X-Device-Id": device, "Authorization": "Bearer the-desktop", "Idempotency-Key": str(ULID()),
        },
    )  # fmt: skip
    assert answer.status_code == 202, answer.text


def lines(world: World, *activity: dict[str, Any], tenant: int = 0) -> list[dict[str, Any]]:
    """The lines of the ledger about these, as the tenant sees them."""
    return stored(world, LINES, [each["eventId"] for each in activity], tenant=tenant)


def landed(world: World, *activity: dict[str, Any], tenant: int = 0) -> list[dict[str, Any]]:
    """The same, once all of them are there."""
    found: list[dict[str, Any]] = until(
        lambda: len(rows := lines(world, *activity, tenant=tenant)) >= len(activity) and rows
    )
    return found


def test_what_was_done_offline_lands_in_the_ledger_with_its_original_time(world: World) -> None:
    """Who, on which device, where, what, and when it really was; a line beside those of desktops that are online."""
    device, here = world.device(), world.properties()[0]
    target, detail = {"type": "task", "id": "hkt_1"}, {"note": "اتاق آماده است", "n": 1.5}
    one, other = done(propertyId=here, target=target, detail=detail), done(kind="board.opened")

    push(world, device, one, other)

    rows = {row["source_event_id"]: row for row in landed(world, one, other)}
    line = rows[one["eventId"]]
    assert line["id"].startswith("act_")
    assert (line["origin"], line["kind"], line["occurred_at"]) == (
        "offline", "task.completed", datetime.fromisoformat(THEN),
    )  # fmt: skip
    assert (line["operator_id"], line["device_id"]) == (world.operator("front_desk")["id"], device)
    assert (line["property_id"], line["target_type"], line["target_id"]) == (here, "task", "hkt_1")
    assert json.loads(line["detail"]) == detail
    assert line["recorded_at"] > line["occurred_at"]
    assert (line["session_id"], line["request_id"]) == (None, None)
    assert (rows[other["eventId"]]["property_id"], rows[other["eventId"]]["target_type"]) == (None, None)


def test_the_same_event_lands_once_however_often_it_comes(world: World) -> None:
    """Pushed again under another key, or repeated by the bus: one line, and what follows lands too."""
    device, one, last = world.device(), done(), done()
    payload = {**one, "userId": world.operator("front_desk")["id"], "deviceId": device}
    for _ in range(3):
        push(world, device, one)
        world.publish(REPLAYED, world.tenants[0], payload)
    push(world, device, last)

    landed(world, last)

    assert len(lines(world, one)) == 1


def test_two_devices_may_give_one_name(world: World) -> None:
    """An identifier is its device's."""
    one, first, second = done(), world.device(), world.device()
    push(world, first, one)
    push(world, second, one)

    found = until(lambda: len(rows := lines(world, one)) == 2 and rows)

    assert {row["device_id"] for row in found} == {first, second}


def test_what_was_done_offline_is_its_tenants(world: World) -> None:
    """The other tenant's ledger has nothing of it."""
    one = done()
    push(world, world.device(1), one, tenant=1)

    landed(world, one, tenant=1)

    assert lines(world, one) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": None}, {"kind": "a b"}, {"userId": None}, {"userId": "usr_1"}, {"deviceId": None}, {"deviceId": 7},
        {"occurredAt": "yesterday"}, {"eventId": "a\x00b"}, {"detail": []}, {"propertyId": "hotel"},
        {"target": {"type": "task", "id": "a\x00b"}},
    ],
    ids=str,
)  # fmt: skip
def test_an_event_that_can_not_be_understood_stops_nobody(world: World, change: dict[str, Any]) -> None:
    """It is set aside, and what comes behind it lands."""
    device = world.device()
    poison = {**done(), "userId": world.operator("front_desk")["id"], "deviceId": device, **change}
    world.publish(REPLAYED, world.tenants[0], {name: value for name, value in poison.items() if value is not None})
    last = done()
    push(world, device, last)

    landed(world, last)

    if "\x00" not in str(poison["eventId"]):
        assert lines(world, poison) == []


def test_members_that_are_missing_are_done_without(world: World) -> None:
    """Neither place nor target nor detail; the envelope's own time where the desktop told none."""
    device, one = world.device(), done()
    payload = {"eventId": one["eventId"], "kind": "x", "userId": world.operator()["id"], "deviceId": device}

    world.publish(REPLAYED, world.tenants[0], payload)

    (line,) = landed(world, one)
    assert abs((line["occurred_at"] - datetime.now(UTC)).total_seconds()) < 60


def test_without_postgres_what_was_done_offline_waits(world: World) -> None:
    """The bus gives it again until it is written down."""
    device, one = world.device(), done()
    with stopped(world, "postgres"):
        push(world, device, one)

    landed(world, one)

    assert len(lines(world, one)) == 1


def moved(world: World, desk: Desktop, value: str) -> None:
    """The desktop moves its cursor at sync-service itself."""
    answer = world.http.put(
        f"{world.sim}/{SYNC}/sync/v1/cursors/reservation",
        json={"value": value},
        headers={
            "X-Tenant-Id": world.tenants[0], "X-Operator-Id": world.operator()["id"], "X-Device-Id": desk.device_id,
            "Authorization": "Bearer the-desktop", "Idempotency-Key": str(ULID()),
        },
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


def copy(world: World, desk: Desktop) -> str | None:
    """The copy that is kept of the cursor. Others may have sat at the device before, with cursors of their own."""
    kept = "select value from sync_cursors where device_id = $1 and operator_id = $2 and scope = 'reservation'"
    rows = stored(world, kept, desk.device_id, world.operator()["id"])
    return str(rows[0]["value"]) if rows else None


def test_a_cursor_that_was_moved_at_sync_service_is_known_here_at_once(world: World) -> None:
    """Its event renews the copy, so that a desktop which comes back is told without anybody being asked."""
    desk = world.sign_in()
    moved(world, desk, "lsn-4")
    until(lambda: copy(world, desk) == "lsn-4")
    moved(world, desk, "lsn-5")
    until(lambda: copy(world, desk) == "lsn-5")
    before = len(world.control("GET", f"requests?service={SYNC}").json())

    answer = desk.get("/sync/cursor?scope=reservation").json()

    assert (answer["value"], answer["source"]) == ("lsn-5", "cache")
    assert len(world.control("GET", f"requests?service={SYNC}").json()) == before


@pytest.mark.parametrize("change", [{"scope": "a b"}, {"value": ""}, {"value": "a\x00"}, {"userId": None}], ids=str)
def test_a_cursor_event_that_can_not_be_understood_stops_nobody(world: World, change: dict[str, Any]) -> None:
    """It is set aside, and the next one counts."""
    desk = world.sign_in()
    payload = {"userId": world.operator()["id"], "deviceId": desk.device_id, "scope": "guest", "value": "v1", **change}
    world.publish(ADVANCED, world.tenants[0], {name: value for name, value in payload.items() if value is not None})
    moved(world, desk, "lsn-1")

    until(lambda: copy(world, desk) == "lsn-1")
