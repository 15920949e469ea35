"""sync-service: cursors that only go forward, and what was noted offline."""

from __future__ import annotations

import pytest

from platform_sim.services.sync import precedes
from tests.simulator.services.hotels import Hotel, Reply, ulid_key

ROOT = "/sync-service/sync/v1"


def advance(hotel: Hotel, scope: str, value: str, **headers: str) -> Reply:
    """Move a cursor."""
    return hotel.call("PUT", f"{ROOT}/cursors/{scope}", key=ulid_key(), headers=headers, body={"value": value})


def test_a_scope_that_was_never_synchronised_has_no_value(kabul: Hotel) -> None:
    """It answers 200 with null, by itself and in the handshake."""
    assert kabul.get(f"{ROOT}/cursors/billing") == {"scope": "billing", "value": None, "asOf": None}
    assert kabul.get(f"{ROOT}/cursors")["items"] == []
    body = {"protocolVersion": 1, "scopes": ["reservation", "billing"], "clientCursors": {}}
    shaken = kabul.call("POST", f"{ROOT}/handshake", body=body)
    assert shaken.status == 200
    assert shaken.body["cursors"] == {scope: {"value": None, "asOf": None} for scope in ("reservation", "billing")}
    assert shaken.body["syncBaseUrl"].endswith("/sync-service/sync/v1")


def test_a_cursor_advances_and_is_seen_by_the_next_handshake(kabul: Hotel) -> None:
    """Forward is an effect and an event; the value that it has already is neither."""
    for _ in range(2):
        moved = advance(kabul, "reservation", "lsn-9", **{"X-Occurred-At": "2026-01-02T03:04:05Z"})
        assert moved.body == {"scope": "reservation", "value": "lsn-9", "asOf": "2026-01-02T03:04:05.000Z"}
    shaken = kabul.call("POST", f"{ROOT}/handshake", body={"protocolVersion": 7, "scopes": ["reservation"]})
    assert shaken.body["protocolVersion"] == 2
    assert shaken.body["cursors"]["reservation"]["value"] == "lsn-9"
    assert [row["kind"] for row in kabul.platform.effects("sync-service")] == ["cursor.advanced"]
    (event,) = kabul.platform.events("melmastoon.sync.cursor.advanced.v1")
    assert event["envelope"]["payload"]["deviceId"] == kabul.device_id


def test_a_cursor_never_goes_back(kabul: Hotel) -> None:
    """A value before the known one is 409 and says where the cursor is; one after it is taken."""
    assert advance(kabul, "reservation", "lsn-10").status == 200
    back = advance(kabul, "reservation", "lsn-9")
    assert (back.status, back.code) == (409, "MELMASTOON.SYNC.CURSOR_REGRESSION")
    assert back.body["context"]["value"] == "lsn-10"
    assert kabul.get(f"{ROOT}/cursors?scopes=reservation,billing")["items"][0]["value"] == "lsn-10"
    assert advance(kabul, "reservation", "lsn-11").status == 200


def test_a_cursor_belongs_to_its_operator_and_device(kabul: Hotel) -> None:
    """Another device, or another operator on the same one, has cursors of its own."""
    assert advance(kabul, "reservation", "5").status == 200
    world = kabul.platform.world()
    device = next(
        row["id"] for row in world["devices"] if row["tenantId"] == kabul.tenant_id and row["id"] != kabul.device_id
    )
    operator = next(
        row["id"] for row in world["operators"] if row["tenantId"] == kabul.tenant_id and row["id"] != kabul.operator_id
    )
    for headers in ({"X-Device-Id": device}, {"X-Operator-Id": operator}):
        answer = kabul.call("GET", f"{ROOT}/cursors/reservation", headers=headers)
        assert (answer.status, answer.body["value"]) == (200, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("9", "10"),
        ("lsn-9", "lsn-10"),
        ("0009", "0010"),
        ("01JGFJJZ03J02SKYND46F9ZBKD", "01JGFJJZ03J02SKYND46FAZBKD"),
        ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"),
        ("v1.2", "v1.10"),
    ],
)
def test_values_are_ordered_as_people_count(before: str, after: str) -> None:
    """Numbers count as numbers, ULIDs and times as their letters run."""
    assert precedes(before, after)
    assert not precedes(after, before)
    assert not precedes(after, after)


def test_what_was_noted_offline_is_published_with_its_own_time(kabul: Hotel) -> None:
    """Each noted action becomes an event with its own identifier, time, operator and device."""
    noted = [
        {"eventId": f"act_{number:08d}", "kind": "room.opened", "occurredAt": f"2026-11-20T10:0{number}:00+04:30"}
        for number in range(3)
    ]
    key = ulid_key()
    for _ in range(2):
        pushed = kabul.call("POST", f"{ROOT}/push", key=key, body={"activity": noted})
        assert (pushed.status, pushed.body) == (202, {"accepted": 3})
    events = kabul.platform.events("melmastoon.sync.operator_activity.replayed.v1")
    payloads = [event["envelope"]["payload"] for event in events]
    assert [payload["eventId"] for payload in payloads] == [event["eventId"] for event in noted]
    assert [payload["occurredAt"] for payload in payloads] == [event["occurredAt"] for event in noted]
    assert {payload["userId"] for payload in payloads} == {kabul.operator_id}


def test_what_is_unknown_or_malformed_is_refused(kabul: Hotel, creek: Hotel) -> None:
    """An unknown scope is 404, a missing device 400, another tenant's device 403, a bad note 400 with its place."""
    unknown = kabul.call("GET", f"{ROOT}/cursors/weather")
    assert (unknown.status, unknown.code) == (404, "MELMASTOON.SYNC.SCOPE_UNKNOWN")
    assert "reservation" in unknown.body["context"]["scopes"]
    for headers, status in (({"X-Device-Id": ""}, 400), ({"X-Device-Id": creek.device_id}, 403)):
        assert kabul.call("GET", f"{ROOT}/cursors/billing", headers=headers).status == status
    for body in ({"scopes": ["reservation"]}, {"protocolVersion": 1}, {"protocolVersion": 1, "scopes": ["x"]}):
        assert kabul.call("POST", f"{ROOT}/handshake", body=body).status in {400, 404}
    good = {"eventId": "act_00000001", "kind": "k", "occurredAt": "2026-11-20T10:00:00Z"}
    for wrong in ({"eventId": "x"}, {"kind": ""}, {"occurredAt": "2026-11-20T10:00:00"}):
        refused = kabul.call("POST", f"{ROOT}/push", key=ulid_key(), body={"activity": [good, good | wrong]})
        assert refused.status == 400
        assert refused.body["violations"][0]["field"].startswith("activity[1].")
    assert kabul.platform.events("melmastoon.sync.") == []


def test_a_locked_device_reads_no_cursor(kabul: Hotel) -> None:
    """A device that iam has locked is refused."""
    event = {
        "subject": "melmastoon.iam.device.locked.v1",
        "tenantId": kabul.tenant_id,
        "payload": {"deviceId": kabul.device_id},
    }
    assert kabul.platform.call("POST", "/_control/events", body=event).status == 202
    refused = kabul.call("GET", f"{ROOT}/cursors/billing")
    assert (refused.status, refused.code) == (403, "MELMASTOON.SYNC.DEVICE_LOCKED")
