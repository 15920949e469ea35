"""A bus in memory that keeps the promises of the port."""

from __future__ import annotations

from collections.abc import Sequence

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.ports import StoreUnavailableError

__all__ = ["MemoryEventBus"]


class MemoryEventBus:
    """Keeps what is published, in order. `away` makes it a bus that can't be asked."""

    def __init__(self) -> None:
        self.published: list[BusMessage] = []
        self.away = False

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Keep all of them, or none."""
        for message in messages:
            message.require_publishable()
        if self.away:
            raise StoreUnavailableError("bus")
        self.published.extend(messages)
