"""Devices say that they are alive and what they have queued; operators see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bff_backoffice.application.devices_ports import Devices, LatestDevices, QueueHints
from bff_backoffice.application.devices_writing import WriteBehind
from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.application.telemetry import NO_TELEMETRY, Emit, Origin
from bff_backoffice.application.telemetry_payloads import HeartbeatReceived
from bff_backoffice.application.tiles import DeviceLine, DevicesTile
from bff_backoffice.domain.devices import (
    HINT_LIFETIME,
    DeviceStatus,
    Heartbeat,
    QueueHint,
    liveness,
    newest,
    queued,
)
from bff_backoffice.domain.operator import DeviceId, OperatorContext, OperatorId, TenantId

__all__ = ["Attendance", "Heard", "HintQueue", "ListQueueHints", "ReportHeartbeat", "ShowDevices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """When a heartbeat was heard, and how many actions wait on the operator's other devices, as far as they said."""

    at: datetime
    waiting_elsewhere: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeartbeat:
    """UC-12: keep what the device says of itself, in one round trip; Postgres gets it a moment later, with others.

    Raises:
        StoreUnavailableError: Redis is away; the next heartbeat says the same again.
    """

    latest: LatestDevices
    written: WriteBehind
    changed: Callable[[OperatorContext], Awaitable[None]]
    """Told where the operator's board shows something else than before; raises nothing."""
    tell: Emit = NO_TELEMETRY

    async def __call__(
        self, operator: OperatorContext, heartbeat: Heartbeat, *, request_id: str = "", traceparent: str = ""
    ) -> Heard:
        before, others = await self.latest.hear(operator.tenant_id, heartbeat)
        self.written.add(operator.tenant_id, heartbeat)
        if before is None or _shown(before, heartbeat) != _shown(heartbeat, heartbeat):
            await self.changed(operator)
        self.tell(
            Origin.of(operator, request_id=request_id, traceparent=traceparent),
            HeartbeatReceived(
                sent_at=heartbeat.sent_at,
                queue_depth=heartbeat.queue_depth,
                last_sync_at=heartbeat.last_sync_at,
                battery_percent=heartbeat.battery_percent,
            ),
        )
        elsewhere = (status for status in others if status.operator_id == operator.operator_id)
        return Heard(at=heartbeat.received_at, waiting_elsewhere=sum(map(queued, elsewhere)))


def _shown(status: DeviceStatus | Heartbeat, heard: Heartbeat) -> tuple[object, ...]:
    """What a board shows of a device but for the moment, which is never older there than the board is."""
    at = status.received_at if isinstance(status, Heartbeat) else status.last_heartbeat_at
    waits = status.queue_depth if isinstance(status, Heartbeat) else queued(status)
    return status.operator_id, waits, status.app_version, liveness(at, now=heard.received_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class HintQueue:
    """Keep what a device says that it has queued, so that the operator's other devices can show it.

    Raises:
        StoreUnavailableError: Postgres is away.
    """

    hints: QueueHints
    latest: LatestDevices
    changed: Callable[[OperatorContext], Awaitable[None]]

    async def __call__(self, operator: OperatorContext, hint: QueueHint) -> None:
        await self.hints.record(operator.tenant_id, hint)
        # It is written down; where Redis does not hear of it, the device's next heartbeat counts the same actions.
        with suppress(StoreUnavailableError):
            await self.latest.hint(operator.tenant_id, hint)
        await self.changed(operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQueueHints:
    """What the operator's other devices said that they have queued, the newest first; seven days of it.

    Raises:
        StoreUnavailableError: Postgres is away.
    """

    hints: QueueHints
    clock: Clock

    async def __call__(self, operator: OperatorContext) -> Sequence[QueueHint]:
        since = self.clock() - HINT_LIFETIME
        found = await self.hints.of_operator(operator.tenant_id, operator.operator_id, since=since)
        return [hint for hint in found if hint.device_id != operator.device_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Everything that a device says of itself."""

    report_heartbeat: ReportHeartbeat
    hint_queue: HintQueue
    list_queue_hints: ListQueueHints


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDevices:
    """The dashboard's `devices` widget: the operator's devices, and what they say they have queued.

    What was just heard is read where it was put; what is older than that memory, in Postgres.

    Raises:
        StoreUnavailableError: Postgres or Redis is away.
    """

    kept: Devices
    latest: LatestDevices
    clock: Clock

    async def devices(self, tenant_id: TenantId, operator_id: OperatorId, *, this_device: DeviceId) -> DevicesTile:
        """Return the operator's devices, `this_device` marked."""
        just_heard = await self.latest.of_operator(tenant_id, operator_id)
        devices = [status.device_id for status in just_heard]
        kept = await self.kept.of_operator(tenant_id, operator_id, and_of=devices)
        now = self.clock()
        items = [
            DeviceLine(
                device_id=status.device_id,
                status=liveness(status.last_heartbeat_at, now=now),
                last_heartbeat_at=status.last_heartbeat_at,
                queued_actions=queued(status),
                app_version=status.app_version,
                this_device=status.device_id == this_device,
            )
            for status in newest((*just_heard, *kept), operator_id)
        ]
        return DevicesTile(items=items, queued_actions=sum(line.queued_actions for line in items))
