"""What staff decided about suggestions (`ai_decision_log`): written once for each, kept seven years, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bff_backoffice.application.outbox import Message
from bff_backoffice.domain.operator import DeviceId, OperatorId, PropertyId, TenantId
from bff_backoffice.domain.suggestions import Decision, SuggestionDecision
from bff_backoffice.infrastructure.postgres.outbox import write_messages
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["PostgresSuggestionDecisions"]


@dataclass(frozen=True, slots=True)
class PostgresSuggestionDecisions:
    """The log of decisions. Every method raises `StoreUnavailableError` when Postgres can't be asked."""

    database: Database

    async def about(self, tenant_id: TenantId, ids: Sequence[str]) -> Mapping[str, SuggestionDecision]:
        """Return the decisions about these suggestions of the tenant, by the suggestion's identifier."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select id, suggestion_id, property_id, decision, reason, delta, operator_id, device_id, decided_at
                from ai_decision_log where tenant_id = $1 and suggestion_id = any($2::text[])
                """,
                tenant_id, list(ids),
            )  # fmt: skip
        return {
            row["suggestion_id"]: SuggestionDecision(
                id=row["id"],
                suggestion_id=row["suggestion_id"],
                property_id=PropertyId(row["property_id"]),
                decision=Decision(row["decision"]),
                reason=row["reason"],
                delta=None if row["delta"] is None else row["delta"].encode(),
                operator_id=OperatorId(row["operator_id"]),
                device_id=DeviceId(row["device_id"]),
                decided_at=row["decided_at"],
            )
            for row in rows
        }

    async def decision(self, tenant_id: TenantId, suggestion_id: str) -> SuggestionDecision | None:
        """Return what was decided about the suggestion."""
        return (await self.about(tenant_id, [suggestion_id])).get(suggestion_id)

    async def record(
        self, tenant_id: TenantId, line: SuggestionDecision, tell: Sequence[Message]
    ) -> SuggestionDecision:
        """Write the line and the messages in one transaction where there is no line yet; return the one there is."""
        async with self.database.transaction(tenant_id) as connection:
            written = await connection.fetchval(
                """
                insert into ai_decision_log (
                  tenant_id, id, suggestion_id, property_id, decision, reason, delta, operator_id, device_id,
                  decided_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                on conflict (tenant_id, suggestion_id) do nothing returning 1
                """,
                tenant_id, line.id, line.suggestion_id, line.property_id, line.decision.value, line.reason,
                None if line.delta is None else line.delta.decode(), line.operator_id, line.device_id, line.decided_at,
            )  # fmt: skip
            if written is not None:
                await write_messages(connection, tenant_id, tell)
                return line
        return await self.decision(tenant_id, line.suggestion_id) or line
