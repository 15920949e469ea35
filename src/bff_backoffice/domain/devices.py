"""Heartbeats and what they say of a device: online, late or offline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId

__all__ = ["HEARTBEAT_SECONDS", "DeviceStatus", "Heartbeat", "Liveness", "liveness"]

HEARTBEAT_SECONDS: Final = 60
"""Specification, section 5, responsibility 10."""

_LATE_AFTER: Final = timedelta(seconds=90)
"""One heartbeat missed, and half of the next one's time for a slow link."""

_OFFLINE_AFTER: Final = timedelta(seconds=300)
"""Five heartbeats missed: nobody is on the other end."""


class Liveness(StrEnum):
    """How recently a device was heard of."""

    ONLINE = "online"
    LATE = "late"
    OFFLINE = "offline"


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
class DeviceStatus:
    """The newest heartbeat of a device, as kept."""

    device_id: DeviceId
    property_id: PropertyId
    last_heartbeat_at: datetime
    queue_depth: int
    network_profile: NetworkProfile
    app_version: str


def liveness(last_heartbeat_at: datetime, *, now: datetime) -> Liveness:
    """Judge a device by the age of its last heartbeat."""
    age = now - last_heartbeat_at
    if age <= _LATE_AFTER:
        return Liveness.ONLINE
    return Liveness.LATE if age <= _OFFLINE_AFTER else Liveness.OFFLINE
