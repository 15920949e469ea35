"""Builders: a device that proves possession of its key, and an iam-service that signs access tokens.

Written on the cryptographic library alone, so that neither the service's reading of a token nor a JOSE library's is its
own witness.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

__all__ = [
    "NOW", "ORIGIN", "PATH", "ULID", "URL", "SomeDevice", "SomeIam", "access_claims", "b64", "compact", "token_hash",
]  # fmt: skip

NOW: Final = datetime(2026, 11, 22, 10, 0, 0, 500_000, tzinfo=UTC)
ORIGIN: Final = "https://desk.example"
PATH: Final = "/bff/backoffice/v1/dashboard"
URL: Final = ORIGIN + PATH
ULID: Final = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

PrivateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey
_serial = count()


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_hash(token: str) -> str:
    """The `ath` of a proof beside this token."""
    return b64(hashlib.sha256(token.encode()).digest())


def _integer(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def _public_jwk(key: PrivateKey) -> dict[str, Any]:
    public = key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32)), "y": b64(point.y.to_bytes(32))}
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}


def _sign(key: PrivateKey, signed: bytes, algorithm: str) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm == "RS256":
            return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return key.sign(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return key.sign(signed)


def compact(key: PrivateKey, header: Mapping[str, Any] | str, claims: Mapping[str, Any] | str) -> str:
    """A compact JWS. A text in place of a mapping is taken as the JSON itself."""
    parts = [part if isinstance(part, str) else json.dumps(part, separators=(",", ":")) for part in (header, claims)]
    signed = ".".join(b64(part.encode("utf-8", "surrogatepass")) for part in parts)
    algorithm = str(header.get("alg")) if isinstance(header, Mapping) else ""
    return f"{signed}.{b64(_sign(key, signed.encode(), algorithm))}"


def new_key(algorithm: str, *, bits: int = 2048) -> PrivateKey:
    """A new private key that is good for the algorithm."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "PS256":
        return rsa.generate_private_key(65537, bits)
    return Ed25519PrivateKey.generate()


class SomeDevice:
    """A desktop with a key of its own."""

    def __init__(self, algorithm: str = "ES256", *, key: PrivateKey | None = None) -> None:
        self.algorithm = algorithm
        self.key = key or new_key(algorithm)
        self.jwk = _public_jwk(self.key)

    @property
    def thumbprint(self) -> str:
        """RFC 7638, written out here once more."""
        members = {name: self.jwk[name] for name in sorted(self.jwk) if name in ("crv", "e", "kty", "n", "x", "y")}
        return b64(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    def header(self, *, without: str = "", **changed: Any) -> dict[str, Any]:
        """The header of this device's proofs."""
        members = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk, **changed}
        return {name: value for name, value in members.items() if name != without}

    def claims(self, token: str | None = None, *, without: str = "", **changed: Any) -> dict[str, Any]:
        """The claims of a proof for `GET` of the dashboard, now; `token` adds its hash."""
        members: dict[str, Any] = {
            "jti": f"proof-{next(_serial)}",
            "htm": "GET",
            "htu": URL,
            "iat": int(NOW.timestamp()),
        }
        if token is not None:
            members["ath"] = token_hash(token)
        members |= changed
        return {name: value for name, value in members.items() if name != without}

    def proof(self, token: str | None = None, *, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
        """A signed proof."""
        return compact(self.key, header or self.header(), self.claims(token, **changed))


def access_claims(thumbprint: str, *, without: str = "", **changed: Any) -> dict[str, Any]:
    """The claims of a good access token, minted a minute ago for fifteen."""
    minted = int(NOW.timestamp()) - 60
    members = {
        "iss": "https://iam.example",
        "aud": ["bff-backoffice"],
        "sub": f"usr_{ULID}",
        "tid": f"tnt_{ULID}",
        "device_id": f"dev_{ULID}",
        "sid": f"ses_{ULID}",
        "acr": "urn:melmastoon:acr:pwd",
        "auth_time": minted,
        "iat": minted,
        "nbf": minted,
        "exp": minted + 900,
        "jti": f"token-{next(_serial)}",
        "cnf": {"jkt": thumbprint},
        **changed,
    }
    return {name: value for name, value in members.items() if name != without}


class SomeIam:
    """An iam-service with one signing key."""

    def __init__(self, algorithm: str = "EdDSA", *, kid: str = "iam-1") -> None:
        self.algorithm = algorithm
        self.kid = kid
        self.key = new_key(algorithm)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as it stands in the key set."""
        return {**_public_jwk(self.key), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def key_set(self) -> bytes:
        """The key set on the wire."""
        return json.dumps({"keys": [self.jwk]}).encode()

    def sign(self, claims: Mapping[str, Any] | str, **header: Any) -> str:
        """A token with these claims; a header member that is None is left out."""
        members = {"typ": "at+jwt", "alg": self.algorithm, "kid": self.kid, **header}
        return compact(self.key, {name: value for name, value in members.items() if value is not None}, claims)

    def token(self, thumbprint: str, **changed: Any) -> str:
        """A good access token for the device with this key."""
        return self.sign(access_claims(thumbprint, **changed))
