"""Everything that an operator can change: a route for each row of the table (contract, section 2.1)."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from bff_backoffice.application.mutations_dispatch import MutationRequest
from bff_backoffice.application.mutations_table import MUTATIONS, Mutation, SecondFactor
from bff_backoffice.application.records import RECORDS
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.entity_tags import demanded_version
from bff_backoffice.presentation.exchange import Exchange, Response, malformed
from bff_backoffice.presentation.idempotency_keys import KEY_PARAMETERS, key_scope, request_hash
from bff_backoffice.presentation.mutation_answers import (
    BUDGET_PARAMETER,
    KEY_REFUSALS,
    forwarded,
    kept_refusal,
    patient_until,
)
from bff_backoffice.presentation.route_table import Access, Answer, Handler, Parameter, Route, named_by

__all__ = ["ROUTES"]

_ATTESTATION: Final = re.compile(r"mfa_[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
_OBJECT: Final = {"type": "object", "additionalProperties": True}
_ATTESTATION_PARAMETER: Final = Parameter(
    "X-Mfa-Attestation", "header", "The attestation of a second factor for this act, where one is demanded."
)

_VERSION_PARAMETER: Final = Parameter(
    "If-Match", "header", 'The `version` of the thing that the client has seen, such as `"7"`; the owning service '
    "answers 412 where it is another by now."
)  # fmt: skip


def _handler(mutation: Mutation) -> Handler:
    async def forward(exchange: Exchange, use: UseCases) -> Response:
        return await forwarded(use.acting.forward_mutation, _request(mutation, exchange))

    forward.__name__ = mutation.name
    forward.__doc__ = f"{mutation.summary}."
    return forward


def _request(mutation: Mutation, exchange: Exchange) -> MutationRequest:
    wrong = mutation.wrong(exchange.body)
    if wrong:
        raise Refusal(Code.VALIDATION_FAILED, "The request has malformed parts.", errors=wrong)

    return MutationRequest(
        mutation=mutation,
        operator=exchange.context,
        scope=key_scope(exchange),
        request_hash=request_hash(exchange),
        resource_id=exchange.parameters.get("id"),
        body=exchange.body,
        attestation_id=_attestation(exchange) if mutation.second_factor is not SecondFactor.NEVER else None,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        refused=partial(kept_refusal, exchange=exchange),
        version=demanded_version(exchange) if mutation.versioned else None,
        patient_until=patient_until(exchange),
    )


def _attestation(exchange: Exchange) -> str | None:
    given = exchange.header("x-mfa-attestation")
    if given is not None and not _ATTESTATION.match(given):
        raise malformed("header.x-mfa-attestation", "malformed", "An attestation looks like mfa_ and a ULID.")
    return given


def _parameters(mutation: Mutation) -> tuple[Parameter, ...]:
    attestation = (_ATTESTATION_PARAMETER,) if mutation.second_factor is not SecondFactor.NEVER else ()
    version = (_VERSION_PARAMETER,) if mutation.versioned else ()
    return (*KEY_PARAMETERS, *attestation, *version, BUDGET_PARAMETER)


def _route(mutation: Mutation) -> Route:
    refusals = (*KEY_REFUSALS, *mutation.refusals, *((Code.PRECONDITION_FAILED,) if mutation.versioned else ()))
    answer = Answer("What the owning service answered.", {"application/json": _OBJECT})
    if mutation.answer is not None:
        answer = Answer("What was written down.", {"application/json": mutation.answer})
    gated = mutation.second_factor is not SecondFactor.NEVER
    return Route(
        method=mutation.method, path=mutation.path, access=Access.OPERATOR, handler=_handler(mutation),
        tag=mutation.upstream.value.removesuffix("-service"), summary=mutation.summary, needs_property=True,
        roles=mutation.roles, body=mutation.body, body_optional=mutation.body_optional,
        resource=None if mutation.kind is None else named_by(mutation.kind),
        parameters=_parameters(mutation),
        answers={mutation.status: answer},
        refusals=(*refusals, Code.STEP_UP_REQUIRED) if gated else refusals,
    )  # fmt: skip


ROUTES: Final = tuple(map(_route, (*MUTATIONS, *RECORDS)))
