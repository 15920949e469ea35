"""Every kind of breaking change, planted into a small API document and refused; and what may change, which is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from compatibility.documents import breaking_changes

TODAY = date(2026, 11, 22)
Document = dict[str, Any]

GUEST = {
    "type": "object",
    "required": ["id", "name", "room", "status"],
    "properties": {
        "id": {"type": "string", "pattern": "^gst_"},
        "name": {"type": "string"},
        "room": {"anyOf": [{"$ref": "#/components/schemas/Room"}, {"type": "null"}]},
        "status": {"type": "string", "enum": ["due", "here"]},
        "nights": {"type": "integer", "minimum": 0},
        "notes": {"type": "array", "items": {"type": "string"}},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "stay": {
            "oneOf": [
                {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "day"}}},
                {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "night"}}},
            ]
        },
        "friend": {"$ref": "#/components/schemas/Guest"},
        "told": {"type": "string", "contentSchema": {"type": "object", "properties": {"at": {"type": "string"}}}},
    },
}
NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "maxLength": 100},
        "kind": {"type": "string", "enum": ["wish", "warning"], "default": "wish"},
        "weight": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
        "at": {"type": "string"},
    },
}


def the_document() -> Document:
    """An API of one read and one mutation."""
    problem = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
    return {
        "servers": [{"url": "/v1"}, {"url": "/api/v1"}],
        "security": [{"token": [], "proof": []}],
        "paths": {
            "/guests/{id}": {
                "get": {
                    "operationId": "getGuest",
                    "x-roles": ["front_desk", "owner"],
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}},
                        {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["name", "-name"]}},
                        {"name": "X-Device-Id", "in": "header", "required": True, "schema": {"type": "string"}},
                    ],
                    "responses": {
                        "200": {
                            "headers": {"ETag": {"schema": {"type": "string"}}},
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/Guest"}},
                                "text/html": {"schema": {"type": "string"}},
                            },
                        },
                        "304": {"description": "The same."},
                        "404": {**problem, "x-codes": ["NOT_FOUND"]},
                    },
                },
                "post": {
                    "operationId": "addNote",
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "requestBody": {
                        "required": False,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
                    },
                    "responses": {"204": {"description": "Noted."}, "409": {**problem, "x-codes": ["TAKEN"]}},
                },
            },
            "/health": {"get": {"operationId": "health", "security": [], "responses": {"200": {}}}},
        },
        "components": {
            "schemas": {
                "Guest": GUEST,
                "Note": NOTE,
                "Room": {
                    "type": "object",
                    "required": ["number"],
                    "properties": {"number": {"type": "string"}, "floor": {"type": ["integer", "null"]}},
                },
            }
        },
    }


def operation(document: Document, method: str = "get") -> Any:
    """One of the two operations with a guest's path."""
    return document["paths"]["/guests/{id}"][method]


def member(document: Document, schema: str, name: str) -> Any:
    """A member of a component."""
    return document["components"]["schemas"][schema]["properties"][name]


def parameter(document: Document, name: str) -> Any:
    """A parameter of the read."""
    return next(each for each in operation(document)["parameters"] if each["name"] == name)


def drop(document: Document, schema: str, name: str) -> None:
    """Take a member out of a component."""
    whole = document["components"]["schemas"][schema]
    del whole["properties"][name]
    whole["required"] = [each for each in whole["required"] if each != name]


def require(document: Document, schema: str, name: str) -> None:
    """Demand a member of a component."""
    document["components"]["schemas"][schema]["required"].append(name)


def rename(document: Document, old: str, new: str) -> None:
    """Move a path."""
    document["paths"] = {new if path == old else path: value for path, value in document["paths"].items()}


Planted = Callable[[Document], object]

BREAKS: dict[str, tuple[Planted, str]] = {
    "a prefix is gone": (lambda d: d["servers"].pop(), "/api/v1: is gone"),
    "a path is gone": (lambda d: d["paths"].pop("/health"), "GET /health: is gone"),
    "a path is called something else": (lambda d: rename(d, "/health", "/healthy"), "GET /health: is gone"),
    "a method is gone": (lambda d: d["paths"]["/guests/{id}"].pop("post"), "POST /guests/{id}: is gone"),
    "an operation is called something else": (
        lambda d: operation(d).update(operationId="readGuest"),
        "operationId was getGuest, is readGuest",
    ),
    "an open route wants credentials": (
        lambda d: d["paths"]["/health"]["get"].pop("security"),
        "no credentials is not enough any more",
    ),
    "one more credential is wanted": (
        lambda d: d.update(security=[{"token": [], "proof": [], "certificate": []}]),
        "token and proof is not enough any more",
    ),
    "a parameter is gone": (lambda d: operation(d)["parameters"].pop(2), "query sort: is not taken any more"),
    "a parameter is demanded": (lambda d: parameter(d, "limit").update(required=True), "query limit: is demanded now"),
    "a new parameter is demanded": (
        lambda d: operation(d)["parameters"].append({"name": "day", "in": "query", "required": True, "schema": {}}),
        "query day: is demanded now",
    ),
    "a parameter takes less": (
        lambda d: parameter(d, "limit")["schema"].update(maximum=100),
        "query limit: it: maximum was 500, is 100",
    ),
    "a parameter takes fewer values": (
        lambda d: parameter(d, "sort")["schema"]["enum"].pop(),
        "query sort: it: takes no '-name' any more",
    ),
    "a body is demanded": (
        lambda d: operation(d, "post")["requestBody"].update(required=True),
        "POST /guests/{id}: the body is demanded now",
    ),
    "a first body is demanded": (
        lambda d: operation(d).update(requestBody={"required": True, "content": {}}),
        "GET /guests/{id}: a body is demanded now",
    ),
    "a body is gone": (lambda d: operation(d, "post").pop("requestBody"), "no body is taken any more"),
    "a body's media type is gone": (
        lambda d: operation(d, "post")["requestBody"].update(content={}),
        "body: application/json is gone",
    ),
    "a body's member is demanded": (lambda d: require(d, "Note", "kind"), "body application/json: kind: is demanded"),
    "a body's new member is demanded": (lambda d: require(d, "Note", "author"), "author: is demanded now"),
    "a body's member is gone": (lambda d: drop(d, "Note", "kind"), "kind: is gone"),
    "a body's member takes fewer values": (
        lambda d: member(d, "Note", "kind")["enum"].remove("warning"),
        "kind: takes no 'warning' any more",
    ),
    "a body's member takes a list of values": (
        lambda d: member(d, "Note", "at").update(enum=["noon"]),
        "at: took any value, takes 'noon' now",
    ),
    "a body's member is of another type": (
        lambda d: member(d, "Note", "at").update(type="integer"),
        "at: was a string, takes an integer now",
    ),
    "a body's member takes no null": (
        lambda d: member(d, "Note", "weight").update(type="integer"),
        "weight: was null, takes an integer now",
    ),
    "a body's member is shorter": (
        lambda d: member(d, "Note", "text").update(maxLength=50),
        "text: maxLength was 100, is 50",
    ),
    "a body's member begins higher": (
        lambda d: member(d, "Note", "weight").update(minimum=2),
        "weight: minimum was 1, is 2",
    ),
    "a body's member has a form": (
        lambda d: member(d, "Note", "at").update(pattern="^n"),
        "at: pattern was open, is ^n",
    ),
    "a body's member means something else": (
        lambda d: member(d, "Note", "kind").update(default="warning"),
        "kind: means 'warning' and not 'wish' where it is left out",
    ),
    "a body takes nothing unknown": (
        lambda d: d["components"]["schemas"]["Note"].update(additionalProperties=False),
        "takes no other members any more",
    ),
    "a success is gone": (lambda d: operation(d)["responses"].pop("304"), "GET /guests/{id}: 304 is gone"),
    "a success is another one": (
        lambda d: operation(d, "post").update(responses={"200": {}}),
        "POST /guests/{id}: 204 is gone",
    ),
    "a representation is gone": (
        lambda d: operation(d)["responses"]["200"]["content"].pop("text/html"),
        "→ 200: text/html is gone",
    ),
    "an empty answer has content": (
        lambda d: operation(d, "post")["responses"]["204"].update(content={"application/json": {}}),
        "→ 204: had no content, has some now",
    ),
    "a header is gone": (lambda d: operation(d)["responses"]["200"]["headers"].clear(), "the header ETag is gone"),
    "an answer's member is gone": (lambda d: drop(d, "Guest", "name"), "→ 200 application/json: name: is gone"),
    "an answer's optional member is gone": (lambda d: drop(d, "Guest", "nights"), "nights: is gone"),
    "an answer's deep member is gone": (lambda d: drop(d, "Room", "number"), "room.number: is gone"),
    "an answer's member may be missing": (
        lambda d: d["components"]["schemas"]["Guest"]["required"].remove("name"),
        "name: may be missing now",
    ),
    "an answer's member may be null": (
        lambda d: member(d, "Guest", "name").update(type=["string", "null"]),
        "name: was a string, may be null now",
    ),
    "an answer's member is of another type": (
        lambda d: member(d, "Guest", "nights").update(type="number"),
        "nights: was an integer, may be a number now",
    ),
    "an answer's member may be anything": (
        lambda d: member(d, "Guest", "nights").pop("type"),
        "nights: was an integer, may be anything now",
    ),
    "an answer's list is of something else": (
        lambda d: member(d, "Guest", "notes").update(items={"type": "object"}),
        "notes[]: was a string, may be an object now",
    ),
    "what an answer's text decodes to is something else": (
        lambda d: member(d, "Guest", "told")["contentSchema"].update(properties={}),
        "told().at: is gone",
    ),
    "an answer's map is of something else": (
        lambda d: member(d, "Guest", "counts").update(additionalProperties={"type": "string"}),
        "counts{}: was an integer, may be a string now",
    ),
    "an answer's map is of anything": (
        lambda d: member(d, "Guest", "counts").pop("additionalProperties"),
        "counts: its members were of one kind, and are not any more",
    ),
    "an answer's identifier has another form": (
        lambda d: member(d, "Guest", "id").update(pattern="^usr_"),
        "id: pattern was ^gst_, is ^usr_",
    ),
    "an answer's number may be lower": (
        lambda d: member(d, "Guest", "nights").update(minimum=-1),
        "nights: minimum was 0, is -1",
    ),
    "an answer has a shape that nobody knows": (
        lambda d: member(d, "Guest", "stay")["oneOf"].append(
            {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "week"}}}
        ),
        "stay.kind: was always 'day', may be 'week' now",
    ),
    "a code has another status": (
        lambda d: operation(d)["responses"].update({"410": operation(d)["responses"].pop("404")}),
        "NOT_FOUND: has the status 410 and not 404",
    ),
}


def add_route(document: Document) -> None:
    """One more route, with demands of its own."""
    document["paths"]["/rooms"] = {
        "get": {"operationId": "rooms", "responses": {"200": {}}, "parameters": [
            {"name": "floor", "in": "query", "required": True, "schema": {"type": "integer"}}]}
    }  # fmt: skip


def rename_the_path_parameter(document: Document) -> None:
    """The same address, written otherwise."""
    rename(document, "/guests/{id}", "/guests/{guestId}")
    for each in ("get", "post"):
        document["paths"]["/guests/{guestId}"][each]["parameters"][0]["name"] = "guestId"


MAY_CHANGE: dict[str, Planted] = {
    "nothing": lambda _: None,
    "a route more": add_route,
    "a path parameter's name": rename_the_path_parameter,
    "a header's case": lambda d: parameter(d, "X-Device-Id").update(name="x-device-id"),
    "a role less": lambda d: operation(d)["x-roles"].remove("front_desk"),
    "a refusal less": lambda d: operation(d)["responses"].pop("404"),
    "a refusal more": lambda d: operation(d)["responses"].update({"429": {"x-codes": ["RATE_LIMITED"]}}),
    "an optional parameter": lambda d: operation(d)["parameters"].append({"name": "q", "in": "query", "schema": {}}),
    "a parameter that is demanded no more": lambda d: parameter(d, "X-Device-Id").update(required=False),
    "a parameter that takes more": lambda d: parameter(d, "limit")["schema"].update(maximum=1000, minimum=0),
    "a route that opens": lambda d: operation(d).update(security=[]),
    "one credential less": lambda d: d.update(security=[{"token": []}]),
    "an optional member of a body": lambda d: d["components"]["schemas"]["Note"]["properties"].update(
        author={"type": "string"}
    ),
    "a member that a body need not have": lambda d: d["components"]["schemas"]["Note"]["required"].clear(),
    "a body's member that takes more values": lambda d: member(d, "Note", "kind")["enum"].append("hint"),
    "a body's member that takes null": lambda d: member(d, "Note", "at").update(type=["string", "null"]),
    "a member of an answer": lambda d: d["components"]["schemas"]["Guest"]["properties"].update(
        age={"type": "integer"}
    ),
    "a member that an answer always has": lambda d: require(d, "Guest", "nights"),
    "a value of an answer's enumeration": lambda d: member(d, "Guest", "status")["enum"].append("gone"),
    "an answer's member that is never null": lambda d: member(d, "Guest", "room")["anyOf"].pop(),
    "an answer that takes no other members": lambda d: d["components"]["schemas"]["Room"].update(
        additionalProperties=False
    ),
    "words": lambda d: member(d, "Guest", "name").update(description="Whole.", title="Name"),
    "a component's name": lambda d: (
        d["components"]["schemas"].update(Chamber=d["components"]["schemas"].pop("Room")),
        member(d, "Guest", "room")["anyOf"][0].update({"$ref": "#/components/schemas/Chamber"}),
    ),
    "a representation more": lambda d: operation(d)["responses"]["200"]["content"].update({"text/csv": {}}),
    "a promise to end": lambda d: operation(d).update({"deprecated": True, "x-sunset": "2027-06-01"}),
}


def found(change: Planted) -> list[str]:
    """What the comparison says of the planted change."""
    old, new = copy.deepcopy(the_document()), copy.deepcopy(the_document())
    change(new)
    return [str(each) for each in breaking_changes(old, new, today=TODAY)]


@pytest.mark.parametrize("kind", BREAKS)
def test_a_breaking_change_is_refused_and_named(kind: str) -> None:
    """Each kind alone is found, and the sentence says where it is and what became of it."""
    change, sentence = BREAKS[kind]

    assert any(sentence in each for each in found(change)), found(change)


@pytest.mark.parametrize("kind", MAY_CHANGE)
def test_what_breaks_no_client_may_change(kind: str) -> None:
    """Additions, and whatever a client that keeps to the document can't notice."""
    assert found(MAY_CHANGE[kind]) == []


@pytest.mark.parametrize(("end", "gone"), [("2026-11-22", True), ("2026-11-23", False)])
def test_a_route_may_go_once_its_announced_end_has_come(end: str, gone: bool) -> None:  # noqa: FBT001 - a table's column
    """A sunset route (RFC 8594) is no longer promised from that day on, and not a day sooner."""
    old, new = the_document(), the_document()
    old["paths"]["/health"]["get"].update({"deprecated": True, "x-sunset": end})
    del new["paths"]["/health"]

    assert (breaking_changes(old, new, today=TODAY) == []) is gone


def test_the_document_is_not_compared_with_itself_for_ever() -> None:
    """A schema that contains itself is compared once, and what is wrong in it is still found."""
    old, new = copy.deepcopy(the_document()), copy.deepcopy(the_document())
    drop(new, "Guest", "notes")

    assert [str(each) for each in breaking_changes(old, new, today=TODAY)] == [
        "GET /guests/{id} → 200 application/json: notes: is gone"
    ]
