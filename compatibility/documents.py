"""Whether an API document still promises what an earlier one promised, operation by operation.

Breaking changes ship at /v2 (specification, section 5). What breaks a client here: an address, a method, a parameter, a
representation or a success that is gone; something that is demanded now; a schema that is narrower for what is sent, or
wider for what is read; a code that changed its status. Whoever may use a route, and which refusals it has, may change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from compatibility.schemas import Comparison, Direction

__all__ = ["Break", "breaking_changes"]

Node = Mapping[str, Any]

_METHODS: Final = ("get", "put", "post", "patch", "delete", "head", "options")
_FIRST_REFUSAL: Final = 400


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """One promise that is not kept: where, and what became of it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def breaking_changes(old: Node, new: Node, *, today: date) -> list[Break]:
    """Return what `old` promised and `new` does not keep. `today` decides whether a sunset route may be gone."""
    comparison = Comparison(old, new)
    found = [*_addresses_break(old, new), *_codes_break(old, new)]
    paths = {_shape(path): (path, operations) for path, operations in new["paths"].items()}
    for path, operations in old["paths"].items():
        new_path, new_operations = paths.get(_shape(path), (path, {}))
        for method in _METHODS:
            if method not in operations:
                continue
            where, before, now = f"{method.upper()} {path}", operations[method], new_operations.get(method)
            if now is None:
                if not _over(before, today):
                    found.append(Break(where, "is gone"))
                continue
            pair = _Operations(where, (path, before), (new_path, now), comparison)
            found += pair.breaks(old.get("security", []), new.get("security", []))
    return sorted(dict.fromkeys(found))


def _shape(path: str) -> str:
    """The path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _over(operation: Node, today: date) -> bool:
    """Whether the route has announced its end (RFC 8594), and that day has come."""
    end = operation.get("x-sunset")
    return end is not None and date.fromisoformat(str(end)[:10]) <= today


def _addresses_break(old: Node, new: Node) -> Iterator[Break]:
    now = {each["url"] for each in new.get("servers", [])}
    for server in old.get("servers", []):
        if server["url"] not in now:
            yield Break(server["url"], "is gone")


def _codes_break(old: Node, new: Node) -> Iterator[Break]:
    now = _statuses_of_codes(new)
    for code, statuses in _statuses_of_codes(old).items():
        others = now.get(code, set()) - statuses
        if others:
            yield Break(code, f"has the status {', '.join(sorted(others))} and not {', '.join(sorted(statuses))}")


def _statuses_of_codes(document: Node) -> dict[str, set[str]]:
    statuses: dict[str, set[str]] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                for code in response.get("x-codes", ()):
                    statuses.setdefault(code, set()).add(status)
    return statuses


@dataclass(frozen=True, slots=True)
class _Operations:
    """One operation of both documents, each with the path under which it stands."""

    where: str
    old: tuple[str, Node]
    new: tuple[str, Node]
    comparison: Comparison

    def breaks(self, old_security: list[Node], new_security: list[Node]) -> Iterator[Break]:
        old, new = self.old[1], self.new[1]
        if old.get("operationId") != new.get("operationId"):
            yield Break(self.where, f"operationId was {old.get('operationId')}, is {new.get('operationId')}")
        before, now = old.get("security", old_security), new.get("security", new_security)
        for way in before or [{}]:
            if not any(set(other) <= set(way) for other in now or [{}]):
                yield Break(self.where, f"{' and '.join(way) or 'no credentials'} is not enough any more")
        yield from self._parameters_break()
        yield from self._body_breaks(old.get("requestBody"), new.get("requestBody"))
        for status, response in old["responses"].items():
            if status in new["responses"]:
                yield from self._response_breaks(status, response, new["responses"][status])
            elif not status.isdigit() or int(status) < _FIRST_REFUSAL:
                yield Break(self.where, f"{status} is gone")

    def _parameters_break(self) -> Iterator[Break]:
        before, now = _parameters(*self.old), _parameters(*self.new)
        for key, parameter in before.items():
            where = f"{self.where} {parameter['in']} {parameter['name']}"
            if key not in now:
                yield Break(where, "is not taken any more")
                continue
            if now[key].get("required") and not parameter.get("required"):
                yield Break(where, "is demanded now")
            yield from self._schemas_break(where, parameter, now[key], Direction.SENT)
        for key, parameter in now.items():
            if key not in before and parameter.get("required"):
                yield Break(f"{self.where} {parameter['in']} {parameter['name']}", "is demanded now")

    def _body_breaks(self, old: Node | None, new: Node | None) -> Iterator[Break]:
        if old is None:
            if new is not None and new.get("required"):
                yield Break(self.where, "a body is demanded now")
            return
        if new is None:
            yield Break(self.where, "no body is taken any more")
            return
        if new.get("required") and not old.get("required"):
            yield Break(self.where, "the body is demanded now")
        yield from self._contents_break(f"{self.where} body", old, new, Direction.SENT)

    def _response_breaks(self, status: str, old: Node, new: Node) -> Iterator[Break]:
        where = f"{self.where} → {status}"
        names = {name.lower() for name in new.get("headers", {})}
        for name in old.get("headers", {}):
            if name.lower() not in names:
                yield Break(where, f"the header {name} is gone")
        yield from self._contents_break(where, old, new, Direction.READ)
        if not old.get("content") and new.get("content"):
            yield Break(where, "had no content, has some now")

    def _contents_break(self, where: str, old: Node, new: Node, direction: Direction) -> Iterator[Break]:
        now = new.get("content", {})
        for media_type, content in old.get("content", {}).items():
            if media_type not in now:
                yield Break(where, f"{media_type} is gone")
            else:
                yield from self._schemas_break(f"{where} {media_type}", content, now[media_type], direction)

    def _schemas_break(self, where: str, old: Node, new: Node, direction: Direction) -> Iterator[Break]:
        for what in self.comparison.breaks(old.get("schema", {}), new.get("schema", {}), direction):
            yield Break(where, what)


def _parameters(path: str, operation: Node) -> dict[tuple[str, str], Node]:
    """Parameters by what a client must name: header fields in any case, those of the path by their place."""
    places = re.findall(r"\{([^}]*)\}", path)
    keyed = {}
    for parameter in operation.get("parameters", ()):
        name, where = parameter["name"], parameter["in"]
        key = str(places.index(name)) if where == "path" else name.lower() if where == "header" else name
        keyed[where, key] = parameter
    return keyed
