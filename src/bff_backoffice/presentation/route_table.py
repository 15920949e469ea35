"""One declared table of routes: matching, policy, the OpenAPI document and the route tests all derive from it.

Closed by default: a route can't be declared without saying who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from bff_backoffice.application.sessions.authenticate import Authenticated
from bff_backoffice.application.use_cases import UseCases
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.machine_identity import Machine
from bff_backoffice.domain.operator import Identifier, MalformedIdentifierError, OperatorRole
from bff_backoffice.presentation.deprecation import Deprecation
from bff_backoffice.presentation.exchange import Exchange, Response

__all__ = [
    "EVERY_ROLE", "PREFIXES", "Access", "Answer", "Handler", "Match", "Parameter", "Resource", "Route", "RouteTable",
    "named_by",
]  # fmt: skip

PREFIXES: Final = ("/bff/backoffice/v1", "/api/bff/backoffice/v1")
"""Where everything lives (contract, section 2); the second is how the public load balancer forwards it."""

EVERY_ROLE: Final = frozenset(OperatorRole)

Handler = Callable[[Exchange, UseCases], Awaitable[Response]]

Resource = Callable[[Authenticated, Mapping[str, str]], None]
"""Raises the refusal for path parameters that name nothing of the operator's."""


def named_by(kind: type[Identifier]) -> Resource:
    """Return the look at a path's `{id}` that refuses what can't be such an identifier: no such thing exists."""

    def look(_who: Authenticated, parameters: Mapping[str, str]) -> None:
        try:
            kind.parse(parameters["id"])
        except MalformedIdentifierError:
            raise Refusal(Code.RESOURCE_NOT_FOUND) from None

    return look


class Access(Enum):
    """What a request must prove before its handler runs."""

    OPEN = "open"
    """Nothing."""
    PROOF = "proof"
    """A device key's proof of possession, which is used up like any other."""
    OPERATOR = "operator"
    """A device-bound token, its proof, a live session and a role."""
    MACHINE = "machine"
    """The identity token of the one machine of the platform that the route names."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query or header parameter, for the document; the handler parses it."""

    name: str
    where: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to succeed. `content` maps each media type to the type that describes it, or to a schema."""

    description: str
    content: Mapping[str, type | Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path. `path` is behind the prefix, its parameters in braces.

    `roles` are those that may use it; general_manager and owner always may. `produces` are the media types to choose
    from by `Accept`, best first. `everywhere` routes answer without the prefix as well. `resource` looks at the path's
    parameters where that needs no asking: "does not exist" comes before "is malformed" (contract, section 2.1).
    A `body_optional` may be left out, with its media type, where none of its members is required.
    `machine` is who calls a route of that access.
    `deprecation` is there once a later version replaces the route; every answer of the route says so.
    """

    method: str
    path: str
    access: Access
    handler: Handler
    summary: str
    tag: str
    answers: Mapping[int, Answer]
    roles: frozenset[OperatorRole] = EVERY_ROLE
    body: type | None = None
    body_optional: bool = False
    refusals: tuple[Code, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    produces: tuple[str, ...] = ("application/json",)
    needs_property: bool = False
    everywhere: bool = False
    resource: Resource | None = None
    machine: Machine | None = None
    deprecation: Deprecation | None = None

    def __post_init__(self) -> None:
        """Refuse a route for machines that names none, and a machine on any other route."""
        if (self.access is Access.MACHINE) != (self.machine is not None):
            raise ValueError(f"{self.method} {self.path}: a machine and that access go together")

    @property
    def operation_id(self) -> str:
        """The handler's name, which is the operation's name in generated clients too."""
        return self.handler.__name__


@dataclass(frozen=True, slots=True)
class Match:
    """The routes of a path by method, and what its parameters are."""

    routes: Mapping[str, Route]
    parameters: Mapping[str, str]


_PARAMETER: Final = re.compile(r"\{(\w+)\}")


class RouteTable:
    """Finds a path's routes: one dictionary look-up for a fixed path, one expression for each path with parameters."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        self._shaped: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        shapes: dict[str, dict[str, Route]] = {}
        for route in routes:
            for prefix in (*PREFIXES, "") if route.everywhere else PREFIXES:
                known = self._fixed if "{" not in route.path else shapes
                methods = known.setdefault(prefix + route.path, {})
                if route.method in methods:
                    raise ValueError(f"{route.method} {route.path} is declared twice")
                methods[route.method] = route
        for shape, methods in shapes.items():
            # A parameter is one segment; what it may be is for its parser to say.
            pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", re.sub(r"[.]", r"\\.", shape))
            self._shaped.append((re.compile(pattern + r"\Z"), methods))

    def match(self, path: str) -> Match | None:
        """The path as requested, to the letter: another case or a slash at its end is another path."""
        methods = self._fixed.get(path)
        if methods is not None:
            return Match(methods, {})
        for pattern, shaped in self._shaped:
            found = pattern.match(path)
            if found is not None:
                return Match(shaped, found.groupdict())
        return None
