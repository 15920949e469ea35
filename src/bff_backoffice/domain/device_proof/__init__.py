"""What an access token and a DPoP proof must say for one request (RFC 9449, contract section 3): pure rules.

Signatures, keys and stores are elsewhere. Every refusal is made in `challenges`, so that no rule can forget the
challenge.
"""

from __future__ import annotations

from bff_backoffice.domain.device_proof.access_claims import AccessClaims, TokenRules, accept_access_claims
from bff_backoffice.domain.device_proof.challenges import (
    SECOND_FACTOR_SECONDS,
    SIGNATURE_ALGORITHMS,
    challenge,
    credentials_missing,
    nonce_required,
    proof_invalid,
    proof_replayed,
    second_factor_required,
    token_expired,
    token_invalid,
)
from bff_backoffice.domain.device_proof.credentials import Credentials, read_credentials, read_sole_proof
from bff_backoffice.domain.device_proof.proof_claims import (
    PROOF_FUTURE,
    PROOF_PAST,
    VerifiedProof,
    accept_proof_claims,
    accepted_until,
    replay_digest,
    replay_ttl_ms,
    require_body,
    require_key_binding,
)
from bff_backoffice.domain.device_proof.request_target import MalformedTargetError, PublicOrigins, canonical_target

__all__ = [
    "PROOF_FUTURE",
    "PROOF_PAST",
    "SECOND_FACTOR_SECONDS",
    "SIGNATURE_ALGORITHMS",
    "AccessClaims",
    "Credentials",
    "MalformedTargetError",
    "PublicOrigins",
    "TokenRules",
    "VerifiedProof",
    "accept_access_claims",
    "accept_proof_claims",
    "accepted_until",
    "canonical_target",
    "challenge",
    "credentials_missing",
    "nonce_required",
    "proof_invalid",
    "proof_replayed",
    "read_credentials",
    "read_sole_proof",
    "replay_digest",
    "replay_ttl_ms",
    "require_body",
    "require_key_binding",
    "second_factor_required",
    "token_expired",
    "token_invalid",
]
