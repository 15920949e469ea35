"""What the suite gets is held to the API document, and what the document promises has to come: both guards at work."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.answers import held_client
from tests.documented_answers import documented, owed
from tests.musts.described import NotDescribedError

JSON = "application/json"
PROBLEM = "application/problem+json"


def the_document() -> dict[str, Any]:
    """An API of one address, at which there is a number."""
    number = {"type": "object", "required": ["number"], "properties": {"number": {"type": "integer"}}}
    surprise = {"content": {PROBLEM: {"schema": {"type": "object"}}}, "x-codes": ["MELMASTOON.GENERAL.INTERNAL"]}
    refusal = {"content": {PROBLEM: {"schema": {"type": "object"}}}, "x-codes": ["MELMASTOON.GENERAL.KNOWN"]}
    return {
        "paths": {
            "/number/{id}": {
                "get": {
                    "operationId": "number",
                    "responses": {
                        "200": {"content": {JSON: {"schema": number}}},
                        "304": {},
                        "409": refusal,
                        "4XX": {**refusal, "x-codes": []},
                        "500": surprise,
                    },
                }
            }
        },
        "components": {"schemas": {"Problem": {"type": "object", "required": ["code"]}}},
    }


class Answering(BaseHTTPRequestHandler):
    """Says whatever the address asks for: `/number/<status>/<body>`, the body as JSON."""

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.removeprefix("/bff/backoffice/v1")
        if path == "/openapi.json":
            status, media, body = 200, JSON, json.dumps(the_document()).encode()
        else:
            # The identifier carries the answer, so that each is one segment of the path.
            status, media, body = json.loads(bytes.fromhex(path.removeprefix("/number/")))
            body = body.encode()
        self.send_response(status)
        if media:
            self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def service() -> Iterator[str]:
    """A server that says what it is told to say."""
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def address(status: int, media: str, body: str) -> str:
    """The address that answers so."""
    return "/bff/backoffice/v1/number/" + json.dumps([status, media, body]).encode().hex()


@pytest.mark.parametrize(
    ("status", "media", "body"),
    [
        (200, JSON, '{"number": 1}'),
        (304, "", ""),
        (409, PROBLEM, '{"code": "MELMASTOON.GENERAL.KNOWN"}'),
        (409, PROBLEM, '{"code": "MELMASTOON.BILLING.ITS_OWN"}'),
        (418, PROBLEM, '{"code": "MELMASTOON.BILLING.ITS_OWN"}'),
    ],
)
def test_an_answer_as_described_reaches_the_test(service: str, status: int, media: str, body: str) -> None:
    """Unchanged; also a domain service's own code, which passes through."""
    with held_client(service) as client:
        answer = client.get(service + address(status, media, body))

    assert (answer.status_code, answer.text) == (status, body)


@pytest.mark.parametrize(
    ("status", "media", "body", "said"),
    [
        (200, JSON, '{"number": "one"}', "not of type"),
        (200, JSON, "{}", "required"),
        (200, "text/plain", "1", "not one of"),
        (304, "text/plain", "1", "has a body"),
        (409, PROBLEM, '{"code": "MELMASTOON.GENERAL.OTHER"}', "not one of"),
        (418, PROBLEM, '{"code": "MELMASTOON.GENERAL.KNOWN"}', "not one of"),
        (302, PROBLEM, "{}", "not among"),
        (500, PROBLEM, '{"code": "MELMASTOON.GENERAL.INTERNAL"}', "nobody foresaw"),
    ],
)
def test_an_answer_that_is_not_described_fails_the_test_that_got_it(
    service: str, status: int, media: str, body: str, said: str
) -> None:
    """A member, a media type, a body, a code, a status: whoever reads the answer is told."""
    with held_client(service) as client:
        with pytest.raises(NotDescribedError, match=said):
            client.get(service + address(status, media, body))
        with pytest.raises(NotDescribedError), client.stream("GET", service + address(status, media, body)) as answer:
            answer.read()


def test_what_nobody_produced_is_owed() -> None:
    """Each status with each of its media types, but for what nobody foresaw and what others choose."""
    document = the_document()
    everything = {
        ("GET", "/number/{id}", 200, JSON),
        ("GET", "/number/{id}", 304, ""),
        ("GET", "/number/{id}", 409, PROBLEM),
    }

    assert documented(document) == everything | {("GET", "/number/{id}", 500, PROBLEM)}
    assert owed(document, ()) == sorted(everything)
    assert owed(document, {("GET", "/number/{id}", 200, JSON)}) == sorted(everything)[1:]
