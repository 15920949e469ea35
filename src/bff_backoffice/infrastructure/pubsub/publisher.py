"""Publishing with ordering keys. One request carries messages of one topic and one key, as the API demands."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import grpc
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.types import PublishRequest, PubsubMessage

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.ports import StoreUnavailableError

__all__ = ["TOPICS", "PubSubPublisher", "topic_of"]

_SECONDS: Final = 10.0
_REQUEST_BYTES: Final = 8_000_000
"""Of ten that a request may have; the rest is for what is around the envelopes."""
_REQUEST_MESSAGES: Final = 1000
_AT_ONCE: Final = 32
"""Requests under way: keys are independent, and a round trip takes some 20 ms."""

_SESSIONS: Final = "melmastoon.bff.backoffice.session"
_ACTIVITY: Final = "melmastoon.bff.backoffice.activity"

TOPICS: Final = (_SESSIONS, _ACTIVITY)
"""Every topic that this service publishes to."""


def topic_of(subject: str) -> str:
    """The topic of one of this service's subjects (EVENT_SCHEMAS, section 3): sessions have one of their own."""
    return _SESSIONS if subject.startswith(f"{_SESSIONS}.") else _ACTIVITY


@dataclass(frozen=True, slots=True, kw_only=True)
class PubSubPublisher:
    """Publishes to the topics of one project."""

    client: PublisherAsyncClient
    project: str
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish, each key's messages one request behind the other. Raises as the port says."""
        rows: dict[tuple[str, str], list[BusMessage]] = {}
        for message in messages:
            message.require_publishable()
            rows.setdefault((topic_of(message.subject), message.ordering_key), []).append(message)
        try:
            async with asyncio.TaskGroup() as group:
                for (topic, _), row in rows.items():
                    group.create_task(self._in_order(topic, row))
        except* (GoogleAPIError, GoogleAuthError, grpc.aio.AioRpcError, OSError, TimeoutError) as failures:
            raise StoreUnavailableError("bus") from failures

    async def _in_order(self, topic: str, row: Sequence[BusMessage]) -> None:
        request: list[PubsubMessage] = []
        size = 0
        for message in row:
            if request and (len(request) == _REQUEST_MESSAGES or size + len(message.envelope) > _REQUEST_BYTES):
                await self._send(topic, request)
                request, size = [], 0
            request.append(_wire(message))
            size += len(message.envelope)
        await self._send(topic, request)

    async def _send(self, topic: str, messages: list[PubsubMessage]) -> None:
        name = f"projects/{self.project}/topics/{topic}"
        async with self._places, asyncio.timeout(_SECONDS):
            # Not repeated behind our back: whoever publishes repeats in order.
            await self.client.publish(PublishRequest(topic=name, messages=messages), retry=None, timeout=_SECONDS)


def _wire(message: BusMessage) -> PubsubMessage:
    attributes = {"subject": message.subject, "tenantId": message.tenant_id, "eventId": message.event_id}
    return PubsubMessage(data=message.envelope, attributes=attributes, ordering_key=message.ordering_key)
