"""Sign-in, refresh, sessions and second factors at the simulated iam-service."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import jwt
import pytest
from joserfc.jwk import ECKey

from platform_sim.second_factors import totp, webauthn_stand_in
from platform_sim.simulator import utc_now


def test_every_operator_signs_in_without_a_code(world, desktop):
    """Each seed operator signs in with password and proof alone, on one shared desktop of the tenant."""
    desks = {tenant["id"]: desktop(tenant["id"]) for tenant in world["tenants"]}
    statuses = {
        person["username"]: desks[person["tenantId"]].sign_in(person).status_code for person in world["operators"]
    }
    assert set(statuses.values()) == {200}


def test_access_token_says_what_the_contract_says(sim, operator, desktop, claims):
    """An access token is signed by a key of the published set and carries every claim of the contract."""
    person = operator()
    desk = desktop(person["tenantId"])
    answer = desk.sign_in(person).json()
    token = claims(answer["accessToken"])
    assert answer["tokenType"] == "DPoP"
    assert answer["expiresIn"] == 900
    assert (token["sub"], token["tid"], token["device_id"]) == (person["id"], person["tenantId"], desk.device_id)
    assert token["sid"].startswith("ses_")
    assert "bff-backoffice" in token["aud"]
    assert token["cnf"]["jkt"] == desk.key.thumbprint()
    assert token["exp"] - token["iat"] == 900
    assert {"iss", "acr", "auth_time", "nbf", "jti"} <= token.keys()
    keys = sim.http.get("/iam-service/.well-known/jwks.json").json()
    [key] = jwt.PyJWKSet.from_dict(keys).keys
    assert jwt.decode(answer["accessToken"], key, algorithms=["EdDSA"], audience="bff-backoffice") == token


def test_rotated_keys_stay_for_one_rotation(sim, launch, halt):
    """After a rotation new tokens have a new key, and the key before it stays in the set, also across a reset."""
    own = launch("--seed", "3")
    try:
        address = "/iam-service/.well-known/jwks.json"
        before = [key["kid"] for key in own.http.get(address).json()["keys"]]
        assert own.http.post("/_control/iam/rotate-keys").status_code == 204
        own.http.post("/_control/reset")
        after = [key["kid"] for key in own.http.get(address).json()["keys"]]
        own.http.post("/_control/iam/rotate-keys")
        last = [key["kid"] for key in own.http.get(address).json()["keys"]]
    finally:
        assert halt(own) == 0
    assert (len(before), after[1:], last[1:]) == (1, before, after[:1])
    assert len({*before, *after, *last}) == 3
    assert sim.http.get(address).json()["keys"][0]["kid"] not in {*before, *after, *last}


def test_ttl_shortens_the_access_token(operator, desktop, claims):
    """`?ttl=` shortens an access token, and never lengthens one."""
    person = operator()
    desk = desktop(person["tenantId"])
    answer = desk.sign_in(person, ttl=3).json()
    token = claims(answer["accessToken"])
    assert (answer["expiresIn"], token["exp"] - token["iat"]) == (3, 3)
    assert desk.sign_in(person, ttl=901).status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "wrong"}, 401, "MELMASTOON.IAM.INVALID_CREDENTIALS"),
        ({"username": "nobody@kabul-grand.example"}, 401, "MELMASTOON.IAM.INVALID_CREDENTIALS"),
        ({"deviceId": "dev_01JGFJJZ00000000000000000Z"}, 403, "MELMASTOON.IAM.DEVICE_NOT_REGISTERED"),
        ({"totp": "000000"}, 401, "MELMASTOON.IAM.MFA_INVALID"),
        ({"password": 7}, 400, "MELMASTOON.GENERAL.VALIDATION_FAILED"),
    ],
)
def test_wrong_sign_ins_are_refused(operator, desktop, change, status, code):
    """A wrong password, user, device or code is refused with iam's own code in a problem document."""
    person = operator()
    answer = desktop(person["tenantId"]).sign_in(person, **change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_device_of_another_tenant_is_refused(world, operator, desktop):
    """A device that is registered with another tenant is not registered with this one."""
    person = operator("kabul-grand")
    other = next(tenant["id"] for tenant in world["tenants"] if tenant["slug"] == "marjan")
    assert desktop(other).sign_in(person).json()["code"] == "MELMASTOON.IAM.DEVICE_NOT_REGISTERED"


@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "GET"},
        {"htu": "http://127.0.0.1:1/iam-service/api/v1/auth/sign-in"},
        {"iat": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"jti": ""},
        {"jti": "x" * 129},
        {"iat": "now"},
    ],
)
def test_wrong_proofs_are_refused(operator, desktop, changes):
    """A proof for another method, address or time, or without a usable `jti`, opens nothing."""
    person = operator()
    desk = desktop(person["tenantId"])
    answer = desk.sign_in(person, proof=desk.proof(desk.sign_in_url, **changes))
    assert (answer.status_code, answer.json()["code"]) == (401, "MELMASTOON.IAM.PROOF_INVALID")
    assert answer.headers["www-authenticate"].startswith("DPoP ")


def test_forged_proofs_are_refused(operator, desktop):
    """A proof with a broken signature, none at all, or used before, opens nothing."""
    person = operator()
    desk = desktop(person["tenantId"])
    proof = desk.proof(desk.sign_in_url)
    head, claims, signature = proof.split(".")
    forged = f"{head}.{claims}.{'A' * len(signature)}"
    assert desk.sign_in(person, proof=forged).status_code == 401
    assert desk.sign_in(person, proof=f"{proof}, {proof}").status_code == 401
    assert desk.sign_in(person, proof=proof).status_code == 200
    assert desk.sign_in(person, proof=proof).status_code == 401


def test_device_keeps_its_first_key_until_reset(sim, operator, desktop):
    """The key of a device's first sign-in is bound: another one is refused until the world is reset."""
    person = operator()
    desk = desktop(person["tenantId"])
    assert desk.sign_in(person).status_code == 200
    desk.key = ECKey.generate_key("P-256")
    refused = desk.sign_in(person)
    assert (refused.status_code, refused.json()["code"]) == (403, "MELMASTOON.IAM.DEVICE_KEY_MISMATCH")
    sim.http.post("/_control/reset")
    assert desk.sign_in(person).status_code == 200


def test_refresh_rotates_and_repeats_within_its_window(operator, desktop, claims):
    """A refresh rotates the token; the same token from the same key at once gets the same answer again."""
    person = operator()
    desk = desktop(person["tenantId"])
    first = desk.sign_in(person).json()
    rotated = desk.refresh(first["refreshToken"])
    again = desk.refresh(first["refreshToken"])
    assert rotated.status_code == 200
    assert rotated.content == again.content
    assert rotated.json()["refreshToken"] != first["refreshToken"]
    assert claims(rotated.json()["accessToken"])["sid"] == claims(first["accessToken"])["sid"]
    assert desk.refresh(rotated.json()["refreshToken"]).status_code == 200


def test_refresh_belongs_to_its_key(operator, desktop):
    """A refresh token in the hands of another key is worth nothing, and its owner keeps it."""
    person = operator()
    desk = desktop(person["tenantId"])
    token = desk.sign_in(person).json()["refreshToken"]
    own = desk.key
    desk.key = ECKey.generate_key("P-256")
    stolen = desk.refresh(token)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "MELMASTOON.IAM.REFRESH_INVALID")
    desk.key = own
    assert desk.refresh(token).status_code == 200


def test_session_is_validated_and_revoked(sim, operator, desktop, claims):
    """A session is active for its own user, device and key, until it is revoked, which is published."""
    person = operator()
    desk = desktop(person["tenantId"])
    issued = desk.sign_in(person).json()
    token = claims(issued["accessToken"])
    address = f"/iam-service/api/v1/sessions/{token['sid']}"
    headers = {"X-Tenant-Id": person["tenantId"].replace("tnt_", "ten_")}
    facts = {"userId": person["id"], "deviceId": desk.device_id, "keyThumbprint": token["cnf"]["jkt"]}

    def validate(**changes):
        return sim.http.post(f"{address}/validate", json=facts | changes, headers=headers)

    assert validate().json()["active"] is True
    assert validate(keyThumbprint="other").json() == {"active": False, "reason": "not_this_users"}
    for _ in range(2):
        assert sim.http.post(f"{address}/revoke", json={"reason": "signed_out"}, headers=headers).status_code == 204
    assert validate().json() == {"active": False, "reason": "signed_out"}
    assert desk.refresh(issued["refreshToken"]).status_code == 401
    subject = "melmastoon.iam.session.revoked.v1"
    told = sim.http.get("/_control/events", params={"subject": subject}).json()
    ours = [entry["envelope"]["payload"] for entry in told if entry["envelope"]["payload"]["sessionId"] == token["sid"]]
    assert [event["reason"] for event in ours] == ["signed_out"]
    assert ours[0]["deviceId"] == desk.device_id


def test_foreign_and_unknown_sessions_are_refused(sim, world, operator, desktop, claims):
    """Another tenant's session is refused with 403, an unknown one with 404, and a call without tenant with 400."""
    person = operator("kabul-grand")
    sid = claims(desktop(person["tenantId"]).sign_in(person).json()["accessToken"])["sid"]
    other = next(tenant["id"] for tenant in world["tenants"] if tenant["slug"] == "marjan").replace("tnt_", "ten_")
    body = {"userId": "u", "deviceId": "d", "keyThumbprint": "k"}

    def validate(session, headers):
        return sim.http.post(f"/iam-service/api/v1/sessions/{session}/validate", json=body, headers=headers)

    assert validate(sid, {"X-Tenant-Id": other}).status_code == 403
    assert validate(sid, {"X-Tenant-Id": other}).json()["code"] == "MELMASTOON.GENERAL.TENANT_FORBIDDEN"
    assert validate("ses_01JGFJJZ00000000000000000Z", {"X-Tenant-Id": other}).status_code == 404
    assert validate(sid, {}).status_code == 400
    assert validate(sid, {"X-Tenant-Id": person["tenantId"]}).status_code == 400


def test_second_factors_hold_once(sim, operator, desktop):
    """A TOTP code and a recovery code hold once each; the authenticator's answer holds for its action only."""
    person = operator()
    desk = desktop(person["tenantId"])
    headers = {"X-Tenant-Id": person["tenantId"].replace("tnt_", "ten_")}

    def attest(factor, proof, action="lock.revoke_key"):
        facts = {"userId": person["id"], "deviceId": desk.device_id, "factor": factor, "proof": proof}
        address = "/iam-service/api/v1/auth/step-up/attest"
        return sim.http.post(address, json=facts | {"action": action, "resource": "lck_1"}, headers=headers).status_code

    code = totp(person["totpSecret"], utc_now())
    assert [attest("totp", code), attest("totp", code)] == [200, 401]
    recovery = person["recoveryCodes"][0]
    assert [attest("recovery", recovery), attest("recovery", recovery)] == [200, 401]
    signature = webauthn_stand_in(person["totpSecret"], "lock.revoke_key", "lck_1")
    assert [attest("webauthn", signature), attest("webauthn", signature, "folio.refund")] == [200, 401]
    assert attest("carrier-pigeon", "coo") == 400
    # Ten wrong ones within five minutes, and iam stops listening, also to a right one.
    for _ in range(7):
        attest("totp", "nonsense")
    assert attest("recovery", person["recoveryCodes"][1]) == 429


def test_sign_in_with_a_code_is_stronger(operator, desktop, claims):
    """A sign-in with a TOTP code says so in `acr`."""
    person = operator()
    answer = desktop(person["tenantId"]).sign_in(person, totp=totp(person["totpSecret"], utc_now()))
    assert claims(answer.json()["accessToken"])["acr"] == "urn:melmastoon:acr:mfa-recent"


def test_totp_is_rfc_6238():
    """The code generator agrees with the test vectors of RFC 6238, appendix B (their last six digits)."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"}
    assert {at: totp(secret, datetime.fromtimestamp(at, UTC)) for at in vectors} == vectors
