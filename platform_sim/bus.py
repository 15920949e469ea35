"""The platform's bus: a Redis stream that every service publishes to, each in an envelope of its own shape.

Stream `platform:events`; the fields of an entry are `subject`, `tenantId`, `orderingKey`, `publishedAt` and `envelope`.
Without Redis the events are only kept in memory, where the control routes show them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from redis.typing import EncodableT, FieldT

from platform_sim.envelopes import envelope_of
from platform_sim.kernel import PublishedEvent, instant

__all__ = ["STREAM", "Bus", "BusEntry"]

STREAM: Final = "platform:events"
_KEPT: Final = 10_000
_TRIMMED_TO: Final = 100_000
_OPERATION_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class BusEntry:
    """One entry of the stream, as its fields."""

    subject: str
    tenant_id: str
    ordering_key: str
    published_at: str
    envelope: str

    def fields(self) -> dict[FieldT, EncodableT]:
        """The fields of the stream entry."""
        return {
            "subject": self.subject,
            "tenantId": self.tenant_id,
            "orderingKey": self.ordering_key,
            "publishedAt": self.published_at,
            "envelope": self.envelope,
        }


class Bus:
    """Publishes in the order of the calls. While Redis is away the entries wait, and go out when it is back."""

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._waiting: deque[tuple[BusEntry, asyncio.Future[None] | None]] = deque(maxlen=_KEPT)
        self._arrived = asyncio.Event()
        self.published: deque[BusEntry] = deque(maxlen=_KEPT)
        """What was published since the start, newest last."""

    def publish(self, event: PublishedEvent, now: datetime) -> BusEntry:
        """Put an event into its envelope and on its way; does not wait."""
        entry = _entry(event, now)
        self.published.append(entry)
        if self._redis is not None:
            self._waiting.append((entry, None))
            self._arrived.set()
        return entry

    async def publish_and_wait(self, event: PublishedEvent, now: datetime) -> BusEntry:
        """Publish and return once the entry is in the stream; raises `TimeoutError` where Redis is away."""
        entry = _entry(event, now)
        self.published.append(entry)
        if self._redis is not None:
            done = asyncio.get_running_loop().create_future()
            self._waiting.append((entry, done))
            self._arrived.set()
            async with asyncio.timeout(_OPERATION_SECONDS):
                await done
        return entry

    async def run(self) -> None:
        """Write what waits to the stream, until cancelled. Nothing to do without Redis."""
        if self._redis is None:
            return
        complained = False
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            try:
                await self._drain(self._redis)
                complained = False
            except (RedisError, OSError, TimeoutError) as failure:
                if not complained:
                    sys.stderr.write(f"platform-sim: the bus is away, events wait: {failure}\n")
                complained = True
                await asyncio.sleep(_PAUSE_SECONDS)
                self._arrived.set()

    async def _drain(self, redis: Redis) -> None:
        while self._waiting:
            entry, done = self._waiting[0]
            async with asyncio.timeout(_OPERATION_SECONDS):
                await redis.xadd(STREAM, entry.fields(), maxlen=_TRIMMED_TO, approximate=True)
            # The oldest entries are dropped when too many wait, so the one just written may be gone already.
            if self._waiting and self._waiting[0][0] is entry:
                self._waiting.popleft()
            if done is not None and not done.done():
                done.set_result(None)

    async def reachable(self) -> bool:
        """Whether the stream can be written to; True without Redis, because then nothing is asked of it."""
        if self._redis is None:
            return True
        try:
            async with asyncio.timeout(_OPERATION_SECONDS):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        return True


def _entry(event: PublishedEvent, now: datetime) -> BusEntry:
    published_at = instant(now)
    envelope = envelope_of(event, occurred_at=published_at)
    return BusEntry(
        subject=event.subject,
        tenant_id=event.tenant_id,
        ordering_key=event.ordering_key,
        published_at=published_at,
        envelope=json.dumps(envelope, ensure_ascii=False, separators=(",", ":")),
    )
