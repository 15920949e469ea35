"""Proofs of possession, access tokens and this service's own signatures: signatures, keys and key sets.

The rules themselves are `domain/device_proof`.
"""

from __future__ import annotations

from bff_backoffice.infrastructure.dpop.access_token import AccessTokenVerifier
from bff_backoffice.infrastructure.dpop.identity_token import IdentityTokenVerifier
from bff_backoffice.infrastructure.dpop.key_set import FetchKeySet, KeySetCache
from bff_backoffice.infrastructure.dpop.nonces import Nonces
from bff_backoffice.infrastructure.dpop.proof import ProofVerifier
from bff_backoffice.infrastructure.dpop.public_key import read_identity_key
from bff_backoffice.infrastructure.dpop.signing_key import SigningKey, published_key

__all__ = [
    "AccessTokenVerifier", "FetchKeySet", "IdentityTokenVerifier", "KeySetCache", "Nonces", "ProofVerifier",
    "SigningKey", "published_key", "read_identity_key",
]  # fmt: skip
