"""iam-service: sign-in, refresh, session validation and revocation, step-up, and the key set.

Sign-in is what the desktop calls; everything else is called by the backend-for-frontend.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import cache
from typing import Final

from platform_sim import second_factors
from platform_sim.dialect import Dialect, Refused
from platform_sim.ids import fresh_id
from platform_sim.kernel import Answer, Call, Route, Service, instant
from platform_sim.proofs import Proof, SigningKey, check_proof
from platform_sim.world.entities import Device, Operator
from platform_sim.world.identity import RefreshToken, Session

__all__ = ["ISSUER", "SERVICE", "revoke_session"]

ISSUER: Final = "https://iam.melmastoon.ghasi.io"
AUDIENCES: Final = ("bff-backoffice", "sync-service")
_ACCESS_SECONDS: Final = 900
_REFRESH_LIFE: Final = timedelta(days=30)
_REUSE_WINDOW: Final = timedelta(seconds=30)
_ACR_SINGLE_FACTOR: Final = "urn:melmastoon:acr:pwd"
_ACR_MFA: Final = "urn:melmastoon:acr:mfa-recent"


@cache
def _signing_key(seed: int, generation: int) -> SigningKey:
    return SigningKey(seed, generation)


# Sign-in and refresh


def sign_in(call: Call) -> Answer:
    """`POST /auth/sign-in`: password, optional TOTP code, and a proof that binds the device's key."""
    ttl = call.query_integer("ttl", _ACCESS_SECONDS, maximum=_ACCESS_SECONDS)
    username, password, device_id = call.text("username"), call.text("password"), call.text("deviceId")
    proof = _proof(call, address=f"{call.origin}/iam-service{call.path}")
    operator = call.world.operator_named(username)
    if operator is None or operator.password != password:
        raise _invalid_credentials()
    if operator.locked or operator.state == "removed":
        raise Refused(403, "MELMASTOON.IAM.USER_LOCKED", "the account is locked")
    device = _registered_device(call, operator, device_id)
    if device.bound_thumbprint not in {None, proof.thumbprint}:
        raise Refused(403, "MELMASTOON.IAM.DEVICE_KEY_MISMATCH", "the device is bound to another key")
    code = call.optional_text("totp")
    if code is not None:
        second_factors.verify(
            operator, "totp", code, action="sign-in", resource=device.id, now=call.now, identity=call.world.identity
        )
    device.bound_thumbprint = proof.thumbprint
    session = Session(
        id=fresh_id("ses"),
        tenant_id=operator.tenant_id,
        operator_id=operator.id,
        device_id=device.id,
        thumbprint=proof.thumbprint,
        amr=("pwd", "otp") if code else ("pwd",),
        opened_at=call.now,
        expires_at=call.now + _REFRESH_LIFE,
    )
    call.world.identity.sessions[session.id] = session
    call.effect("session.opened", session.id, tenant_id=session.tenant_id)
    call.publish(
        "iam.user.login_succeeded.v1",
        {"userId": operator.id, "sessionId": session.id, "deviceId": device.id},
        key=operator.id,
        tenant_id=operator.tenant_id,
    )
    return Answer(body=_issue(call, session, ttl), headers={"Cache-Control": "no-store"})


def refresh(call: Call) -> Answer:
    """`POST /auth/refresh`: rotate; the same token from the same key within 30 s gets the same answer again."""
    identity = call.world.identity
    presented = call.text("refreshToken")
    proof = _proof(call, address=None)
    token = identity.refresh_tokens.get(_fingerprint(presented))
    session = identity.sessions.get(token.session_id) if token else None
    if token is None or session is None or not _still_good(call, session, token, proof):
        raise _refresh_invalid()
    if token.rotated_at is not None:
        if call.now - token.rotated_at <= _REUSE_WINDOW and token.successor is not None:
            return Answer(body=token.successor, headers={"Cache-Control": "no-store"})
        # A token that was rotated long ago is in the wrong hands, or its thief was faster: the family ends. The refusal
        # is an answer, not an exception, so that the revocation's event goes out with it.
        revoke_session(call, session, "refresh_token_reuse")
        return _refresh_reused(call)
    token.successor = _issue(call, session, _ACCESS_SECONDS)
    token.rotated_at = call.now
    call.effect("session.refreshed", session.id, tenant_id=session.tenant_id)
    call.publish(
        "iam.session.refreshed.v1",
        {"sessionId": session.id, "userId": session.operator_id, "deviceId": session.device_id},
        key=session.id,
        tenant_id=session.tenant_id,
    )
    return Answer(body=token.successor, headers={"Cache-Control": "no-store"})


def _proof(call: Call, *, address: str | None) -> Proof:
    proofs = call.headers.getall("DPoP", [])
    return check_proof(
        proofs[0] if len(proofs) == 1 else None,
        address=address,
        path_suffix="/auth/refresh" if address is None else call.path,
        now=call.now,
        identity=call.world.identity,
    )


def _registered_device(call: Call, operator: Operator, device_id: str) -> Device:
    device = call.world.devices.get(device_id)
    if device is None or device.tenant_id != operator.tenant_id:
        raise Refused(403, "MELMASTOON.IAM.DEVICE_NOT_REGISTERED", "the device is not registered with this tenant")
    if device.locked:
        raise Refused(403, "MELMASTOON.IAM.DEVICE_LOCKED", "the device is locked")
    return device


def _still_good(call: Call, session: Session, token: RefreshToken, proof: Proof) -> bool:
    operator = call.world.operators[session.operator_id]
    device = call.world.devices[session.device_id]
    return (
        session.revoked_reason is None
        and min(session.expires_at, token.expires_at) > call.now
        and session.thumbprint == proof.thumbprint
        and call.headers.get("X-Device-Id", session.device_id) == session.device_id
        and not operator.locked
        and operator.state == "active"
        and not device.locked
    )


def _issue(call: Call, session: Session, ttl_seconds: int) -> dict[str, object]:
    issued_at = int(call.now.timestamp())
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": list(AUDIENCES),
        "sub": session.operator_id,
        "tid": session.tenant_id,
        "device_id": session.device_id,
        "sid": session.id,
        "acr": _ACR_MFA if "otp" in session.amr else _ACR_SINGLE_FACTOR,
        "auth_time": int(session.opened_at.timestamp()),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + ttl_seconds,
        "jti": fresh_id("jti"),
        "cnf": {"jkt": session.thumbprint},
    }
    refresh_token = f"{fresh_id('rft')}.{hashlib.sha256(fresh_id('rnd').encode()).hexdigest()}"
    call.world.identity.refresh_tokens[_fingerprint(refresh_token)] = RefreshToken(
        session_id=session.id, expires_at=call.now + _REFRESH_LIFE
    )
    return {
        "accessToken": _signing_key(call.world.seed, call.world.identity.key_generation).sign(claims),
        "refreshToken": refresh_token,
        "tokenType": "DPoP",
        "expiresIn": ttl_seconds,
    }


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _invalid_credentials() -> Refused:
    return Refused(401, "MELMASTOON.IAM.INVALID_CREDENTIALS", "the username or the password is wrong")


def _refresh_invalid() -> Refused:
    return Refused(401, "MELMASTOON.IAM.REFRESH_INVALID", "the refresh token is not good for this device")


def _refresh_reused(call: Call) -> Answer:
    refused = _refresh_invalid()
    body = call.service.dialect.error_body(
        refused, path=call.path, tenant_id=None, request_id=call.headers.get("X-Request-Id", ""), trace_id="0" * 32
    )
    return Answer(status=401, body=body, media_type="application/problem+json")


# Sessions


def validate(call: Call) -> Answer:
    """`POST /sessions/{id}/validate`: whether the session is still this user's, on this device, with this key."""
    session = call.own(call.world.identity.sessions.get(call.params["id"]), "session")
    foreign = (session.operator_id, session.device_id, session.thumbprint) != (
        call.text("userId"),
        call.text("deviceId"),
        call.text("keyThumbprint"),
    )
    reason = (
        session.revoked_reason
        or ("not_this_users" if foreign else None)
        or ("expired" if session.expires_at <= call.now else None)
        or ("user_locked" if call.world.operators[session.operator_id].locked else None)
        or ("device_locked" if call.world.devices[session.device_id].locked else None)
    )
    if reason is not None:
        return Answer(body={"active": False, "reason": reason})
    return Answer(
        body={
            "active": True,
            "userId": session.operator_id,
            "deviceId": session.device_id,
            "expiresAt": instant(session.expires_at),
        }
    )


def revoke(call: Call) -> Answer:
    """`POST /sessions/{id}/revoke`: end a session and tell the platform; doing it twice changes nothing."""
    session = call.own(call.world.identity.sessions.get(call.params["id"]), "session")
    if session.revoked_reason is None:
        revoke_session(call, session, call.optional_text("reason") or "requested")
    return Answer(status=204)


def revoke_session(call: Call, session: Session, reason: str) -> None:
    """End a session and publish `melmastoon.iam.session.revoked.v1`."""
    session.revoked_reason = reason
    call.effect("session.revoked", session.id, tenant_id=session.tenant_id)
    call.publish(
        "iam.session.revoked.v1",
        {
            "sessionId": session.id,
            "userId": session.operator_id,
            "deviceId": session.device_id,
            "reason": reason,
        },
        key=session.id,
        tenant_id=session.tenant_id,
    )


def attest(call: Call) -> Answer:
    """`POST /auth/step-up/attest`: whether this person just proved a second factor."""
    operator = call.own(call.world.operators.get(call.text("userId")), "user")
    call.own(call.world.devices.get(call.text("deviceId")), "device")
    factor = call.text("factor")
    second_factors.verify(
        operator,
        factor,
        call.text("proof"),
        action=call.text("action"),
        resource=call.text("resource"),
        now=call.now,
        identity=call.world.identity,
    )
    amr = {"totp": ["otp", "mfa"], "recovery": ["rc", "mfa"], "webauthn": ["hwk", "mfa"]}[factor]
    return Answer(body={"verified": True, "at": instant(call.now), "amr": amr})


def key_set(call: Call) -> Answer:
    """`GET /.well-known/jwks.json`: the key that signs access tokens now, and the one before it."""
    newest = call.world.identity.key_generation
    keys = [_signing_key(call.world.seed, each).public() for each in range(newest, max(-1, newest - 2), -1)]
    return Answer(body={"keys": keys}, headers={"Cache-Control": "public, max-age=300"})


SERVICE: Final = Service(
    name="iam-service",
    dialect=Dialect(
        domain="IAM",
        tenant_prefix="ten",
        key_format="uuid",
        error_type_root="https://errors.melmastoon.io",
        error_extras=("tenantId",),
        mismatch_code="MELMASTOON.GENERAL.TENANT_FORBIDDEN",
    ),
    routes=(
        Route(method="POST", path="/api/v1/auth/sign-in", handler=sign_in, tenant="none"),
        Route(method="POST", path="/api/v1/auth/refresh", handler=refresh, tenant="accepted"),
        Route(method="POST", path="/api/v1/auth/step-up/attest", handler=attest),
        Route(method="POST", path="/api/v1/sessions/{id}/validate", handler=validate),
        Route(method="POST", path="/api/v1/sessions/{id}/revoke", handler=revoke, idempotency="accepted"),
        Route(method="GET", path="/.well-known/jwks.json", handler=key_set, tenant="none"),
    ),
)
