"""Cross-origin calls from the web origins that the settings name, and from no others (Fetch standard, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.presentation.exchange import Whole

__all__ = ["Cors"]

_METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS: Final = (
    "Authorization, DPoP, Content-Type, Accept, Accept-Language, If-Match, If-None-Match, Idempotency-Key, "
    "Last-Event-ID, X-App-Platform, X-App-Version, X-Client-Budget-Ms, X-Device-Id, X-Idempotency-Key, "
    "X-Mfa-Attestation, X-Network-Profile, X-Property-Id, X-Request-Id, traceparent"
)
_EXPOSED: Final = (
    "DPoP-Nonce, WWW-Authenticate, X-Request-Id, ETag, X-Cache, Retry-After, Idempotency-Replayed, Date, "
    "RateLimit, RateLimit-Policy, Content-Language, X-JWS-Signature"
)
_PREFLIGHT_SECONDS: Final = "600"


@dataclass(frozen=True, slots=True)
class Cors:
    """Answers preflights and adds what a browser asks for. Never with credentials: there are no cookies here."""

    origins: frozenset[str]

    def _origin(self, headers: dict[str, tuple[str, ...]]) -> str | None:
        (origin, *_) = headers.get("origin", ("",))
        return origin if origin in self.origins else None

    def preflight(self, method: str, headers: dict[str, tuple[str, ...]]) -> Whole | None:
        """The answer to a preflight of a known origin. Anyone else's OPTIONS goes on and is refused as a method."""
        if method != "OPTIONS" or "access-control-request-method" not in headers or self._origin(headers) is None:
            return None
        return Whole(
            status=204,
            headers=(
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", _REQUEST_HEADERS),
                ("Access-Control-Max-Age", _PREFLIGHT_SECONDS),
            ),
        )

    def headers(self, headers: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
        """What every answer to a known origin carries."""
        origin = self._origin(headers)
        if origin is None:
            return []
        return [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", _EXPOSED)]
