"""The keys that tenants and operators chose instead of the static ones (KeyboardShortcutMap). This service's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from bff_backoffice.application.preferences.ports import KeptShortcuts
from bff_backoffice.domain.operator import AppPlatform, OperatorId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database

__all__ = ["EVERYBODY", "PostgresShortcuts"]

EVERYBODY: Final = "*"
"""In the operator's place: the tenant's own choice."""

_NOTHING: Final = ("{}", 0, None)
_BINDINGS: Final = msgspec.json.Decoder(dict[str, str | None])


@dataclass(frozen=True, slots=True)
class PostgresShortcuts:
    """One row for a tenant, and one for each operator who chose anything; of each platform."""

    database: Database

    async def chosen(self, tenant_id: TenantId, operator_id: OperatorId, platform: AppPlatform) -> KeptShortcuts:
        """What counts for the operator on this platform."""
        async with self.database.transaction(tenant_id) as connection:
            rows = await connection.fetch(
                """
                select operator_id, bindings, version, id from keyboard_shortcut_overrides
                where tenant_id = $1 and operator_id in ($2, $3) and platform = $4
                """,
                tenant_id, operator_id, EVERYBODY, platform.value,
            )  # fmt: skip
        found = {row["operator_id"]: (row["bindings"], row["version"], row["id"]) for row in rows}
        theirs, their_version, _ = found.get(EVERYBODY, _NOTHING)
        own, own_version, own_change = found.get(operator_id, _NOTHING)
        return KeptShortcuts(
            tenant=_BINDINGS.decode(theirs),
            tenant_version=their_version,
            operator=_BINDINGS.decode(own),
            operator_version=own_version,
            operator_change=own_change,
        )

    async def choose(
        self,
        tenant_id: TenantId,
        operator_id: OperatorId,
        platform: AppPlatform,
        bindings: Mapping[str, str | None],
        *,
        after_version: int,
        change: str,
    ) -> int | None:
        """Replace the operator's own; return the new version, or None where `after_version` is not the kept one."""
        async with self.database.transaction(tenant_id) as connection:
            version: int | None = await connection.fetchval(
                """
                insert into keyboard_shortcut_overrides as kept
                  (tenant_id, operator_id, platform, id, bindings, version, changed_by)
                select $1::text, $2::text, $3::text, $4::text, $5::jsonb, 1, $2::text where $6::bigint = 0
                  or exists (select from keyboard_shortcut_overrides
                             where tenant_id = $1 and operator_id = $2 and platform = $3)
                on conflict (tenant_id, operator_id, platform) do update set
                  id = excluded.id, bindings = excluded.bindings, version = kept.version + 1,
                  changed_at = now(), changed_by = $2
                where kept.version = $6
                returning version
                """,
                tenant_id, operator_id, platform.value, change,
                msgspec.json.encode(dict(bindings)).decode(), after_version,
            )  # fmt: skip
        return version
