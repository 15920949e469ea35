"""DPoP proofs as iam checks them, and the key with which iam signs access tokens.

The simulator shares no code with the service around which it stands; this is the second opinion on RFC 9449.
"""

from __future__ import annotations

import base64
import hashlib
import json
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from platform_sim.dialect import Refused
from platform_sim.world.identity import Identity

__all__ = ["Proof", "SigningKey", "base64url", "check_proof"]

warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)

_KEYS: Final[dict[str, type[ECKey | OKPKey | RSAKey]]] = {
    "ES256": ECKey,
    "EdDSA": OKPKey,
    "Ed25519": OKPKey,
    "PS256": RSAKey,
}
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_OLDEST: Final = timedelta(seconds=60)
_NEWEST: Final = timedelta(seconds=10)
_LONGEST_PROOF: Final = 4096
_JOSE: Final = jws.JWSRegistry(algorithms=list(_KEYS), strict_check_header=False)
"""Takes header members that it does not know, as RFC 9449 wants."""
_JOSE.max_header_length = _LONGEST_PROOF
"""The library's own limit is 512 bytes, and the header of an RSA key is longer."""
_LONGEST_JTI: Final = 128


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SigningKey:
    """iam's Ed25519 key. It comes from the seed, so that tokens stay verifiable across resets and restarts."""

    def __init__(self, seed: int, generation: int = 0) -> None:
        secret = hashlib.sha256(f"iam signing key {seed}.{generation}".encode()).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(secret)
        self._x = base64url(self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": self._x}, separators=(",", ":"))
        self.kid = base64url(hashlib.sha256(canonical.encode()).digest())
        """The RFC 7638 thumbprint of the key."""

    def public(self) -> dict[str, str]:
        """The entry of the key set."""
        return {"kty": "OKP", "crv": "Ed25519", "x": self._x, "kid": self.kid, "use": "sig", "alg": "EdDSA"}

    def sign(self, claims: dict[str, object]) -> str:
        """An access token: a JWT of type `at+jwt` (RFC 9068)."""
        header = {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}
        signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
        return f"{signed}.{base64url(self._private.sign(signed.encode()))}"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof of possession that holds: whose key, and which proof."""

    thumbprint: str
    jti: str


def check_proof(
    header: str | None, *, address: str | None, path_suffix: str, now: datetime, identity: Identity
) -> Proof:
    """Check a DPoP proof for a POST (RFC 9449, section 4.3) and use it up, or raise `Refused` with 401.

    `address` is what `htu` must be, without query; None where only the end of the path can be known, because the proof
    was made for the service in front of iam.
    """
    if header is None or "," in header or len(header) > _LONGEST_PROOF:
        raise _refused("exactly one DPoP proof is needed")
    try:
        protected = jws.extract_compact(header.encode(), registry=_JOSE).headers()
        jwk, algorithm = protected.get("jwk"), protected.get("alg")
        if protected.get("typ") != "dpop+jwt" or algorithm not in _KEYS or not isinstance(jwk, dict):
            raise _refused("typ, alg or jwk is not what a proof has")
        if _PRIVATE_MEMBERS & jwk.keys():
            raise _refused("jwk holds a private key")
        key = _KEYS[algorithm].import_key(jwk)
        claims = json.loads(jws.deserialize_compact(header, key, registry=_JOSE).payload)
    except (JoseError, ValueError, TypeError, KeyError) as broken:
        raise _refused("not a well-formed and well-signed proof") from broken
    if not isinstance(claims, dict):
        raise _refused("the claims are not an object")
    _check_claims(claims, address=address, path_suffix=path_suffix, now=now)
    proof = Proof(thumbprint=key.thumbprint(), jti=claims["jti"])
    _use_up(proof, now, identity)
    return proof


def _check_claims(claims: dict[str, object], *, address: str | None, path_suffix: str, now: datetime) -> None:
    jti, htu, iat = claims.get("jti"), claims.get("htu"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI:
        raise _refused("jti is missing or too long")
    if claims.get("htm") != "POST":
        raise _refused("htm is another method")
    if not isinstance(htu, str) or not _same_target(htu, address, path_suffix):
        raise _refused("htu is another address")
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        raise _refused("iat is missing")
    if not now.timestamp() - _OLDEST.total_seconds() <= iat <= now.timestamp() + _NEWEST.total_seconds():
        raise _refused("iat is too far from now")


def _same_target(htu: str, address: str | None, path_suffix: str) -> bool:
    try:
        claimed, expected = urlsplit(htu), urlsplit(address or htu)
        same_place = (claimed.scheme.lower(), claimed.hostname, claimed.port) == (
            expected.scheme.lower(),
            expected.hostname,
            expected.port,
        )
    except ValueError:
        return False
    return (
        bool(claimed.hostname) and same_place and claimed.path == expected.path and claimed.path.endswith(path_suffix)
    )


def _use_up(proof: Proof, now: datetime, identity: Identity) -> None:
    for seen in [seen for seen, until in identity.seen_proofs.items() if until < now]:
        del identity.seen_proofs[seen]
    if (proof.thumbprint, proof.jti) in identity.seen_proofs:
        raise _refused("the proof was used before")
    identity.seen_proofs[proof.thumbprint, proof.jti] = now + _OLDEST + _NEWEST


def _refused(why: str) -> Refused:
    return Refused(
        401,
        "MELMASTOON.IAM.PROOF_INVALID",
        why,
        headers={"WWW-Authenticate": 'DPoP error="invalid_dpop_proof", algs="ES256 Ed25519 EdDSA PS256"'},
    )
