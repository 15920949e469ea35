"""One connection to Redis that carries many callers' round trips: commands go out joined, replies come in order.

Redis answers a connection's commands in the order in which they were sent, so a reply belongs to the oldest round trip
that still lacks one. That is the whole bookkeeping, and the law that keeps answers apart: the place of a caller who
left stays in the row until its replies have come, and they are dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Final

from hiredis import ProtocolError, Reader, pack_command
from redis._parsers.base import BaseParser
from redis.exceptions import BusyLoadingError, MasterDownError, ReadOnlyError, RedisError

from bff_backoffice.infrastructure.memorystore.client import Command

__all__ = ["RoundTrip", "Wire", "WireFullError"]

_MOST_WAITING: Final = 4096
"""Round trips without an answer. At 10,000 a second a healthy server has a tenth of this many."""

_MOST_UNSENT_BYTES: Final = 8 * 1024 * 1024
"""More than the boards of a whole burst; a server that takes no more than this is not reading."""

_LATE_SECONDS: Final = 0.02
_EXTENSIONS: Final = 4
"""Whose own timer rings late was busy and may not have read yet what is there: the limit begins anew, so often."""

_AWAY: Final = (BusyLoadingError, MasterDownError, ReadOnlyError)
"""Error replies of a server that is not, or no longer, the one to ask: another connection may reach the right one."""

_pack: Callable[[Command], bytes] = pack_command  # type: ignore[assignment] # its stub takes tuples of one element

_MORE: Final = object()
"""What the reader gives when the next reply is not complete yet; every other value may be a reply."""


class WireFullError(ConnectionError):
    """More is under way than the bounds allow; the server does not keep up."""


class RoundTrip:
    """A place in the row. `done` is a future that never fails: `failure` says afterwards whether the round trip did.

    (A future with an exception that nobody fetches complains, and a caller who is cancelled fetches nothing.)
    """

    __slots__ = ("count", "done", "due", "failure", "replies")

    def __init__(self, done: asyncio.Future[None], count: int, due: float) -> None:
        self.done = done
        self.count = count
        self.due = due
        self.replies: list[Any] = []
        self.failure: Exception | None = None

    def end(self, failure: Exception | None) -> None:
        """Wake the caller, if there still is one."""
        if not self.done.done():
            self.failure = failure
            self.done.set_result(None)


class Wire(asyncio.Protocol):
    """A connection and the row of those who wait for its answers.

    A round trip that is not answered within `limit_seconds` fails with `TimeoutError`. When nothing at all was heard
    for that long, or what was heard is not Redis, the wire is torn down and everybody on it fails; `failure` is set
    from then on. One timer for the whole row instead of one each: all have the same limit, so the first in the row is
    also the first to be late.
    """

    __slots__ = (
        "_extensions", "_full", "_heard_at", "_limit_seconds", "_look_at", "_loop", "_lost", "_most_unsent",
        "_most_waiting", "_reader", "_timer", "_transport", "_unsent", "_unsent_bytes", "_waiting", "failure", "run_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        limit_seconds: float,
        most_waiting: int = _MOST_WAITING,
        most_unsent_bytes: int = _MOST_UNSENT_BYTES,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit_seconds = limit_seconds
        self._most_waiting, self._most_unsent = most_waiting, most_unsent_bytes
        self._reader = Reader(replyError=BaseParser.parse_error, notEnoughData=_MORE)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[RoundTrip] = deque()
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._full = False
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._look_at = 0.0
        self._extensions = _EXTENSIONS
        self._lost = asyncio.Event()
        self.failure: Exception | None = None
        self.run_id = ""

    @property
    def waiting(self) -> int:
        """How many places of the row are taken, also by callers who have left."""
        return len(self._waiting)

    def greeted(self, run_id: str, *, limit_seconds: float) -> None:
        """The greeting, which has a limit of its own, is over: from now on the wire carries callers' round trips."""
        self.run_id = run_id
        self._limit_seconds = limit_seconds
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as streams are given
        """The transport is there; its buffer has the same bound as ours."""
        self._transport = transport
        transport.set_write_buffer_limits(high=self._most_unsent)

    def pause_writing(self) -> None:
        """The transport holds more than its bound: nothing more is taken on until it is rid of it."""
        self._full = True

    def resume_writing(self) -> None:
        """The transport has room again."""
        self._full = False

    def send(self, commands: Sequence[Command]) -> RoundTrip:
        """Take a place in the row. The commands go out with everybody's of this turn of the loop, in one write.

        Raises:
            WireFullError: over the bounds; nothing was sent.
        """
        waiting = self._waiting
        if self._full or self._unsent_bytes > self._most_unsent or len(waiting) >= self._most_waiting:
            raise WireFullError("more is under way than the bounds allow")
        packed = b"".join(map(_pack, commands))
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(packed)
        self._unsent_bytes += len(packed)
        now = self._loop.time()
        trip = RoundTrip(self._loop.create_future(), len(commands), now + self._limit_seconds)
        waiting.append(trip)
        if self._timer is None:
            self._arm(trip.due)
        return trip

    def _flush(self) -> None:
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0
        if self.failure is None and self._transport is not None:
            self._transport.write(b"".join(unsent))

    def data_received(self, data: bytes) -> None:
        """Give each complete reply to the first in the row."""
        self._heard_at = self._loop.time()
        reader, waiting = self._reader, self._waiting
        try:
            reader.feed(data)
            while self.failure is None and (reply := reader.gets()) is not _MORE:
                self._take(waiting, reply)
        except ProtocolError as error:
            self.end(error)

    def _take(self, waiting: deque[RoundTrip], reply: Any) -> None:  # noqa: ANN401 - a reply's type is the command's
        if not waiting:
            self.end(ProtocolError("a reply that nobody asked for"))
            return
        trip = waiting[0]
        replies = trip.replies
        replies.append(reply)
        if len(replies) < trip.count:
            return
        waiting.popleft()
        failure = next((each for each in replies if isinstance(each, RedisError)), None)
        trip.end(failure)
        if isinstance(failure, _AWAY):
            self.end(failure)

    def _arm(self, look_at: float) -> None:
        self._look_at = look_at
        self._timer = self._loop.call_at(look_at, self._look)

    def _look(self) -> None:
        """Whoever is late fails; if nothing was heard all that time, so does everybody."""
        self._timer = None
        if not self._waiting:
            return
        now = self._loop.time()
        silent = self._heard_at <= now - self._limit_seconds and self._waiting[0].due <= now
        if now - self._look_at > _LATE_SECONDS and self._extensions:
            self._extensions -= 1
            self._arm(now + self._limit_seconds)
        elif silent:
            self.end(TimeoutError("nothing was heard for too long"))
        else:
            self._extensions = _EXTENSIONS
            for trip in takewhile(lambda each: each.due <= now, self._waiting):
                trip.end(TimeoutError("the answer did not come in time"))
            self._arm(next((each.due for each in self._waiting if each.due > now), now + self._limit_seconds))

    def connection_lost(self, exc: Exception | None) -> None:
        """The server hung up, or we did."""
        self.end(exc or ConnectionError("the connection was closed"))
        self._lost.set()

    def end(self, failure: Exception) -> None:
        """Tear the connection down and fail everybody on it. Only the first call does anything."""
        if self.failure is not None:
            return
        self.failure = failure
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        for trip in self._waiting:
            trip.end(failure)
        self._waiting.clear()

    async def wait_closed(self) -> None:
        """Until the socket is closed, which is one turn of the loop after `end`."""
        await self._lost.wait()
