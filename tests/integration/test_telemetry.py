"""Telemetry over real sockets: what is done at a desk arrives on the bus (contract, section 8; platform-facts A7)."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import redis

from bff_backoffice.domain.telemetry import SUBJECTS
from tests.acting import act, charge_of, folio, of_property, stay
from tests.desktop import Desktop
from tests.integration.test_records import raised, suggested
from tests.worlds import World, start_world

ROOT = Path(__file__).parents[2]
STREAM = "bff-backoffice:events"
EVERYTHING = ",".join(f"{subject.short}=1" for subject in SUBJECTS)
SCHEMAS = {
    subject.name: jsonschema.Draft202012Validator(
        json.loads((ROOT / "schemas" / subject.schema_path).read_text(encoding="utf-8"))
    )
    for subject in SUBJECTS
}
WRITTEN = "Written by hand: Mrs. Nobody, +93 70 000 0000, nobody@example.org"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that tells everything."""
    with start_world(
        tmp_path_factory.mktemp("telemetry"), environment={"BFF_TELEMETRY_SAMPLING": EVERYTHING}
    ) as started:
        yield started


@pytest.fixture
def desk(world: World) -> Desktop:
    """A general manager's desk that nobody has used."""
    return world.sign_in()


def on_the_bus(world: World) -> list[dict[str, Any]]:
    """Everything that this service has published, in order: the fields of the bus, and the event in `event`."""
    client = redis.Redis.from_url(world.redis, decode_responses=True)
    try:
        entries: list[Any] = client.xrange(STREAM)  # type: ignore[assignment] # of a client that does not wait
    finally:
        client.close()
    return [{**fields, "event": json.loads(fields["envelope"])} for _, fields in entries]


def told(world: World, desk: Desktop, short: str) -> list[dict[str, Any]]:
    """The events of a subject that are about a desk."""
    subject = f"melmastoon.bff.backoffice.{short}.v1"
    return [
        each["event"] for each in on_the_bus(world)
        if each["subject"] == subject and each["orderingKey"] == desk.device_id
    ]  # fmt: skip


def heard(world: World, desk: Desktop, short: str, count: int = 1) -> list[dict[str, Any]]:
    """The events of a subject that are about a desk, once so many are there."""
    return until(lambda: len(found := told(world, desk, short)) >= count and found)


def until(true: Callable[[], Any], seconds: float = 20) -> Any:
    """What is true in the end."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found or time.monotonic() > end:
            assert found, "it never came"
            return found
        time.sleep(0.1)


def beat(desk: Desktop) -> None:
    """A heartbeat."""
    now = datetime.now(UTC).isoformat()
    body = {"sentAt": now, "queueDepth": 2, "networkProfile": "flaky", "appVersion": "1.4.2", "batteryPercent": 50}
    assert desk.request("POST", f"/devices/{desk.device_id}/heartbeat", json_body=body).status_code == 200


def synchronise(desk: Desktop) -> None:
    """A handshake, and a cursor that moves on."""
    wish = {"scopes": ["reservation", "guest"], "protocolVersion": 1}
    assert desk.request("POST", "/sync/handshake", json_body=wish).status_code == 200
    moved = {"scope": "guest", "value": "lsn-secret", "occurredAt": "2026-11-22T10:00:00+04:30"}
    assert desk.request("POST", "/sync/cursor", json_body=moved).status_code == 200


def a_day_at_the_desk(world: World, desk: Desktop) -> None:
    """Something of everything, with words that must not leave."""
    assert desk.request("GET", "/dashboard", Accept="application/json").status_code == 200
    assert desk.get("/arrivals").status_code == 200
    beat(desk)
    charge = {**charge_of(world), "description": WRITTEN[:40]}
    assert act(desk, f"/folios/{folio(world)}/charges", charge).status_code in {200, 201}
    room = stay(world)["roomId"]
    lock = next(each["id"] for each in world.people["locks"] if each["roomId"] == room)
    guest = next(each for each in of_property(world, "in_house") if each["roomId"] == room)
    issued = act(desk, f"/locks/{lock}/issue-key", {"reservationId": guest["id"], "kind": "pin_code"})
    assert issued.status_code == 201, issued.text
    decision = {"decision": "reject", "reason": WRITTEN}
    assert act(desk, f"/ai/suggestions/{suggested(world)}/decide", decision).status_code == 200
    assert act(desk, f"/alerts/{raised(world)}/acknowledge", {"note": WRITTEN}).status_code == 200
    click = {
        "kind": "guest.opened", "occurredAt": "2026-11-22T10:00:00+04:30", "detail": {"said": WRITTEN},
        "target": {"type": "guest", "id": WRITTEN},
    }  # fmt: skip
    assert act(desk, "/activity", {"events": [click]}).status_code == 202
    synchronise(desk)
    tokens = desk.refresh()
    assert tokens.status_code == 200, tokens.text


DAY = (
    "session.opened", "dashboard.viewed", "workbench.viewed", "heartbeat.received", "mutation.proxied",
    "lock_action.proxied", "suggestion.decided", "alert.acknowledged", "activity.recorded", "session.refreshed",
    "sync_handshake.completed", "sync_cursor.advanced",
)  # fmt: skip


def test_a_day_at_the_desk_is_told(world: World, desk: Desktop) -> None:
    """One event for each doing, of its subject, in the envelope, valid by its schema."""
    a_day_at_the_desk(world, desk)

    events = {short: heard(world, desk, short) for short in DAY}

    assert {short: len(found) for short, found in events.items()} == dict.fromkeys(DAY, 1)
    for short, (event,) in events.items():
        envelope = event["envelope"]
        SCHEMAS[envelope["subject"]].validate(event)
        assert envelope["tenantId"] == world.tenants[0]
        assert (envelope["deviceId"], envelope["operatorId"]) == (desk.device_id, world.operator()["id"])
        assert envelope["sessionId"].startswith("bos_")
        assert envelope["occurredAt"] <= envelope["publishedAt"]
        assert (envelope["samplingRate"], envelope["appVersion"]) == (
            1.0,
            events["heartbeat.received"][0]["envelope"]["appVersion"],
        )
        assert envelope["requestId"] == envelope["correlationId"]
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", envelope["traceId"]), short
        if short != "session.refreshed":
            assert envelope["role"] == "general_manager"
    payloads = {short: found[0]["payload"] for short, found in events.items()}
    assert payloads["mutation.proxied"]["action"] == "post_charge"
    assert payloads["mutation.proxied"]["outcome"] == payloads["lock_action.proxied"]["outcome"] == "applied"
    assert (payloads["suggestion.decided"]["decision"], payloads["suggestion.decided"]["hasReason"]) == ("reject", True)
    assert payloads["heartbeat.received"]["queueDepth"] == 2
    assert payloads["sync_handshake.completed"] == {"scopes": ["reservation", "guest"], "protocolVersion": 1}
    assert payloads["sync_cursor.advanced"]["scope"] == "guest"
    assert "lsn-secret" not in str(events)
    assert re.fullmatch("[0-9a-f]{64}", payloads["activity.recorded"]["targetDigest"])


def test_no_personal_data_leaves(world: World, desk: Desktop) -> None:
    """No name of a guest or of staff, no user name, no address, nothing that anybody wrote is on the bus."""
    a_day_at_the_desk(world, desk)
    heard(world, desk, "session.refreshed")

    everything = "\n".join(each["envelope"] for each in on_the_bus(world))

    names = {each["guestName"] for each in world.people["reservations"]}
    names |= {each["username"] for each in world.people["operators"]}
    assert [name for name in names if name and name in everything] == []
    assert not [word for word in ("Mrs. Nobody", "000 0000", "example.org", "by hand") if word in everything]
    assert "@" not in everything


def test_a_devices_events_come_in_the_order_in_which_they_happened(world: World, desk: Desktop) -> None:
    """One after the other at the desk is one after the other on the bus, and an event is there once."""
    for _ in range(5):
        assert (
            act(desk, "/activity", {"events": [{"kind": "x", "occurredAt": "2026-11-22T10:00:00Z"}] * 3}).status_code
            == 202
        )
    assert len(heard(world, desk, "activity.recorded", 15)) == 15

    here = [each for each in on_the_bus(world) if each["orderingKey"] == desk.device_id]
    recorded = [each["event"]["envelope"] for each in here if each["subject"].endswith("activity.recorded.v1")]

    assert [each["occurredAt"] for each in recorded] == sorted(each["occurredAt"] for each in recorded)
    ids = [each["eventId"] for each in here]
    assert len(ids) == len(set(ids))


def test_a_retry_is_no_second_event(world: World, desk: Desktop) -> None:
    """The same key gives the first answer again, and tells nothing."""
    key, click = "b7f9ed53-3a6d-4f51-8f0c-5b0f6b7d9b11", {"kind": "once", "occurredAt": "2026-11-22T10:00:00Z"}
    for _ in range(3):
        assert act(desk, "/activity", {"events": [click]}, key=key).status_code == 202
    beat(desk)
    heard(world, desk, "heartbeat.received")

    assert len(told(world, desk, "activity.recorded")) == 1


def test_a_refused_mutation_is_told_as_refused(world: World, desk: Desktop) -> None:
    """What the owning service refuses was proxied all the same; what this service refuses was not."""
    arriving = next(of_property(world, "confirmed"), None) or stay(world, "in_house")
    answer = act(desk, f"/reservations/{arriving['id']}/check-out", {})
    assert 400 <= answer.status_code < 500, answer.text
    assert act(desk, f"/folios/{folio(world)}/charges", {"description": ""}).status_code == 400

    (event,) = heard(world, desk, "mutation.proxied")

    assert (event["payload"]["action"], event["payload"]["outcome"]) == ("check_out_reservation", "refused")
    assert event["payload"]["upstreamStatus"] == answer.status_code


def test_signing_out_is_told_with_its_reason(world: World, desk: Desktop) -> None:
    """In the transaction that remembers the end of the session."""
    assert desk.get("/session").status_code == 200
    assert desk.request("POST", "/auth/sign-out").status_code == 204

    (event,) = heard(world, desk, "session.closed")

    SCHEMAS[event["envelope"]["subject"]].validate(event)
    assert (event["payload"]["reason"], event["envelope"]["retentionClass"]) == ("signed_out", "regulated")


def test_a_session_that_iam_ends_is_told_once(world: World, desk: Desktop) -> None:
    """Also where the event about it comes twice; nobody's request, so that it has none."""
    session = desk.get("/session").json()
    payload = {
        "sessionId": _sid(desk), "userId": session["operatorId"], "deviceId": desk.device_id, "reason": "admin_revoked",
    }  # fmt: skip
    for _ in range(2):
        world.publish("melmastoon.iam.session.revoked.v1", world.tenants[0], payload)

    (event,) = heard(world, desk, "session.closed")

    SCHEMAS[event["envelope"]["subject"]].validate(event)
    assert (event["payload"]["reason"], event["envelope"]["requestId"]) == ("admin_revoked", None)
    other = world.sign_in()
    beat(other)
    heard(world, other, "heartbeat.received")
    assert len(told(world, desk, "session.closed")) == 1


def test_the_worker_tells_lag_and_depth_to_whoever_scrapes(world: World, desk: Desktop) -> None:
    """Its own admin listener has `/metrics` and nothing else."""
    beat(desk)
    heard(world, desk, "heartbeat.received")

    text = world.http.get(f"{world.worker_admin}/metrics").text

    for name in ("outbox_depth", "outbox_lag_seconds", "outbox_parked", "outbox_published_seconds_bucket"):
        assert f"bff_backoffice_{name}" in text
    assert 'bff_backoffice_outbox_message_total{kind="telemetry",outcome="heard"}' in text
    assert world.http.get(f"{world.worker_admin}/").status_code == 404


def _sid(desk: Desktop) -> str:
    part = desk.token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sid"])
