"""Who am I, refresh, sign out, choose a property (contract, sections 2.1, 3 and 10)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from bff_backoffice.application.sessions.lifecycle import RefreshRequest
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import MalformedIdentifierError, PropertyId
from bff_backoffice.presentation.exchange import Exchange, Response, Whole, json_answer
from bff_backoffice.presentation.route_table import Access, Answer, Route
from bff_backoffice.presentation.session_answers import SessionView, session_view

__all__ = ["ROUTES"]


class RefreshBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`POST /auth/refresh`."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class TokensView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A new pair of tokens; `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


class PropertyChoice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`PUT /session/property`."""

    property_id: str


async def get_session(exchange: Exchange, _use: UseCases) -> Response:
    """Show who asks."""
    who = exchange.operator
    return json_answer(session_view(who, who.session))


async def choose_session_property(exchange: Exchange, use: UseCases) -> Response:
    """Make one property of the scope the primary one."""
    body: PropertyChoice = exchange.body
    try:
        property_id = PropertyId.parse(body.property_id)
    except MalformedIdentifierError:
        raise Refusal(Code.RESOURCE_NOT_FOUND) from None
    session = await use.choose_property(exchange.operator, property_id)
    return json_answer(session_view(exchange.operator, session))


async def refresh_session(exchange: Exchange, use: UseCases) -> Response:
    """Exchange the refresh token, proving the device's key."""
    body: RefreshBody = exchange.body
    tokens = await use.refresh_session(
        RefreshRequest(
            refresh_token=body.refresh_token,
            key=exchange.proven_key,
            device_id=exchange.header("x-device-id"),
            request_id=exchange.request_id,
            traceparent=exchange.traceparent,
        )
    )
    return json_answer(
        TokensView(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            token_type="DPoP",  # noqa: S106 - the name of a scheme
            expires_in=tokens.expires_in,
        )
    )


async def sign_out(exchange: Exchange, use: UseCases) -> Response:
    """End the session, here and at iam."""
    await use.close_session(exchange.operator, request_id=exchange.request_id, traceparent=exchange.traceparent)
    return Whole(status=204)


_VIEW: Final = {200: Answer("The session.", {"application/json": SessionView})}

ROUTES: Final = (
    Route(
        method="GET", path="/session", access=Access.OPERATOR, handler=get_session, tag="session",
        summary="Who am I?", answers=_VIEW,
    ),
    Route(
        method="PUT", path="/session/property", access=Access.OPERATOR, handler=choose_session_property, tag="session",
        summary="Choose the primary property", body=PropertyChoice, answers=_VIEW, refusals=(Code.RESOURCE_NOT_FOUND,),
    ),
    Route(
        method="POST", path="/auth/refresh", access=Access.PROOF, handler=refresh_session, tag="session",
        summary="Refresh the tokens with proof of possession", body=RefreshBody,
        answers={200: Answer("A new pair of tokens.", {"application/json": TokensView})},
        refusals=(Code.UPSTREAM_UNAVAILABLE, Code.UPSTREAM_TIMEOUT, Code.UPSTREAM_INVALID_RESPONSE),
    ),
    Route(
        method="POST", path="/auth/sign-out", access=Access.OPERATOR, handler=sign_out, tag="session",
        summary="Sign out: close the session and end its streams", answers={204: Answer("The session is closed.")},
    ),
)  # fmt: skip
