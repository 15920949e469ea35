"""What each device last said of itself (DeviceSyncStatus). Fails closed; the dashboard's widget says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ulid import ULID

from bff_backoffice.domain.devices import DeviceStatus, Heartbeat
from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresDevices"]


@dataclass(frozen=True, slots=True)
class PostgresDevices:
    """One row a device, overwritten by each heartbeat."""

    database: Database

    async def record(self, tenant_id: TenantId, heartbeat: Heartbeat) -> None:
        """Keep the newest heartbeat of a device. One that was sent before the kept one changes nothing."""
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute(
                """
                insert into device_sync_status as kept (
                  tenant_id, device_id, id, operator_id, property_id, last_heartbeat_at, sent_at, queue_depth,
                  last_sync_at, network_profile, app_version, battery_percent)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                on conflict (tenant_id, device_id) do update set
                  operator_id = excluded.operator_id, property_id = excluded.property_id,
                  last_heartbeat_at = excluded.last_heartbeat_at, sent_at = excluded.sent_at,
                  queue_depth = excluded.queue_depth, last_sync_at = coalesce(excluded.last_sync_at, kept.last_sync_at),
                  network_profile = excluded.network_profile, app_version = excluded.app_version,
                  battery_percent = excluded.battery_percent
                where kept.sent_at <= excluded.sent_at or kept.operator_id <> excluded.operator_id
                """,
                tenant_id, heartbeat.device_id, f"dsy_{ULID()}", heartbeat.operator_id, heartbeat.property_id,
                heartbeat.received_at, heartbeat.sent_at, heartbeat.queue_depth, heartbeat.last_sync_at,
                heartbeat.network_profile.value, heartbeat.app_version, heartbeat.battery_percent,
            )  # fmt: skip

    async def of_operator(self, tenant_id: TenantId, operator_id: OperatorId) -> Sequence[DeviceStatus]:
        """The devices that the operator used last, newest heartbeat first, at most 20."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select device_id, property_id, last_heartbeat_at, queue_depth, network_profile, app_version
                from device_sync_status where tenant_id = $1 and operator_id = $2
                order by last_heartbeat_at desc limit 20
                """,
                tenant_id, operator_id,
            )  # fmt: skip
        return [
            DeviceStatus(
                device_id=DeviceId(row["device_id"]),
                property_id=PropertyId(row["property_id"]),
                last_heartbeat_at=row["last_heartbeat_at"],
                queue_depth=row["queue_depth"],
                network_profile=NetworkProfile(row["network_profile"]),
                app_version=row["app_version"],
            )
            for row in rows
        ]
