"""The session of one operator on one device of one tenant: open → idle → refreshed → closed (spec. section 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bff_backoffice.domain.operator import (
    AppPlatform,
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    NetworkProfile,
    OperatorId,
    PropertyId,
    TenantId,
)

__all__ = ["SESSION_LIFETIME", "BackofficeSession", "SessionState", "choose_property", "expires_at", "seen"]

SESSION_LIFETIME: Final = timedelta(hours=12)
"""Sliding: counted from the last request (specification, section 4)."""

_SEEN_STEP: Final = timedelta(seconds=60)
"""`lastSeenAt` is written at most this often, so that reading a board does not cost a write each time."""


class SessionState(StrEnum):
    """Where a session is in its life. `idle` is derived from the last request and never stored."""

    OPEN = "open"
    IDLE = "idle"
    REFRESHED = "refreshed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackofficeSession:
    """What is kept of a session. `iam_session_id` is its tokens' `sid`, `tokens_expire_at` the newest one's end.

    Roles and property scope are not here: they are asked for on each request, so that a change counts at once.
    """

    id: BackofficeSessionId
    tenant_id: TenantId
    operator_id: OperatorId
    device_id: DeviceId
    iam_session_id: IamSessionId
    key_thumbprint: str
    primary_property_id: PropertyId | None
    state: SessionState
    opened_at: datetime
    last_seen_at: datetime
    tokens_expire_at: datetime
    authenticated_at: datetime
    app_version: str | None = None
    app_platform: AppPlatform | None = None
    network_profile: NetworkProfile | None = None
    confirmed_at: datetime | None = None
    """When Postgres was last asked whether the session is revoked; None: when it was opened."""

    def confirmed_since(self, moment: datetime) -> bool:
        """Whether it is known, later than `moment`, that the session was not revoked."""
        return (self.confirmed_at or self.opened_at) > moment

    def began_after(self, moment: datetime | None) -> bool:
        """Whether the operator signed in to it later than `moment`, by iam's clock; never, where no moment is known.

        Sign-ins count whole seconds, rounded down: one in the second of `moment` is taken to be the earlier.
        """
        return moment is not None and self.authenticated_at > moment


def seen(
    session: BackofficeSession,
    *,
    now: datetime,
    tokens_expire_at: datetime,
    app_version: str | None,
    app_platform: AppPlatform | None,
    network_profile: NetworkProfile | None,
    primary_property_id: PropertyId | None,
) -> BackofficeSession:
    """The session after a request. The same object when nothing is worth a write."""
    nothing_new = (
        app_version in (None, session.app_version)
        and app_platform in (None, session.app_platform)
        and network_profile in (None, session.network_profile)
        and primary_property_id == session.primary_property_id
        and tokens_expire_at <= session.tokens_expire_at
    )
    if nothing_new and now - session.last_seen_at < _SEEN_STEP:
        return session
    return replace(
        session,
        last_seen_at=now,
        app_version=app_version or session.app_version,
        app_platform=app_platform or session.app_platform,
        network_profile=network_profile or session.network_profile,
        primary_property_id=primary_property_id,
        tokens_expire_at=max(tokens_expire_at, session.tokens_expire_at),
    )


def choose_property(chosen: PropertyId | None, scope: tuple[PropertyId, ...]) -> PropertyId | None:
    """The primary property: what the operator chose while it is in scope, else the first of the scope."""
    if chosen in scope:
        return chosen
    return scope[0] if scope else None


def expires_at(last_seen_at: datetime) -> datetime:
    """When a session ends if nothing more is heard of it: twelve hours after it was last seen."""
    return last_seen_at + SESSION_LIFETIME
