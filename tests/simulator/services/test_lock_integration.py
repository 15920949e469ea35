"""lock-integration-service: no key without an audit envelope, none for somebody else's room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from platform_sim.ids import fresh_id
from tests.simulator.services.hotels import Hotel, Reply, ulid_key

ROOT = "/lock-integration-service/api/v1"
MISSING = "MELMASTOON.LOCK.AUDIT_ENVELOPE_MISSING"


def envelope(*, attested: bool = False, without: str | None = None) -> dict[str, str]:
    """The headers that say in which session and when somebody acts."""
    headers = {
        "X-Session-Id": fresh_id("bos"),
        "X-Request-Id": fresh_id("req"),
        "X-Occurred-At": datetime.now(UTC).isoformat(),
    }
    if attested:
        headers["X-Mfa-Attestation"] = fresh_id("mfa")
    return headers if without is None else headers | {without: ""}


def guest(hotel: Hotel) -> dict[str, Any]:
    """Somebody who is in house."""
    return dict(hotel.get("/reservation-service/api/v1/reservations/in-house")["items"][0])


def issue(
    hotel: Hotel, body: dict[str, object], headers: dict[str, str] | None = None, key: str | None = None
) -> Reply:
    """Ask for a key."""
    sent = envelope() if headers is None else headers
    return hotel.call("POST", f"{ROOT}/key-credentials", key=key or ulid_key(), headers=sent, body=body)


def revoke(hotel: Hotel, key_id: str, headers: dict[str, str], body: object = None) -> Reply:
    """Ask to take a key back."""
    return hotel.call(
        "POST",
        f"{ROOT}/key-credentials/{key_id}/revoke",
        key=ulid_key(),
        headers=headers,
        body=body or {"reason": "lost"},
    )


def test_a_key_is_issued_and_revoked(kabul: Hotel) -> None:
    """A guest in house gets a key for the own room; revoking it with a second factor ends it; both are on record."""
    stay = guest(kabul)
    lock = next(
        lock
        for lock in kabul.get(f"{ROOT}/locks?propertyId={kabul.property_id}&limit=500")["items"]
        if lock["roomId"] == stay["roomId"]
    )
    headers = envelope()
    made = issue(
        kabul,
        {
            "reservationId": stay["id"],
            "lockId": lock["id"],
            "rooms": [stay["roomId"]],
            "preferredKinds": ["mobile_app"],
        },
        headers,
    )
    assert (made.status, made.body["kind"], made.body["lockId"]) == (201, "mobile_app", lock["id"])
    assert made.body["state"] in {"active", "pending"}
    assert made.body["audit"]["operatorId"] == kabul.operator_id
    assert made.body["audit"]["sessionId"] == headers["X-Session-Id"]
    assert made.body["validFrom"] < made.body["validUntil"]
    known = kabul.get(f"{ROOT}/key-credentials?reservationId={stay['id']}&limit=100")["items"]
    assert made.body["id"] in {key["id"] for key in known}
    gone = revoke(kabul, made.body["id"], envelope(attested=True))
    assert (gone.status, gone.body["state"]) == (200, "revoked")
    assert kabul.get(f"{ROOT}/key-credentials/{made.body['id']}")["state"] == "revoked"
    twice = revoke(kabul, made.body["id"], envelope(attested=True))
    assert (twice.status, twice.code) == (409, "MELMASTOON.LOCK.INVALID_STATE_TRANSITION")
    rows = [(row["kind"], row["resourceId"]) for row in kabul.platform.effects("lock-integration-service")]
    assert rows == [("key.issued", made.body["id"]), ("key.revoked", made.body["id"])]
    assert kabul.platform.events("melmastoon.lock.credential.revoked.v1")


@pytest.mark.parametrize("header", ["X-Operator-Id", "X-Device-Id", "X-Session-Id", "X-Request-Id", "X-Occurred-At"])
def test_no_key_without_the_whole_envelope(kabul: Hotel, header: str) -> None:
    """Whichever part is missing, issuing and revoking are refused, the part is named, and nothing happens."""
    refused = issue(kabul, {"reservationId": guest(kabul)["id"]}, envelope(without=header))
    assert (refused.status, refused.code) == (403, MISSING)
    assert header in refused.body["detail"]
    key = kabul.get(f"{ROOT}/key-credentials?propertyId={kabul.property_id}")["items"][0]
    assert revoke(kabul, key["id"], envelope(attested=True, without=header)).code == MISSING
    assert kabul.platform.effects("lock-integration-service") == []


def test_no_revocation_without_a_second_factor(kabul: Hotel) -> None:
    """Revoking asks for an attestation; issuing does so only where the tenant's policy says it."""
    key = kabul.get(f"{ROOT}/key-credentials?propertyId={kabul.property_id}")["items"][0]
    refused = revoke(kabul, key["id"], envelope())
    assert (refused.status, refused.code) == (403, MISSING)
    stay = guest(kabul)
    policy = f"/_control/tenants/{kabul.tenant_id}/policy"
    assert kabul.platform.call("PUT", policy, body={"issueKeyMfa": True}).status < 300
    assert issue(kabul, {"reservationId": stay["id"]}).code == MISSING
    assert issue(kabul, {"reservationId": stay["id"]}, envelope(attested=True)).status == 201


def test_strangers_get_no_key(kabul: Hotel, creek: Hotel) -> None:
    """A device or an operator of another tenant is refused, and so is a reservation of one."""
    body = {"reservationId": guest(kabul)["id"]}
    device = issue(kabul, body, envelope() | {"X-Device-Id": creek.device_id})
    assert (device.status, device.code) == (403, "MELMASTOON.IAM.DEVICE_NOT_REGISTERED")
    person = issue(kabul, body, envelope() | {"X-Operator-Id": creek.operator_id})
    assert (person.status, person.code) == (403, "MELMASTOON.LOCK.OPERATOR_NOT_ALLOWED")
    assert issue(creek, body).code == "MELMASTOON.TENANT.MISMATCH"
    assert kabul.platform.effects("lock-integration-service") == []


def test_keys_are_for_guests_in_house_and_their_own_room(kabul: Hotel) -> None:
    """Who has not checked in gets no key; nobody gets one for another room; a key that never opens is no key."""
    due = kabul.get("/reservation-service/api/v1/reservations/arrivals?status=due")["items"][0]
    early = issue(kabul, {"reservationId": due["id"]})
    assert (early.status, early.code) == (409, "MELMASTOON.LOCK.RESERVATION_NOT_IN_HOUSE")
    first, second = kabul.get("/reservation-service/api/v1/reservations/in-house")["items"][:2]
    other = issue(kabul, {"reservationId": first["id"], "rooms": [second["roomId"]]})
    assert (other.status, other.code) == (422, "MELMASTOON.LOCK.ROOM_MISMATCH")
    past = issue(kabul, {"reservationId": first["id"], "validUntil": "2020-01-01T00:00:00Z"})
    assert (past.status, past.code) == (422, "MELMASTOON.LOCK.VALIDITY_INVALID")
    for wrong in (
        {},
        {"reservationId": first["id"], "preferredKinds": ["brass"]},
        {"reservationId": first["id"], "rooms": "x"},
    ):
        assert issue(kabul, wrong).status == 400


def test_the_same_key_of_idempotency_issues_once(kabul: Hotel) -> None:
    """Two requests under one idempotency key make one key for the door."""
    key, body, headers = ulid_key(), {"reservationId": guest(kabul)["id"]}, envelope()
    first, again = (issue(kabul, body, headers, key) for _ in range(2))
    assert first.body == again.body
    assert len(kabul.platform.effects("lock-integration-service")) == 1
