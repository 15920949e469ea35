"""What every bus promises to those who receive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bff_backoffice.application.event_bus import BusMessage, Receive
from bff_backoffice.application.ports import StoreUnavailableError
from tests.contract.event_bus.buses import BUSES, OpenBus, message

Opened = Callable[[], AbstractAsyncContextManager[OpenBus]]
LONG = 60.0
"""Seconds for what takes one or two on a machine that has nothing else to do."""


@pytest.fixture(params=BUSES, name="bus")
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Every bus in turn, opened inside the test's own loop."""
    return lambda: BUSES[request.param](tmp_path)


class Receiver:
    """Remembers what it was given and answers as its script says."""

    def __init__(self, script: Receive | None = None) -> None:
        self._script = script
        self.given: list[BusMessage] = []
        self.done: list[str] = []
        self._changed = asyncio.Event()

    async def __call__(self, received: BusMessage) -> bool:
        self.given.append(received)
        self._changed.set()
        answer = True if self._script is None else await self._script(received)
        if answer:
            self.done.append(received.event_id)
            self._changed.set()
        return answer

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something has been received."""
        async with asyncio.timeout(LONG):
            while not reached():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def running(bus: OpenBus, receiver: Receiver) -> AsyncIterator[None]:
    """Receive while the block runs."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bus.subscription.run(receiver))
        try:
            yield
        finally:
            task.cancel()


def names(*numbers: int) -> list[str]:
    """The identifiers of these messages."""
    return [message(number).event_id for number in numbers]


def test_what_was_published_arrives_as_it_was(bus: Opened) -> None:
    """Everything on the outside and the envelope to the byte, with the first delivery counted as such or not at all."""

    async def scenario() -> None:
        async with bus() as there:
            sent = message(1, envelope='{"name":"ثریا"}'.encode())
            receiver = Receiver()
            await there.platform_publishes([sent])
            async with running(there, receiver):
                await receiver.until(lambda: bool(receiver.done))
            (received,) = receiver.given
            assert received.attempt in (0, 1)
            outside = (received.subject, received.tenant_id, received.ordering_key, received.event_id)
            assert outside == (sent.subject, sent.tenant_id, sent.ordering_key, sent.event_id)
            assert received.envelope == sent.envelope

    asyncio.run(scenario())


def test_messages_of_one_key_arrive_in_order(bus: Opened) -> None:
    """As long as nothing goes wrong, which is what the bus can promise."""

    async def scenario() -> None:
        async with bus() as there:
            sent = [message(number, key=f"dev_{number % 3}") for number in range(30)]
            receiver = Receiver()
            async with running(there, receiver):
                await there.platform_publishes(sent)
                await receiver.until(lambda: len(set(receiver.done)) == 30)
            for key in ("dev_0", "dev_1", "dev_2"):
                mine = [each.event_id for each in receiver.given if each.ordering_key == key]
                assert mine == [each.event_id for each in sent if each.ordering_key == key]

    asyncio.run(scenario())


def test_a_message_that_is_not_dealt_with_comes_again_and_stops_no_other_key(bus: Opened) -> None:
    """`False` and a defect alike; the others go on meanwhile, and the deliveries are counted where the bus counts."""

    async def scenario() -> None:
        async with bus() as there:
            failures = 0

            async def script(received: BusMessage) -> bool:
                nonlocal failures
                if received.event_id != message(1).event_id or failures == 2:
                    return True
                failures += 1
                if failures == 1:
                    return False
                raise RuntimeError("a defect")

            receiver = Receiver(script)
            await there.platform_publishes([message(number, key=f"dev_{number}") for number in (1, 2, 3)])
            async with running(there, receiver):
                await receiver.until(lambda: len(set(receiver.done)) == 3)
            assert sorted(receiver.done) == names(1, 2, 3)
            attempts = [each.attempt for each in receiver.given if each.event_id == message(1).event_id]
            assert len(attempts) == 3
            assert attempts in ([1, 2, 3], [0, 0, 0])

    asyncio.run(scenario())


def test_a_store_that_is_away_loses_nothing(bus: Opened) -> None:
    """The message is given again until the store is back."""

    async def scenario() -> None:
        async with bus() as there:
            tries = 0

            async def script(_: BusMessage) -> bool:
                nonlocal tries
                tries += 1
                if tries < 3:
                    raise StoreUnavailableError("postgres")
                return True

            receiver = Receiver(script)
            await there.platform_publishes([message(1), message(2)])
            async with running(there, receiver):
                await receiver.until(lambda: len(set(receiver.done)) == 2)
            assert sorted(set(receiver.done)) == names(1, 2)

    asyncio.run(scenario())


def test_what_a_consumer_took_and_did_not_finish_comes_to_the_next_one(bus: Opened) -> None:
    """A consumer that ends in the middle of a message has not dealt with it."""

    async def scenario() -> None:
        async with bus() as there:

            async def never(_: BusMessage) -> bool:
                await asyncio.Event().wait()
                return True

            stuck, next_one = Receiver(never), Receiver()
            await there.platform_publishes([message(1), message(2)])
            async with running(there, stuck):
                await stuck.until(lambda: bool(stuck.given))
            async with running(there, next_one):
                await next_one.until(lambda: len(set(next_one.done)) == 2)
            assert not stuck.done
            assert sorted(set(next_one.done)) == names(1, 2)

    asyncio.run(scenario())


def test_what_was_dealt_with_does_not_come_again(bus: Opened) -> None:
    """A consumer that begins anew gets only what is new."""

    async def scenario() -> None:
        async with bus() as there:
            first, second = Receiver(), Receiver()
            await there.platform_publishes([message(1)])
            async with running(there, first):
                await first.until(lambda: bool(first.done))
                await there.settled()
            async with running(there, second):
                await there.platform_publishes([message(2)])
                await second.until(lambda: bool(second.done))
            assert second.done == names(2)

    asyncio.run(scenario())


def test_a_bus_that_comes_back_is_received_from_again(bus: Opened) -> None:
    """Nobody has to start the consumer anew."""

    async def scenario() -> None:
        async with bus() as there:
            receiver = Receiver()
            async with running(there, receiver):
                await there.platform_publishes([message(1)])
                await receiver.until(lambda: bool(receiver.done))
                await there.go_away()
                await there.come_back()
                await there.platform_publishes([message(2)])
                await receiver.until(lambda: message(2).event_id in receiver.done)

    asyncio.run(scenario())


def test_receiving_ends_when_it_is_cancelled(bus: Opened) -> None:
    """At once, at whatever step it is, also while nothing arrives."""

    async def scenario() -> None:
        async with bus() as there:
            await there.platform_publishes([message(number) for number in range(10)])
            for turns in range(24):
                task = asyncio.ensure_future(there.subscription.run(Receiver()))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                async with asyncio.timeout(LONG):
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                assert task.cancelled()

    asyncio.run(scenario())
