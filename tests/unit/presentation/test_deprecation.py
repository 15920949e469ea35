"""A route that a later version replaces says so on every answer and in the document; here over planted ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.presentation.app import BackofficeApp
from bff_backoffice.presentation.cors import Cors
from bff_backoffice.presentation.deprecation import Deprecation
from bff_backoffice.presentation.exchange import Begin, Exchange, Response, Stream, Whole
from bff_backoffice.presentation.openapi import openapi_document
from bff_backoffice.presentation.route_table import Access, Answer, Route, RouteTable
from bff_backoffice.presentation.routes import ROUTES

ENDING = Deprecation(
    since=datetime(2026, 11, 22, 10, tzinfo=UTC),
    sunset=datetime(2027, 6, 1, 4, 30, tzinfo=timezone(timedelta(hours=4, minutes=30))),
    successor="/bff/backoffice/v2/old",
)
HEADERS = {
    "Deprecation": "@1795341600",
    "Sunset": "Tue, 01 Jun 2027 00:00:00 GMT",
    "Link": '</bff/backoffice/v2/old>; rel="successor-version"',
}


class Unobserved:
    """An observer that takes no notes."""

    def began(self, route: str) -> None:
        """A request reached a route."""

    def ended(self, **_: Any) -> None:
        """It was answered."""

    def failed(self, failure: Exception, **_: Any) -> None:
        """Something that nobody foresaw was raised."""


class Refusing:
    """Use cases of which only one is reached: it lets nobody in."""

    async def authenticate(self, *_: Any) -> None:
        """Refuse whoever asks."""
        raise Refusal(Code.TOKEN_INVALID)


async def whole(_exchange: Exchange, _use: Any) -> Response:
    """An answer that is there at once."""
    return Whole(status=200, body=b"{}", media_type="application/json")


async def streamed(_exchange: Exchange, _use: Any) -> Response:
    """An answer in pieces."""

    async def run(begin: Begin) -> None:
        write = await begin([])
        await write(b"a piece")

    return Stream(media_type="text/plain", run=run)


async def broken(_exchange: Exchange, _use: Any) -> Response:
    """A handler that fails."""
    raise RuntimeError


def planted(path: str, handler: Any, access: Access = Access.OPEN, deprecation: Deprecation | None = ENDING) -> Route:
    """A route of no feature."""
    return Route(
        method="GET", path=path, access=access, handler=handler, summary="", tag="planted",
        answers={200: Answer("Yes.", {"application/json": {"type": "object"}})}, deprecation=deprecation,
    )  # fmt: skip


PLANTED = (
    planted("/old", whole),
    planted("/old/stream", streamed),
    planted("/old/broken", broken),
    planted("/old/closed", whole, Access.OPERATOR),
    planted("/new", whole, deprecation=None),
)


async def answered(path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of what the application says to a request."""
    use: Any = Refusing()
    app = BackofficeApp(
        table=RouteTable(PLANTED), use=use, cors=Cors(frozenset()), observer=Unobserved(),
        fresh_nonce=lambda: None, max_body_bytes=1000,
    )  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    path = f"/bff/backoffice/v1{path}"
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": given}
    await app(scope, receive, send)
    return sent[0]["status"], {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/old", {}, 200),
        ("/old/stream", {}, 200),
        ("/old", {"accept": "image/png"}, 406),
        ("/old/closed", {}, 401),
        ("/old/broken", {}, 500),
    ],
)
async def test_every_answer_of_a_deprecated_route_says_so(path: str, headers: dict[str, str], status: int) -> None:
    """`Deprecation`, `Sunset` and what comes after it: on a success, a stream, a refusal and a failure alike."""
    got, given = await answered(path, **headers)

    assert got == status
    assert {name: given.get(name.lower()) for name in HEADERS} == HEADERS


@pytest.mark.anyio
async def test_other_answers_say_nothing_of_an_end() -> None:
    """Neither a route that goes on, nor a path that is no route."""
    for path in ("/new", "/nowhere"):
        _, given = await answered(path)
        assert not {name.lower() for name in HEADERS} & set(given)


def test_the_document_marks_a_deprecated_operation() -> None:
    """`deprecated`, the day of its end as the gate of /v1 reads it, and the headers on each of its responses."""
    document = openapi_document(PLANTED[:3])
    operation = document["paths"]["/old"]["get"]

    validate(document, cls=OpenAPIV31SpecValidator)
    assert operation["deprecated"] is True
    assert operation["x-sunset"] == "2027-06-01T04:30:00+04:30"
    assert operation["x-successor"] == "/bff/backoffice/v2/old"
    for response in operation["responses"].values():
        assert {name: each["example"] for name, each in response["headers"].items()} == HEADERS
    assert "deprecated" not in openapi_document(PLANTED[-1:])["paths"]["/new"]["get"]


def test_the_document_calls_deprecated_what_the_table_does() -> None:
    """No more and no less, for the routes that there are."""
    document = openapi_document(ROUTES)

    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation.get("deprecated", False) is (route.deprecation is not None)


def test_an_end_that_can_not_be_is_not_declared() -> None:
    """Before its beginning (RFC 9745, section 4), or at a moment that means another one elsewhere."""
    since = datetime(2026, 11, 22, tzinfo=UTC)

    with pytest.raises(ValueError, match="before it is deprecated"):
        Deprecation(since=since, sunset=since - timedelta(seconds=1))
    with pytest.raises(ValueError, match="time zone"):
        Deprecation(since=since, sunset=since.replace(tzinfo=None))
    assert Deprecation(since=since).headers == (("Deprecation", "@1795305600"),)
