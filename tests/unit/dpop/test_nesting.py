"""How deep a proof's JSON may be: what no parser's own limit decides."""

from __future__ import annotations

import json

import pytest

from bff_backoffice.domain.device_proof import PublicOrigins
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.infrastructure.dpop import ProofVerifier
from tests.some_device import NOW, ORIGIN, PATH, SomeDevice, compact

TOKEN = "an.access.token"


def accepted(depth: int, *, frames: int = 0, **claims: str) -> bool:
    """Whether a proof with a member nested so deep is accepted, under so many more frames of the stack."""
    if frames:
        return accepted(depth, frames=frames - 1, **claims)
    device = SomeDevice()
    text = json.dumps(device.claims(TOKEN, **claims))[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
    proof = compact(device.key, json.dumps(device.header()), text)
    verifier = ProofVerifier(PublicOrigins.parse([ORIGIN]))
    try:
        verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=NOW)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("depth", [254, 257, 900, 980, 1100])
def test_the_verdict_on_deep_json_does_not_depend_on_the_stack(depth: int):
    """A proof that one caller could read and another could not would be two proofs."""
    assert accepted(depth) == accepted(depth, frames=200) == (depth < 256)


def test_brackets_in_a_text_are_no_depth():
    """The longest `jti` may consist of nothing else."""
    assert accepted(2, jti="[" * 128)
