"""The service's own signatures: what two independent JOSE libraries make of them, and which texts are no keys."""

from __future__ import annotations

import base64

import jwt
import pytest
from joserfc import jwk as jose_jwk
from joserfc import jws as jose_jws
from joserfc.errors import BadSignatureError

from bff_backoffice.infrastructure.dpop import SigningKey, published_key

SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
"""RFC 8037, appendix A.1 and A.2."""
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
"""RFC 8037, appendix A.3."""
PAYLOAD = '{"guest": "مریم"}'.encode()


def test_the_published_part_is_that_of_the_rfcs_example() -> None:
    """RFC 8037, appendix A: the public part of that seed with its thumbprint as `kid`, and nothing private."""
    key = SigningKey.from_text(SEED)

    assert key.public_jwk == {
        "kty": "OKP", "crv": "Ed25519", "x": PUBLIC, "kid": THUMBPRINT, "use": "sig", "alg": "EdDSA",
    }  # fmt: skip
    assert published_key(PUBLIC) == key.public_jwk
    assert key.key_id == THUMBPRINT
    assert SEED not in repr(key)


BOTH_NAMES = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
"""joserfc would rather hear RFC 9864's name; the contract promises the older one, which every verifier knows."""


@BOTH_NAMES
def test_two_jose_libraries_verify_a_compact_signature() -> None:
    """By the published key alone both find the payload, and what kind of thing it is."""
    key = SigningKey.from_text(SEED)
    token = key.compact(PAYLOAD, typ="sync-session+jwt")

    by_joserfc = jose_jws.deserialize_compact(token, jose_jwk.import_key(dict(key.public_jwk)), algorithms=["EdDSA"])
    by_pyjwt = jwt.PyJWS(algorithms=["EdDSA"]).decode_complete(
        token, jwt.PyJWK(dict(key.public_jwk)).key, algorithms=["EdDSA"]
    )

    assert by_joserfc.payload == by_pyjwt["payload"] == PAYLOAD
    assert by_pyjwt["header"] == {"alg": "EdDSA", "kid": THUMBPRINT, "typ": "sync-session+jwt"}


@BOTH_NAMES
def test_a_detached_signature_is_the_compact_one_without_its_middle() -> None:
    """RFC 7515, appendix F: with the payload put back it verifies, with any other it does not."""
    key = SigningKey.from_text(SEED)
    protected, middle, signature = key.detached(PAYLOAD, typ="downtime-pack+jws").split(".")
    public = jose_jwk.import_key(dict(key.public_jwk))

    def whole(payload: bytes) -> str:
        return f"{protected}.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.{signature}"

    assert middle == ""
    assert jose_jws.deserialize_compact(whole(PAYLOAD), public, algorithms=["EdDSA"]).payload == PAYLOAD
    with pytest.raises(BadSignatureError):
        jose_jws.deserialize_compact(whole(PAYLOAD + b" "), public, algorithms=["EdDSA"])


@pytest.mark.parametrize("text", ["", "short", SEED + "=", SEED[:-1], SEED + "AAAA", SEED.replace("_", "/"), "é" * 43])
def test_a_text_that_is_no_seed_is_refused_without_being_repeated(text: str) -> None:
    """The error says what a key looks like and never what was given, because that is nearly a secret."""
    with pytest.raises(ValueError, match="32 bytes, as base64url") as refused:
        SigningKey.from_text(text)

    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("x", ["", "AQ", "AQ" + "A" * 41, PUBLIC + "=", "_" * 42 + "8"])
def test_a_text_that_is_no_public_part_is_refused(x: str) -> None:
    """Too short, of small order, padded, or not reduced: nothing that a verifier would refuse is published."""
    with pytest.raises(ValueError, match="not the public part of an Ed25519 key"):
        published_key(x)
