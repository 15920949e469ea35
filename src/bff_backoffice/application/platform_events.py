"""A platform event, whatever service's envelope it came in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

__all__ = ["EventObserver", "HandleEvent", "PlatformEvent", "UnusableEventError"]


class UnusableEventError(ValueError):
    """The event can't be understood, now or later: it is set aside, and stops nobody."""


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

Raises `UnusableEventError` for an event that nobody can handle, and `StoreUnavailableError` to get it again.
"""


class EventObserver(Protocol):
    """Counts what became of events."""

    def consumed(self, subject: str, outcome: str) -> None:
        """An event was handled (`done`), of no interest (`ignored`), set aside (`parked`) or put off (`again`)."""
