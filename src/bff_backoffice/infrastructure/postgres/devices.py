"""What each device last said of itself (DeviceSyncStatus). Fails closed; the dashboard's widget says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ulid import ULID

from bff_backoffice.domain.devices import OVERTAKEN_WITHIN, DeviceStatus, Heartbeat
from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresDevices"]


@dataclass(frozen=True, slots=True)
class PostgresDevices:
    """One row a device, overwritten by each heartbeat."""

    database: Database

    async def record(self, tenant_id: TenantId, heartbeats: Sequence[Heartbeat]) -> None:
        """Keep the newest heartbeat of each device, at most one of each given. One that was overtaken changes nothing.

        Devices in one order, so that two replicas that write the same ones don't wait for each other. Nobody waits for
        the disk: what a crash of the server takes, the next heartbeats say again.
        """
        rows = sorted(heartbeats, key=lambda heartbeat: heartbeat.device_id)
        async with self.database.transaction(tenant_id) as connection:
            await connection.execute("set local synchronous_commit = off")
            await connection.execute(
                """
                insert into device_sync_status as kept (
                  tenant_id, device_id, id, operator_id, property_id, last_heartbeat_at, sent_at, queue_depth,
                  last_sync_at, network_profile, app_version, battery_percent)
                select $1, * from unnest(
                  $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::integer[],
                  $9::timestamptz[], $10::text[], $11::text[], $12::smallint[])
                on conflict (tenant_id, device_id) do update set
                  operator_id = excluded.operator_id, property_id = excluded.property_id,
                  last_heartbeat_at = excluded.last_heartbeat_at, sent_at = excluded.sent_at,
                  queue_depth = excluded.queue_depth, last_sync_at = coalesce(excluded.last_sync_at, kept.last_sync_at),
                  network_profile = excluded.network_profile, app_version = excluded.app_version,
                  battery_percent = excluded.battery_percent
                where kept.last_heartbeat_at <= excluded.last_heartbeat_at
                  and (kept.operator_id <> excluded.operator_id or kept.sent_at <= excluded.sent_at
                       or excluded.last_heartbeat_at >= kept.last_heartbeat_at + $13::interval)
                """,
                tenant_id,
                [str(row.device_id) for row in rows], [f"dsy_{ULID()}" for _ in rows],
                [str(row.operator_id) for row in rows], [str(row.property_id) for row in rows],
                [row.received_at for row in rows], [row.sent_at for row in rows], [row.queue_depth for row in rows],
                [row.last_sync_at for row in rows], [row.network_profile.value for row in rows],
                [row.app_version for row in rows], [row.battery_percent for row in rows], OVERTAKEN_WITHIN,
            )  # fmt: skip

    async def of_operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, and_of: Sequence[DeviceId] = ()
    ) -> Sequence[DeviceStatus]:
        """The devices that the operator used last, and those named, newest heartbeat first, at most 100."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select device.device_id, device.operator_id, property_id, last_heartbeat_at, queue_depth,
                       network_profile, app_version, pending, reported_at
                from device_sync_status device left join offline_action_queue_hints hint
                  on hint.tenant_id = device.tenant_id and hint.device_id = device.device_id
                  and hint.operator_id = device.operator_id
                where device.tenant_id = $1 and (device.operator_id = $2 or device.device_id = any($3::text[]))
                order by last_heartbeat_at desc limit 100
                """,
                tenant_id, operator_id, [str(device) for device in and_of],
            )  # fmt: skip
        return [
            DeviceStatus(
                device_id=DeviceId(row["device_id"]),
                operator_id=OperatorId(row["operator_id"]),
                property_id=PropertyId(row["property_id"]),
                last_heartbeat_at=row["last_heartbeat_at"],
                queue_depth=row["queue_depth"],
                network_profile=NetworkProfile(row["network_profile"]),
                app_version=row["app_version"],
                hinted=row["pending"],
                hinted_at=row["reported_at"],
            )
            for row in rows
        ]
