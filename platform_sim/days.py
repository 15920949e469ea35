"""Days that callers ask about: within a few years of the property's today, or they are a mistake."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from platform_sim.kernel import Call

__all__ = ["following_days", "near_day"]

_FARTHEST: Final = timedelta(days=3 * 366)
_LONGEST_DAYS: Final = 62
_OUTLOOK_DAYS: Final = 14


def near_day(call: Call, name: str = "date") -> date:
    """A date of the query, today where it is left out. Raises `Refused` 400 more than three years off."""
    day, today = call.day(name), call.world.today(call.property_id, call.now)
    if abs(day - today) > _FARTHEST:
        raise call.invalid(name, "a date within three years of today")
    return day


def following_days(call: Call) -> list[date]:
    """The days of `?from=&days=`: fourteen from today where nothing is said, at most 62."""
    first = near_day(call, "from")
    count = call.query_integer("days", _OUTLOOK_DAYS, maximum=_LONGEST_DAYS)
    return [first + timedelta(days=number) for number in range(count)]
