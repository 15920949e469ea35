"""What an operator chose, which keys do what, and everything that a desktop needs at its start.

Contract, sections 2.1 and 10. None of it is about one property.
"""

from __future__ import annotations

from typing import Final

from bff_backoffice.application.preferences.ports import OperatorRequest
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.desk_platform import PLATFORM_PARAMETER, asked_platform
from bff_backoffice.presentation.entity_tags import strongly_tagged
from bff_backoffice.presentation.exchange import Exchange, Response, json_answer
from bff_backoffice.presentation.preference_changes import tag_of_answer
from bff_backoffice.presentation.request_parts import client_budget_ms
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route
from bff_backoffice.presentation.shortcut_answers import ShortcutsAnswer, shortcuts_answer
from bff_backoffice.presentation.start_answers import PREFERENCES_SCHEMA, StartAnswer, start_answer

__all__ = ["ROUTES"]

_JSON: Final = "application/json"


async def get_preferences(exchange: Exchange, use: UseCases) -> Response:
    """Show what the operator chose."""
    found = await use.read_preferences(_asked(exchange))
    projection = found.served.projection
    if projection is None:
        raise found.served.failure or Refusal(Code.INTERNAL)
    # The age is a header and no member: the same preferences are the same bytes, which the strong tag promises.
    age = str(projection.age_ms(use.clock()) // 1000)
    body, cache = bytes(projection.data), ("X-Cache", found.cache_status.value)
    return strongly_tagged(exchange, body, cache, ("Age", age), tag=tag_of_answer(body))


async def get_shortcuts(exchange: Exchange, use: UseCases) -> Response:
    """Show which keys do what on the desktop's platform."""
    platform = asked_platform(exchange)
    found = await use.read_shortcuts(_asked(exchange), platform)
    body = json_answer(shortcuts_answer(found, exchange.language)).body
    return strongly_tagged(exchange, body, ("X-Cache", found.cache_status.value))


async def get_bootstrap(exchange: Exchange, use: UseCases) -> Response:
    """Show everything that a desktop needs at its start."""
    start = await use.prepare_start(_asked(exchange), asked_platform(exchange))
    answer = start_answer(exchange, start, now=use.clock())
    return json_answer(answer, headers=(("X-Cache", start.cache_status.value),))


def _asked(exchange: Exchange) -> OperatorRequest:
    operator, session = exchange.operator.operator, exchange.operator.session
    return OperatorRequest(
        tenant_id=operator.tenant_id,
        operator_id=operator.id,
        device_id=session.device_id,
        roles=operator.roles,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        budget_ms=client_budget_ms(exchange),
    )


_IF_NONE_MATCH: Final = Parameter("If-None-Match", "header", "The `ETag` of what the client has.")
_BUDGET: Final = Parameter(
    "X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.", {"type": "integer"}
)

ROUTES: Final = (
    Route(
        method="GET", path="/bootstrap", access=Access.OPERATOR, handler=get_bootstrap, tag="session",
        summary="Everything that a desktop needs at its start", parameters=(PLATFORM_PARAMETER, _BUDGET),
        answers={200: Answer("Session, operator, tenant, properties, theme, preferences, keys, live settings, builds.",
                             {_JSON: StartAnswer})},
    ),
    Route(
        method="GET", path="/preferences", access=Access.OPERATOR, handler=get_preferences, tag="preferences",
        summary="What the operator chose", parameters=(_IF_NONE_MATCH, _BUDGET),
        answers={
            200: Answer("The preferences. `Age` says how many seconds ago tenant-service was asked.",
                        {_JSON: PREFERENCES_SCHEMA}),
            304: Answer("The preferences are still what the `ETag` says."),
        },
    ),
    Route(
        method="GET", path="/shortcuts", access=Access.OPERATOR, handler=get_shortcuts, tag="preferences",
        summary="Which keys do what", parameters=(PLATFORM_PARAMETER, _IF_NONE_MATCH, _BUDGET),
        answers={
            200: Answer("The keyboard map, with what tenant and operator chose.", {_JSON: ShortcutsAnswer}),
            304: Answer("The map is still what the `ETag` says."),
        },
    ),
)  # fmt: skip
