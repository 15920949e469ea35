"""Listening to the live log: by a stream that stays open, or by asking again and again (contract, section 6).

Both read one log with one cursor, so that a desktop may change from one to the other at any event.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bff_backoffice.application.live_events import LiveLog, LiveObserver, StreamFences
from bff_backoffice.application.live_events_hub import LiveHub
from bff_backoffice.application.live_events_listener import Listener
from bff_backoffice.domain.live_events import Cursor, EndReason, Gap, LoggedEvent, recovers, what_follows

__all__ = ["FollowLiveEvents", "LiveEvents", "PollLiveEvents", "Polled", "Poller", "Reader"]

Told = Sequence[tuple[Cursor, Gap | LoggedEvent]]


class Reader(Listener):
    """A stream: a listener who is told in writing."""

    __slots__ = ()

    @abstractmethod
    async def ready(self, cursor: Cursor, *, recovered: bool) -> None:
        """Begin, and say from where the reader goes on."""

    @abstractmethod
    async def catch_up(self, told: Told) -> None:
        """Write what was told before the reader listened, as fast as he reads.

        Raises:
            TimeoutError: he does not.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowLiveEvents:
    """Tell a stream everything after its cursor, or from now on, until it ends.

    Returns when the stream has ended; its `reason` says why.

    Raises:
        StoreUnavailableError: before it was ready: nothing was written; later: the client comes back with its cursor.
    """

    hub: LiveHub
    log: LiveLog
    fences: StreamFences
    observer: LiveObserver

    async def __call__(self, reader: Reader, after: Cursor | None) -> None:
        # Registered first, announced after: an older stream must not hear of this one before this one hears of others.
        try:
            here = await self.hub.join(reader)
            reader.fence(await self.fences.open(reader.tenant_id, reader.facts.device_id))
            cursor = after or here
            page = None if after is None else await self.log.read(reader.tenant_id, after.position, epoch=after.epoch)
            recovered = page is not None and recovers(page, cursor, reader.viewer)
            await reader.ready(cursor, recovered=recovered)
            self.observer.stream_opened()
            try:
                # What was read is told before the hub takes over: a cursor from beyond the log's end has a gap in it.
                while not (reader.over.done() or reader.silent or (not page and self.hub.attach(reader, cursor))):
                    page = page or await self.log.read(reader.tenant_id, cursor.position, epoch=cursor.epoch)
                    following = what_follows(page, cursor, reader.viewer)
                    await reader.catch_up(following.told)
                    cursor, ended = following.cursor, following.cursor.position >= page.head
                    page = None
                    if ended:
                        await self.hub.caught_up(reader, cursor)
                await reader.over
            except TimeoutError:
                reader.end(EndReason.OVERFLOWED)
            finally:
                self.observer.stream_ended(reader.reason)
        finally:
            self.hub.leave(reader)


class Poller(Listener):
    """A request that waits: whatever it hears ends the wait, and is then read from the log."""

    __slots__ = ()

    def hear(self, cursor: Cursor, told: Gap | LoggedEvent) -> None:
        """Stop waiting."""
        del cursor, told
        self.leave()

    def beat(self, now: datetime) -> None:
        """Nobody is there to hear it."""


@dataclass(frozen=True, slots=True)
class Polled:
    """What was told, in order, and the cursor to ask again with."""

    cursor: Cursor
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLiveEvents:
    """What was told after a cursor, or from now on; waits for it if there is nothing yet.

    The wait ends early where the poller does: its `reason` then says why.

    Raises:
        StoreUnavailableError: the log can't be read now.
    """

    hub: LiveHub
    log: LiveLog

    async def __call__(self, poller: Poller, after: Cursor | None, *, wait_seconds: float) -> Polled:
        found = await self._read(poller, after)
        if found.told or wait_seconds <= 0:
            return found
        try:
            await self.hub.join(poller)
            while not (poller.over.done() or poller.silent or self.hub.attach(poller, found.cursor)):
                found = await self._read(poller, found.cursor)
                if found.told:
                    return found
                await self.hub.caught_up(poller, found.cursor)
            alarm = asyncio.get_running_loop().call_later(wait_seconds, poller.leave)
            try:
                await poller.over
            finally:
                alarm.cancel()
        finally:
            self.hub.leave(poller)
        # Who may not hear any more what he could hear when he asked is told nothing, and asks again from where he was.
        return found if poller.silent else await self._read(poller, found.cursor)

    async def _read(self, poller: Poller, after: Cursor | None) -> Polled:
        """The next page with something for this poller in it, or the log's end."""
        if after is None:
            return Polled(await self.log.now(poller.tenant_id), ())
        while True:
            page = await self.log.read(poller.tenant_id, after.position, epoch=after.epoch)
            following = what_follows(page, after, poller.viewer)
            if following.told or following.cursor.position >= page.head:
                return Polled(following.cursor, following.told)
            after = following.cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvents:
    """Both ways to listen, and the hub that hears for them. `lifetime_seconds` is the longest life of a stream.

    `buffer_bytes` is how much is kept for a client that reads slowly.
    """

    hub: LiveHub
    follow: FollowLiveEvents
    poll: PollLiveEvents
    lifetime_seconds: float
    heartbeat_seconds: int
    buffer_bytes: int
