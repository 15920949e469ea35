"""Google's identity tokens of service accounts: what Cloud Scheduler and Pub/Sub push send, and the keys behind them.

`GET /google/oauth2/v3/certs` is the issuer's key set; `POST /_control/identity-tokens` mints a token for anybody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from platform_sim.ids import fresh_ulid
from platform_sim.proofs import base64url

__all__ = ["ISSUER", "GoogleIdentity"]

ISSUER: Final = "https://accounts.google.com"
_SECONDS: Final = 3600
_KEPT: Final = 2
_RSA_BITS: Final = 2048
_EXPONENT: Final = 65537


class _Key:
    def __init__(self) -> None:
        self._private = rsa.generate_private_key(_EXPONENT, _RSA_BITS)
        numbers = self._private.public_key().public_numbers()
        self.kid = fresh_ulid().lower()
        self.public: dict[str, str] = {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid,
            "n": base64url(numbers.n.to_bytes(_RSA_BITS // 8)), "e": base64url(numbers.e.to_bytes(3)),
        }  # fmt: skip

    def sign(self, claims: Mapping[str, object]) -> str:
        header = {"alg": "RS256", "kid": self.kid, "typ": "JWT"}
        signed = ".".join(base64url(json.dumps(each, separators=(",", ":")).encode()) for each in (header, claims))
        return f"{signed}.{base64url(self._private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@dataclass(kw_only=True)
class GoogleIdentity:
    """The issuer. Its first key is made when somebody first needs one, since that takes a tenth of a second."""

    @cached_property
    def _keys(self) -> list[_Key]:
        return [_Key()]

    def rotate(self) -> None:
        """Sign with a new key from now on; the one before it stays published."""
        self._keys.insert(0, _Key())
        del self._keys[_KEPT:]

    def key_set(self) -> dict[str, object]:
        """The JWKs, the one that signs first."""
        return {"keys": [key.public for key in self._keys]}

    def token(
        self,
        *,
        email: str,
        audience: str,
        now: datetime,
        seconds: int = _SECONDS,
        verified: bool = True,
        issuer: str = ISSUER,
    ) -> str:
        """A token of a service account. `seconds` is how long it lives from now on; negative for one that has expired.

        One that has expired was issued an hour before its end, as all of them are.
        """
        at = int(now.timestamp())
        claims: dict[str, object] = {
            "iss": issuer,
            "aud": audience,
            "azp": email,
            "email": email,
            "email_verified": verified,
            "sub": str(int(hashlib.sha256(email.encode()).hexdigest(), 16) % 10**21),
            "iat": at if seconds > 0 else at + seconds - _SECONDS,
            "exp": at + seconds,
        }
        return self._keys[0].sign(claims)
