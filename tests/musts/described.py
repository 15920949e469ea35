"""Holds answers to the API document that the running service serves: whatever comes back must be described there.

Every answer that a test gets is held to it on its way (`tests/answers.py`); a test asks by itself where it wants to see
that it was.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import yaml
from jsonschema_rs import Draft202012Validator

from conformance.event_stream import Event, EventReader

if TYPE_CHECKING:
    from tests.worlds import World

__all__ = ["Described", "NotDescribedError"]

PREFIXES = ("/api/bff/backoffice/v1", "/bff/backoffice/v1")
PROBLEM = "application/problem+json"
OURS = ("MELMASTOON.BFF.", "MELMASTOON.GENERAL.")

Produced = tuple[str, str, int, str]
"""Method, path as the document has it, status, media type (empty where there is no body)."""


class NotDescribedError(AssertionError):
    """An answer that the document does not describe."""


@dataclass
class Described:
    """The document of one running service, and which of its answers came. Each schema is compiled once."""

    document: dict[str, Any]
    produced: set[Produced] = field(default_factory=set)
    _validators: dict[str, Draft202012Validator] = field(default_factory=dict)
    _paths: list[tuple[re.Pattern[str], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for template in self.document["paths"]:
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            self._paths.append((re.compile(pattern), template))

    @classmethod
    def by(cls, world: World) -> Described:
        """The document as the service serves it."""
        return cls(world.http.get(f"{world.bff}/openapi.json").json())

    def check(self, answer: httpx2.Response) -> httpx2.Response:
        """Hold one answer to its operation: status, media type, code, every member.

        Raises:
            NotDescribedError: the document says nothing of this, or something else.
        """
        method, path = str(answer.request.method), answer.request.url.raw_path.decode().partition("?")[0]
        media = answer.headers.get("Content-Type", "").partition(";")[0]
        template = self._template(path)
        operation = None if template is None else self.document["paths"][template].get(method.lower())
        where = f"{method} {path} {answer.status_code}"
        if template is None or operation is None:
            self._no_operation(template, answer, media)
            return answer
        response = self._response(operation["responses"], answer.status_code)
        if response is None:
            raise NotDescribedError(f"{where} is not among {sorted(operation['responses'])}: {answer.text[:300]}")
        self.produced.add((method, template, answer.status_code, media))
        content = response.get("content", {})
        if not content:
            if answer.content or media:
                raise NotDescribedError(f"{where} has a body of {media!r}; the document has none")
            return answer
        if media not in content:
            raise NotDescribedError(f"{where} is {media!r}, not one of {sorted(content)}")
        self._body(where, content[media]["schema"], media, answer.text)
        if media == PROBLEM:
            self._code(where, answer.json()["code"], response["x-codes"])
        return answer

    def _response(self, responses: dict[str, Any], status: int) -> dict[str, Any] | None:
        # A class of statuses is described where no status of it is named for itself (OpenAPI 3.1, section 4.8.16).
        found: dict[str, Any] | None = responses.get(str(status), responses.get(f"{status // 100}XX"))
        return found

    def _code(self, where: str, code: str, described: list[str]) -> None:
        # A domain service's own code passes through unchanged (contract, section 2.4), and nobody here can list them.
        if code.startswith(OURS) and code not in described:
            raise NotDescribedError(f"{where} says {code}, not one of {described}")

    def _no_operation(self, template: str | None, answer: httpx2.Response, media: str) -> None:
        where = f"{answer.request.method} {answer.request.url.path}"
        if answer.request.method == "OPTIONS" and answer.status_code == 204:
            return  # A preflight is the browser's, and no operation of anybody's.
        if answer.status_code not in {404, 405} or media != PROBLEM:
            raise NotDescribedError(f"{where} answers {answer.status_code} {media!r} and is no operation")
        if answer.request.method != "HEAD":
            self._body(where, {"$ref": "#/components/schemas/Problem"}, media, answer.text)
        if template is not None and answer.status_code == 405:
            # Another method's answer is described under each method that the path does take.
            taken = [each.upper() for each in self.document["paths"][template]]
            self.produced.update((each, template, 405, media) for each in taken)

    def _body(self, where: str, schema: dict[str, Any], media: str, text: str) -> None:
        if media == "application/x-ndjson":
            values = [json.loads(line) for line in text.splitlines()]
        elif media == "application/yaml":
            values = [yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))]  # noqa: S506 - safe in both cases
        elif media == "text/event-stream":
            # The schema is that of one event, and its data is described as what the text decodes to.
            schema = _decoded(schema)
            values = [_members(event) for event in EventReader().feed(text.encode())]
        else:
            values = [json.loads(text) if media.endswith("json") else text]
        for value in values:
            self._valid(schema, value, where)

    def _valid(self, schema: dict[str, Any], value: Any, where: str = "") -> None:
        problems = [
            f"{list(each.instance_path)}: {each.message}" for each in self._validator(schema).iter_errors(value)
        ]
        if problems:
            raise NotDescribedError(f"{where} {'; '.join(each[:300] for each in problems)}")

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]

    def _template(self, path: str) -> str | None:
        for prefix in PREFIXES:
            path = path.removeprefix(prefix)
        if path in self.document["paths"]:
            return path
        return next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)


def _members(event: Event) -> dict[str, Any]:
    members = {"event": event.name, "data": event.json()}
    return members if event.id is None else {"id": event.id, **members}


def _decoded(schema: Any) -> Any:
    """The schema of what decodes to JSON, with what it decodes to in the text's place: validators only annotate it."""
    if isinstance(schema, list):
        return [_decoded(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("contentMediaType") == "application/json":
        return schema["contentSchema"]
    return {name: _decoded(each) for name, each in schema.items()}
