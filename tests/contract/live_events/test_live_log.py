"""What every live log promises; the fake and the one in Redis pass the same suite."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bff_backoffice.application.live_events import LiveLog
from bff_backoffice.domain.live_events import Audience, Channel, History, LiveEvent
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.live_log import RedisLiveLog
from tests.contract.memorystore.valkey import Valkey

Forget = Callable[[], Awaitable[None]]
Play = Callable[[Callable[[LiveLog, Forget], Awaitable[None]]], None]

ONE = TenantId("tnt_01JD0000000000000000000001")
OTHER = TenantId("tnt_01JD0000000000000000000002")
PLACE = PropertyId("ppt_01JD0000000000000000000001")
ALERT = LiveEvent(
    channel=Channel.ALERTS,
    type="raised",
    occurred_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    payload={"title": "حريق"},
    property_id=PLACE,
)
HINT = replace(ALERT, channel=Channel.HINTS, type="stale")


def positions(history: History) -> list[int]:
    """Where the page's events stand."""
    return [each.position for each in history.events]


def test_a_log_begins_empty(play: Play) -> None:
    """Nothing was told, so nothing can be read and nothing was lost."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        history = await log.read(ONE, 0)
        assert (history.head, history.reaches, history.events, history.lost) == (0, 0, (), {})

    play(scenario)


def test_events_are_read_as_they_were_told(play: Play) -> None:
    """Content and audience come back, in the order of telling, each at the next position."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        narrow = replace(
            HINT,
            roles=frozenset({OperatorRole.HOUSEKEEPER}),
            operator_id=OperatorId("usr_01JD0000000000000000000001"),
            device_id=DeviceId("dev_01JD0000000000000000000001"),
            property_id=None,
        )
        await log.announce(ONE, ALERT)
        await log.announce(ONE, narrow)
        first, second = (await log.read(ONE, 0)).events
        assert (first.position, second.position) == (1, 2)
        assert (first.channel, first.type, first.audience) == (Channel.ALERTS, "raised", Audience(property_id=PLACE))
        assert second.audience == narrow.audience
        assert json.loads(first.data) == {
            "channel": "alerts", "type": "raised", "occurredAt": "2026-11-22T10:00:00Z", "tenantId": ONE,
            "propertyId": PLACE, "payload": {"title": "حريق"},
        }  # fmt: skip
        assert json.loads(second.data)["propertyId"] is None

    play(scenario)


def test_reading_goes_on_after_a_position(play: Play) -> None:
    """What was read before is not read again, across channels."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        for event in (ALERT, HINT, ALERT):
            await log.announce(ONE, event)
        assert positions(await log.read(ONE, 1)) == [2, 3]
        assert positions(await log.read(ONE, 3)) == []

    play(scenario)


def test_tenants_have_logs_of_their_own(play: Play) -> None:
    """What one tenant is told has no place in another's log."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        await log.announce(ONE, ALERT)
        await log.announce(OTHER, HINT)
        assert [each.channel for each in (await log.read(OTHER, 0)).events] == [Channel.HINTS]
        assert (await log.read(ONE, 0)).epoch != (await log.read(OTHER, 0)).epoch

    play(scenario)


def test_a_channel_that_is_full_gives_up_its_oldest_and_says_so(play: Play) -> None:
    """A flood of hints costs hints alone, and the log knows which was the last that it lost."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        await log.announce(ONE, ALERT)
        for _number in range(310):
            await log.announce(ONE, HINT)
        history = await log.read(ONE, 0)
        assert history.lost == {Channel.HINTS: 11}
        assert positions(history)[:2] == [1, 12]
        assert history.head == 311

    play(scenario)


def test_a_long_history_comes_in_pages_without_a_hole(play: Play) -> None:
    """A page ends where every channel is complete, and the next one goes on there."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        for number in range(299):
            await log.announce(ONE, HINT)
            if number in {5, 290}:
                await log.announce(ONE, ALERT)
        seen, after, pages = [], 0, 0
        while True:
            history = await log.read(ONE, after)
            seen += positions(history)
            after, pages = history.reaches, pages + 1
            if history.reaches == history.head:
                break
        assert seen == list(range(1, 302))
        assert pages == 2

    play(scenario)


def test_what_is_told_once_is_not_told_again(play: Play) -> None:
    """A second event under the same name gets no place; one under another name does, and so does another tenant's."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        for name in ("a", "a", "b"):
            await log.announce(ONE, replace(ALERT, told_once=name))
        await log.announce(OTHER, replace(ALERT, told_once="a"))
        assert positions(await log.read(ONE, 0)) == [1, 2]
        assert positions(await log.read(OTHER, 0)) == [1]

    play(scenario)


def test_what_was_told_lately_is_not_told_again(play: Play) -> None:
    """A second event under the same name gets a place if what led to it came after the first one was told."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        loop = asyncio.get_running_loop()
        hint, began = replace(HINT, told_once="a"), loop.time()
        await log.announce(ONE, replace(hint, told_since_s=0.0))
        await log.announce(ONE, replace(hint, told_since_s=0.0))
        assert positions(await log.read(ONE, 0)) == [1, 2]
        # Whoever has collected it since before the first one was told has nothing to add.
        await log.announce(ONE, replace(hint, told_since_s=loop.time() - began + 10.0))
        await log.announce(ONE, replace(hint, told_once="b", told_since_s=60.0))
        await log.announce(OTHER, replace(hint, told_since_s=60.0))
        assert positions(await log.read(ONE, 0)) == [1, 2, 3]
        assert positions(await log.read(OTHER, 0)) == [1]

    play(scenario)


def test_a_log_that_lost_its_memory_has_another_epoch(play: Play) -> None:
    """Positions begin anew, and nobody can take them for the old ones."""

    async def scenario(log: LiveLog, forget: Forget) -> None:
        await log.announce(ONE, ALERT)
        before = await log.read(ONE, 0)
        await forget()
        after = await log.read(ONE, 0)
        assert after.epoch != before.epoch
        assert after.head == 0

    play(scenario)


def test_many_tellers_share_one_row(play: Play) -> None:
    """However many tell at once, every event has a position of its own and none is missing."""

    async def scenario(log: LiveLog, _: Forget) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(60):
                group.create_task(log.announce(ONE, (ALERT, HINT)[number % 2]))
        assert positions(await log.read(ONE, 0)) == list(range(1, 61))

    play(scenario)


@pytest.mark.parametrize(("persistence", "remembers"), [(("--appendonly", "yes"), True), ((), False)])
def test_a_restart_is_a_new_epoch_unless_the_append_only_log_kept_everything(
    tmp_path: Path, persistence: tuple[str, ...], *, remembers: bool
) -> None:
    """With its append-only log on, a server that was killed goes on; without, its listeners must reload."""

    async def scenario(server: Valkey) -> None:
        store = RedisStore.open(server.url, store="sessions", operation_seconds=5.0)
        log = RedisLiveLog(redis=store)
        await log.announce(ONE, ALERT)
        before = await log.read(ONE, 0)
        await store.aclose()
        server.restart()
        store = RedisStore.open(server.url, store="sessions", operation_seconds=5.0)
        after = await RedisLiveLog(redis=store).read(ONE, 0)
        await store.aclose()
        assert (after.epoch == before.epoch) is remembers
        assert positions(after) == ([1] if remembers else [])

    server = Valkey(tmp_path, *persistence)
    server.start()
    try:
        asyncio.run(scenario(server))
    finally:
        server.kill()


class PowerCut:
    """A server whose machine loses its power: what its append-only file got after `mark` is gone."""

    def __init__(self, folder: Path) -> None:
        self.server = Valkey(folder, "--appendonly", "yes")
        self._folder = folder
        self._size = 0

    @property
    def _file(self) -> Path:
        return next(self._folder.glob("appendonlydir/*.incr.aof"))

    def mark(self) -> None:
        """What is told from now on will be lost."""
        self._size = self._file.stat().st_size

    def happen(self) -> None:
        """Die, and come back without it."""
        self.server.kill()
        os.truncate(self._file, self._size)
        self.server.start()


@pytest.fixture
def power(tmp_path: Path) -> Iterator[PowerCut]:
    """One server of its own."""
    cut = PowerCut(tmp_path)
    cut.server.start()
    yield cut
    cut.server.kill()


Logged = Callable[[Callable[[RedisLiveLog], Awaitable[Any]]], Any]


@pytest.fixture
def process(power: PowerCut) -> Logged:
    """Let a process of its own do something with the log: it remembers nothing of the last one."""

    def run(work: Callable[[RedisLiveLog], Awaitable[Any]]) -> Any:
        async def opened() -> Any:
            store = RedisStore.open(power.server.url, store="sessions", operation_seconds=5.0)
            try:
                return await work(RedisLiveLog(redis=store))
            finally:
                await store.aclose()

        return asyncio.run(opened())

    return run


def test_no_position_is_given_out_twice_after_a_power_cut(power: PowerCut, process: Logged) -> None:
    """Not after one, and not after a second one that takes what the log noted of the first."""
    given: set[int] = set()
    process(lambda log: log.announce(ONE, ALERT))
    power.mark()
    for _ in range(3):
        process(lambda log: log.announce(ONE, ALERT))
        head = process(lambda log: log.read(ONE, 0)).head
        assert head not in given
        given.add(head)
        power.happen()
    assert process(lambda log: log.read(ONE, 0)).lost == {}


def test_whoever_heard_what_a_power_cut_took_makes_it_a_gap_for_everybody(power: PowerCut, process: Logged) -> None:
    """Also for those who were told since and found nothing amiss; each channel's gap has a place of its own."""
    process(lambda log: log.announce(ONE, ALERT))
    power.mark()
    process(lambda log: log.announce(ONE, HINT))
    witness = process(lambda log: log.read(ONE, 0))
    power.happen()
    process(lambda log: log.announce(ONE, ALERT))
    unaware = process(lambda log: log.read(ONE, 0))
    assert (unaware.epoch, unaware.lost, len(unaware.events)) == (witness.epoch, {}, 2)
    told = process(lambda log: log.read(ONE, witness.head, epoch=witness.epoch))
    assert sorted(told.lost) == sorted(Channel)
    assert sorted(told.lost.values()) == list(range(unaware.head + 1, unaware.head + 5))
    assert process(lambda log: log.read(ONE, unaware.head, epoch=unaware.epoch)).lost == told.lost
    again = process(lambda log: log.read(ONE, witness.head, epoch=witness.epoch))
    assert again.head == told.head


def test_a_process_that_told_what_a_power_cut_took_is_a_witness_too(power: PowerCut, process: Logged) -> None:
    """It finds out with the next thing that it tells."""

    async def told_twice(log: RedisLiveLog) -> History:
        await log.announce(ONE, ALERT)
        power.mark()
        await log.announce(ONE, ALERT)
        power.happen()
        store = RedisStore.open(power.server.url, store="sessions", operation_seconds=5.0)
        try:
            same = replace(log, redis=store)
            await same.announce(ONE, ALERT)
            return await same.read(ONE, 0)
        finally:
            await store.aclose()

    history = process(told_twice)
    assert sorted(history.lost) == sorted(Channel)
    assert len(history.events) == 2
    assert history.events[-1].position > max(history.lost.values())


def test_a_cursor_of_another_epoch_witnesses_nothing(power: PowerCut, process: Logged) -> None:
    """Its position means nothing here, wherever it lies."""
    process(lambda log: log.announce(ONE, ALERT))
    power.mark()
    power.happen()
    assert process(lambda log: log.read(ONE, 1000, epoch="0123456789abcdef")).lost == {}


def test_a_full_channel_takes_no_announced_gap_back(power: PowerCut, process: Logged) -> None:
    """What it gives up later is older than the gap."""
    process(lambda log: log.announce(ONE, ALERT))
    power.mark()
    process(lambda log: log.announce(ONE, ALERT))
    seen = process(lambda log: log.read(ONE, 0))
    power.happen()
    gap = process(lambda log: log.read(ONE, seen.head, epoch=seen.epoch)).lost[Channel.ALERTS]
    process(lambda log: replace(log, history_events=1).announce(ONE, ALERT))
    assert process(lambda log: log.read(ONE, 0)).lost[Channel.ALERTS] == gap
