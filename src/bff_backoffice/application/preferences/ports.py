"""What the use cases of this feature need of the outside, and what each promises when it is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec

from bff_backoffice.application.mutations_ports import ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import Tile
from bff_backoffice.domain.operator import AppPlatform, DeviceId, OperatorId, OperatorRole, TenantId
from bff_backoffice.domain.shortcuts import Overrides

__all__ = [
    "KeptShortcuts", "MirroredPreferences", "OperatorRequest", "PreferencesMirror", "PreferencesOfOperators",
    "PropertyBrief", "ShortcutOverrides", "TenantProperties", "ToldPreferences",
]  # fmt: skip


_LEAST_BUDGET_MS: Final = 100
"""A client's budget shortens a deadline to no less than this, in ms: below it even a healthy service would fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRequest:
    """Who asks, about no property in particular. `budget_ms` is what the client can wait, or None.

    `locale` is the language tag that was agreed on for this answer.
    """

    tenant_id: TenantId
    operator_id: OperatorId
    device_id: DeviceId
    roles: frozenset[OperatorRole]
    locale: str
    request_id: str
    traceparent: str
    budget_ms: int | None = None

    def patience_ms(self, deadline_ms: int) -> int:
        """Return how long a read may take that has `deadline_ms` by itself."""
        return deadline_ms if self.budget_ms is None else min(deadline_ms, max(self.budget_ms, _LEAST_BUDGET_MS))

    def call(self, deadline: float) -> CallContext:
        """Return the context of a call that may last until `deadline` (the loop's clock, seconds)."""
        return CallContext(
            tenant_id=self.tenant_id,
            property_id=None,
            operator_id=self.operator_id,
            device_id=self.device_id,
            roles=self.roles,
            locale=self.locale,
            request_id=self.request_id,
            traceparent=self.traceparent,
            deadline=deadline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPreferences:
    """An operator's preferences as tenant-service tells them: one JSON object whose `version` counts its changes.

    `content` is canonical (members in order, no spaces), so that the same preferences are the same bytes.
    """

    version: int
    content: msgspec.Raw


class PreferencesOfOperators(Protocol):
    """tenant-service, the authority on preferences. Raises the `UpstreamError` family."""

    async def preferences(self, call: CallContext) -> ToldPreferences:
        """The preferences of `call.operator_id`."""

    async def replace(
        self,
        call: CallContext,
        order: ForwardOrder,
        *,
        content: Mapping[str, object],
        versions: Sequence[str] | None,
    ) -> ToldPreferences:
        """Replace them once for the order's upstream key, if they have one of these versions (`*` any, None no matter).

        A lost race is a refusal with status 412.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredPreferences:
    """What the mirror has. `as_of` is when tenant-service was asked; not `current`, when a newer one was announced."""

    told: ToldPreferences
    as_of: datetime
    current: bool


class PreferencesMirror(Protocol):
    """The durable copy of preferences: never the truth, and there when the truth is not.

    A writer (`PUT /preferences`) tells tenant-service first and the mirror afterwards, with `keep`. Every method
    raises `StoreUnavailableError("postgres")`, and bounds nothing: the caller bounds its waiting.
    """

    async def kept(self, tenant_id: TenantId, operator_id: OperatorId) -> MirroredPreferences | None:
        """What is mirrored of the operator."""

    async def keep(
        self, tenant_id: TenantId, operator_id: OperatorId, told: ToldPreferences, *, as_of: datetime
    ) -> None:
        """Mirror what tenant-service told when it was asked at `as_of`; what is older than the kept one is dropped."""

    async def outdate(self, tenant_id: TenantId, operator_id: OperatorId, *, at: datetime) -> None:
        """Note that there is something newer than what was asked for before `at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptShortcuts:
    """What a tenant and one of its operators chose for one platform; version 0 is nothing."""

    tenant: Overrides
    tenant_version: int
    operator: Overrides
    operator_version: int
    operator_change: str | None = None
    """The name of the change that the operator made last."""


class ShortcutOverrides(Protocol):
    """The keys that were chosen instead of the static ones; our own. Raises `StoreUnavailableError("postgres")`."""

    async def chosen(self, tenant_id: TenantId, operator_id: OperatorId, platform: AppPlatform) -> KeptShortcuts:
        """What counts for the operator on this platform."""

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
        """Replace the operator's own; return the new version, or None where `after_version` is not the kept one.

        `change` names this change, among all of all tenants.
        """


class PropertyBrief(Tile, frozen=True, kw_only=True):
    """A hotel of the tenant as far as a start needs it. `timezone` is an IANA name, `currency` an ISO 4217 code."""

    id: str
    name: TextByLanguage
    timezone: str
    currency: str


class TenantProperties(Protocol):
    """property-service. Raises the `UpstreamError` family."""

    async def properties(self, call: CallContext) -> Sequence[PropertyBrief]:
        """Every property of `call.tenant_id`."""
