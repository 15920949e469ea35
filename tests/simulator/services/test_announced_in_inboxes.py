"""An event that is published by hand is in the inbox when the person who was told looks."""

from __future__ import annotations

from tests.simulator.services.hotels import Hotel

ALERTS = "/notification-service/api/v1/alerts"
SUGGESTIONS = "/ai-orchestrator-service/api/v1/ai/suggestions"


def announce(hotel: Hotel, subject: str, payload: dict[str, object], *, tenant_id: str | None = None) -> None:
    """Publish an event of a service."""
    body = {"subject": f"melmastoon.{subject}", "tenantId": tenant_id or hotel.tenant_id, "payload": payload}
    assert hotel.platform.call("POST", "/_control/events", body=body).status == 202


def listed(hotel: Hotel, path: str, status: str) -> dict[str, dict[str, object]]:
    """The property's inbox of one status, by identifier."""
    items = hotel.get(f"{path}?propertyId={hotel.property_id}&status={status}&limit=100")["items"]
    return {item["id"]: item for item in items}


def test_an_announced_alert_is_raised_and_acknowledged(kabul: Hotel) -> None:
    """It is unread with its texts; announcing it again changes nothing; acknowledged elsewhere, it is closed."""
    alert = "ntf_01JGFJJZ03J02SKYND46F9ZBKD"
    payload = {"id": alert, "propertyId": kabul.property_id, "severity": "critical", "title": {"default": "Flood"}}
    announce(kabul, "notification.alert.raised.v1", payload)
    announce(kabul, "notification.alert.raised.v1", payload | {"title": "Again"})
    raised = listed(kabul, ALERTS, "unread")[alert]
    assert (raised["severity"], raised["title"]) == ("critical", {"default": "Flood", "values": {}})
    announce(kabul, "notification.alert.acknowledged.v1", {"alertId": alert, "acknowledgedBy": kabul.operator_id})
    assert listed(kabul, ALERTS, "acknowledged")[alert]["acknowledgedBy"] == kabul.operator_id


def test_an_alert_without_anything_is_an_alert(kabul: Hotel) -> None:
    """An announcement that names only the property, with any service's prefix, is one more unread alert."""
    before = listed(kabul, ALERTS, "unread")
    announce(kabul, "notification.alert.raised.v1", {"propertyId": kabul.as_property("prop")})
    (new,) = listed(kabul, ALERTS, "unread").keys() - before.keys()
    assert listed(kabul, ALERTS, "unread")[new]["severity"] == "info"


def test_an_announced_suggestion_is_open_until_decided(kabul: Hotel) -> None:
    """It is in the inbox of its property, and gone from the open ones once somebody decided elsewhere."""
    suggestion = "sug_01JGFJJZ03J02SKYND46F9ZBKD"
    payload = {"suggestionId": suggestion, "propertyId": kabul.property_id, "title": "Close the pool", "confidence": 1}
    announce(kabul, "ai_orchestrator.suggestion.created.v1", payload)
    made = listed(kabul, SUGGESTIONS, "open")[suggestion]
    assert (made["title"], made["confidence"]) == ("Close the pool", 1.0)
    announce(kabul, "ai_orchestrator.hitl.gate_decided.v1", {"suggestionId": suggestion, "decision": "reject"})
    assert suggestion in listed(kabul, SUGGESTIONS, "decided")


def test_what_names_nothing_known_changes_nothing(kabul: Hotel, creek: Hotel) -> None:
    """Another tenant's property, alert or suggestion is left alone."""
    alert = next(iter(listed(creek, ALERTS, "unread")))
    suggestion = next(iter(listed(creek, SUGGESTIONS, "open")))
    unread, still_open = listed(creek, ALERTS, "unread"), listed(creek, SUGGESTIONS, "open")
    announce(kabul, "notification.alert.raised.v1", {"propertyId": creek.property_id})
    announce(kabul, "notification.alert.acknowledged.v1", {"alertId": alert})
    announce(kabul, "ai_orchestrator.suggestion.created.v1", {"propertyId": creek.property_id})
    announce(kabul, "ai_orchestrator.hitl.gate_decided.v1", {"suggestionId": suggestion})
    announce(kabul, "notification.alert.raised.v1", {"propertyId": ["x"], "title": 3})
    assert listed(creek, ALERTS, "unread") == unread
    assert listed(creek, SUGGESTIONS, "open") == still_open
