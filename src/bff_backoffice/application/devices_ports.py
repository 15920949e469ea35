"""Where what devices say is kept: for a moment in Redis, for good in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bff_backoffice.domain.devices import DeviceStatus, Heartbeat, QueueHint
from bff_backoffice.domain.operator import DeviceId, OperatorId, TenantId

__all__ = ["Devices", "HeartbeatObserver", "LatestDevices", "QueueHints"]


class LatestDevices(Protocol):
    """What each device said last, on every replica at once. Fails closed with `StoreUnavailableError("sessions")`."""

    async def hear(
        self, tenant_id: TenantId, heartbeat: Heartbeat
    ) -> tuple[DeviceStatus | None, Sequence[DeviceStatus]]:
        """Keep the heartbeat, unless it was overtaken; return what was known of the device before, and the others.

        The others are those on which its operator worked; some may be somebody else's by now. One round trip.
        """

    async def hint(self, tenant_id: TenantId, hint: QueueHint) -> None:
        """Keep the number of a hint."""

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> Sequence[DeviceStatus]:
        """What is known of the devices on which an operator worked; some may be somebody else's by now."""


class Devices(Protocol):
    """What each device last said, for good. Fails closed with `StoreUnavailableError("postgres")`."""

    async def record(self, tenant_id: TenantId, heartbeats: Sequence[Heartbeat]) -> None:
        """Keep the newest heartbeat of each device, at most one of each given; one statement."""

    async def of_operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, and_of: Sequence[DeviceId] = ()
    ) -> Sequence[DeviceStatus]:
        """The devices that the operator used last, and those named, whosever they are now; newest heartbeat first."""


class QueueHints(Protocol):
    """What devices said that they have queued. Fails closed with `StoreUnavailableError("postgres")`."""

    async def record(self, tenant_id: TenantId, hint: QueueHint) -> None:
        """Keep a device's newest hint."""

    async def of_operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, since: datetime
    ) -> Sequence[QueueHint]:
        """The hints that the operator's devices gave since then, the newest first."""


class HeartbeatObserver(Protocol):
    """Who counts."""

    def heartbeats(self, outcome: str, count: int) -> None:
        """So many were `written`, `put_off` because Postgres is away, or `lost`: no room, no time, or refused there."""
