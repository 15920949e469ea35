"""Public keys from JWKs, each with the algorithms that it is good for and no other (RFC 7517, 7518, 8037, 9864).

The JOSE library reads keys and makes thumbprints; what it would let pass is refused first. Verifying is done by the
cryptographic library itself, because that is the hot path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwk as jose
from joserfc.errors import JoseError

from bff_backoffice.infrastructure.dpop.compact_jws import MalformedJwsError, decode_segment

__all__ = ["ALGORITHMS", "PublicKey", "ReadKey", "UnusableKeyError", "read_identity_key", "read_public_key"]

ALGORITHMS: Final = frozenset({"ES256", "Ed25519", "EdDSA", "PS256"})
"""`Ed25519` is RFC 9864's name for what RFC 8037 calls `EdDSA` with that curve."""

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_RSA_BITS: Final = range(2048, 4096 + 1)
"""Shorter keys can be factored; longer ones make one request cost what a hundred do."""
_RSA_EXPONENT: Final = 65537
_P256_BYTES: Final = 32
_P256_SIGNATURE_BYTES: Final = 64
_ED25519_BYTES: Final = 32
_ED25519_PRIME: Final = 2**255 - 19
_ED25519_EIGHTH: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_ED25519_SMALL_ORDER: Final = frozenset({0, 1, _ED25519_PRIME - 1, _ED25519_EIGHTH, _ED25519_PRIME - _ED25519_EIGHTH})
"""The y coordinates of the eight points whose order divides eight. For such a key anybody can sign anything."""

_ES256: Final = ec.ECDSA(hashes.SHA256())
_RS256_PADDING: Final = padding.PKCS1v15()
_PS256_PADDING: Final = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
_SHA256: Final = hashes.SHA256()

Verify = Callable[[bytes, bytes], bool]

ReadKey = Callable[[object], "PublicKey"]
"""Reads a JWK of whatever kind its reader takes; raises `UnusableKeyError`."""


class UnusableKeyError(ValueError):
    """A JWK that is not a public key which this service takes."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that holds nothing of any request, so that requests may share it.

    `verify(signature, signed)` is False for every signature that is not good. `thumbprint` is RFC 7638's, with SHA-256.
    """

    algorithms: frozenset[str]
    thumbprint: str
    verify: Verify


def _member(jwk: Mapping[str, object], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise UnusableKeyError(f"{name} is missing")
    try:
        return decode_segment(value)
    except MalformedJwsError:
        raise UnusableKeyError(f"{name} is malformed") from None


def _imported(jwk: Mapping[str, object], *members: str) -> tuple[object, str]:
    """The key and its thumbprint, from its canonical members only.

    Nothing else of a stranger's JWK reaches the library.
    """
    try:
        key = jose.import_key({name: str(jwk[name]) for name in ("kty", *members)})
        return key.public_key, key.thumbprint()
    except (JoseError, ValueError, KeyError):
        raise UnusableKeyError("not a key") from None


def _p256(jwk: Mapping[str, object]) -> PublicKey:
    if len(_member(jwk, "x")) != _P256_BYTES or len(_member(jwk, "y")) != _P256_BYTES:
        raise UnusableKeyError("a coordinate has the wrong length")
    key, thumbprint = _imported(jwk, "crv", "x", "y")
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise UnusableKeyError("not a P-256 key")

    def verify(signature: bytes, signed: bytes) -> bool:
        if len(signature) != _P256_SIGNATURE_BYTES:
            return False
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        try:
            key.verify(encode_dss_signature(r, s), signed, _ES256)
        except InvalidSignature:
            return False
        return True

    return PublicKey(frozenset({"ES256"}), thumbprint, verify)


def _ed25519(jwk: Mapping[str, object]) -> PublicKey:
    encoded = _member(jwk, "x")
    y = int.from_bytes(encoded, "little") % 2**255
    if len(encoded) != _ED25519_BYTES or y >= _ED25519_PRIME or y in _ED25519_SMALL_ORDER:
        raise UnusableKeyError("not a point that can be a key")
    key, thumbprint = _imported(jwk, "crv", "x")
    if not isinstance(key, Ed25519PublicKey):
        raise UnusableKeyError("not an Ed25519 key")

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return PublicKey(frozenset({"EdDSA", "Ed25519"}), thumbprint, verify)


def _ps256(jwk: Mapping[str, object]) -> PublicKey:
    return _rsa(jwk, "PS256", _PS256_PADDING)


def _rsa(jwk: Mapping[str, object], algorithm: str, scheme: AsymmetricPadding) -> PublicKey:
    modulus, exponent = _member(jwk, "n"), _member(jwk, "e")
    if not modulus or modulus[0] == 0 or int.from_bytes(modulus).bit_length() not in _RSA_BITS:
        raise UnusableKeyError("an RSA key must have 2048 to 4096 bits")
    if not exponent or exponent[0] == 0 or int.from_bytes(exponent) != _RSA_EXPONENT:
        raise UnusableKeyError("an RSA key must have the usual exponent")
    key, thumbprint = _imported(jwk, "n", "e")
    if not isinstance(key, RSAPublicKey):
        raise UnusableKeyError("not an RSA key")

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed, scheme, _SHA256)
        except InvalidSignature:
            return False
        return True

    return PublicKey(frozenset({algorithm}), thumbprint, verify)


_Readers = Mapping[tuple[object, object], Callable[[Mapping[str, object]], PublicKey]]

_READERS: Final[_Readers] = {
    ("EC", "P-256"): _p256,
    ("OKP", "Ed25519"): _ed25519,
    ("RSA", None): _ps256,
}

_IDENTITY_READERS: Final[_Readers] = {("RSA", None): lambda jwk: _rsa(jwk, "RS256", _RS256_PADDING)}


def read_public_key(jwk: object) -> PublicKey:
    """Return the key of a JWK, or raise `UnusableKeyError`.

    Refused are private and symmetric keys, other curves and sizes, and points that are not on the curve. `use`,
    `key_ops` and `alg` must allow verifying where they are given; other members are ignored, also those that name an
    address from which a key could be fetched.
    """
    return _read(jwk, _READERS)


def read_identity_key(jwk: object) -> PublicKey:
    """Return the RSA key of a JWK for RS256, or raise `UnusableKeyError`.

    Only machines' identity tokens are signed so, because their issuer has nothing else; no client's proof and no access
    token may be. Everything that `read_public_key` refuses is refused here.
    """
    return _read(jwk, _IDENTITY_READERS)


def _read(jwk: object, readers: _Readers) -> PublicKey:
    if not isinstance(jwk, Mapping) or not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise UnusableKeyError("not a public key")
    kind, curve, operations = jwk.get("kty"), jwk.get("crv"), jwk.get("key_ops", ["verify"])
    if not isinstance(kind, str) or not isinstance(curve, str | None) or (kind, curve) not in readers:
        raise UnusableKeyError("an unknown kind of key")
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKeyError("not a key for signatures")
    key = readers[kind, curve](jwk)
    if "alg" in jwk and jwk["alg"] not in tuple(key.algorithms):
        raise UnusableKeyError("the key's algorithm is not one of its kind")
    return key
