"""What desktops did without a network: it comes later, as events of sync-service, and lands in the ledger once.

Specification, section 9: a desktop tells nothing while it is offline, and replays it by synchronising.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bff_backoffice.domain.operator import DeviceId, OperatorId, PropertyId, TenantId

__all__ = ["OfflineActivity", "OfflineLedger", "RecordOffline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineActivity:
    """One thing that an operator did. `event_id` is the desktop's own name of it, `occurred_at` the desktop's time.

    `detail` is a JSON object in UTF-8 or None.
    """

    event_id: str
    operator_id: OperatorId
    device_id: DeviceId
    property_id: PropertyId | None
    kind: str
    occurred_at: datetime
    target_type: str | None
    target_id: str | None
    detail: bytes | None = field(repr=False)


class OfflineLedger(Protocol):
    """The ledger. Fails closed with `StoreUnavailableError("postgres")`."""

    async def append_once(self, tenant_id: TenantId, line: OfflineActivity) -> bool:
        """Append it, unless the device's event is there already; return whether. Two at once append it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOffline:
    """Append what was done offline to the ledger, with its original time, once for its event.

    Raises:
        StoreUnavailableError: Postgres is away; the event comes again.
    """

    ledger: OfflineLedger

    async def __call__(self, tenant_id: TenantId, line: OfflineActivity) -> bool:
        return await self.ledger.append_once(tenant_id, line)
