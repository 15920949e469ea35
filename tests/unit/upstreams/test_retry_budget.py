"""How often an upstream may be asked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.infrastructure.http.retry_budget import RetryBudget


def test_an_outage_costs_ten_requests_and_no_more():
    """However long an upstream was well before and however long it is down, it is asked again ten times in all."""
    budget = RetryBudget()
    for _ in range(100_000):
        budget.call_answered()
    assert sum(budget.allows_retry() for _ in range(10_000)) == 10


def test_a_young_process_may_retry_once():
    """The very first call may be tried again, the second not until ten were answered."""
    budget = RetryBudget()
    assert budget.allows_retry()
    assert not budget.allows_retry()
    for _ in range(9):
        budget.call_answered()
    assert not budget.allows_retry()
    budget.call_answered()
    assert budget.allows_retry()


@given(steps=st.lists(st.booleans(), max_size=600))
def test_retries_never_exceed_what_was_paid_in(steps: list[bool]):
    """In every order of answers and failures: at most a tenth of the answers and the one to begin with."""
    budget = RetryBudget()
    answered = retries = 0
    for is_answer in steps:
        if is_answer:
            budget.call_answered()
            answered += 1
        else:
            retries += budget.allows_retry()
        assert retries <= 1 + 0.1 * answered + 1e-6
