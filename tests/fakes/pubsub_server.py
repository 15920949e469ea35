"""A Pub/Sub server of the tests' own, over the protobuf classes that the library ships.

Ordering keys, filters on attributes, deadlines, redelivery, dead letters, pull and streaming pull. It refuses what the
real service refuses: two ordering keys in one request, unknown topics and subscriptions.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from google.pubsub_v1 import types

from bff_backoffice.dev.sockets import free_port

__all__ = ["PubSubServer", "Sub"]

_FILTER: Final = re.compile(r'(?:hasPrefix\(attributes\.(\w+), "([^"]*)"\)|attributes\.(\w+) = "([^"]*)")\Z')
_DEADLINE: Final = 10.0


@dataclass(eq=False)
class _Entry:
    message: Any
    attempts: int = 0
    ack_id: str | None = None
    deadline: float = 0.0


@dataclass(kw_only=True)
class Sub:
    """A subscription. `filter` is one comparison of an attribute; 0 attempts means no dead-letter policy."""

    topic: str
    ordered: bool = True
    filter: str = ""
    most_attempts: int = 0
    dead_letter_topic: str = ""
    entries: list[_Entry] = field(default_factory=list)

    def wants(self, attributes: Any) -> bool:
        """Whether the filter lets a message with these attributes through."""
        found = _FILTER.match(self.filter) if self.filter else None
        if found is None:
            return not self.filter
        if found[1] is not None:
            return str(attributes.get(found[1], "")).startswith(found[2])
        return bool(attributes.get(found[3]) == found[4])


class PubSubServer:
    """Holds topics and subscriptions by their full names; they outlive `stop`, as Google's do."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Any]] = {}
        self.subscriptions: dict[str, Sub] = {}
        self.requests: list[str] = []
        self.port = 0
        self._ids = itertools.count(1)
        self._streams: set[asyncio.Event] = set()
        self._server: Any = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, at the same port as before where it has listened before: one that no outgoing connection can get."""
        self.port = self.port or free_port()
        self._server = grpc.aio.server()
        publisher = {
            "Publish": self._unary(self._publish, types.PublishRequest, types.PublishResponse),
            "GetTopic": self._unary(self._topic, types.GetTopicRequest, types.Topic),
        }
        subscriber = {
            "Pull": self._unary(self._pull, types.PullRequest, types.PullResponse),
            "Acknowledge": self._unary(self._acknowledge, types.AcknowledgeRequest, None),
            "ModifyAckDeadline": self._unary(self._modify, types.ModifyAckDeadlineRequest, None),
            "GetSubscription": self._unary(self._subscription, types.GetSubscriptionRequest, types.Subscription),
            "StreamingPull": grpc.stream_stream_rpc_method_handler(
                self._streaming_pull,
                request_deserializer=types.StreamingPullRequest.pb().FromString,
                response_serializer=types.StreamingPullResponse.pb().SerializeToString,
            ),
        }
        self._server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", publisher),
            grpc.method_handlers_generic_handler("google.pubsub.v1.Subscriber", subscriber),
        ))  # fmt: skip
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        """End every call at once."""
        await self._server.stop(None)
        for sub in self.subscriptions.values():
            for entry in sub.entries:
                entry.ack_id = None

    def create(self, subscription: str, **options: Any) -> Sub:
        """Make a subscription and the topics that it names."""
        sub = Sub(**options)
        for topic in filter(None, (sub.topic, sub.dead_letter_topic)):
            self.topics.setdefault(topic, [])
        self.subscriptions[subscription] = sub
        return sub

    def put(self, topic: str, message: Any) -> str:
        """Publish a protobuf message."""
        message.message_id = str(next(self._ids))
        message.publish_time.GetCurrentTime()
        self.topics[topic].append(message)
        for sub in self.subscriptions.values():
            if sub.topic == topic and sub.wants(message.attributes):
                sub.entries.append(_Entry(message))
        return str(message.message_id)

    def _unary(self, handler: Any, request: Any, response: Any) -> Any:
        async def call(given: Any, context: Any) -> Any:
            self.requests.append(type(given).__name__)
            return await handler(given, context)

        serializer = Empty.SerializeToString if response is None else response.pb().SerializeToString
        return grpc.unary_unary_rpc_method_handler(
            call, request_deserializer=request.pb().FromString, response_serializer=serializer
        )

    async def _publish(self, request: Any, context: Any) -> Any:
        if request.topic not in self.topics:
            await context.abort(grpc.StatusCode.NOT_FOUND, "Topic not found")
        if len({each.ordering_key for each in request.messages}) > 1:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "all messages must have one ordering key")
        ids = [self.put(request.topic, each) for each in request.messages]
        self._tell()
        return types.PublishResponse.pb()(message_ids=ids)

    async def _topic(self, request: Any, context: Any) -> Any:
        if request.topic not in self.topics:
            await context.abort(grpc.StatusCode.NOT_FOUND, "Topic not found")
        return types.Topic.pb()(name=request.topic)

    async def _sub(self, name: str, context: Any) -> Sub:
        sub = self.subscriptions.get(name)
        if sub is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "Subscription not found")
        assert sub is not None
        return sub

    async def _subscription(self, request: Any, context: Any) -> Any:
        sub = await self._sub(request.subscription, context)
        policy = types.DeadLetterPolicy.pb()(
            dead_letter_topic=sub.dead_letter_topic, max_delivery_attempts=sub.most_attempts
        )
        return types.Subscription.pb()(
            name=request.subscription, topic=sub.topic, enable_message_ordering=sub.ordered, filter=sub.filter,
            dead_letter_policy=policy if sub.most_attempts else None,
        )  # fmt: skip

    async def _pull(self, request: Any, context: Any) -> Any:
        sub = await self._sub(request.subscription, context)
        return types.PullResponse.pb()(received_messages=self._due(sub, request.max_messages, _DEADLINE))

    async def _acknowledge(self, request: Any, context: Any) -> Any:
        sub = await self._sub(request.subscription, context)
        sub.entries = [each for each in sub.entries if each.ack_id is None or each.ack_id not in request.ack_ids]
        self._tell()
        return Empty()

    async def _modify(self, request: Any, context: Any) -> Any:
        sub = await self._sub(request.subscription, context)
        for entry in list(sub.entries):
            if entry.ack_id is not None and entry.ack_id in request.ack_ids:
                if request.ack_deadline_seconds:
                    entry.deadline = asyncio.get_running_loop().time() + request.ack_deadline_seconds
                else:
                    self._give_back(sub, entry)
        self._tell()
        return Empty()

    def _give_back(self, sub: Sub, entry: _Entry) -> None:
        """A message comes again, and with it those behind it of the same key; too often, and it is a dead letter."""
        entry.ack_id = None
        key = entry.message.ordering_key
        if sub.ordered and key:
            for later in sub.entries[sub.entries.index(entry) :]:
                if later.message.ordering_key == key:
                    later.ack_id = None
        if sub.most_attempts and entry.attempts >= sub.most_attempts:
            sub.entries.remove(entry)
            copy = types.PubsubMessage.pb()()
            copy.CopyFrom(entry.message)
            self.put(sub.dead_letter_topic, copy)

    def _due(self, sub: Sub, most: int, seconds: float) -> list[Any]:
        now = asyncio.get_running_loop().time()
        for entry in list(sub.entries):
            if entry.ack_id is not None and entry.deadline <= now:
                self._give_back(sub, entry)
        found = []
        for entry in [each for each in sub.entries if each.ack_id is None][:most]:
            entry.attempts += 1
            entry.ack_id = f"ack-{next(self._ids)}"
            entry.deadline = now + seconds
            attempt = entry.attempts if sub.most_attempts else 0
            found.append(
                types.ReceivedMessage.pb()(ack_id=entry.ack_id, message=entry.message, delivery_attempt=attempt)
            )
        return found

    async def _streaming_pull(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        first = await anext(aiter(requests))
        sub = await self._sub(first.subscription, context)
        given: set[str] = set()
        self._streams.add(changed := asyncio.Event())
        try:
            while True:
                found = self._due(sub, first.max_outstanding_messages or 1000, first.stream_ack_deadline_seconds)
                if found:
                    given.update(each.ack_id for each in found)
                    yield types.StreamingPullResponse.pb()(received_messages=found)
                    continue
                await changed.wait()
                changed.clear()
        finally:
            # A stream that ends gives back what it had.
            self._streams.discard(changed)
            for entry in sub.entries:
                if entry.ack_id in given:
                    entry.ack_id = None
            self._tell()

    def _tell(self) -> None:
        for changed in self._streams:
            changed.set()

    def published(self, topic: str, message: Any) -> None:
        """Publish as the platform does, and tell every stream."""
        self.put(topic, message)
        self._tell()
