"""What others have to be told, until they heard it (specification section 5, responsibility 5; sections 4 and 9).

A message is written in the transaction of what it is about. It is told in the order of its key, and a message may be
told twice, always under the same identifier. Why nothing is lost and nothing overtakes is in
docs/decisions/activity-and-outbox.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from bff_backoffice.domain.operator import TenantId

__all__ = ["TELEMETRY", "Backlog", "Lane", "Message", "MessageKey", "Messages", "Outbox", "Released", "Taken"]

TELEMETRY: Final = "telemetry"
"""The kind of message that is published on the event bus; every other kind is told to a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody has to be told. `kind` chooses who tells it; `payload` is JSON.

    Messages of one kind and one `ordering_key` are told one after the other, as they were written.
    """

    id: str
    kind: str
    about: str
    ordering_key: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKey:
    """An ordering key of a tenant that has something to tell."""

    tenant_id: TenantId
    kind: str
    ordering_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that waits, how often telling it has failed, and how long ago it was written, in seconds."""

    message: Message
    attempts: int
    age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What came of a key's messages: `heard` ones go, `parked` ones stay for a person, `failed` is tried again.

    The latter two come with the reason. `pause` is how long nobody looks at the key, which is at once where nothing
    went wrong.
    """

    key: MessageKey
    heard: Sequence[str] = ()
    parked: Sequence[tuple[str, str]] = ()
    failed: tuple[str, str] | None = None
    pause: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits: how many messages, and how long the oldest has waited, in seconds. Parked ones are counted apart."""

    depth: int = 0
    lag_seconds: float = 0.0
    parked: int = 0


Lane = bool
"""Whether it is about what is published (True), or about what is told to services, which take their time."""


class Messages(Protocol):
    """Where messages are written that belong to no transaction. Raises `StoreUnavailableError("postgres")`."""

    async def write(self, tenant_id: TenantId, messages: Sequence[Message]) -> None:
        """Write all of them or none. One that is there already, by its identifier, is not written again."""


class Outbox(Protocol):
    """The messages as a dispatcher sees them. Raises `StoreUnavailableError("postgres")`. Time is the store's own."""

    async def claim(self, published: Lane, *, owner: str, lease: timedelta, most: int) -> Sequence[MessageKey]:
        """Take keys that are due, of any tenant, the one that waits longest first; others leave them for the lease."""

    async def waiting(self, tenant_id: TenantId, keys: Sequence[MessageKey], *, most: int) -> Sequence[Taken]:
        """Return the first messages of these keys of the tenant, at most so many of each, each key in its order."""

    async def release(self, tenant_id: TenantId, owner: str, released: Sequence[Released]) -> None:
        """Write down what came of them, and give the keys back: all of it or nothing."""

    async def backlog(self) -> Backlog:
        """Return what waits, of all tenants."""
