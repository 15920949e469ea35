"""The inbox of suggestions (contract, sections 2.1 and 10)."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

from bff_backoffice.application.suggestions import SuggestionsRequest
from bff_backoffice.application.suggestions_inbox import Suggestion
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.suggestions import ROLES, SuggestionStatus
from bff_backoffice.presentation.exchange import Exchange, Response, malformed
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
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route

__all__ = ["ROUTES"]

_NAME: Final = "suggestions"
_CATEGORIES: Final = "[a-z][a-z0-9_.-]{0,63}(,[a-z][a-z0-9_.-]{0,63}){0,19}"
"""Up to twenty of the orchestrator's words. None is listed here: it has new ones before this service knows of them."""
_CATEGORIES_PATTERN: Final = re.compile(_CATEGORIES + r"\Z")


class SuggestionsAnswer(InboxAnswer, frozen=True, kw_only=True):
    """A page of a property's suggestions, newest first. `open` counts all open ones, null where nobody knows."""

    items: list[Suggestion]
    open: Annotated[int, msgspec.Meta(ge=0)] | None


async def list_suggestions(exchange: Exchange, use: UseCases) -> Response:
    """What the orchestrator suggests, with what was decided here."""
    listed = await use.list_suggestions(
        SuggestionsRequest(
            inbox=inbox_request(exchange),
            categories=_categories(exchange),
            statuses=choice_of(exchange, "status", SuggestionStatus),
            limit=limit_of(exchange, default=LINES),
            after=place_of(exchange, _NAME, parts=2),
        )
    )
    answer = SuggestionsAnswer(
        items=list(listed.items),
        open=listed.open,
        sources=[Source.AI_ORCHESTRATOR, Source.OWN],
        matching=listed.matching,
        truncated=listed.truncated,
        next_cursor=next_cursor(_NAME, listed.next_after),
        **state_members(listed.state, exchange),
    )
    return inbox_answer(answer, listed.state, exchange)


def _categories(exchange: Exchange) -> frozenset[str]:
    given = exchange.one("category")
    if given is None:
        return frozenset()
    if not _CATEGORIES_PATTERN.match(given):
        raise malformed("query.category", "malformed", "Up to 20 words such as rate_change, comma-separated.")
    return frozenset(given.split(","))


ROUTES: Final = (
    Route(
        method="GET", path="/ai/suggestions", access=Access.OPERATOR, handler=list_suggestions, tag="suggestions",
        summary="The inbox of suggestions, newest first", needs_property=True, roles=ROLES,
        parameters=(
            Parameter("category", "query", "Only suggestions of one of these categories, comma-separated.",
                      {"type": "string", "pattern": f"^{_CATEGORIES}$"}),
            *inbox_parameters(SuggestionStatus),
        ),
        answers={
            200: Answer("The inbox.", {"application/json": SuggestionsAnswer}),
            304: Answer("The inbox is still what the `ETag` says."),
        },
        refusals=(Code.RESOURCE_NOT_FOUND, Code.VALIDATION_FAILED, Code.ROLE_FORBIDDEN),
    ),
)  # fmt: skip
