"""What an event that was published by hand changes in the world, so that later answers fit what was announced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from platform_sim.kernel import PublishedEvent
from platform_sim.world.world import World

__all__ = ["announced_by_reset", "react"]

_MEMBERSHIP_STATES: Final = {"suspended": "suspended", "removed": "removed", "reactivated": "active"}
_TENANT_STATES: Final = {"suspended": "suspended", "deleted": "deleted", "reactivated": "active"}
_LOCKED: Final = {"locked": True, "unlocked": False}


def react(world: World, subject: str, tenant_id: str, payload: Mapping[str, object]) -> None:
    """Follow an event of iam-service or tenant-service. An event that names nothing known changes nothing."""
    parts = subject.split(".")
    match parts[1:4]:
        case ["iam", "session", "revoked"]:
            session = world.identity.sessions.get(str(payload.get("sessionId")))
            if session is not None and session.tenant_id == tenant_id and session.revoked_reason is None:
                session.revoked_reason = str(payload.get("reason", "announced"))
        case ["iam", "user", ("locked" | "unlocked") as verb]:
            operator = world.operators.get(str(payload.get("userId")))
            if operator is not None and operator.tenant_id == tenant_id:
                operator.locked = _LOCKED[verb]
        case ["iam", "device", ("locked" | "unlocked") as verb]:
            device = world.devices.get(str(payload.get("deviceId")))
            if device is not None and device.tenant_id == tenant_id:
                device.locked = _LOCKED[verb]
        case ["tenant", "membership", verb]:
            operator = world.operators.get(str(payload.get("userId")))
            if operator is not None and operator.tenant_id == tenant_id:
                operator.state = _MEMBERSHIP_STATES.get(verb, operator.state)
                operator.roles = _names(payload, "roles", operator.roles)
                operator.property_ids = _names(payload, "propertyIds", operator.property_ids)
        case ["tenant", ("suspended" | "deleted" | "reactivated") as verb, *_] if tenant_id in world.tenants:
            world.tenants[tenant_id].status = _TENANT_STATES[verb]
        case _:
            pass


def announced_by_reset(before: World, after: World) -> list[PublishedEvent]:
    """What tenant-service says of a world that is as it began: the tenants and preferences that are others by that."""
    events = [
        _event("config_updated", tenant.id, {"tenantId": tenant.id})
        for tenant in after.tenants.values()
        if before.tenants.get(tenant.id, tenant) != tenant
    ]
    for operator in after.operators.values():
        former = before.operators.get(operator.id)
        if former is not None and former.preferences_version != operator.preferences_version:
            payload = {"userId": operator.id, "version": operator.preferences_version}
            events.append(_event("operator_preferences.updated", operator.tenant_id, payload))
    return events


def _event(what: str, tenant_id: str, payload: Mapping[str, object]) -> PublishedEvent:
    return PublishedEvent(
        subject=f"melmastoon.tenant.{what}.v1", tenant_id=tenant_id, payload=payload, ordering_key=tenant_id
    )


def _names(payload: Mapping[str, object], member: str, before: tuple[str, ...]) -> tuple[str, ...]:
    names = payload.get(member)
    return tuple(str(name) for name in names) if isinstance(names, list) else before
