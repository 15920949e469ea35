"""One test or more for each of the 22 checks of a DPoP proof; the number in a name is the check's."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.device_proof import (
    Credentials,
    PublicOrigins,
    VerifiedProof,
    read_credentials,
    read_sole_proof,
    replay_ttl_ms,
    require_body,
    require_key_binding,
)
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.dpop import Nonces, ProofVerifier
from tests.fakes.memory_proof_replay import MemoryProofReplay
from tests.some_device import NOW, ORIGIN, PATH, ULID, URL, SomeDevice, b64, compact, new_key

TOKEN = "an.access.token"
ORIGINS = PublicOrigins.parse([ORIGIN])
ALGORITHMS = ["ES256", "EdDSA", "Ed25519", "PS256"]
DEVICES = {algorithm: SomeDevice(algorithm) for algorithm in ALGORITHMS}
DEVICE = DEVICES["ES256"]


def verify(proof: str, *, path: str = PATH, method: str = "GET", token: str | None = TOKEN) -> VerifiedProof:
    """Verify with a verifier that has seen nothing yet."""
    return ProofVerifier(ORIGINS).verify(proof, method=method, path=path, access_token=token, now=NOW)


def assert_refused(call: Callable[[], object], code: Code = Code.PROOF_INVALID) -> Refusal:
    """The refusal, which must be there and have this code."""
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code is code
    return caught.value


def challenge_of(refusal: Refusal) -> str:
    """The `WWW-Authenticate` of a refusal."""
    return dict(refusal.headers)["WWW-Authenticate"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_00_a_good_proof_of_each_algorithm_is_accepted(algorithm: str) -> None:
    """A proof that is right in everything says whose key it is, for what, and since when."""
    device = DEVICES[algorithm]
    verified = verify(device.proof(TOKEN, jti="one"))
    assert verified.thumbprint == device.thumbprint
    assert (verified.method, verified.target, verified.jti) == ("GET", URL, "one")
    assert verified.issued_at == NOW.replace(microsecond=0)


@pytest.mark.parametrize("proofs", [[], ["a.b.c", "a.b.c"], ["a.b.c,a.b.c"], ["a.b.c, d.e.f"]])
def test_01_anything_but_exactly_one_proof_is_refused(proofs: list[str]) -> None:
    """No proof, two header fields, and two values joined into one field are all refused."""
    refusal = assert_refused(lambda: read_sole_proof(proofs))
    assert 'error="invalid_dpop_proof"' in challenge_of(refusal)
    assert_refused(lambda: read_credentials(["DPoP token"], proofs))


def test_02_a_proof_over_4096_characters_is_refused_before_it_is_read() -> None:
    """The same proof passes with 4,096 characters and is refused with one group more, whatever it says."""
    proof = DEVICE.proof(TOKEN, pad="x" * 2600)
    fitting = DEVICE.proof(TOKEN, pad="x" * (2600 + (4096 - len(proof)) * 3 // 4))
    assert 4090 <= len(fitting) <= 4096
    assert verify(fitting)
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, pad="x" * 2700)))
    assert_refused(lambda: verify("." * 1_000_000))


@pytest.mark.parametrize("jti", ["x" * 129, "", 7, None, ["a"]])
def test_02_a_jti_that_is_long_empty_or_no_text_is_refused(jti: object) -> None:
    """`jti` has 1 to 128 characters."""
    assert verify(DEVICE.proof(TOKEN, jti="x" * 128))
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, jti=jti)))


@pytest.mark.parametrize(
    "mangle",
    [
        lambda proof: proof + ".",
        lambda proof: proof + "=",
        lambda proof: proof + "\n",
        lambda proof: " " + proof,
        lambda proof: proof.rpartition(".")[0],
        lambda proof: proof.replace(".", "..", 1),
        lambda proof: proof.replace(".", "=.", 1),
        lambda proof: proof.rpartition(".")[0] + ".",
        lambda proof: "." + proof.partition(".")[2],
        lambda proof: proof + "A",
        lambda proof: proof[:-1] + chr(ord(proof[-1]) + 1),
        lambda proof: proof.replace("_", "/").replace("-", "+") + "/",
        lambda proof: "é" + proof,
        lambda _: "",
        lambda _: "not a token",
    ],
)
def test_03_whatever_is_not_three_strict_base64url_parts_is_refused(mangle: Callable[[str], str]) -> None:
    """Padding, white space, other alphabets, spare bits, and missing or extra parts."""
    proof = next(p for p in (DEVICE.proof(TOKEN) for _ in range(100)) if p[-1] in "AQgw")
    assert verify(proof)
    assert_refused(lambda: verify(mangle(proof)))


def _signed(header: str | dict[str, Any], claims: str | dict[str, Any]) -> str:
    return compact(DEVICE.key, header, claims)


def _doubled(members: dict[str, Any], name: str) -> str:
    return json.dumps(members)[:-1] + f', "{name}": {json.dumps(members[name])}}}'


@pytest.mark.parametrize("name", ["typ", "alg", "jwk"])
def test_03_a_member_that_comes_twice_in_the_header_is_refused(name: str) -> None:
    """Even with the same value, and even inside the key."""
    assert verify(_signed(json.dumps(DEVICE.header()), DEVICE.claims(TOKEN)))
    assert_refused(lambda: verify(_signed(_doubled(DEVICE.header(), name), DEVICE.claims(TOKEN))))
    inner = json.dumps(DEVICE.header()).replace('"kty": "EC"', '"kty": "EC", "kty": "EC"')
    assert_refused(lambda: verify(_signed(inner, DEVICE.claims(TOKEN))))


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat", "ath"])
def test_03_a_member_that_comes_twice_in_the_claims_is_refused(name: str) -> None:
    """A reader that takes the first and one that takes the last would see two different proofs."""
    assert_refused(lambda: verify(_signed(DEVICE.header(), _doubled(DEVICE.claims(TOKEN), name))))


@pytest.mark.parametrize(
    "claims", ["[]", '"text"', "1", "null", "{", "{}x", "\ufeff{}", '{"iat": NaN}', '{"a": Infinity}', "[" * 1500]
)
def test_03_claims_that_are_no_json_object_are_refused(claims: str) -> None:
    """Arrays, texts, halves, trailing text, byte order marks, constants that are not JSON, and a very deep pit."""
    assert_refused(lambda: verify(_signed(DEVICE.header(), claims)))


def test_03_claims_in_another_encoding_are_refused() -> None:
    """JSON in UTF-16 is what some readers take and others do not."""
    parts = [json.dumps(DEVICE.header()).encode(), json.dumps(DEVICE.claims(TOKEN)).encode("utf-16")]
    signed = ".".join(b64(part) for part in parts)
    genuine = compact(DEVICE.key, DEVICE.header(), DEVICE.claims(TOKEN))
    assert_refused(lambda: verify(f"{signed}.{genuine.rpartition('.')[2]}"))


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}])
def test_03_an_extension_that_must_be_understood_is_refused(extra: dict[str, Any]) -> None:
    """No critical extension is understood here, and no unencoded payload."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(**extra))))


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "DPOP+JWT", "application/dpop+jwt", "dpop+jwt ", "", None, 1])
def test_04_only_the_exact_type_is_a_proof(typ: object) -> None:
    """No other signed token of the same key passes for a proof."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(typ=typ))))
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(without="typ"))))


@pytest.mark.parametrize(
    "alg", ["none", "None", "HS256", "RS256", "ES384", "ES256K", "ES512", "PS512", "es256", "", None]
)
def test_05_only_our_algorithms_are_taken(alg: object) -> None:
    """Never none, never a MAC, none of those that the profile leaves out."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(alg=alg))))


@pytest.mark.parametrize("signer", ALGORITHMS)
@pytest.mark.parametrize("named", ALGORITHMS)
def test_05_the_algorithm_is_one_of_the_keys_kind(signer: str, named: str) -> None:
    """An algorithm that belongs to another kind of key is refused, whatever the signature."""
    device = DEVICES[signer]
    proof = device.proof(TOKEN, header=device.header(alg=named))
    if named == signer or {named, signer} == {"EdDSA", "Ed25519"}:
        assert verify(proof)
    else:
        assert_refused(lambda: verify(proof))


def test_05_a_mac_with_the_public_key_as_its_secret_is_refused() -> None:
    """The classic confusion: the verifier's public key taken for a shared secret."""
    header = {**DEVICE.header(alg="HS256"), "jwk": {"kty": "oct", "k": DEVICE.jwk["x"]}}
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=header)))


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
def test_06_a_key_with_a_private_member_is_refused(member: str) -> None:
    """A device that sends its private key has none any more."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(jwk={**DEVICE.jwk, member: "AA"}))))


@pytest.mark.parametrize("bits", [1024, 2047, 4104])
def test_06_an_rsa_key_outside_2048_to_4096_bits_is_refused(bits: int) -> None:
    """Too short to be safe, or too long to be cheap; the key is judged before its signature is."""
    modulus = b64(((1 << (bits - 1)) | 1).to_bytes((bits + 7) // 8))
    header = DEVICES["PS256"].header(jwk={"kty": "RSA", "n": modulus, "e": "AQAB"})
    assert_refused(lambda: verify(DEVICES["PS256"].proof(TOKEN, header=header)))


def test_06_rsa_keys_of_both_limits_are_accepted() -> None:
    """2048 and 4096 bits, and with the longest key the proof is still far below the limit of its length."""
    for bits in (2048, 4096):
        device = SomeDevice("PS256", key=new_key("PS256", bits=bits))
        proof = device.proof(TOKEN)
        assert verify(proof).thumbprint == device.thumbprint
        assert len(proof) < 2048


def test_06_a_point_that_is_not_on_the_curve_is_refused() -> None:
    """Neither a wrong coordinate, nor one of another length, nor another curve."""
    x = int.from_bytes(base64.urlsafe_b64decode(DEVICE.jwk["x"] + "="))
    for changed in (
        {"x": b64((x ^ 1).to_bytes(32))},
        {"x": b64(bytes(33))},
        {"x": b64(x.to_bytes(33))},
        {"y": b64(bytes(31))},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": "Ed25519"},
        {"crv": None},
        {"kty": "OKP"},
    ):
        assert_refused(lambda jwk={**DEVICE.jwk, **changed}: verify(DEVICE.proof(TOKEN, header=DEVICE.header(jwk=jwk))))


def test_06_an_ed25519_key_for_which_anybody_can_sign_is_refused() -> None:
    """For a point of small order a signature of zeros is good for every text; it must not become a device."""
    for encoded in (bytes([1]) + bytes(31), bytes(32), (2**255 - 20).to_bytes(32, "little")):
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(encoded)}
        header = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (header, DEVICE.claims(TOKEN)))
        assert_refused(lambda text=signed: verify(f"{text}.{b64(bytes([1]) + bytes(63))}"))


@pytest.mark.parametrize(
    "jwk",
    [None, "text", [], {}, {"kty": "oct", "k": "AAAA"}, {"kty": "AKP"}, {"kty": ["EC"]}, {"kty": "EC", "crv": "P-256"}],
)
def test_06_a_header_without_a_public_key_is_refused(jwk: object) -> None:
    """No key, no object, a symmetric one, an unknown kind, one without its coordinates."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(jwk=jwk))))


def test_07_addresses_and_names_of_keys_are_ignored() -> None:
    """The proof is verified with the key that it carries; nothing else is looked up, least of all over the network."""
    lures = {
        "jku": "http://127.0.0.1:9/keys",
        "x5u": "http://127.0.0.1:9/chain",
        "kid": "../../etc/passwd",
        "x5c": ["AA"],
    }
    assert verify(DEVICE.proof(TOKEN, header=DEVICE.header(**lures))).thumbprint == DEVICE.thumbprint
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, header=DEVICE.header(without="jwk", **lures))))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_08_a_signature_that_does_not_verify_is_refused(algorithm: str) -> None:
    """A changed claim, a changed header, a signature of another key, of zeros, of another length."""
    device, proof = DEVICES[algorithm], DEVICES[algorithm].proof(TOKEN)
    header, claims, signature = proof.split(".")
    other = SomeDevice(algorithm).proof(TOKEN)
    for forged in (
        f"{header}.{b64(json.dumps(device.claims(TOKEN)).encode())}.{signature}",
        f"{b64(json.dumps(device.header(extra=1)).encode())}.{claims}.{signature}",
        f"{header}.{claims}.{other.rpartition('.')[2]}",
        f"{header}.{claims}.{b64(bytes(64))}",
        f"{header}.{claims}.{b64(bytes(256))}",
        f"{header}.{claims}.{signature[: len(signature) // 8 * 4]}",
        f"{header}.{claims}.{signature[:-4]}AAAA",
    ):
        assert_refused(lambda text=forged: verify(text))


def test_08_a_signature_in_der_is_refused() -> None:
    """JOSE writes the two numbers of an ECDSA signature next to each other; another spelling would be another proof."""
    header, claims, signature = DEVICE.proof(TOKEN).split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = b"\x30\x44\x02\x20" + raw[:32] + b"\x02\x20" + raw[32:]
    assert_refused(lambda: verify(f"{header}.{claims}.{b64(der)}"))


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat", "ath"])
def test_09_each_claim_is_demanded(claim: str) -> None:
    """A proof that leaves one out proves too little."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, without=claim)))


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat", "ath"])
@pytest.mark.parametrize("value", [None, True, [], {}, ["GET"], {"a": 1}])
def test_09_each_claim_has_its_json_type(claim: str, value: object) -> None:
    """Neither null nor a truth value nor a container is taken for a text or a time."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, **{claim: value})))


@pytest.mark.parametrize("claim", ["htm", "htu", "ath"])
def test_09_a_number_is_no_text(claim: str) -> None:
    """Texts are texts."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, **{claim: 1})))


@pytest.mark.parametrize("htm", ["get", "Get", "POST", "GET ", "HEAD", "GET,POST", ""])
def test_10_the_method_is_compared_exactly(htm: str) -> None:
    """Methods are case-sensitive (RFC 9110, section 9.1)."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, htm=htm)))


def test_11_the_address_is_compared_after_normalisation() -> None:
    """Case of scheme and host, a default port, escapes of plain characters, dot segments, query and fragment."""
    for htu in (
        "HTTPS://desk.example" + PATH,
        "https://DESK.Example" + PATH,
        "https://desk.example:443" + PATH,
        "https://desk.example:" + PATH,
        "https://desk.example:0443" + PATH,
        "https://desk.example/bff/backoffice/v1/d%61shboard",
        "https://desk.example/bff/x/../backoffice/./v1/dashboard",
        URL + "?propertyId=1",
        URL + "#top",
        URL + "?a=b#c",
    ):
        verified = verify(DEVICE.proof(TOKEN, htu=htu))
        assert verified.target == URL


@pytest.mark.parametrize(
    "htu",
    [
        "https://desk.example/bff/backoffice/v1/Dashboard",
        URL + "/",
        "https://desk.example/",
        "https://desk.example",
        PATH,
        "//desk.example" + PATH,
        "http://desk.example" + PATH,
        "wss://desk.example" + PATH,
        "https://desk.example:8443" + PATH,
        "https://desk.example." + PATH,
        "https://other.example" + PATH,
        "https://user@desk.example" + PATH,
        "https://user:secret@desk.example" + PATH,
        "https://desk.example@other.example" + PATH,
        "https://desk.example%2eother.example" + PATH,
        "https:/desk.example" + PATH,
        "https:desk.example" + PATH,
        " " + URL,
        URL + " ",
        URL + "\n",
        "https://desk.example\\@other.example" + PATH,
        "https://desk.example/bff%2Fbackoffice/v1/dashboard",
        "https://desk.example/bff/backoffice/v1/dashboard%00",
        "https://desk.example/bff/backoffice/v1/dashboard%zz",
        "https://d\u0435sk.example" + PATH,
        "https://desk.example:443443443" + PATH,
        URL + "?" + "x" * 2048,
    ],
)
def test_11_any_other_address_is_refused(htu: str) -> None:
    """Another path or its other case, host, port, scheme, user information, odd spellings, and endless ones."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, htu=htu)))


def test_11_the_path_is_the_one_requested_alias_included() -> None:
    """A proof for the alias is good for the alias only, and one for an encoded path for that path."""
    alias = "/api" + PATH
    assert verify(DEVICE.proof(TOKEN, htu=ORIGIN + alias), path=alias).target == ORIGIN + alias
    assert_refused(lambda: verify(DEVICE.proof(TOKEN), path=alias))
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, htu=ORIGIN + alias)))
    escaped = "/bff/backoffice/v1/reservations/r%C3%A9"
    assert verify(DEVICE.proof(TOKEN, htu=ORIGIN + escaped.lower()), path=escaped)


def test_11_every_public_origin_counts_and_no_other() -> None:
    """There may be several origins; the replay key keeps them apart."""
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN, "http://127.0.0.1:8083", "http://[::1]:8083"]))
    targets = set()
    for origin in (ORIGIN, "http://127.0.0.1:8083", "http://[::1]:8083"):
        proof = DEVICE.proof(TOKEN, htu=origin + PATH)
        targets.add(verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=NOW).target)
    assert len(targets) == 3
    proof = DEVICE.proof(TOKEN, htu="http://localhost:8083" + PATH)
    assert_refused(lambda: verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=NOW))


@pytest.mark.parametrize("seconds", [-60, -59.5, -10, 0, 8, 10, 9.75])
def test_12_a_proof_inside_the_window_is_accepted(seconds: float) -> None:
    """Sixty seconds back, ten seconds forward, both inclusive, fractions too."""
    issued = NOW.timestamp() + seconds
    assert verify(DEVICE.proof(TOKEN, iat=issued)).issued_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [-3600, -61, -60.5, 10.5, 11, 3600, 10**6])
def test_12_a_proof_outside_the_window_is_refused(seconds: float) -> None:
    """A second too early, a second too late, an hour off."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, iat=NOW.timestamp() + seconds)))


@pytest.mark.parametrize("iat", ["1795341600", "2026-11-22T10:00:00Z", -1, 0, 10**400, 1e308, True])
def test_12_an_iat_that_is_no_time_of_ours_is_refused(iat: object) -> None:
    """Texts, negative and absurd numbers, truth values."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, iat=iat)))


def test_13_exp_and_nbf_are_honoured_where_they_are_given() -> None:
    """A proof that says it is over is over; one that says not yet is not yet."""
    now = int(NOW.timestamp())
    assert verify(DEVICE.proof(TOKEN, exp=now + 5, nbf=now - 5))
    assert verify(DEVICE.proof(TOKEN, nbf=now + 10))
    for changed in ({"exp": now}, {"exp": now - 5}, {"nbf": now + 11}, {"exp": "soon"}, {"nbf": None}, {"exp": None}):
        assert_refused(lambda claims=changed: verify(DEVICE.proof(TOKEN, **claims)))


def _verify_with_nonces(proof: str, nonces: Nonces, at: timedelta = timedelta()) -> VerifiedProof:
    verifier = ProofVerifier(ORIGINS, nonces=nonces)
    return verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=NOW + at)


def test_14_with_nonces_on_a_proof_without_one_is_told_which() -> None:
    """Missing, foreign and old nonces get the current one; with it, the proof passes. No downgrade is possible."""
    nonces, others = Nonces(b"s" * 32), Nonces(b"t" * 32)
    stale = nonces.current(NOW - timedelta(minutes=2))
    for changed in ({}, {"nonce": others.current(NOW)}, {"nonce": stale}, {"nonce": "x"}):
        refusal = assert_refused(
            lambda claims=changed: _verify_with_nonces(DEVICE.proof(TOKEN, **claims), nonces), Code.NONCE_REQUIRED
        )
        assert 'error="use_dpop_nonce"' in challenge_of(refusal)
        given = [value for name, value in refusal.headers if name == "DPoP-Nonce"]
        assert given == [nonces.current(NOW)]
        assert _verify_with_nonces(DEVICE.proof(TOKEN, nonce=given[0]), nonces).nonce == given[0]


def test_14_a_nonce_lives_for_its_minute_and_the_next() -> None:
    """A nonce that was given out at the end of a minute is good for a full minute more."""
    nonces = Nonces(b"s" * 32)
    nonce = nonces.current(NOW)
    assert nonces.accepts(nonce, NOW + timedelta(seconds=60))
    assert not nonces.accepts(nonce, NOW + timedelta(seconds=120))


def test_14_without_nonces_a_nonce_is_not_asked_about() -> None:
    """A desktop that still sends one is served."""
    assert verify(DEVICE.proof(TOKEN, nonce="whatever")).nonce == "whatever"


@pytest.mark.parametrize("ath", ["", "x", b64(hashlib.sha256(b"another.token").digest()), "é" * 43])
def test_15_the_hash_is_that_of_the_token_sent(ath: str) -> None:
    """A proof for one token is no proof for another."""
    assert_refused(lambda: verify(DEVICE.proof(TOKEN, ath=ath)))
    assert_refused(lambda: verify(DEVICE.proof("another.token")))


def test_15_a_refresh_has_no_token_and_needs_no_hash() -> None:
    """Its proof is checked in everything else."""
    proof = DEVICE.proof(htm="POST", htu=ORIGIN + "/bff/backoffice/v1/auth/refresh")
    assert verify(proof, method="POST", path="/bff/backoffice/v1/auth/refresh", token=None)
    assert_refused(lambda: verify(proof, method="GET", path="/bff/backoffice/v1/auth/refresh", token=None))


def test_16_the_tokens_key_is_the_proofs_key() -> None:
    """A genuine proof of another device's key is refused."""
    verified = verify(DEVICE.proof(TOKEN))
    require_key_binding(DEVICE.thumbprint, verified)
    refusal = assert_refused(lambda: require_key_binding(SomeDevice().thumbprint, verified))
    assert 'error="invalid_dpop_proof"' in challenge_of(refusal)


def test_16_the_thumbprint_is_made_of_the_canonical_members_only() -> None:
    """A `kid`, an `alg` or a `use` inside the key change nothing about whose key it is."""
    jwk = {"use": "sig", "kid": "mine", **dict(reversed(DEVICE.jwk.items())), "alg": "ES256", "key_ops": ["verify"]}
    assert verify(DEVICE.proof(TOKEN, header=DEVICE.header(jwk=jwk))).thumbprint == DEVICE.thumbprint


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_17_the_scheme_is_dpop_in_any_case(scheme: str) -> None:
    """Authentication schemes are compared without regard to case (RFC 9110, section 11.1)."""
    assert read_credentials([f"{scheme} abc.d-e.f_g"], ["p"]) == Credentials("abc.d-e.f_g", "p")


def test_17_a_bearer_token_is_refused_unless_the_setting_says_so() -> None:
    """Even then the proof is demanded."""
    refusal = assert_refused(lambda: read_credentials(["Bearer abc"], ["p"]), Code.TOKEN_INVALID)
    assert 'error="invalid_token"' in challenge_of(refusal)
    assert read_credentials(["bearer abc"], ["p"], accept_bearer_scheme=True) == Credentials("abc", "p")
    assert_refused(lambda: read_credentials(["Bearer abc"], [], accept_bearer_scheme=True))


@pytest.mark.parametrize(
    "value", ["", "DPoP", "DPoP ", "abc", "Basic abc", "DPoP a b", "DPoP a,b", "DPoP\tabc", "DPoP é"]
)
def test_17_anything_else_in_the_authorization_header_is_refused(value: str) -> None:
    """Other schemes, no token, two tokens, characters that no token has."""
    assert_refused(lambda: read_credentials([value], ["p"]), Code.TOKEN_INVALID)


def test_17_two_authorization_headers_are_a_malformed_request() -> None:
    """Which of the two was meant is not ours to guess."""
    assert_refused(lambda: read_credentials(["DPoP abc", "DPoP abc"], ["p"]), Code.VALIDATION_FAILED)


def test_17_no_credentials_at_all_get_a_challenge_without_an_error() -> None:
    """RFC 6750, section 3.1: a request that brought nothing is told what is taken, and nothing more."""
    refusal = assert_refused(lambda: read_credentials([], []), Code.TOKEN_INVALID)
    assert challenge_of(refusal) == 'DPoP algs="ES256 Ed25519 EdDSA PS256"'
    refusal = assert_refused(lambda: read_credentials([], ["p"]), Code.TOKEN_INVALID)
    assert 'error="invalid_token"' in challenge_of(refusal)


async def _admit(replay: MemoryProofReplay, proof: VerifiedProof, *, session: str = ULID) -> bool:
    admission = await replay.admit(
        tenant_id=TenantId(f"tnt_{ULID}"),
        device_id=DeviceId(f"dev_{ULID}"),
        operator_id=OperatorId(f"usr_{ULID}"),
        iam_session_id=IamSessionId(f"ses_{session}"),
        digest=proof.digest,
        ttl_ms=replay_ttl_ms(proof.issued_at, now=NOW),
        issued_at=proof.issued_at,
        session_ttl_s=60,
    )
    return admission.revoked


def test_18_a_proof_is_good_once() -> None:
    """The second use is refused, and its challenge is that of a bad proof."""
    replay, proof = MemoryProofReplay(clock=lambda: NOW), verify(DEVICE.proof(TOKEN))
    assert asyncio.run(_admit(replay, proof)) is False
    refusal = assert_refused(lambda: asyncio.run(_admit(replay, proof)), Code.PROOF_REPLAYED)
    assert 'error="invalid_dpop_proof"' in challenge_of(refusal)


def test_18_a_proof_that_is_refused_for_another_reason_is_not_used_up() -> None:
    """Verifying leaves no trace: the store is asked last."""
    proof = DEVICE.proof(TOKEN)
    assert_refused(lambda: verify(proof, method="POST"))
    assert_refused(lambda: verify(proof, token="another"))
    replay = MemoryProofReplay(clock=lambda: NOW)
    assert asyncio.run(_admit(replay, verify(proof))) is False


@pytest.mark.parametrize("seconds", [-60, -30, 0, 10])
def test_19_a_proof_is_remembered_for_as_long_as_it_could_be_accepted(seconds: int) -> None:
    """For every `iat` that is accepted: at the end of its memory the proof itself is too old.

    At any moment before not.
    """
    issued = NOW.replace(microsecond=0) + timedelta(seconds=seconds)
    proof = DEVICE.proof(TOKEN, iat=int(issued.timestamp()))
    now = max(NOW.replace(microsecond=0), issued - timedelta(seconds=10))
    forgotten = now + timedelta(milliseconds=replay_ttl_ms(issued, now=now))
    verifier = ProofVerifier(ORIGINS)
    assert verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=now)
    for late in (forgotten, forgotten - timedelta(seconds=9)):
        assert_refused(lambda at=late: verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=at))


def test_20_without_the_store_nothing_is_admitted() -> None:
    """Fail closed: there is no answer but that the store is away."""
    replay, proof = MemoryProofReplay(clock=lambda: NOW), verify(DEVICE.proof(TOKEN))
    replay.away = True
    with pytest.raises(StoreUnavailableError):
        asyncio.run(_admit(replay, proof))


def test_21_a_revoked_session_is_known_in_the_same_answer_as_the_proofs_first_use() -> None:
    """After the proof, before any work."""
    replay, proof = MemoryProofReplay(clock=lambda: NOW), verify(DEVICE.proof(TOKEN))
    replay.revoke(TenantId(f"tnt_{ULID}"), IamSessionId(f"ses_{ULID}"))
    assert asyncio.run(_admit(replay, proof)) is True


def test_22_a_signed_body_digest_is_verified_where_there_is_one_and_never_demanded() -> None:
    """A device that signs its body's digest is protected from a changed body."""
    body = b'{"amount": 1}'
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    proof = verify(DEVICE.proof(TOKEN, digest=digest))
    require_body(proof, body)
    assert_refused(lambda: require_body(proof, b'{"amount": 2}'))
    require_body(verify(DEVICE.proof(TOKEN)), b"anything")
    for malformed in ("sha-256=:AAAA:", "md5=:AAAA:", "", 1):
        assert_refused(lambda value=malformed: verify(DEVICE.proof(TOKEN, digest=value)))
