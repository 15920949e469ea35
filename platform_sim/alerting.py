"""How an alert comes into being, whoever has reason for one: it is in the property's inbox and on the bus."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from platform_sim.ids import fresh_id
from platform_sim.kernel import Call, instant
from platform_sim.world.entities import Alert, Text

__all__ = ["alert_card", "alert_staff", "critical_repair", "guests_must_move"]

_REPAIR: Final = {
    "fr": "Réparation critique, chambre {room}",
    "ar": "إصلاح حرج، الغرفة {room}",
    "fa-AF": "ترمیم عاجل، اتاق {room}",
    "ps-AF": "بیړنی ترمیم، خونه {room}",
}
_MOVE: Final = {
    "fr": "Clients à reloger, chambre {room}",
    "ar": "يجب نقل نزلاء الغرفة {room}",
    "fa-AF": "مهمانان اتاق {room} باید جابه‌جا شوند",
    "ps-AF": "د {room} خونې مېلمانه باید بدل شي",
}


def alert_staff(call: Call, property_id: str, severity: str, title: Text, body: Text) -> Alert:
    """Raise an alert at a property of the caller's tenant and publish it."""
    alert = Alert(
        id=fresh_id("ntf"),
        tenant_id=call.tenant_id,
        property_id=property_id,
        severity=severity,
        title=title,
        body=body,
        raised_at=call.now,
    )
    call.world.alerts[alert.id] = alert
    call.world.changed(property_id)
    call.publish("notification.alert.raised.v1", alert_card(alert), key=f"{alert.tenant_id}:{alert.id}")
    return alert


def critical_repair(room_number: str) -> Text:
    """The title of the alert about a critical work order."""
    return _titled("Critical repair, room {room}", _REPAIR, room_number)


def guests_must_move(room_number: str) -> Text:
    """The title of the alert about guests in a room that has to be closed."""
    return _titled("Guests have to be moved from room {room}", _MOVE, room_number)


def alert_card(alert: Alert) -> dict[str, object]:
    """The alert as notification-service writes it, in answers and in events."""
    return {
        "id": alert.id,
        "severity": alert.severity,
        "title": alert.title.wire(),
        "body": alert.body.wire(),
        "raisedAt": instant(alert.raised_at),
        "propertyId": alert.property_id,
        "status": alert.status,
        "acknowledgedBy": alert.acknowledged_by,
        "acknowledgedAt": _moment(alert.acknowledged_at),
        "note": alert.note,
    }


def _titled(default: str, values: dict[str, str], room_number: str) -> Text:
    translated = {language: text.format(room=room_number) for language, text in values.items()}
    return Text(default.format(room=room_number), translated)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
