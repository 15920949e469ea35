"""The boards of the workbench (contract, sections 2.1 and 10): filters, order, pages, `ETag`."""

from __future__ import annotations

from typing import Any, Final

from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.application.workbench import BoardRequest
from bff_backoffice.application.workbench_items import (
    ArrivalItem,
    DepartureItem,
    GridItem,
    InHouseItem,
    RoomItem,
    TodayItem,
    WorkOrderItem,
)
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.workbench import BOARDS, MOST_DAYS, Board, BoardId, Days
from bff_backoffice.presentation.board_answers import BoardAnswer, board_answer, place_of_cursor
from bff_backoffice.presentation.dashboard_frames import Reader
from bff_backoffice.presentation.exchange import Exchange, Response, malformed
from bff_backoffice.presentation.paging import cursor_parameter, limit_of, limit_parameter
from bff_backoffice.presentation.query_parts import (
    Places,
    day_of,
    day_parameter,
    number_of,
    number_parameter,
    some_of,
    some_parameter,
)
from bff_backoffice.presentation.request_parts import asks_anew, client_budget_ms
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route

__all__ = ["ROUTES"]

_JSON: Final = "application/json"


async def get_arrivals(exchange: Exchange, use: UseCases) -> Response:
    """Who was or is expected today, with room, balance and key."""
    return await _board(BoardId.ARRIVALS, exchange, use)


async def get_departures(exchange: Exchange, use: UseCases) -> Response:
    """Who leaves today or should have left, with balance and key."""
    return await _board(BoardId.DEPARTURES, exchange, use)


async def get_in_house(exchange: Exchange, use: UseCases) -> Response:
    """Who is in the house now."""
    return await _board(BoardId.IN_HOUSE, exchange, use)


async def get_today(exchange: Exchange, use: UseCases) -> Response:
    """Who comes and goes today, and what is left to do."""
    return await _board(BoardId.TODAY, exchange, use)


async def get_housekeeping_board(exchange: Exchange, use: UseCases) -> Response:
    """Every room with its task and the guest who waits for it."""
    return await _board(BoardId.HOUSEKEEPING, exchange, use)


async def get_maintenance_board(exchange: Exchange, use: UseCases) -> Response:
    """What is broken, the worst first."""
    return await _board(BoardId.MAINTENANCE, exchange, use)


async def get_front_desk_grid(exchange: Exchange, use: UseCases) -> Response:
    """Rooms by days, with stays and blocks."""
    return await _board(BoardId.GRID, exchange, use)


async def _board(board_id: BoardId, exchange: Exchange, use: UseCases) -> Response:
    board = BOARDS[board_id]
    places = Places()
    sort = places.read(lambda: _sort(board, exchange), board.orders[0])
    statuses: tuple[str, ...] = places.read(lambda: some_of(exchange, "status", board.statuses), ())
    request = BoardRequest(
        board=board_id,
        operator=exchange.context,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        statuses=frozenset(statuses),
        order=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        limit=places.read(lambda: limit_of(exchange, default=board.lines), board.lines),
        after=places.read(lambda: place_of_cursor(exchange, sort=sort), None),
        days=_days(board, exchange, places),
        budget_ms=places.read(lambda: client_budget_ms(exchange), None),
        anew=asks_anew(exchange),
    )
    places.require_none()
    composed = await use.compose_board(request)
    reader = Reader(
        language=exchange.language, request_id=exchange.request_id, trace_id=exchange.traceparent.split("-")[1]
    )
    return board_answer(composed, sort=sort, reader=reader, if_none_match=exchange.headers.get("if-none-match", ()))


def _sort(board: Board, exchange: Exchange) -> str:
    given = exchange.one("sort")
    if given is None:
        return board.orders[0]
    if given.removeprefix("-") not in board.orders:
        raise malformed("query.sort", "unknown", f"One of {', '.join(board.orders)}; `-` in front turns it round.")
    return given


def _days(board: Board, exchange: Exchange, places: Places) -> Days | None:
    default = board.days
    if default is None:
        return None
    first = places.read(lambda: day_of(exchange, "from"), None)
    return Days(first, places.read(lambda: number_of(exchange, "days", default=default, most=MOST_DAYS), default))


def _parameters(board: Board) -> tuple[Parameter, ...]:
    orders = [direction + order for order in board.orders for direction in ("", "-")]
    days = () if board.days is None else (
        day_parameter("from", "The first day; the hotel's today where it is left out."),
        number_parameter("days", "How many days.", default=board.days, most=MOST_DAYS),
    )  # fmt: skip
    return (
        *days,
        Parameter("propertyId", "query", "Which property; else `X-Property-Id`, else the session's primary one."),
        some_parameter("status", "Only lines with one of these statuses, comma-separated.", board.statuses),
        Parameter(
            "sort", "query", "The order of the lines; `-` in front turns it round.",
            {"type": "string", "enum": orders, "default": board.orders[0]},
        ),
        limit_parameter(default=board.lines),
        cursor_parameter("the same `sort`"),
        Parameter("If-None-Match", "header", "The `ETag` of the board that the client has."),
        Parameter("X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.",
                  {"type": "integer"}),
        Parameter("Cache-Control", "header", "`no-cache` loads every section anew, whatever the cache has."),
    )  # fmt: skip


def _route(board_id: BoardId, handler: Any, summary: str, item: type) -> Route:  # noqa: ANN401 - a handler as `Route` types it
    board = BOARDS[board_id]
    return Route(
        method="GET", path=board.path, access=Access.OPERATOR, handler=handler, tag="workbench",
        summary=summary, needs_property=True, roles=board.roles, parameters=_parameters(board),
        answers={
            200: Answer("The board.", {_JSON: BoardAnswer[item]}),  # type: ignore[valid-type] # the document's type, made at start
            304: Answer("The board is still what the `ETag` says; its sections may be newer."),
        },
        refusals=(Code.RESOURCE_NOT_FOUND, Code.VALIDATION_FAILED, Code.ROLE_FORBIDDEN),
    )  # fmt: skip


ROUTES: Final = (
    _route(BoardId.ARRIVALS, get_arrivals, "Who arrives today, with room, balance and key", ArrivalItem),
    _route(BoardId.DEPARTURES, get_departures, "Who leaves today or should have left", DepartureItem),
    _route(BoardId.IN_HOUSE, get_in_house, "Who is in the house now", InHouseItem),
    _route(BoardId.TODAY, get_today, "Who comes and goes today, and what is left to do", TodayItem),
    _route(BoardId.HOUSEKEEPING, get_housekeeping_board, "Every room, its task, who waits for it", RoomItem),
    _route(BoardId.MAINTENANCE, get_maintenance_board, "What is broken, with the rooms that it blocks", WorkOrderItem),
    _route(BoardId.GRID, get_front_desk_grid, "Rooms by days, with stays and blocks", GridItem),
)
