"""Holds answers to the API document that the running service serves: whatever comes back must be described there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx2
from jsonschema import Draft202012Validator, FormatChecker

from tests.worlds import World

__all__ = ["Described", "NotDescribedError"]

PREFIXES = ("/api/bff/backoffice/v1", "/bff/backoffice/v1")
PROBLEM = "application/problem+json"


class NotDescribedError(AssertionError):
    """An answer that the document does not describe."""


@dataclass
class Described:
    """The document of one running service. Counts what it was shown, so that a test can see that it was used."""

    document: dict[str, Any]
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    @classmethod
    def by(cls, world: World) -> Described:
        """The document as the service serves it."""
        return cls(world.http.get(f"{world.bff}/openapi.json").json())

    def check(self, answer: httpx2.Response) -> httpx2.Response:
        """Hold one answer to its operation: status, media type, code, every member.

        Raises:
            NotDescribedError: the document says nothing of this, or something else.
        """
        method, path = str(answer.request.method), answer.request.url.path
        media = answer.headers.get("Content-Type", "").partition(";")[0]
        operation = self._operation(method, path)
        if operation is None:
            if answer.status_code not in {404, 405} or media != PROBLEM:
                raise NotDescribedError(f"{method} {path} answers {answer.status_code} and is no operation")
            self._valid({"$ref": "#/components/schemas/Problem"}, answer.json())
            return answer
        response = operation["responses"].get(str(answer.status_code))
        where = f"{method} {path} {answer.status_code}"
        if response is None:
            raise NotDescribedError(f"{where} is not among {sorted(operation['responses'])}")
        self.seen.add((method, operation["operationId"], answer.status_code))
        content = response.get("content", {})
        if not content:
            if answer.content or media:
                raise NotDescribedError(f"{where} has a body of {media!r}; the document has none")
            return answer
        if media not in content:
            raise NotDescribedError(f"{where} is {media!r}, not one of {sorted(content)}")
        self._body(content[media]["schema"], media, answer.text)
        if media == PROBLEM and answer.json()["code"] not in response["x-codes"]:
            raise NotDescribedError(f"{where} says {answer.json()['code']}, not one of {response['x-codes']}")
        return answer

    def _body(self, schema: dict[str, Any], media: str, text: str) -> None:
        if media == "application/x-ndjson":
            for line in text.splitlines():
                self._valid(schema, json.loads(line))
        elif media.endswith("json"):
            self._valid(schema, json.loads(text))
        else:
            self._valid(schema, text)

    def _valid(self, schema: dict[str, Any], value: Any) -> None:
        whole = {**schema, "components": self.document["components"]}
        problems = list(Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value))
        if problems:
            raise NotDescribedError("; ".join(f"{each.json_path}: {each.message}"[:300] for each in problems))

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for prefix in PREFIXES:
            path = path.removeprefix(prefix)
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                found: dict[str, Any] = operations[method.lower()]
                return found
        return None
