"""Our reading of proofs against two libraries that know nothing of each other: nothing passes here that fails there."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bff_backoffice.domain.device_proof import PublicOrigins, VerifiedProof
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.infrastructure.dpop import ProofVerifier
from tests.jose_witnesses import joserfc_claims, pyjwt_claims
from tests.some_device import NOW, ORIGIN, PATH, SomeDevice, b64, compact

TOKEN = "an.access.token"
DEVICES = [SomeDevice(algorithm) for algorithm in ("ES256", "EdDSA", "Ed25519", "PS256")]
ORIGINS = PublicOrigins.parse([ORIGIN])

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


def ours(proof: str) -> VerifiedProof | None:
    """What a verifier that has seen nothing yet makes of it. Anything but a result or a refusal fails the test."""
    try:
        return ProofVerifier(ORIGINS).verify(proof, method="GET", path=PATH, access_token=TOKEN, now=NOW)
    except Refusal:
        return None


def assert_no_false_acceptance(proof: str) -> None:
    """What we accept, both libraries find good, and all three read the same claims."""
    verified = ours(proof)
    if verified is None:
        return
    claims = joserfc_claims(proof)
    assert claims is not None
    assert pyjwt_claims(proof) == claims
    assert (claims["jti"], claims["htm"]) == (verified.jti, "GET")
    assert claims["ath"] == b64(hashlib.sha256(TOKEN.encode()).digest())
    assert abs(claims["iat"] - NOW.timestamp()) <= 60


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.algorithm)
def test_all_three_accept_a_good_proof(device: SomeDevice) -> None:
    """Otherwise the rest of this file would prove nothing."""
    proof = device.proof(TOKEN)
    assert ours(proof) is not None
    assert joserfc_claims(proof) == pyjwt_claims(proof) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
# Members that we ignore and the libraries judge (`kid`, `jku`, `x5c`) are left to tests of their own.
HEADER_NAMES = st.sampled_from(["typ", "alg", "jwk", "crit", "b64", "other"])
KEY_NAMES = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "d", "alg", "use", "key_ops", "k"])
CLAIM_NAMES = st.sampled_from(["jti", "htm", "htu", "iat", "ath", "exp", "nbf", "nonce", "digest", "other"])
RELAXED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(st.sampled_from(DEVICES), st.data())
def test_no_changed_text_is_accepted_wrongly(device: SomeDevice, data: st.DataObject) -> None:
    """Characters replaced, removed, doubled and inserted anywhere in a good proof."""
    proof = device.proof(TOKEN, jti="always as long")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, 1200)) % len(proof)
        text = data.draw(st.sampled_from(["", "A", "_", ".", "=", "\n", "é", "again", "Q", "w"]))
        text = proof[place] * 2 if text == "again" else text
        proof = proof[:place] + text + proof[place + data.draw(st.integers(0, 1)) :]
    assert_no_false_acceptance(proof)


@RELAXED
@given(
    st.sampled_from(DEVICES),
    st.dictionaries(
        HEADER_NAMES, JSON | st.sampled_from(["ES256", "EdDSA", "Ed25519", "PS256", "dpop+jwt"]), max_size=2
    ),
    st.dictionaries(KEY_NAMES, JSON | st.sampled_from(["EC", "OKP", "RSA", "P-256", "Ed25519", "AQAB"]), max_size=2),
    st.dictionaries(CLAIM_NAMES, JSON, max_size=2),
)
def test_no_changed_meaning_is_accepted_wrongly(
    device: SomeDevice, header: dict[str, Any], key: dict[str, Any], claims: dict[str, Any]
) -> None:
    """Members of header, key and claims replaced by anything that JSON can hold, and signed properly."""
    members = {**device.header(jwk={**device.jwk, **key}), **header}
    assert_no_false_acceptance(compact(device.key, members, device.claims(TOKEN, **claims)))


@RELAXED
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda data: data.decode("latin-1")))
def test_no_other_text_is_accepted_or_breaks_anything(text: str) -> None:
    """Whatever a header field can carry is answered with a refusal."""
    assert ours(text) is None
    assert ours(f"{b64(text.encode('utf-8', 'surrogatepass'))}.e30.AAAA") is None


@RELAXED
@given(st.sampled_from(DEVICES), st.text(max_size=200))
def test_no_payload_breaks_anything(device: SomeDevice, payload: str) -> None:
    """Signed nonsense is refused."""
    assert ours(compact(device.key, device.header(), payload)) is None
