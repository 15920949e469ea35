"""Pages of a board: whoever comes or goes between two of them, nobody else is skipped or repeated."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.pages import Page, Place
from bff_backoffice.application.workbench_items import BoardItem
from bff_backoffice.application.workbench_lines import Lines, moment_key, page_of, room_key


class Line(BoardItem, frozen=True, kw_only=True):
    """A line with a name to order it by and a number that is its own."""

    name: str
    number: int


def place(line: Line) -> Place:
    """By name."""
    return (line.name, f"{line.number:06d}")


def lines(items: list[Line]) -> Lines[Line]:
    """A board of these lines."""
    return Lines(items=items, orders={"name": place}, counts={})


def page(items: list[Line], after: Place | None, *, descending: bool, limit: int = 3) -> Page[Line]:
    """One page of them."""
    return page_of(lines(items), statuses=frozenset(), order="name", descending=descending, after=after, limit=limit)


SOME_LINES = st.lists(st.sampled_from("abc"), max_size=30).map(
    lambda names: [Line(status="due", name=name, number=number) for number, name in enumerate(names)]
)


@given(items=SOME_LINES, descending=st.booleans(), limit=st.integers(1, 7))
def test_pages_together_are_the_board_in_order(items: list[Line], descending: bool, limit: int) -> None:  # noqa: FBT001 - hypothesis passes it by name
    """Whatever ties there are in what they are ordered by."""
    seen: list[Line] = []
    after: Place | None = None
    while True:
        found = page(items, after, descending=descending, limit=limit)
        seen += found.items
        after = found.next_after
        assert found.matching == len(items)
        if after is None:
            break

    assert seen == sorted(items, key=place, reverse=descending)


@given(items=SOME_LINES, gone=st.sets(st.integers(0, 29)), come=st.integers(0, 5), descending=st.booleans())
def test_who_comes_and_goes_between_pages_moves_nobody_else(
    items: list[Line], gone: set[int], come: int, descending: bool  # noqa: FBT001 - hypothesis passes it by name
) -> None:  # fmt: skip
    """Those who were there all the time appear exactly once."""
    first = page(items, None, descending=descending)
    later = [item for item in items if item.number not in gone]
    later += [Line(status="due", name="b", number=100 + number) for number in range(come)]
    seen = list(first.items)
    after = first.next_after
    while after is not None:
        following = page(later, after, descending=descending)
        seen += following.items
        after = following.next_after

    stayed = [item for item in items if item.number not in gone]
    assert len({item.number for item in seen}) == len(seen)
    if first.next_after is not None:
        assert {item.number for item in stayed} <= {item.number for item in seen}


def test_a_filter_chooses_statuses() -> None:
    """And the number that match is that of the filter, not of the page."""
    items = [Line(status="due" if number % 2 else "gone", name="a", number=number) for number in range(10)]

    found = page_of(lines(items), statuses=frozenset({"gone"}), order="name", descending=False, after=None, limit=2)

    assert [item.number for item in found.items] == [0, 2]
    assert found.matching == 5


def test_rooms_are_in_the_order_of_the_corridor() -> None:
    """9 before 101, a lettered room behind its number, no room last."""
    numbers = ["101", None, "9", "12b", "12a", "1001"]

    assert sorted(numbers, key=room_key) == ["9", "12a", "12b", "101", "1001", None]


def test_what_has_no_time_comes_last() -> None:
    """Behind every time that is known."""
    assert moment_key(None) > "9999"
