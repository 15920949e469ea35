"""Heartbeats and hints over real sockets: contract sections 2.1 and 10, specification sections 4, 5 and 10."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import redis

from bff_backoffice.domain.operator import OperatorRole
from tests.desktop import Desktop
from tests.processes import stopped
from tests.stored import stored
from tests.waiting import until
from tests.worlds import World

OURS, GENERAL = "MELMASTOON.BFF.BACKOFFICE.", "MELMASTOON.GENERAL."
KINDS = {"reservation.check_in": 2, "folio.charge": 1}
EVERY_ROLE = pytest.mark.parametrize("role", [role.value for role in OperatorRole])


def beat(desk: Desktop, device: str | None = None, **more: Any) -> httpx2.Response:
    """A heartbeat of a desktop that is well, but for what is given. A None leaves a member out."""
    now = datetime.now(UTC)
    body = {
        "sentAt": now.isoformat(), "queueDepth": 0, "networkProfile": "good", "appVersion": "9.9.9",
        "lastSyncAt": now.isoformat(), "batteryPercent": 80, **more,
    }  # fmt: skip
    body = {name: value for name, value in body.items() if value is not None}
    return desk.request("POST", f"/devices/{device or desk.device_id}/heartbeat", json_body=body)


def hint(desk: Desktop, device: str | None = None, **body: Any) -> httpx2.Response:
    """A hint of what is queued."""
    return desk.request("PUT", f"/devices/{device or desk.device_id}/offline-queue-hint", json_body=body)


def hints(desk: Desktop) -> list[dict[str, Any]]:
    """What other devices have queued, as this one is told."""
    answer = desk.get("/offline-queue-hints")
    assert answer.status_code == 200, answer.text
    assert answer.json()["nextCursor"] is None
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def widget(desk: Desktop) -> dict[str, dict[str, Any]]:
    """The devices of the operator as the board shows them, by the device."""
    answer = desk.get("/dashboard/widgets/devices")
    assert answer.status_code == 200, answer.text
    return {item["deviceId"]: item for item in answer.json()["data"]["items"]}


def waiting_elsewhere(desk: Desktop) -> int:
    """How many actions wait on the operator's other devices, as a heartbeat is told; other tests' devices too."""
    return int(beat(desk).json()["pending"]["otherDevices"])


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this refusal, and give its document."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    body: dict[str, Any] = answer.json()
    return body


def row(world: World, desk: Desktop) -> dict[str, Any]:
    """What Postgres knows of the device in the end."""
    statement = "select * from device_sync_status where device_id = $1"
    found: list[dict[str, Any]] = until(lambda: stored(world, statement, desk.device_id))
    return found[0]


def aged(world: World, desk: Desktop, seconds: int) -> None:
    """Make the device's last heartbeat older, everywhere."""
    row(world, desk)
    client = redis.Redis.from_url(world.redis)
    client.delete(f"{world.tenants[0]}:heartbeat:{desk.device_id}")
    client.close()
    age = "update device_sync_status set last_heartbeat_at = last_heartbeat_at - $2::interval where device_id = $1"
    stored(world, age, desk.device_id, timedelta(seconds=seconds))


# Heartbeats -----------------------------------------------------------------------------------------------------------


def test_a_heartbeat_is_told_what_to_do_next(world: World) -> None:
    """The contract's members, what waits, and no directive for a desktop with which all is well."""
    answer = beat(world.sign_in())

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert abs(datetime.fromisoformat(body["serverTime"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert (body["nextHeartbeatSeconds"], body["pollSeconds"]) == (60, 15)
    assert body["appVersionFloor"]
    assert body["directives"] == []
    assert body["pending"]["thisDevice"] == 0


@EVERY_ROLE
def test_every_role_sends_heartbeats_and_hints(world: World, role: str) -> None:
    """Whoever works at a device speaks for it."""
    desk = world.sign_in(role)

    assert beat(desk).status_code == 200
    assert hint(desk, pending=1).status_code == 204
    assert isinstance(hints(desk), list)


@pytest.mark.parametrize(
    ("said", "directive"),
    [
        ({"queueDepth": 3}, "send_queue"),
        ({"appVersion": "1.3.9"}, "update_app"),
        ({"networkProfile": "offline-recently"}, "start_sync"),
        ({"lastSyncAt": None}, "start_sync"),
        ({"lastSyncAt": (datetime.now(UTC) - timedelta(hours=2)).isoformat()}, "start_sync"),
        ({"sentAt": (datetime.now(UTC) - timedelta(hours=2)).isoformat()}, "set_clock"),
    ],
)
def test_a_heartbeat_is_answered_with_what_it_calls_for(world: World, said: dict[str, Any], directive: str) -> None:
    """One reason, one directive."""
    answer = beat(world.sign_in(), **said)

    assert answer.status_code == 200, answer.text
    assert answer.json()["directives"] == [directive]


def test_a_token_that_ends_soon_is_to_be_refreshed(world: World) -> None:
    """Before the next heartbeat would come too late."""
    assert beat(world.sign_in(ttl=60)).json()["directives"] == ["refresh_session"]


def test_a_heartbeat_is_on_every_board_of_the_operator_at_once(world: World) -> None:
    """Also where the widget was looked at just before, and while Postgres has not heard of it."""
    desk, other = world.sign_in("night_auditor"), world.sign_in("night_auditor")
    assert beat(desk).status_code == 200
    before = waiting_elsewhere(other)
    assert widget(desk)[desk.device_id]["queuedActions"] == 0

    assert beat(desk, queueDepth=3).status_code == 200

    mine = widget(desk)[desk.device_id]
    assert (mine["queuedActions"], mine["status"], mine["thisDevice"]) == (3, "online", True)
    assert widget(other)[desk.device_id]["queuedActions"] == 3
    assert waiting_elsewhere(other) == before + 3


@pytest.mark.parametrize(("seconds", "status"), [(80, "online"), (100, "late"), (400, "offline")])
def test_a_device_is_online_late_or_offline(world: World, seconds: int, status: str) -> None:
    """By the age of its last heartbeat, as Postgres kept it."""
    desk, now = world.sign_in(), datetime.now(UTC)
    assert beat(desk).status_code == 200
    # Whoever sat at the device before has left a row there already.
    until(lambda: row(world, desk)["last_heartbeat_at"] >= now)
    aged(world, desk, seconds)
    world.forget_cache()

    assert widget(desk)[desk.device_id]["status"] == status


def test_a_heartbeat_is_written_down_a_moment_later(world: World) -> None:
    """Everything that it says, in one row a device; the newest one wins."""
    desk = world.sign_in()
    assert beat(desk, queueDepth=4).status_code == 200
    assert beat(desk, queueDepth=5, batteryPercent=41, networkProfile="flaky", appVersion="1.9.0").status_code == 200

    until(lambda: row(world, desk)["queue_depth"] == 5)
    kept = row(world, desk)
    assert (kept["battery_percent"], kept["network_profile"], kept["app_version"]) == (41, "flaky", "1.9.0")
    assert kept["id"].startswith("dsy_")
    assert kept["operator_id"] == world.operator()["id"]


def test_a_heartbeat_that_was_overtaken_changes_nothing(world: World) -> None:
    """The one that was sent later is the newest, whichever came first."""
    desk, later, now = world.sign_in(), world.sign_in(), datetime.now(UTC)
    earlier = (now - timedelta(seconds=20)).isoformat()
    assert beat(desk, queueDepth=5).status_code == 200
    assert beat(desk, queueDepth=1, sentAt=earlier).status_code == 200
    assert beat(later).status_code == 200

    assert widget(desk)[desk.device_id]["queuedActions"] == 5
    # What is written down is written in order, so the overtaken one has had its turn by then.
    until(lambda: row(world, later)["last_heartbeat_at"] >= now)
    assert row(world, desk)["queue_depth"] == 5


def test_without_postgres_heartbeats_go_on_and_are_written_when_it_is_back(world: World) -> None:
    """Nobody waits for its row."""
    desk = world.sign_in()
    assert beat(desk, queueDepth=1).status_code == 200

    with stopped(world, "postgres"):
        answer = beat(desk, queueDepth=6)
        hinted = hint(desk, pending=6)

    assert answer.status_code == 200, answer.text
    refused(hinted, 503, OURS + "STORE_UNAVAILABLE")
    until(lambda: row(world, desk)["queue_depth"] == 6)


def test_without_redis_a_heartbeat_is_refused(world: World) -> None:
    """Nothing falls open; the next one says the same."""
    desk = world.sign_in()
    assert beat(desk).status_code == 200

    with stopped(world, "redis"):
        answers = [beat(desk), hint(desk, pending=1), desk.get("/offline-queue-hints")]

    for answer in answers:
        refused(answer, 503, OURS + "STORE_UNAVAILABLE")
    until(lambda: beat(desk).status_code == 200)


def test_what_waits_is_written_before_the_process_ends(own_world: World) -> None:
    """A heartbeat just before a stop is not lost."""
    desk = own_world.sign_in()
    assert beat(desk, queueDepth=8).status_code == 200
    os.kill(own_world.pids["bff"], signal.SIGTERM)

    assert row(own_world, desk)["queue_depth"] == 8


def test_a_device_is_its_last_operators(world: World) -> None:
    """After a shift handover the board of whoever worked there before does not have it any more."""
    first = world.sign_in("front_desk")
    assert beat(first, queueDepth=2).status_code == 200
    elsewhere = world.sign_in("front_desk")
    assert first.device_id in widget(elsewhere)
    before = waiting_elsewhere(elsewhere)
    second = Desktop.sign_in(world, world.operator("owner"), first.device_id, key=first.key)
    assert second.get("/session").status_code == 200
    assert beat(second, queueDepth=1).status_code == 200

    world.forget_cache()
    assert first.device_id not in widget(elsewhere)
    assert widget(second)[first.device_id]["queuedActions"] == 1
    assert waiting_elsewhere(elsewhere) == before - 2


# Hints ----------------------------------------------------------------------------------------------------------------


def test_a_hint_is_shown_on_the_operators_other_devices_and_is_never_authoritative(world: World) -> None:
    """As it was said; the device itself is not told, and nobody else is."""
    desk, other = world.sign_in("revenue_manager"), world.sign_in("revenue_manager")
    stranger, foreigner = world.sign_in("owner"), world.sign_in("revenue_manager", tenant=1)
    oldest = "2026-11-22T10:00:00+04:30"

    answer = hint(desk, pending=3, oldestAt=oldest, byKind=KINDS)

    assert (answer.status_code, answer.content) == (204, b"")
    (item,) = [each for each in hints(other) if each["deviceId"] == desk.device_id]
    assert (item["pending"], item["byKind"]) == (3, KINDS)
    assert datetime.fromisoformat(item["oldestAt"]) == datetime.fromisoformat(oldest)
    assert abs(datetime.fromisoformat(item["reportedAt"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert item["authoritative"] is False
    for nobody in (desk, stranger, foreigner):
        assert desk.device_id not in {each["deviceId"] for each in hints(nobody)}


def test_the_newest_hint_replaces_the_one_before(world: World) -> None:
    """One row a device; nothing queued is a hint too."""
    desk, other = world.sign_in(), world.sign_in()
    assert hint(desk, pending=3, byKind=KINDS).status_code == 204
    assert hint(desk, pending=0, byKind={}).status_code == 204

    (item,) = [each for each in hints(other) if each["deviceId"] == desk.device_id]
    assert (item["pending"], item["oldestAt"], item["byKind"]) == (0, None, {})
    (kept,) = stored(world, "select id from offline_action_queue_hints where device_id = $1", desk.device_id)
    assert kept["id"].startswith("oaq_")


def test_hints_come_a_page_at_a_time_where_a_limit_asks_for_it(world: World) -> None:
    """Put together the pages are the list, the newest first; what is no limit and no cursor of it is refused."""
    desks = [world.sign_in() for _ in range(4)]
    for number, desk in enumerate(desks):
        assert hint(desk, pending=number).status_code == 204
    asking = desks[0]
    paged, path = [], "/offline-queue-hints?limit=1"
    while path:
        page = asking.get(path).json()
        assert len(page["items"]) == 1
        paged += page["items"]
        path = page["nextCursor"] and f"/offline-queue-hints?limit=1&cursor={page['nextCursor']}"
    assert paged == hints(asking)
    assert [each["deviceId"] for each in paged[:3]] == [desk.device_id for desk in reversed(desks[1:])]
    for query, place in (("limit=0", "query.limit"), ("limit=x", "query.limit"), ("cursor=x", "query.cursor")):
        problem = refused(asking.get(f"/offline-queue-hints?{query}"), 400, GENERAL + "VALIDATION_FAILED")
        assert [each["field"] for each in problem["errors"]] == [place]


def test_whichever_of_heartbeat_and_hint_came_last_is_on_the_board(world: World) -> None:
    """The devices widget counts each device once."""
    desk, other = world.sign_in("fnb_manager"), world.sign_in("fnb_manager")
    assert beat(desk, queueDepth=1).status_code == 200
    before = waiting_elsewhere(other)
    assert hint(desk, pending=7).status_code == 204

    assert widget(other)[desk.device_id]["queuedActions"] == 7
    assert waiting_elsewhere(other) == before + 6
    assert beat(desk, queueDepth=2).status_code == 200
    assert waiting_elsewhere(other) == before + 1


def test_a_hint_is_shown_for_seven_days(world: World) -> None:
    """What is older is shown to nobody, and goes when the operator's next one is written."""
    desk, other = world.sign_in("maintenance"), world.sign_in("maintenance")
    assert hint(desk, pending=3).status_code == 204
    age = "update offline_action_queue_hints set reported_at = reported_at - $2::interval where device_id = $1"
    stored(world, age, desk.device_id, timedelta(days=6, hours=23))
    assert desk.device_id in {each["deviceId"] for each in hints(other)}
    stored(world, age, desk.device_id, timedelta(hours=2))

    assert desk.device_id not in {each["deviceId"] for each in hints(other)}
    assert hint(other, pending=0).status_code == 204
    assert stored(world, "select 1 from offline_action_queue_hints where device_id = $1", desk.device_id) == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.pending"),
        ({"pending": -1}, "body.pending"),
        ({"pending": "3"}, "body.pending"),
        ({"pending": 2_000_000}, "body.pending"),
        ({"pending": 1, "byKind": {"a b": 1}}, "body.byKind"),
        ({"pending": 1, "byKind": {"folio.charge": -1}}, "body.byKind"),
        ({"pending": 1, "byKind": []}, "body.byKind"),
        ({"pending": 1, "oldestAt": "yesterday"}, "body.oldestAt"),
        ({"pending": 1, "oldestAt": "2026-11-22T10:00:00"}, "body.oldestAt"),
        ({"pending": 1, "oldestAt": "1970-01-01T00:00:00Z"}, "body.oldestAt"),
    ],
)
def test_a_hint_of_the_wrong_shape_names_the_place(world: World, body: dict[str, Any], place: str) -> None:
    """400."""
    problem = refused(hint(world.sign_in(), **body), 400, GENERAL + "VALIDATION_FAILED")

    assert all(each["field"].startswith(place) for each in problem["errors"])


def test_nobody_speaks_for_another_device(world: World) -> None:
    """One that exists and one that does not are refused with the same bytes, but for the request's own."""
    desk, other = world.sign_in(), world.sign_in()
    own = ("requestId", "traceId", "instance")
    for say in (lambda device: hint(desk, device, pending=1), lambda device: beat(desk, device)):
        answers = [say(other.device_id), say("dev_01JGFJJZ03J02SKYND46F9ZBK0"), say(world.device(1))]
        problems = [refused(answer, 404, GENERAL + "RESOURCE_NOT_FOUND") for answer in answers]
        told = [{name: value for name, value in each.items() if name not in own} for each in problems]
        assert told[0] == told[1] == told[2]
    assert hints(desk) == [] or other.device_id not in {each["deviceId"] for each in hints(desk)}
