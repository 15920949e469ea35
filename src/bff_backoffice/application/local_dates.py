"""Which day it is at a hotel: never the server's day, which is wrong for hours of every day."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["local_date"]


def local_date(moment: datetime, timezone: str | None) -> date | None:
    """Return the date at a hotel at this moment, across every change of its clocks; None where that is not known.

    `timezone` is an IANA name such as `Asia/Kabul`.
    """
    if timezone is None:
        return None
    try:
        return moment.astimezone(ZoneInfo(timezone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        # A zone that the tables do not have is as good as none; a board without its date is still a board.
        return None
