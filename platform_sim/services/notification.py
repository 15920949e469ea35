"""notification-service: a property's alerts, which staff read and acknowledge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from platform_sim.acting import acting_operator, occurred_at
from platform_sim.alerting import alert_card, alert_staff
from platform_sim.dialect import Dialect, Refused
from platform_sim.kernel import Answer, Call, Route, Service, instant
from platform_sim.paging import keyset_page
from platform_sim.world.entities import Alert, Text

__all__ = ["SERVICE"]

_SEVERITIES: Final = ("critical", "warning", "info")
"""The most severe first, which is also the order of the inbox."""
_STATUSES: Final = frozenset({"unread", "read", "acknowledged"})
_LANGUAGES: Final = frozenset({"en", "fr", "ar", "fa-AF", "ps-AF"})
_DEFAULT_PAGE: Final = 50
_LARGEST_PAGE: Final = 200


def list_alerts(call: Call) -> Answer:
    """`GET /alerts?status=&severity=&sort=&cursor=&limit=`: the inbox, most severe first unless sorted by time."""
    every = call.world.alerts_of(call.property_id)
    statuses, severities = _choice(call, "status", _STATUSES), _choice(call, "severity", frozenset(_SEVERITIES))
    sort = call.query.get("sort", "severity")
    if sort not in {"severity", "-raisedAt"}:
        raise call.invalid("sort", "severity or -raisedAt")
    rows = [alert for alert in every if alert.status in statuses and alert.severity in severities]
    by = _by_severity if sort == "severity" else _newest_first
    shown, following = keyset_page(call, rows, by, default=_DEFAULT_PAGE, maximum=_LARGEST_PAGE)
    unread = Counter(alert.severity for alert in every if alert.status == "unread")
    return Answer(
        body={
            "items": [alert_card(alert) for alert in shown],
            "nextCursor": following,
            "unread": unread.total(),
            "bySeverity": {severity: unread[severity] for severity in reversed(_SEVERITIES)},
        }
    )


def read_alert(call: Call) -> Answer:
    """`GET /alerts/{id}`: one alert."""
    return Answer(body=alert_card(_own(call, call.params["id"])))


def raise_alert(call: Call) -> Answer:
    """`POST /alerts`: another service of the platform, or a drill, raises an alert at a property."""
    severity = call.text("severity")
    if severity not in _SEVERITIES:
        raise call.invalid("severity", "info, warning or critical")
    alert = alert_staff(call, call.property_id, severity, _text(call, "title"), _text(call, "body"))
    call.effect("alert.raised", alert.id)
    return Answer(status=201, body=alert_card(alert))


def acknowledge(call: Call) -> Answer:
    """`POST /alerts/{id}/acknowledge`: somebody takes care of it; the first one does, and nobody after."""
    operator, note = acting_operator(call), call.optional_text("note", maximum=1000)
    alert = _own(call, call.params["id"])
    if alert.status == "acknowledged":
        raise Refused(
            409,
            "MELMASTOON.NOTIFICATION.ALERT_ALREADY_ACKNOWLEDGED",
            "somebody has acknowledged the alert already",
            context={"acknowledgedBy": alert.acknowledged_by, "acknowledgedAt": _moment(alert.acknowledged_at)},
        )
    alert.status, alert.acknowledged_by, alert.note = "acknowledged", operator.id, note
    # An alert is never acknowledged before it was raised, whatever the clock of a desk that was offline says.
    alert.acknowledged_at = max(occurred_at(call), alert.raised_at)
    call.world.changed(alert.property_id)
    call.effect("alert.acknowledged", alert.id)
    call.publish(
        "notification.alert.acknowledged.v1",
        {
            "alertId": alert.id,
            "propertyId": alert.property_id,
            "severity": alert.severity,
            "acknowledgedBy": operator.id,
            "acknowledgedAt": _moment(alert.acknowledged_at),
        },
        key=f"{alert.tenant_id}:{alert.id}",
    )
    return Answer(body=alert_card(alert))


def mark_read(call: Call) -> Answer:
    """`POST /alerts/read`: these alerts were seen; those that were seen before stay as they are."""
    acting_operator(call)
    wanted = call.body.get("ids")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= _LARGEST_PAGE:
        raise call.invalid("ids", f"1..{_LARGEST_PAGE} alerts")
    alerts = [_own(call, str(identifier)) for identifier in wanted]
    newly = [alert for alert in alerts if alert.status == "unread"]
    for alert in newly:
        alert.status = "read"
        call.world.changed(alert.property_id)
        call.effect("alert.read", alert.id)
        call.publish(
            "notification.opened.v1",
            {"notificationId": alert.id, "propertyId": alert.property_id},
            key=f"{alert.tenant_id}:{alert.id}",
        )
    return Answer(body={"read": len(newly)})


def _own(call: Call, identifier: str) -> Alert:
    return call.own(call.world.alerts.get(identifier), "alert")


def _choice(call: Call, name: str, known: frozenset[str]) -> frozenset[str]:
    """The values of a query parameter, with commas between them; all where it is left out."""
    if name not in call.query:
        return known
    chosen = frozenset(call.query[name].split(","))
    if not chosen <= known:
        raise call.invalid(name, f"of {', '.join(sorted(known))}")
    return chosen


def _text(call: Call, name: str) -> Text:
    """A text `{default, values}` of the body."""
    given = call.body.get(name)
    default = given.get("default") if isinstance(given, Mapping) else None
    values = given.get("values", {}) if isinstance(given, Mapping) else None
    if (
        not isinstance(default, str)
        or not default
        or not isinstance(values, Mapping)
        or not values.keys() <= _LANGUAGES
    ):
        raise call.invalid(name, "{default, values} in the platform's languages")
    return Text(default, {str(language): str(text) for language, text in values.items()})


def _by_severity(alert: Alert) -> tuple[int | str, ...]:
    return (_SEVERITIES.index(alert.severity), *_newest_first(alert))


def _newest_first(alert: Alert) -> tuple[int | str, ...]:
    return (-round(alert.raised_at.timestamp() * 1000), alert.id)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)


_ROOT: Final = "/api/v1/alerts"

SERVICE: Final = Service(
    name="notification-service",
    dialect=Dialect(
        domain="NOTIFICATION", property_place="query", key_format="ulid", error_extras=("violations", "context")
    ),
    routes=(
        Route(method="GET", path=_ROOT, handler=list_alerts, property="required"),
        Route(method="POST", path=_ROOT, handler=raise_alert, property="required", idempotency="required"),
        Route(method="POST", path=f"{_ROOT}/read", handler=mark_read, property="accepted", idempotency="accepted"),
        Route(method="GET", path=f"{_ROOT}/{{id}}", handler=read_alert, property="accepted"),
        Route(
            method="POST",
            path=f"{_ROOT}/{{id}}/acknowledge",
            handler=acknowledge,
            property="accepted",
            idempotency="required",
        ),
    ),
)
