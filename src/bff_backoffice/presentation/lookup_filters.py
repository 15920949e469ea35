"""What plain lists can be filtered by, as it is read from the query and as the document describes it."""

from __future__ import annotations

import re
from typing import Final

from bff_backoffice.application.lookups_queries import InvoiceQuery, ReservationQuery, TaskQuery, WorkOrderQuery
from bff_backoffice.domain.lookups import (
    LONGEST_SEARCH,
    RESERVATION_STATUSES,
    TASK_KINDS,
    TASK_STATUSES,
    WORK_ORDER_CATEGORIES,
    WORK_ORDER_SEVERITIES,
    WORK_ORDER_STATUSES,
)
from bff_backoffice.domain.operator import OperatorId
from bff_backoffice.domain.resource_ids import FolioId, RoomId
from bff_backoffice.presentation.exchange import Exchange, malformed
from bff_backoffice.presentation.query_parts import (
    Places,
    day_of,
    day_parameter,
    id_of,
    id_parameter,
    one_of,
    one_parameter,
    some_of,
    some_parameter,
)
from bff_backoffice.presentation.route_table import Parameter

__all__ = [
    "INVOICES", "RESERVATIONS", "TASKS", "WORK_ORDERS", "invoice_query", "reservation_query", "task_query",
    "work_order_query",
]  # fmt: skip

_SOMETHING: Final = r"\S"
"""What a search must hold: a character that is no space."""
_WORD: Final = r"^[a-z_]{1,40}$"
"""The form of billing's words for the state of an invoice, which its documentation does not list."""


def reservation_query(exchange: Exchange, places: Places) -> ReservationQuery:
    """Read whom the desk looks for."""
    first = places.read(lambda: day_of(exchange, "arrivalFrom"), None)
    last = places.read(lambda: day_of(exchange, "arrivalTo"), None)
    if first is not None and last is not None and last < first:
        places.add("query.arrivalTo", "conflict", "The last day of arrival is before the first.")
    return ReservationQuery(
        text=places.read(lambda: _search(exchange, required=True), None) or "",
        statuses=places.read(lambda: some_of(exchange, "status", RESERVATION_STATUSES), ()),
        arrival_from=first,
        arrival_to=last,
    )


def invoice_query(exchange: Exchange, places: Places) -> InvoiceQuery:
    """Read which invoices are asked for."""
    return InvoiceQuery(
        text=places.read(lambda: _search(exchange, required=False), None),
        status=places.read(lambda: _invoice_status(exchange), None),
        folio_id=places.read(lambda: id_of(exchange, "folioId", FolioId), None),
    )


def task_query(exchange: Exchange, places: Places) -> TaskQuery:
    """Read which tasks are asked for."""
    return TaskQuery(
        statuses=places.read(lambda: some_of(exchange, "status", TASK_STATUSES), ()),
        kinds=places.read(lambda: some_of(exchange, "kind", TASK_KINDS), ()),
        assignee_id=places.read(lambda: id_of(exchange, "assigneeId", OperatorId), None),
        room_id=places.read(lambda: id_of(exchange, "roomId", RoomId), None),
    )


def work_order_query(exchange: Exchange, places: Places) -> WorkOrderQuery:
    """Read which work orders are asked for."""
    return WorkOrderQuery(
        statuses=places.read(lambda: some_of(exchange, "status", WORK_ORDER_STATUSES), ()),
        severities=places.read(lambda: some_of(exchange, "severity", WORK_ORDER_SEVERITIES), ()),
        category=places.read(lambda: one_of(exchange, "category", WORK_ORDER_CATEGORIES), None),
        assignee_id=places.read(lambda: id_of(exchange, "assigneeId", OperatorId), None),
        room_id=places.read(lambda: id_of(exchange, "roomId", RoomId), None),
    )


def _search(exchange: Exchange, *, required: bool) -> str | None:
    given = exchange.one("query")
    if given is None:
        if required:
            raise malformed("query.query", "required", "Say whom to look for.")
        return None
    if len(given) > LONGEST_SEARCH:
        raise malformed("query.query", "too_long", f"At most {LONGEST_SEARCH} characters.")
    if not re.search(_SOMETHING, given):
        raise malformed("query.query", "too_short", "At least one character that is no space.")
    return given


def _invoice_status(exchange: Exchange) -> str | None:
    given = exchange.one("status")
    if given is not None and not re.fullmatch(_WORD.strip("^$"), given):
        raise malformed("query.status", "malformed", "A word of billing's, such as `issued`.")
    return given


def _search_parameter(description: str, *, required: bool) -> Parameter:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_SEARCH, "pattern": _SOMETHING}
    return Parameter("query", "query", description, schema, required=required)


RESERVATIONS: Final = (
    _search_parameter(
        "Beginnings of words of the guest's name in any script, a code, a room, a mail address, or four and more digits"
        " of a telephone number.",
        required=True,
    ),
    some_parameter("status", "Only reservations in one of these states.", RESERVATION_STATUSES),
    day_parameter("arrivalFrom", "Only arrivals on or after this day."),
    day_parameter("arrivalTo", "Only arrivals on or before this day."),
)
INVOICES: Final = (
    _search_parameter("Part of a number or of a guest's name.", required=False),
    Parameter("status", "query", "Only invoices in this state.", {"type": "string", "pattern": _WORD}),
    id_parameter("folioId", "Only invoices of this folio.", FolioId),
)
_OF_A_ROOM: Final = (
    id_parameter("assigneeId", "Only what this member of staff has to do.", OperatorId),
    id_parameter("roomId", "Only what is about this room.", RoomId),
)
TASKS: Final = (
    some_parameter("status", "Only tasks in one of these states; `open` is every unfinished one.", TASK_STATUSES),
    some_parameter("kind", "Only tasks of these kinds.", TASK_KINDS),
    *_OF_A_ROOM,
)
WORK_ORDERS: Final = (
    some_parameter("status", "Only orders in one of these states; `active` is all not done.", WORK_ORDER_STATUSES),
    some_parameter("severity", "Only orders of these severities.", WORK_ORDER_SEVERITIES),
    one_parameter("category", "Only orders of this category.", WORK_ORDER_CATEGORIES),
    *_OF_A_ROOM,
)
