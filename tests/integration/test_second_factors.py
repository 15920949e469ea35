"""Second factors and what is behind them: keys of doors, refunds, large charges. Contract sections 2.1, 3 and 10."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from ulid import ULID

from tests.acting import act, charge_of, effects, folio, new_key, of_property
from tests.desktop import Desktop
from tests.musts.described import Described
from tests.worlds import World, start_world

OURS, GENERAL = "MELMASTOON.BFF.BACKOFFICE.", "MELMASTOON.GENERAL."
LOCKS, BILLING = "lock-integration-service", "billing-service"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world without circuit breakers, so that the faults of one test do not outlast it."""
    with start_world(tmp_path_factory.mktemp("factors"), environment={"BFF_UPSTREAM_BREAKERS": "false"}) as world:
        yield world


@pytest.fixture
def world(started: World) -> Iterator[World]:
    """That world as it began."""
    started.control("POST", "reset")
    started._unused.clear()
    yield started
    started.heal()


def authenticator(secret: str, action: str, resource: str) -> str:
    """What the simulated authenticator answers for an act: unlike a code it may answer again."""
    digest = hmac.digest(base64.b32decode(secret), f"{action}|{resource}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def code_of(secret: str) -> str:
    """The six digits of this moment (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


@dataclass
class Desk:
    """A signed-in manager with a second factor, and a guest in house with a lock."""

    world: World
    desktop: Desktop
    operator: dict[str, Any]

    @classmethod
    def of(cls, world: World, role: str = "general_manager") -> Desk:
        """Somebody of this role at a desk of the first property."""
        operator = world.operator(role)
        return cls(world, world.sign_in(operator=operator), operator)

    def attest(self, action: str, resource: str, **more: Any) -> str:
        """A fresh attestation for the act."""
        body = {
            "factor": "webauthn",
            "proof": authenticator(self.operator["totpSecret"], action, resource),
            "action": action,
            "resource": resource,
            **more,
        }
        answer = self.desktop.request("POST", "/auth/mfa/step-up", json_body=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["attestationId"])

    @property
    def guest(self) -> dict[str, Any]:
        """Somebody in house whose room has a lock."""
        locked = {each["roomId"] for each in self.world.people["locks"]}
        return next(each for each in of_property(self.world, "in_house") if each.get("roomId") in locked)

    @property
    def lock(self) -> str:
        """The lock of that guest's room."""
        room = self.guest["roomId"]
        return next(str(each["id"]) for each in self.world.people["locks"] if each["roomId"] == room)

    def issue(self, **headers: str | None) -> httpx2.Response:
        """Issue that guest a key."""
        body = {"reservationId": self.guest["id"], "kind": "pin_code"}
        return act(self.desktop, f"/locks/{self.lock}/issue-key", body, **headers)

    def issued(self) -> str:
        """A key of that guest."""
        answer = self.issue()
        assert answer.status_code == 201, answer.text
        return str(answer.json()["keyCredentialId"])

    def revoke(self, credential: str, *, lock: str | None = None, **headers: str | None) -> httpx2.Response:
        """Revoke a key."""
        body = {"keyCredentialId": credential, "reason": "Lost"}
        return act(self.desktop, f"/locks/{lock or self.lock}/revoke-key", body, **headers)


@pytest.fixture
def desk(world: World) -> Desk:
    """A general manager's desk."""
    return Desk.of(world)


def demanded(answer: httpx2.Response) -> dict[str, Any]:
    """Check that a second factor is demanded as RFC 9470 says, and give for what."""
    assert (answer.status_code, answer.json()["code"]) == (401, OURS + "STEP_UP_REQUIRED"), answer.text
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("DPoP ")
    for part in ('error="insufficient_user_authentication"', "acr_values=", "max_age=300"):
        assert part in challenge
    body = answer.json()
    assert body["retry"] == "same_key"
    step_up: dict[str, Any] = body["stepUp"]
    return step_up


def kinds(world: World, service: str = LOCKS) -> list[str]:
    """What really happened there."""
    return [each["kind"] for each in effects(world, service)]


def calls(world: World) -> list[str]:
    """The mutations that reached the lock service."""
    sent = world.control("GET", f"requests?service={LOCKS}").json()
    return [each["path"] for each in sent if each["method"] == "POST"]


def test_a_key_is_issued_behind_its_audit(world: World, desk: Desk) -> None:
    """The credential with its audit id, at once; the same key of the request gives the same credential again."""
    described, key = Described.by(world), new_key()

    first = described.check(desk.issue(X_Idempotency_Key=key))
    again = described.check(desk.issue(X_Idempotency_Key=key))

    body = first.json()
    assert first.status_code == 201, first.text
    assert body["keyCredentialId"].startswith("key_")
    assert body["auditId"].startswith("lap_")
    assert body["state"] in {"active", "pending"}
    assert body["kind"] == "pin_code"
    assert body["validFrom"] < body["validUntil"]
    assert again.content == first.content
    assert kinds(world) == ["key.issued"]


def test_a_key_is_revoked_after_the_second_factor(world: World, desk: Desk) -> None:
    """401 says for what; the same request with the attestation does it; its replay needs none."""
    credential, key = desk.issued(), new_key()

    step_up = demanded(desk.revoke(credential, X_Idempotency_Key=key))
    assert step_up == {"action": "lock.revoke_key", "resource": desk.lock}
    attestation = desk.attest("lock.revoke_key", desk.lock)
    done = desk.revoke(credential, X_Idempotency_Key=key, X_Mfa_Attestation=attestation)
    replay = desk.revoke(credential, X_Idempotency_Key=key)

    assert done.status_code == 200, done.text
    assert done.json()["keyCredentialId"] == credential
    assert done.json()["state"] in {"revoked", "pending"}
    assert (replay.status_code, replay.content) == (200, done.content)
    assert kinds(world) == ["key.issued", "key.revoked"]
    sent = [each for each in world.control("GET", f"requests?service={LOCKS}").json() if "revoke" in each["path"]]
    assert attestation in sent[-1]["headers"].values()


def test_no_attestation_but_the_right_one_reaches_the_lock_service(world: World, desk: Desk) -> None:
    """Missing, invented, of another operator, device, lock or act, and one that was used up: none gets through."""
    credential, other = desk.issued(), Desk.of(world)
    colleague = Desk.of(world, "front_desk")
    elsewhere = next(each["id"] for each in world.people["locks"] if each["id"] != desk.lock)
    used = desk.attest("lock.revoke_key", desk.lock)
    assert desk.revoke(credential, X_Mfa_Attestation=used).status_code == 200
    second = desk.issued()
    before = len(calls(world))

    wrong = [
        None,
        f"mfa_{ULID()}",
        used,
        desk.attest("lock.revoke_key", elsewhere),
        desk.attest("lock.issue_key", desk.lock),
        other.attest("lock.revoke_key", desk.lock),
        colleague.attest("lock.revoke_key", desk.lock),
        desk.attest("folio.refund", folio(world), amount={"amountMicro": "1", "currency": "USD"}),
    ]

    for attestation in wrong:
        demanded(desk.revoke(second, X_Mfa_Attestation=attestation))
    malformed = desk.revoke(second, X_Mfa_Attestation="mfa_nonsense")
    assert (malformed.status_code, malformed.json()["code"]) == (400, GENERAL + "VALIDATION_FAILED")
    assert len(calls(world)) == before
    assert kinds(world).count("key.revoked") == 1


def test_an_attestation_may_be_shown_again_with_its_key_until_that_is_final(world: World, desk: Desk) -> None:
    """After a lost answer the same key and attestation find out; another key with it gets nothing."""
    credential, key = desk.issued(), new_key()
    attestation = desk.attest("lock.revoke_key", desk.lock)
    world.fault(LOCKS, "applied_then_lost", match="POST")

    lost = desk.revoke(credential, X_Idempotency_Key=key, X_Mfa_Attestation=attestation)
    world.heal()
    demanded(desk.revoke(credential, X_Mfa_Attestation=attestation))
    found = desk.revoke(credential, X_Idempotency_Key=key, X_Mfa_Attestation=attestation)

    assert (lost.status_code, lost.json()["retry"]) == (503, "same_key")
    assert found.status_code == 200, found.text
    assert kinds(world).count("key.revoked") == 1


def test_the_lock_service_is_never_asked_twice_by_itself(world: World, desk: Desk) -> None:
    """No automatic retry: a broken answer is told, once."""
    credential = desk.issued()
    attestation = desk.attest("lock.revoke_key", desk.lock)
    world.fault(LOCKS, "error", status=503, match="POST")
    before = len(calls(world))

    assert desk.revoke(credential, X_Mfa_Attestation=attestation).status_code == 503

    assert len(calls(world)) == before + 1


def test_a_hanging_vendor_is_told_within_a_second(world: World, desk: Desk) -> None:
    """504 in time for the desk to do something else; the same key finds out later."""
    credential, key = desk.issued(), new_key()
    attestation = desk.attest("lock.revoke_key", desk.lock)
    world.fault(LOCKS, "hang", match="POST")

    started = time.monotonic()
    late = desk.revoke(credential, X_Idempotency_Key=key, X_Mfa_Attestation=attestation)
    took = time.monotonic() - started
    world.heal()

    assert (late.status_code, late.json()["retry"]) == (504, "same_key")
    assert took < 3.0, "0.75 s on a machine that has nothing else to do"
    again = desk.revoke(credential, X_Idempotency_Key=key, X_Mfa_Attestation=attestation)
    assert again.status_code == 200, again.text
    assert kinds(world).count("key.revoked") == 1


def test_a_lock_of_another_property_does_not_exist(world: World, desk: Desk) -> None:
    """404 before any second factor is demanded; nothing reaches the lock service but the question where it is."""
    elsewhere = {"X_Property_Id": world.properties()[1]}

    for answer in (desk.issue(**elsewhere), desk.revoke(f"key_{ULID()}", **elsewhere)):
        assert (answer.status_code, answer.json()["code"]) == (404, GENERAL + "RESOURCE_NOT_FOUND")
    assert calls(world) == []


def test_a_lock_action_carries_the_whole_envelope(world: World, desk: Desk) -> None:
    """Operator, device, tenant, property, role, session, request, time, build and attestation (contract, section 5)."""
    attestation, session = desk.attest("lock.revoke_key", desk.lock), desk.desktop.get("/session").json()
    request_id = str(ULID())

    desk.revoke(desk.issued(), X_Mfa_Attestation=attestation, X_Request_Id=request_id, X_App_Version="1.4.2")

    sent = world.control("GET", f"requests?service={LOCKS}").json()
    headers = next(each["headers"] for each in sent if each["path"].endswith("/revoke"))
    assert {
        "X-Operator-Id": desk.operator["id"],
        "X-Device-Id": desk.desktop.device_id,
        "X-Tenant-Id": world.tenants[0],
        "X-Property-Id": world.properties()[0],
        "X-Operator-Roles": ",".join(sorted(session["roles"])),
        "X-Session-Id": session["id"],
        "X-App-Version": "1.4.2",
        "X-Mfa-Attestation": attestation,
    }.items() <= headers.items()
    assert f"req_{request_id}" in headers.values()
    assert headers["X-Occurred-At"].endswith("Z")


@pytest.mark.parametrize("whose", ["nobody's", "the other hotel's", "another company's"])
@pytest.mark.parametrize("act_of_money", ["refunds", "charges"])
def test_a_folio_that_does_not_exist_is_told_before_a_second_factor_is_demanded(
    world: World, desk: Desk, whose: str, act_of_money: str
) -> None:
    """404 and not 401, and the key is not used up (contract, section 2.1); nothing is posted."""
    elsewhere = {
        "nobody's": {"folioId": f"fol_{ULID()}"},
        "the other hotel's": next(
            each for each in world.people["reservations"]
            if each["propertyId"] == world.properties()[1] and each.get("folioId")
        ),
        "another company's": next(of_property(world, "in_house", tenant=1)),
    }[whose]["folioId"]  # fmt: skip
    amount = charge_of(world)["amount"]
    world.control("PUT", f"tenants/{world.tenants[0]}/policy", {"chargeLimit": {**amount, "amountMicro": "1"}})
    body = {"amount": amount, **({"reason": "Noise"} if act_of_money == "refunds" else {"description": "Tea"})}

    answer = act(desk.desktop, f"/folios/{elsewhere}/{act_of_money}", body)

    assert (answer.status_code, answer.json()["code"]) == (404, GENERAL + "RESOURCE_NOT_FOUND")
    assert effects(world, BILLING) == []


def test_where_nobody_can_say_whether_a_folio_exists_the_second_factor_is_demanded(world: World, desk: Desk) -> None:
    """What is away then is away for the refund too; nothing was done meanwhile."""
    world.fault(BILLING, "error", status=503)

    wish = {"amount": charge_of(world)["amount"], "reason": "Noise"}
    demanded(act(desk.desktop, f"/folios/{folio(world)}/refunds", wish))

    assert effects(world, BILLING) == []


def test_a_tenants_policy_may_demand_a_second_factor_to_issue(world: World, desk: Desk) -> None:
    """At once after it was set; with the attestation for issuing the key is issued."""
    world.control("PUT", f"tenants/{world.tenants[0]}/policy", {"issueKeyMfa": True})

    assert demanded(desk.issue()) == {"action": "lock.issue_key", "resource": desk.lock}
    attestation = desk.attest("lock.issue_key", desk.lock)

    assert desk.issue(X_Mfa_Attestation=attestation).status_code == 201
    assert kinds(world) == ["key.issued"]


def test_a_refund_is_bound_to_its_amount(world: World, desk: Desk) -> None:
    """401 names the amount; an attestation for another amount is none."""
    account, amount = folio(world), charge_of(world)["amount"]
    assert act(desk.desktop, f"/folios/{account}/payments", {"amount": amount}).status_code == 201
    path, body, key = f"/folios/{account}/refunds", {"amount": amount, "reason": "Complaint"}, new_key()

    step_up = demanded(act(desk.desktop, path, body, key=key))
    assert step_up == {"action": "folio.refund", "resource": account, "amount": amount}
    less = desk.attest("folio.refund", account, amount={**amount, "amountMicro": "1"})
    demanded(act(desk.desktop, path, body, key=key, X_Mfa_Attestation=less))
    right = desk.attest("folio.refund", account, amount=amount)
    done = act(desk.desktop, path, body, key=key, X_Mfa_Attestation=right)

    assert done.status_code == 201, done.text
    assert kinds(world, BILLING).count("refund.posted") == 1


@pytest.mark.parametrize(("quantity", "gated"), [(1, False), (2, False), (3, True)])
def test_a_charge_above_the_tenants_limit_needs_a_second_factor(
    world: World, desk: Desk, quantity: int, *, gated: bool
) -> None:
    """What counts is the whole of it, so many times the amount; the limit itself is not above it."""
    account, charge = folio(world), {**charge_of(world), "quantity": quantity}
    limit = {**charge["amount"], "amountMicro": str(int(charge["amount"]["amountMicro"]) * 2)}
    world.control("PUT", f"tenants/{world.tenants[0]}/policy", {"chargeLimit": limit})
    total = {**charge["amount"], "amountMicro": str(int(charge["amount"]["amountMicro"]) * quantity)}
    path, key = f"/folios/{account}/charges", new_key()

    answer = act(desk.desktop, path, charge, key=key)
    if gated:
        assert demanded(answer) == {"action": "folio.charge", "resource": account, "amount": total}
        attestation = desk.attest("folio.charge", account, amount=total)
        answer = act(desk.desktop, path, charge, key=key, X_Mfa_Attestation=attestation)

    assert answer.status_code == 201, answer.text
    assert kinds(world, BILLING) == ["charge.posted"]


def test_a_policy_that_can_not_be_known_lets_nobody_pass(world: World, desk: Desk) -> None:
    """Closed: without tenant-service no charge is posted, and the key is not used up by that."""
    path, key = f"/folios/{folio(world)}/charges", new_key()
    assert desk.desktop.get("/session").status_code == 200
    world.fault("tenant-service", "error", status=503)

    assert act(desk.desktop, path, charge_of(world), key=key).status_code == 503
    world.heal()

    assert act(desk.desktop, path, charge_of(world), key=key).status_code == 201


def test_a_code_proves_as_well(desk: Desk) -> None:
    """As it is, judged by iam-service; a code that was used is no proof any more."""
    body = {"factor": "totp", "action": "lock.revoke_key", "resource": desk.lock}
    body["proof"] = code_of(desk.operator["totpSecret"])

    first = desk.desktop.request("POST", "/auth/mfa/step-up", json_body=body)
    again = desk.desktop.request("POST", "/auth/mfa/step-up", json_body=body)

    assert first.status_code == 201, first.text
    assert set(first.json()) >= {"attestationId", "action", "resource", "expiresAt"}
    assert again.status_code == 401
    assert again.json()["code"] == "MELMASTOON.IAM.MFA_INVALID"
    assert 'error="insufficient_user_authentication"' in again.headers["WWW-Authenticate"]


def test_wrong_codes_are_limited(desk: Desk) -> None:
    """After some of them nobody listens for a while, and the answer says for how long."""
    body = {"factor": "totp", "proof": "wrong!", "action": "lock.revoke_key", "resource": desk.lock}

    answers = [desk.desktop.request("POST", "/auth/mfa/step-up", json_body=body) for _ in range(12)]

    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_wrong_codes_of_a_desk_are_limited_here_whatever_the_factor(world: World, desk: Desk) -> None:
    """Codes, recovery codes and assertions count together; iam-service does not hear of those that are too many."""
    body = {"proof": "wrong!", "action": "lock.revoke_key", "resource": desk.lock}
    before = asked(world)

    answers = [
        Described.by(world).check(
            desk.desktop.request("POST", "/auth/mfa/step-up", json_body={**body, "factor": factor})
        )
        for factor in ("totp", "recovery", "webauthn") * 3
    ]

    assert [each.status_code for each in answers] == [401] * 8 + [429]
    assert answers[-1].json()["code"] == GENERAL + "RATE_LIMITED"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 300
    assert asked(world) - before == 8
    colleague = Desk.of(world, "front_desk")
    colleague.attest("lock.revoke_key", desk.lock)


def test_a_code_that_held_forgets_the_wrong_ones_and_one_that_was_not_judged_does_not_count(
    world: World, desk: Desk
) -> None:
    """Six wrong ones, iam-service away four times, a right one, and three wrong ones again: nobody is locked out."""
    body = {"factor": "recovery", "proof": "wrong!", "action": "lock.revoke_key", "resource": desk.lock}

    def wrong() -> int:
        return desk.desktop.request("POST", "/auth/mfa/step-up", json_body=body).status_code

    assert [wrong() for _ in range(6)] == [401] * 6
    world.fault("iam-service", "error", status=503, match="POST /api/v1/auth/step-up")
    assert [wrong() for _ in range(4)] == [503] * 4
    world.heal()
    desk.attest("lock.revoke_key", desk.lock)
    assert [wrong() for _ in range(3)] == [401] * 3


def asked(world: World) -> int:
    """How often iam-service was asked to judge a second factor."""
    sent = world.control("GET", "requests?service=iam-service").json()
    return sum(each["path"].endswith("/step-up/attest") for each in sent)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"factor": "sms"}, "body.factor"),
        ({"proof": ""}, "body.proof"),
        ({"action": "lock.open"}, "body.action"),
        ({"resource": "room 7"}, "body.resource"),
        ({"action": "folio.refund"}, "body.resource"),
        ({"action": "folio.refund", "resource": f"fol_{ULID()}"}, "body.amount"),
    ],
    ids=["factor", "proof", "action", "resource", "resource of another act", "amount"],
)
def test_a_step_up_of_the_wrong_shape_names_the_place(desk: Desk, change: dict[str, Any], field: str) -> None:
    """400, and iam-service is not asked."""
    body = {"factor": "totp", "proof": "123456", "action": "lock.revoke_key", "resource": desk.lock, **change}

    answer = desk.desktop.request("POST", "/auth/mfa/step-up", json_body=body)

    assert (answer.status_code, answer.json()["code"]) == (400, GENERAL + "VALIDATION_FAILED")
    assert [each["field"] for each in answer.json()["errors"]] == [field]
