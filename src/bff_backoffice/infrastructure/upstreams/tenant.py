"""tenant-service: hotel companies, and who may do what where in them. It wraps what it answers in `data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec.json import Decoder

from bff_backoffice.application.mutations_ports import ForwardOrder
from bff_backoffice.application.ports import CallContext, UpstreamRefusedError
from bff_backoffice.application.preferences.ports import ToldPreferences
from bff_backoffice.application.sessions.ports import TenantProfile
from bff_backoffice.domain.operator import Operator, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.infrastructure.dialect import Money, Wire, operator_headers, property_of, safe_address
from bff_backoffice.infrastructure.forwarding import MutationDialect, envelope, key_header
from bff_backoffice.infrastructure.http import Bounds, Call, Upstream, UpstreamClient

__all__ = ["SERVICE", "TenantGateway"]

SERVICE: Final = Upstream(name="tenant-service", limit_seconds=0.5, retries=1)

MUTATIONS: Final = MutationDialect(key_form="ulid", key_name="X-Idempotency-Key")

_NOT_FOUND: Final = 404
_ROLES: Final = frozenset(role.value for role in OperatorRole)


class _Operator(Wire, frozen=True):
    user_id: str
    tenant_id: str
    display_name: str
    state: str
    roles: list[str]
    property_scope: list[str]
    locale: str


class _OperatorAnswer(Wire, frozen=True):
    data: _Operator


class _Theme(Wire, frozen=True):
    theme_id: str
    version: str | int
    bundle_url: str


class _Policy(Wire, frozen=True):
    issue_key_mfa: bool
    charge_limit: Money | None


class _Config(Wire, frozen=True):
    default_locale: str
    locales: list[str]
    currencies: list[str]
    app_version_floor: str
    app_version_current: str
    policy: _Policy


class _Tenant(Wire, frozen=True):
    id: str
    slug: str
    display_name: str
    status: str
    theme: _Theme
    config: _Config


class _TenantAnswer(Wire, frozen=True):
    data: _Tenant


class _PreferencesAnswer(Wire, frozen=True):
    data: dict[str, Any]


_OPERATOR: Final = Decoder(_OperatorAnswer)
_PREFERENCES: Final = Decoder(_PreferencesAnswer)
_TENANT: Final = Decoder(_TenantAnswer)


def _unheard(_role: str) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class TenantGateway:
    """The authority on tenants and memberships.

    `unknown_role` hears of every role name that this service does not know, so that somebody can count them: such a
    role grants nothing here.
    """

    client: UpstreamClient
    unknown_role: Callable[[str], None] = _unheard

    async def operator(
        self, tenant_id: TenantId, operator_id: OperatorId, *, request_id: str, traceparent: str, deadline: float
    ) -> Operator | None:
        """Return the member of staff, or None where there is no membership (any more)."""
        try:
            return await self.client.read(
                "operator",
                f"/api/v1/tenants/{quote(tenant_id, safe='')}/operators/{quote(operator_id, safe='')}",
                bounds=Bounds(deadline=deadline, request_id=request_id, traceparent=traceparent),
                headers={"X-Tenant-Id": tenant_id},
                decode=partial(self._operator, tenant_id, operator_id),
            )
        except UpstreamRefusedError as refusal:
            if refusal.status == _NOT_FOUND:
                return None
            raise

    async def tenant(self, tenant_id: TenantId, *, request_id: str, traceparent: str, deadline: float) -> TenantProfile:
        """Return the hotel company's profile."""
        return await self.client.read(
            "tenant",
            f"/api/v1/tenants/{quote(tenant_id, safe='')}",
            bounds=Bounds(deadline=deadline, request_id=request_id, traceparent=traceparent),
            headers={"X-Tenant-Id": tenant_id},
            decode=partial(_profile, tenant_id),
        )

    async def preferences(self, call: CallContext) -> ToldPreferences:
        """Return the preferences of `call.operator_id`."""
        return await self.client.read(
            "preferences", _preferences_of(call), bounds=call, headers=operator_headers(call), decode=_told
        )

    async def replace(
        self,
        call: CallContext,
        order: ForwardOrder,
        *,
        content: Mapping[str, object],
        versions: Sequence[str] | None,
    ) -> ToldPreferences:
        """Replace the preferences of `call.operator_id` once for the order's upstream key, if none was faster."""
        demanded = {} if versions is None else {"If-Match": ", ".join(map(_tag, versions))}
        return await self.client.run(
            Call(
                operation="put_preferences",
                method="PUT",
                path=_preferences_of(call),
                bounds=call,
                headers={
                    **envelope(call, order),
                    "X-Property-Id": property_of(call),
                    **key_header(order, MUTATIONS),
                    **demanded,
                },
                # The same bytes for every dispatch of a key, in whatever order the desktop sent the members.
                body=msgspec.json.encode(content, order="sorted"),
                decode=_told,
                limit_seconds=order.mutation.deadline_ms / 1000,
                repeatable=order.mutation.repeatable,
            )
        )

    def _operator(self, tenant_id: TenantId, operator_id: OperatorId, body: bytes) -> Operator | None:
        found = _OPERATOR.decode(body).data
        if (found.tenant_id, found.user_id) != (tenant_id, operator_id):
            raise ValueError("an answer about another operator")
        if found.state == "removed":
            return None
        for role in found.roles:
            if role not in _ROLES:
                self.unknown_role(role)
        return Operator(
            id=operator_id,
            tenant_id=tenant_id,
            display_name=found.display_name,
            roles=frozenset(OperatorRole(role) for role in found.roles if role in _ROLES),
            property_scope=tuple(PropertyId.parse(property_id) for property_id in found.property_scope),
            locale=found.locale,
            # Closed by default: a state that is new to this service lets nobody in.
            suspended=found.state != "active",
        )


def _tag(version: str) -> str:
    return version if version == "*" else f'"{version}"'


def _preferences_of(call: CallContext) -> str:
    member = f"/api/v1/tenants/{quote(call.tenant_id, safe='')}/operators/{quote(call.operator_id, safe='')}"
    return f"{member}/preferences"


def _told(body: bytes) -> ToldPreferences:
    found = _PREFERENCES.decode(body).data
    version = found.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise TypeError("preferences without a version")
    return ToldPreferences(version=version, content=msgspec.Raw(msgspec.json.encode(found, order="sorted")))


def _profile(tenant_id: TenantId, body: bytes) -> TenantProfile:
    found = _TENANT.decode(body).data
    if found.id != tenant_id:
        raise ValueError("an answer about another tenant")
    config, limit = found.config, found.config.policy.charge_limit
    return TenantProfile(
        id=tenant_id,
        slug=found.slug,
        display_name=found.display_name,
        status=found.status,
        theme_id=found.theme.theme_id,
        theme_version=str(found.theme.version),
        theme_bundle_url=safe_address(found.theme.bundle_url),
        default_locale=config.default_locale,
        locales=tuple(config.locales),
        currencies=tuple(config.currencies),
        app_version_floor=config.app_version_floor,
        app_version_current=config.app_version_current,
        issue_key_needs_mfa=config.policy.issue_key_mfa,
        charge_limit=None if limit is None else limit.amount(),
    )
