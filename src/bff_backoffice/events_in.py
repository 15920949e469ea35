"""Which bus, and what becomes of what arrives on it. A part of the composition root, which alone imports it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bff_backoffice.application.event_bus import EventPublisher, EventSubscription
from bff_backoffice.application.event_inbox import ReceiveEvent
from bff_backoffice.application.platform_events import EventObserver, HandleEvent
from bff_backoffice.application.ports import Clock
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.event_bus import (
    BLOCK_SECONDS,
    RedisEventPublisher,
    RedisEventSubscription,
)
from bff_backoffice.infrastructure.postgres.event_inbox import PostgresParkedEvents
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.settings import Settings

__all__ = ["open_publisher", "open_subscription", "receive_of"]

_OPERATION_SECONDS: Final = BLOCK_SECONDS + 2.0


def receive_of(handle: HandleEvent, database: Database, *, observer: EventObserver) -> ReceiveEvent:
    """Everything that arrives goes to `handle`, and what it can't use is parked in Postgres."""
    return ReceiveEvent(handle=handle, parked=PostgresParkedEvents(database), observer=observer)


@asynccontextmanager
async def open_subscription(settings: Settings, *, name: str) -> AsyncIterator[EventSubscription]:
    """What the platform publishes. `name` tells this consumer from the others. Nothing is connected before its use."""
    if settings.event_bus == "pubsub" and settings.pubsub_project is not None:
        from bff_backoffice.infrastructure.pubsub import clients, subscription  # noqa: PLC0415 - large, seldom needed

        async with clients.open_subscriber_client(settings.pubsub_emulator) as client:
            yield subscription.PubSubSubscription(
                client=client, project=settings.pubsub_project, names=settings.pubsub_subscriptions, client_id=name
            )
        return
    async with _redis_bus(settings) as store:
        yield RedisEventSubscription(redis=store, name=name)


@asynccontextmanager
async def open_publisher(settings: Settings, *, clock: Clock) -> AsyncIterator[EventPublisher]:
    """Where this service publishes. Nothing is connected before its use."""
    if settings.event_bus == "pubsub" and settings.pubsub_project is not None:
        from bff_backoffice.infrastructure.pubsub import clients, publisher  # noqa: PLC0415 - large, seldom needed

        async with clients.open_publisher_client(settings.pubsub_emulator) as client:
            yield publisher.PubSubPublisher(client=client, project=settings.pubsub_project)
        return
    async with _redis_bus(settings) as store:
        yield RedisEventPublisher(redis=store, clock=clock)


@asynccontextmanager
async def _redis_bus(settings: Settings) -> AsyncIterator[RedisStore]:
    url = settings.redis_bus_url or settings.redis_sessions_url
    store = RedisStore.open(url.get_secret_value(), store="bus", operation_seconds=_OPERATION_SECONDS)
    try:
        yield store
    finally:
        await store.aclose()
