"""A sample of `make fuzz`, and proof that it would notice."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime

import pytest

from bff_backoffice.domain.device_proof import VerifiedProof
from drills.fuzz.batch import Tally, run_batch
from drills.fuzz.judges import NotAProofError, Verifier, judge, libraries_accept, new_verifier, verdict
from drills.fuzz.proofs import TOKEN, Case, Devices, generate
from tests.some_device import SomeDevice

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


class Credulous:
    """A verifier that believes every proof whose shape it can read."""

    def verify(self, proof: str, *, method: str, path: str, access_token: str | None, now: datetime) -> VerifiedProof:
        """Accept, with what another verifier once accepted."""
        accepted = verdict(new_verifier(), SomeDevice().proof(TOKEN))
        assert accepted is not None
        del method, path, access_token
        return replace(accepted, jti=proof, issued_at=now)


class Fragile:
    """A verifier that breaks on whatever is not ASCII."""

    def verify(self, proof: str, *, method: str, path: str, access_token: str | None, now: datetime) -> VerifiedProof:
        """Break, or do it properly."""
        proof.encode("ascii")
        return new_verifier().verify(proof, method=method, path=path, access_token=access_token, now=now)


class Forgetful:
    """A verifier whose memory of keys goes wrong: what it has seen before, it refuses."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def verify(self, proof: str, *, method: str, path: str, access_token: str | None, now: datetime) -> VerifiedProof:
        """Refuse a header that came before."""
        header = proof.partition(".")[0]
        known, _ = header in self.seen, self.seen.add(header)
        return new_verifier().verify(
            proof, method="POST" if known else method, path=path, access_token=access_token, now=now
        )


def test_a_sample_finds_no_defect():
    """Fifteen hundred proofs: none accepted or refused wrongly, none that breaks anything, in bounded memory."""
    tally = run_batch(20_261_122, 0, 1_500)

    assert not tally.defects, tally.examples
    assert set(tally.proofs) >= {"good", "text", "header", "key", "claims", "duplicates", "signature", "size", "noise"}
    assert tally.accepted["good"] > 150
    assert 0 < tally.most_bytes <= 1024 * 1024


@pytest.mark.parametrize(
    ("verifier", "defect"),
    [
        (Credulous(), "false accept"),
        (Fragile(), "crash"),
    ],
    ids=["credulous", "fragile"],
)
def test_a_verifier_that_is_wrong_is_found_out(verifier: Verifier, defect: str):
    """A few hundred proofs are enough to catch one that believes everything, and one that breaks."""
    tally = run_batch(1, 0, 300, new=lambda: verifier, experienced=verifier)

    assert tally.defects[defect] > 0
    assert tally.examples


def test_a_memory_of_keys_that_changes_the_verdict_is_found_out():
    """The verifier that has seen every proof before must say what the one that has seen none says."""
    tally = run_batch(1, 0, 300, experienced=Forgetful())

    assert tally.defects["memory of keys changes the verdict"] > 0


def test_the_judges_refuse_what_was_read_differently():
    """A thumbprint, or a `jti`, that is not the proof's own is a false acceptance, whatever the signature says."""
    proof = SomeDevice().proof(TOKEN)
    verified = verdict(new_verifier(), proof)
    assert verified is not None
    judge(proof, verified)

    for other in (replace(verified, thumbprint="x" * 43), replace(verified, jti="another")):
        with pytest.raises(NotAProofError):
            judge(proof, other)


def test_the_judges_know_the_rules_themselves():
    """Each claim that is wrong is found by the rules written down once more, not by the verifier under test."""
    device = SomeDevice()
    verified = verdict(new_verifier(), device.proof(TOKEN, jti="the same"))
    assert verified is not None
    wrong = (
        {"htm": "get"}, {"htu": "https://desk.example/else"}, {"iat": 0}, {"iat": True}, {"ath": "x"}, {"exp": 1},
        {"nbf": 2**40}, {"nonce": ""}, {"digest": "x"},
    )  # fmt: skip
    for claims in wrong:
        with pytest.raises(NotAProofError):
            judge(device.proof(TOKEN, jti="the same", **claims), verified)


def test_the_same_seed_makes_the_same_kinds_of_proof():
    """A defect can be found again: which member is spoilt how comes from the seed alone."""
    devices = Devices()
    runs = [[generate(rng, devices).family for _ in range(200)] for rng in (random.Random("7"), random.Random("7"))]

    assert runs[0] == runs[1]


def test_a_key_of_small_order_is_refused_although_anybody_could_sign_with_it():
    """The forged family is real: its signature holds for a key that has no secret, and only our refusal stops it."""
    rng, devices = random.Random("forged"), Devices()
    forged: list[Case] = []
    while len(forged) < 40:
        case = generate(rng, devices)
        forged += [case] if case.family == "forged" else []

    assert any(libraries_accept(case.proof) for case in forged)
    assert not any(verdict(new_verifier(), case.proof) for case in forged)


def test_tallies_add_up():
    """What several processes counted is one count in the end, and the slowest of all is the slowest."""
    one, two = Tally(), Tally()
    one.proofs["good"], two.proofs["good"] = 2, 3
    one.slowest_ns, two.slowest_ns, two.slowest = 5, 7, "the slow one"

    one.add(two)

    assert (one.proofs["good"], one.slowest_ns, one.slowest) == (5, 7, "the slow one")
    assert json.dumps(dict(one.defects)) == "{}"
