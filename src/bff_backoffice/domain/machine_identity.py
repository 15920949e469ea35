"""Which of the platform's machines calls `/internal/*`, and what its identity token must say (contract, section 2).

The tokens are Google's OpenID Connect identity tokens of service accounts, as Cloud Scheduler and Pub/Sub push send
them: RS256, the audience and the account's address chosen by whoever set the caller up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from bff_backoffice.domain.errors import Code, Refusal

__all__ = [
    "IdentityRules",
    "Machine",
    "accept_identity_claims",
    "machine_credentials_missing",
    "machine_token_expired",
    "machine_token_invalid",
]

_LAST_SECOND: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that a `datetime` can hold."""

_SKEW: Final = timedelta(seconds=60)
"""How far the issuer's clock may be ahead of ours. A token that has expired by our clock is refused."""

_LONGEST_LIFE: Final = timedelta(hours=1, minutes=5)
"""Google's tokens live for an hour. One that lives longer was made by somebody else, or for something else."""


class Machine(Enum):
    """Who may call: each has an identity of its own, and is no good for the other's routes."""

    PUSH = "push"
    """Pub/Sub, which delivers events."""
    SCHEDULER = "scheduler"
    """Cloud Scheduler, which starts jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRules:
    """What this deployment demands of one machine's tokens: the exact issuer, audience and account."""

    issuer: str
    audience: str
    email: str


def machine_credentials_missing() -> Refusal:
    """The request brought no identity token (RFC 6750, section 3.1: without an error then)."""
    return Refusal(Code.TOKEN_INVALID, "An identity token is required", headers=(("WWW-Authenticate", "Bearer"),))


def machine_token_invalid() -> Refusal:
    """The token is not this machine's. Which check failed would help only its forger."""
    return Refusal(Code.TOKEN_INVALID, headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),))


def machine_token_expired() -> Refusal:
    """The token is genuine in everything else, and its time is over."""
    return Refusal(Code.TOKEN_EXPIRED, headers=(("WWW-Authenticate", 'Bearer error="invalid_token"'),))


def accept_identity_claims(claims: Mapping[str, object], rules: IdentityRules, *, now: datetime) -> None:
    """Accept the claims of a token whose signature is good.

    The account's address counts only where the issuer says that it is verified: another service account may carry any
    unverified one.

    Raises:
        Refusal: TOKEN_EXPIRED for one that only came too late, TOKEN_INVALID for everything else.
    """
    audience = claims.get("aud")
    if claims.get("iss") != rules.issuer or audience not in (rules.audience, [rules.audience]):
        raise machine_token_invalid()
    if claims.get("email") != rules.email or claims.get("email_verified") is not True:
        raise machine_token_invalid()
    issued_at, expires_at = _moment(claims.get("iat")), _moment(claims.get("exp"))
    not_before = _moment(claims["nbf"]) if "nbf" in claims else issued_at
    if max(issued_at, not_before) > now + _SKEW or expires_at - issued_at > _LONGEST_LIFE:
        raise machine_token_invalid()
    if now >= expires_at:
        raise machine_token_expired()


def _moment(value: object) -> datetime:
    """A `NumericDate` (RFC 7519, section 2). Neither a text nor a truth value nor NaN is one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise machine_token_invalid()
    return datetime.fromtimestamp(value, UTC)
