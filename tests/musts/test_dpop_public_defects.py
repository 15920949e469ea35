"""Defects that were public in other implementations, each turned into a test of this one.

Those that need a real store (two replicas, two simultaneous copies, a store that comes back) are in
`tests/contract/memorystore`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bff_backoffice.domain.device_proof import (
    PROOF_FUTURE,
    PROOF_PAST,
    PublicOrigins,
    TokenRules,
    VerifiedProof,
    accepted_until,
    replay_digest,
    replay_ttl_ms,
)
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.infrastructure.dpop import AccessTokenVerifier, KeySetCache, ProofVerifier
from tests.fakes.memory_proof_replay import MemoryProofReplay
from tests.some_device import NOW, ORIGIN, PATH, URL, SomeDevice, SomeIam, access_claims, compact

TOKEN = "an.access.token"
DEVICE = SomeDevice()


def _verify(proof: str, **changed: str) -> VerifiedProof:
    facts = {"method": "GET", "path": PATH, **changed}
    return ProofVerifier(PublicOrigins.parse([ORIGIN])).verify(proof, access_token=TOKEN, now=NOW, **facts)


@pytest.mark.parametrize("seconds", range(-60, 11, 5))
def test_keycloak_43505_the_memory_covers_the_clock_skew(seconds: int) -> None:
    """The replay key never has a negative or zero life, and never one that ends before the proof's own."""
    issued = NOW + timedelta(seconds=seconds)
    ttl = timedelta(milliseconds=replay_ttl_ms(issued, now=NOW))
    assert ttl > timedelta(0)
    assert NOW + ttl >= accepted_until(issued)


def test_keycloak_36475_a_refresh_is_nothing_without_a_proof() -> None:
    """The verifier takes no empty proof for a refresh, which has no token that could be missing."""
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN]))
    with pytest.raises(Refusal):
        verifier.verify("", method="POST", path="/bff/backoffice/v1/auth/refresh", access_token=None, now=NOW)


def test_duende_1667_keys_are_not_mixed_up_between_requests() -> None:
    """Ten devices, twenty requests each, all interleaved on one verifier: each proof is its own device's."""
    devices = [SomeDevice("ES256" if number % 2 else "EdDSA") for number in range(10)]
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN]), keys=4)

    async def request(device: SomeDevice) -> None:
        verified = verifier.verify(device.proof(TOKEN), method="GET", path=PATH, access_token=TOKEN, now=NOW)
        await asyncio.sleep(0)
        assert verified.thumbprint == device.thumbprint
        forged = compact(devices[0].key, SomeDevice().header(), device.claims(TOKEN))
        with pytest.raises(Refusal):
            verifier.verify(forged, method="GET", path=PATH, access_token=TOKEN, now=NOW)

    async def all_requests() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                for device in devices:
                    group.create_task(request(device))

    asyncio.run(all_requests())


def test_duende_atproto_inji_no_device_uses_up_the_jti_of_another() -> None:
    """The same `jti` from two devices is two proofs."""
    other = SomeDevice()
    digests = {_verify(device.proof(TOKEN, jti="the same")).digest for device in (DEVICE, other)}
    assert len(digests) == 2


def test_better_auth_10039_no_spelling_of_a_request_is_a_new_one() -> None:
    """A proof that is sent again with the address spelled otherwise, and signed again, has the same replay key."""
    spellings = [URL, "HTTPS://DESK.example:443" + PATH, URL + "?x=1", URL + "#y", ORIGIN + "/a/.." + PATH]
    digests = {_verify(DEVICE.proof(TOKEN, jti="one", htu=htu)).digest for htu in spellings}
    assert len(digests) == 1
    with pytest.raises(Refusal):
        _verify(DEVICE.proof(TOKEN, htm="get"))


def test_the_parts_of_a_replay_key_do_not_run_into_each_other() -> None:
    """What moves from one part to the next makes another key; a `jti` may hold anything that JSON can spell."""
    assert replay_digest("a", "GET", "u", "v") != replay_digest("a", "GETu", "", "v")
    digests = {_verify(DEVICE.proof(TOKEN, jti=jti)).digest for jti in ("\ud800", "\ud801", "x", "x\0", "X", "é")}
    assert len(digests) == 6


def test_sourcebot_1395_a_proof_of_the_future_is_remembered_past_its_own_end() -> None:
    """A proof of ten seconds ahead lives for seventy seconds from now, and so does its memory."""
    issued = NOW + PROOF_FUTURE
    assert timedelta(milliseconds=replay_ttl_ms(issued, now=NOW)) >= PROOF_FUTURE + PROOF_PAST


def test_sourcebot_1395_a_proof_with_a_wrong_hash_is_not_used_up() -> None:
    """The owner of a proof can still use it after somebody sent it with another token."""
    proof = DEVICE.proof(TOKEN)
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN]))
    with pytest.raises(Refusal):
        verifier.verify(proof, method="GET", path=PATH, access_token="stolen", now=NOW)
    replay, verified = MemoryProofReplay(clock=lambda: NOW), _verify(proof)
    asyncio.run(replay.use(digest=verified.digest, ttl_ms=70_000, issued_at=verified.issued_at))


def test_auth0_wso2_authgear_a_jti_is_unique_and_not_only_there() -> None:
    """Existence is not uniqueness."""
    replay, verified = MemoryProofReplay(clock=lambda: NOW), _verify(DEVICE.proof(TOKEN))
    asyncio.run(replay.use(digest=verified.digest, ttl_ms=70_000, issued_at=verified.issued_at))
    with pytest.raises(Refusal) as caught:
        asyncio.run(replay.use(digest=verified.digest, ttl_ms=70_000, issued_at=verified.issued_at))
    assert caught.value.code is Code.PROOF_REPLAYED


@pytest.mark.parametrize("htu", [PATH, "dashboard", "*", "https://other.example" + PATH])
def test_opentdf_3582_a_path_alone_is_no_address(htu: str) -> None:
    """Scheme and host are always compared."""
    with pytest.raises(Refusal):
        _verify(DEVICE.proof(TOKEN, htu=htu))


def test_wso2_958_each_proof_is_remembered_for_its_own_time() -> None:
    """The time that the caller asks for is the time that is kept, not a constant."""
    now = NOW
    replay = MemoryProofReplay(clock=lambda: now)
    asyncio.run(replay.use(digest="short", ttl_ms=1_000, issued_at=NOW))
    asyncio.run(replay.use(digest="long", ttl_ms=60_000, issued_at=NOW))
    now = NOW + timedelta(seconds=2)
    asyncio.run(replay.use(digest="short", ttl_ms=1_000, issued_at=NOW))
    with pytest.raises(Refusal):
        asyncio.run(replay.use(digest="long", ttl_ms=60_000, issued_at=NOW))


def test_atproto_the_window_and_the_memory_are_one_number() -> None:
    """The moment after which a proof is refused is the moment from which its life in memory is counted."""
    proof = DEVICE.proof(TOKEN, iat=NOW.timestamp())
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN]))
    end = accepted_until(NOW)
    assert verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=end)
    late = end + timedelta(milliseconds=1)
    with pytest.raises(Refusal):
        verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=late)
    assert NOW + timedelta(milliseconds=replay_ttl_ms(NOW, now=NOW)) > end


def test_descope_756_one_reading_of_the_clock_judges_a_proof() -> None:
    """`now` is an argument: the same proof at the same moment gets the same answer, at both edges of the window."""
    for seconds, accepted in ((-60, True), (10, True), (-60.001, False), (10.001, False)):
        proof = DEVICE.proof(TOKEN, iat=NOW.timestamp() + seconds)
        answers = set()
        for _ in range(3):
            try:
                _verify(proof)
                answers.add(True)
            except Refusal:
                answers.add(False)
        assert answers == {accepted}


@pytest.mark.parametrize("cnf", [None, {}, {"jkt": ""}, {"jkt": "x" * 42}, {"jkt": 1}, {"jwk": {}}, "jkt", []])
def test_spring_an_unbound_token_is_not_taken_beside_a_proof(cnf: object) -> None:
    """A token without a proper `cnf.jkt` is a bearer token; a proof beside it proves nothing about it."""
    iam = SomeIam()

    async def fetch() -> bytes:
        return iam.key_set()

    verifier = AccessTokenVerifier(TokenRules(issuer="https://iam.example"), KeySetCache(fetch))
    with pytest.raises(Refusal) as caught:
        asyncio.run(verifier.verify(iam.sign(access_claims(DEVICE.thumbprint, cnf=cnf)), now=NOW))
    assert caught.value.code is Code.TOKEN_INVALID
