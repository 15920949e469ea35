"""notification-service: the alerts of a property."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.alerts_inbox import Alert, AlertInbox
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import AlertLine, AlertsTile
from bff_backoffice.domain.alerts import AlertStatus, rank
from bff_backoffice.infrastructure.dialect import (
    Count,
    LocalizedText,
    Wire,
    about_property,
    operator_headers,
    property_of,
)
from bff_backoffice.infrastructure.forwarding import MutationDialect, carry_out
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.inbox_pages import InboxPage, InboxRead, newest_lines

__all__ = ["SERVICE", "NotificationGateway"]

SERVICE: Final = Upstream(name="notification-service", limit_seconds=0.5, retries=1)
MUTATIONS: Final = MutationDialect(key_form="ulid", property_place="query")

_TILE_LINES: Final = 5
_LONGEST_PAGE: Final = 200


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


class _InboxLine(_Alert, frozen=True):
    body: LocalizedText
    property_id: str
    status: str
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str | None = None


class _Inbox(Wire, frozen=True):
    items: list[_InboxLine]
    next_cursor: str | None
    unread: Count


_ALERTS: Final = Decoder(_Alerts)
_INBOX: Final = Decoder(_Inbox)


@dataclass(frozen=True, slots=True)
class NotificationGateway:
    """Alerts that nobody has acknowledged yet."""

    client: UpstreamClient

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry a mutation out, once for its upstream key. Raises the `UpstreamError` family."""
        return await carry_out(self.client, MUTATIONS, call, order)

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

    async def inbox(self, call: CallContext) -> AlertInbox:
        """Return the newest alerts of the property, and all unread ones as far as a few pages reach."""
        read = InboxRead(
            operation="alert_inbox",
            path="/api/v1/alerts",
            headers=operator_headers(call),
            query={"propertyId": property_of(call), "sort": "-raisedAt", "limit": str(_LONGEST_PAGE)},
            decode=partial(_inbox, call),
            identity=lambda alert: alert.id,
            waits=lambda alert: alert.status == AlertStatus.UNREAD,
        )
        newest = await newest_lines(self.client, call, read)
        return AlertInbox(items=newest.items, unread=newest.waiting, truncated=newest.truncated)


def _inbox(call: CallContext, body: bytes) -> InboxPage[Alert]:
    page = _INBOX.decode(body)
    for line in page.items:
        about_property(call, line.property_id)
    return InboxPage(items=[_alert(line) for line in page.items], next_cursor=page.next_cursor, waiting=page.unread)


def _alert(line: _InboxLine) -> Alert:
    return Alert(
        id=line.id,
        severity=line.severity,
        title=_text(line.title),
        body=_text(line.body),
        raised_at=line.raised_at,
        property_id=line.property_id,
        status=line.status,
        acknowledged_by=line.acknowledged_by,
        acknowledged_at=line.acknowledged_at,
        note=line.note,
    )


def _text(text: LocalizedText) -> TextByLanguage:
    # English stands in for every language that the author did not write.
    return TextByLanguage(default=text.in_language("en"), values=text.values)


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
    lines.sort(key=lambda line: rank(line.severity))
    return AlertsTile(
        unread=found.unread, critical=found.by_severity.critical, warning=found.by_severity.warning, items=lines
    )
