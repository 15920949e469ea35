"""The protections that only the source knows: what each line does for tenants is said here, and what removes it.

Not here are second guards, which nothing can miss while the first one stands: `where tenant_id = $1` under a policy,
the tenant in a cipher's key beside the one in what it is bound to, the tenant of decoded contents beside their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from drills.protections.listed import ROWS, Edit, Protection

__all__ = ["of_the_source"]

_SRC: Final = "src/bff_backoffice"
_INSIDE: Final = "test_in_process.py"
_ROUTES: Final = "test_routes.py"
_CACHE: Final = "test_shared_cache.py"
_WHOSE: Final = "test_whose_it_is.py"


def of_the_source() -> Iterator[Protection]:
    """Each protection of the lists."""
    for group, first, listed in (
        ("transactions", ROWS, _TRANSACTIONS),
        ("scope of idempotency keys", _INSIDE, _KEYS),
        ("who is asking", _ROUTES, _ASKING),
        ("in the process", _INSIDE, _IN_PROCESS),
        ("cache", _CACHE, _CACHES),
        ("whose it is", _WHOSE, _OTHERS),
    ):
        for name, path, inside, old, new in listed:
            yield Protection(
                name=name, group=group, removal=Edit(f"{_SRC}/{path}", inside, old, new), suites=((first,),)
            )


_POOL: Final = "infrastructure/postgres/pool.py"
_TRANSACTIONS: Final = (
    ("set-local", _POOL, "Database.transaction", "(tenant_id)}, true)", "(tenant_id)}, false)"),
    ("tenant-quoted", _POOL, "_quoted", """.replace("'", "''")""", ""),
)

_SCOPE: Final = "domain/idempotency.py"
_PLACE: Final = "infrastructure/postgres/idempotency.py"
_BROUGHT: Final = "presentation/idempotency_keys.py"
_KEYS: Final = (
    ("key-tenant", _PLACE, "_place", "tenant_id, scope.device_id", "'tnt_everybody', scope.device_id"),
    ("key-device", _PLACE, "_place", "scope.device_id", "''"),
    ("key-method", _PLACE, "_place", "scope.method", "''"),
    ("key-path", _PLACE, "_place", "scope.path", "''"),
    ("key-itself", _PLACE, "_place", "scope.key", "''"),
    ("key-found-device", _PLACE, "_KNOWN", "device_id = $2", "$2::text is not null"),
    ("key-found-method", _PLACE, "_KNOWN", "method = $3", "$3::text is not null"),
    ("key-found-path", _PLACE, "_KNOWN", "path = $4", "$4::text is not null"),
    ("key-found-itself", _PLACE, "_KNOWN", "key = $5", "$5::text is not null"),
    ("key-brought-device", _BROUGHT, "key_scope", "exchange.operator.session.device_id",
     "exchange.headers['x-device-id'][0]"),
    ("key-brought-method", _BROUGHT, "key_scope", "method=exchange.method", "method=''"),
    ("key-brought-path", _BROUGHT, "key_scope", "path=path", "path=''"),
    ("key-digest-device", _SCOPE, "KeyScope.digest", "{self.device_id}", ""),
    ("key-digest-method", _SCOPE, "KeyScope.digest", "{self.method}", ""),
    ("key-digest-path", _SCOPE, "KeyScope.digest", "{self.path}", ""),
    ("key-digest-itself", _SCOPE, "KeyScope.digest", "{self.key}", ""),
    ("key-upstream-tenant", _SCOPE, "KeyScope.upstream_key", "{tenant_id}", ""),
    ("key-upstream-device", _SCOPE, "KeyScope.upstream_key", "{self.device_id}", ""),
    ("key-upstream-path", _SCOPE, "KeyScope.upstream_key", "{self.path}", ""),
    ("key-upstream-itself", _SCOPE, "KeyScope.upstream_key", "{self.key}", ""),
    ("answer-place", "infrastructure/postgres/sealing.py", "_bound", " + place", ""),
)  # fmt: skip

_AUTHENTICATE: Final = "application/sessions/authenticate.py"
_DISPATCH: Final = "presentation/dispatch.py"
_ASKING: Final = (
    ("own-device", _AUTHENTICATE, "Authenticate.__call__", "if facts.device_id != claims.device_id:", "if False:"),
    ("own-key", _AUTHENTICATE, "Authenticate.__call__", "require_key_binding(claims.key_thumbprint, proof)", "pass"),
    ("property-scope", _DISPATCH, "Dispatch._property", "wanted not in scope", "wanted not in (*scope, wanted)"),
    ("resource-check", _DISPATCH, "Dispatch.__call__", "route.resource(who, arrival.parameters)", "pass"),
    ("own-device-in-path", "presentation/routes/devices.py", "_require_own_device",
     'parameters["id"] != who.session.device_id', "False"),
    ("property-in-path", "presentation/routes/lookups.py", "_require_property_in_scope",
     'parameters["id"] not in who.operator.property_scope', "False"),
    ("property-in-body", "application/sessions/lifecycle.py", "ChooseProperty.__call__",
     "property_id not in who.operator.property_scope", "False"),
    ("not-stored", "presentation/app.py", "BackofficeApp._own_headers", 'else "private, no-store"', 'else "public"'),
)  # fmt: skip

_DIALECT: Final = "infrastructure/dialect.py"
_HEARD: Final = "domain/live_events.py"
_IN_PROCESS: Final = (
    ("bound-role", _POOL, "Database.open", "init=_require_bound_role,", ""),
    ("property-of-what-was-found", "application/lookups.py", "ShowOne.__call__",
     "found.property_id != asked.operator.property_id", "False"),
    ("primary-property", "domain/sessions.py", "choose_property", "if chosen in scope:", "if chosen is not None:"),
    ("limit-of-tenant", "application/rate_limits.py", "LimitRequests.__call__", '(tenant_id, "")', '("", "")'),
    ("limit-of-device", "application/rate_limits.py", "LimitRequests.__call__", "(tenant_id, device_id)",
     '("", device_id)'),
    ("asked-for-tenant", _DIALECT, "operator_headers", "call.tenant_id", "call.operator_id"),
    ("answer-of-property", _DIALECT, "about_property", "ulid_of(property_id) != property_of(call).ulid", "False"),
    ("answer-of-thing", _DIALECT, "about", "ulid_of(answered) != identifier.ulid", "False"),
    ("heard-channel", _HEARD, "may_hear", "channel in viewer.channels", "True"),
    ("heard-role", _HEARD, "may_hear", "_open_to(viewer.roles, _ROLES[channel])", "True"),
    ("heard-property", _HEARD, "_works_at", "property_id in viewer.property_scope", "True"),
    ("heard-named-property", _HEARD, "_works_at", "viewer.at in (None, property_id)", "True"),
    ("heard-roles", _HEARD, "may_hear", "_open_to(viewer.roles, audience.roles)", "True"),
    ("heard-operator", _HEARD, "may_hear", "audience.operator_id in (None, viewer.operator_id)", "True"),
    ("heard-device", _HEARD, "may_hear", "audience.device_id in (None, viewer.device_id)", "True"),
)  # fmt: skip

_CACHES: Final = (
    ("cache-value", "infrastructure/memorystore/cache.py", "_value", "projection(tenant_id,", "projection('tnt_all',"),
    ("cache-lead", "infrastructure/memorystore/cache.py", "_both", "projection_lead(tenant_id,",
     "projection_lead('tnt_all',"),
    ("cache-flight", "application/read_through.py", "ReadThrough.renew", "(tenant_id, wanted.key, anew)",
     "(wanted.key, anew)"),
)  # fmt: skip

_ATTESTED: Final = "infrastructure/postgres/attestations.py"
_LOCKS: Final = "infrastructure/upstreams/lock_integration.py"
_TENANTS: Final = "infrastructure/upstreams/tenant.py"
_IAM: Final = "infrastructure/upstreams/iam.py"
_DISPATCHED: Final = "application/mutations_dispatch.py"
_REFRESH: Final = "application/sessions/lifecycle.py"
_LISTENING: Final = "application/live_events_listener.py"
_OTHERS: Final = (
    ("attested-id", _ATTESTED, "_FITS", "id = $2", "$2::text is not null"),
    ("attested-operator", _ATTESTED, "_FITS", "operator_id = $3", "$3::text is not null"),
    ("attested-device-key", _ATTESTED, "_FITS", "key_thumbprint = $4", "$4::text is not null"),
    ("attested-act", _ATTESTED, "_FITS", "action = $5", "$5::text is not null"),
    ("attested-thing", _ATTESTED, "_FITS", "resource_id = $6", "$6::text is not null"),
    ("attested-amount", _ATTESTED, "_FITS", "amount = $7", "$7::text is not null"),
    ("lock-of-property", _LOCKS, "LockIntegrationGateway.here", "lock.property_id == property_of(call)", "True"),
    ("acted-property", _LOCKS, "_acted", "key.property_id != property_of(call) or ", ""),
    ("acted-lock", _LOCKS, "_acted", " or key.lock_id != order.resource_id", ""),
    ("acted-key", _LOCKS, "_acted", "key.id != order.body.key_credential_id", "False"),
    ("member-of-tenant", _TENANTS, "TenantGateway._operator", "(found.tenant_id, found.user_id) != (tenant_id,",
     "(tenant_id, found.user_id) != (tenant_id,"),
    ("member-himself", _TENANTS, "TenantGateway._operator", "(found.tenant_id, found.user_id)",
     "(found.tenant_id, operator_id)"),
    ("profile-of-tenant", _TENANTS, "_profile", "found.id != tenant_id", "False"),
    ("session-of-operator", _IAM, "_validation", 'ulid_of(found.user_id or "")', "operator_id.ulid"),
    ("session-of-device", _IAM, "_validation", 'ulid_of(found.device_id or "")', "device_id.ulid"),
    ("alert-of-property", "application/alerts_acknowledging.py", "AcknowledgeAlert.forward",
     "alert.property_id != property_id", "False"),
    ("decision-of-property", "application/suggestions_deciding.py", "DecideSuggestion.forward",
     "known.property_id != call.property_id", "False"),
    ("kept-for-property", _DISPATCHED, "replayed", "known.property_id not in request.operator.property_scope", "False"),
    ("claimed-for-property", _DISPATCHED, "Dispatch._forwarded",
     "claim.property_id not in request.operator.property_scope", "False"),
    ("refreshed-key", _REFRESH, "RefreshSession.__call__",
     "require_key_binding(claims.key_thumbprint, request.key.proof)", "pass"),
    ("refreshed-device", _REFRESH, "RefreshSession.__call__", "request.device_id != claims.device_id", "False"),
    ("stream-roles", _LISTENING, "Listener.speaks_of", "self.viewer.roles == operator.roles", "True"),
    ("stream-properties", _LISTENING, "Listener.speaks_of",
     "self.viewer.property_scope == frozenset(operator.property_scope)", "True"),
)  # fmt: skip
