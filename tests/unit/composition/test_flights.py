"""Single flight within a process, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.flights import FlightLostError, Flights
from tests.fakes import virtual_time


class UnwellError(Exception):
    """A load that failed."""


class Counted:
    """A load that takes its time and counts how often it was begun, cut off and finished."""

    def __init__(self, seconds: float = 0.1, failure: Exception | None = None) -> None:
        self.seconds = seconds
        self.failure = failure
        self.begun = self.cancelled = 0

    async def __call__(self) -> str:
        """Load."""
        self.begun += 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return f"load {self.begun}"


def in_flights(scenario: Callable[[Flights[str]], Awaitable[None]]) -> None:
    """Run with flights open, and fail if a task is left."""

    async def main() -> None:
        async with Flights[str]() as flights:
            await scenario(flights)

    virtual_time.run(main())


@settings(deadline=None)
@given(readers=st.integers(min_value=1, max_value=40), spread_ms=st.integers(min_value=0, max_value=99))
def test_readers_at_the_same_time_share_one_load(readers: int, spread_ms: int) -> None:
    """However many readers come while a load is in the air, it is loaded once and all get its result."""

    async def scenario(flights: Flights[str]) -> None:
        load = Counted()

        async def read(number: int) -> str:
            await asyncio.sleep(spread_ms / 1000 * number / readers)
            return await flights.join("key", load, deadline=10)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read(number)) for number in range(readers)]
        assert {task.result() for task in tasks} == {"load 1"}
        assert load.begun == 1
        assert flights.in_air == flights.running == 0

    in_flights(scenario)


@settings(deadline=None)
@given(leaves_ms=st.lists(st.integers(min_value=1, max_value=99), min_size=1, max_size=8), one_stays=st.booleans())
def test_a_flight_lives_while_somebody_waits(leaves_ms: list[int], one_stays: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
    """Readers may leave in any order: the load goes on for those who stay, and ends when the last has left."""

    async def scenario(flights: Flights[str]) -> None:
        load = Counted()

        async def leave(after_ms: int) -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(after_ms / 1000):
                    await flights.join("key", load, deadline=10)

        async with asyncio.TaskGroup() as group:
            staying = group.create_task(flights.join("key", load, deadline=10)) if one_stays else None
            for after_ms in leaves_ms:
                group.create_task(leave(after_ms))
        assert load.begun == 1
        assert load.cancelled == (0 if one_stays else 1)
        if staying is not None:
            assert staying.result() == "load 1"
        assert flights.in_air == flights.running == 0

    in_flights(scenario)


def test_a_failure_belongs_to_all_who_waited() -> None:
    """A load that fails raises its own error at each reader, and the next reader loads again."""

    async def scenario(flights: Flights[str]) -> None:
        load = Counted(failure=UnwellError())
        for begun in (1, 2):
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(expect_unwell(flights, load))
            assert load.begun == begun

    async def expect_unwell(flights: Flights[str], load: Counted) -> None:
        with pytest.raises(UnwellError):
            await flights.join("key", load, deadline=10)

    in_flights(scenario)


def test_different_keys_never_meet() -> None:
    """Two keys are two loads."""

    async def scenario(flights: Flights[str]) -> None:
        one, other = Counted(), Counted()
        async with asyncio.TaskGroup() as group:
            group.create_task(flights.join("one", one, deadline=10))
            group.create_task(flights.join("other", other, deadline=10))
        assert (one.begun, other.begun) == (1, 1)

    in_flights(scenario)


def test_a_load_is_cut_off_at_its_deadline() -> None:
    """A load that hangs ends at its deadline, and its readers get a time-out."""

    async def scenario(flights: Flights[str]) -> None:
        with pytest.raises(TimeoutError):
            await flights.join("key", Counted(seconds=1e6), deadline=0.5)
        assert asyncio.get_running_loop().time() == pytest.approx(0.5)

    in_flights(scenario)


def test_a_stubborn_load_is_never_joined_again() -> None:
    """A load that ignores its cancellation holds nobody up: its readers leave, and the next one loads anew."""
    let_go = asyncio.Event()

    async def stubborn() -> str:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return "too late"

    async def scenario(flights: Flights[str]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout_at(0.5):
                await flights.join("key", stubborn, deadline=0.5)
        assert (flights.in_air, flights.running) == (0, 1)
        assert await flights.join("key", Counted(), deadline=1.0) == "load 1"
        assert asyncio.get_running_loop().time() == pytest.approx(0.6)
        let_go.set()

    in_flights(scenario)


def test_nobody_joins_a_flight_that_is_past_its_deadline() -> None:
    """A load that has outlived its deadline, with readers still waiting for it, is not shared with new ones."""
    let_go = asyncio.Event()

    async def stubborn() -> str:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return "too late"

    async def scenario(flights: Flights[str]) -> None:
        async with asyncio.TaskGroup() as group:
            patient = group.create_task(flights.join("key", stubborn, deadline=0.5))
            await asyncio.sleep(0.7)
            assert await flights.join("key", Counted(), deadline=1.5) == "load 1"
            let_go.set()
        assert patient.result() == "too late"

    in_flights(scenario)


def test_whoever_waits_at_the_end_is_told() -> None:
    """Closing ends the loads, and nobody waits for ever for one of them."""
    ends: list[str] = []

    async def main() -> None:
        flights = Flights[str]()
        async with asyncio.TaskGroup() as group:
            async with flights:
                group.create_task(wait(flights))
                await asyncio.sleep(0.01)
            assert flights.running == 0

    async def wait(flights: Flights[str]) -> None:
        try:
            await flights.join("key", Counted(seconds=1e6), deadline=1e7)
        except FlightLostError:
            ends.append("told")

    virtual_time.run(main())
    assert ends == ["told"]


def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    """What is raised while flights are open is not wrapped in a group on its way out."""

    async def main() -> None:
        async with Flights[str]():
            raise UnwellError

    with pytest.raises(UnwellError):
        virtual_time.run(main())
