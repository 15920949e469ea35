"""Who listens while it changes what he may hear, and who comes with a cursor that the log does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest

from bff_backoffice.application.live_events import LiveHearing, Standing, StreamFacts
from bff_backoffice.application.live_events_following import FollowLiveEvents, Poller, PollLiveEvents, Reader, Told
from bff_backoffice.application.live_events_hub import LiveHub
from bff_backoffice.domain.live_events import Channel, Cursor, EndReason, Gap, LiveEvent, LoggedEvent, Viewer
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, OperatorRole, PropertyId, TenantId
from tests.fakes import virtual_time
from tests.fakes.memory_live_log import MemoryLiveLog

TENANT = TenantId("tnt_01JD0000000000000000000001")
FACTS = StreamFacts(
    DeviceId("dev_01JD0000000000000000000001"),
    IamSessionId("ses_01JD0000000000000000000001"),
    OperatorId("usr_01JD0000000000000000000001"),
)
VIEWER = Viewer(
    operator_id=FACTS.operator_id,
    device_id=FACTS.device_id,
    roles=frozenset({OperatorRole.FRONT_DESK}),
    property_scope=frozenset({PropertyId("ppt_01JD0000000000000000000001")}),
    channels=frozenset(Channel),
)
ALERT = LiveEvent(
    channel=Channel.ALERTS, type="raised", occurred_at=datetime(2026, 11, 22, tzinfo=UTC), payload={"number": 1}
)


class SilentFeed:
    """Connected to every tenant, and nothing is heard but what a test says itself."""

    def __init__(self) -> None:
        self._hearing: LiveHearing | None = None
        self._followed: list[TenantId] = []

    async def run(self, hearing: LiveHearing) -> None:
        """Say of everybody who was followed before that it is connected."""
        self._hearing = hearing
        for tenant_id in self._followed:
            hearing.connected(tenant_id)
        await asyncio.Event().wait()

    def follow(self, tenant_id: TenantId) -> None:
        """Connected at once."""
        self._followed.append(tenant_id)
        if self._hearing is not None:
            self._hearing.connected(tenant_id)

    def unfollow(self, tenant_id: TenantId) -> None:
        """Nothing to end."""


class OpenFences:
    """No stream is ever refused or outrun."""

    async def open(self, tenant_id: TenantId, device_id: DeviceId) -> int:
        """The only stream."""
        del tenant_id, device_id
        return 1

    async def standing(self, tenant_id: TenantId, streams: Sequence[StreamFacts]) -> list[Standing]:
        """Nothing is known against anybody."""
        del tenant_id
        return [Standing(newest=None, refused=None, operator=None) for _ in streams]


class Nobody:
    """Counts nothing."""

    def stream_opened(self) -> None:
        """Not counted."""

    def stream_ended(self, reason: EndReason | None) -> None:
        """Not counted."""

    def surprised(self, failure: Exception) -> None:
        """Nothing may surprise."""
        raise AssertionError from failure

    def delivered(self, listeners: int, lag_seconds: float) -> None:
        """Not counted."""


class Written(Reader):
    """A stream that keeps what it would write."""

    __slots__ = ("recovered", "told")

    def __init__(self) -> None:
        super().__init__(tenant_id=TENANT, facts=FACTS, viewer=VIEWER)
        self.told: list[Gap | LoggedEvent] = []
        self.recovered: bool | None = None

    async def ready(self, cursor: Cursor, *, recovered: bool) -> None:
        """Take note."""
        del cursor
        self.recovered = recovered

    async def catch_up(self, told: Told) -> None:
        """Keep it."""
        self.told += [each for _, each in told]

    def hear(self, cursor: Cursor, told: Gap | LoggedEvent) -> None:
        """Keep it."""
        del cursor
        self.told.append(told)

    def beat(self, now: datetime) -> None:
        """Nobody waits for it."""


Scenario = Callable[[LiveHub, MemoryLiveLog], Awaitable[None]]


def during(scenario: Scenario) -> None:
    """Play it while a hub runs, on virtual time."""

    async def play() -> None:
        log = MemoryLiveLog()
        hub = LiveHub(
            log=log, feed=SilentFeed(), fences=OpenFences(), observer=Nobody(), clock=virtual_time.wall_clock,
            heartbeat_seconds=15,
        )  # fmt: skip
        running = asyncio.create_task(hub.run())
        await scenario(hub, log)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    virtual_time.run(play())


async def tell(hub: LiveHub, log: MemoryLiveLog) -> None:
    """Give the alert its place in the log, and say so as the wire does."""
    await log.announce(TENANT, ALERT)
    page = await log.read(TENANT, (await log.now(TENANT)).position - 1)
    hub.told(TENANT, page.epoch, page.events[-1], 0)


@pytest.mark.parametrize("wait_seconds", [0.6, 20.0])
def test_a_poll_whose_operator_changes_is_told_nothing_by_what_he_was(wait_seconds: float) -> None:
    """It ends with the cursor that it came to, by the change or by its own time; asking again tells the rest."""

    async def scenario(hub: LiveHub, log: MemoryLiveLog) -> None:
        poll = PollLiveEvents(hub=hub, log=log)
        poller = Poller(tenant_id=TENANT, facts=FACTS, viewer=VIEWER)
        waiting = asyncio.create_task(poll(poller, None, wait_seconds=wait_seconds))
        await asyncio.sleep(0.5)
        hub.changed(TENANT, FACTS.operator_id)
        await tell(hub, log)
        polled = await waiting

        assert (polled.told, polled.cursor.position) == ((), 0)
        again = await poll(Poller(tenant_id=TENANT, facts=FACTS, viewer=VIEWER), polled.cursor, wait_seconds=0)
        assert [cursor.position for cursor, _ in again.told] == [1]

    during(scenario)


def test_a_stream_whose_operator_changes_is_silent_until_it_ends() -> None:
    """Also for who has just come and is not handed anything yet; then it is told that its access changed."""

    async def scenario(hub: LiveHub, log: MemoryLiveLog) -> None:
        follow = FollowLiveEvents(hub=hub, log=log, fences=OpenFences(), observer=Nobody())
        readers = [Written(), Written()]
        tasks = [asyncio.create_task(follow(each, Cursor("0" * 15 + "1", 0))) for each in readers]
        await asyncio.sleep(1)
        hub.changed(TENANT, FACTS.operator_id)
        await tell(hub, log)
        await asyncio.gather(*tasks)

        assert [(each.told, each.reason) for each in readers] == [([], EndReason.ACCESS_CHANGED)] * 2

    during(scenario)


@pytest.mark.parametrize("epoch", ["0" * 15 + "1", "f" * 16])
def test_a_cursor_that_the_log_can_not_know_is_a_gap_in_every_channel(epoch: str) -> None:
    """From another log, or from beyond the end of this one: said at once, and what comes then is heard."""

    async def scenario(hub: LiveHub, log: MemoryLiveLog) -> None:
        await log.announce(TENANT, ALERT)
        reader = Written()
        follow = FollowLiveEvents(hub=hub, log=log, fences=OpenFences(), observer=Nobody())
        following = asyncio.create_task(follow(reader, Cursor(epoch, 999)))
        await asyncio.sleep(1)
        assert reader.recovered is False
        assert reader.told == [Gap(channel) for channel in VIEWER.heard_channels]
        await tell(hub, log)
        assert [each.position for each in reader.told if isinstance(each, LoggedEvent)] == [2]
        reader.leave()
        await following

    during(scenario)
