"""The only place where a Redis key is spelled.

A key that holds tenant data begins with its tenant (`tnt_…:`). Replay, JWKS, bus and lock keys may lack it: they hold
hashes, public keys, positions and names only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bff_backoffice.domain.live_events import Channel
    from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, PropertyId, TenantId

__all__ = [
    "CONSUMER_GROUP",
    "devices_of_operator",
    "heartbeat",
    "live_channel",
    "live_head",
    "live_once",
    "live_stream",
    "live_wire",
    "open_sessions",
    "operator",
    "own_events",
    "platform_events",
    "projection",
    "projection_index",
    "projection_lead",
    "projection_places",
    "proof",
    "proof_memory",
    "proof_memory_lock",
    "queue_hint",
    "revoked_session",
    "session_of_device",
    "tenant",
    "wrong_codes",
]

CONSUMER_GROUP: Final = "bff-backoffice"
"""This service's group on the platform's stream of events."""


def session_of_device(tenant_id: TenantId, device_id: DeviceId) -> str:
    """The open session of a device: one blob, because one device has one session."""
    return f"{tenant_id}:session:{device_id}"


def revoked_session(tenant_id: TenantId, session_id: IamSessionId) -> str:
    """The mark of a `sid` that is refused although its tokens have not expired."""
    return f"{tenant_id}:revoked:{session_id}"


def devices_of_operator(tenant_id: TenantId, operator_id: OperatorId) -> str:
    """The devices on which an operator opened a session: where to look when all of them end."""
    return f"{tenant_id}:devices-of:{operator_id}"


def heartbeat(tenant_id: TenantId, device_id: DeviceId) -> str:
    """What a device last said of itself; without a device, how all of a tenant's begin."""
    return f"{tenant_id}:heartbeat:{device_id}"


def queue_hint(tenant_id: TenantId, device_id: DeviceId) -> str:
    """How many actions a device said that it has queued; without a device, how all of a tenant's begin."""
    return f"{tenant_id}:queue-hint:{device_id}"


def open_sessions(tenant_id: TenantId) -> str:
    """The sessions of a tenant by their identifiers, also those whose time ran out, until somebody has told of it."""
    return f"{tenant_id}:open-sessions:1"


def operator(tenant_id: TenantId, operator_id: OperatorId) -> str:
    """What tenant-service said of an operator, at most five minutes ago."""
    return f"{tenant_id}:operator:{operator_id}"


def tenant(tenant_id: TenantId) -> str:
    """What tenant-service said of the tenant itself. The number is the stored form's, as below."""
    return f"{tenant_id}:tenant:1"


def wrong_codes(tenant_id: TenantId, session_id: IamSessionId) -> str:
    """How many second factors of a session did not hold, lately."""
    return f"{tenant_id}:wrong-codes:{session_id}"


def proof(digest: str) -> str:
    """A proof that was used. The digest covers key thumbprint, method, target and `jti`, so it names nobody."""
    return f"replay:{digest}"


def proof_memory() -> str:
    """The mark by which a store that lost its memory is known."""
    return "replay:memory"


def proof_memory_lock() -> str:
    """Who is writing the mark anew, so that a first start with several replicas counts as one first start."""
    return "replay:memory:lock"


def projection(tenant_id: TenantId, property_id: PropertyId | None, name: str, variants: tuple[str, ...]) -> str:
    """A composed part of a board. The number is the stored form's: another form is another key, never a wrong read."""
    return ":".join((tenant_id, "projection", "1", property_id or "tenant", name, *variants))


def projection_lead(tenant_id: TenantId, property_id: PropertyId | None, name: str, variants: tuple[str, ...]) -> str:
    """Who loads that part now: a fencing token."""
    return projection(tenant_id, property_id, name, variants) + ":lead"


def projection_index(tenant_id: TenantId, property_id: PropertyId | None, name: str) -> str:
    """The keys of all variants of that part, so that they can be forgotten together."""
    return f"{tenant_id}:projection-index:1:{property_id or 'tenant'}:{name}"


def projection_places(tenant_id: TenantId) -> str:
    """The properties of which any part is or was kept, so that what is no property's event can be forgotten for all."""
    return f"{tenant_id}:projection-places:1"


def platform_events() -> str:
    """The stream that every service of the platform publishes on (docs/upstreams.md, "The bus")."""
    return "platform:events"


def own_events() -> str:
    """The stream that this service publishes on, in the form of the platform's."""
    return "bff-backoffice:events"


def live_head(tenant_id: TenantId) -> str:
    """Where the tenant's live log stands: its epoch, its last position, and what each channel gave up."""
    return f"{tenant_id}:live:1:head"


def live_channel(tenant_id: TenantId, channel: Channel) -> str:
    """The newest events of one channel, by position. The number is the stored form's, as everywhere."""
    return f"{tenant_id}:live:1:log:{channel}"


def live_once(tenant_id: TenantId, digest: str) -> str:
    """The mark of an event that was told and is not to be told again. The digest names nobody."""
    return f"{tenant_id}:live:1:once:{digest}"


def live_stream(tenant_id: TenantId, device_id: DeviceId) -> str:
    """Which stream of a device is the newest: a fencing token."""
    return f"{tenant_id}:live:1:stream:{device_id}"


def live_wire(tenant_id: TenantId) -> str:
    """Where every replica with a listener of the tenant hears at once what is told (`PUBLISH`)."""
    return f"{tenant_id}:live:1:wire"
