"""Identity tokens of the platform's machines: their signatures, by the issuer's published keys (OpenID Connect Core).

Signed with RS256 and with nothing else: the algorithm is ours to choose, never the token's (RFC 8725, section 3.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bff_backoffice.domain.machine_identity import machine_token_invalid
from bff_backoffice.infrastructure.dpop.compact_jws import MalformedJwsError, json_object, split
from bff_backoffice.infrastructure.dpop.key_set import KeySetCache

__all__ = ["IdentityTokenVerifier"]

_LONGEST: Final = 8192
_ALGORITHM: Final = "RS256"
_TYPES: Final = frozenset({None, "jwt"})


class IdentityTokenVerifier:
    """Verifies every token anew: machines call a few times a second at most."""

    __slots__ = ("_keys",)

    def __init__(self, keys: KeySetCache) -> None:
        self._keys = keys

    async def claims(self, token: str) -> Mapping[str, object]:
        """Return the claims of a token that the issuer signed.

        Nothing of the token is read before that but its header, to know which key it means. Raises as the port says.
        """
        try:
            jws = split(token, longest=_LONGEST)
            header = json_object(jws.header)
            kid, kind = header.get("kid"), header.get("typ")
            if header.get("alg") != _ALGORITHM or "crit" in header or "b64" in header or not isinstance(kid, str):
                raise machine_token_invalid()
            if not isinstance(kind, str | None) or (kind and kind.lower()) not in _TYPES:
                raise machine_token_invalid()
            keys = await self._keys.current()
            if not keys.knows(kid):
                keys = await self._keys.after_unknown_kid(keys)
            candidates = keys.candidates(kid, _ALGORITHM)
            if not any(key.verify(jws.signature, jws.signing_input) for key in candidates):
                raise machine_token_invalid()
            return json_object(jws.payload)
        except MalformedJwsError:
            raise machine_token_invalid() from None
