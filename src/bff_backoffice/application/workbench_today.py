"""Today: who comes and who goes, and what is left to do for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bff_backoffice.application.pages import Place
from bff_backoffice.application.workbench_contents import Reading, SectionContents
from bff_backoffice.application.workbench_items import TodayItem, TodayTodo
from bff_backoffice.application.workbench_lines import Lines, moment_key, room_key
from bff_backoffice.application.workbench_lists import StayLine
from bff_backoffice.application.workbench_stays import DUE, GONE, STAY_ORDERS, StaySurroundings
from bff_backoffice.domain.workbench import READY_ROOM_STATUSES

__all__ = ["today"]

_COUNTS: Final = (
    "total", "open", "arrivals", "arrivalsDue", "departures", "departuresDue", "inHouse", "roomsReady",
    "roomsNotReady",
)  # fmt: skip


def today(contents: SectionContents, reading: Reading) -> Lines[TodayItem]:
    """Return today's arrivals and departures, those first for whom something is left to do."""
    orders: dict[str, Callable[[TodayItem], Place]] = {
        "todo": lambda item: (
            str(int(not item.todo)), moment_key(item.expected_at), item.kind, room_key(item.room_number), item.code,
        ),
        **{name: _told_apart(place) for name, place in STAY_ORDERS.items()},
    }  # fmt: skip
    coming, leaving = contents.arrivals, contents.departures
    lists = [each for each in (coming, leaving) if each is not None]
    around = StaySurroundings.of(contents, lists, reading.locale)
    items = [] if coming is None else [_arrival(stay, around) for stay in coming.items]
    items += [] if leaving is None else [_departure(stay, around) for stay in leaving.items]
    return Lines(items=items, orders=orders, counts=_counts(items, contents, known=bool(lists)))


def _told_apart(place: Callable[[TodayItem], Place]) -> Callable[[TodayItem], Place]:
    return lambda item: (*place(item), item.kind)


def _arrival(stay: StayLine, around: StaySurroundings) -> TodayItem:
    return TodayItem(
        **around.members(stay),
        id=f"arrival:{stay.reservation_id}",
        kind="arrival",
        expected_at=stay.expected_at,
        todo=list(_before_arrival(stay, around)),
    )


def _departure(stay: StayLine, around: StaySurroundings) -> TodayItem:
    return TodayItem(
        **around.members(stay),
        id=f"departure:{stay.reservation_id}",
        kind="departure",
        expected_at=None,
        todo=list(_before_departure(stay, around)),
    )


def _before_arrival(stay: StayLine, around: StaySurroundings) -> Iterator[TodayTodo]:
    """What is known to be undone; an upstream that is away adds nothing, because nobody can say."""
    if stay.status != DUE:
        if stay.status != GONE and around.key_state(stay.reservation_id) == "none":
            yield "issue_key"
        return
    if stay.room_id is None:
        yield "assign_room"
    elif around.room_ready(stay.room_id) is False:
        yield "prepare_room"
    yield "check_in"


def _before_departure(stay: StayLine, around: StaySurroundings) -> Iterator[TodayTodo]:
    owed = around.owed(stay.reservation_id)
    if owed is not None and int(owed.balance.amount_micro) > 0:
        yield "settle_balance"
    if stay.status != GONE:
        yield "check_out"
    elif around.key_state(stay.reservation_id) == "active":
        yield "revoke_key"


def _counts(items: list[TodayItem], contents: SectionContents, *, known: bool) -> dict[str, int | None]:
    coming = [item for item in items if item.kind == "arrival"]
    leaving = [item for item in items if item.kind == "departure"]
    rooms, here = contents.rooms, contents.in_house
    ready = None if rooms is None else sum(room.status in READY_ROOM_STATUSES for room in rooms.items)
    arrivals_known, departures_known = contents.arrivals is not None, contents.departures is not None
    values = (
        len(items) if known else None,
        sum(bool(item.todo) for item in items) if known else None,
        len(coming) if arrivals_known else None,
        sum(item.status == DUE for item in coming) if arrivals_known else None,
        len(leaving) if departures_known else None,
        sum(item.status != GONE for item in leaving) if departures_known else None,
        None if here is None else len(here.items),
        ready,
        None if rooms is None or ready is None else len(rooms.items) - ready,
    )
    return dict(zip(_COUNTS, values, strict=True))
