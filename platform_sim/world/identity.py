"""What iam-service remembers: sessions, refresh families, used proofs and codes. Emptied by a reset of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Identity", "RefreshToken", "Session"]


@dataclass(slots=True, kw_only=True)
class Session:
    """A sign-in on a device, `ses_…`; also the family of its refresh tokens."""

    id: str
    tenant_id: str
    operator_id: str
    device_id: str
    thumbprint: str
    amr: tuple[str, ...]
    opened_at: datetime
    expires_at: datetime
    revoked_reason: str | None = None


@dataclass(slots=True, kw_only=True)
class RefreshToken:
    """One refresh token. Once rotated it keeps the answer that replaced it, for the reuse window."""

    session_id: str
    expires_at: datetime
    rotated_at: datetime | None = None
    successor: dict[str, object] | None = None


@dataclass(slots=True, kw_only=True)
class Identity:
    """iam's tables. Refresh tokens are kept by their SHA-256; proofs by thumbprint and `jti` until too old."""

    sessions: dict[str, Session] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    seen_proofs: dict[tuple[str, str], datetime] = field(default_factory=dict)
    used_codes: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of an operator and a second-factor proof that was accepted: no code is good twice."""
    key_generation: int = 0
    """How often the signing key was replaced; the one thing here that a reset keeps."""
    failed_attempts: dict[str, list[datetime]] = field(default_factory=dict)
    """By operator: the second-factor attempts that failed lately."""

    def sessions_of_device(self, device_id: str) -> list[Session]:
        """The sessions of a device that are still good for something."""
        return [s for s in self.sessions.values() if s.device_id == device_id and s.revoked_reason is None]
