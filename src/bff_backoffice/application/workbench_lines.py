"""Lines of a board: chosen, in order, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from bff_backoffice.application.pages import Page, Place, page_after
from bff_backoffice.application.workbench_items import BoardItem

__all__ = ["Lines", "Place", "moment_key", "page_of", "room_key", "text_key"]

T_co = TypeVar("T_co", bound=BoardItem, covariant=True)
T = TypeVar("T", bound=BoardItem)

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


def page_of(
    lines: Lines[T], *, statuses: frozenset[str], order: str, descending: bool, after: Place | None, limit: int
) -> Page[T]:
    """Return the page of at most `limit` lines behind `after` (from the beginning where that is None).

    `statuses` empty means all. Raises `KeyError` for an order that the board does not have, which is our defect:
    whoever reads the request has looked.
    """
    place = lines.orders[order]
    chosen = [item for item in lines.items if not statuses or item.status in statuses]
    return page_after(chosen, place, after=after, limit=limit, descending=descending)


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
