"""Heartbeats and hints of what is queued (contract, sections 2.1 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from bff_backoffice.application.pages import Place, page_after
from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.app_versions import is_below
from bff_backoffice.domain.devices import HEARTBEAT_SECONDS, Directive, Heartbeat, QueueHint, directives
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.live_settings import POLL_SECONDS
from bff_backoffice.domain.operator import NetworkProfile
from bff_backoffice.presentation.clocks import Moment, require_a_clock
from bff_backoffice.presentation.exchange import Exchange, Response, Whole, json_answer
from bff_backoffice.presentation.paging import (
    MOST_ROWS,
    cursor_parameter,
    cursor_text,
    cursor_value,
    limit_of,
    limit_parameter,
)
from bff_backoffice.presentation.request_parts import APP_VERSION
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES"]

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Kind = Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9_.:-]{0,63}$")]


Directed = Annotated[str, msgspec.Meta(examples=[directive.value for directive in Directive])]
"""A word of `Directive`; there may be new ones, so that the document does not close the list."""


class HeartbeatBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the device says of itself."""

    sent_at: Moment
    queue_depth: Count
    network_profile: NetworkProfile
    app_version: Annotated[str, msgspec.Meta(pattern=APP_VERSION, max_length=60)]
    last_sync_at: Moment | None = None
    battery_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class PendingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many actions wait, as far as the devices said: on this one, and on the operator's others."""

    this_device: int
    other_devices: int


class HeartbeatView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the device should do next. It passes over a directive that it does not know."""

    server_time: datetime
    next_heartbeat_seconds: int
    poll_seconds: int
    app_version_floor: str | None
    app_version_current: str | None
    pending: PendingView
    directives: list[Directed]


class QueueHintBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the device has queued. `byKind` counts actions, such as `reservation.check_in`."""

    pending: Count
    by_kind: Annotated[dict[Kind, Count], msgspec.Meta(max_length=64)] = {}
    oldest_at: Moment | None = None


class QueueHintView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What another device of the operator said that it has queued; the device itself knows."""

    device_id: str
    pending: int
    oldest_at: datetime | None
    by_kind: dict[str, int]
    reported_at: datetime
    authoritative: bool = False


class QueueHintList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of them, the newest first. Without a limit it is nearly always all: an operator has a few devices."""

    items: list[QueueHintView]
    next_cursor: str | None = None


class _Cursor(msgspec.Struct, frozen=True):
    """Where the page before ended: when the hint came, and whose it is."""

    hinted: tuple[str, str]


_CURSOR: Final = msgspec.json.Decoder(_Cursor)


def _require_own_device(who: Authenticated, parameters: Mapping[str, str]) -> None:
    """Refuse to speak for another device: it is not this one's to do, whether that device exists or not."""
    if parameters["id"] != who.session.device_id:
        raise Refusal(Code.RESOURCE_NOT_FOUND)


async def report_heartbeat(exchange: Exchange, use: UseCases) -> Response:
    """Keep what the device says of itself, and say what it should do next."""
    context, body, who = exchange.context, exchange.body, exchange.operator
    require_a_clock(sentAt=body.sent_at, lastSyncAt=body.last_sync_at)
    heartbeat = Heartbeat(
        device_id=context.device_id,
        operator_id=context.operator_id,
        property_id=context.property_id,
        sent_at=body.sent_at,
        received_at=use.clock(),
        queue_depth=body.queue_depth,
        last_sync_at=body.last_sync_at,
        network_profile=body.network_profile,
        app_version=body.app_version,
        battery_percent=body.battery_percent,
    )
    heard = await use.attendance.report_heartbeat(
        context, heartbeat, request_id=exchange.request_id, traceparent=exchange.traceparent
    )
    outdated = is_below(body.app_version, who.tenant.app_version_current)
    due = directives(heartbeat, outdated=outdated, token_expires_at=who.token_expires_at, now=heard.at)
    return json_answer(
        HeartbeatView(
            server_time=heard.at,
            next_heartbeat_seconds=HEARTBEAT_SECONDS,
            poll_seconds=POLL_SECONDS,
            app_version_floor=who.tenant.app_version_floor,
            app_version_current=who.tenant.app_version_current,
            pending=PendingView(this_device=body.queue_depth, other_devices=heard.waiting_elsewhere),
            directives=[directive.value for directive in due],
        )
    )


async def hint_offline_queue(exchange: Exchange, use: UseCases) -> Response:
    """Keep what the device says that it has queued, for the operator's other devices."""
    context, body = exchange.context, exchange.body
    require_a_clock(oldestAt=body.oldest_at)
    hint = QueueHint(
        device_id=context.device_id,
        operator_id=context.operator_id,
        pending=body.pending,
        oldest_at=body.oldest_at,
        by_kind=body.by_kind,
        reported_at=use.clock(),
    )
    await use.attendance.hint_queue(context, hint)
    return Whole(status=204)


async def list_offline_queue_hints(exchange: Exchange, use: UseCases) -> Response:
    """What the operator's other devices said that they have queued."""
    limit, after = limit_of(exchange, default=MOST_ROWS), cursor_value(exchange, _CURSOR)
    page = page_after(
        await use.attendance.list_queue_hints(exchange.context),
        _place,
        after=None if after is None else after.hinted,
        limit=limit,
        descending=True,
    )
    following = None if page.next_after is None else cursor_text(_Cursor((page.next_after[0], page.next_after[1])))
    return json_answer(
        QueueHintList(
            next_cursor=following,
            items=[
                QueueHintView(
                    device_id=str(hint.device_id),
                    pending=hint.pending,
                    oldest_at=hint.oldest_at,
                    by_kind=dict(hint.by_kind),
                    reported_at=hint.reported_at,
                )
                for hint in page.items
            ],
        )
    )


def _place(hint: QueueHint) -> Place:
    return f"{hint.reported_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}", str(hint.device_id)


ROUTES: Final = (
    Route(
        method="POST", path="/devices/{id}/heartbeat", access=Access.OPERATOR, handler=report_heartbeat, tag="devices",
        summary="Say that the device is alive; every 60 s", body=HeartbeatBody, needs_property=True,
        resource=_require_own_device,
        answers={200: Answer("What to do next.", {"application/json": HeartbeatView})},
        refusals=(Code.RESOURCE_NOT_FOUND,),
    ),
    Route(
        method="PUT", path="/devices/{id}/offline-queue-hint", access=Access.OPERATOR, handler=hint_offline_queue,
        tag="devices", summary="Say what the device has queued; never authoritative", body=QueueHintBody,
        needs_property=True, resource=_require_own_device,
        answers={204: Answer("It is kept, for seven days at most.")},
        refusals=(Code.RESOURCE_NOT_FOUND,),
    ),
    Route(
        method="GET", path="/offline-queue-hints", access=Access.OPERATOR, handler=list_offline_queue_hints,
        tag="devices", summary="What the operator's other devices said that they have queued", needs_property=True,
        parameters=(limit_parameter(default=MOST_ROWS), cursor_parameter("the same operator")),
        answers={200: Answer("Seven days of hints.", {"application/json": QueueHintList})},
        refusals=(Code.VALIDATION_FAILED, Code.RESOURCE_NOT_FOUND),
    ),
)  # fmt: skip
