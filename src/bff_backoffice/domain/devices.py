"""What devices say of themselves: heartbeats, hints of what they have queued; and what follows from it.

Specification, section 4: DeviceSyncStatus and OfflineActionQueueHint.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "HEARTBEAT_SECONDS", "HINT_LIFETIME", "OVERTAKEN_WITHIN", "DeviceStatus", "Directive", "Heartbeat", "Liveness",
    "QueueHint", "directives", "liveness", "newest", "overtaken", "queued",
]  # fmt: skip

HEARTBEAT_SECONDS: Final = 60
"""Specification, section 5, responsibility 10."""

_LATE_AFTER: Final = timedelta(seconds=90)
"""One heartbeat missed, and half of the next one's time for a slow link."""

_OFFLINE_AFTER: Final = timedelta(seconds=300)
"""Five heartbeats missed: nobody is on the other end."""

OVERTAKEN_WITHIN: Final = timedelta(seconds=30)
"""A heartbeat that was sent before the kept one and comes so soon after it was overtaken on its way. One that comes
later is from a clock that was set back, and counts."""

HINT_LIFETIME: Final = timedelta(days=7)
"""Specification, section 4."""

_SYNC_IS_OLD_AFTER: Final = timedelta(minutes=15)
"""A sync session token lives so long: whoever has not synchronised since has none."""

_CLOCK_IS_WRONG_AFTER: Final = timedelta(seconds=60)
"""The oldest that a proof may be (contract, section 3): beyond it a device can't prove anything."""

_SESSION_ENDS_WITHIN: Final = timedelta(seconds=HEARTBEAT_SECONDS + 30)
"""A token that does not outlive the next heartbeat and half of one more."""


class Liveness(StrEnum):
    """How recently a device was heard of."""

    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"


class Directive(StrEnum):
    """What a device should do before its next heartbeat. A desktop passes over one that it does not know."""

    SET_CLOCK = "set_clock"
    REFRESH_SESSION = "refresh_session"
    UPDATE_APP = "update_app"
    SEND_QUEUE = "send_queue"
    START_SYNC = "start_sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One report of a device. `sent_at` is the device's clock, `received_at` ours."""

    device_id: DeviceId
    operator_id: OperatorId
    property_id: PropertyId
    sent_at: datetime
    received_at: datetime
    queue_depth: int
    last_sync_at: datetime | None
    network_profile: NetworkProfile
    app_version: str
    battery_percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueHint:
    """What a device says that it has queued. Never authoritative: the queue itself is on the device.

    `oldest_at` is by the device's clock, `reported_at` by ours; `by_kind` counts actions.
    """

    device_id: DeviceId
    operator_id: OperatorId
    pending: int
    oldest_at: datetime | None
    by_kind: Mapping[str, int] = field(default_factory=dict)
    reported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """What is known of a device: its newest heartbeat, and the number of its newest hint."""

    device_id: DeviceId
    operator_id: OperatorId
    property_id: PropertyId
    last_heartbeat_at: datetime
    queue_depth: int
    network_profile: NetworkProfile
    app_version: str
    hinted: int | None = None
    hinted_at: datetime | None = None


def overtaken(kept: Heartbeat, new: Heartbeat) -> bool:
    """Whether a heartbeat was sent before the kept one of its device, and came after it because it took longer."""
    same = kept.operator_id == new.operator_id
    return same and new.sent_at < kept.sent_at and new.received_at - kept.received_at < OVERTAKEN_WITHIN


def liveness(last_heartbeat_at: datetime, *, now: datetime) -> Liveness:
    """Judge a device by the age of its last heartbeat."""
    age = now - last_heartbeat_at
    if age <= _LATE_AFTER:
        return Liveness.ONLINE
    return Liveness.LATE if age <= _OFFLINE_AFTER else Liveness.OFFLINE


def queued(status: DeviceStatus) -> int:
    """How many actions a device said that it has queued, by whichever of heartbeat and hint came last."""
    if status.hinted is None or status.hinted_at is None or status.hinted_at < status.last_heartbeat_at:
        return status.queue_depth
    return status.hinted


def newest(statuses: Iterable[DeviceStatus], operator_id: OperatorId) -> Sequence[DeviceStatus]:
    """Join what several stores say of devices; return the operator's, newest heartbeat first.

    A device is its last operator's: what an older store says of somebody before counts for nothing.
    """
    known: dict[DeviceId, DeviceStatus] = {}
    for status in statuses:
        before = known.setdefault(status.device_id, status)
        later = status if status.last_heartbeat_at > before.last_heartbeat_at else before
        other = before if later is status else status
        if later.operator_id == other.operator_id and (other.hinted_at or _NEVER) > (later.hinted_at or _NEVER):
            later = replace(later, hinted=other.hinted, hinted_at=other.hinted_at)
        known[status.device_id] = later
    mine = (status for status in known.values() if status.operator_id == operator_id)
    return sorted(mine, key=lambda status: status.last_heartbeat_at, reverse=True)


def directives(
    heartbeat: Heartbeat, *, outdated: bool, token_expires_at: datetime, now: datetime
) -> tuple[Directive, ...]:
    """Return what the device should do, the most pressing first. `outdated`: there is a newer build for it.

    A build below the tenant's floor gets no answer at all but 410.
    """
    synchronised = heartbeat.last_sync_at is not None and now - heartbeat.last_sync_at <= _SYNC_IS_OLD_AFTER
    wanted = {
        Directive.SET_CLOCK: abs(now - heartbeat.sent_at) > _CLOCK_IS_WRONG_AFTER,
        Directive.REFRESH_SESSION: token_expires_at - now <= _SESSION_ENDS_WITHIN,
        Directive.UPDATE_APP: outdated,
        Directive.SEND_QUEUE: heartbeat.queue_depth > 0,
        Directive.START_SYNC: not synchronised or heartbeat.network_profile is NetworkProfile.OFFLINE_RECENTLY,
    }
    return tuple(directive for directive, due in wanted.items() if due)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
