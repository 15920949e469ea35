"""The sync handshake and the cursors (contract, sections 2.1, 7 and 10)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

import msgspec
from ulid import ULID

from bff_backoffice.application.sync_ports import Advance, HandshakeRequest, SyncRequest
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.devices import HEARTBEAT_SECONDS
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.sync import LONGEST_VALUE, MOST_SCOPES, SCOPE, VALUE, Cursor, CursorSource
from bff_backoffice.presentation.clocks import Moment, require_a_clock
from bff_backoffice.presentation.exchange import Exchange, Response, json_answer, malformed
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route

__all__ = ["ROUTES"]

_SCOPE: Final = re.compile(SCOPE.removesuffix("$") + r"\Z")

Scope = Annotated[str, msgspec.Meta(pattern=SCOPE, max_length=64)]
Value = Annotated[str, msgspec.Meta(pattern=VALUE, min_length=1, max_length=LONGEST_VALUE)]


class KnownCursor(msgspec.Struct, frozen=True, kw_only=True):
    """A cursor as this service answers it, sent back; its other members are not looked at."""

    value: Value | None = None


class HandshakeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the desktop wants to synchronise. `clientCursors` are its own, of the scopes of which it has any."""

    scopes: Annotated[list[Scope], msgspec.Meta(min_length=1, max_length=MOST_SCOPES)]
    protocol_version: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    client_cursors: Annotated[dict[Scope, Value | KnownCursor | None], msgspec.Meta(max_length=MOST_SCOPES)] = {}


class CursorOfScope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a scope's cursor stands.

    `asOf` is the moment for which that is known, null where nobody could be asked and there is no copy. `value` is null
    where the scope was never synchronised.
    """

    value: str | None
    as_of: datetime | None
    source: CursorSource


class HandshakeAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the desktop needs to synchronise. `protocolVersion` is null where sync-service could not be asked."""

    sync_session_token: str
    expires_at: datetime
    sync_base_url: str
    protocol_version: int | None
    cursors: dict[str, CursorOfScope]
    heartbeat_seconds: int


class CursorAnswer(CursorOfScope, frozen=True, kw_only=True):
    """The same, with the scope's name."""

    scope: str


class CursorBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the device has come to, and when, by its own clock."""

    scope: Scope
    value: Value
    occurred_at: Moment


async def negotiate_sync(exchange: Exchange, use: UseCases) -> Response:
    """Mint the sync session token, and answer the cursors."""
    body: HandshakeBody = exchange.body
    for number, scope in enumerate(body.scopes):
        if scope in body.scopes[:number]:
            raise malformed(f"body.scopes[{number}]", "duplicate", "Each scope is asked for once.")
    agreed = await use.syncing.negotiate(
        HandshakeRequest(
            operator=exchange.context,
            scopes=body.scopes,
            protocol_version=body.protocol_version,
            client_cursors=_own_cursors(body),
            locale=exchange.language.tag,
            request_id=exchange.request_id,
            traceparent=exchange.traceparent,
        )
    )
    return json_answer(
        HandshakeAnswer(
            sync_session_token=agreed.token,
            expires_at=agreed.expires_at,
            sync_base_url=agreed.base_url,
            protocol_version=agreed.protocol_version,
            cursors={
                scope: CursorOfScope(value=cursor.value, as_of=cursor.as_of, source=cursor.source)
                for scope, cursor in agreed.cursors.items()
            },
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )
    )


async def get_sync_cursor(exchange: Exchange, use: UseCases) -> Response:
    """Where a scope's cursor stands, as far as this service knows."""
    scope = exchange.one("scope")
    if scope is None:
        raise malformed("query.scope", "required", "Name a scope.")
    if not _SCOPE.match(scope):
        raise malformed("query.scope", "malformed", "A scope looks like reservation.")
    return _cursor_answer(await use.syncing.read_cursor(_asked(exchange), scope))


async def advance_sync_cursor(exchange: Exchange, use: UseCases) -> Response:
    """Move a scope's cursor forward, never backwards."""
    body: CursorBody = exchange.body
    require_a_clock(occurredAt=body.occurred_at)
    advance = Advance(
        id=f"mau_{ULID.from_datetime(use.clock())}",
        scope=body.scope,
        value=body.value,
        occurred_at=body.occurred_at,
    )
    return _cursor_answer(await use.syncing.advance_cursor(_asked(exchange), advance, path=exchange.path))


def _asked(exchange: Exchange) -> SyncRequest:
    return SyncRequest(
        operator=exchange.context,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
    )


def _own_cursors(body: HandshakeBody) -> dict[str, str]:
    """The device's own cursors of the scopes that it asks for, where it has one."""
    own = {}
    for scope in body.scopes:
        given = body.client_cursors.get(scope)
        value = given.value if isinstance(given, KnownCursor) else given
        if value is not None:
            own[scope] = value
    return own


def _cursor_answer(cursor: Cursor) -> Response:
    return json_answer(CursorAnswer(scope=cursor.scope, value=cursor.value, as_of=cursor.as_of, source=cursor.source))


_REFUSALS: Final = (Code.VALIDATION_FAILED, Code.RESOURCE_NOT_FOUND, Code.ROLE_FORBIDDEN)

ROUTES: Final = (
    Route(
        method="POST", path="/sync/handshake", access=Access.OPERATOR, handler=negotiate_sync, tag="sync",
        summary="Get a sync session token, and where each scope's cursor stands", body=HandshakeBody,
        needs_property=True,
        answers={200: Answer("What a desktop needs to synchronise.", {"application/json": HandshakeAnswer})},
        refusals=_REFUSALS,
    ),
    Route(
        method="GET", path="/sync/cursor", access=Access.OPERATOR, handler=get_sync_cursor, tag="sync",
        summary="Where a scope's cursor stands, from a copy that says how old it is", needs_property=True,
        parameters=(
            Parameter("scope", "query", "The scope, such as reservation.",
                      {"type": "string", "pattern": SCOPE}, required=True),
        ),
        answers={200: Answer("The cursor.", {"application/json": CursorAnswer})},
        refusals=_REFUSALS,
    ),
    Route(
        method="POST", path="/sync/cursor", access=Access.OPERATOR, handler=advance_sync_cursor, tag="sync",
        summary="Move a scope's cursor forward, never backwards", body=CursorBody, needs_property=True,
        answers={200: Answer("Where the cursor stands now.", {"application/json": CursorAnswer})},
        refusals=(*_REFUSALS, Code.CURSOR_REGRESSION),
    ),
)  # fmt: skip
