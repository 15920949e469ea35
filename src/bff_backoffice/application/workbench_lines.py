"""Lines of a board: chosen, in order, a page at a time.

A page's cursor is a place in the order and not a number of lines: whoever comes or goes between two pages makes nobody
else appear twice or never.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from bff_backoffice.application.workbench_items import BoardItem

__all__ = ["Lines", "Page", "Place", "moment_key", "page_of", "room_key", "text_key"]

T_co = TypeVar("T_co", bound=BoardItem, covariant=True)
T = TypeVar("T", bound=BoardItem)

Place = tuple[str, ...]
"""Where a line stands in an order. Places of one order have one length and end with what no two lines share."""

_LAST: Final = "~"
"""Behind every digit and every Latin letter: what is not known comes last."""
_DIGITS: Final = re.compile(r"[0-9]+")
_WIDEST_NUMBER: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Generic[T_co]):
    """All lines of a board, how each of its orders sees them, and its counts. A count is null where nobody can say."""

    items: Sequence[T_co]
    orders: Mapping[str, Callable[[T_co], Place]]
    counts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """Some lines, the place of the last one if there are more, and how many there are altogether."""

    items: Sequence[T_co]
    next_after: Place | None
    matching: int


def page_of(
    lines: Lines[T], *, statuses: frozenset[str], order: str, descending: bool, after: Place | None, limit: int
) -> Page[T]:
    """Return the page of at most `limit` lines behind `after` (from the beginning where that is None).

    `statuses` empty means all. Raises `KeyError` for an order that the board does not have, which is our defect:
    whoever reads the request has looked.
    """
    place = lines.orders[order]
    chosen = [item for item in lines.items if not statuses or item.status in statuses]
    placed = sorted(((place(item), item) for item in chosen), key=lambda pair: pair[0])
    if descending:
        stop = len(placed) if after is None else bisect_left(placed, after, key=lambda pair: pair[0])
        shown, more = placed[max(0, stop - limit) : stop][::-1], stop > limit
    else:
        start = 0 if after is None else bisect_right(placed, after, key=lambda pair: pair[0])
        shown, more = placed[start : start + limit], len(placed) > start + limit
    return Page(
        items=[item for _, item in shown], next_after=shown[-1][0] if more and shown else None, matching=len(chosen)
    )


def room_key(number: str | None) -> str:
    """Return a room's number as it is ordered: 9 before 101, 12a before 12b; no room last."""
    if not number:
        return _LAST
    return _DIGITS.sub(lambda digits: digits[0].zfill(_WIDEST_NUMBER), number)


def moment_key(moment: datetime | None) -> str:
    """Return a time as it is ordered; what has none comes last."""
    return _LAST if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def text_key(text: str) -> str:
    """Return a name as it is ordered, whatever its case."""
    return text.casefold()
