"""The inbox of alerts: what notification-service raised, with what was acknowledged here already (UC-08).

Specification section 5 (responsibility 6), contract sections 2.1 and 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UNSET
from msgspec.structs import replace

from bff_backoffice.application.alerts_inbox import Alert, AlertInbox, AlertItem
from bff_backoffice.application.inboxes import InboxRequest, InboxState, MirroredInbox, OwnLog, newest_first
from bff_backoffice.application.pages import Place, page_after
from bff_backoffice.domain.alerts import AlertAcknowledgement, AlertStatus, rank

__all__ = ["AlertsRequest", "ListAlerts", "ListedAlerts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsRequest:
    """Who asks for which alerts. Empty `statuses` mean all; `after` is None at the beginning."""

    inbox: InboxRequest
    statuses: frozenset[AlertStatus]
    limit: int
    after: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAlerts:
    """A page of the inbox. `unread` counts the property's unread ones, whatever the filter; None where nobody knows."""

    items: Sequence[AlertItem]
    next_after: Place | None
    matching: int | None
    unread: int | None
    truncated: bool
    state: InboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAlerts:
    """List a property's alerts, the most severe first, then the newest.

    Never fails because notification-service does: the state says so.
    """

    inbox: MirroredInbox[AlertInbox]
    acknowledgements: OwnLog[AlertAcknowledgement]

    async def __call__(self, request: AlertsRequest) -> ListedAlerts:
        inbox, state = await self.inbox.read(request.inbox)
        if inbox is None:
            return ListedAlerts(items=(), next_after=None, matching=None, unread=None, truncated=False, state=state)
        waiting = [each.id for each in inbox.items if each.status != AlertStatus.ACKNOWLEDGED]
        lines, state = await self.inbox.marked(self.acknowledgements, request.inbox, waiting, state)
        alerts = [_acknowledged(each, lines[each.id]) if each.id in lines else each for each in inbox.items]
        page = page_after(
            [each for each in alerts if not request.statuses or each.status in request.statuses],
            _place,
            after=request.after,
            limit=request.limit,
        )
        seen_here = sum(each.status == AlertStatus.UNREAD and each.id in lines for each in inbox.items)
        return ListedAlerts(
            items=[_in_language(each, request.inbox.locale) for each in page.items],
            next_after=page.next_after,
            matching=page.matching,
            unread=max(0, inbox.unread - seen_here),
            truncated=inbox.truncated,
            state=state,
        )


def _acknowledged(alert: Alert, line: AlertAcknowledgement) -> Alert:
    return replace(
        alert,
        status=AlertStatus.ACKNOWLEDGED.value,
        acknowledged_by=line.operator_id,
        acknowledged_at=line.acknowledged_at,
        note=line.note,
    )


def _in_language(alert: Alert, locale: str) -> AlertItem:
    return AlertItem(
        id=alert.id,
        severity=alert.severity,
        title=alert.title.in_language(locale),
        body=alert.body.in_language(locale),
        raised_at=alert.raised_at,
        property_id=alert.property_id,
        status=alert.status,
        acknowledged_by=UNSET if alert.acknowledged_by is None else alert.acknowledged_by,
        acknowledged_at=UNSET if alert.acknowledged_at is None else alert.acknowledged_at,
        note=UNSET if alert.note is None else alert.note,
    )


def _place(alert: Alert) -> Place:
    return (str(rank(alert.severity)), newest_first(alert.raised_at), alert.id)
