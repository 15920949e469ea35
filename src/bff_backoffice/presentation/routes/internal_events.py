"""Events that Pub/Sub pushes, with the push identity's token only (contract, sections 2 and 8)."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from bff_backoffice.application.event_bus import received_message
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.machine_identity import Machine
from bff_backoffice.presentation.exchange import Exchange, Response, Whole, malformed
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES"]

_NO_CONTENT: Final = 204


class PushedMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message as Pub/Sub wraps it; `data` is base64."""

    data: str = ""
    attributes: dict[str, str] = {}
    message_id: Annotated[str, Meta(min_length=1, max_length=256)]
    ordering_key: Annotated[str, Meta(max_length=1024)] = ""
    publish_time: str | None = None


class PushedEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What Pub/Sub posts. `deliveryAttempt` is there where the subscription has a dead-letter policy."""

    message: PushedMessage
    subscription: Annotated[str, Meta(min_length=1, max_length=512)]
    delivery_attempt: Annotated[int, Meta(ge=0)] = 0


async def receive_pushed_event(exchange: Exchange, use: UseCases) -> Response:
    """Deal with the event; 204 lets Pub/Sub forget it, everything else makes it deliver again."""
    pushed: PushedEvent = exchange.body
    name = exchange.parameters["subscription"]
    use.receive_pushed.require_known(name)
    if pushed.subscription.rpartition("/")[2] != name:
        raise malformed("body.subscription", "mismatch", "The body must name the path's subscription.")
    try:
        envelope = base64.b64decode(pushed.message.data, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("body.message.data", "malformed", "The data must be base64.") from None
    await use.receive_pushed(
        name,
        received_message(
            pushed.message.attributes,
            envelope,
            ordering_key=pushed.message.ordering_key,
            attempt=pushed.delivery_attempt,
        ),
    )
    return Whole(status=_NO_CONTENT)


ROUTES: Final = (
    Route(
        method="POST",
        path="/internal/events/{subscription}",
        access=Access.MACHINE,
        machine=Machine.PUSH,
        handler=receive_pushed_event,
        summary="Take an event that Pub/Sub pushes.",
        tag="internal",
        body=PushedEvent,
        answers={_NO_CONTENT: Answer("It is dealt with, or set aside for a person; Pub/Sub may forget it.")},
        refusals=(Code.RESOURCE_NOT_FOUND,),
    ),
)
