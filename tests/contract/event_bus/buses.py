"""Every bus behind the port, each with a way to see what was published on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bff_backoffice.application.event_bus import BusMessage, EventPublisher
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.event_bus import RedisEventPublisher
from tests.contract.memorystore.valkey import RealClock, Valkey
from tests.fakes.memory_event_bus import MemoryEventBus

__all__ = ["BUSES", "OpenBus", "PublishedOn", "message"]


def message(number: int = 1, *, key: str = "dev_1", **more: Any) -> BusMessage:
    """An event of this service."""
    given: dict[str, Any] = {
        "subject": "melmastoon.bff.backoffice.session.opened.v1",
        "tenant_id": "tnt_01JD0000000000000000000001",
        "ordering_key": key,
        "event_id": f"evt_{number:026}",
        "envelope": f'{{"number":{number}}}'.encode(),
    }
    return BusMessage(**{**given, **more})


class PublishedOn(Protocol):
    """What is on the bus by now."""

    async def __call__(self) -> Sequence[BusMessage]: ...


@dataclass(frozen=True, kw_only=True)
class OpenBus:
    """A bus under test: its publisher, what is on it, and how to take it away."""

    publisher: EventPublisher
    published: PublishedOn
    go_away: Callable[[], Awaitable[None]]


@asynccontextmanager
async def _memory(_folder: Path) -> AsyncIterator[OpenBus]:
    bus = MemoryEventBus()

    async def published() -> Sequence[BusMessage]:
        return bus.published

    async def go_away() -> None:
        bus.away = True

    yield OpenBus(publisher=bus, published=published, go_away=go_away)


@asynccontextmanager
async def _redis(folder: Path) -> AsyncIterator[OpenBus]:
    server = Valkey(folder)
    server.start()
    store = RedisStore.open(server.url, store="bus")

    async def published() -> Sequence[BusMessage]:
        entries: Any = await store.redis.xrange(keys.own_events())
        return [
            BusMessage(
                subject=fields[b"subject"].decode(),
                tenant_id=fields[b"tenantId"].decode(),
                ordering_key=fields[b"orderingKey"].decode(),
                event_id=fields[b"eventId"].decode(),
                envelope=fields[b"envelope"],
            )
            for _, fields in entries
        ]

    async def go_away() -> None:
        server.kill()

    try:
        yield OpenBus(
            publisher=RedisEventPublisher(redis=store, clock=RealClock()), published=published, go_away=go_away
        )
    finally:
        await store.aclose()
        server.kill()


BUSES = {"memory": _memory, "redis": _redis}
