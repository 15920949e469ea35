"""The session as it goes on the wire (contract, section 10)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.domain.sessions import BackofficeSession, choose_property, expires_at
from bff_backoffice.presentation.words import language_of

__all__ = ["SessionView", "session_view"]


class SessionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The session as the desktop sees it (contract, section 10)."""

    id: str
    tenant_id: str
    operator_id: str
    device_id: str
    property_scope: list[str]
    primary_property_id: str | None
    roles: list[str]
    locale: str
    dir: str
    app_version: str | None
    app_platform: str | None
    network_profile: str | None
    state: str
    opened_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def session_view(who: Authenticated, session: BackofficeSession) -> SessionView:
    """The wire form of a session."""
    operator = who.operator
    language = language_of(operator.locale)
    return SessionView(
        id=session.id,
        tenant_id=session.tenant_id,
        operator_id=session.operator_id,
        device_id=session.device_id,
        property_scope=list(operator.property_scope),
        primary_property_id=choose_property(session.primary_property_id, operator.property_scope),
        roles=sorted(operator.roles),
        locale=operator.locale,
        dir="ltr" if language is None else language.dir,
        app_version=session.app_version,
        app_platform=session.app_platform,
        network_profile=session.network_profile,
        state=session.state,
        opened_at=session.opened_at,
        last_seen_at=who.seen_at,
        expires_at=expires_at(who.seen_at),
    )
