"""The service and the simulated iam-service, which share no code, take the same good proofs.

A refresh goes through both.
"""

from __future__ import annotations

import pytest

from bff_backoffice.domain.device_proof import PublicOrigins
from bff_backoffice.infrastructure.dpop import ProofVerifier
from platform_sim.proofs import check_proof
from platform_sim.world.identity import Identity
from tests.some_device import NOW, ORIGIN, SomeDevice, new_key

PATH = "/bff/backoffice/v1/auth/refresh"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the simulator's library speaks of the name alone
@pytest.mark.parametrize("device", [
    SomeDevice("ES256"), SomeDevice("EdDSA"), SomeDevice("Ed25519"), SomeDevice("PS256"),
    SomeDevice("PS256", key=new_key("PS256", bits=4096)),
], ids=["ES256", "EdDSA", "Ed25519", "PS256 with 2048 bits", "PS256 with 4096 bits"])  # fmt: skip
def test_a_refresh_with_any_kind_of_key_passes_both(device: SomeDevice) -> None:
    """The same proof, checked here and passed on; both find the same key, and both ignore members they do not know."""
    proof = device.proof(header=device.header(extra={"a": 1}), htm="POST", htu=ORIGIN + PATH, other="x")
    here = ProofVerifier(PublicOrigins.parse([ORIGIN]))
    verified = here.verify(proof, method="POST", path=PATH, access_token=None, now=NOW)
    there = check_proof(proof, address=None, path_suffix="/auth/refresh", now=NOW, identity=Identity())
    assert verified.thumbprint == there.thumbprint == device.thumbprint
    assert verified.jti == there.jti
