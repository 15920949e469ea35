"""What the platform is told of sessions: opened, refreshed, closed (platform-facts A7)."""

from __future__ import annotations

import re
from typing import Final

from bff_backoffice.application.outbox import Message
from bff_backoffice.application.telemetry import Emit, Origin, Telemetry, leading_role
from bff_backoffice.application.telemetry_payloads import SessionClosed, SessionOpened
from bff_backoffice.domain.operator import Operator
from bff_backoffice.domain.sessions import BackofficeSession

__all__ = ["closing", "opened", "origin_of_session"]

_CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")


def origin_of_session(
    session: BackofficeSession,
    operator: Operator | None = None,
    *,
    request_id: str | None = None,
    traceparent: str | None = None,
) -> Origin:
    """Return the origin of what happens to a session; who ends one from outside brings neither role nor request."""
    return Origin(
        tenant_id=session.tenant_id,
        device_id=session.device_id,
        operator_id=session.operator_id,
        session_id=session.id,
        property_id=session.primary_property_id,
        role=None if operator is None else leading_role(operator.roles),
        locale=None if operator is None else operator.locale,
        app_version=session.app_version,
        app_platform=session.app_platform,
        network_profile=session.network_profile,
        request_id=request_id,
        traceparent=traceparent,
    )


def opened(emit: Emit, session: BackofficeSession, operator: Operator, *, request_id: str, traceparent: str) -> None:
    """Tell of a session's beginning. Raises nothing."""
    origin = origin_of_session(session, operator, request_id=request_id, traceparent=traceparent)
    emit(origin, SessionOpened(opened_at=session.opened_at))


def closing(
    telemetry: Telemetry, session: BackofficeSession, reason: str, origin: Origin | None = None
) -> Message | None:
    """Return the message of a session's end. It ends once, so that the event has the session's own number.

    A reason in words of somebody's own is `other`. Without an origin it is nobody's request.
    """
    ended = SessionClosed(reason=reason if _CODE.match(reason) else "other", opened_at=session.opened_at)
    return telemetry.message(origin or origin_of_session(session), ended, event_id=f"evt_{session.id.ulid}")
