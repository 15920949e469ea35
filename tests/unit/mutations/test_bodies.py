"""Days and times in the bodies of mutations: those that there are, as RFC 3339 writes them (contract, section 10)."""

from __future__ import annotations

import pytest

from bff_backoffice.application.mutations_bodies import (
    IssueKey,
    NewReservation,
    ReservationChange,
    not_in_the_calendar,
)

STAY = "rsv_01JGFJJZ03J02SKYND46F9ZBK0"


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "2027-02-29", "2026-00-10"])
def test_a_day_that_no_calendar_has_is_named(day: str) -> None:
    """Both days are looked at, also where only one is given."""
    booking = NewReservation(arrival_date=day, departure_date="2028-02-29")

    assert [each.field for each in not_in_the_calendar(booking)] == ["body.arrivalDate"]
    assert [each.field for each in not_in_the_calendar(ReservationChange(departure_date=day))] == ["body.departureDate"]


@pytest.mark.parametrize(
    ("moment", "exists"),
    [
        ("2026-11-23T10:00:00Z", True),
        ("2026-11-23T10:00Z", True),
        ("2026-11-23T10:00:00.123456+04:30", True),
        ("2026-11-23T25:00:00Z", False),
        ("2026-11-23T10:61:00Z", False),
        ("2026-11-31T10:00:00Z", False),
        ("2026-11-23T:::::Z", False),
        ("2026-11-23T10:00:00+99:00", False),
    ],
)
def test_a_moment_that_no_clock_shows_is_named(moment: str, exists: bool) -> None:  # noqa: FBT001 - a row of the table
    """Hours, minutes, days and offsets; what exists travels on as it came."""
    wish = IssueKey(reservation_id=STAY, kind="pin_code", valid_until=moment)

    assert [each.field for each in not_in_the_calendar(wish)] == ([] if exists else ["body.validUntil"])
    assert wish.valid_until == moment


def test_what_is_left_out_or_taken_back_is_no_day() -> None:
    """Null and absent members say nothing of a calendar."""
    assert not_in_the_calendar(ReservationChange(expected_at=None)) == ()
    assert not_in_the_calendar(ReservationChange()) == ()
