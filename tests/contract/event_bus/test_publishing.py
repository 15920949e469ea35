"""What every bus promises to those who publish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bff_backoffice.application.event_bus import BusMessage, UnpublishableEventError
from bff_backoffice.application.ports import StoreUnavailableError
from tests.contract.event_bus.buses import BUSES, OpenBus, message

Opened = Callable[[], AbstractAsyncContextManager[OpenBus]]


@pytest.fixture(params=BUSES, name="bus")
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Every bus in turn, opened inside the test's own loop."""
    return lambda: BUSES[request.param](tmp_path)


def test_what_was_published_is_there_as_it_was(bus: Opened) -> None:
    """Subject, tenant, key, identifier and the envelope to the byte."""

    async def scenario() -> None:
        async with bus() as there:
            sent = message(1, envelope='{"name":"ثریا"}'.encode())
            await there.publisher.publish([sent])
            assert list(await there.published()) == [sent]

    asyncio.run(scenario())


def test_messages_of_one_key_keep_their_order(bus: Opened) -> None:
    """Within one call and from one call to the next, for each of several keys."""

    async def scenario() -> None:
        async with bus() as there:
            sent = [message(number, key=f"dev_{number % 3}") for number in range(60)]
            await there.publisher.publish(sent[:25])
            await there.publisher.publish(sent[25:])
            found = await there.published()
        for key in ("dev_0", "dev_1", "dev_2"):
            assert [each for each in found if each.ordering_key == key] == [
                each for each in sent if each.ordering_key == key
            ]

    asyncio.run(scenario())


def test_nothing_to_publish_is_no_error(bus: Opened) -> None:
    """An empty batch asks nobody anything."""

    async def scenario() -> None:
        async with bus() as there:
            await there.publisher.publish([])
            assert not await there.published()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "unpublishable",
    [
        message(2, key=""),
        message(2, key="k" * 1025),
        message(2, event_id=""),
        message(2, subject=""),
        message(2, envelope=b""),
        message(2, envelope=b"x" * 1_048_577),
    ],
    ids=["no key", "long key", "no id", "no subject", "empty", "too large"],
)
def test_a_message_that_no_bus_takes_is_told_at_once_and_nothing_goes_out(
    bus: Opened, unpublishable: BusMessage
) -> None:
    """Whoever relays can park that one and publish the others again, without one of them twice."""

    async def scenario() -> None:
        async with bus() as there:
            with pytest.raises(UnpublishableEventError):
                await there.publisher.publish([message(1), unpublishable, message(3)])
            assert not await there.published()

    asyncio.run(scenario())


def test_a_bus_that_is_away_says_so(bus: Opened) -> None:
    """One error for every way to be away, and soon."""

    async def scenario() -> None:
        async with bus() as there:
            await there.publisher.publish([message(1)])
            await there.go_away()
            async with asyncio.timeout(20):
                with pytest.raises(StoreUnavailableError) as raised:
                    await there.publisher.publish([message(2)])
        assert raised.value.store == "bus"

    asyncio.run(scenario())
