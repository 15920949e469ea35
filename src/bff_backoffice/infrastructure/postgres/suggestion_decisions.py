"""What staff decided about suggestions (`ai_decision_log`): written once for each, kept seven years, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bff_backoffice.domain.operator import DeviceId, OperatorId, PropertyId, TenantId
from bff_backoffice.domain.suggestions import Decision, SuggestionDecision
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
