"""Devices say that they are alive and what they have queued; operators see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bff_backoffice.application.ports import Clock
from bff_backoffice.application.tiles import DeviceLine, DevicesTile
from bff_backoffice.domain.devices import DeviceStatus, Heartbeat, liveness
from bff_backoffice.domain.operator import DeviceId, OperatorContext, OperatorId, TenantId

__all__ = ["Devices", "ReportHeartbeat", "ShowDevices"]


class Devices(Protocol):
    """What each device last said. Fails closed with `StoreUnavailableError("postgres")`."""

    async def record(self, tenant_id: TenantId, heartbeat: Heartbeat) -> None:
        """Keep the newest heartbeat of a device."""

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> Sequence[DeviceStatus]:
        """The devices that the operator used last, newest heartbeat first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeartbeat:
    """UC-12: keep what the device says of itself; returns when the service heard it.

    Raises:
        StoreUnavailableError: Postgres is away; the next heartbeat says the same again.
    """

    devices: Devices
    changed: Callable[[OperatorContext], Awaitable[None]]
    """Told afterwards, so that the operator's board shows it; raises nothing."""

    async def __call__(self, operator: OperatorContext, heartbeat: Heartbeat) -> datetime:
        await self.devices.record(operator.tenant_id, heartbeat)
        await self.changed(operator)
        return heartbeat.received_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDevices:
    """The dashboard's `devices` widget: the operator's devices, and what they say they have queued.

    Raises:
        StoreUnavailableError: Postgres is away.
    """

    kept: Devices
    clock: Clock

    async def devices(self, tenant_id: TenantId, operator_id: OperatorId, *, this_device: DeviceId) -> DevicesTile:
        """Return the operator's devices, `this_device` marked."""
        now = self.clock()
        statuses = await self.kept.of_operator(tenant_id, operator_id)
        return DevicesTile(
            items=[
                DeviceLine(
                    device_id=status.device_id,
                    status=liveness(status.last_heartbeat_at, now=now),
                    last_heartbeat_at=status.last_heartbeat_at,
                    queued_actions=status.queue_depth,
                    app_version=status.app_version,
                    this_device=status.device_id == this_device,
                )
                for status in statuses
            ],
            queued_actions=sum(status.queue_depth for status in statuses),
        )
