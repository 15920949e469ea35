"""The circuit breaker's state machine, on a clock that the test owns."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bff_backoffice.application.ports import UpstreamUnavailableError
from bff_backoffice.infrastructure.breaker import BreakerState, CircuitBreaker, Permit

COOLDOWN = 4.0


class RecordingBreakerObserver:
    """Keeps every change of state."""

    def __init__(self) -> None:
        self.states: list[BreakerState] = []

    def breaker_changed(self, upstream: str, state: BreakerState) -> None:
        """Keep it."""
        assert upstream == "some-service"
        self.states.append(state)


class TheClock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def some_breaker(*, enabled: bool = True) -> tuple[CircuitBreaker, TheClock, RecordingBreakerObserver]:
    """A breaker with its clock and its observer."""
    clock, observer = TheClock(), RecordingBreakerObserver()
    return CircuitBreaker("some-service", now=clock, observer=observer, enabled=enabled), clock, observer


def opened() -> tuple[CircuitBreaker, TheClock, RecordingBreakerObserver]:
    """A breaker that has just opened."""
    breaker, clock, observer = some_breaker()
    for _ in range(5):
        breaker.admit().failed()
    return breaker, clock, observer


def test_it_opens_after_five_failures_in_a_row_and_says_when_to_come_back():
    """Four failures change nothing, the fifth stops all calls for four seconds."""
    breaker, clock, observer = some_breaker()
    for _ in range(4):
        breaker.admit().failed()
    assert breaker.state is BreakerState.CLOSED
    breaker.admit().failed()
    assert breaker.state is BreakerState.OPEN
    clock.seconds += 0.5
    with pytest.raises(UpstreamUnavailableError) as caught:
        breaker.admit()
    assert caught.value.breaker_open
    assert caught.value.retry_after == 4
    assert observer.states == [BreakerState.OPEN]


def test_a_success_in_between_starts_the_count_again():
    """Only failures in a row count."""
    breaker, _, observer = some_breaker()
    for _ in range(3):
        for _ in range(4):
            breaker.admit().failed()
        breaker.admit().succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert observer.states == []


def test_after_the_cooldown_one_probe_passes_and_its_success_closes():
    """Half-open lets exactly one call through, and everybody again once it went well."""
    breaker, clock, observer = opened()
    clock.seconds += COOLDOWN
    probe = breaker.admit()
    assert breaker.state is BreakerState.HALF_OPEN
    with pytest.raises(UpstreamUnavailableError):
        breaker.admit()
    probe.succeeded()
    breaker.admit()
    breaker.admit()
    assert observer.states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


def test_a_probe_that_fails_opens_for_another_cooldown():
    """One failed probe is enough, without another five."""
    breaker, clock, _ = opened()
    clock.seconds += COOLDOWN
    breaker.admit().failed()
    clock.seconds += COOLDOWN - 0.01
    with pytest.raises(UpstreamUnavailableError):
        breaker.admit()
    clock.seconds += 0.01
    breaker.admit()


def test_a_probe_that_is_abandoned_makes_room_for_the_next_one_at_once():
    """A desktop that goes away during the probe must not leave the breaker stuck."""
    breaker, clock, _ = opened()
    clock.seconds += COOLDOWN
    breaker.admit().abandoned()
    assert breaker.state is BreakerState.OPEN
    probe = breaker.admit()
    assert breaker.state is BreakerState.HALF_OPEN
    probe.succeeded()
    assert breaker.state is BreakerState.CLOSED


def test_an_answer_from_before_the_opening_says_nothing_about_now():
    """Late results of calls that were made while it was closed neither close nor prolong."""
    breaker, clock, _ = some_breaker()
    late_success, late_failure = breaker.admit(), breaker.admit()
    for _ in range(5):
        breaker.admit().failed()
    late_success.succeeded()
    assert breaker.state is BreakerState.OPEN
    clock.seconds += COOLDOWN - 1
    late_failure.failed()
    clock.seconds += 1
    breaker.admit()


def test_switched_off_it_lets_everything_pass():
    """With the setting off, failures are neither counted nor reported."""
    breaker, _, observer = some_breaker(enabled=False)
    for _ in range(50):
        breaker.admit().failed()
    assert breaker.state is BreakerState.CLOSED
    assert observer.states == []


class BreakerMachine(RuleBasedStateMachine):
    """Every sequence of calls, ends and pauses, against a model that is written the other way round: as a history."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker, self.clock, self.observer = some_breaker()
        self.running: list[tuple[Permit, int]] = []
        self.row = 0
        self.opened_at: float | None = None
        self.probing = False
        self.era = 0

    def _model_admits(self) -> bool:
        if self.opened_at is None:
            return True
        return not self.probing and self.clock.seconds - self.opened_at >= COOLDOWN

    @rule()
    def call(self) -> None:
        """Somebody wants to call: the breaker admits exactly whom the model admits."""
        if not self._model_admits():
            with pytest.raises(UpstreamUnavailableError) as caught:
                self.breaker.admit()
            assert caught.value.breaker_open
            assert 1 <= (caught.value.retry_after or 0) <= COOLDOWN
            return
        permit = self.breaker.admit()
        if self.opened_at is not None:
            self.probing = True
            self.era += 1
        self.running.append((permit, self.era))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), end=st.sampled_from(["succeeded", "failed", "abandoned"]), twice=st.booleans())
    def ends(self, data: st.DataObject, end: str, *, twice: bool) -> None:
        """One of the running calls ends; what it says twice counts once."""
        permit, era = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        getattr(permit, end)()
        if twice:
            permit.failed()
        if era != self.era:
            return
        if end == "succeeded":
            self.row = 0
            if self.probing:
                self.opened_at, self.probing = None, False
                self.era += 1
        elif end == "failed":
            self.row += 1
            if self.probing or self.row >= 5:
                self.opened_at, self.probing = self.clock.seconds, False
                self.era += 1
        elif self.probing:
            self.probing = False
            self.era += 1

    @rule(seconds=st.sampled_from([0.125, 1.0, 3.875, 4.0, 60.0]))
    def time_passes(self, seconds: float) -> None:
        """The clock goes on, in steps that floats hold exactly."""
        self.clock.seconds += seconds

    @invariant()
    def state_is_the_models(self) -> None:
        """The state that metrics read is the model's, and every change was reported."""
        expected = BreakerState.CLOSED
        if self.opened_at is not None:
            expected = BreakerState.HALF_OPEN if self.probing else BreakerState.OPEN
        assert self.breaker.state is expected
        assert (self.observer.states or [BreakerState.CLOSED])[-1] is expected

    def teardown(self) -> None:
        """However it stands: once nothing runs any more and the rest is over, the next call passes and closes it."""
        for permit, _ in self.running:
            permit.abandoned()
        self.clock.seconds += COOLDOWN
        self.breaker.admit().succeeded()
        assert self.breaker.state is BreakerState.CLOSED


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.__doc__ = "No sequence of calls, ends and pauses lets the breaker leave its model or stay stuck."
