"""A platform event, whatever service's envelope it came in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

__all__ = ["EventObserver", "HandleEvent", "OtherVersionError", "PlatformEvent", "UnusableEventError"]


class UnusableEventError(ValueError):
    """The event can't be understood, now or later: it is set aside, and stops nobody."""


class OtherVersionError(UnusableEventError):
    """The event is of a subject that is read here, in another version than the one that is.

    Versions overlap on the bus: whoever publishes the later one goes on with the earlier while somebody reads it.
    """

    def __init__(self, subject: str, read: str) -> None:
        super().__init__(f"another version than {read.rpartition('.')[2]}, which is read")
        self.subject = subject
        self.read = read
        """The subject as it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformEvent:
    """One event of another service. `payload` may miss any member, and so may the envelope.

    `id` tells duplicates apart within one `source`; None where the envelope has none. `occurred_at` is the publishing
    service's own time, aware. `ordering_key` is empty where nobody told one. `causation_id` names what led to it.
    """

    subject: str
    tenant_id: str
    payload: Mapping[str, object] = field(repr=False)
    id: str | None = None
    occurred_at: datetime | None = None
    ordering_key: str = ""
    causation_id: str | None = None

    @property
    def source(self) -> str:
        """The service that published it, as its subject names it: `iam` of `melmastoon.iam.session.revoked.v1`."""
        return (*self.subject.split(".", 2), "", "")[1]


HandleEvent = Callable[[PlatformEvent], Awaitable[bool]]
"""Handles an event and says whether it was of interest. Doing it again, late or out of order changes nothing.

Raises `UnusableEventError` for an event that nobody can handle, `OtherVersionError` for another version of one that is,
and `StoreUnavailableError` to get it again.
"""


class EventObserver(Protocol):
    """Counts what became of events."""

    def consumed(self, subject: str, outcome: str) -> None:
        """An event was handled (`done`), of no interest (`ignored`), set aside (`parked`) or put off (`again`)."""

    def other_version(self, subject: str, read: str) -> None:
        """An event of this subject was passed over, because another version of it is the one that is read."""
