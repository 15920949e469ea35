"""Alerts and suggestions that an event published by hand announces: they are in the inbox when somebody looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from platform_sim.ids import fresh_id, has_shape, with_prefix
from platform_sim.kernel import instant
from platform_sim.world.entities import Alert, Property, Suggestion, Text
from platform_sim.world.world import World

__all__ = ["note_in_inboxes"]

_SEVERITIES: Final = frozenset({"info", "warning", "critical"})
_LIKELY: Final = 0.75
"""The confidence of a suggestion that was announced without one."""
Payload = Mapping[str, object]


def note_in_inboxes(world: World, subject: str, tenant_id: str, payload: Payload, now: datetime) -> None:
    """Follow an event of notification-service or ai-orchestrator-service; one about nothing known changes nothing."""
    match subject.split(".")[1:4]:
        case ["notification", "alert", "raised"]:
            _enter_alert(world, tenant_id, payload, now)
        case ["notification", "alert", "acknowledged"]:
            _close_alert(world, tenant_id, payload, now)
        case ["ai_orchestrator", "suggestion", "created"]:
            _enter_suggestion(world, tenant_id, payload, now)
        case ["ai_orchestrator", "hitl", "gate_decided"]:
            _close_suggestion(world, tenant_id, payload, now)
        case _:
            pass


def _enter_alert(world: World, tenant_id: str, payload: Payload, now: datetime) -> None:
    """An alert was raised: `{id?, propertyId, severity?, title?, body?}`; a text, or `{default, values}`."""
    prop = _property(world, tenant_id, payload)
    identifier = _identifier(payload, "ntf", "id", "alertId", "notificationId")
    if prop is None or identifier in world.alerts:
        return
    severity = str(payload.get("severity"))
    world.alerts[identifier] = Alert(
        id=identifier,
        tenant_id=tenant_id,
        property_id=prop.id,
        severity=severity if severity in _SEVERITIES else "info",
        title=_text(payload.get("title"), "Alert"),
        body=_text(payload.get("body"), ""),
        raised_at=now,
    )
    world.changed(prop.id)


def _close_alert(world: World, tenant_id: str, payload: Payload, now: datetime) -> None:
    """Somebody acknowledged an alert elsewhere: `{alertId, acknowledgedBy?}`."""
    alert = world.alerts.get(str(payload.get("alertId", payload.get("id"))))
    if alert is None or alert.tenant_id != tenant_id or alert.status == "acknowledged":
        return
    alert.status, alert.acknowledged_at = "acknowledged", now
    alert.acknowledged_by = _text(payload.get("acknowledgedBy"), "").default or None
    world.changed(alert.property_id)


def _enter_suggestion(world: World, tenant_id: str, payload: Payload, now: datetime) -> None:
    """A suggestion was made: `{id?, propertyId, category?, title?, summary?, confidence?, subject?, proposal?}`."""
    prop = _property(world, tenant_id, payload)
    identifier = _identifier(payload, "sug", "id", "suggestionId")
    if prop is None or identifier in world.suggestions:
        return
    confidence, subject = payload.get("confidence"), payload.get("subject")
    likely = isinstance(confidence, int | float) and 0 <= confidence <= 1
    world.suggestions[identifier] = Suggestion(
        id=identifier,
        tenant_id=tenant_id,
        property_id=prop.id,
        category=_text(payload.get("category"), "general").default,
        title=_text(payload.get("title"), "Suggestion").default,
        summary=_text(payload.get("summary"), "").default,
        confidence=float(str(confidence)) if likely else _LIKELY,
        created_at=now,
        subject={str(name): str(value) for name, value in subject.items()}
        if isinstance(subject, Mapping)
        else {"type": "property", "id": prop.id},
        proposal=_object(payload.get("proposal")),
        provenance=_object(payload.get("provenance")),
    )
    world.changed(prop.id)


def _close_suggestion(world: World, tenant_id: str, payload: Payload, now: datetime) -> None:
    """Somebody decided about a suggestion elsewhere: `{suggestionId, decision?, decidedBy?}`."""
    suggestion = world.suggestions.get(str(payload.get("suggestionId", payload.get("id"))))
    if suggestion is None or suggestion.tenant_id != tenant_id or suggestion.status == "decided":
        return
    suggestion.status = "decided"
    suggestion.decision = {
        "decision": _text(payload.get("decision"), "accept").default,
        "reason": None,
        "delta": None,
        "decidedBy": _text(payload.get("decidedBy"), "").default or None,
        "decidedAt": instant(now),
    }
    world.changed(suggestion.property_id)


def _property(world: World, tenant_id: str, payload: Payload) -> Property | None:
    """The property of the payload, whichever service's prefix it has, if it is the tenant's."""
    prop = world.properties.get(with_prefix(str(payload.get("propertyId")), "ppt"))
    return prop if prop is not None and prop.tenant_id == tenant_id else None


def _identifier(payload: Payload, prefix: str, *names: str) -> str:
    """The identifier that the payload gives the thing, or a new one."""
    given = next((str(payload[name]) for name in names if name in payload), "")
    return given if has_shape(given, prefix) else fresh_id(prefix)


def _text(value: object, default: str) -> Text:
    if isinstance(value, Mapping) and isinstance(value.get("default"), str):
        values = value.get("values")
        translated = values.items() if isinstance(values, Mapping) else ()
        return Text(str(value["default"]), {str(language): str(text) for language, text in translated})
    return Text(value if isinstance(value, str) and value else default)


def _object(value: object) -> dict[str, object]:
    return {str(name): content for name, content in value.items()} if isinstance(value, Mapping) else {}
