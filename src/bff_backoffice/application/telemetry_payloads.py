"""What each telemetry event says beside its envelope: the shapes of which `schemas/` is made.

No name, telephone number, address or text that anybody wrote is in any of them. What a desktop names freely travels as
a keyed digest of its tenant (`…Digest`), or not at all where no key is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from bff_backoffice.domain.telemetry import Subject, subject_named

__all__ = [
    "PAYLOADS",
    "ActivityRecorded",
    "AlertAcknowledged",
    "DashboardViewed",
    "HeartbeatReceived",
    "LockActionProxied",
    "MutationProxied",
    "Payload",
    "SessionClosed",
    "SessionOpened",
    "SessionRefreshed",
    "SuggestionDecided",
    "SyncCursorAdvanced",
    "SyncHandshakeCompleted",
    "WorkbenchViewed",
]  # fmt: skip

_Count = Annotated[int, Meta(ge=0)]
_Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="HMAC-SHA-256 under a key of the tenant's own.")]
_Outcome = Literal["applied", "refused", "unknown"]
_Status = Annotated[int, Meta(ge=100, le=599)]


class Payload(Struct, frozen=True, kw_only=True, rename="camel"):
    """What every one of them is. `subject` is the subject that it belongs to."""

    subject: ClassVar[Subject]


class SessionOpened(Payload, frozen=True, kw_only=True):
    """A device's session began: its first authenticated request (UC-01)."""

    subject = subject_named("session.opened")
    opened_at: datetime


class SessionRefreshed(Payload, frozen=True, kw_only=True):
    """The device got new tokens (UC-02)."""

    subject = subject_named("session.refreshed")
    opened_at: datetime


class SessionClosed(Payload, frozen=True, kw_only=True):
    """A session ended before its tokens (UC-03, force logout). `opened_at` is missing where it never was open here."""

    subject = subject_named("session.closed")
    reason: Annotated[str, Meta(pattern="^[a-z][a-z0-9_.-]{0,63}$")]
    opened_at: datetime | None = None


class DashboardViewed(Payload, frozen=True, kw_only=True):
    """A dashboard was composed to its end (DashboardSnapshot). `outcomes` counts its widgets."""

    subject = subject_named("dashboard.viewed")
    snapshot_id: str
    cache_status: str
    widgets: _Count
    outcomes: Mapping[str, _Count]
    elapsed_ms: _Count
    partial: bool


class WorkbenchViewed(Payload, frozen=True, kw_only=True):
    """A board was composed (WorkbenchView). `outcomes` counts its sections, `items` its lines on this page."""

    subject = subject_named("workbench.viewed")
    view_id: str
    board: str
    cache_status: str
    items: _Count
    outcomes: Mapping[str, _Count]
    partial: bool


class SuggestionDecided(Payload, frozen=True, kw_only=True):
    """An operator decided about a suggestion (AISuggestionInbox, UC-07); what was written stays here."""

    subject = subject_named("suggestion.decided")
    decision_id: str
    suggestion_id: str
    category: str
    decision: Literal["accept", "modify", "reject"]
    has_reason: bool
    has_delta: bool


class AlertAcknowledged(Payload, frozen=True, kw_only=True):
    """An operator took care of an alert (AlertInbox, UC-09); the note stays here."""

    subject = subject_named("alert.acknowledged")
    acknowledgement_id: str
    alert_id: str
    has_note: bool


class LockActionProxied(Payload, frozen=True, kw_only=True):
    """A key of a door was issued or revoked through here, or should have been (UC-10)."""

    subject = subject_named("lock_action.proxied")
    audit_id: str
    action: str
    lock_id: str | None
    outcome: _Outcome
    upstream_status: _Status | None
    attested: bool


class MutationProxied(Payload, frozen=True, kw_only=True):
    """A change was forwarded to the service that owns it (UC-14)."""

    subject = subject_named("mutation.proxied")
    audit_id: str
    action: str
    resource_id: str | None
    outcome: _Outcome
    upstream_status: _Status | None
    attested: bool


class HeartbeatReceived(Payload, frozen=True, kw_only=True):
    """A device said that it is alive (DeviceSyncStatus, UC-12)."""

    subject = subject_named("heartbeat.received")
    sent_at: datetime
    queue_depth: _Count
    last_sync_at: datetime | None
    battery_percent: Annotated[int, Meta(ge=0, le=100)] | None


class SyncHandshakeCompleted(Payload, frozen=True, kw_only=True):
    """A device got a token for sync-service (specification, responsibility 7)."""

    subject = subject_named("sync_handshake.completed")
    scopes: Sequence[str]
    protocol_version: int


class SyncCursorAdvanced(Payload, frozen=True, kw_only=True):
    """A device's cursor moved on. The cursor itself stays between the device and sync-service."""

    subject = subject_named("sync_cursor.advanced")
    scope: str
    occurred_at: datetime


class ActivityRecorded(Payload, frozen=True, kw_only=True):
    """An operator did something at the desktop (OperatorActivity, UC-13), at the device's own time."""

    subject = subject_named("activity.recorded")
    activity_id: str
    kind: str
    occurred_at: datetime
    target_type: str | None
    target_digest: _Digest | None


PAYLOADS: Final[Mapping[Subject, type[Payload]]] = MappingProxyType({
    shape.subject: shape
    for shape in (
        SessionOpened, SessionRefreshed, SessionClosed, DashboardViewed, WorkbenchViewed, SuggestionDecided,
        AlertAcknowledged, LockActionProxied, MutationProxied, HeartbeatReceived, SyncHandshakeCompleted,
        SyncCursorAdvanced, ActivityRecorded,
    )
})  # fmt: skip
"""Each subject's shape."""
