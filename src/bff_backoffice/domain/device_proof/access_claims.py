"""What an access token of iam-service must say, once its signature is known to be good (contract section 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bff_backoffice.domain.device_proof.challenges import token_expired, token_invalid
from bff_backoffice.domain.operator import DeviceId, IamSessionId, MalformedIdentifierError, OperatorId, TenantId

__all__ = ["AccessClaims", "TokenRules", "accept_access_claims", "numeric_date"]

_LAST_SECOND: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that a `datetime` can hold."""

_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")
"""base64url of a SHA-256 digest, without padding (RFC 7638)."""

_MAX_TEXT: Final = 256
"""Characters of a `jti` or an `acr`. iam-service's are about 30; the rest is room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What this deployment demands of access tokens.

    `future_skew` forgives iam-service a clock that is ahead of ours (60 s at most). `expiry_skew` is none: a token that
    has expired by our clock is refused, so that a stream that ends at `exp` can't be opened again after it.
    """

    issuer: str
    audience: str = "bff-backoffice"
    future_skew: timedelta = timedelta(seconds=60)
    expiry_skew: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """A verified access token. `key_thumbprint` is its `cnf.jkt`; times are aware, in UTC."""

    issuer: str
    tenant_id: TenantId
    operator_id: OperatorId
    device_id: DeviceId
    iam_session_id: IamSessionId
    key_thumbprint: str
    acr: str | None
    auth_time: datetime | None
    issued_at: datetime
    not_before: datetime
    expires_at: datetime
    jti: str

    def require_current(self, rules: TokenRules, *, now: datetime) -> None:
        """Raise `TOKEN_EXPIRED` or `TOKEN_INVALID` when the token is of the past or of the future."""
        if self.issued_at > now + rules.future_skew or self.not_before > now + rules.future_skew:
            raise token_invalid()
        if now >= self.expires_at + rules.expiry_skew:
            raise token_expired()


def numeric_date(value: object) -> datetime | None:
    """A `NumericDate` (RFC 7519 section 2) as a moment, or None where the value is not one.

    Neither a text nor a truth value nor NaN is a date, whatever Python's comparisons make of them.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        return None
    return datetime.fromtimestamp(value, UTC)


def _required_date(claims: Mapping[str, object], name: str) -> datetime:
    moment = numeric_date(claims.get(name))
    if moment is None:
        raise token_invalid()
    return moment


def _optional_date(claims: Mapping[str, object], name: str) -> datetime | None:
    return _required_date(claims, name) if name in claims else None


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise token_invalid()
    return value


def _thumbprint(claims: Mapping[str, object]) -> str:
    confirmation = claims.get("cnf")
    thumbprint = confirmation.get("jkt") if isinstance(confirmation, Mapping) else None
    if not isinstance(thumbprint, str) or not _THUMBPRINT.match(thumbprint):
        # A token that is bound to no key is a bearer token, and those are not taken, whoever brings a proof along.
        raise token_invalid()
    return thumbprint


def accept_access_claims(claims: Mapping[str, object], rules: TokenRules, *, now: datetime) -> AccessClaims:
    """Return the claims of a token that is ours, whole and current.

    Raises `TOKEN_EXPIRED` for one that only came too late, `TOKEN_INVALID` for everything else; the detail is the same
    for every cause. `nbf` may be missing (then `iat` counts), as may `acr` and `auth_time`, which step-up then finds
    wanting.
    """
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != rules.issuer or rules.audience not in audiences:
        raise token_invalid()
    issued_at = _required_date(claims, "iat")
    try:
        accepted = AccessClaims(
            issuer=rules.issuer,
            tenant_id=TenantId.parse(claims.get("tid")),
            operator_id=OperatorId.parse(claims.get("sub")),
            device_id=DeviceId.parse(claims.get("device_id")),
            iam_session_id=IamSessionId.parse(claims.get("sid")),
            key_thumbprint=_thumbprint(claims),
            acr=_text(claims["acr"]) if "acr" in claims else None,
            auth_time=_optional_date(claims, "auth_time"),
            issued_at=issued_at,
            not_before=_optional_date(claims, "nbf") or issued_at,
            expires_at=_required_date(claims, "exp"),
            jti=_text(claims.get("jti")),
        )
    except MalformedIdentifierError:
        raise token_invalid() from None
    accepted.require_current(rules, now=now)
    return accepted
