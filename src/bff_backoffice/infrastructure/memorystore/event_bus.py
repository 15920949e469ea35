"""The bus on Redis Streams, as the developer world has it (docs/upstreams.md, "The bus")."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from redis.asyncio import Redis

from bff_backoffice.application.event_bus import BusMessage, Receive
from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Command, RedisStore

__all__ = ["BLOCK_SECONDS", "RedisEventPublisher", "RedisEventSubscription"]

_KEPT: Final = 100_000
"""Entries, about: as many as the platform's own stream keeps. Redis holds them in memory, beside the sessions."""


BLOCK_SECONDS: Final = 1.0
"""How long one read waits; the store must be opened with a longer limit."""

_BATCH: Final = 64
_CLAIM_AFTER_MS: Final = 2_000
"""Longer than a handler takes on a good day; after this its consumer is taken for dead. Handling an event twice changes
nothing, and a revocation that waits for a dead consumer is a session too many."""

_PAUSE_SECONDS: Final = 0.5

Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEventPublisher:
    """Appends to this service's stream, all messages in one round trip."""

    redis: RedisStore
    clock: Clock
    kept: int = _KEPT

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Append in the order given, which is the order of every key. Raises as the port says.

        One connection carries all of them, so where it breaks, those that are out are the first ones.
        """
        for message in messages:
            message.require_publishable()
        if messages:
            await self.redis.round_trip(*map(self._command, messages))

    def _command(self, message: BusMessage) -> Command:
        published_at = self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return (
            "XADD", keys.own_events(), "MAXLEN", "~", self.kept, "*",
            "subject", message.subject,
            "tenantId", message.tenant_id,
            "orderingKey", message.ordering_key,
            "eventId", message.event_id,
            "publishedAt", published_at,
            "envelope", message.envelope,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisEventSubscription:
    """One consumer of this service's group on the platform's stream. `name` tells it from the group's others.

    A message is acknowledged once it is dealt with. What another consumer took and did not finish is claimed after
    `claim_after_ms`; the messages that came behind it meanwhile are not held up.
    """

    redis: RedisStore
    name: str
    claim_after_ms: int = _CLAIM_AFTER_MS

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled. A bus that is away is asked again twice a second."""
        while True:
            try:
                await self._prepare()
                while True:
                    await self._claim(receive)
                    await self._read(receive)
            except StoreUnavailableError:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _prepare(self) -> None:
        """Make the group where it is missing; a group that is lost with the bus's memory starts with what is there."""
        stream, group = keys.platform_events(), keys.CONSUMER_GROUP
        try:
            await self.redis.run(lambda redis: redis.xgroup_create(stream, group, id="0", mkstream=True))
        except StoreUnavailableError as error:
            if "BUSYGROUP" not in str(error.__cause__):
                raise

    async def _read(self, receive: Receive) -> None:
        streams: dict[Any, Any] = {keys.platform_events(): ">"}
        block_ms = int(BLOCK_SECONDS * 1000)
        answer = await self.redis.run(
            lambda redis: redis.xreadgroup(keys.CONSUMER_GROUP, self.name, streams, count=_BATCH, block=block_ms)
        )
        for _, entries in answer or ():
            for entry_id, fields in entries:
                await self._take(entry_id, fields, 1, receive)

    async def _claim(self, receive: Receive) -> None:
        """Go on with what a consumer that died, or a handler that failed, left unfinished."""
        stream, group = keys.platform_events(), keys.CONSUMER_GROUP
        answer = await self.redis.run(
            lambda redis: redis.xautoclaim(stream, group, self.name, min_idle_time=self.claim_after_ms, count=_BATCH)
        )
        for entry_id, fields in answer[1]:
            attempt = await self.redis.run(partial(_attempts, entry_id=entry_id))
            await self._take(entry_id, fields, attempt, receive)

    async def _take(self, entry_id: bytes, fields: Fields, attempt: int, receive: Receive) -> None:
        message = _message(fields, attempt)
        while True:
            try:
                done = await receive(message)
            except StoreUnavailableError:
                # A store that is away is away for every message, so waiting here keeps the order and loses nothing.
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:  # noqa: BLE001 - one message must not stop the others; this one comes again
                return
            else:
                break
        if done:
            await self.redis.run(lambda redis: redis.xack(keys.platform_events(), keys.CONSUMER_GROUP, entry_id))


async def _attempts(redis: Redis, *, entry_id: bytes) -> int:
    """How often this message was handed out."""
    pending: Any = await redis.xpending_range(
        keys.platform_events(), keys.CONSUMER_GROUP, min=entry_id, max=entry_id, count=1
    )
    return int(pending[0]["times_delivered"]) if pending else 1


def _message(fields: Fields, attempt: int) -> BusMessage:
    def text(name: bytes) -> str:
        return fields.get(name, b"").decode(errors="replace")

    return BusMessage(
        subject=text(b"subject"),
        tenant_id=text(b"tenantId"),
        ordering_key=text(b"orderingKey"),
        event_id=text(b"eventId"),
        envelope=fields.get(b"envelope", b""),
        attempt=attempt,
    )
