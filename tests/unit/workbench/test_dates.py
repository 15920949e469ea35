"""The date at the hotel: across changes of its clocks, and where the zone is none."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bff_backoffice.application.local_dates import local_date


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        # Clocks in Lyon go forward on 29 March 2026 at 01:00 UTC and back on 25 October 2026 at 01:00 UTC.
        ("2026-03-28T22:59:59", "Europe/Paris", date(2026, 3, 28)),
        ("2026-03-28T23:00:00", "Europe/Paris", date(2026, 3, 29)),
        ("2026-03-29T21:59:59", "Europe/Paris", date(2026, 3, 29)),
        ("2026-03-29T22:00:00", "Europe/Paris", date(2026, 3, 30)),
        ("2026-10-24T22:00:00", "Europe/Paris", date(2026, 10, 25)),
        ("2026-10-25T22:59:59", "Europe/Paris", date(2026, 10, 25)),
        ("2026-10-25T23:00:00", "Europe/Paris", date(2026, 10, 26)),
        # Four and a half hours ahead, all year.
        ("2026-11-22T19:29:59", "Asia/Kabul", date(2026, 11, 22)),
        ("2026-11-22T19:30:00", "Asia/Kabul", date(2026, 11, 23)),
        ("2026-11-22T20:00:00", "Asia/Dubai", date(2026, 11, 23)),
    ],
)
def test_the_day_begins_at_the_hotels_midnight(moment: str, zone: str, expected: date) -> None:
    """Not at the server's, and not an hour off when clocks change."""
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)

    assert local_date(at, zone) == expected


@pytest.mark.parametrize("zone", [None, "Nowhere/AtAll", "../etc"])
def test_without_a_known_zone_there_is_no_date(zone: str | None) -> None:
    """None is honest; the server's own date would be wrong for half of the day."""
    assert local_date(datetime(2026, 11, 22, 10, tzinfo=UTC), zone) is None
