"""The dashboard in its representations, and one widget of it again (contract, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bff_backoffice.application.dashboard import EndFrame, Frame, StartFrame, WidgetFrame, widget_named
from bff_backoffice.application.dashboard_widgets import DashboardRequest
from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.dashboard_frames import Reader, as_event, as_line, one_object, one_widget
from bff_backoffice.presentation.dashboard_html import PageWriter, content_security_policy
from bff_backoffice.presentation.dashboard_schemas import DASHBOARD, FRAME, FRAME_EVENT, WIDGET
from bff_backoffice.presentation.exchange import Begin, Exchange, Response, Stream, Whole, Write
from bff_backoffice.presentation.request_parts import asks_anew, client_budget_ms
from bff_backoffice.presentation.route_table import Access, Answer, Parameter, Route

__all__ = ["ROUTES"]

_NDJSON: Final = "application/x-ndjson"
_HTML: Final = "text/html"
_EVENTS: Final = "text/event-stream"
_JSON: Final = "application/json"

# Photos come from wherever property-service keeps them: over TLS, or from this machine in the developer world.
_IMAGE_ORIGINS: Final = ("https:", "http://127.0.0.1:*", "http://localhost:*")
_PAGE: Final = (
    ("Content-Security-Policy", content_security_policy(_IMAGE_ORIGINS)),
    ("Referrer-Policy", "no-referrer"),
)

Encode = Callable[[Frame], bytes]


async def get_dashboard(exchange: Exchange, use: UseCases) -> Response:
    """Compose the board; the representation is the client's choice, the frames are the same."""
    request, reader = _request(exchange), _reader(exchange)
    match exchange.media_type:
        case "application/json":
            return await _settled(request, reader, use)
        case "text/html":
            return _framed("text/html; charset=utf-8", PageWriter(exchange.language), request, use, headers=_PAGE)
        case "text/event-stream":
            return _framed(_EVENTS, lambda frame: as_event(frame, reader), request, use)
        case _:
            return _framed(_NDJSON, lambda frame: as_line(frame, reader), request, use)


def _require_visible_widget(who: Authenticated, parameters: Mapping[str, str]) -> None:
    widget_named(parameters["widgetId"], who.operator.roles)


async def get_dashboard_widget(exchange: Exchange, use: UseCases) -> Response:
    """Compose one widget again."""
    request = _request(exchange)
    composed = await use.compose_widget(request, exchange.parameters["widgetId"])
    return Whole(
        status=200,
        body=one_widget(composed.plan, composed.frame, _reader(exchange)),
        media_type=_JSON,
        headers=(("X-Cache", composed.cache_status), ("Content-Language", exchange.language.tag)),
    )


def _framed(
    media_type: str,
    encode: Encode,
    request: DashboardRequest,
    use: UseCases,
    headers: Sequence[tuple[str, str]] = (),
) -> Stream:
    """One chunk for all frames that are ready together, flushed at once."""

    async def run(begin: Begin) -> None:
        write: Write | None = None

        async def emit(frames: Sequence[Frame]) -> None:
            nonlocal write
            if write is None:
                write = await begin([*_headers(frames[0], request), *headers])
            await write(b"".join(map(encode, frames)))

        await use.compose_dashboard(request, emit)

    return Stream(media_type=media_type, run=run)


async def _settled(request: DashboardRequest, reader: Reader, use: UseCases) -> Whole:
    frames: list[Frame] = []

    async def keep(ready: Sequence[Frame]) -> None:
        frames.extend(ready)

    await use.compose_dashboard(request, keep)
    start, end = frames[0], frames[-1]
    if not isinstance(start, StartFrame) or not isinstance(end, EndFrame):
        raise TypeError("a composition begins with a start frame and ends with an end frame")
    widgets = [frame for frame in frames if isinstance(frame, WidgetFrame)]
    return Whole(
        status=200,
        body=one_object(start, widgets, end, reader),
        media_type=_JSON,
        headers=tuple(_headers(start, request)),
    )


def _headers(first: Frame, request: DashboardRequest) -> list[tuple[str, str]]:
    cache = first.cache_status if isinstance(first, StartFrame) else "BYPASS"
    return [("X-Cache", cache), ("Content-Language", request.locale)]


def _reader(exchange: Exchange) -> Reader:
    return Reader(
        language=exchange.language, request_id=exchange.request_id, trace_id=exchange.traceparent.split("-")[1]
    )


def _request(exchange: Exchange) -> DashboardRequest:
    names = exchange.one("widgets")
    return DashboardRequest(
        operator=exchange.context,
        locale=exchange.language.tag,
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        widgets=None if names is None else tuple(name.strip() for name in names.split(",")),
        budget_ms=client_budget_ms(exchange),
        anew=asks_anew(exchange),
    )


_PARAMETERS: Final = (
    Parameter("propertyId", "query", "Which property; else `X-Property-Id`, else the session's primary one."),
    Parameter("widgets", "query", "Only these widgets, by id, comma-separated."),
    Parameter("X-Client-Budget-Ms", "header", "The client's own time budget; shortens deadlines.", {"type": "integer"}),
    Parameter("Cache-Control", "header", "`no-cache` loads every widget anew, whatever the cache has."),
)

_CONTENT: Final = {
    _NDJSON: {**FRAME, "description": "One line a frame, flushed as it is ready."},
    _JSON: DASHBOARD,
    _EVENTS: {**FRAME_EVENT, "description": "One event a frame, named for its kind; `data` is the line of NDJSON."},
    _HTML: {"type": "string", "description": "Every skeleton first, each widget as it is ready."},
}

ROUTES: Final = (
    Route(
        method="GET", path="/dashboard", access=Access.OPERATOR, handler=get_dashboard, tag="dashboard",
        summary="The composed dashboard, streamed", produces=(_NDJSON, _HTML, _EVENTS, _JSON), needs_property=True,
        answers={200: Answer("The board.", _CONTENT)},
        parameters=_PARAMETERS, refusals=(Code.RESOURCE_NOT_FOUND, Code.VALIDATION_FAILED),
    ),
    Route(
        method="GET", path="/dashboard/widgets/{widgetId}", access=Access.OPERATOR, handler=get_dashboard_widget,
        tag="dashboard", summary="One widget again", needs_property=True, resource=_require_visible_widget,
        answers={200: Answer("The widget.", {_JSON: WIDGET})},
        parameters=(_PARAMETERS[0], *_PARAMETERS[2:]), refusals=(Code.RESOURCE_NOT_FOUND, Code.ROLE_FORBIDDEN),
    ),
)  # fmt: skip
