"""Every bus behind the port, each with a way to see what was published on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from google.pubsub_v1 import types

from bff_backoffice.application.event_bus import BusMessage, EventPublisher, EventSubscription
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.event_bus import (
    BLOCK_SECONDS,
    RedisEventPublisher,
    RedisEventSubscription,
)
from bff_backoffice.infrastructure.pubsub.clients import open_publisher_client, open_subscriber_client
from bff_backoffice.infrastructure.pubsub.publisher import PubSubPublisher, topic_of
from bff_backoffice.infrastructure.pubsub.subscription import PubSubSubscription
from tests.contract.memorystore.valkey import PATIENT, RealClock, Valkey
from tests.fakes.memory_event_bus import MemoryEventBus
from tests.fakes.pubsub_server import PubSubServer

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
    """A bus under test: both sides of it, what is on it, how to publish as the platform does, and how to take it away.

    `settled` returns once what a receiver has answered has reached the bus.
    """

    publisher: EventPublisher
    subscription: EventSubscription
    published: PublishedOn
    platform_publishes: Callable[[Sequence[BusMessage]], Awaitable[None]]
    settled: Callable[[], Awaitable[None]]
    go_away: Callable[[], Awaitable[None]]
    come_back: Callable[[], Awaitable[None]]


async def _at_once() -> None:
    """Nothing is under way."""


@asynccontextmanager
async def _memory(_folder: Path) -> AsyncIterator[OpenBus]:
    bus = MemoryEventBus()

    async def published() -> Sequence[BusMessage]:
        return bus.published

    async def go_away() -> None:
        bus.away = True

    async def come_back() -> None:
        bus.away = False

    yield OpenBus(
        publisher=bus, subscription=bus, published=published, platform_publishes=bus.publish, settled=_at_once,
        go_away=go_away, come_back=come_back,
    )  # fmt: skip


@asynccontextmanager
async def _redis(folder: Path) -> AsyncIterator[OpenBus]:
    server = Valkey(folder)
    server.start()
    store = RedisStore.open(
        server.url, store="bus", connect_seconds=PATIENT["connect_seconds"], operation_seconds=BLOCK_SECONDS + 5
    )
    platform = RedisStore.open(server.url, store="bus", **PATIENT)

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

    async def platform_publishes(messages: Sequence[BusMessage]) -> None:
        for each in messages:
            fields = {
                "subject": each.subject, "tenantId": each.tenant_id, "orderingKey": each.ordering_key,
                "eventId": each.event_id, "envelope": each.envelope,
            }  # fmt: skip
            await platform.redis.xadd(keys.platform_events(), fields)

    async def pending() -> int:
        found: Any = await platform.redis.xpending(keys.platform_events(), keys.CONSUMER_GROUP)
        return int(found["pending"])

    async def settled() -> None:
        async with asyncio.timeout(60):
            # Redis tells nobody about an acknowledgement, so it is asked.
            while await pending():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    async def go_away() -> None:
        server.kill()

    async def come_back() -> None:
        server.start()
        await platform.redis.connection_pool.disconnect()

    try:
        yield OpenBus(
            publisher=RedisEventPublisher(redis=store, clock=RealClock()),
            subscription=RedisEventSubscription(redis=store, name="one", claim_after_ms=100),
            published=published,
            platform_publishes=platform_publishes,
            settled=settled,
            go_away=go_away,
            come_back=come_back,
        )
    finally:
        await platform.aclose()
        await store.aclose()
        server.kill()


PROJECT = "projects/melmastoon"
TOPICS = [f"{PROJECT}/topics/{topic_of(subject)}" for subject in ("melmastoon.bff.backoffice.session.opened.v1", "")]
PLATFORM = f"{PROJECT}/topics/melmastoon.iam"
SUBSCRIPTION = f"{PROJECT}/subscriptions/bff-backoffice.iam"


def _as_message(wire: Any) -> BusMessage:
    return BusMessage(
        subject=wire.attributes["subject"],
        tenant_id=wire.attributes["tenantId"],
        ordering_key=wire.ordering_key,
        event_id=wire.attributes["eventId"],
        envelope=bytes(wire.data),
    )


def pubsub_wire(each: BusMessage) -> Any:
    """A message as another service publishes it on Pub/Sub."""
    attributes = {"subject": each.subject, "tenantId": each.tenant_id, "eventId": each.event_id}
    return types.PubsubMessage.pb()(data=each.envelope, attributes=attributes, ordering_key=each.ordering_key)


@asynccontextmanager
async def _pubsub(_folder: Path) -> AsyncIterator[OpenBus]:
    server = PubSubServer()
    server.topics = {topic: [] for topic in TOPICS}
    server.create(SUBSCRIPTION, topic=PLATFORM, most_attempts=50, dead_letter_topic=f"{PROJECT}/topics/dead")
    await server.start()

    async def published() -> Sequence[BusMessage]:
        return [_as_message(each) for topic in TOPICS for each in server.topics[topic]]

    async def platform_publishes(messages: Sequence[BusMessage]) -> None:
        for each in messages:
            server.published(PLATFORM, pubsub_wire(each))

    async def settled() -> None:
        async with asyncio.timeout(60):
            while server.subscriptions[SUBSCRIPTION].entries:  # noqa: ASYNC110 - the server tells only its streams
                await asyncio.sleep(0.01)

    try:
        async with (
            open_publisher_client(server.address) as publisher,
            open_subscriber_client(server.address) as subscriber,
        ):
            yield OpenBus(
                publisher=PubSubPublisher(client=publisher, project="melmastoon"),
                subscription=PubSubSubscription(
                    client=subscriber, project="melmastoon", names=["bff-backoffice.iam"], client_id="one"
                ),
                published=published,
                platform_publishes=platform_publishes,
                settled=settled,
                go_away=server.stop,
                come_back=server.start,
            )
    finally:
        await server.stop()


BUSES = {"memory": _memory, "redis": _redis, "pubsub": _pubsub}
