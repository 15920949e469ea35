"""A bus in memory, and a park beside it, that keep the promises of their ports."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bff_backoffice.application.event_bus import BusMessage, Receive
from bff_backoffice.application.event_inbox import Parked, parked_id
from bff_backoffice.application.platform_events import PlatformEvent
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId

__all__ = ["MemoryEventBus", "MemoryEventInbox", "MemoryParkedEvents", "RecordingEvents"]


class MemoryEventBus:
    """Keeps what is published, in order, and gives it to whoever runs. `away` makes it a bus that can't be asked."""

    def __init__(self) -> None:
        self.published: list[BusMessage] = []
        self.away = False
        self._waiting: list[BusMessage] = []
        self._arrived = asyncio.Event()

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Keep all of them, or none."""
        for message in messages:
            message.require_publishable()
        if self.away:
            raise StoreUnavailableError("bus")
        self.published.extend(messages)
        self._waiting.extend(messages)
        self._arrived.set()

    async def run(self, receive: Receive) -> None:
        """Give each message until it is dealt with; one that has to come again comes behind the others."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            message = replace(self._waiting[0], attempt=self._waiting[0].attempt + 1)
            try:
                done = await receive(message)
            except StoreUnavailableError:
                self._waiting[0] = message
                await asyncio.sleep(0)
                continue
            except Exception:  # noqa: BLE001 - one message must not stop the others
                done = False
            # Only now: whoever was cancelled in the middle of it gets it again.
            del self._waiting[0]
            if not done:
                self._waiting.append(message)
                await asyncio.sleep(0)


class MemoryEventInbox:
    """Which events were dealt with."""

    def __init__(self) -> None:
        self.noted: set[tuple[TenantId, str, str]] = set()
        self.away = False

    async def has(self, tenant_id: TenantId, event: PlatformEvent) -> bool:
        """Whether this event was dealt with before."""
        if self.away:
            raise StoreUnavailableError("postgres")
        return event.id is not None and (tenant_id, event.source, event.id) in self.noted

    async def note(self, tenant_id: TenantId, event: PlatformEvent) -> None:
        """Remember that it was."""
        if event.id is not None:
            self.noted.add((tenant_id, event.source, event.id))


class MemoryParkedEvents:
    """What is set aside. `away` makes it a store that can't be asked."""

    def __init__(self) -> None:
        self.kept: dict[tuple[TenantId, str], Parked] = {}
        self.away = False

    async def park(self, tenant_id: TenantId, message: BusMessage, *, why: str) -> None:
        """Set a message aside."""
        if self.away:
            raise StoreUnavailableError("postgres")
        name = parked_id(message)
        at = datetime(2026, 11, 22, tzinfo=UTC)
        self.kept[tenant_id, name] = Parked(id=name, tenant_id=tenant_id, message=message, why=why, parked_at=at)

    async def tenants(self) -> Sequence[TenantId]:
        """Return who has a parked message."""
        return sorted({tenant_id for tenant_id, _ in self.kept})

    async def parked(self, tenant_id: TenantId, *, most: int) -> Sequence[Parked]:
        """Return what is parked."""
        return [each for (owner, _), each in self.kept.items() if owner == tenant_id][:most]

    async def one(self, tenant_id: TenantId, parked_id: str) -> Parked | None:
        """Return one of them."""
        return self.kept.get((tenant_id, parked_id))

    async def forget(self, tenant_id: TenantId, parked_id: str) -> None:
        """Remove it."""
        self.kept.pop((tenant_id, parked_id), None)


class RecordingEvents:
    """Counts what became of events."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()

    def consumed(self, subject: str, outcome: str) -> None:
        """Count it."""
        self.outcomes[subject, outcome] += 1

    def other_version(self, subject: str, read: str) -> None:
        """Count it."""
        assert subject != read
        self.outcomes[read, "other_version"] += 1
