"""The ledger of what operators do at their desktops (OperatorActivity, specification section 4, UC-13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.records import AcceptedActivity, identifier_of, origin_of
from bff_backoffice.application.records_bodies import ActivityBatch
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.application.telemetry_payloads import ActivityRecorded
from bff_backoffice.domain.operator import TenantId

__all__ = ["Activity", "ActivityLedger", "RecordActivity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One line of the ledger. `detail` is a JSON object in UTF-8 or None."""

    id: str
    kind: str
    occurred_at: datetime
    target_type: str | None
    target_id: str | None
    detail: bytes | None = field(repr=False)


class ActivityLedger(Protocol):
    """The ledger. Fails closed with `StoreUnavailableError("postgres")`; the same lines may come again."""

    async def append(
        self,
        tenant_id: TenantId,
        call: CallContext,
        order: ForwardOrder,
        lines: Sequence[Activity],
        tell: Sequence[Message],
    ) -> None:
        """Append what is not there yet and write the messages, all of it or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordActivity:
    """Append a batch to the ledger, once for its key.

    Raises:
        StoreUnavailableError: Postgres is away; the same key tries again.
    """

    ledger: ActivityLedger
    telemetry: Telemetry

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Write the lines down."""
        batch = order.body
        assert isinstance(batch, ActivityBatch)  # noqa: S101 - for the type checker: the row says which body there is
        lines = [
            Activity(
                id=identifier_of(order, "act", number),
                kind=event.kind,
                occurred_at=event.occurred_at,
                target_type=None if event.target is None else event.target.type,
                target_id=None if event.target is None else event.target.id,
                detail=None if event.detail is None else msgspec.json.encode(event.detail),
            )
            for number, event in enumerate(batch.events)
        ]
        await self.ledger.append(call.tenant_id, call, order, lines, self._events(call, order, lines))
        return Forwarded(body=msgspec.json.encode(AcceptedActivity(accepted=len(lines))))

    def _events(self, call: CallContext, order: ForwardOrder, lines: Sequence[Activity]) -> list[Message]:
        origin, digests = origin_of(call, order), self.telemetry.digests
        events = [
            self.telemetry.message(
                origin,
                ActivityRecorded(
                    activity_id=line.id,
                    kind=line.kind,
                    occurred_at=line.occurred_at,
                    target_type=line.target_type,
                    # A desktop may name anything here, so that it leaves as a digest only.
                    target_digest=None if line.target_id is None else digests.of(call.tenant_id, line.target_id),
                ),
                event_id=identifier_of(order, "evt", number),
            )
            for number, line in enumerate(lines)
        ]
        return [event for event in events if event is not None]
