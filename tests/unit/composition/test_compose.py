"""The fan-out's laws, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.composition import Part, compose
from tests.fakes import virtual_time

# Whole milliseconds, so that two moments that should be equal are.
MOMENTS = st.integers(min_value=0, max_value=1500)
DEADLINES = st.integers(min_value=1, max_value=1000)
PLANS = st.lists(st.tuples(MOMENTS, DEADLINES, st.booleans()), min_size=0, max_size=16)


class GoneError(Exception):
    """The client hung up."""


def part(name: int, ends_ms: int, deadline_ms: int, *, fails: bool) -> Part[tuple[int, str]]:
    """Return a part that ends at this moment and is due at that one."""

    async def load() -> tuple[int, str]:
        await asyncio.sleep(ends_ms / 1000)
        if fails:
            raise ValueError
        return name, "loaded"

    def otherwise(failure: Exception) -> tuple[int, str]:
        return name, type(failure).__name__

    return Part(deadline=deadline_ms / 1000, load=load, otherwise=otherwise)


def expected(ends_ms: int, deadline_ms: int, *, fails: bool) -> tuple[str, int] | None:
    """Return how and when a part ends, whatever the others do; None for a photo finish."""
    if ends_ms == deadline_ms:
        return None
    if ends_ms > deadline_ms:
        return "TimeoutError", deadline_ms
    return ("ValueError" if fails else "loaded"), ends_ms


def recorder(
    into: list[tuple[int, str, int]], seconds_per_write: float = 0.0
) -> Callable[[Sequence[tuple[int, str]]], Awaitable[None]]:
    """Return an emit that notes name, end and moment in ms."""

    async def emit(ready: Sequence[tuple[int, str]]) -> None:
        now = round(asyncio.get_running_loop().time() * 1000)
        into.extend((name, end, now) for name, end in ready)
        await asyncio.sleep(seconds_per_write)

    return emit


@settings(deadline=None)
@given(plans=PLANS)
def test_every_part_ends_once_as_if_it_were_alone(plans: list[tuple[int, int, bool]]) -> None:
    """Each part arrives exactly once, at its own moment or its own deadline, whatever the other parts do."""
    seen: list[tuple[int, str, int]] = []
    parts = [part(name, *plan[:2], fails=plan[2]) for name, plan in enumerate(plans)]
    virtual_time.run(compose(parts, recorder(seen)))
    assert sorted(name for name, _, _ in seen) == list(range(len(plans)))
    for name, end, moment in seen:
        ends_ms, deadline_ms, fails = plans[name]
        alone = expected(ends_ms, deadline_ms, fails=fails)
        if alone is not None:
            assert (end, moment) == alone
    assert [moment for _, _, moment in seen] == sorted(moment for _, _, moment in seen)


@settings(deadline=None)
@given(plans=PLANS, seconds_per_write=st.sampled_from([0.05, 0.4, 3.0]))
def test_a_slow_client_never_eats_a_deadline(plans: list[tuple[int, int, bool]], seconds_per_write: float) -> None:
    """What becomes of each part is the same for a client that takes seconds for every write."""
    fast: list[tuple[int, str, int]] = []
    slow: list[tuple[int, str, int]] = []
    for seen, seconds in ((fast, 0.0), (slow, seconds_per_write)):
        parts = [part(name, *plan[:2], fails=plan[2]) for name, plan in enumerate(plans)]
        virtual_time.run(compose(parts, recorder(seen, seconds)))
    decided = {name for name, plan in enumerate(plans) if plan[0] != plan[1]}
    assert {(name, end) for name, end, _ in fast if name in decided} == {
        (name, end) for name, end, _ in slow if name in decided
    }


@settings(deadline=None)
@given(plans=PLANS, gone_at=st.integers(min_value=0, max_value=17))
def test_a_client_that_goes_ends_the_fan_out_at_once(plans: list[tuple[int, int, bool]], gone_at: int) -> None:
    """When a write fails, its own error comes out, at that moment, and no task is left."""

    async def scenario() -> None:
        writes = 0

        async def emit(_: Sequence[object]) -> None:
            nonlocal writes
            writes += 1
            if writes > gone_at:
                gone.append(asyncio.get_running_loop().time())
                raise GoneError

        gone: list[float] = []
        parts = [part(name, *plan[:2], fails=plan[2]) for name, plan in enumerate(plans)]
        try:
            await compose(parts, emit, opening=[(-1, "opening")])
        except GoneError:
            assert gone == [asyncio.get_running_loop().time()]
        else:
            assert gone == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_time.run(scenario())


@settings(deadline=None)
@given(plans=PLANS, cancelled_at_ms=st.integers(min_value=0, max_value=1600))
def test_a_cancelled_composition_leaves_nothing_behind(
    plans: list[tuple[int, int, bool]], cancelled_at_ms: int
) -> None:
    """Cancelling the caller at any moment ends every part at that moment."""

    async def scenario() -> None:
        parts = [part(name, *plan[:2], fails=plan[2]) for name, plan in enumerate(plans)]
        async with asyncio.TaskGroup() as group:
            task = group.create_task(compose(parts, recorder([])))
            await asyncio.sleep(cancelled_at_ms / 1000)
            task.cancel()
        assert asyncio.get_running_loop().time() == pytest.approx(cancelled_at_ms / 1000)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_time.run(scenario())


def test_parts_of_one_tick_are_written_together() -> None:
    """Parts that are ready at the same moment go out in one write, and nothing waits for a batch to fill."""
    batches: list[list[int]] = []

    async def emit(ready: Sequence[tuple[int, str]]) -> None:
        batches.append(sorted(name for name, _ in ready))
        await asyncio.sleep(0)

    parts = [part(name, ends_ms, 900, fails=False) for name, ends_ms in enumerate([100, 100, 100, 250])]
    virtual_time.run(compose(parts, emit))
    assert batches == [[0, 1, 2], [3]]


def test_the_opening_is_written_while_the_parts_load() -> None:
    """A client that takes long for the opening finds the parts loaded when it has taken it."""
    seen: list[tuple[int, str, int]] = []
    parts = [part(0, 100, 900, fails=False)]
    virtual_time.run(compose(parts, recorder(seen, seconds_per_write=0.5), opening=[(-1, "opening")]))
    assert seen == [(-1, "opening", 0), (0, "loaded", 500)]
