"""How often an upstream may be asked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.infrastructure.http.retry_budget import RetryBudget


class TheClock:
    """Seconds that pass when the test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_an_outage_does_not_double_the_calls():
    """A hundred failing reads a second for a minute are followed by a tenth as many retries, and a few besides."""
    clock = TheClock()
    budget = RetryBudget(clock)
    retries = 0
    for _ in range(6000):
        budget.call_made()
        retries += budget.allows_retry()
        clock.seconds += 0.01
    assert 600 <= retries <= 600 + 2 * 60 + 10


def test_a_quiet_upstream_still_gets_its_retries():
    """One failing read a second may always be tried again."""
    clock = TheClock()
    budget = RetryBudget(clock)
    for _ in range(100):
        budget.call_made()
        assert budget.allows_retry()
        clock.seconds += 1.0


@given(steps=st.lists(st.tuples(st.booleans(), st.floats(0, 30)), max_size=200))
def test_retries_never_exceed_what_was_paid_in(steps: list[tuple[bool, float]]):
    """In every order of calls, retries and pauses: at most ten, a tenth of the calls, and two a second."""
    clock = TheClock()
    budget = RetryBudget(clock)
    calls = retries = 0
    for is_call, pause in steps:
        clock.seconds += pause
        if is_call:
            budget.call_made()
            calls += 1
        else:
            retries += budget.allows_retry()
    assert retries <= 10 + 0.1 * calls + 2 * clock.seconds + 1e-6
