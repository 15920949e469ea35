"""The law of idempotent mutations (contract, section 5), for generated schedules of tries, faults and deaths."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.mutations import ForwardMutation
from bff_backoffice.application.mutations_bodies import Nothing
from bff_backoffice.application.mutations_dispatch import MutationRequest, Outcome, Step, Tools
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder, KeptAnswer
from bff_backoffice.application.mutations_second_factors import SecondFactors
from bff_backoffice.application.mutations_table import MUTATIONS
from bff_backoffice.application.ports import (
    CallContext,
    StoreUnavailableError,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.idempotency import KeyScope
from tests.fakes.memory_idempotency import MemoryIdempotency
from tests.fakes.scripted_board import some_operator
from tests.fakes.virtual_time import run, wall_clock

LEASE, PATIENCE = 5.0, 1.5
CHECK_IN = next(each for each in MUTATIONS if each.name == "check_in_reservation")
WHO = some_operator()
SCOPE = KeyScope(device_id=WHO.device_id, method="POST", path="/reservations/rsv_1/check-in", key="K")
LOST = ["reset before", "reset after", "garbage after", "hang before", "hang after", "shed", "refused 423"]


class Killed(BaseException):
    """The process is gone: nothing of it happens any more."""


@dataclass
class Reservations:
    """An upstream that de-duplicates by key, as every service of the platform does, and fails as it is told."""

    faults: list[str] = field(default_factory=list)
    effects: list[bytes] = field(default_factory=list)
    answers: dict[bytes, bytes] = field(default_factory=dict)
    dispatches: int = 0
    forgets_after: float = float("inf")
    known_until: dict[bytes, float] = field(default_factory=dict)

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Apply it once for its key, and lose the answer where the script says so."""
        self.dispatches += 1
        fault = self.faults.pop(0) if self.faults else ""
        name = CHECK_IN.upstream.value
        if fault == "shed":
            raise UpstreamShedError(name)
        if fault == "refused 423":
            raise UpstreamRefusedError(name, status=423, code="MELMASTOON.RESERVATION.LOCKED", title="locked")
        if fault.endswith("before"):
            await self._lost(fault, call)
        now = asyncio.get_running_loop().time()
        if self.known_until.get(order.upstream_key, -1.0) <= now:
            self.known_until[order.upstream_key] = now + self.forgets_after
            self.effects.append(order.upstream_key)
            self.answers[order.upstream_key] = b'{"id": "rsv_1", "effect": %d}' % len(self.effects)
        if fault.endswith("after"):
            await self._lost(fault, call)
        await asyncio.sleep(0.05)
        return Forwarded(body=self.answers[order.upstream_key])

    async def _lost(self, fault: str, call: CallContext) -> None:
        name = CHECK_IN.upstream.value
        if fault.startswith("hang"):
            await asyncio.sleep(max(0.0, call.deadline - asyncio.get_running_loop().time()))
            raise UpstreamTimeoutError(name)
        if fault.startswith("garbage"):
            raise UpstreamInvalidResponseError(name)
        raise UpstreamUnavailableError(name)


class Boards:
    """Nobody looks at them here."""

    async def forget_named(self, *_: Any) -> None:
        """Forget nothing."""


class NoGate:
    """Nothing needs a second factor here."""

    async def usable(self, *_: Any) -> bool:
        """Nothing is."""
        return False

    async def tenant(self, *_: Any, **__: Any) -> Any:
        """Nobody is asked."""
        raise AssertionError("a check-in asks for no policy")


def refused(refusal: UpstreamRefusedError) -> KeptAnswer:
    """A refusal as a client would read it."""
    return KeptAnswer(status=refusal.status, headers=(), body=refusal.code.encode())


def a_try(*, request_hash: bytes = b"h" * 32) -> MutationRequest:
    """The request, which is the same every time."""
    return MutationRequest(
        mutation=CHECK_IN, operator=WHO, scope=SCOPE, request_hash=request_hash, resource_id="rsv_1", body=Nothing(),
        attestation_id=None, locale="en", request_id="R", traceparent="00-0-0-00", refused=refused,
    )  # fmt: skip


@dataclass
class Desk:
    """The use case over fakes; a death can be set for the next try."""

    keys: MemoryIdempotency = field(default_factory=MemoryIdempotency)
    upstream: Reservations = field(default_factory=Reservations)

    async def send(self, *, dies_at: Step | None = None, request_hash: bytes = b"h" * 32) -> Outcome | Exception:
        """What a client hears, or `TimeoutError` where its server died."""

        async def reached(step: Step) -> None:
            if step is dies_at:
                raise Killed

        forward = ForwardMutation(
            tools=Tools(
                keys=self.keys, upstreams={CHECK_IN.upstream: self.upstream}, views=Boards(), lease_seconds=LEASE,
                reached=reached,
            ),
            second_factors=SecondFactors(attestations=NoGate(), policies=NoGate()),
            places={},
            clock=wall_clock,
        )  # fmt: skip
        try:
            return await forward(a_try(request_hash=request_hash))
        except (UpstreamError, Refusal, StoreUnavailableError) as failure:
            return failure
        except BaseExceptionGroup as group:
            if group.subgroup(Killed) is None:
                raise
            return TimeoutError("the server died")
        except Killed:
            return TimeoutError("the server died")


def play(scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario in virtual time."""
    run(scenario(Desk()))  # type: ignore[arg-type] # a coroutine function's result is a coroutine


TRIES = st.lists(
    st.tuples(
        st.floats(0, 12, allow_nan=False), st.sampled_from(["", *LOST]), st.sampled_from([None, *Step]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(tries=TRIES)
def test_the_effect_is_one_whatever_is_lost_and_whoever_dies(tries: list[tuple[float, str, Step | None]]) -> None:
    """Tries at any moments, each with a fault and a death: at most one effect, one answer, no key that stays stuck."""

    async def scenario(desk: Desk) -> None:
        heard: list[Outcome | Exception] = []

        async def one(after: float, fault: str, death: Step | None) -> None:
            await asyncio.sleep(after)
            desk.upstream.faults.append(fault)
            heard.append(await desk.send(dies_at=death))

        async with asyncio.TaskGroup() as group:
            for each in tries:
                group.create_task(one(*each))
        assert len(set(desk.upstream.effects)) == len(desk.upstream.effects) <= 1
        desk.upstream.faults.clear()

        await asyncio.sleep(LEASE + 5.0)
        last = await desk.send()

        assert isinstance(last, Outcome), last
        assert len(desk.upstream.effects) == 1
        answers = {each.answer.body for each in [*heard, last] if isinstance(each, Outcome)}
        assert answers == {last.answer.body}

    play(scenario)


DAY = 24 * 3600.0
LONG_TRIES = st.lists(
    st.tuples(
        st.floats(0, 20 * DAY, allow_nan=False), st.sampled_from(["", *LOST]), st.sampled_from([None, *Step]),
    ),
    min_size=2, max_size=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(tries=LONG_TRIES, sweeps=st.lists(st.floats(0, 20 * DAY, allow_nan=False), max_size=6))
def test_the_sweep_of_old_keys_turns_no_retry_into_a_second_effect(
    tries: list[tuple[float, str, Step | None]], sweeps: list[float]
) -> None:
    """Tries and sweeps over three weeks, at an upstream that forgets keys after a day: at most one effect, ever."""

    async def scenario(desk: Desk) -> None:
        desk.upstream.forgets_after = DAY

        async def one(after: float, fault: str, death: Step | None) -> None:
            await asyncio.sleep(after)
            desk.upstream.faults.append(fault)
            await desk.send(dies_at=death)

        async def sweep(after: float) -> None:
            await asyncio.sleep(after)
            await desk.keys.sweep(7 * DAY)

        async with asyncio.TaskGroup() as group:
            for each in tries:
                group.create_task(one(*each))
            for moment in sweeps:
                group.create_task(sweep(moment))
        await asyncio.sleep(8 * DAY)
        await desk.keys.sweep(7 * DAY)
        assert desk.keys.rows == {}
        before = desk.upstream.dispatches

        last = await desk.send()

        assert len(desk.upstream.effects) <= 1
        if before:
            assert isinstance(last, Refusal)
            assert (last.code, last.retry) == (Code.OUTCOME_UNKNOWN, "never")
            assert desk.upstream.dispatches == before

    play(scenario)


@pytest.mark.parametrize("death", list(Step))
def test_a_key_is_never_in_flight_for_longer_than_its_lease_after_its_owner_died(death: Step) -> None:
    """Wherever that was: until then 409, and afterwards the answer."""

    async def scenario(desk: Desk) -> None:
        assert isinstance(await desk.send(dies_at=death), TimeoutError)
        meanwhile = await desk.send()
        await asyncio.sleep(LEASE)
        afterwards = await desk.send()

        if death in {Step.CHECKED, Step.SETTLED}:
            assert isinstance(meanwhile, Outcome)
        else:
            assert isinstance(meanwhile, Refusal)
            assert meanwhile.code is Code.IDEMPOTENCY_IN_FLIGHT
        assert isinstance(afterwards, Outcome)
        assert len(desk.upstream.effects) == 1

    play(scenario)


def test_an_owner_that_is_slow_keeps_its_key() -> None:
    """The lease is renewed for as long as the call lasts, and nobody else dispatches."""

    async def scenario(desk: Desk) -> None:
        desk.upstream.faults.append("hang after")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(desk.send())
            await asyncio.sleep(PATIENCE / 2)
            second = group.create_task(desk.send())
        assert isinstance(first.result(), UpstreamTimeoutError)
        refusal = second.result()
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.IDEMPOTENCY_IN_FLIGHT
        assert desk.upstream.dispatches == 1

    play(scenario)


def test_a_day_later_an_unknown_outcome_is_not_tried_again() -> None:
    """`retry: never`, and no other dispatch."""

    async def scenario(desk: Desk) -> None:
        desk.upstream.faults.append("reset after")
        await desk.send()
        await asyncio.sleep(24 * 3600)
        refusal = await desk.send()

        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.retry) == (Code.OUTCOME_UNKNOWN, "never")
        assert desk.upstream.dispatches == 1

    play(scenario)


@pytest.mark.parametrize("first", ["reset after", "garbage after", "hang after", "reset before"])
def test_what_may_have_acted_and_can_not_be_asked_is_an_unknown_outcome(first: str) -> None:
    """409 with the same key, as long as its service is not called; then the answer of the one effect."""

    async def scenario() -> None:
        desk = Desk(upstream=Reservations(faults=[first, "shed", "shed"]))
        assert isinstance(await desk.send(), UpstreamError)

        for _ in range(2):
            answer = await desk.send()
            assert isinstance(answer, Refusal)
            assert (answer.code, answer.retry) == (Code.OUTCOME_UNKNOWN, "same_key")

        assert isinstance(await desk.send(), Outcome)
        assert len(desk.upstream.effects) == 1

    run(scenario())


@pytest.mark.parametrize("first", ["shed", "refused 423"])
def test_what_was_not_sent_or_not_accepted_is_no_unknown_outcome(first: str) -> None:
    """Nothing has happened under the key, and nobody is told that something may have."""

    async def scenario() -> None:
        desk = Desk(upstream=Reservations(faults=[first, "shed"]))
        assert isinstance(await desk.send(), UpstreamError)

        assert isinstance(await desk.send(), UpstreamShedError)

    run(scenario())


def test_an_owner_that_died_may_have_acted() -> None:
    """Whoever takes its key over and can't ask says so."""

    async def scenario() -> None:
        desk = Desk(upstream=Reservations(faults=["", "shed"]))
        await desk.send(dies_at=Step.ANSWERED)
        await asyncio.sleep(LEASE)

        answer = await desk.send()

        assert isinstance(answer, Refusal)
        assert answer.code is Code.OUTCOME_UNKNOWN

    run(scenario())


def test_another_request_under_the_key_is_refused_at_every_moment() -> None:
    """While it runs, after it failed and after it was answered."""

    async def scenario(desk: Desk) -> None:
        async def other() -> None:
            refusal = await desk.send(request_hash=b"o" * 32)
            assert isinstance(refusal, Refusal)
            assert refusal.code is Code.IDEMPOTENCY_KEY_REUSED

        desk.upstream.faults.append("hang before")
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.send())
            await asyncio.sleep(0.1)
            await other()
        await other()
        await desk.send()
        await other()

    play(scenario)


def test_a_memory_that_is_away_lets_nothing_be_done() -> None:
    """Nothing is dispatched that is not written down."""

    async def scenario(desk: Desk) -> None:
        desk.keys.away = True
        assert isinstance(await desk.send(), StoreUnavailableError)
        assert desk.upstream.dispatches == 0

    play(scenario)
