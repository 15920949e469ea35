"""Keys: the constants are what they are said to be, and a cached key is still a checked one."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.domain.device_proof import PublicOrigins
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.infrastructure.dpop import ProofVerifier
from bff_backoffice.infrastructure.dpop import public_key as module
from bff_backoffice.infrastructure.dpop.compact_jws import MalformedJwsError, decode_segment, json_object
from bff_backoffice.infrastructure.dpop.public_key import UnusableKeyError, read_public_key
from bff_backoffice.infrastructure.dpop.recently_used import RecentlyUsed
from tests.some_device import NOW, ORIGIN, PATH, SomeDevice, b64, compact, new_key

TOKEN = "an.access.token"
PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME


def _x_squared(y: int) -> int:
    return (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME


def _double_y(y: int) -> int:
    """The y of twice a point, from its y alone: (y² + x²) / (1 - d x² y²)."""
    x2 = _x_squared(y)
    return (y * y + x2) * pow(1 - D * x2 * y * y, -1, PRIME) % PRIME


def test_the_points_of_small_order_are_all_of_them() -> None:
    """Each listed y comes to the neutral element in at most three doublings.

    And the points of order eight are two pairs.
    """
    assert len(module._ED25519_SMALL_ORDER) == 5
    for y in module._ED25519_SMALL_ORDER:
        twice = _double_y(y)
        assert 1 in (y, twice, _double_y(twice), _double_y(_double_y(twice)))
    assert _double_y(_double_y(module._ED25519_EIGHTH)) == PRIME - 1


@pytest.mark.parametrize("y", [PRIME, PRIME + 1, 2**255 - 1])
def test_an_ed25519_key_has_one_spelling(y: int) -> None:
    """A coordinate beyond the field's prime would be a second thumbprint for the same key."""
    with pytest.raises(UnusableKeyError):
        read_public_key({"kty": "OKP", "crv": "Ed25519", "x": b64(y.to_bytes(32, "little"))})


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"}, {"use": None}, {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"key_ops": []}, {"alg": "ES384"},
        {"alg": None}, {"alg": ["ES256"]}, {"x": None}, {"y": 1}, {"x": "***"}, {"kty": "ec"}, {"crv": ["P-256"]},
    ],
)  # fmt: skip
def test_a_key_that_is_not_meant_for_this_is_refused(changed: dict[str, Any]) -> None:
    """Another use, another algorithm, members of another type."""
    with pytest.raises(UnusableKeyError):
        read_public_key({**SomeDevice().jwk, **changed})


def test_a_longer_rsa_number_is_not_the_same_key() -> None:
    """A zero in front changes nothing about the number and everything about the thumbprint."""
    device = SomeDevice("PS256")
    number = base64.urlsafe_b64decode(device.jwk["n"] + "==")
    with pytest.raises(UnusableKeyError):
        read_public_key({**device.jwk, "n": b64(b"\0" + number)})


def test_a_p256_signature_has_one_length() -> None:
    """A zero between the two numbers leaves them as they are; it is another text all the same."""
    device = SomeDevice()
    key, (signed, _, signature) = read_public_key(device.jwk), device.proof().rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    assert key.verify(raw, signed.encode())
    assert not key.verify(raw[:32] + b"\0" + raw[32:], signed.encode())
    assert not key.verify(raw[:63], signed.encode())
    assert not key.verify(b"", signed.encode())


def test_a_ps256_signature_has_a_salt_of_32_bytes() -> None:
    """RFC 7518, section 3.5: the salt is as long as the hash."""
    device = SomeDevice("PS256")
    assert isinstance(device.key, rsa.RSAPrivateKey)
    key = read_public_key(device.jwk)
    for length, good in ((32, True), (20, False), (0, False)):
        signature = device.key.sign(b"text", padding.PSS(padding.MGF1(hashes.SHA256()), length), hashes.SHA256())
        assert key.verify(signature, b"text") is good


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}', '{"a": {"b": 1, "b": 1}}', "[]"])
def test_what_is_not_json_in_one_reading_is_refused(text: str) -> None:
    """Constants of other languages, doubled members at any depth, what is no object."""
    with pytest.raises(MalformedJwsError):
        json_object(b64(text.encode()))


@pytest.mark.parametrize("changed", [{"e": "AAEAAQ"}, {"e": "Aw"}, {"e": ""}, {"n": ""}, {"n": "AA"}])
def test_an_rsa_key_has_one_spelling_and_the_usual_exponent(changed: dict[str, Any]) -> None:
    """Leading zeros would be a second thumbprint; exponents of one's own choosing are slow or weak."""
    with pytest.raises(UnusableKeyError):
        read_public_key({**SomeDevice("PS256").jwk, **changed})


def test_a_key_that_is_known_is_not_read_again_and_not_believed_more() -> None:
    """Ten good proofs, then one with the same header and another's signature."""
    device, verifier = SomeDevice(), ProofVerifier(PublicOrigins.parse([ORIGIN]))
    for _ in range(10):
        verifier.verify(device.proof(TOKEN), method="GET", path=PATH, access_token=TOKEN, now=NOW)
    assert len(verifier._keys) == 1
    forged = compact(new_key("ES256"), device.header(), device.claims(TOKEN))
    with pytest.raises(Refusal):
        verifier.verify(forged, method="GET", path=PATH, access_token=TOKEN, now=NOW)


def test_strangers_do_not_crowd_out_the_keys_that_are_kept() -> None:
    """Neither proofs that fail nor those that come without a token are remembered.

    The oldest of the others make room.
    """
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN]), keys=3)
    for _ in range(5):
        stranger = SomeDevice()
        verifier.verify(stranger.proof(), method="GET", path=PATH, access_token=None, now=NOW)
        with pytest.raises(Refusal):
            verifier.verify(stranger.proof(TOKEN, htm="PUT"), method="GET", path=PATH, access_token=TOKEN, now=NOW)
    assert len(verifier._keys) == 0
    for _ in range(5):
        verifier.verify(SomeDevice().proof(TOKEN), method="GET", path=PATH, access_token=TOKEN, now=NOW)
    assert len(verifier._keys) == 3


def test_what_was_used_last_is_kept() -> None:
    """Using an entry keeps it; the one that was not used for the longest time goes."""
    kept: RecentlyUsed[int] = RecentlyUsed(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_base64url_is_read_in_exactly_one_way(data: bytes) -> None:
    """What is encoded is decoded, and no other last character gives the same bytes."""
    text = b64(data)
    assert decode_segment(text) == data
    if len(text) % 4:
        readable = []
        for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
            try:
                readable.append(decode_segment(text[:-1] + last))
            except MalformedJwsError:
                continue
        assert readable.count(data) == 1
