"""Heartbeats (contract, sections 2.1 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec

from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.devices import HEARTBEAT_SECONDS, Heartbeat
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.live_settings import POLL_SECONDS
from bff_backoffice.domain.operator import NetworkProfile
from bff_backoffice.presentation.clocks import Moment, require_a_clock
from bff_backoffice.presentation.exchange import Exchange, Response, json_answer
from bff_backoffice.presentation.request_parts import APP_VERSION
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES"]


class HeartbeatBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the device says of itself."""

    sent_at: Moment
    queue_depth: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    network_profile: NetworkProfile
    app_version: Annotated[str, msgspec.Meta(pattern=APP_VERSION, max_length=60)]
    last_sync_at: Moment | None = None
    battery_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class HeartbeatView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the device should do next."""

    server_time: datetime
    next_heartbeat_seconds: int
    poll_seconds: int
    app_version_floor: str | None
    directives: list[str]


def _require_own_device(who: Authenticated, parameters: Mapping[str, str]) -> None:
    """Refuse another device's heartbeat: it is not this one's to send, whether that device exists or not."""
    if parameters["id"] != who.session.device_id:
        raise Refusal(Code.RESOURCE_NOT_FOUND)


async def report_heartbeat(exchange: Exchange, use: UseCases) -> Response:
    """Keep what the device says of itself, and say what it should do next."""
    context, body = exchange.context, exchange.body
    require_a_clock(sentAt=body.sent_at, lastSyncAt=body.last_sync_at)
    heard_at = await use.report_heartbeat(
        context,
        Heartbeat(
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
        ),
    )
    return json_answer(
        HeartbeatView(
            server_time=heard_at,
            next_heartbeat_seconds=HEARTBEAT_SECONDS,
            poll_seconds=POLL_SECONDS,
            app_version_floor=exchange.operator.tenant.app_version_floor,
            directives=[],
        )
    )


ROUTES: Final = (
    Route(
        method="POST", path="/devices/{id}/heartbeat", access=Access.OPERATOR, handler=report_heartbeat, tag="devices",
        summary="Say that the device is alive; every 60 s", body=HeartbeatBody, needs_property=True,
        resource=_require_own_device,
        answers={200: Answer("What to do next.", {"application/json": HeartbeatView})},
        refusals=(Code.RESOURCE_NOT_FOUND,),
    ),
)  # fmt: skip
