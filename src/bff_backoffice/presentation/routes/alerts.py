"""The inbox of alerts (contract, sections 2.1 and 10)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from bff_backoffice.application.alerts import AlertsRequest
from bff_backoffice.application.alerts_inbox import AlertItem
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.alerts import ROLES, AlertStatus
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.exchange import Exchange, Response
from bff_backoffice.presentation.inbox_answers import (
    LINES,
    InboxAnswer,
    choice_of,
    inbox_answer,
    inbox_parameters,
    inbox_request,
    next_cursor,
    place_of,
    state_members,
)
from bff_backoffice.presentation.paging import limit_of
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES"]

_NAME: Final = "alerts"


class AlertsAnswer(InboxAnswer, frozen=True, kw_only=True):
    """A page of a property's alerts, most severe first. `unread` counts all unread ones, null where nobody knows."""

    items: list[AlertItem]
    unread: Annotated[int, msgspec.Meta(ge=0)] | None


async def list_alerts(exchange: Exchange, use: UseCases) -> Response:
    """What notification-service raised, with what was acknowledged here."""
    listed = await use.list_alerts(
        AlertsRequest(
            inbox=inbox_request(exchange),
            statuses=choice_of(exchange, "status", AlertStatus),
            limit=limit_of(exchange, default=LINES),
            after=place_of(exchange, _NAME, parts=3),
        )
    )
    answer = AlertsAnswer(
        items=list(listed.items),
        unread=listed.unread,
        sources=[Source.NOTIFICATION, Source.OWN],
        matching=listed.matching,
        truncated=listed.truncated,
        next_cursor=next_cursor(_NAME, listed.next_after),
        **state_members(listed.state, exchange),
    )
    return inbox_answer(answer, listed.state, exchange)


ROUTES: Final = (
    Route(
        method="GET", path="/alerts", access=Access.OPERATOR, handler=list_alerts, tag="alerts",
        summary="The inbox of alerts, the most severe first", needs_property=True, roles=ROLES,
        parameters=inbox_parameters(AlertStatus),
        answers={
            200: Answer("The inbox.", {"application/json": AlertsAnswer}),
            304: Answer("The inbox is still what the `ETag` says."),
        },
        refusals=(Code.RESOURCE_NOT_FOUND, Code.VALIDATION_FAILED),
    ),
)  # fmt: skip
