"""How long a stream waits for a client that does not read, whose right to it may end meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from bff_backoffice.application.live_events_following import FollowLiveEvents, LiveEvents, PollLiveEvents
from bff_backoffice.application.live_events_hub import LiveHub
from bff_backoffice.domain.live_events import Cursor, EndReason
from bff_backoffice.presentation.exchange import Line, Write
from bff_backoffice.presentation.live_stream import LiveStream
from tests.fakes import virtual_time
from tests.fakes.memory_live_log import MemoryLiveLog
from tests.unit.live_events.test_listeners import ALERT, FACTS, TENANT, VIEWER, Nobody, OpenFences, during

BEGINNING = Cursor("0" * 15 + "1", 0)


class Stuck:
    """A client that takes nothing. `pushed` is what was written for it."""

    def __init__(self) -> None:
        self.pushed: list[bytes] = []

    async def open(self, headers: Sequence[tuple[str, str]], gone: Callable[[], None]) -> tuple[Write, Line]:
        """Give the connection to it."""
        del headers, gone
        return self.write, self

    async def write(self, chunk: bytes) -> None:
        """Wait until it takes more."""
        del chunk
        await asyncio.Event().wait()

    def push(self, chunk: bytes) -> None:
        """Keep it."""
        self.pushed.append(chunk)

    def unsent(self) -> int:
        """As much as there is."""
        return sum(map(len, self.pushed))

    def bound_in_system(self, size: int) -> None:
        """There is no system below."""

    def abort(self) -> None:
        """Not this one's to do."""
        raise AssertionError


def stream_of(hub: LiveHub, log: MemoryLiveLog, *, lifetime_seconds: float) -> LiveStream:
    """A stream that would live for so long."""
    live = LiveEvents(
        hub=hub, follow=FollowLiveEvents(hub=hub, log=log, fences=OpenFences(), observer=Nobody()),
        poll=PollLiveEvents(hub=hub, log=log), lifetime_seconds=lifetime_seconds, heartbeat_seconds=15,
        buffer_bytes=65_536,
    )  # fmt: skip
    return LiveStream(
        tenant_id=TENANT, facts=FACTS, viewer=VIEWER, live=live, clock=virtual_time.wall_clock,
        lifetime_seconds=lifetime_seconds,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "expires_in", "seconds"),
    [
        (EndReason.OVERFLOWED, 600.0, 10.0),
        (EndReason.DRAINING, 600.0, 10.0),
        (EndReason.ROTATED, 5.0, 2.5),
        (EndReason.OVERFLOWED, 5.0, 2.5),
        (EndReason.REVOKED, 600.0, 0.5),
    ],
)
def test_who_does_not_read_has_no_longer_for_the_end_than_its_right_lasts(
    reason: EndReason, expires_in: float, seconds: float
) -> None:
    """A revoked session has what is left of the second, a token not more than it is good for; others ten seconds."""

    async def scenario(hub: LiveHub, log: MemoryLiveLog) -> None:
        client, stream = Stuck(), stream_of(hub, log, lifetime_seconds=expires_in)
        living = asyncio.create_task(stream.live(None, expires_in, client.open))
        await asyncio.sleep(3)
        stream.end(reason)

        assert await living == pytest.approx(seconds)
        assert f"event: session.{reason.value}\n".encode() in client.pushed[-1]

    during(scenario)


def test_a_stream_ends_with_its_token_also_for_who_does_not_read() -> None:
    """What is left to it then is the half second by which it ends before its token does."""

    async def scenario(hub: LiveHub, log: MemoryLiveLog) -> None:
        client, stream = Stuck(), stream_of(hub, log, lifetime_seconds=4.0)

        assert await stream.live(None, 4.0, client.open) == pytest.approx(0.5)
        assert asyncio.get_running_loop().time() == pytest.approx(4.0)
        assert stream.reason is EndReason.EXPIRED

    during(scenario)


def test_the_end_of_a_stream_does_not_wait_for_a_client_that_catches_up() -> None:
    """What it missed is not behind it yet: it is told why it ends, and neither waits for the other."""

    async def scenario(hub: LiveHub, log: MemoryLiveLog) -> None:
        await log.announce(TENANT, ALERT)
        client, stream = Stuck(), stream_of(hub, log, lifetime_seconds=600.0)
        living = asyncio.create_task(stream.live(BEGINNING, 600.0, client.open))
        await asyncio.sleep(3)
        assert not living.done()
        stream.end(EndReason.REVOKED)
        await living

        assert asyncio.get_running_loop().time() == pytest.approx(3.0)
        assert stream.cursor == BEGINNING
        assert b"event: session.revoked\n" in client.pushed[-1]

    during(scenario)
