"""A platform event, whatever service's envelope it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["EventObserver", "PlatformEvent", "PlatformEvents", "UnusableEventError"]


class UnusableEventError(ValueError):
    """The event can't be understood, now or later: it is set aside, and stops nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformEvent:
    """One event of another service. `payload` may miss any member."""

    subject: str
    tenant_id: str
    payload: Mapping[str, object]


class PlatformEvents(Protocol):
    """Receives events and hands each to the handler until it succeeds.

    At least once, in order of their ordering key as far as the bus keeps it. A handler that raises
    `UnusableEventError` has the event parked; one that raises anything else gets it again.
    """

    async def run(self) -> None:
        """Receive until cancelled."""


class EventObserver(Protocol):
    """Counts what became of events."""

    def consumed(self, subject: str, outcome: str) -> None:
        """An event was handled (`done`), of no interest (`ignored`), set aside (`parked`) or put off (`again`)."""
