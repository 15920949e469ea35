"""Platform events from Redis Streams: the bus of the developer world (docs/upstreams.md, "The bus").

At least once: an event is acknowledged after its handler. What another consumer took and did not finish is claimed
after a while. An event that can't be understood, or that failed too often, is copied to the parking stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError, ResponseError

from bff_backoffice.application.platform_events import EventObserver, PlatformEvent, UnusableEventError
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore

__all__ = ["BLOCK_SECONDS", "RedisPlatformEvents"]

BLOCK_SECONDS: Final = 1.0
"""How long one read waits; the store must be opened with a longer limit."""

_BATCH: Final = 64
_CLAIM_AFTER_MS: Final = 2_000
"""Longer than a handler takes on a good day; after this its consumer is taken for dead. Handling an event twice changes
nothing, and a revocation that waits for a dead consumer is a session too many."""

_MOST_DELIVERIES: Final = 30
_PAUSE_SECONDS: Final = 0.5
_PARKED_AT_MOST: Final = 10_000

Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisPlatformEvents:
    """One consumer of this service's group. `name` tells it from the group's others."""

    redis: RedisStore
    name: str
    handle: Callable[[PlatformEvent], Awaitable[bool]]
    observer: EventObserver

    async def run(self) -> None:
        """Receive until cancelled. A bus that is away is asked again twice a second."""
        while True:
            try:
                await self._prepare()
                while True:
                    await self._claim()
                    await self._read()
            except (RedisError, OSError, TimeoutError):
                _end_if_cancelled()
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _prepare(self) -> None:
        """Make the group where it is missing; a group that is lost with the bus's memory starts with what is there."""
        try:
            await self.redis.redis.xgroup_create(keys.platform_events(), keys.CONSUMER_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _read(self) -> None:
        answer: Any = await self.redis.redis.xreadgroup(
            keys.CONSUMER_GROUP,
            self.name,
            {keys.platform_events(): ">"},
            count=_BATCH,
            block=int(BLOCK_SECONDS * 1000),
        )
        for _, entries in answer or ():
            for entry_id, fields in entries:
                await self._take(entry_id, fields)

    async def _claim(self) -> None:
        """Go on with what a consumer that died, or a handler that failed, left unfinished."""
        answer: Any = await self.redis.redis.xautoclaim(
            keys.platform_events(), keys.CONSUMER_GROUP, self.name, min_idle_time=_CLAIM_AFTER_MS, count=_BATCH
        )
        for entry_id, fields in answer[1]:
            pending: Any = await self.redis.redis.xpending_range(
                keys.platform_events(), keys.CONSUMER_GROUP, min=entry_id, max=entry_id, count=1
            )
            if pending and pending[0]["times_delivered"] > _MOST_DELIVERIES:
                await self._park(entry_id, fields, "delivered too often")
            else:
                await self._take(entry_id, fields)

    async def _take(self, entry_id: bytes, fields: Fields) -> None:
        _end_if_cancelled()
        subject = fields.get(b"subject", b"").decode(errors="replace")
        try:
            interesting = await self._handled(fields)
        except UnusableEventError as error:
            await self._park(entry_id, fields, str(error))
            return
        except Exception:  # noqa: BLE001 - one event must not stop the others; this one comes again
            self.observer.consumed(subject, "again")
            return
        await self.redis.redis.xack(keys.platform_events(), keys.CONSUMER_GROUP, entry_id)
        self.observer.consumed(subject if interesting else "other", "done" if interesting else "ignored")

    async def _handled(self, fields: Fields) -> bool:
        event = _event(fields)
        while True:
            try:
                return await self.handle(event)
            except StoreUnavailableError:
                # A store that is away is away for every event, so waiting here keeps the order and loses nothing.
                self.observer.consumed(event.subject, "again")
                _end_if_cancelled()
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _park(self, entry_id: bytes, fields: Fields, why: str) -> None:
        parked: dict[Any, Any] = {**fields, b"parkedBecause": why.encode(), b"entryId": entry_id}
        await self.redis.redis.xadd(keys.parked_events(), parked, maxlen=_PARKED_AT_MOST, approximate=True)
        await self.redis.redis.xack(keys.platform_events(), keys.CONSUMER_GROUP, entry_id)
        self.observer.consumed(fields.get(b"subject", b"").decode(errors="replace"), "parked")


def _end_if_cancelled() -> None:
    """End the consumer that was told to end, once more.

    A cancellation that arrives as a database call completes can be swallowed below us (Python 3.11's `wait_for`, which
    the driver uses, does so), and under a stream that never pauses nothing else would ever end this loop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _event(fields: Fields) -> PlatformEvent:
    """The event in whatever envelope its service uses: the payload is in `payload` or in `data`."""
    try:
        envelope = msgspec.json.decode(fields[b"envelope"])
        subject, tenant_id = fields[b"subject"].decode(), fields[b"tenantId"].decode()
    except (KeyError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UnusableEventError("no envelope") from error
    if not isinstance(envelope, dict):
        raise UnusableEventError("the envelope is no object")
    payload = envelope.get("payload", envelope.get("data"))
    if not isinstance(payload, dict):
        raise UnusableEventError("no payload")
    return PlatformEvent(subject=subject, tenant_id=tenant_id, payload=payload)
