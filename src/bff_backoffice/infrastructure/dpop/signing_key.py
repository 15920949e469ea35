"""This service's own signatures: EdDSA over Ed25519 as a JWS (RFC 7515, RFC 8037).

The key set says `EdDSA` and so do the signatures, because that is what the contract promises of the sync session token;
RFC 9864's name for the same thing is not known to every verifier yet.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final, Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bff_backoffice.infrastructure.dpop.compact_jws import MalformedJwsError, decode_segment
from bff_backoffice.infrastructure.dpop.public_key import UnusableKeyError, read_public_key

__all__ = ["SigningKey", "published_key"]

_SEED_BYTES: Final = 32
_ALGORITHM: Final = "EdDSA"


class SigningKey:
    """The key that signs now. It is never printed: its `repr` says no more than an object's does."""

    __slots__ = ("_key", "public_jwk")

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_jwk = published_key(_encoded(self._key.public_key().public_bytes_raw()))

    @classmethod
    def from_text(cls, seed: str) -> Self:
        """Return the key whose seed (RFC 8032, section 5.1.5) is this base64url text; raise `ValueError` for others."""
        try:
            found = decode_segment(seed)
        except MalformedJwsError:
            found = b""
        if len(found) != _SEED_BYTES:
            raise ValueError("a signing key is 32 bytes, as base64url without padding")
        return cls(found)

    @property
    def key_id(self) -> str:
        """The `kid` of the key's public part, which is its RFC 7638 thumbprint."""
        return self.public_jwk["kid"]

    def compact(self, payload: bytes, *, typ: str) -> str:
        """Return the compact JWS of these bytes (RFC 7515, section 7.1)."""
        protected, signature = self._signed(payload, typ)
        return f"{protected}.{_encoded(payload)}.{signature}"

    def detached(self, payload: bytes, *, typ: str) -> str:
        """Return the same with its middle left out (RFC 7515, appendix F): whoever has the bytes puts them back."""
        protected, signature = self._signed(payload, typ)
        return f"{protected}..{signature}"

    def _signed(self, payload: bytes, typ: str) -> tuple[str, str]:
        protected = _encoded(msgspec.json.encode({"alg": _ALGORITHM, "kid": self.key_id, "typ": typ}))
        signed = f"{protected}.{_encoded(payload)}".encode()
        return protected, _encoded(self._key.sign(signed))


def published_key(x: str) -> dict[str, str]:
    """Return the JWK under which a public part is published (RFC 8037, section 2).

    Raises:
        ValueError: the text is no public part of a usable Ed25519 key.
    """
    key = {"kty": "OKP", "crv": "Ed25519", "x": x}
    try:
        thumbprint = read_public_key(key).thumbprint
    except UnusableKeyError as error:
        raise ValueError(f"not the public part of an Ed25519 key: {error}") from None
    return {**key, "kid": thumbprint, "use": "sig", "alg": _ALGORITHM}


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
