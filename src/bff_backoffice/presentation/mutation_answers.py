"""What a client gets for something that it changed: the first answer, or that one once more (contract, section 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from bff_backoffice.application.mutations_dispatch import MutationRequest, Outcome
from bff_backoffice.application.mutations_ports import KeptAnswer
from bff_backoffice.application.ports import StoreUnavailableError, UpstreamError, UpstreamRefusedError
from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.errors import problem_document, problem_headers, store_refusal, upstream_refusal
from bff_backoffice.presentation.exchange import Exchange, Whole
from bff_backoffice.presentation.request_parts import client_budget_ms
from bff_backoffice.presentation.route_table import Parameter

__all__ = ["BUDGET_PARAMETER", "KEY_REFUSALS", "forwarded", "kept_refusal", "patient_until"]

_REPLAYED: Final = ("Idempotency-Replayed", "true")

KEY_REFUSALS: Final = (
    Code.VALIDATION_FAILED, Code.IDEMPOTENCY_KEY_MISSING, Code.IDEMPOTENCY_IN_FLIGHT, Code.OUTCOME_UNKNOWN,
    Code.IDEMPOTENCY_KEY_REUSED, Code.ROLE_FORBIDDEN, Code.RESOURCE_NOT_FOUND, Code.OVERLOADED,
)  # fmt: skip
"""What every route that takes a key can refuse besides what every route can."""


BUDGET_PARAMETER: Final = Parameter(
    "X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.", {"type": "integer"}
)


def patient_until(exchange: Exchange) -> float | None:
    """Return when the client gives up, on the loop's clock, or None where it did not say.

    Raises:
        Refusal: VALIDATION_FAILED for a malformed budget.
    """
    budget_ms = client_budget_ms(exchange)
    return None if budget_ms is None else asyncio.get_running_loop().time() + budget_ms / 1000


async def forwarded(forward: Callable[[MutationRequest], Awaitable[Outcome]], request: MutationRequest) -> Whole:
    """Carry the request out and return its answer, byte for byte the first one where the key has it already.

    Raises:
        Refusal: whatever is not final says that the same key may try again.
    """
    try:
        outcome = await forward(request)
    except UpstreamError as failure:
        # Whatever an upstream did not settle may be tried again under the same key.
        raise upstream_refusal(failure, mutation=True) from failure
    except StoreUnavailableError as failure:
        raise store_refusal(failure, mutation=True) from failure
    answer = outcome.answer
    return Whole(
        status=answer.status,
        body=answer.body,
        headers=(*answer.headers, _REPLAYED) if outcome.replayed else answer.headers,
    )


def kept_refusal(refusal: UpstreamRefusedError, exchange: Exchange) -> KeptAnswer:
    """Return a refusal as this client reads it: kept as it is, its request id and its language too."""
    known = upstream_refusal(refusal, mutation=True)
    body = problem_document(
        known,
        language=exchange.language,
        instance=exchange.path,
        request_id=exchange.request_id,
        trace_id=exchange.traceparent.split("-")[1],
    )
    return KeptAnswer(
        status=known.code.status, headers=tuple(problem_headers(known, language=exchange.language)), body=body
    )
