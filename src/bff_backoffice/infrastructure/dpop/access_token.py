"""Access tokens of iam-service: JWTs (RFC 9068), verified once and then known by their bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bff_backoffice.domain.device_proof import AccessClaims, TokenRules, accept_access_claims, token_invalid
from bff_backoffice.infrastructure.dpop.compact_jws import CompactJws, MalformedJwsError, json_object, split
from bff_backoffice.infrastructure.dpop.key_set import KeySet, KeySetCache
from bff_backoffice.infrastructure.dpop.public_key import ALGORITHMS
from bff_backoffice.infrastructure.dpop.recently_used import RecentlyUsed

__all__ = ["MAX_TOKEN_LENGTH", "AccessTokenVerifier"]

MAX_TOKEN_LENGTH: Final = 8192
"""Characters: as long as a header line may be in most proxies."""

_TOKENS: Final = 8192
"""Tokens that are kept verified: two each for twenty tenants of 200 devices, about 2 KB each."""

_TYPES: Final = frozenset({None, "at+jwt", "application/at+jwt", "jwt"})


@dataclass(frozen=True, slots=True)
class _Verified:
    claims: AccessClaims
    keys: KeySet


class AccessTokenVerifier:
    """Verifies access tokens with iam-service's keys.

    A token that was verified stays verified until the key set changes; its times are looked at again on every use.
    """

    __slots__ = ("_keys", "_rules", "_tokens")

    def __init__(self, rules: TokenRules, keys: KeySetCache, *, tokens: int = _TOKENS) -> None:
        self._rules = rules
        self._keys = keys
        self._tokens: RecentlyUsed[_Verified] = RecentlyUsed(tokens)

    async def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """Return the token's claims, or raise the refusal `TOKEN_INVALID` or `TOKEN_EXPIRED`.

        Raises the `UpstreamError` family when there is no key to verify with, since iam-service was never reached.
        """
        keys = await self._keys.current()
        known = self._tokens.get(token)
        if known is not None and known.keys is keys:
            known.claims.require_current(self._rules, now=now)
            return known.claims
        try:
            jws = split(token, longest=MAX_TOKEN_LENGTH)
            keys = await self._signed_by(jws, json_object(jws.header), keys)
            claims = accept_access_claims(json_object(jws.payload), self._rules, now=now)
        except MalformedJwsError:
            raise token_invalid() from None
        self._tokens.put(token, _Verified(claims, keys))
        return claims

    async def _signed_by(self, jws: CompactJws, header: Mapping[str, object], keys: KeySet) -> KeySet:
        """The key set one of whose keys signed the token; raises `TOKEN_INVALID`."""
        kid, algorithm, kind = header.get("kid"), header.get("alg"), header.get("typ")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in header or "b64" in header:
            raise token_invalid()
        if not isinstance(kid, str | None) or not isinstance(kind, str | None):
            raise token_invalid()
        if (kind.lower() if kind is not None else None) not in _TYPES:
            # iam signs other JWTs with the same keys; none of them is an access token.
            raise token_invalid()
        if kid is not None and not keys.knows(kid):
            keys = await self._keys.after_unknown_kid(keys)
        if not any(key.verify(jws.signature, jws.signing_input) for key in keys.candidates(kid, algorithm)):
            raise token_invalid()
        return keys
