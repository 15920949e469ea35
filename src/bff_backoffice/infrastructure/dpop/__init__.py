"""Proofs of possession and access tokens: signatures, keys and key sets.

The rules themselves are `domain/device_proof`.
"""

from __future__ import annotations

from bff_backoffice.infrastructure.dpop.access_token import AccessTokenVerifier
from bff_backoffice.infrastructure.dpop.key_set import FetchKeySet, KeySetCache
from bff_backoffice.infrastructure.dpop.nonces import Nonces
from bff_backoffice.infrastructure.dpop.proof import ProofVerifier

__all__ = ["AccessTokenVerifier", "FetchKeySet", "KeySetCache", "Nonces", "ProofVerifier"]
