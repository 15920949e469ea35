"""What a DPoP proof must say for one request, and how long it must be remembered (RFC 9449 sections 4.3 and 11.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from bff_backoffice.domain.device_proof.access_claims import numeric_date
from bff_backoffice.domain.device_proof.challenges import proof_invalid
from bff_backoffice.domain.device_proof.request_target import PublicOrigins

__all__ = [
    "PROOF_FUTURE",
    "PROOF_PAST",
    "VerifiedProof",
    "accept_proof_claims",
    "accepted_until",
    "replay_digest",
    "replay_ttl_ms",
    "require_body",
    "require_key_binding",
]

PROOF_PAST: Final = timedelta(seconds=60)
"""How old a proof may be: a slow link, a clock that is behind (contract section 3)."""

PROOF_FUTURE: Final = timedelta(seconds=10)
"""How far ahead a proof may be: a clock that is before ours. A store without memory waits as long as this."""

_REPLICA_SKEW: Final = timedelta(seconds=10)
"""A replay key outlives its proof by this, for a replica whose clock is behind the one that set the key."""

_REMEMBERED: Final = 4096
"""Tokens whose hash is remembered: every device shows the same one until it is refreshed."""

_MAX_JTI: Final = 128
_MAX_NONCE: Final = 256
_DIGEST: Final = re.compile(r"sha-256=:(?P<digest>[A-Za-z0-9+/]{43}=):\Z")
"""One RFC 9530 digest, written as the `Content-Digest` header writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedProof:
    """A proof whose signature and claims hold for this request; only its first use is not yet known.

    `thumbprint` is the RFC 7638 thumbprint of the key, `target` the canonical address, `issued_at` aware and in UTC.
    `body_digest` is a SHA-256 digest, where the client signed one.
    """

    thumbprint: str
    jti: str
    issued_at: datetime
    method: str
    target: str
    nonce: str | None = None
    body_digest: bytes | None = None

    @property
    def digest(self) -> str:
        """The replay key of this proof."""
        return replay_digest(self.thumbprint, self.method, self.target, self.jti)


def accepted_until(issued_at: datetime) -> datetime:
    """The last moment at which a proof of `issued_at` could be accepted."""
    return issued_at + PROOF_PAST


def replay_ttl_ms(issued_at: datetime, *, now: datetime) -> int:
    """How long a proof must be remembered, in milliseconds: as long as it could be accepted, and a little more.

    Counted from `iat` and not from now: a proof from the future lives longer (the mistake of Keycloak#43505). Never
    less than the skew between replicas, so it is never zero or negative.
    """
    remaining = max(accepted_until(issued_at) - now, timedelta(0)) + _REPLICA_SKEW
    return math.ceil(remaining / timedelta(milliseconds=1))


def replay_digest(thumbprint: str, method: str, target: str, jti: str) -> str:
    """The name under which a proof is remembered: 43 characters that tell nothing of whom it belongs to.

    The key's thumbprint is in it, so nobody can use up another device's `jti`. Method and target are the canonical
    ones, so no other spelling of the same request is a new one. `jti` comes last and no other part can hold a NUL, so
    no two different proofs run into the same text. Lone surrogates, which JSON can spell, are kept as they are.
    """
    text = f"{thumbprint}\0{method}\0{target}\0{jti}".encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


def require_key_binding(thumbprint: str, proof: VerifiedProof) -> None:
    """Raise `PROOF_INVALID` unless the proof's key is the one that the token is bound to (`cnf.jkt`).

    The comparison takes the same time wherever the two differ.
    """
    if not hmac.compare_digest(thumbprint.encode(), proof.thumbprint.encode()):
        raise proof_invalid()


def require_body(proof: VerifiedProof, body: bytes) -> None:
    """Raise `PROOF_INVALID` when the proof signs a body digest and the body is another.

    Without a digest all is well.
    """
    if proof.body_digest is None:
        return
    if not hmac.compare_digest(proof.body_digest, hashlib.sha256(body).digest()):
        raise proof_invalid()


def _text(claims: Mapping[str, object], name: str, *, longest: int | None = None) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value or (longest is not None and len(value) > longest):
        raise proof_invalid()
    return value


def _body_digest(claims: Mapping[str, object]) -> bytes | None:
    if "digest" not in claims:
        return None
    match = _DIGEST.match(_text(claims, "digest"))
    if match is None:
        raise proof_invalid()
    return base64.b64decode(match["digest"])


@lru_cache(_REMEMBERED)
def _hash_of(access_token: str) -> bytes:
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def _require_hash_of(access_token: str, claims: Mapping[str, object]) -> None:
    if not hmac.compare_digest(_hash_of(access_token), _text(claims, "ath").encode("utf-8", "surrogatepass")):
        raise proof_invalid()


def _issued_at(claims: Mapping[str, object], now: datetime) -> datetime:
    issued_at = numeric_date(claims.get("iat"))
    if issued_at is None or not now - PROOF_PAST <= issued_at <= now + PROOF_FUTURE:
        raise proof_invalid("The proof is too old or from the future")
    if "exp" in claims:
        expires_at = numeric_date(claims["exp"])
        if expires_at is None or now >= expires_at:
            raise proof_invalid("The proof is too old or from the future")
    if "nbf" in claims:
        not_before = numeric_date(claims["nbf"])
        if not_before is None or not_before > now + PROOF_FUTURE:
            raise proof_invalid("The proof is too old or from the future")
    return issued_at


def accept_proof_claims(
    claims: Mapping[str, object],
    *,
    thumbprint: str,
    method: str,
    path: str,
    origins: PublicOrigins,
    access_token: str | None,
    now: datetime,
) -> VerifiedProof:
    """Return the proof when its claims are for this request, else raise the refusal `PROOF_INVALID`.

    `path` is the path as requested, with its escapes and without its query. `access_token` is None for a refresh, which
    has none to be bound to; otherwise `ath` must be its hash. Members that are not known are ignored. `now` is read
    once by the caller: two readings could disagree about one proof.
    """
    jti = _text(claims, "jti", longest=_MAX_JTI)
    if _text(claims, "htm") != method:
        raise proof_invalid()
    target = origins.match(_text(claims, "htu"), path)
    if target is None:
        raise proof_invalid()
    issued_at = _issued_at(claims, now)
    if access_token is not None:
        _require_hash_of(access_token, claims)
    nonce = _text(claims, "nonce", longest=_MAX_NONCE) if "nonce" in claims else None
    return VerifiedProof(
        thumbprint=thumbprint,
        jti=jti,
        issued_at=issued_at,
        method=method,
        target=target,
        nonce=nonce,
        body_digest=_body_digest(claims),
    )
