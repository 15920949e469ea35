"""The examples that the RFCs print, character for character."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bff_backoffice.domain.device_proof import PublicOrigins
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.infrastructure.dpop import ProofVerifier
from bff_backoffice.infrastructure.dpop.compact_jws import split
from bff_backoffice.infrastructure.dpop.public_key import read_public_key
from tests.some_device import token_hash

HEADER = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
RESOURCE_PROOF = (
    HEADER + ".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wc"
    "m90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFF"
    "byJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
TOKEN_PROOF = (
    HEADER + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2"
    "VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3"
    "Lg"
)
REFRESH_PROOF = (
    HEADER + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2"
    "VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroap"
    "UA"
)
ACCESS_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
ORIGINS = PublicOrigins.parse(["https://server.example.com", "https://resource.example.org"])


def at(seconds: int) -> datetime:
    """A moment by its seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def test_rfc_9449_resource_request() -> None:
    """Section 7.1: key, method, address, time and the token's hash."""
    verified = ProofVerifier(ORIGINS).verify(
        RESOURCE_PROOF, method="GET", path="/protectedresource", access_token=ACCESS_TOKEN, now=at(1562262618)
    )
    assert verified.thumbprint == THUMBPRINT
    assert verified.jti == "e1j3V_bKic8-LAEB"
    assert verified.target == "https://resource.example.org/protectedresource"
    assert token_hash(ACCESS_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.parametrize(("proof", "seconds"), [(TOKEN_PROOF, 1562262616), (REFRESH_PROOF, 1562265296)])
def test_rfc_9449_token_requests(proof: str, seconds: int) -> None:
    """Section 5: without a token there is no hash; beside a token the same proof is not enough."""
    verifier = ProofVerifier(ORIGINS)
    verified = verifier.verify(proof, method="POST", path="/token", access_token=None, now=at(seconds))
    assert (verified.thumbprint, verified.jti) == (THUMBPRINT, "-BwC3ESc6acc2lTc")
    with pytest.raises(Refusal):
        verifier.verify(proof, method="POST", path="/token", access_token=ACCESS_TOKEN, now=at(seconds))


def test_rfc_7638_thumbprint_of_an_rsa_key() -> None:
    """Section 3.1."""
    key = read_public_key(
        {
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZ"
            "CiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7"
            "d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-"
            "csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "PS256",
            "kid": "2011-04-29",
        }
    )
    assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_rfc_8037_thumbprint_and_signature_of_an_ed25519_key() -> None:
    """Appendix A.3 and A.4."""
    key = read_public_key({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    jws = split(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR"
        "4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        longest=500,
    )
    assert key.verify(jws.signature, jws.signing_input)
    assert not key.verify(jws.signature, jws.signing_input + b"x")


def test_rfc_7515_signature_of_a_p256_key() -> None:
    """Appendix A.3."""
    key = read_public_key(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }
    )
    jws = split(
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnV"
        "lfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        longest=500,
    )
    assert key.verify(jws.signature, jws.signing_input)
    assert not key.verify(jws.signature[32:] + jws.signature[:32], jws.signing_input)
