"""The live stream and the polling that takes its place (contract, section 6)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Final

import msgspec

from bff_backoffice.application.live_events import StreamFacts
from bff_backoffice.application.live_events_following import Polled, Poller
from bff_backoffice.application.sessions.authenticate import session_revoked
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.live_events import Channel, Cursor, EndReason, LoggedEvent, MalformedCursorError, Viewer
from bff_backoffice.domain.operator import PropertyId
from bff_backoffice.presentation.event_stream_schemas import event_schema
from bff_backoffice.presentation.exchange import Exchange, Held, Response, Waited, Whole, json_answer, malformed
from bff_backoffice.presentation.live_stream import LAST_WORD_SECONDS, LiveStream
from bff_backoffice.presentation.query_parts import Places
from bff_backoffice.presentation.request_parts import wanted_property
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route

__all__ = ["ROUTES"]

_EVENTS: Final = "text/event-stream"
_ALL_CHANNELS: Final = frozenset(Channel)
_LONGEST_WAIT: Final = 25
_TWO_DIGITS: Final = 2

_YOUNGEST: Final = 0.8
"""Streams live between this part of their longest life and all of it, so that they do not come back in one wave."""

_RANDOM: Final = random.Random()  # noqa: S311 - spreads streams over time and keeps no secret


class PolledEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event, as a stream tells it. `id` is the cursor from which one goes on after it."""

    id: str
    channel: Channel
    type: str
    occurred_at: datetime
    tenant_id: str
    property_id: str | None
    payload: dict[str, Any]


class PolledEvents(msgspec.Struct, frozen=True, kw_only=True):
    """What was told since the cursor. `resync` names the channels of which something was lost: load them anew."""

    cursor: str
    events: list[PolledEvent]
    resync: list[Channel]


class _Polled(msgspec.Struct, frozen=True, kw_only=True):
    """The same, with events as they are kept."""

    cursor: str
    events: list[msgspec.Raw]
    resync: list[Channel]


async def open_live_stream(exchange: Exchange, use: UseCases) -> Response:
    """Everything that happens, as it happens, until the stream says why it ends."""
    viewer, after, _ = _asked(exchange)
    expires_in = (exchange.operator.token_expires_at - use.clock()).total_seconds() - LAST_WORD_SECONDS
    longest = use.live_events.lifetime_seconds * _RANDOM.uniform(_YOUNGEST, 1.0)
    stream = LiveStream(
        tenant_id=exchange.operator.operator.tenant_id,
        facts=_facts(exchange),
        viewer=viewer,
        live=use.live_events,
        clock=use.clock,
        lifetime_seconds=min(longest, expires_in),
    )
    return Held(media_type=_EVENTS, run=partial(stream.live, after, expires_in))


async def poll_live_events(exchange: Exchange, use: UseCases) -> Response:
    """The same events for a desktop whose network lets no stream through."""
    viewer, after, wait = _asked(exchange)
    poller = Poller(tenant_id=exchange.operator.operator.tenant_id, facts=_facts(exchange), viewer=viewer)
    expires_in = (exchange.operator.token_expires_at - use.clock()).total_seconds() - LAST_WORD_SECONDS

    async def run() -> Whole:
        polled = await use.live_events.poll(poller, after, wait_seconds=min(wait, expires_in))
        if poller.reason is EndReason.REVOKED:
            raise session_revoked()
        return _told(polled)

    return Waited(run=run) if wait else await run()


def _told(polled: Polled) -> Whole:
    events = [
        msgspec.Raw(b'{"id":"%b",%b' % (str(cursor).encode(), each.data.removeprefix(b"{")))
        for cursor, each in polled.told
        if isinstance(each, LoggedEvent)
    ]
    lost = [each.channel for _, each in polled.told if not isinstance(each, LoggedEvent)]
    return json_answer(_Polled(cursor=str(polled.cursor), events=events, resync=lost))


def _asked(exchange: Exchange) -> tuple[Viewer, Cursor | None, int]:
    """Who listens to what, from where, and how long a poll may wait.

    Raises:
        Refusal: VALIDATION_FAILED that names each place.
    """
    places = Places()
    channels = places.read(lambda: _channels(exchange), _ALL_CHANNELS)
    after = places.read(lambda: _cursor(exchange), None)
    wait = places.read(lambda: _wait(exchange), 0)
    places.require_none()
    who = exchange.operator
    viewer = Viewer(
        operator_id=who.operator.id,
        device_id=who.session.device_id,
        roles=who.operator.roles,
        property_scope=_scope(who.operator.property_scope),
        channels=channels,
        at=wanted_property(exchange.headers, exchange.query),
    )
    return viewer, after, wait


@lru_cache(1024)
def _scope(properties: Sequence[PropertyId]) -> frozenset[PropertyId]:
    """One set for all colleagues of the same hotels: there are thousands of streams, and few such sets."""
    return frozenset(properties)


def _facts(exchange: Exchange) -> StreamFacts:
    session = exchange.operator.session
    return StreamFacts(session.device_id, session.iam_session_id, session.operator_id)


def _channels(exchange: Exchange) -> frozenset[Channel]:
    given = exchange.one("channels")
    if given is None:
        return _ALL_CHANNELS
    names = given.split(",")
    unknown = [name for name in names if name not in set(Channel)]
    if unknown or not names:
        raise malformed("query.channels", "unknown", f"One or more of {', '.join(Channel)}, comma-separated.")
    return _heard(frozenset(names))


@lru_cache(64)
def _heard(names: frozenset[str]) -> frozenset[Channel]:
    return frozenset(Channel(name) for name in names) | {Channel.SESSION}


def _cursor(exchange: Exchange) -> Cursor | None:
    """`Last-Event-ID`, which is newer than the address that a client began with; or `?after=`."""
    place, given = "header.last-event-id", exchange.header("last-event-id")
    if not given:
        place, given = "query.after", exchange.one("after")
    if not given:
        return None
    try:
        return Cursor.parse(given)
    except MalformedCursorError:
        raise malformed(place, "malformed", "A cursor is the id of an event, as it was sent.") from None


def _wait(exchange: Exchange) -> int:
    given = exchange.one("wait")
    if given is None:
        return 0
    well_formed = given.isascii() and given.isdigit() and len(given) <= _TWO_DIGITS
    if not well_formed or int(given) > _LONGEST_WAIT:
        raise malformed("query.wait", "malformed", f"Whole seconds, 0 to {_LONGEST_WAIT}.")
    return int(given)


_CHANNEL_LIST: Final = "|".join(Channel)
_PARAMETERS: Final = (
    Parameter("channels", "query", "Only these channels, comma-separated, and what is said of the session in any case.",
              {"type": "string", "pattern": f"^({_CHANNEL_LIST})(,({_CHANNEL_LIST}))*$"}),
    Parameter("after", "query", "The id of the last event that was read; left out: from now on.",
              {"type": "string", "pattern": "^([0-9a-f]{16}-(0|[1-9][0-9]{0,14})([.][1-9])?)?$"}),
    Parameter("propertyId", "query", "Only what is about this hotel or about none, as with `X-Property-Id`; left out: "
              "all hotels of the operator's scope.", {"type": "string", "pattern": "^ppt_"}),
)  # fmt: skip
_LAST_EVENT_ID: Final = Parameter(
    "Last-Event-ID", "header", "The same, as a client sends it that comes back; counts before `after`."
)

_EVENT_DATA: Final = {
    "type": "object",
    "properties": {
        "channel": {"$ref": "#/components/schemas/Channel"},
        "type": {"type": "string"},
        "occurredAt": {"type": "string", "format": "date-time"},
        "tenantId": {"type": "string"},
        "propertyId": {"type": ["string", "null"], "description": "Null: it is about all of the tenant's."},
        "payload": {"type": "object"},
    },
    "required": ["channel", "type", "occurredAt", "tenantId", "propertyId", "payload"],
}
_ONE_EVENT: Final = event_schema({"pattern": rf"^({_CHANNEL_LIST})[.]."}, _EVENT_DATA, has_id=True)

ROUTES: Final = (
    Route(
        method="GET", path="/sse/stream", access=Access.OPERATOR, handler=open_live_stream, tag="live",
        summary="The live stream", produces=(_EVENTS,), parameters=(*_PARAMETERS, _LAST_EVENT_ID),
        answers={200: Answer(
            "Server-sent events, each with an `id` to go on from. The first is `session.ready`; comments are "
            "heartbeats; `<channel>.resync` says that events of a channel were lost; the last is `session.` with the "
            f"reason of the end: {', '.join(EndReason)}.",
            {_EVENTS: {**_ONE_EVENT, "description": "One event, named for its channel and its type."}},
        )},
        refusals=(Code.VALIDATION_FAILED, Code.RESOURCE_NOT_FOUND),
    ),
    Route(
        method="GET", path="/events", access=Access.OPERATOR, handler=poll_live_events, tag="live",
        summary="The same events by polling",
        parameters=(
            *_PARAMETERS, _LAST_EVENT_ID,
            Parameter("wait", "query", "How long to wait for an event if there is none yet, in seconds.",
                      {"type": "integer", "minimum": 0, "maximum": _LONGEST_WAIT, "default": 0}),
        ),
        answers={200: Answer("What was told since the cursor.", {"application/json": PolledEvents})},
        refusals=(Code.VALIDATION_FAILED, Code.RESOURCE_NOT_FOUND),
    ),
)  # fmt: skip
