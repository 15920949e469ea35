"""Upkeep on demand, for the platform's scheduler alone (contract, sections 1 and 2.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from bff_backoffice.application.jobs_table import JOBS
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.machine_identity import Machine
from bff_backoffice.presentation.exchange import Exchange, Response, json_answer
from bff_backoffice.presentation.route_table import Access, Answer, Route

__all__ = ["ROUTES"]

_ACCEPTED: Final = 202


class RequestedRun(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A run that was asked for; the next worker that looks does it."""

    job: str
    what: str
    requested_at: datetime


async def request_job(exchange: Exchange, use: UseCases) -> Response:
    """Ask for a run of the job."""
    requested = await use.request_job(exchange.parameters["name"])
    if requested is None:
        raise Refusal(Code.RESOURCE_NOT_FOUND)
    job = requested.job
    return json_answer(RequestedRun(job=job.name, what=job.what, requested_at=requested.at), status=_ACCEPTED)


ROUTES: Final = (
    Route(
        method="POST",
        path="/internal/jobs/{name}",
        access=Access.MACHINE,
        machine=Machine.SCHEDULER,
        handler=request_job,
        summary=f"Ask for a run of scheduled upkeep: {', '.join(job.name for job in JOBS)}.",
        tag="internal",
        answers={_ACCEPTED: Answer("The next worker that looks runs it.", {"application/json": RequestedRun})},
        refusals=(Code.RESOURCE_NOT_FOUND,),
    ),
)
