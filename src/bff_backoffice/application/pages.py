"""A list a page at a time, the same for whatever is listed.

A page's cursor is a place in the order and not a number of lines: whoever comes or goes between two pages makes nobody
else appear twice or never.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Page", "Place", "page_after"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Place = tuple[str, ...]
"""Where a line stands in an order. Places of one order have one length and end with what no two lines share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """Some lines, the place of the last one if there are more, and how many there are altogether."""

    items: Sequence[T_co]
    next_after: Place | None
    matching: int


def page_after(
    chosen: Sequence[T], place: Callable[[T], Place], *, after: Place | None, limit: int, descending: bool = False
) -> Page[T]:
    """Return the page of at most `limit` lines behind `after` (from the beginning where that is None)."""
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
