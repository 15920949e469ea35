"""What an operator chooses for themselves: preferences and keys, each once for its key.

Contract, sections 2.1 and 5. `If-Match` is welcome and not demanded: without it the last one wins.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Final

from bff_backoffice.application.mutations_bodies import Act
from bff_backoffice.application.mutations_dispatch import MutationRequest
from bff_backoffice.application.mutations_table import Mutation
from bff_backoffice.application.preferences.choose import PUT_SHORTCUTS
from bff_backoffice.application.preferences.write import PUT_PREFERENCES
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.desk_platform import PLATFORM_PARAMETER, asked_platform
from bff_backoffice.presentation.entity_tags import strong_tag
from bff_backoffice.presentation.exchange import Exchange, Response, Whole
from bff_backoffice.presentation.idempotency_keys import KEY_PARAMETERS, key_scope
from bff_backoffice.presentation.mutation_answers import (
    BUDGET_PARAMETER,
    KEY_REFUSALS,
    forwarded,
    kept_refusal,
    patient_until,
)
from bff_backoffice.presentation.preference_changes import (
    ShortcutsBody,
    own_request_hash,
    preferences_change,
    shortcuts_change,
    tag_of_answer,
)
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route
from bff_backoffice.presentation.shortcut_answers import ShortcutsAnswer
from bff_backoffice.presentation.start_answers import PREFERENCES_SCHEMA

__all__ = ["ROUTES"]

_JSON: Final = "application/json"
_DONE: Final = 200
_IF_MATCH: Final = Parameter(
    "If-Match", "header", "The `ETag` of what the client has seen: changed by somebody else meanwhile, it is 412."
)


async def put_preferences(exchange: Exchange, use: UseCases) -> Response:
    """Choose the operator's preferences."""
    change = preferences_change(exchange)
    request = _request(PUT_PREFERENCES, exchange, change, own_request_hash(exchange))
    answer = await forwarded(use.acting.forward_mutation, request)
    return _tagged(answer, tag_of_answer(answer.body)) if answer.status == _DONE else answer


async def put_shortcuts(exchange: Exchange, use: UseCases) -> Response:
    """Choose the operator's own keys on the desktop's platform."""
    platform = asked_platform(exchange)
    change = shortcuts_change(exchange, platform)
    request = _request(PUT_SHORTCUTS, exchange, change, own_request_hash(exchange, platform.value))
    answer = await forwarded(use.acting.forward_mutation, request)
    return _tagged(answer, strong_tag(answer.body)) if answer.status == _DONE else answer


def _request(mutation: Mutation, exchange: Exchange, change: Act, request_hash: bytes) -> MutationRequest:
    return MutationRequest(
        mutation=mutation,
        operator=exchange.context,
        scope=key_scope(exchange),
        request_hash=request_hash,
        resource_id=None,
        body=change,
        attestation_id=None,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        refused=partial(kept_refusal, exchange=exchange),
        patient_until=patient_until(exchange),
    )


def _tagged(answer: Whole, tag: str) -> Whole:
    """The answer with the tag that reading has from now on: made of its bytes, so it is the same at a replay."""
    return dataclasses.replace(answer, headers=(*answer.headers, ("ETag", tag)))


ROUTES: Final = (
    Route(
        method="PUT", path=PUT_PREFERENCES.path, access=Access.OPERATOR, handler=put_preferences, tag="preferences",
        summary=PUT_PREFERENCES.summary, needs_property=True, body=dict,
        parameters=(*KEY_PARAMETERS, _IF_MATCH, BUDGET_PARAMETER),
        answers={200: Answer("The preferences as tenant-service has them now.", {_JSON: PREFERENCES_SCHEMA})},
        refusals=(*KEY_REFUSALS, Code.PRECONDITION_FAILED),
    ),
    Route(
        method="PUT", path=PUT_SHORTCUTS.path, access=Access.OPERATOR, handler=put_shortcuts, tag="preferences",
        summary=PUT_SHORTCUTS.summary, needs_property=True, body=ShortcutsBody,
        parameters=(PLATFORM_PARAMETER, *KEY_PARAMETERS, _IF_MATCH, BUDGET_PARAMETER),
        answers={200: Answer("The keyboard map as it is now.", {_JSON: ShortcutsAnswer})},
        refusals=(*KEY_REFUSALS, Code.PRECONDITION_FAILED),
    ),
)  # fmt: skip
