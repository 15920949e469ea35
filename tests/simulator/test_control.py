"""The control routes: what arrived, what happened, policies, events, reset."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

import pytest

from platform_sim.control import is_loopback


def revoke(sim, person, sid, **headers):
    """Revoke a session at iam."""
    tenant = person["tenantId"].replace("tnt_", "ten_")
    address = f"/iam-service/api/v1/sessions/{sid}/revoke"
    return sim.http.post(address, json={"reason": "test"}, headers={"X-Tenant-Id": tenant, **headers})


def test_requests_are_recorded_as_they_arrived(sim, operator, desktop):
    """A request is shown with time, method, path behind the service's name, query, headers, body and status."""
    person = operator()
    desktop(person["tenantId"]).sign_in(person, ttl=60, password="wrong")
    sim.http.get("/tenant-service/api/v1/nothing", headers={"X-Probe": "1"})
    [row] = sim.requests("iam-service")
    assert (row["service"], row["method"], row["path"]) == ("iam-service", "POST", "/api/v1/auth/sign-in")
    assert (row["query"], row["status"]) == ({"ttl": "60"}, 401)
    assert row["body"]["username"] == person["username"]
    assert {name.lower() for name in row["headers"]} >= {"dpop", "content-type"}
    assert datetime.fromisoformat(row["at"]).tzinfo is not None
    everything = sim.http.get("/_control/requests").json()
    assert [each["service"] for each in everything] == ["iam-service", "tenant-service"]
    later = sim.http.get("/_control/requests", params={"since": everything[1]["at"]}).json()
    assert later[-1] == everything[1]
    assert sim.http.delete("/_control/requests").status_code == 204
    assert sim.http.get("/_control/requests").json() == []


def test_effects_tell_what_really_happened(sim, operator, desktop, claims, fresh_key):
    """An applied mutation leaves one row with its key; a refused one leaves none."""
    person = operator()
    sid = claims(desktop(person["tenantId"]).sign_in(person).json()["accessToken"])["sid"]
    key = fresh_key()
    assert revoke(sim, person, "ses_01JGFJJZ00000000000000000Z").status_code == 404
    assert revoke(sim, person, sid, **{"Idempotency-Key": key}).status_code == 204
    rows = [row for row in sim.effects("iam-service") if row["kind"] == "session.revoked"]
    [row] = rows
    assert (row["resourceId"], row["tenantId"], row["idempotencyKey"]) == (sid, person["tenantId"], key)
    assert row["service"] == "iam-service"


def test_same_key_is_applied_once(sim, operator, desktop, claims, fresh_key):
    """The same key and body replay the first answer; another body is 422, a malformed key 400."""
    person = operator()
    desk = desktop(person["tenantId"])
    sid = claims(desk.sign_in(person).json()["accessToken"])["sid"]
    key = fresh_key()
    first = revoke(sim, person, sid, **{"Idempotency-Key": key})
    again = revoke(sim, person, sid, **{"Idempotency-Key": key})
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["idempotency-replayed"] == "true"
    tenant = person["tenantId"].replace("tnt_", "ten_")
    other = sim.http.post(
        f"/iam-service/api/v1/sessions/{sid}/revoke",
        json={"reason": "another"},
        headers={"X-Tenant-Id": tenant, "Idempotency-Key": key},
    )
    assert other.status_code == 422
    assert revoke(sim, person, sid, **{"Idempotency-Key": "not-a-uuid"}).status_code == 400
    assert len([row for row in sim.effects("iam-service") if row["kind"] == "session.revoked"]) == 1


def test_policy_is_seen_at_tenant_service_and_announced(sim, world):
    """A policy that is set is what tenant-service answers, and the tenant's configuration event is published."""
    tenant = world["tenants"][0]
    limit = {"amountMicro": "500000000", "currency": "USD"}
    body = {"issueKeyMfa": True, "chargeLimit": limit, "appVersionFloor": "1.3.0"}
    assert sim.http.put(f"/_control/tenants/{tenant['id']}/policy", json=body).status_code == 204
    profile = sim.http.get(
        f"/tenant-service/api/v1/tenants/{tenant['id']}", headers={"X-Tenant-Id": tenant["id"]}
    ).json()["data"]
    assert profile["config"]["policy"] == {"issueKeyMfa": True, "chargeLimit": limit}
    assert profile["config"]["appVersionFloor"] == "1.3.0"
    told = sim.http.get("/_control/events", params={"subject": "melmastoon.tenant.config_updated.v1"}).json()
    assert told[-1]["tenantId"] == tenant["id"]
    sim.http.put(f"/_control/tenants/{tenant['id']}/policy", json={"chargeLimit": None})
    after = sim.http.get(f"/tenant-service/api/v1/tenants/{tenant['id']}", headers={"X-Tenant-Id": tenant["id"]})
    assert after.json()["data"]["config"]["policy"] == {"issueKeyMfa": True, "chargeLimit": None}


def test_no_seed_tenant_asks_for_a_second_factor_to_issue_a_key(sim, world):
    """In the seed world no tenant's policy asks for a second factor to issue a key."""
    for tenant in world["tenants"]:
        profile = sim.http.get(
            f"/tenant-service/api/v1/tenants/{tenant['id']}", headers={"X-Tenant-Id": tenant["id"]}
        ).json()
        assert profile["data"]["config"]["policy"]["issueKeyMfa"] is False


@pytest.mark.parametrize(
    ("subject", "payload_in", "identity"),
    [
        ("melmastoon.iam.user.locked.v1", "payload", "eventId"),
        ("melmastoon.tenant.suspended.v1", "data", "id"),
        ("melmastoon.property.rooms.v1", "data", "eventId"),
        ("melmastoon.reservation.checked_in.v1", "payload", "eventId"),
        ("melmastoon.inventory.block.created.v1", "payload", "eventId"),
        ("melmastoon.pricing.rate_plan.created.v1", "data", "id"),
        ("melmastoon.housekeeping.task.created.v1", "payload", "id"),
        ("melmastoon.maintenance.work_order.room_blocked.v1", "payload", "id"),
        ("melmastoon.billing.folio.opened.v1", "data", "id"),
        ("melmastoon.lock.credential.issued.v1", "data", "id"),
        ("melmastoon.ai_orchestrator.hitl.gate_decided.v1", "data", "id"),
    ],
)
def test_published_events_wear_their_services_envelope(sim, world, subject, payload_in, identity):
    """An event that is published by hand goes out in the envelope of the service that its subject names."""
    tenant = world["tenants"][0]["id"]
    body = {"subject": subject, "tenantId": tenant, "payload": {"probe": 1}, "orderingKey": "k"}
    answer = sim.http.post("/_control/events", json=body)
    assert answer.status_code == 202
    entry = answer.json()
    assert (entry["subject"], entry["tenantId"], entry["orderingKey"]) == (subject, tenant, "k")
    assert entry["envelope"][payload_in] == {"probe": 1}
    assert entry["envelope"][identity].startswith("evt_")
    assert datetime.fromisoformat(entry["publishedAt"]).tzinfo is not None


def test_announced_facts_become_true(sim, operator, desktop, claims):
    """A session, membership, user or device that an event ends, suspends or locks is so at the services too."""
    person = operator("marjan", "front_desk")
    desk = desktop(person["tenantId"])
    issued = desk.sign_in(person).json()

    def announce(subject, **payload):
        sim.http.post(
            "/_control/events", json={"subject": subject, "tenantId": person["tenantId"], "payload": payload}
        ).raise_for_status()

    announce("melmastoon.iam.session.revoked.v1", sessionId=claims(issued["accessToken"])["sid"], reason="lost")
    assert desk.refresh(issued["refreshToken"]).status_code == 401
    announce("melmastoon.tenant.membership.suspended.v1", userId=person["id"])
    member = f"/tenant-service/api/v1/tenants/{person['tenantId']}/operators/{person['id']}"
    headers = {"X-Tenant-Id": person["tenantId"]}
    assert sim.http.get(member, headers=headers).json()["data"]["state"] == "suspended"
    announce("melmastoon.tenant.membership.reactivated.v1", userId=person["id"])
    assert sim.http.get(member, headers=headers).json()["data"]["state"] == "active"
    announce("melmastoon.iam.user.locked.v1", userId=person["id"])
    assert desk.sign_in(person).json()["code"] == "MELMASTOON.IAM.USER_LOCKED"
    announce("melmastoon.iam.user.unlocked.v1", userId=person["id"])
    announce("melmastoon.iam.device.locked.v1", deviceId=desk.device_id)
    assert desk.sign_in(person).json()["code"] == "MELMASTOON.IAM.DEVICE_LOCKED"


def test_reset_gives_the_world_as_it_began(sim, operator, desktop, digest):
    """After a reset the world is the same to the byte, nothing is broken or recorded, and old sessions are unknown."""
    before = digest(sim.http.get("/_control/world").content)
    keys = sim.http.get("/iam-service/.well-known/jwks.json").content
    person = operator()
    desk = desktop(person["tenantId"])
    issued = desk.sign_in(person).json()
    sim.break_service("iam-service", mode="hang")
    assert digest(sim.http.get("/_control/world").content) != before
    assert sim.http.post("/_control/reset").status_code == 204
    assert digest(sim.http.get("/_control/world").content) == before
    assert sim.http.get("/_control/faults").json() == {}
    assert sim.http.get("/_control/effects").json() == []
    assert sim.http.get("/iam-service/.well-known/jwks.json").content == keys
    assert desk.refresh(issued["refreshToken"]).status_code == 401


def test_run_time_identifiers_never_repeat(sim, operator, desktop, claims):
    """Session and token identifiers are new after each reset, although the world is the old one."""
    person = operator()
    seen = []
    for _ in range(3):
        token = claims(desktop(person["tenantId"]).sign_in(person).json()["accessToken"])
        seen += [token["sid"], token["jti"]]
        sim.http.post("/_control/reset")
    assert len(set(seen)) == 6


def test_more_devices_can_be_registered(sim, operator):
    """As many as are wanted, up to a bound; a reset takes them away again."""
    person = operator()
    body = {"tenantId": person["tenantId"], "count": 3}
    made = sim.http.post("/_control/devices", json=body).json()["devices"]
    there = {each["id"] for each in sim.http.get("/_control/world").json()["devices"]}
    assert len(set(made) & there) == 3
    for wrong in (0, 10_001, "3"):
        assert sim.http.post("/_control/devices", json={**body, "count": wrong}).status_code == 400

    sim.http.post("/_control/reset")

    assert not set(made) & {each["id"] for each in sim.http.get("/_control/world").json()["devices"]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_control/faults/no-service", {"mode": "hang"}),
        ("PUT", "/_control/faults/iam-service", {"mode": "sulk"}),
        ("PUT", "/_control/faults/iam-service", {"mode": "latency", "latencyMs": -1}),
        ("PUT", "/_control/faults/iam-service", {"mode": "error", "rate": 2}),
        ("PUT", "/_control/faults/iam-service", {"mode": "error", "status": 200}),
        ("PUT", "/_control/faults/iam-service", ["hang"]),
        ("PUT", "/_control/network", {"mode": "fog"}),
        ("PUT", "/_control/network", {"mode": "cut"}),
        ("POST", "/_control/events", {"tenantId": "tnt_x"}),
        ("POST", "/_control/devices", {"tenantId": "tnt_x", "count": 1}),
        ("POST", "/_control/devices", {"count": 1}),
        ("GET", "/_control/requests?since=yesterday", None),
    ],
)
def test_wrong_control_calls_are_explained(sim, method, path, body):
    """A control call that can't be carried out is refused with a sentence that says why."""
    content = None if body is None else json.dumps(body)
    answer = sim.http.request(method, path, content=content)
    assert answer.status_code == 400
    assert len(answer.json()["detail"]) > 10


@pytest.mark.parametrize(
    ("remote", "answered"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        (None, False),
    ],
)
def test_only_this_machine_may_control(remote, answered):
    """Peers on the loopback network may use the control routes, everybody else may not."""
    assert is_loopback(remote) is answered


def test_pages_of_other_origins_may_not_control(sim):
    """A browser that comes from another origin is refused, one from the console's own is not."""
    assert sim.http.post("/_control/reset", headers={"Origin": "http://elsewhere.example"}).status_code == 403
    assert sim.http.post("/_control/reset", headers={"Origin": sim.url}).status_code == 204


def test_changed_membership_is_what_tenant_service_answers(sim, world, operator):
    """An announced change of roles and scope is in the membership; an event of another tenant changes nothing."""
    person = operator("kabul-grand", "front_desk")
    member = f"/tenant-service/api/v1/tenants/{person['tenantId']}/operators/{person['id']}"

    def announce(tenant_id, **payload):
        subject = "melmastoon.tenant.membership.changed.v1"
        body = {"subject": subject, "tenantId": tenant_id, "payload": {"userId": person["id"], **payload}}
        sim.http.post("/_control/events", json=body).raise_for_status()
        answer = sim.http.get(member, headers={"X-Tenant-Id": person["tenantId"]}).json()["data"]
        return answer["roles"], answer["propertyScope"]

    other = next(tenant["id"] for tenant in world["tenants"] if tenant["slug"] == "marjan")
    before = (person["roles"], person["propertyIds"])
    assert announce(other, roles=["owner"]) == before
    assert announce(person["tenantId"], roles=["housekeeper"]) == (["housekeeper"], before[1])
    assert announce(person["tenantId"], propertyIds=[]) == (["housekeeper"], [])


def test_unknown_tenant_has_no_policy(sim):
    """A policy for a tenant that does not exist is refused with 404."""
    answer = sim.http.put(f"/_control/tenants/tnt_{uuid.uuid4().hex}/policy", json={})
    assert answer.status_code == 404
