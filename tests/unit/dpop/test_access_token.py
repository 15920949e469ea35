"""Access tokens: which are taken, which are not, and what is asked of iam-service for that."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bff_backoffice.application.ports import UpstreamTimeoutError, UpstreamUnavailableError
from bff_backoffice.domain.device_proof import AccessClaims, TokenRules
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.infrastructure.dpop import AccessTokenVerifier, KeySetCache
from tests.fakes import virtual_time
from tests.some_device import NOW, ULID, SomeDevice, SomeIam, access_claims, b64

RULES = TokenRules(issuer="https://iam.example")
DEVICE = SomeDevice()


class Iam:
    """iam-service's key set route: what it answers, and how often it was asked."""

    def __init__(self, *services: SomeIam) -> None:
        self.services = services
        self.fetched = 0
        self.failure: Exception | None = None
        self.text: bytes | None = None
        self.clock = 0.0

    async def __call__(self) -> bytes:
        self.fetched += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        if self.text is not None:
            return self.text
        return json.dumps({"keys": [service.jwk for service in self.services]}).encode()

    def verifier(self, **limits: float) -> AccessTokenVerifier:
        keys = KeySetCache(self, monotonic=lambda: self.clock, **limits)
        return AccessTokenVerifier(RULES, keys)


def verify(iam: Iam, token: str, *, now: datetime = NOW) -> AccessClaims:
    """Verify with a verifier that has seen nothing yet."""
    return asyncio.run(iam.verifier().verify(token, now=now))


async def code_of(call: Awaitable[object]) -> Code | None:
    """None for a token that is taken, else the refusal's code."""
    try:
        await call
    except Refusal as refusal:
        challenge = dict(refusal.headers)["WWW-Authenticate"]
        assert challenge == 'DPoP error="invalid_token", algs="ES256 Ed25519 EdDSA PS256"'
        return refusal.code
    return None


def assert_invalid(iam: Iam, token: str) -> None:
    """Refused, as a token that is not ours."""
    assert asyncio.run(code_of(iam.verifier().verify(token, now=NOW))) is Code.TOKEN_INVALID


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519", "ES256", "PS256"])
def test_a_token_of_each_algorithm_is_taken(algorithm: str) -> None:
    """What it says comes out in types of our own."""
    service = SomeIam(algorithm)
    claims = verify(Iam(service), service.token(DEVICE.thumbprint))
    assert claims.tenant_id == f"tnt_{ULID}"
    assert claims.operator_id == f"usr_{ULID}"
    assert claims.device_id == f"dev_{ULID}"
    assert claims.iam_session_id == f"ses_{ULID}"
    assert claims.key_thumbprint == DEVICE.thumbprint
    assert claims.acr == "urn:melmastoon:acr:pwd"
    assert (
        claims.auth_time == claims.issued_at == claims.not_before == NOW.replace(microsecond=0) - timedelta(minutes=1)
    )
    assert claims.expires_at == claims.issued_at + timedelta(minutes=15)


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "JWT", None])
def test_the_type_of_an_access_token_is_taken(typ: str | None) -> None:
    """RFC 9068, and what older issuers write."""
    service = SomeIam()
    assert verify(Iam(service), service.sign(access_claims(DEVICE.thumbprint), typ=typ)).jti


@pytest.mark.parametrize("typ", ["dpop+jwt", "sync-session+jwt", "id+jwt", "", 1, "logout+jwt"])
def test_another_kind_of_token_is_no_access_token(typ: object) -> None:
    """The same issuer and the same key sign other things, too."""
    service = SomeIam()
    assert_invalid(Iam(service), service.sign(access_claims(DEVICE.thumbprint), typ=typ))


@pytest.mark.parametrize(
    "header", [{"crit": ["x"]}, {"b64": False}, {"alg": "none"}, {"alg": "HS256"}, {"alg": 1}, {"kid": 1}]
)
def test_a_header_that_asks_for_more_than_we_do_is_refused(header: dict[str, Any]) -> None:
    """Extensions, other algorithms, names that are no texts."""
    service = SomeIam()
    assert_invalid(Iam(service), service.sign(access_claims(DEVICE.thumbprint), **header))


def test_a_forged_token_is_refused() -> None:
    """Unsigned, signed by somebody else, changed, without its signature, with an algorithm of another kind of key."""
    service, stranger = SomeIam(), SomeIam()
    iam, token = Iam(service), service.token(DEVICE.thumbprint)
    header, payload, signature = token.split(".")
    changed = b64(json.dumps(access_claims(DEVICE.thumbprint, sub=f"usr_{ULID[:-1]}W")).encode())
    unsigned = b64(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    for forged in (
        stranger.token(DEVICE.thumbprint),
        f"{header}.{changed}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{b64(bytes(64))}",
        f"{header}.{payload}",
        f"{unsigned}.{payload}.",
        f"{unsigned}.{payload}.{signature}",
        f"{token}=",
        f"{token}.{signature}",
        "",
        "x" * 9000,
        "a.b.c",
    ):
        assert_invalid(iam, forged)
    with_public_key_as_secret = service.sign(access_claims(DEVICE.thumbprint), alg="HS256")
    assert_invalid(iam, with_public_key_as_secret)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": "https://iam.example/"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": []},
        {"aud": ["bff-backoffice-service"]},
        {"aud": {"bff-backoffice": 1}},
        {"sub": "ten_" + ULID},
        {"sub": ULID},
        {"sub": 7},
        {"tid": f"ten_{ULID}"},
        {"tid": f"tnt_{ULID.lower()}"},
        {"tid": f"tnt_{ULID}\n"},
        {"tid": "tnt_*"},
        {"device_id": "dev_"},
        {"sid": f"bos_{ULID}"},
        {"jti": ""},
        {"jti": "x" * 257},
        {"acr": 1},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": True},
        {"iat": None},
        {"nbf": "now"},
        {"auth_time": "then"},
    ],
)
def test_a_token_that_says_something_else_is_refused(changed: dict[str, Any]) -> None:
    """Another issuer, another audience, identifiers that are none, times that are none."""
    service = SomeIam()
    assert_invalid(Iam(service), service.token(DEVICE.thumbprint, **changed))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "tid", "device_id", "sid", "iat", "exp", "jti", "cnf"])
def test_a_token_that_leaves_something_out_is_refused(claim: str) -> None:
    """Every claim that a decision rests on."""
    service = SomeIam()
    assert_invalid(Iam(service), service.token(DEVICE.thumbprint, without=claim))


@pytest.mark.parametrize("claim", ["nbf", "acr", "auth_time"])
def test_a_token_may_leave_out_what_has_a_meaning_without(claim: str) -> None:
    """No `nbf` means from `iat` on; without `acr` or `auth_time` a second factor is simply not known of."""
    service = SomeIam()
    claims = verify(Iam(service), service.token(DEVICE.thumbprint, without=claim))
    assert claims.not_before == claims.issued_at
    assert (claims.acr is None) is (claim == "acr")


def test_one_audience_may_be_a_text() -> None:
    """RFC 7519, section 4.1.3."""
    service = SomeIam()
    assert verify(Iam(service), service.token(DEVICE.thumbprint, aud="bff-backoffice"))


def test_claims_with_a_member_twice_are_refused() -> None:
    """Two readers would see two different operators."""
    service = SomeIam()
    text = json.dumps(access_claims(DEVICE.thumbprint))[:-1] + f', "sub": "usr_{ULID}"}}'
    assert_invalid(Iam(service), service.sign(text))


def test_an_expired_token_is_told_apart() -> None:
    """At the second of its end, and only if everything else about it is right."""
    service, seconds = SomeIam(), int(NOW.timestamp())

    async def scenario() -> None:
        verifier = Iam(service).verifier()
        expired = service.token(DEVICE.thumbprint, exp=seconds)
        assert await code_of(verifier.verify(expired, now=NOW)) is Code.TOKEN_EXPIRED
        foreign = service.token(DEVICE.thumbprint, exp=seconds, aud="x")
        assert await code_of(verifier.verify(foreign, now=NOW)) is Code.TOKEN_INVALID
        lasting = service.token(DEVICE.thumbprint, exp=seconds + 2)
        assert await code_of(verifier.verify(lasting, now=NOW)) is None
        end = NOW.replace(microsecond=0) + timedelta(seconds=2)
        assert await code_of(verifier.verify(lasting, now=end - timedelta(microseconds=1))) is None
        assert await code_of(verifier.verify(lasting, now=end)) is Code.TOKEN_EXPIRED

    asyncio.run(scenario())


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_clock_that_is_a_minute_ahead_is_forgiven(claim: str) -> None:
    """Sixty seconds and no more."""
    service, seconds = SomeIam(), int(NOW.timestamp())
    assert verify(Iam(service), service.token(DEVICE.thumbprint, **{claim: seconds + 60}))
    assert_invalid(Iam(service), service.token(DEVICE.thumbprint, **{claim: seconds + 62}))


def test_a_token_that_was_verified_is_not_verified_again_until_the_keys_change() -> None:
    """What was taken is taken again; when iam withdraws the key, it is not."""
    old, new = SomeIam(kid="old"), SomeIam(kid="new")
    iam, token = Iam(old), old.token(DEVICE.thumbprint)

    async def scenario() -> None:
        verifier = iam.verifier(max_age_seconds=300, refresh_seconds=10)
        first = await verifier.verify(token, now=NOW)
        assert await verifier.verify(token, now=NOW) is first
        iam.services, iam.clock = (new,), 301
        assert await code_of(verifier.verify(token, now=NOW)) is Code.TOKEN_INVALID

    asyncio.run(scenario())


def test_a_new_key_is_found_by_its_name_at_once() -> None:
    """A token whose `kid` is unknown makes the set be fetched anew; its signature decides as ever."""
    old, new = SomeIam(kid="old"), SomeIam(kid="new")
    iam = Iam(old)

    async def scenario() -> None:
        verifier = iam.verifier()
        assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        iam.services = (old, new)
        assert await code_of(verifier.verify(new.token(DEVICE.thumbprint), now=NOW)) is None
        assert iam.fetched == 2
        assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        assert iam.fetched == 2

    asyncio.run(scenario())


def test_unknown_keys_fetch_the_set_at_most_once_in_an_interval() -> None:
    """Fifty tokens of strangers at once and fifty more are one fetch; the next interval allows one more."""
    service = SomeIam()
    iam = Iam(service)

    async def scenario() -> None:
        verifier = iam.verifier(refresh_seconds=10)
        assert await code_of(verifier.verify(service.token(DEVICE.thumbprint), now=NOW)) is None
        strangers = [SomeIam(kid=f"stranger-{number}").token(DEVICE.thumbprint) for number in range(100)]
        async with asyncio.TaskGroup() as group:
            codes = [group.create_task(code_of(verifier.verify(token, now=NOW))) for token in strangers[:50]]
        assert {code.result() for code in codes} == {Code.TOKEN_INVALID}
        for token in strangers[50:]:
            assert await code_of(verifier.verify(token, now=NOW)) is Code.TOKEN_INVALID
        assert iam.fetched == 2
        iam.clock = 10
        assert await code_of(verifier.verify(strangers[0], now=NOW)) is Code.TOKEN_INVALID
        assert iam.fetched == 3

    asyncio.run(scenario())


def test_a_key_that_a_renewal_brings_is_not_asked_for_again() -> None:
    """While one request renews an old set, another finds its key missing from it: one fetch serves both."""
    old, new = SomeIam(kid="old"), SomeIam(kid="new")
    iam = Iam(old)

    async def scenario() -> None:
        verifier = iam.verifier(max_age_seconds=300)
        assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        iam.services, iam.clock = (old, new), 300
        async with asyncio.TaskGroup() as group:
            group.create_task(verifier.verify(old.token(DEVICE.thumbprint), now=NOW))
            group.create_task(verifier.verify(new.token(DEVICE.thumbprint), now=NOW))
        assert iam.fetched == 2

    asyncio.run(scenario())


def test_a_token_without_a_kid_is_tried_with_every_key_of_its_algorithm() -> None:
    """And an unsigned guess among them is refused."""
    services = (SomeIam(kid="a"), SomeIam("ES256", kid="b"), SomeIam(kid="c"))
    iam = Iam(*services)
    for service in services:
        assert verify(iam, service.sign(access_claims(DEVICE.thumbprint), kid=None))
    assert_invalid(iam, SomeIam().sign(access_claims(DEVICE.thumbprint), kid=None))


def test_a_key_is_used_for_its_own_name_only() -> None:
    """A token that names another key than the one that signed it is refused."""
    one, other = SomeIam(kid="one"), SomeIam(kid="other")
    assert_invalid(Iam(one, other), one.sign(access_claims(DEVICE.thumbprint), kid="other"))


FAILURES: list[Callable[[], Exception]] = [
    lambda: UpstreamUnavailableError("iam-service", "refused"),
    lambda: UpstreamTimeoutError("iam-service"),
    TimeoutError,
]


@pytest.mark.parametrize("failure", FAILURES)
def test_with_iam_away_from_the_start_nothing_can_be_said(failure: Callable[[], Exception]) -> None:
    """Not a refusal: the token may be good. iam is asked once a second at most, and its return is noticed."""
    service = SomeIam()
    iam, token = Iam(service), service.token(DEVICE.thumbprint)

    async def scenario() -> None:
        verifier = iam.verifier()
        iam.failure = failure()
        for _ in range(5):
            with pytest.raises(UpstreamUnavailableError) as caught:
                await verifier.verify(token, now=NOW)
            assert (caught.value.upstream, caught.value.retry_after) == ("iam-service", 1)
        assert iam.fetched == 1
        iam.failure, iam.clock = None, 1.0
        assert await code_of(verifier.verify(token, now=NOW)) is None

    asyncio.run(scenario())


def test_with_iam_away_later_the_keys_that_are_known_go_on() -> None:
    """For as long as it takes; it is asked again once in an interval, and its new keys are taken when it is back."""
    old, new = SomeIam(kid="old"), SomeIam(kid="new")
    iam = Iam(old)

    async def scenario() -> None:
        verifier = iam.verifier(max_age_seconds=300, refresh_seconds=10)
        assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        iam.failure = UpstreamUnavailableError("iam-service", "refused")
        for clock in (300, 301, 305, 309):
            iam.clock = clock
            assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        assert iam.fetched == 2
        iam.clock = 100_000
        for _ in range(2):
            # Nobody can tell whether the key is new or wrong, so the token is not called invalid.
            with pytest.raises(UpstreamUnavailableError):
                await verifier.verify(new.token(DEVICE.thumbprint), now=NOW)
        assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        iam.failure, iam.services, iam.clock = None, (new,), 100_002
        assert await code_of(verifier.verify(new.token(DEVICE.thumbprint), now=NOW)) is None

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b"not json", b'{"keys": 1}', b'{"keys": []}', b'{"keys": [{}]}', b"x" * 300_000]
)
def test_a_broken_key_set_changes_nothing(text: bytes) -> None:
    """Known keys stay; without any, iam counts as away."""
    service = SomeIam()

    async def scenario() -> None:
        iam = Iam(service)
        verifier = iam.verifier(max_age_seconds=300)
        assert await code_of(verifier.verify(service.token(DEVICE.thumbprint), now=NOW)) is None
        iam.text, iam.clock = text, 300
        assert await code_of(verifier.verify(service.token(DEVICE.thumbprint), now=NOW)) is None
        assert iam.fetched == 2
        iam = Iam(service)
        iam.text = text
        with pytest.raises(UpstreamUnavailableError):
            await iam.verifier().verify(service.token(DEVICE.thumbprint), now=NOW)

    asyncio.run(scenario())


def test_keys_that_can_not_be_used_do_not_spoil_the_set() -> None:
    """Encryption keys, symmetric ones, unknown kinds, short RSA keys: the good one beside them works."""
    service = SomeIam()
    iam = Iam(service)
    modulus = base64.urlsafe_b64encode(b"\xff" * 128).decode().rstrip("=")
    bad = [
        {"kty": "oct", "k": "AAAA", "kid": service.kid},
        {"kty": "RSA", "n": modulus, "e": "AQAB", "kid": service.kid},
        {**service.jwk, "use": "enc"},
        {**service.jwk, "d": "AAAA"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
    ]
    iam.text = json.dumps({"keys": [*bad, service.jwk]}).encode()
    assert verify(iam, service.token(DEVICE.thumbprint))
    iam.text = json.dumps({"keys": bad}).encode()
    with pytest.raises(UpstreamUnavailableError):
        verify(iam, service.token(DEVICE.thumbprint))


def test_a_request_that_goes_away_while_it_fetches_leaves_the_fetch_to_the_next() -> None:
    """Single flight, and no flight that ends with whoever began it."""
    service = SomeIam()
    started, fetched = asyncio.Event(), 0

    async def fetch() -> bytes:
        nonlocal fetched
        fetched += 1
        if fetched == 1:
            started.set()
            await asyncio.Event().wait()
        return service.key_set()

    async def scenario() -> None:
        verifier = AccessTokenVerifier(RULES, KeySetCache(fetch))
        async with asyncio.TaskGroup() as group:
            first = group.create_task(verifier.verify(service.token(DEVICE.thumbprint), now=NOW))
            await started.wait()
            others = [
                group.create_task(code_of(verifier.verify(service.token(DEVICE.thumbprint), now=NOW)))
                for _ in range(20)
            ]
            await asyncio.sleep(0)
            first.cancel()
        assert {other.result() for other in others} == {None}
        assert fetched == 2

    asyncio.run(scenario())


def test_a_cancelled_look_for_an_unknown_key_does_not_use_up_the_interval() -> None:
    """The next request with that key may look itself."""
    old, new = SomeIam(kid="old"), SomeIam(kid="new")
    hang, asked = asyncio.Event(), asyncio.Event()
    services = [old]

    async def fetch() -> bytes:
        if len(services) > 1 and not hang.is_set():
            asked.set()
            await hang.wait()
        return json.dumps({"keys": [service.jwk for service in services]}).encode()

    async def scenario() -> None:
        verifier = AccessTokenVerifier(RULES, KeySetCache(fetch))
        assert await code_of(verifier.verify(old.token(DEVICE.thumbprint), now=NOW)) is None
        services.append(new)
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(verifier.verify(new.token(DEVICE.thumbprint), now=NOW))
            await asked.wait()
            gone.cancel()
        hang.set()
        assert await code_of(verifier.verify(new.token(DEVICE.thumbprint), now=NOW)) is None

    asyncio.run(scenario())


def test_an_iam_that_hangs_holds_nobody_up_for_long() -> None:
    """With keys at hand, one request waits for half a second, and the others are served meanwhile."""
    service = SomeIam()
    hanging, clock = False, 0.0

    async def fetch() -> bytes:
        if hanging:
            await asyncio.Event().wait()
        return service.key_set()

    async def scenario() -> None:
        nonlocal hanging, clock
        verifier = AccessTokenVerifier(RULES, KeySetCache(fetch, monotonic=lambda: clock))
        assert await code_of(verifier.verify(service.token(DEVICE.thumbprint), now=NOW)) is None
        hanging, clock = True, 400.0
        started = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            group.create_task(verifier.verify(service.token(DEVICE.thumbprint), now=NOW))
            await asyncio.sleep(0)
            for _ in range(20):
                assert await code_of(verifier.verify(service.token(DEVICE.thumbprint), now=NOW)) is None
            assert asyncio.get_running_loop().time() - started < 0.4
        assert asyncio.get_running_loop().time() - started < 2

    virtual_time.run(scenario())
