"""Identity tokens of the platform's machines: which are taken, and which are not."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bff_backoffice.application.machines import IdentifyMachine
from bff_backoffice.application.ports import UpstreamUnavailableError
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.machine_identity import IdentityRules, Machine
from bff_backoffice.infrastructure.dpop import IdentityTokenVerifier, KeySetCache, read_identity_key
from platform_sim.google_identity import GoogleIdentity

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ISSUER = "https://accounts.google.com"
PUSH = IdentityRules(issuer=ISSUER, audience="https://bff.example/events", email="push@example.iam")
JOBS = IdentityRules(issuer=ISSUER, audience="https://bff.example/jobs", email="jobs@example.iam")
KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": PUSH.audience,
    "email": PUSH.email,
    "email_verified": True,
    "sub": "112233445566778899000",
    "iat": int(NOW.timestamp()) - 60,
    "exp": int(NOW.timestamp()) + 3540,
}


def jwk(key: rsa.RSAPrivateKey, kid: str = "one", **more: str) -> dict[str, Any]:
    """The public part as an issuer publishes it."""
    numbers = key.public_key().public_numbers()

    def encoded(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()

    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encoded(numbers.n), "e": "AQAB", **more}


def identify(*published: Mapping[str, Any], failure: Exception | None = None) -> IdentifyMachine:
    """The use case over an issuer that publishes these keys, or fails."""

    async def fetch() -> bytes:
        if failure is not None:
            raise failure
        return json.dumps({"keys": list(published or (jwk(KEY),))}).encode()

    keys = KeySetCache(fetch, issuer="identity-issuer", read_key=read_identity_key)
    return IdentifyMachine(
        tokens=IdentityTokenVerifier(keys), rules={Machine.PUSH: PUSH, Machine.SCHEDULER: JOBS}, clock=lambda: NOW
    )


def signed(key: Any = KEY, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token made by another library than the one that is tested; a claim of None is left out."""
    kept = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": "one"} if headers is None else headers)


def refused(token: str, machine: Machine = Machine.PUSH, *published: Mapping[str, Any]) -> Code | None:
    """None for a token that is taken, else the refusal's code; every refusal is a challenge for a bearer."""
    try:
        asyncio.run(identify(*published)(machine, (f"Bearer {token}",)))
    except Refusal as raised:
        refusal = raised
    else:
        return None
    assert refusal.headers == (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
    assert refusal.detail == refusal.code.title
    return refusal.code  # type: ignore[return-value] # ours, never another service's


def test_the_push_identitys_token_is_taken() -> None:
    """Issuer, audience, account and signature are those that were set."""
    assert refused(signed()) is None


def test_an_audience_that_is_a_list_of_one_is_that_audience() -> None:
    """RFC 7519 allows both spellings; a second audience makes it somebody else's token too."""
    assert refused(signed(aud=[PUSH.audience])) is None
    assert refused(signed(aud=[PUSH.audience, "https://other.example"])) is Code.TOKEN_INVALID


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://accounts.example"},
        {"iss": None},
        {"aud": JOBS.audience},
        {"aud": PUSH.audience + "/"},
        {"aud": None},
        {"email": JOBS.email},
        {"email": PUSH.email.upper()},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"exp": None},
        {"iat": None},
        {"exp": "soon"},
        {"exp": True},
        {"iat": int(NOW.timestamp()) + 120, "exp": int(NOW.timestamp()) + 3600},
        {"nbf": int(NOW.timestamp()) + 120},
        {"exp": int(NOW.timestamp()) + 86_400},
    ],
    ids=str,
)
def test_a_claim_that_is_not_the_machines_own_is_refused(wrong: dict[str, Any]) -> None:
    """Foreign issuer, audience or account, an unverified address, times that are none or too far apart."""
    assert refused(signed(**wrong)) is Code.TOKEN_INVALID


def test_a_token_whose_time_is_over_has_expired() -> None:
    """To the second, by this service's clock."""
    at = int(NOW.timestamp())
    assert refused(signed(iat=at - 3600, exp=at)) is Code.TOKEN_EXPIRED
    assert refused(signed(iat=at - 3599, exp=at + 1)) is None


def test_the_schedulers_token_is_no_good_for_a_push_and_the_other_way_round() -> None:
    """Each machine has its own routes."""
    scheduler = signed(aud=JOBS.audience, email=JOBS.email)
    assert refused(scheduler, Machine.SCHEDULER) is None
    assert refused(scheduler, Machine.PUSH) is Code.TOKEN_INVALID
    assert refused(signed(), Machine.SCHEDULER) is Code.TOKEN_INVALID


def test_a_signature_of_another_key_is_refused() -> None:
    """Also under the name of a published key, and under one that nobody published."""
    assert refused(signed(OTHER)) is Code.TOKEN_INVALID
    assert refused(signed(OTHER, headers={"kid": "unknown"})) is Code.TOKEN_INVALID


def test_an_unsigned_token_is_refused() -> None:
    """`alg: none`, with and without the place of the signature filled."""
    unsigned = jwt.encode(CLAIMS, None, algorithm="none", headers={"kid": "one"})
    assert refused(unsigned) is Code.TOKEN_INVALID
    assert refused(unsigned + signed().rpartition(".")[2]) is Code.TOKEN_INVALID


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused() -> None:
    """The algorithm is ours to choose: HS256 over what everybody knows proves nothing."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').rstrip(b"=").decode()
    body = signed().split(".")[1]
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    mac = base64.urlsafe_b64encode(algorithm.sign(f"{header}.{body}".encode(), pem)).rstrip(b"=").decode()
    assert refused(f"{header}.{body}.{mac}") is Code.TOKEN_INVALID


def test_another_algorithm_of_the_same_key_is_refused() -> None:
    """PS256 and RS512 are good signatures of the issuer's key, and not what it signs with."""
    assert refused(signed(algorithm="PS256")) is Code.TOKEN_INVALID
    assert refused(signed(algorithm="RS512")) is Code.TOKEN_INVALID
    assert refused(signed(ec.generate_private_key(ec.SECP256R1()), "ES256")) is Code.TOKEN_INVALID


@pytest.mark.parametrize(
    "headers", [{}, {"kid": "one", "typ": "at+jwt"}, {"kid": "one", "crit": ["exp"]}], ids=["no kid", "typ", "crit"]
)
def test_a_header_that_means_something_else_is_refused(headers: dict[str, Any]) -> None:
    """No key named, another kind of token, an extension that must be understood."""
    assert refused(signed(headers=headers)) is Code.TOKEN_INVALID


@pytest.mark.parametrize("published", [{"use": "enc"}, {"alg": "PS256"}, {"d": "AQAB"}], ids=str)
def test_a_key_that_is_not_for_these_signatures_verifies_none(published: dict[str, str]) -> None:
    """A key for encryption, for another algorithm, or one that should never have been published."""
    with pytest.raises(UpstreamUnavailableError):
        asyncio.run(identify(jwk(KEY, **published))(Machine.PUSH, (f"Bearer {signed()}",)))


@pytest.mark.parametrize(
    "authorization",
    [("Bearer",), ("Bearer ",), ("DPoP x.y.z",), ("Basic eDp5",), ("Bearer a b",), ("Bearer x.y.z",), ("",)],
    ids=str,
)
def test_what_is_no_bearer_token_is_refused(authorization: tuple[str, ...]) -> None:
    """Another scheme, no token, two of them, text that is no token."""
    with pytest.raises(Refusal) as raised:
        asyncio.run(identify()(Machine.PUSH, authorization))
    assert raised.value.code is Code.TOKEN_INVALID


def test_two_authorizations_are_none() -> None:
    """Which of them counts would be a matter of taste."""
    with pytest.raises(Refusal) as raised:
        asyncio.run(identify()(Machine.PUSH, (f"Bearer {signed()}", f"Bearer {signed()}")))
    assert raised.value.code is Code.TOKEN_INVALID


def test_without_credentials_the_challenge_names_no_error() -> None:
    """RFC 6750, section 3.1."""
    with pytest.raises(Refusal) as raised:
        asyncio.run(identify()(Machine.PUSH, ()))
    assert raised.value.headers == (("WWW-Authenticate", "Bearer"),)


def test_a_machine_that_nobody_set_is_let_in_by_nothing() -> None:
    """Closed by default: without settings there is no token that would do."""
    nobody = IdentifyMachine(tokens=identify().tokens, rules={}, clock=lambda: NOW)
    with pytest.raises(Refusal):
        asyncio.run(nobody(Machine.PUSH, (f"Bearer {signed()}",)))


def test_an_issuer_that_is_away_is_no_verdict_about_the_token() -> None:
    """The caller comes again: 503, and never 401, while there is no key to verify with."""
    away = identify(failure=UpstreamUnavailableError("identity-issuer"))
    with pytest.raises(UpstreamUnavailableError):
        asyncio.run(away(Machine.PUSH, (f"Bearer {signed()}",)))


def test_a_new_key_of_the_issuer_is_found() -> None:
    """The unknown `kid` makes the set be fetched anew; tokens of the key before it stay good."""

    async def scenario() -> None:
        issuer = GoogleIdentity()

        async def fetch() -> bytes:
            return json.dumps(issuer.key_set()).encode()

        keys = KeySetCache(fetch, issuer="identity-issuer", read_key=read_identity_key)
        use = IdentifyMachine(tokens=IdentityTokenVerifier(keys), rules={Machine.PUSH: PUSH}, clock=lambda: NOW)
        old = issuer.token(email=PUSH.email, audience=PUSH.audience, now=NOW)
        await use(Machine.PUSH, (f"Bearer {old}",))
        issuer.rotate()
        new = issuer.token(email=PUSH.email, audience=PUSH.audience, now=NOW + timedelta(seconds=1))
        await use(Machine.PUSH, (f"Bearer {new}",))
        await use(Machine.PUSH, (f"Bearer {old}",))

    asyncio.run(scenario())
