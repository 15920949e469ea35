"""tenant-service: the tenant's profile, its operators with roles and property scope, and their preferences."""

from __future__ import annotations

from typing import Final

from platform_sim.dialect import Dialect, Refused
from platform_sim.kernel import Answer, Call, Route, Service
from platform_sim.world.entities import Operator, Tenant

__all__ = ["SERVICE"]

_LARGEST_PREFERENCES: Final = 64


def tenant_profile(call: Call) -> Answer:
    """`GET /tenants/{id}`: names, theme, languages, currencies, version floor and policy."""
    tenant = _tenant(call)
    limit = tenant.policy.charge_limit
    return Answer(
        body={
            "data": {
                "id": tenant.id,
                "slug": tenant.slug,
                "legalName": tenant.legal_name,
                "displayName": tenant.name,
                "country": tenant.country,
                "status": tenant.status,
                "theme": {
                    "themeId": tenant.theme_id,
                    "version": tenant.theme_version,
                    "bundleUrl": f"https://cdn.melmastoon.app/themes/{tenant.theme_id}/published.json",
                },
                "config": {
                    "defaultLocale": tenant.default_locale,
                    "locales": list(tenant.locales),
                    "currencies": list(tenant.currencies),
                    "appVersionFloor": tenant.app_version_floor,
                    "appVersionCurrent": tenant.app_version_current,
                    "policy": {
                        "issueKeyMfa": tenant.policy.issue_key_mfa,
                        "chargeLimit": None if limit is None else call.amount(limit),
                    },
                },
            }
        },
        headers={"Cache-Control": "private, max-age=300"},
    )


def membership(call: Call) -> Answer:
    """`GET /tenants/{id}/operators/{userId}`: what a member of staff may do, and where."""
    operator = _operator(call)
    return Answer(
        body={
            "data": {
                "id": operator.membership_id,
                "userId": operator.id,
                "tenantId": operator.tenant_id,
                "displayName": operator.display_name,
                "state": operator.state,
                "roles": list(operator.roles),
                "propertyScope": list(operator.property_ids),
                "locale": operator.locale,
            }
        }
    )


def read_preferences(call: Call) -> Answer:
    """`GET …/preferences`: what the operator has chosen, with its version as `ETag`."""
    return _preferences(_operator(call))


def write_preferences(call: Call) -> Answer:
    """`PUT …/preferences`: replace them; with `If-Match` only if nobody else did meanwhile."""
    operator = _operator(call)
    wanted = call.headers.get("If-Match", "*")
    if not {"*", _etag(operator)} & {tag.strip() for tag in wanted.split(",")}:
        raise Refused(412, "MELMASTOON.TENANT.VERSION_CONFLICT", "the preferences were changed meanwhile")
    if len(call.body) > _LARGEST_PREFERENCES:
        raise call.invalid("body", f"at most {_LARGEST_PREFERENCES} members")
    operator.preferences = {name: value for name, value in call.body.items() if name != "version"}
    operator.preferences_version += 1
    call.effect("preferences.written", operator.id)
    call.publish(
        "tenant.operator_preferences.updated.v1",
        {"userId": operator.id, "version": operator.preferences_version},
        key=operator.tenant_id,
    )
    return _preferences(operator)


def _tenant(call: Call) -> Tenant:
    tenant = call.world.tenants.get(call.params["id"])
    if tenant is None:
        raise call.not_found("tenant")
    if tenant.id != call.tenant_id:
        raise Refused(403, call.service.dialect.mismatch_code, "the tenant of the header is another one")
    return tenant


def _operator(call: Call) -> Operator:
    tenant = _tenant(call)
    operator = call.world.operators.get(call.params["user"])
    # A member of another tenant has no membership here, which is all that this tenant may know.
    if operator is None or operator.tenant_id != tenant.id:
        raise Refused(404, "MELMASTOON.MEMBERSHIP.NOT_FOUND", "no such membership")
    return operator


def _etag(operator: Operator) -> str:
    return f'"{operator.preferences_version}"'


def _preferences(operator: Operator) -> Answer:
    body = {"data": {**operator.preferences, "version": operator.preferences_version}}
    return Answer(body=body, headers={"ETag": _etag(operator)})


_MEMBER: Final = "/api/v1/tenants/{id}/operators/{user}"

SERVICE: Final = Service(
    name="tenant-service",
    dialect=Dialect(domain="TENANT", idempotency_header="X-Idempotency-Key"),
    routes=(
        Route(method="GET", path="/api/v1/tenants/{id}", handler=tenant_profile),
        Route(method="GET", path=_MEMBER, handler=membership),
        Route(method="GET", path=f"{_MEMBER}/preferences", handler=read_preferences),
        Route(method="PUT", path=f"{_MEMBER}/preferences", handler=write_preferences, idempotency="accepted"),
    ),
)
