"""DPoP proofs (RFC 9449 section 4.3): everything but the first use, which only the store can tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bff_backoffice.domain.device_proof import (
    PublicOrigins,
    VerifiedProof,
    accept_proof_claims,
    nonce_required,
    proof_invalid,
)
from bff_backoffice.infrastructure.dpop.compact_jws import MalformedJwsError, json_object, split
from bff_backoffice.infrastructure.dpop.nonces import Nonces
from bff_backoffice.infrastructure.dpop.public_key import PublicKey, UnusableKeyError, read_public_key
from bff_backoffice.infrastructure.dpop.recently_used import RecentlyUsed

__all__ = ["MAX_PROOF_LENGTH", "ProofVerifier"]

MAX_PROOF_LENGTH: Final = 4096
"""Characters (contract section 3). A proof of a 4096-bit RSA key, the longest there is, has about 1,800."""

_KEYS: Final = 4096
"""Device keys that are kept ready: twenty tenants of 200 devices, about 4 KB each."""


def _key_of(header: Mapping[str, object]) -> PublicKey:
    """The key in a proof's header, if the header is one that may carry a key for its algorithm."""
    if header.get("typ") != "dpop+jwt" or "crit" in header or "b64" in header:
        # No extension is understood here; an unencoded payload would be another text than the one that was signed.
        raise UnusableKeyError("not the header of a proof")
    key = read_public_key(header.get("jwk"))
    if header.get("alg") not in tuple(key.algorithms):
        # The allow-list and its coupling to the key in one: an algorithm is good for one kind of key or for none.
        raise UnusableKeyError("not an algorithm of this key")
    return key


class ProofVerifier:
    """Verifies proofs that are for this service.

    A device's proofs all have the same header, so its key is kept by the header's literal text: a hit spares decoding,
    parsing, the thumbprint and the key's import. A key is kept only after it verified a proof, and only beside an
    access token, so that nobody without one can crowd out the keys of those who have one.
    """

    __slots__ = ("_keys", "_nonces", "_origins")

    def __init__(self, origins: PublicOrigins, *, nonces: Nonces | None = None, keys: int = _KEYS) -> None:
        self._origins = origins
        self._nonces = nonces
        self._keys: RecentlyUsed[PublicKey] = RecentlyUsed(keys)

    def verify(self, proof: str, *, method: str, path: str, access_token: str | None, now: datetime) -> VerifiedProof:
        """Return what the proof proves, or raise the refusal `PROOF_INVALID` or `NONCE_REQUIRED`.

        `path` is the path as requested, escapes and all, without the query. `access_token` is None for a refresh, whose
        proof has no `ath`. Whether the key is the one that the token is bound to is for `require_key_binding` to say.
        """
        try:
            jws = split(proof, longest=MAX_PROOF_LENGTH)
            known = self._keys.get(jws.header)
            key = known or _key_of(json_object(jws.header))
            if not key.verify(jws.signature, jws.signing_input):
                raise proof_invalid()
            claims = json_object(jws.payload)
        except (MalformedJwsError, UnusableKeyError):
            # One answer for every way to be wrong: which of them it was would help only someone who forges.
            raise proof_invalid() from None
        verified = accept_proof_claims(
            claims,
            thumbprint=key.thumbprint,
            method=method,
            path=path,
            origins=self._origins,
            access_token=access_token,
            now=now,
        )
        if self._nonces is not None and not (verified.nonce and self._nonces.accepts(verified.nonce, now)):
            raise nonce_required(self._nonces.current(now))
        if known is None and access_token is not None:
            self._keys.put(jws.header, key)
        return verified
