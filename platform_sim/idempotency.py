"""De-duplication by idempotency key, as every service of the platform does it for 24 hours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from platform_sim.dialect import Refused
from platform_sim.kernel import Answer

__all__ = ["Claim", "Deduplication"]

_REMEMBERED: Final = timedelta(hours=24)


@dataclass(slots=True)
class Claim:
    """One key of one tenant at one service: still running while `answer` is None."""

    fingerprint: str
    claimed_at: datetime
    answer: Answer | None = None


class Deduplication:
    """Which keys were used, for what, and what was answered."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str, str], Claim] = {}

    def claim(self, scope: tuple[str, str, str], request: tuple[str, str, bytes], now: datetime) -> Claim:
        """Claim a key. A claim with an answer is a replay: give that answer and do nothing.

        `scope` is service, tenant header and key; `request` is method, path with query, and body. Raises `Refused`: 409
        while the first request still runs, 422 where the key belongs to another request.
        """
        method, path, body = request
        fingerprint = hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()
        known = self._claims.get(scope)
        if known is None or known.claimed_at + _REMEMBERED < now:
            self._claims[scope] = Claim(fingerprint, now)
            return self._claims[scope]
        if known.fingerprint != fingerprint:
            raise Refused(422, "MELMASTOON.GENERAL.IDEMPOTENCY_KEY_REUSED", "the key belongs to another request")
        if known.answer is None:
            raise Refused(
                409,
                "MELMASTOON.GENERAL.IDEMPOTENCY_IN_PROGRESS",
                "the first request with this key still runs",
                headers={"Retry-After": "1"},
            )
        return known

    def release(self, scope: tuple[str, str, str], claim: Claim) -> None:
        """Give a key back whose request was not carried out."""
        if self._claims.get(scope) is claim and claim.answer is None:
            del self._claims[scope]

    def keep(self, scope: tuple[str, str, str], claim: Claim, answer: Answer) -> None:
        """Remember the answer of a request that was carried out."""
        claim.answer = answer
        self._claims[scope] = claim

    def forget(self) -> None:
        """Forget every key."""
        self._claims.clear()
