"""Plain reads: reservations, folios, invoices, tasks, work orders, properties (contract, sections 2.1 and 10)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Final, TypeVar

import msgspec

from bff_backoffice.application.lookups_property import PropertyCard
from bff_backoffice.application.lookups_queries import LookUp, WantedPage
from bff_backoffice.application.lookups_rows import (
    FolioCard,
    InvoiceRow,
    ReservationCard,
    ReservationRow,
    TaskRow,
    WorkOrderRow,
)
from bff_backoffice.application.ports import UpstreamRefusedError
from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.lookups import AT_THE_DESK, ROWS, WHO_CLEANS, WHO_KNOWS_GUESTS, WHO_REPAIRS
from bff_backoffice.domain.operator import OperatorRole, PropertyId
from bff_backoffice.domain.resource_ids import FolioId, ReservationId
from bff_backoffice.presentation import lookup_filters
from bff_backoffice.presentation.entity_tags import tagged_answer
from bff_backoffice.presentation.exchange import Exchange, Response, malformed
from bff_backoffice.presentation.paging import (
    ListAnswer,
    cursor_parameter,
    cursor_text,
    cursor_value,
    limit_of,
    limit_parameter,
)
from bff_backoffice.presentation.query_parts import Places
from bff_backoffice.presentation.request_parts import asks_anew, client_budget_ms
from bff_backoffice.presentation.route_table import (
    EVERY_ROLE,
    Access,
    Answer,
    Handler,
    Parameter,
    Resource,
    Route,
    named_by,
)

__all__ = ["ROUTES"]

QueryT = TypeVar("QueryT")
RowT = TypeVar("RowT")

_JSON: Final = "application/json"
_REFUSED_REQUEST: Final = 400
_DIGEST_CHARACTERS: Final = 16
"""Enough that no two lists of one desk are taken for each other; a cursor is no secret and grants nothing."""


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An upstream's cursor, and a digest of the list that it belongs to."""

    of: Annotated[str, msgspec.Meta(max_length=32)]
    place: Annotated[str, msgspec.Meta(max_length=1000)]


_CURSOR: Final = msgspec.json.Decoder(_Cursor)


async def find_reservations(exchange: Exchange, use: UseCases) -> Response:
    """Look guests up by name, telephone or code."""
    return await _listed(exchange, lookup_filters.reservation_query, use.lookups.find_reservations)


async def get_reservation(exchange: Exchange, use: UseCases) -> Response:
    """Show one reservation."""
    found = await use.lookups.show_reservation(_look_up(exchange), ReservationId.parse(exchange.parameters["id"]))
    return tagged_answer(exchange, found)


async def get_folio(exchange: Exchange, use: UseCases) -> Response:
    """Show one folio."""
    found = await use.lookups.show_folio(_look_up(exchange), FolioId.parse(exchange.parameters["id"]))
    return tagged_answer(exchange, found)


async def list_invoices(exchange: Exchange, use: UseCases) -> Response:
    """List the property's invoices."""
    return await _listed(exchange, lookup_filters.invoice_query, use.lookups.find_invoices)


async def list_housekeeping_tasks(exchange: Exchange, use: UseCases) -> Response:
    """List the property's tasks."""
    return await _listed(exchange, lookup_filters.task_query, use.lookups.list_tasks)


async def list_work_orders(exchange: Exchange, use: UseCases) -> Response:
    """List the property's work orders."""
    return await _listed(exchange, lookup_filters.work_order_query, use.lookups.list_work_orders)


async def get_property(exchange: Exchange, use: UseCases) -> Response:
    """Show a property's card."""
    asked = _look_up(exchange)
    # The path says which property; what a header says of another one in the operator's scope is of no account.
    wanted = replace(asked.operator, property_id=PropertyId.parse(exchange.parameters["id"]))
    found = await use.lookups.show_property(replace(asked, operator=wanted), anew=asks_anew(exchange))
    outcome = found.card.outcome
    stable = msgspec.structs.asdict(found.card) | {"as_of": None, "outcome": outcome.whole or outcome}
    return tagged_answer(exchange, found.card, ("X-Cache", found.cache_status.value), tag_of=stable)


def _require_property_in_scope(who: Authenticated, parameters: Mapping[str, str]) -> None:
    if parameters["id"] not in who.operator.property_scope:
        raise Refusal(Code.RESOURCE_NOT_FOUND)


def _look_up(exchange: Exchange) -> LookUp:
    return LookUp(
        operator=exchange.context,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        budget_ms=client_budget_ms(exchange),
    )


async def _listed(
    exchange: Exchange,
    read: Callable[[Exchange, Places], QueryT],
    rows: Callable[[LookUp, QueryT, WantedPage], Awaitable[UpstreamPage[RowT]]],
) -> Response:
    places = Places()
    query = read(exchange, places)
    limit = places.read(lambda: limit_of(exchange, default=ROWS), ROWS)
    shown = places.read(lambda: cursor_value(exchange, _CURSOR), None)
    places.read(lambda: client_budget_ms(exchange), None)
    places.require_none()
    # A cursor is a place in one list; in another, or with other filters, it would skip rows without a word.
    of = hashlib.sha256(f"{exchange.path}|{exchange.in_property}|{query!r}".encode()).hexdigest()[:_DIGEST_CHARACTERS]
    if shown is not None and shown.of != of:
        raise malformed("query.cursor", "conflict", "The cursor belongs to another list or to other filters.")
    place = None if shown is None else shown.place
    try:
        page = await rows(_look_up(exchange), query, WantedPage(limit=limit, cursor=place))
    except UpstreamRefusedError as refusal:
        if place is None or refusal.status != _REFUSED_REQUEST:
            raise
        # All else in the call is of our own making, so it is the cursor that its owner does not know.
        raise malformed("query.cursor", "malformed", "Send a nextCursor of this list.") from None
    following = None if page.next_cursor is None else cursor_text(_Cursor(of=of, place=page.next_cursor))
    return tagged_answer(exchange, ListAnswer(items=page.items, next_cursor=following))


_PROPERTY: Final = Parameter(
    "propertyId", "query", "Which property; else `X-Property-Id`, else the session's primary one."
)
_CONDITIONS: Final = (
    Parameter("If-None-Match", "header", "The `ETag` of the answer that the client has."),
    Parameter("X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.", {"type": "integer"}),
)
_SAME: Final = Answer("The client has it already, as its `If-None-Match` says.")


def _list(
    path: str,
    handler: Handler,
    summary: str,
    row: type,
    filters: tuple[Parameter, ...],
    *,
    tag: str,
    roles: frozenset[OperatorRole],
) -> Route:
    return Route(
        method="GET", path=path, access=Access.OPERATOR, handler=handler, tag=tag, summary=summary,
        needs_property=True, roles=roles,
        parameters=(
            *filters, limit_parameter(default=ROWS), cursor_parameter("the same filters"), _PROPERTY, *_CONDITIONS,
        ),
        answers={
            200: Answer("A page of the list.", {_JSON: ListAnswer[row]}),  # type: ignore[valid-type] # the document's type, made at start
            304: _SAME,
        },
        refusals=_REFUSALS,
    )  # fmt: skip


def _one(
    path: str,
    handler: Handler,
    summary: str,
    kind: type,
    resource: Resource,
    *,
    tag: str,
    roles: frozenset[OperatorRole],
) -> Route:
    return Route(
        method="GET", path=path, access=Access.OPERATOR, handler=handler, tag=tag, summary=summary,
        needs_property=True, roles=roles, resource=resource, parameters=(_PROPERTY, *_CONDITIONS),
        answers={200: Answer("As it is now.", {_JSON: kind}), 304: _SAME},
        refusals=_REFUSALS,
    )  # fmt: skip


_REFUSALS: Final = (Code.RESOURCE_NOT_FOUND, Code.VALIDATION_FAILED, Code.ROLE_FORBIDDEN, Code.OVERLOADED)

ROUTES: Final = (
    _list("/reservations", find_reservations, "Look guests up by name, telephone or code", ReservationRow,
          lookup_filters.RESERVATIONS, tag="reservations", roles=WHO_KNOWS_GUESTS),
    _one("/reservations/{id}", get_reservation, "A reservation with its guest and what it costs", ReservationCard,
         named_by(ReservationId), tag="reservations", roles=AT_THE_DESK),
    _one("/folios/{id}", get_folio, "A folio with its lines and what is owed", FolioCard,
         named_by(FolioId), tag="folios", roles=AT_THE_DESK),
    _list("/invoices", list_invoices, "The property's invoices, the newest first", InvoiceRow,
          lookup_filters.INVOICES, tag="folios", roles=AT_THE_DESK),
    _one("/properties/{id}", get_property, "A property's card: metadata, room types, photos", PropertyCard,
         _require_property_in_scope, tag="properties", roles=EVERY_ROLE),
    _list("/housekeeping/tasks", list_housekeeping_tasks, "Housekeeping's tasks, the most urgent first", TaskRow,
          lookup_filters.TASKS, tag="housekeeping", roles=WHO_CLEANS),
    _list("/maintenance/work-orders", list_work_orders, "Maintenance's work orders, the worst first", WorkOrderRow,
          lookup_filters.WORK_ORDERS, tag="maintenance", roles=WHO_REPAIRS),
)  # fmt: skip
