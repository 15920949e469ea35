"""Bodies with a canary in everything that takes a text, made from what the route itself says that it takes."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bff_backoffice.presentation.route_table import Route
from tests.isolation.every_route import good_body

__all__ = ["Writer"]

_ID: Final = re.compile(r"\^\(?([a-z]{3})[_|)]")
_ABSENT: Final = object()
_LEFT_AS_IT_IS: Final = 0.3
"""How often a text stays what the good body says: some are words of the owning service, which refuses any other."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Fills bodies for one tenant. `text` draws a new canary, `an_id` one of the tenant's identifiers of a kind."""

    rng: random.Random
    text: Callable[[], str]
    an_id: Callable[[str], str]
    currency: str

    def body(self, route: Route, property_id: str) -> Any:  # noqa: ANN401 - JSON
        """A body for the route, or None where it takes none. Good in its shape nearly always."""
        good = good_body(route, property_id)
        if good is None:
            return None
        schema = msgspec.json.schema(route.body)
        return self._filled(schema, schema.get("$defs", {}), copy.deepcopy(good), required=True)

    def _filled(self, schema: Mapping[str, Any], known: Mapping[str, Any], good: Any, *, required: bool) -> Any:  # noqa: ANN401 - JSON
        """What stands in this place: a canary where it fits, else what was good there, else nothing."""
        if "$ref" in schema:
            return self._filled(known[schema["$ref"].rpartition("/")[2]], known, good, required=required)
        if "anyOf" in schema:
            first = next(each for each in schema["anyOf"] if each.get("type") != "null")
            return self._filled(first, known, good, required=required)
        if not required and good is _ABSENT and self.rng.random() < 0.5:
            return _ABSENT
        kind, filled = schema.get("type"), good
        if kind in {"object", None} and "enum" not in schema:
            filled = self._object(schema, known, good)
        elif kind == "array" and isinstance(good, list):
            filled = [self._filled(schema["items"], known, each, required=True) for each in good]
        elif kind == "string":
            filled = self._string(schema, good)
        return filled

    def _object(self, schema: Mapping[str, Any], known: Mapping[str, Any], good: Any) -> Any:  # noqa: ANN401 - JSON
        if "properties" not in schema:
            members = schema.get("additionalProperties")
            takes_texts = not isinstance(members, dict) or members.get("type") in {None, "string"}
            keeps = isinstance(good, dict) and self.rng.random() < 0.7
            return {"note": self.text()} if takes_texts and not keeps else good
        had = good if isinstance(good, dict) else {}
        required = set(schema.get("required", ()))
        filled = {
            name: self._filled(each, known, had.get(name, _ABSENT), required=name in required)
            for name, each in schema["properties"].items()
        }
        if any(filled[name] is _ABSENT for name in required):
            return good
        return {name: value for name, value in filled.items() if value is not _ABSENT}

    def _string(self, schema: Mapping[str, Any], good: Any) -> Any:  # noqa: ANN401 - JSON
        pattern = schema.get("pattern")
        if "enum" in schema or "format" in schema:
            return good
        if pattern == "^[A-Z]{3}$":
            return self.currency
        kind = None if pattern is None else _ID.match(pattern)
        if kind is not None:
            return self.an_id(kind[1])
        if good is not _ABSENT and self.rng.random() < _LEFT_AS_IT_IS:
            return good
        text = self.text()
        fits = len(text) <= schema.get("maxLength", len(text)) and (pattern is None or re.search(pattern, text))
        return text if fits else good
