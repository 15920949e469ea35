"""Proofs of a second factor: each for one act, used up by one idempotency key. Fails closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bff_backoffice.application.mutations_ports import AttestationUse
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

if TYPE_CHECKING:
    from datetime import datetime

    from bff_backoffice.infrastructure.postgres.pool import Connection

__all__ = ["PostgresAttestations", "consume"]

_FITS: Final = """
tenant_id = $1 and id = $2 and operator_id = $3 and key_thumbprint = $4 and action = $5 and resource_id = $6
and amount = $7 and ((consumed_by is null and expires_at > clock_timestamp()) or consumed_by = $8)
"""
_CONSUME: Final = f"""
update mfa_attestations set consumed_by = $8, consumed_at = coalesce(consumed_at, clock_timestamp())
where {_FITS} returning 1
"""  # noqa: S608 - both parts are of this page
_USABLE: Final = f"select 1 from mfa_attestations where {_FITS}"  # noqa: S608 - the same


async def consume(connection: Connection, tenant_id: TenantId, use: AttestationUse, consumer: bytes) -> bool:
    """Use the attestation up for this consumer, inside a transaction of the tenant; False where it is not for this.

    Two that try at once wait for each other on the row, and the second one finds it used up.
    """
    return await connection.fetchval(_CONSUME, *_arguments(tenant_id, use, consumer)) is not None


@dataclass(frozen=True, slots=True)
class PostgresAttestations:
    """One row an attestation; the scheduled upkeep removes old ones."""

    database: Database

    async def keep(
        self, tenant_id: TenantId, made: AttestationUse, *, device_id: DeviceId, factor: str, seconds: int
    ) -> datetime:
        """Keep a new attestation for so long, and return the end of its time."""
        async with self.database.transaction(tenant_id) as connection:
            expires_at: datetime = await connection.fetchval(
                """
                insert into mfa_attestations
                  (tenant_id, id, operator_id, key_thumbprint, action, resource_id, amount, device_id, factor,
                   expires_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp() + $10::interval)
                returning expires_at
                """,
                *_arguments(tenant_id, made), device_id, factor, timedelta(seconds=seconds),
            )  # fmt: skip
        return expires_at

    async def usable(self, tenant_id: TenantId, use: AttestationUse, consumer: bytes) -> bool:
        """Whether the attestation is for exactly this act, and either unused and in time or used by this consumer."""
        async with self.database.transaction(tenant_id) as connection:
            return await connection.fetchval(_USABLE, *_arguments(tenant_id, use, consumer)) is not None


def _arguments(tenant_id: TenantId, use: AttestationUse, *more: bytes) -> tuple[str | bytes, ...]:
    return (tenant_id, use.id, use.operator_id, use.key_thumbprint, use.action, use.resource_id, use.amount, *more)
