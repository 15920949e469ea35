"""When a second request is due, and how many there may be."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.infrastructure.http.hedging import Hedging, RecentLatencies


def hedging_that_knows(latencies: list[float]) -> Hedging:
    """Hedging after these answers, with a token to spend."""
    hedging = Hedging()
    for seconds in latencies:
        hedging.took("reads", seconds, answered=True)
    for _ in range(50):
        hedging.call_made()
    return hedging


@given(latencies=st.lists(st.floats(0, 10), min_size=1, max_size=700), share=st.sampled_from([0.0, 0.5, 0.95, 0.98]))
def test_a_quantile_is_the_one_of_the_latest_answers(latencies: list[float], share: float):
    """Against the plain way to say it: sort the last 256 and look."""
    recent = RecentLatencies()
    for seconds in latencies:
        recent.add(seconds)
    last = sorted(latencies[-256:])
    assert len(recent) == len(last)
    assert recent.quantile(share) == last[min(len(last) - 1, int(share * len(last)))]


@settings(max_examples=200)
@given(steps=st.lists(st.booleans(), max_size=2000))
def test_at_no_moment_were_more_than_two_hedges_sent_in_a_hundred_calls(steps: list[bool]):
    """In every order of calls and wishes, from the first moment on."""
    hedging = Hedging()
    calls = hedges = 0
    for is_call in steps:
        if is_call:
            hedging.call_made()
            calls += 1
        else:
            hedges += hedging.allows_hedge()
        assert hedges <= 0.02 * calls + 1e-6


def test_after_long_health_only_a_few_hedges_may_follow_each_other():
    """What was saved up in a quiet hour must not become a storm of second requests."""
    hedging = Hedging()
    for _ in range(100_000):
        hedging.call_made()
    assert sum(hedging.allows_hedge() for _ in range(1000)) == 5


def test_nothing_is_hedged_before_the_upstream_is_known_or_where_nothing_can_be_paid():
    """Sixty-four answers make a percentile worth something; another operation's answers do not count."""
    assert hedging_that_knows([0.01] * 63).due_after("reads") is None
    known = hedging_that_knows([0.01] * 64)
    assert known.due_after("reads") == pytest.approx(0.015)
    assert known.due_after("others") is None
    assert known.allows_hedge()
    assert known.due_after("reads") is None


def test_a_straggler_does_not_move_the_moment_at_which_it_is_late():
    """Half as long again as what nineteen of twenty take, however far out the last ones are."""
    usual = [0.010] * 97
    assert hedging_that_knows([*usual, 0.011, 0.011, 0.011]).due_after("reads") == pytest.approx(0.015)
    assert hedging_that_knows([*usual, 0.8, 0.8, 0.8]).due_after("reads") == pytest.approx(0.015)


@given(latencies=st.lists(st.floats(0.0, 5.0), min_size=64, max_size=256))
def test_no_hedge_is_due_before_the_live_p95(latencies: list[float]):
    """Issue 3: after the upstream's live p95, never sooner."""
    due = hedging_that_knows(latencies).due_after("reads")
    assert due is not None
    assert due >= sorted(latencies)[min(len(latencies) - 1, int(0.95 * len(latencies)))]


def test_an_upstream_that_becomes_slow_altogether_is_soon_not_hedged_any_more():
    """Late is relative to the latest answers: after 256 slow ones, slow is what is usual."""
    hedging = hedging_that_knows([0.01] * 256)
    for _ in range(256):
        hedging.took("reads", 0.5, answered=True)
    assert hedging.due_after("reads") == pytest.approx(0.75)


def test_a_request_that_was_given_up_counts_only_where_it_was_late_already():
    """A client that left after a millisecond says nothing; one that waited in vain says that it was late."""
    hedging = hedging_that_knows([0.01] * 200)
    for _ in range(500):
        hedging.took("reads", 0.001, answered=False)
    assert hedging.due_after("reads") == pytest.approx(0.015)
    for _ in range(20):
        hedging.took("reads", 0.6, answered=False)
    assert hedging.due_after("reads") == pytest.approx(0.9)


def test_one_per_cent_of_stragglers_is_nearly_all_hedged_within_the_budget():
    """20,000 calls, one in a hundred 20 times slower, the rest with jitter: 19 stragglers of 20 are hedged in time."""
    dice = random.Random(3)
    hedging = Hedging()
    stragglers = rescued = hedges = 0
    for _ in range(20_000):
        slow = dice.random() < 0.01
        seconds = 0.4 if slow else dice.lognormvariate(-4.0, 0.25)
        due = hedging.due_after("reads")
        hedging.call_made()
        hedged = due is not None and seconds > due and hedging.allows_hedge()
        hedges += hedged
        stragglers += slow
        rescued += slow and hedged and due < 0.06
        hedging.took("reads", min(seconds, due + 0.02) if hedged else seconds, answered=not hedged)
    assert hedges <= 0.02 * 20_000
    assert rescued >= 0.95 * stragglers
