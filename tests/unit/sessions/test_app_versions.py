"""Which builds are below a floor: Semantic Versioning 2.0.0, section 11, and what happens to what is no version."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.domain.app_versions import is_below

IN_ORDER = (
    "0.9.9", "1.0.0-0", "1.0.0-1", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
    "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.9.0", "1.10.0-rc.1", "1.10.0", "1.10.2",
    "2.0.0", "10.0.0",
)  # fmt: skip
"""The standard's own example among others, the oldest first."""

NUMBER = st.integers(0, 99_999)


@pytest.mark.parametrize(("older", "newer"), list(pairwise(IN_ORDER)))
def test_a_build_is_below_the_next_one_and_not_the_other_way_round(older: str, newer: str) -> None:
    """Numbers count by value and not by their letters; a pre-release is older than its release."""
    assert is_below(older, newer)
    assert not is_below(newer, older)


@pytest.mark.parametrize("version", IN_ORDER)
def test_a_build_is_not_below_itself(version: str) -> None:
    """The floor itself may work."""
    assert not is_below(version, version)


@pytest.mark.parametrize(("one", "other"), [("1.4.2+win", "1.4.2+mac"), ("1.4.2", "1.4.2+9"), ("1.4.2+a-b", "1.4.2")])
def test_build_metadata_counts_for_nothing(one: str, other: str) -> None:
    """What stands behind the plus sign says how a build was made and not how old it is."""
    assert not is_below(one, other)
    assert not is_below(other, one)


@pytest.mark.parametrize(("floor", "version"), [("2", "1.99.99"), ("2.1", "2.0.9"), (" 2.1.0 ", "2.0.9")])
def test_a_floor_may_be_written_short(floor: str, version: str) -> None:
    """People type floors: what is left out is zero."""
    assert is_below(version, floor)
    assert not is_below("2.1.0", floor)


@pytest.mark.parametrize("floor", ["", "latest", "v2.0.0", "2.x", "1.2.3.4", "-1.0.0", "\u0662.\u0660.\u0660"])
def test_a_floor_that_is_no_version_locks_nobody_out(floor: str) -> None:
    """A slip of somebody's hand must not close every desk of a hotel."""
    assert not is_below("0.0.1", floor)


@pytest.mark.parametrize("version", [None, "", "unknown"])
def test_a_build_that_does_not_say_what_it_is_is_not_known_to_be_too_old(version: str | None) -> None:
    """Only a build that names itself is refused."""
    assert not is_below(version, "99.0.0")


@given(one=st.tuples(NUMBER, NUMBER, NUMBER), other=st.tuples(NUMBER, NUMBER, NUMBER))
def test_releases_are_ordered_like_their_numbers(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    """For any two releases."""
    assert is_below("{}.{}.{}".format(*one), "{}.{}.{}".format(*other)) == (one < other)
