"""The refusals of authentication, each with its `WWW-Authenticate` (RFC 9449 section 7.1, contract section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bff_backoffice.domain.errors import Code, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SECOND_FACTOR_SECONDS",
    "SIGNATURE_ALGORITHMS",
    "challenge",
    "credentials_missing",
    "nonce_required",
    "proof_invalid",
    "proof_replayed",
    "second_factor_required",
    "token_expired",
    "token_invalid",
]

SIGNATURE_ALGORITHMS: Final = "ES256 Ed25519 EdDSA PS256"
"""What every challenge names: the JWS algorithms that proofs may be signed with."""

ChallengeError = Literal["invalid_token", "invalid_dpop_proof", "use_dpop_nonce"]


def challenge(error: ChallengeError | None = None) -> tuple[tuple[str, str], ...]:
    """The header of a 401. No `error` where the request brought no credentials at all (RFC 6750 section 3.1).

    There is no `error_description`: what was wrong with a forged token would help only its forger.
    """
    parameters = f'algs="{SIGNATURE_ALGORITHMS}"'
    if error is not None:
        parameters = f'error="{error}", {parameters}'
    return (("WWW-Authenticate", f"DPoP {parameters}"),)


def credentials_missing() -> Refusal:
    """The request brought neither an access token nor a proof."""
    return Refusal(Code.TOKEN_INVALID, "Credentials are required", headers=challenge())


def token_invalid(detail: str = "") -> Refusal:
    """The access token is not one that this service takes. `detail` must not tell which check failed."""
    return Refusal(Code.TOKEN_INVALID, detail, headers=challenge("invalid_token"))


def token_expired() -> Refusal:
    """The access token is genuine in everything else and its time is over: the one refusal that a refresh mends."""
    return Refusal(Code.TOKEN_EXPIRED, headers=challenge("invalid_token"))


def proof_invalid(detail: str = "") -> Refusal:
    """The proof of possession does not prove what this request needs."""
    return Refusal(Code.PROOF_INVALID, detail, headers=challenge("invalid_dpop_proof"))


def proof_replayed() -> Refusal:
    """The proof was good once, and that once is over."""
    return Refusal(Code.PROOF_REPLAYED, headers=challenge("invalid_dpop_proof"))


def nonce_required(nonce: str) -> Refusal:
    """The proof carries no nonce, or an old one. The answer brings the current one (RFC 9449 section 9)."""
    return Refusal(Code.NONCE_REQUIRED, headers=(*challenge("use_dpop_nonce"), ("DPoP-Nonce", nonce)))


SECOND_FACTOR_SECONDS: Final = 300
"""How long a proven second factor is good for one act (contract, section 3)."""

_SECOND_FACTOR_ACR: Final = "urn:melmastoon:acr:mfa-recent"


def second_factor_required(step_up: Mapping[str, object]) -> Refusal:
    """The act needs an attestation, or a better one than was shown (RFC 9470 section 3). `step_up` says of what.

    The key is not used up: the same request goes again with the attestation.
    """
    parameters = (
        f'error="insufficient_user_authentication", acr_values="{_SECOND_FACTOR_ACR}", '
        f'max_age={SECOND_FACTOR_SECONDS}, algs="{SIGNATURE_ALGORITHMS}"'
    )
    return Refusal(
        Code.STEP_UP_REQUIRED,
        headers=(("WWW-Authenticate", f"DPoP {parameters}"),),
        members={"stepUp": step_up},
        retry="same_key",
    )
