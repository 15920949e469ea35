"""The blocks of the FAPI 2.0 DPoP negative tests for a resource server, in their order, against the verifiers.

From `FAPI2SPFinalDpopNegativeTests` of the OpenID conformance suite. Some are meant to be accepted: a server that is
too strict fails as well.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bff_backoffice.domain.device_proof import (
    AccessClaims,
    PublicOrigins,
    TokenRules,
    read_credentials,
    replay_ttl_ms,
    require_key_binding,
)
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.infrastructure.dpop import AccessTokenVerifier, KeySetCache, ProofVerifier
from tests.fakes.memory_proof_replay import MemoryProofReplay
from tests.some_device import NOW, ORIGIN, PATH, URL, SomeDevice, SomeIam, b64, compact, new_key

DEVICE = SomeDevice()
IAM = SomeIam()
TOKEN = IAM.token(DEVICE.thumbprint)
SECONDS = int(NOW.timestamp())


class ResourceServer:
    """What the service does with credentials, in its order, on one replay store."""

    def __init__(self) -> None:
        async def fetch() -> bytes:
            return IAM.key_set()

        self.tokens = AccessTokenVerifier(TokenRules(issuer="https://iam.example"), KeySetCache(fetch))
        self.proofs = ProofVerifier(PublicOrigins.parse([ORIGIN]))
        self.replay = MemoryProofReplay(clock=lambda: NOW)

    async def _request(self, authorization: list[str], proofs: list[str], path: str) -> AccessClaims:
        brought = read_credentials(authorization, proofs)
        claims = await self.tokens.verify(brought.access_token, now=NOW)
        proof = self.proofs.verify(brought.proof, method="GET", path=path, access_token=brought.access_token, now=NOW)
        require_key_binding(claims.key_thumbprint, proof)
        ttl_ms = replay_ttl_ms(proof.issued_at, now=NOW)
        await self.replay.use(digest=proof.digest, ttl_ms=ttl_ms, issued_at=proof.issued_at)
        return claims

    def accepts(self, *proofs: str, authorization: str = f"DPoP {TOKEN}") -> Code | None:
        """None for an accepted request, else the refusal's code."""
        try:
            asyncio.run(self._request([authorization], list(proofs), PATH))
        except Refusal as refusal:
            return refusal.code
        return None


@dataclass(frozen=True)
class Block:
    """One block of the suite: what is sent, and whether it is accepted."""

    name: str
    proof: Callable[[], str]
    accepted: bool = False


def _proof(*, header: dict[str, Any] | None = None, **claims: Any) -> Callable[[], str]:
    return lambda: DEVICE.proof(TOKEN, header=header, **claims)


def _without_signature() -> str:
    header = {**DEVICE.header(), "alg": "none"}
    return ".".join(b64(json.dumps(part).encode()) for part in (header, DEVICE.claims(TOKEN))) + "."


def _broken_signature() -> str:
    signed, _, signature = DEVICE.proof(TOKEN).rpartition(".")
    return f"{signed}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"


def _rs256() -> str:
    device = SomeDevice("PS256")
    return device.proof(TOKEN, header=device.header(alg="RS256"))


BLOCKS = [
    Block("01 proof in upper case", lambda: DEVICE.proof(TOKEN).upper()),
    Block("03 not a well-formed token", lambda: "this.is not.a token"),
    Block("04 header without typ", _proof(header=DEVICE.header(without="typ"))),
    Block("05 header without alg", _proof(header=DEVICE.header(without="alg"))),
    Block("06 header without jwk", _proof(header=DEVICE.header(without="jwk"))),
    Block("07 claims without jti", _proof(without="jti")),
    Block("08 claims without htm", _proof(without="htm")),
    Block("09 claims without htu", _proof(without="htu")),
    Block("10 claims without iat", _proof(without="iat")),
    Block("11 claims without ath", _proof(without="ath")),
    Block("12 wrong typ", _proof(header=DEVICE.header(typ="jwt"))),
    Block("13 signed with RS256", _rs256),
    Block("14 alg none", _without_signature),
    Block("15 signature that does not verify", _broken_signature),
    Block("16 private key inside jwk", _proof(header=DEVICE.header(jwk={**DEVICE.jwk, "d": b64(bytes(32))}))),
    Block("17 wrong htm", _proof(htm="POST")),
    Block("18 htu with query and fragment", _proof(htu=URL + "?a=1#b"), accepted=True),
    Block("19 htu without the request's query", _proof(htu=URL), accepted=True),
    Block("20 htu of another address", _proof(htu="https://other.example" + PATH)),
    Block("21 iat a few seconds ago", _proof(iat=SECONDS - 10), accepted=True),
    Block("22 iat in a few seconds", _proof(iat=SECONDS + 8), accepted=True),
    Block("23 iat in an hour", _proof(iat=SECONDS + 3600)),
    Block("24 iat an hour ago", _proof(iat=SECONDS - 3600)),
    Block("25 first use of a jti", _proof(jti="fresh"), accepted=True),
    Block("27 wrong ath", _proof(ath=b64(bytes(32)))),
    Block("28 signed with another key", lambda: SomeDevice().proof(TOKEN)),
    Block("28 another key's signature", lambda: compact(new_key("ES256"), DEVICE.header(), DEVICE.claims(TOKEN))),
    Block("29 extra members", _proof(header=DEVICE.header(extra="x"), other={"a": [1]}), accepted=True),
    Block("30 scheme and host in other case", _proof(htu="HTTPS://DESK.EXAMPLE" + PATH), accepted=True),
    Block("31 default port written out", _proof(htu="https://desk.example:443" + PATH), accepted=True),
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_each_block_gets_the_answer_that_the_suite_expects(block: Block) -> None:
    """Refused with 400 or 401, or accepted, as the suite says; and a correct proof passes right after it."""
    server = ResourceServer()
    code = server.accepts(block.proof())
    assert code is None if block.accepted else code is not None and code.status in (400, 401)
    assert server.accepts(DEVICE.proof(TOKEN)) is None


def test_02_two_proofs_in_the_header() -> None:
    """Both are good; together they are refused, as two fields and as one."""
    one, other = DEVICE.proof(TOKEN), DEVICE.proof(TOKEN)
    assert ResourceServer().accepts(one, other) is Code.PROOF_INVALID
    assert ResourceServer().accepts(f"{one}, {other}") is Code.PROOF_INVALID


def test_26_the_same_jti_again() -> None:
    """The suite only warns; here it is refused, even when everything else about the proof is new."""
    server = ResourceServer()
    assert server.accepts(DEVICE.proof(TOKEN, jti="again", iat=SECONDS)) is None
    assert server.accepts(DEVICE.proof(TOKEN, jti="again", iat=SECONDS + 1)) is Code.PROOF_REPLAYED


def test_32_no_proof_at_all_also_with_the_token_as_a_bearer_token() -> None:
    """A bound token without its proof is worth nothing, whatever the scheme.

    A correct proof still passes at the end.
    """
    server = ResourceServer()
    assert server.accepts() is Code.PROOF_INVALID
    assert server.accepts(authorization=f"Bearer {TOKEN}") is Code.TOKEN_INVALID
    assert server.accepts(DEVICE.proof(TOKEN), authorization=f"Bearer {TOKEN}") is Code.TOKEN_INVALID
    assert server.accepts(DEVICE.proof(TOKEN)) is None
