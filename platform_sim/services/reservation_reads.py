"""Reads of reservation-service: arrivals, departures, in house, look-up, and the stays of the front-desk grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Final

from platform_sim.kernel import Answer, Call
from platform_sim.paging import keyset_page
from platform_sim.services import reservation_views as views
from platform_sim.world.entities import Reservation

__all__ = [
    "arrivals",
    "arrivals_summary",
    "by_code",
    "departures",
    "departures_summary",
    "in_house",
    "in_house_summary",
    "look_up",
    "one",
    "stays",
]

_NEXT: Final = 5
_LONGEST_QUERY: Final = 100
_LONGEST_PAGE: Final = 500
_LONGEST_GRID_DAYS: Final = 62
_STATUSES: Final[Mapping[str, Callable[[Reservation], bool]]] = {
    "due": lambda stay: stay.due,
    "in_house": lambda stay: stay.in_house,
    "arrived": lambda stay: not stay.due,
    "departed": lambda stay: stay.status == "checked_out",
}


def arrivals_summary(call: Call) -> Answer:
    """`GET /arrivals/summary`: rooms that arrive on the day, how many of them are still expected, and the next five."""
    day = call.day()
    found = views.arrivals_on(call, day)
    waiting = [stay for stay in found if stay.due]
    return _movement(call, day, found, waiting)


def departures_summary(call: Call) -> Answer:
    """`GET /departures/summary`: rooms that leave on the day, how many have not left yet, and the next five."""
    day = call.day()
    found = views.departures_on(call, day)
    waiting = [stay for stay in found if stay.status != "checked_out"]
    return _movement(call, day, found, waiting)


def _movement(call: Call, day: date, found: list[Reservation], waiting: list[Reservation]) -> Answer:
    return Answer(
        body={
            "propertyId": call.property_id,
            "date": day.isoformat(),
            "totalRooms": len(found),
            "remainingRooms": len(waiting),
            "totalGuests": sum(stay.guests for stay in found),
            "remainingGuests": sum(stay.guests for stay in waiting),
            "next": [views.line(call, stay) for stay in waiting[:_NEXT]],
        }
    )


def in_house_summary(call: Call) -> Answer:
    """`GET /in-house/summary`: rooms with guests in them now, those that stay past today, those that came before it."""
    today = call.world.today(call.property_id, call.now)
    here = views.in_house_now(call)
    staying = [stay for stay in here if stay.departure_date > today]
    return Answer(
        body={
            "propertyId": call.property_id,
            "date": today.isoformat(),
            "totalRooms": len(here),
            "remainingRooms": len(staying),
            "stayoverRooms": sum(stay.arrival_date < today for stay in staying),
            "guests": sum(stay.guests for stay in here),
        }
    )


def arrivals(call: Call) -> Answer:
    """`GET /arrivals?date=&status=&dueWithinMinutes=`: due first by expected time, then who has come."""
    found = _with_status(call, views.arrivals_on(call, call.day()))
    if "dueWithinMinutes" in call.query:
        # Whoever should have been here already is due too.
        until = call.now + timedelta(minutes=call.query_integer("dueWithinMinutes", 180, maximum=1440))
        found = [stay for stay in found if stay.due and (stay.expected_at is None or stay.expected_at <= until)]
    return _listed(call, found, views.arrival_order)


def departures(call: Call) -> Answer:
    """`GET /departures?date=&status=`: those still here first, by room, then who has left."""
    return _listed(
        call, _with_status(call, views.departures_on(call, call.day())), partial(views.departure_order, call)
    )


def in_house(call: Call) -> Answer:
    """`GET /in-house`: everyone in the hotel now, by room."""
    return _listed(call, views.in_house_now(call), partial(views.room_order, call))


def look_up(call: Call) -> Answer:
    """`GET /?query=&status=&roomId=&arrivalFrom=&arrivalTo=`: by name in any script, phone, code or room."""
    query = call.query.get("query", "").strip()
    if "query" in call.query and not 1 <= len(query) <= _LONGEST_QUERY:
        raise call.invalid("query", f"1..{_LONGEST_QUERY} characters")
    rows = views.searchable(call)
    found = views.matching(rows, query)
    statuses = frozenset(filter(None, call.query.get("status", "").split(",")))
    room_id = call.query.get("roomId")
    first = call.day("arrivalFrom") if "arrivalFrom" in call.query else date.min
    last = call.day("arrivalTo") if "arrivalTo" in call.query else date.max
    found = [
        stay
        for stay in found
        if (not statuses or stay.status in statuses)
        and (room_id is None or stay.room_id == room_id)
        and first <= stay.arrival_date <= last
    ]
    return _listed(call, found, partial(views.desk_order, call.world.today(call.property_id, call.now)))


def stays(call: Call) -> Answer:
    """`GET /stays?from=&days=14`: every stay that touches those nights, for a grid of rooms and days; by room."""
    first = call.day("from")
    days = call.query_integer("days", 14, maximum=_LONGEST_GRID_DAYS)
    last = first + timedelta(days=days)

    def compute() -> list[Reservation]:
        touching = [
            stay
            for stay in call.world.reservations_of(call.property_id)
            if (stay.due or stay.in_house or stay.status == "checked_out")
            and stay.arrival_date < last
            and stay.departure_date > first
        ]
        return sorted(touching, key=views.grid_order)

    found = call.world.computed(call.property_id, f"stays:{first}:{days}", call.now, compute)
    return _listed(call, found, views.grid_order, default=_LONGEST_PAGE)


def one(call: Call) -> Answer:
    """`GET /{id}`: the whole reservation, with its version as `ETag`."""
    stay = call.own(call.world.reservations.get(call.id("id")), "reservation")
    return Answer(body=views.detail(call, stay), headers={"ETag": f'"{stay.version}"'})


def by_code(call: Call) -> Answer:
    """`GET /by-code/{code}`: the reservation that the guest's confirmation names."""
    wanted = call.params["code"].upper()
    every = call.world.reservations_of(call.property_id)
    stay = call.own(next((stay for stay in every if stay.code == wanted), None), "reservation")
    return Answer(body=views.detail(call, stay), headers={"ETag": f'"{stay.version}"'})


def _with_status(call: Call, found: list[Reservation]) -> list[Reservation]:
    wanted = call.query.get("status")
    if wanted is None:
        return found
    if wanted not in _STATUSES:
        raise call.invalid("status", f"one of {' '.join(_STATUSES)}")
    return [stay for stay in found if _STATUSES[wanted](stay)]


def _listed(
    call: Call, found: list[Reservation], order: Callable[[Reservation], tuple[int | str, ...]], *, default: int = 50
) -> Answer:
    """A page that neither repeats nor skips anybody, also where guests come and go between two pages."""
    rows, cursor = keyset_page(call, found, order, default=default, maximum=_LONGEST_PAGE)
    return Answer(body={"items": [views.card(call, stay) for stay in rows], "nextCursor": cursor, "total": len(found)})
