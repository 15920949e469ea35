"""iam-service: sessions, refresh, the key set. It calls a tenant `ten_`.

Nothing here is retried (platform facts, A9): a refresh that was answered late is asked for again by the desktop, with
the same token, and gets the same answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta
from msgspec.json import Decoder, Encoder
from ulid import ULID

from bff_backoffice.application.ports import UpstreamRefusedError, UpstreamUnavailableError
from bff_backoffice.application.sessions.ports import RefreshedTokens, SessionValidation
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.dialect import Wire, relabelled, ulid_of
from bff_backoffice.infrastructure.http import Bounds, Call, Upstream, UpstreamClient

__all__ = ["SERVICE", "IamGateway"]

_VALIDATE_SECONDS: Final = 0.2
_NOT_FOUND: Final = 404
_UNKNOWN: Final = "unknown"

SERVICE: Final = Upstream(name="iam-service", limit_seconds=0.6, retries=0, refuses_with_401=True)
"""A 401 of iam speaks of the operator's refresh token or second factor: it is an answer, not this service's failure."""

_Token = Annotated[str, Meta(min_length=1, max_length=16_384)]


class _Validation(Wire, frozen=True):
    active: bool
    reason: str | None = None
    user_id: str | None = None
    device_id: str | None = None


class _Tokens(Wire, frozen=True):
    access_token: _Token
    refresh_token: _Token
    expires_in: Annotated[int, Meta(ge=1)]


class _KeySet(Wire, frozen=True):
    keys: list[dict[str, msgspec.Raw]]


class _Verdict(Wire, frozen=True):
    verified: bool


_VERDICT: Final = Decoder(_Verdict)
_VALIDATION: Final = Decoder(_Validation)
_TOKENS: Final = Decoder(_Tokens)
_KEY_SET: Final = Decoder(_KeySet)
_ENCODER: Final = Encoder()


@dataclass(frozen=True, slots=True)
class IamGateway:
    """The authority on sessions.

    Its writes are all safe to repeat (a session is validated or revoked as often as one likes, a refresh token gets the
    same answer for 30 s), so a kept connection that turned out to be dead is replaced without anybody noticing.
    `validate_seconds` limits a validation, which the first request of a device waits for.
    """

    client: UpstreamClient
    validate_seconds: float = _VALIDATE_SECONDS

    async def validate_session(
        self,
        session_id: IamSessionId,
        *,
        tenant_id: TenantId,
        operator_id: OperatorId,
        device_id: DeviceId,
        key_thumbprint: str,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> SessionValidation:
        """Ask whether the session is still this operator's, on this device, with this key.

        A session that iam does not know is not active, for the reason `unknown`. `key_thumbprint` is RFC 7638's.
        """
        call = Call(
            operation="validate_session",
            method="POST",
            path=f"/api/v1/sessions/{_segment(session_id)}/validate",
            bounds=Bounds(deadline=deadline, request_id=request_id, traceparent=traceparent),
            headers={"X-Tenant-Id": relabelled(tenant_id, "ten"), "X-Device-Id": device_id},
            body=_ENCODER.encode(
                {"userId": str(operator_id), "deviceId": str(device_id), "keyThumbprint": key_thumbprint}
            ),
            decode=partial(_validation, operator_id, device_id),
            limit_seconds=self.validate_seconds,
            repeatable=True,
        )
        try:
            return await self.client.run(call)
        except UpstreamRefusedError as refusal:
            if refusal.status == _NOT_FOUND:
                return SessionValidation(active=False, reason=_UNKNOWN)
            # It refuses this service's own question, which says nothing about the operator who waits for the answer.
            raise UpstreamUnavailableError(refusal.upstream, f"refused with {refusal.status}") from refusal

    async def refresh(
        self,
        refresh_token: str,
        *,
        proof: str,
        device_id: str | None,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> RefreshedTokens:
        """Exchange a refresh token. The desktop's proof travels as it came: iam checks its key against the family's.

        Raises:
            UpstreamRefusedError: 401 `MELMASTOON.IAM.REFRESH_INVALID` for a token that is used up, expired, or of
                another key.
        """
        return await self.client.run(
            Call(
                operation="refresh",
                method="POST",
                path="/api/v1/auth/refresh",
                bounds=Bounds(deadline=deadline, request_id=request_id, traceparent=traceparent),
                headers={"DPoP": proof, **({} if device_id is None else {"X-Device-Id": device_id})},
                body=_ENCODER.encode({"refreshToken": refresh_token}),
                decode=_tokens,
                repeatable=True,
            )
        )

    async def attest(
        self,
        operator_id: OperatorId,
        *,
        tenant_id: TenantId,
        device_id: DeviceId,
        factor: str,
        proof: str,
        action: str,
        resource: str,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> None:
        """Have a second factor judged. A code is used up by that, so the call is never repeated.

        Raises:
            UpstreamRefusedError: 401 `MELMASTOON.IAM.MFA_INVALID`, 429 `MELMASTOON.IAM.MFA_THROTTLED`.
        """
        asked = {"factor": factor, "proof": proof, "action": action, "resource": resource}
        await self.client.run(
            Call(
                operation="attest",
                method="POST",
                path="/api/v1/auth/step-up/attest",
                bounds=Bounds(deadline=deadline, request_id=request_id, traceparent=traceparent),
                headers={"X-Tenant-Id": relabelled(tenant_id, "ten"), "X-Device-Id": device_id},
                body=_ENCODER.encode({"userId": str(operator_id), "deviceId": str(device_id), **asked}),
                decode=_verified,
            )
        )

    async def revoke_session(
        self,
        session_id: IamSessionId,
        *,
        tenant_id: TenantId,
        reason: str,
        request_id: str,
        traceparent: str,
        deadline: float,
    ) -> None:
        """End the session there; doing it again changes nothing. iam tells everyone by an event."""
        await self.client.run(
            Call(
                operation="revoke_session",
                method="POST",
                path=f"/api/v1/sessions/{_segment(session_id)}/revoke",
                bounds=Bounds(deadline=deadline, request_id=request_id, traceparent=traceparent),
                headers={"X-Tenant-Id": relabelled(tenant_id, "ten")},
                body=_ENCODER.encode({"reason": reason}),
                decode=_nothing,
                repeatable=True,
            )
        )

    async def key_set(self) -> bytes:
        """Return iam's JSON Web Key Set (RFC 7517) as it came; only that it is one has been checked.

        Keys are fetched for everybody who waits for them, so the call has a request id and a time limit of its own.
        """
        return await self.client.read(
            "key_set",
            "/.well-known/jwks.json",
            bounds=Bounds(deadline=math.inf, request_id=str(ULID()), traceparent=""),
            decode=_key_set,
        )


def _segment(session_id: IamSessionId) -> str:
    return quote(session_id, safe="")


def _validation(operator_id: OperatorId, device_id: DeviceId, body: bytes) -> SessionValidation:
    found = _VALIDATION.decode(body)
    if not found.active:
        return SessionValidation(active=False, reason=found.reason or _UNKNOWN)
    asked = (operator_id.ulid, device_id.ulid)
    if (ulid_of(found.user_id or ""), ulid_of(found.device_id or "")) != asked:
        raise ValueError("an answer about another session")
    return SessionValidation(active=True)


def _tokens(body: bytes) -> RefreshedTokens:
    found = _TOKENS.decode(body)
    return RefreshedTokens(
        access_token=found.access_token, refresh_token=found.refresh_token, expires_in=found.expires_in
    )


def _verified(body: bytes) -> None:
    if not _VERDICT.decode(body).verified:
        raise ValueError("neither verified nor refused")


def _nothing(_body: bytes) -> None:
    return None


def _key_set(body: bytes) -> bytes:
    _KEY_SET.decode(body)
    return body
