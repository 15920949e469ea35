"""How what runs for ever in a process is brought to its end."""

from __future__ import annotations

import asyncio

import pytest

from bff_backoffice.server import end

pytestmark = pytest.mark.anyio


async def test_a_task_that_did_not_hear_its_cancellation_is_cancelled_again() -> None:
    """As `asyncio.wait_for` does on Python 3.11 where its result arrives in the same moment."""
    swallowed = 0

    async def run() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 2:
                    raise

    deaf, hearing = asyncio.create_task(run()), asyncio.create_task(asyncio.sleep(3600))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end({deaf, hearing}, patience_s=0.01)

    assert (swallowed, deaf.cancelled(), hearing.cancelled()) == (3, True, True)


async def test_last_words_are_waited_for() -> None:
    """Who tidies up is not cancelled a second time meanwhile."""
    said = []

    async def run() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.02)
            said.append("all")

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    await end({task}, patience_s=5)

    assert said == ["all"]
