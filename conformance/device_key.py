"""A device's key, and the proofs of possession that it signs (RFC 9449)."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

__all__ = ["DeviceKey"]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class DeviceKey:
    """An ES256 key that stays in this process."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Read a P-256 key from a PEM file; raises `ValueError` for anything else."""
        found = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise ValueError("not a key on an elliptic curve")  # noqa: TRY004 - the file's content is wrong, not a type
        return cls(found)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return {"kty": "EC", "crv": "P-256", "x": _b64(x), "y": _b64(y)}

    def proof(self, method: str, url: str, token: str | None = None, **overrides: Any) -> str:  # noqa: ANN401 - claims
        """A proof for one request. `overrides` replace claims; None leaves one out."""
        claims: dict[str, Any] = {
            "jti": str(uuid.uuid4()),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),  # noqa: TID251 - a desktop signs by its own clock
        }
        if token is not None:
            claims["ath"] = _b64(hashlib.sha256(token.encode()).digest())
        claims.update(overrides)
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.private, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": self.jwk})
