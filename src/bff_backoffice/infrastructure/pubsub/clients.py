"""The library's asynchronous clients, opened and closed: how they find the service and prove who they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber import SubscriberAsyncClient
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

__all__ = ["open_publisher_client", "open_subscriber_client"]


@asynccontextmanager
async def open_publisher_client(emulator: str | None) -> AsyncIterator[PublisherAsyncClient]:
    """A client of Google's own address with the account that the process runs as, or of an emulator at `host:port`."""
    if emulator is None:
        client = PublisherAsyncClient()
    else:
        client = PublisherAsyncClient(
            transport=PublisherGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(emulator))
        )
    try:
        yield client
    finally:
        await client.transport.close()  # type: ignore[no-untyped-call] # the library does not say


@asynccontextmanager
async def open_subscriber_client(emulator: str | None) -> AsyncIterator[SubscriberAsyncClient]:
    """The same, for receiving."""
    if emulator is None:
        client = SubscriberAsyncClient()
    else:
        client = SubscriberAsyncClient(
            transport=SubscriberGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(emulator))
        )
    try:
        yield client
    finally:
        await client.transport.close()  # type: ignore[no-untyped-call] # the library does not say
