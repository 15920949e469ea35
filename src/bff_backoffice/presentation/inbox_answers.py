"""What both inboxes have on the wire: how reading them ended, filters, cursors, weak tags (contract, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import msgspec

from bff_backoffice.application.inboxes import InboxRequest, InboxState
from bff_backoffice.application.pages import Place
from bff_backoffice.domain.composed_reads import Outcome, Source
from bff_backoffice.presentation.entity_tags import has_already, weak_tag
from bff_backoffice.presentation.errors import problem_members, refusal_of
from bff_backoffice.presentation.exchange import Exchange, Whole, json_answer, malformed
from bff_backoffice.presentation.paging import (
    cursor_parameter,
    cursor_text,
    cursor_value,
    limit_parameter,
)
from bff_backoffice.presentation.request_parts import client_budget_ms
from bff_backoffice.presentation.route_table import Parameter
from bff_backoffice.presentation.words import message

__all__ = [
    "LINES",
    "InboxAnswer",
    "choice_of",
    "inbox_answer",
    "inbox_parameters",
    "inbox_request",
    "next_cursor",
    "place_of",
    "state_members",
]

WordT = TypeVar("WordT", bound=StrEnum)

LINES: Final = 50
"""How many lines come where the client does not say: those of the platform's own inboxes."""
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)
_AGES: Final = frozenset({"ageMs", "asOf"})

_Problem = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Problem"})]


class InboxAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How reading an inbox ended. `asOf` is null and `items` is empty where nobody knows what is in it.

    `fresh`: asked for just now · `stale`: what its service said last, because asking failed · `fallback`: just now, but
    not marked with what was decided or acknowledged here lately · anything else: nothing is known, and `problem` says
    why. `matching` counts what the filter leaves. `truncated` says that the inbox has older lines, not listed here.
    """

    property_id: Annotated[str, msgspec.Meta(pattern="^ppt_")]
    outcome: Outcome
    outcome_text: str
    as_of: datetime | None
    age_ms: Annotated[int, msgspec.Meta(ge=0)] | None
    sources: list[Source]
    problem: _Problem | None
    matching: Annotated[int, msgspec.Meta(ge=0)] | None
    truncated: bool
    next_cursor: str | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Behind which line the next page of which inbox begins."""

    inbox: str
    place: Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(min_length=2, max_length=3)]


_CURSOR: Final = msgspec.json.Decoder(_Cursor)


def inbox_request(exchange: Exchange) -> InboxRequest:
    """Return who asks for which inbox.

    Raises:
        Refusal: VALIDATION_FAILED for a malformed budget.
    """
    return InboxRequest(
        operator=exchange.context,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        budget_ms=client_budget_ms(exchange),
    )


def choice_of(exchange: Exchange, name: str, kind: type[WordT]) -> frozenset[WordT]:
    """Return the words of a query parameter, commas between them; none where it is left out.

    Raises:
        Refusal: VALIDATION_FAILED for a word that is not of this kind.
    """
    given = exchange.one(name)
    if given is None:
        return frozenset()
    try:
        return frozenset(map(kind, given.split(",")))
    except ValueError:
        raise malformed(f"query.{name}", "unknown", f"Some of {', '.join(kind)}, comma-separated.") from None


def place_of(exchange: Exchange, inbox: str, *, parts: int) -> Place | None:
    """Return the place that the request's cursor stands for; None where there is none.

    Raises:
        Refusal: VALIDATION_FAILED for a text that is no cursor of this inbox.
    """
    found = cursor_value(exchange, _CURSOR)
    if found is None:
        return None
    if found.inbox != inbox or len(found.place) != parts:
        raise malformed("query.cursor", "conflict", "The cursor belongs to another list.")
    return tuple(found.place)


def next_cursor(inbox: str, after: Place | None) -> str | None:
    """Return the cursor of the page behind this place."""
    return None if after is None else cursor_text(_Cursor(inbox=inbox, place=list(after)))


def state_members(state: InboxState, exchange: Exchange) -> Mapping[str, Any]:
    """Return the members of an `InboxAnswer` that tell how reading ended."""
    problem = None
    if state.failure is not None:
        problem = problem_members(
            refusal_of(state.failure),
            language=exchange.language,
            request_id=exchange.request_id,
            trace_id=exchange.traceparent.split("-")[1],
        )
    return {
        "property_id": exchange.in_property,
        "outcome": state.outcome,
        "outcome_text": message(exchange.language, f"outcome.{state.outcome.value}"),
        "as_of": state.as_of,
        "age_ms": state.age_ms,
        "problem": problem,
    }


def inbox_answer(answer: InboxAnswer, state: InboxState, exchange: Exchange) -> Whole:
    """Return the page, or 304 where the client has it already (RFC 9110, section 13.1.2).

    The tag comes from the lines, the counts and the state of health, never from the age: an inbox that was asked for
    again and is the same is the same inbox.
    """
    whole = json_answer(answer)
    members = msgspec.json.decode(whole.body, type=dict[str, msgspec.Raw])
    telling = [members[name] for name in members if name not in _AGES and name != "problem"]
    tag = weak_tag(exchange.language.tag.encode() + b"".join(map(bytes, telling)))
    headers = (("ETag", tag), ("X-Cache", state.cache_status.value), ("Content-Language", exchange.language.tag))
    if has_already(tag, exchange.headers.get("if-none-match", ())):
        return Whole(status=304, headers=headers)
    return Whole(status=200, body=whole.body, media_type=whole.media_type, headers=headers)


def inbox_parameters(statuses: type[StrEnum]) -> tuple[Parameter, ...]:
    """Return the description of what both inboxes read from a request."""
    one = f"({'|'.join(statuses)})"
    return (
        Parameter("propertyId", "query", "Which property; else `X-Property-Id`, else the session's primary one."),
        Parameter("status", "query", "Only lines with one of these statuses, comma-separated.",
                  {"type": "string", "pattern": f"^{one}(,{one})*$"}),
        limit_parameter(default=LINES),
        cursor_parameter("the same filters"),
        Parameter("If-None-Match", "header", "The `ETag` of the inbox that the client has."),
        Parameter("X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.",
                  {"type": "integer"}),
    )  # fmt: skip
