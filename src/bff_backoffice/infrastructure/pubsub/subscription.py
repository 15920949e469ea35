"""Receiving by streaming pull: one stream for each subscription, acknowledged once a message is dealt with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1.services.subscriber import SubscriberAsyncClient
from google.pubsub_v1.types import ReceivedMessage, StreamingPullRequest

from bff_backoffice.application.event_bus import BusMessage, Receive, received_message
from bff_backoffice.application.ports import StoreUnavailableError

__all__ = ["PubSubSubscription"]

_SECONDS: Final = 10.0
_LEASE_SECONDS: Final = 60
_RENEW_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.5
_OUTSTANDING: Final = 200
"""Messages that are ours at a time and not dealt with: what waits at the server can go to another worker."""

_AWAY: Final = (GoogleAPIError, GoogleAuthError, grpc.aio.AioRpcError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PubSubSubscription:
    """Some subscriptions of one project, each with ordering and a dead-letter policy (docs/decisions/event-bus.md)."""

    client: SubscriberAsyncClient
    project: str
    names: Sequence[str]
    client_id: str

    async def run(self, receive: Receive) -> None:
        """Receive from all of them until cancelled; one that is away is asked again twice a second."""
        async with asyncio.TaskGroup() as group:
            for name in self.names:
                stream = _Stream(self.client, f"projects/{self.project}/subscriptions/{name}", self.client_id, receive)
                group.create_task(stream.run())


class _Stream:
    """One subscription's stream, and the messages that are ours."""

    def __init__(self, client: SubscriberAsyncClient, subscription: str, client_id: str, receive: Receive) -> None:
        self._client = client
        self._subscription = subscription
        self._client_id = client_id
        self._receive = receive
        self._ours: set[str] = set()

    async def run(self) -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    renewing = group.create_task(self._renew())
                    try:
                        await self._stream()
                    finally:
                        renewing.cancel()
            except* _AWAY:
                # Google ends every stream after a while, which is no failure; whatever was ours comes again.
                self._ours.clear()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _stream(self) -> None:
        call: Any = await self._client.streaming_pull(self._requests(), retry=None, timeout=None)
        try:
            async for response in call:
                await self._take(response.received_messages)
        finally:
            # Nobody else ends it where we were cancelled inside a handler, and the server would go on leasing to us.
            call.cancel()

    async def _requests(self) -> AsyncIterator[StreamingPullRequest]:
        yield StreamingPullRequest(
            subscription=self._subscription,
            stream_ack_deadline_seconds=_LEASE_SECONDS,
            client_id=self._client_id,
            max_outstanding_messages=_OUTSTANDING,
        )
        # The stream lasts as long as our side of it; acknowledgements go by requests of their own, which are answered.
        await asyncio.Event().wait()

    async def _take(self, messages: Sequence[ReceivedMessage]) -> None:
        self._ours.update(each.ack_id for each in messages)
        done: list[str] = []
        again: list[str] = []
        broken_keys: set[str] = set()
        for each in messages:
            key = each.message.ordering_key
            if key in broken_keys or not await self._dealt_with(each, done):
                # What comes behind it with the same key waits for it: the bus gives them again in order.
                broken_keys.update({key} if key else ())
                again.append(each.ack_id)
            else:
                done.append(each.ack_id)
        await self._answer(done, again)

    async def _dealt_with(self, received: ReceivedMessage, done: list[str]) -> bool:
        message = _message(received)
        while True:
            try:
                return await self._receive(message)
            except StoreUnavailableError:
                # Giving it back would count as a delivery, and the dead-letter policy would take it from us in the end.
                await self._answer(done, [])
                done.clear()
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:  # noqa: BLE001 - one message must not stop the others; this one comes again
                return False

    async def _answer(self, done: list[str], again: list[str]) -> None:
        async with asyncio.timeout(_SECONDS):
            if done:
                await self._client.acknowledge(
                    subscription=self._subscription, ack_ids=done, retry=None, timeout=_SECONDS
                )
            if again:
                await self._client.modify_ack_deadline(
                    subscription=self._subscription, ack_ids=again, ack_deadline_seconds=0, retry=None, timeout=_SECONDS
                )  # fmt: skip
        self._ours.difference_update(done, again)

    async def _renew(self) -> None:
        """Keep what is ours while a store is away or a handler is slow."""
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            ours = sorted(self._ours)
            if ours:
                async with asyncio.timeout(_SECONDS):
                    await self._client.modify_ack_deadline(
                        subscription=self._subscription, ack_ids=ours, ack_deadline_seconds=_LEASE_SECONDS, retry=None,
                        timeout=_SECONDS,
                    )  # fmt: skip


def _message(received: ReceivedMessage) -> BusMessage:
    message = received.message
    return received_message(
        dict(message.attributes),
        bytes(message.data),
        ordering_key=message.ordering_key,
        attempt=received.delivery_attempt,
    )
