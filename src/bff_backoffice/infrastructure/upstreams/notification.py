"""notification-service: the alerts of a property."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import AlertLine, AlertsTile
from bff_backoffice.infrastructure.dialect import Count, LocalizedText, Wire, operator_headers, property_of
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "NotificationGateway"]

SERVICE: Final = Upstream(name="notification-service", limit_seconds=0.5, retries=1)

_TILE_LINES: Final = 5
_MOST_SEVERE_FIRST: Final = ("critical", "warning", "info")


class _Alert(Wire, frozen=True):
    id: str
    severity: str
    title: LocalizedText
    raised_at: datetime


class _BySeverity(Wire, frozen=True):
    warning: Count
    critical: Count


class _Alerts(Wire, frozen=True):
    items: list[_Alert]
    unread: Count
    by_severity: _BySeverity


_ALERTS: Final = Decoder(_Alerts)


@dataclass(frozen=True, slots=True)
class NotificationGateway:
    """Alerts that nobody has acknowledged yet."""

    client: UpstreamClient

    async def alerts(self, call: CallContext) -> AlertsTile:
        """Return how many alerts are unread, and the first few, most severe first, in the caller's language."""
        return await self.client.read(
            "alerts",
            "/api/v1/alerts",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": property_of(call), "status": "unread", "limit": str(_TILE_LINES)},
            decode=partial(_alerts, call.locale),
        )


def _alerts(locale: str, body: bytes) -> AlertsTile:
    found = _ALERTS.decode(body)
    lines = [
        AlertLine(
            id=alert.id,
            severity=alert.severity,
            title=alert.title.in_language(locale),
            raised_at=alert.raised_at,
        )
        for alert in found.items
    ]
    # The sort is stable: alerts of one severity stay in the order in which the service has them.
    lines.sort(key=lambda line: _rank(line.severity))
    return AlertsTile(
        unread=found.unread, critical=found.by_severity.critical, warning=found.by_severity.warning, items=lines
    )


def _rank(severity: str) -> int:
    """An alert of a severity that is new to this service comes last; losing it, or the whole tile, would be worse."""
    return _MOST_SEVERE_FIRST.index(severity) if severity in _MOST_SEVERE_FIRST else len(_MOST_SEVERE_FIRST)
