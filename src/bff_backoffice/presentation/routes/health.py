"""Whether the process lives, has started, and can serve."""

from __future__ import annotations

from typing import Final

import msgspec

from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.exchange import Exchange, Response, json_answer
from bff_backoffice.presentation.route_table import Access, Answer, Handler, Route

__all__ = ["ROUTES"]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is `live`, `started` or `ready`; `stores` names each store's state."""

    status: str
    stores: dict[str, str] = {}


async def get_liveness(_exchange: Exchange, _use: UseCases) -> Response:
    """The process answers."""
    return json_answer(Health(status="live"))


async def get_startup(_exchange: Exchange, _use: UseCases) -> Response:
    """The process has started: it answers only once it has."""
    return json_answer(Health(status="started"))


async def get_readiness(_exchange: Exchange, use: UseCases) -> Response:
    """Every store answers. An upstream's failure never counts here: the rest of the service works without it."""
    stores = await use.check_readiness()
    bad = [name for name, state in stores.items() if state != "ready"]
    if bad:
        raise Refusal(
            Code.STORE_UNAVAILABLE, f"Not ready: {', '.join(bad)}.", retry_after=1, members={"stores": stores}
        )
    return json_answer(Health(status="ready", stores=stores))


def _route(path: str, handler: Handler, summary: str, refusals: tuple[Code, ...] = ()) -> Route:
    return Route(
        method="GET", path=path, access=Access.OPEN, handler=handler, summary=summary, tag="health", everywhere=True,
        answers={200: Answer("It does.", {"application/json": Health})}, refusals=refusals,
    )  # fmt: skip


ROUTES: Final = (
    _route("/health/live", get_liveness, "Does the process live?"),
    _route("/health/startup", get_startup, "Has the process started?"),
    _route("/health/ready", get_readiness, "Can the process serve?", (Code.STORE_UNAVAILABLE,)),
)
