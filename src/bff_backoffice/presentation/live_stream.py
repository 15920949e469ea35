"""One stream of live events over one connection: it writes what it hears and keeps no queue of its own.

What the client has not taken yet is the connection's; once that is more than the bound, the stream ends, and its client
comes back with the cursor that it did read.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from bff_backoffice.application.live_events import StreamFacts
from bff_backoffice.application.live_events_following import LiveEvents, Reader, Told
from bff_backoffice.application.ports import Clock
from bff_backoffice.domain.live_events import Cursor, EndReason, Gap, LoggedEvent, Viewer
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.presentation.exchange import Line, Open, Write
from bff_backoffice.presentation.live_frames import (
    PADDING,
    beat_frame,
    end_frame,
    event_frame,
    gap_frame,
    ready_frame,
)
from bff_backoffice.presentation.responses import ClientGoneError

__all__ = ["LAST_WORD_SECONDS", "LiveStream"]

LAST_WORD_SECONDS: Final = 0.5
"""How long a client may take the end where its right to the stream ends with it: a revoked one is heard of within the
second, and a stream ends so long before its token does (contract, sections 6 and 8)."""

_READ_SECONDS: Final = 10.0
"""How long a client may take to read a few hundred KB: a page of what it missed, or what stands before the end. One
that was busy for some seconds is told why it was cut off, since that comes last."""

_WRITE_BYTES: Final = 32_768
_SYSTEM_BYTES: Final = 65_536


class LiveStream(Reader):
    """A device's stream. `lifetime_seconds` is how long it lives at most, its end by the token included."""

    __slots__ = ("_catching_up", "_clock", "_line", "_live", "_open", "_seconds", "_unsent", "_write", "cursor")

    def __init__(
        self,
        *,
        tenant_id: TenantId,
        facts: StreamFacts,
        viewer: Viewer,
        live: LiveEvents,
        clock: Clock,
        lifetime_seconds: float,
    ) -> None:
        super().__init__(tenant_id=tenant_id, facts=facts, viewer=viewer)
        self._live = live
        self._clock = clock
        self._seconds = lifetime_seconds
        self._open: Open | None = None
        self._write: Write | None = None
        self._line: Line | None = None
        self._unsent = 0
        self._catching_up: asyncio.Timeout | None = None
        self.cursor: Cursor | None = None

    async def ready(self, cursor: Cursor, *, recovered: bool) -> None:
        """Send headers, padding and `session.ready`, all at once."""
        if self._open is None:
            raise RuntimeError("a stream begins once")
        self._write, self._line = await self._open((), self.leave)
        # Nothing of how it was opened is needed any more, and it holds what the answer began with.
        self._open = None
        self._line.bound_in_system(_SYSTEM_BYTES)
        self.cursor = cursor
        frame = ready_frame(
            cursor,
            self.tenant_id,
            self._clock(),
            heartbeat_seconds=self._live.heartbeat_seconds,
            lifetime_seconds=max(1, int(self._seconds)),
            recovered=recovered,
            channels=self.viewer.heard_channels,
        )
        self._line.push(PADDING + frame)

    async def catch_up(self, told: Told) -> None:
        """Write a page, waiting for the client where it needs time."""
        if self._write is None:
            return
        chunk, until = bytearray(), self.cursor
        try:
            async with asyncio.timeout(_READ_SECONDS) as self._catching_up:
                for cursor, each in told:
                    chunk += self._frame(cursor, each)
                    until = cursor
                    if len(chunk) >= _WRITE_BYTES:
                        await self._write(bytes(chunk))
                        chunk.clear()
                        self.cursor = until
                if chunk:
                    await self._write(bytes(chunk))
        finally:
            self._catching_up = None
        self.cursor = until

    def end(self, reason: EndReason, detail: str = "") -> None:
        """End for this reason; the first one counts, and nothing waits for a client that catches up."""
        super().end(reason, detail)
        if self._catching_up is not None and not self._catching_up.expired():
            self._catching_up.reschedule(asyncio.get_running_loop().time())

    def hear(self, cursor: Cursor, told: Gap | LoggedEvent) -> None:
        """Write it at once, or end if the client is too far behind."""
        line = self._line
        if line is None or self.over.done():
            return
        if line.unsent() > self._live.buffer_bytes:
            self.end(EndReason.OVERFLOWED)
            return
        line.push(self._frame(cursor, told))
        self.cursor = cursor

    def beat(self, now: datetime) -> None:
        """Write a comment; end if the client has taken nothing since the last one."""
        line = self._line
        if line is None or self.over.done():
            return
        unsent = line.unsent()
        if unsent and unsent >= self._unsent > 0:
            self.end(EndReason.OVERFLOWED)
            return
        self._unsent = unsent
        line.push(beat_frame(now))

    async def live(self, after: Cursor | None, expires_in: float, open_: Open) -> float:
        """Open the answer, be open until something ends it, and say what did.

        `expires_in` is in how many seconds it has to end, because its token does. Returns for how many seconds the
        client may take what it has not taken yet.

        Raises:
            ClientGoneError: the client went away.
            StoreUnavailableError: as the use case.
        """
        self._open = open_
        # A coroutine keeps what it was called with for as long as it runs.
        del open_
        reason = EndReason.EXPIRED if expires_in <= self._seconds else EndReason.ROTATED
        loop = asyncio.get_running_loop()
        alarm, expires_at = loop.call_later(max(0.0, self._seconds), self.end, reason), loop.time() + expires_in
        try:
            await self._live.follow(self, after)
        finally:
            alarm.cancel()
        if self.reason is None or self._line is None or self.cursor is None:
            raise ClientGoneError
        self._line.push(end_frame(self.cursor, self.reason, self.detail, self.tenant_id, self._clock()))
        if self.reason is EndReason.REVOKED:
            return LAST_WORD_SECONDS
        return min(_READ_SECONDS, max(0.0, expires_at - loop.time()) + LAST_WORD_SECONDS)

    def _frame(self, cursor: Cursor, told: Gap | LoggedEvent) -> bytes:
        if isinstance(told, LoggedEvent):
            return event_frame(cursor, told)
        return gap_frame(cursor, told, self.tenant_id, self._clock())
