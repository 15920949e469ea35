"""One request as handlers see it, and the kinds of answer that they give."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from bff_backoffice.application.sessions.authenticate import Authenticated, ProvenKey
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import OperatorContext, PropertyId
from bff_backoffice.presentation.words import Language

__all__ = [
    "Begin",
    "Exchange",
    "Held",
    "Line",
    "Open",
    "Response",
    "Stream",
    "Waited",
    "Whole",
    "Write",
    "json_answer",
    "malformed",
]

Write = Callable[[bytes], Awaitable[None]]
"""Sends one chunk at once. Raises when the client is gone."""

Begin = Callable[[Sequence[tuple[str, str]]], Awaitable[Write]]
"""Sends status and headers, these among them, and gives what writes the chunks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that has passed its route's policy.

    `path` is as requested, without the query. `who` and `property_id` are there on routes that need an operator and a
    property, `key` on those that need a proof alone. `body` is decoded already where the route declares a type.
    """

    method: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    raw_body: bytes = field(repr=False)
    body: Any = field(repr=False)
    media_type: str
    request_id: str
    traceparent: str
    language: Language
    who: Authenticated | None = None
    key: ProvenKey | None = None
    property_id: PropertyId | None = None

    @property
    def operator(self) -> Authenticated:
        """Who asks. The dispatcher lets nobody else in where the route says so."""
        if self.who is None:
            raise RuntimeError("the route declares no operator")
        return self.who

    @property
    def proven_key(self) -> ProvenKey:
        """The device's key. The dispatcher lets nobody in without it where the route says so."""
        if self.key is None:
            raise RuntimeError("the route declares no proof")
        return self.key

    @property
    def in_property(self) -> PropertyId:
        """The property that the request is about."""
        if self.property_id is None:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
        return self.property_id

    def header(self, name: str) -> str | None:
        """The first value of a header field; `name` in lower case."""
        values = self.headers.get(name)
        return values[0] if values else None

    def one(self, name: str) -> str | None:
        """A query parameter that comes at most once.

        Raises:
            Refusal: VALIDATION_FAILED when it comes twice.
        """
        values = self.query.get(name)
        if not values:
            return None
        if len(values) > 1:
            raise malformed(f"query.{name}", "duplicate", "The parameter may come once.")
        return values[0]

    @property
    def context(self) -> OperatorContext:
        """The answer to "who is asking, about which property" that use cases take."""
        operator, session = self.operator.operator, self.operator.session
        return OperatorContext(
            tenant_id=operator.tenant_id,
            operator_id=operator.id,
            device_id=session.device_id,
            iam_session_id=session.iam_session_id,
            session_id=session.id,
            roles=operator.roles,
            property_scope=operator.property_scope,
            property_id=self.in_property,
            key_thumbprint=session.key_thumbprint,
            locale=operator.locale,
            app_version=session.app_version,
            app_platform=session.app_platform,
            network_profile=session.network_profile,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An answer that is there as a whole."""

    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """An answer that is there as a whole once something happened, which may take long.

    What `run` raises is answered as any refusal is. It is cancelled when the client goes away.
    """

    run: Callable[[], Awaitable[Whole]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer that is written as it becomes ready.

    `run` begins the answer when it knows its headers, and returns when it is complete. What it raises before it has
    begun is answered as any refusal is. It is cancelled when the client goes away.
    """

    media_type: str
    run: Callable[[Begin], Awaitable[None]]
    status: int = 200


class Line(Protocol):
    """The connection under an answer that is held open, for a writer that serves thousands of them."""

    def push(self, chunk: bytes) -> None:
        """Send one chunk without waiting; what the client does not take yet is kept."""

    def unsent(self) -> int:
        """How many bytes are kept."""

    def bound_in_system(self, size: int) -> None:
        """Let the system keep no more than about so many bytes for a client that does not read."""

    def abort(self) -> None:
        """Hang up at once."""


Open = Callable[[Sequence[tuple[str, str]], Callable[[], None]], Awaitable[tuple[Write, Line]]]
"""Sends status and headers, these among them; calls back when the client is gone. Gives what waits until the client has
taken enough, and what does not wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An answer that stays open for long and costs next to nothing while nothing happens: no task beside its own.

    `run` opens the answer when it knows its headers, and returns when it is complete: for how many seconds the client
    may take what it has not taken yet. What it raises before it has opened is answered as any refusal is. It must hold
    nothing of the request that it does not need. It is not cancelled when the client goes away but called back.
    """

    media_type: str
    run: Callable[[Open], Awaitable[float]]
    status: int = 200


Response = Whole | Waited | Stream | Held

_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


def json_answer(content: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Whole:
    """A JSON answer of a msgspec structure."""
    return Whole(status=status, body=_ENCODER.encode(content), media_type="application/json", headers=headers)


def malformed(place: str, code: str, detail: str) -> Refusal:
    """The refusal for one place of the request that is wrong, such as `query.propertyId`."""
    return Refusal(
        Code.VALIDATION_FAILED, "The request has a malformed part.", errors=(FieldError(place, code, detail),)
    )
