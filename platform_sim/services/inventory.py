"""inventory-service: how many rooms there are on a night, what is taken, and which room is promised to which stay."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from platform_sim.days import following_days, near_day
from platform_sim.dialect import Dialect
from platform_sim.given import check_version
from platform_sim.ids import has_shape, with_prefix
from platform_sim.kernel import Answer, Call, Route, Service, instant, page
from platform_sim.world.entities import Reservation
from platform_sim.world.ledger import Ledger, end_of_stay, ledger_of, unsellable_until

__all__ = ["SERVICE"]

_LONGEST_STAY_NIGHTS: Final = 62


def occupancy(call: Call) -> Answer:
    """`GET /occupancy?date=`: one night of the whole house."""
    day = near_day(call)
    night = ledger_of(call.world, call.property_id, call.now).house(day)
    return Answer(
        body={
            "propertyId": call.property_id,
            "stayDate": day.isoformat(),
            "total": night.total,
            "committed": night.committed,
            "held": night.held,
            "oosBlocked": night.oos_blocked,
            "asOf": instant(call.now),
        }
    )


def calendar(call: Call) -> Answer:
    """`GET /calendar?from=&days=`: one row a day and room type."""
    ledger = ledger_of(call.world, call.property_id, call.now)
    items = []
    for day in following_days(call):
        for room_type_id in ledger.totals:
            night = ledger.night(day, room_type_id)
            items.append(
                {
                    "stayDate": day.isoformat(),
                    "roomTypeId": call.out(room_type_id),
                    "total": night.total,
                    "held": night.held,
                    "committed": night.committed,
                    "oosBlocked": night.oos_blocked,
                }
            )
    return Answer(body={"items": items, "nextCursor": None})


def availability(call: Call) -> Answer:
    """`GET /availability?start=&end=&roomTypeId=`: rooms of each type that are free on every night of a stay."""
    start, end = near_day(call, "start"), near_day(call, "end")
    if not 1 <= (end - start).days <= _LONGEST_STAY_NIGHTS:
        raise call.invalid("end", f"1..{_LONGEST_STAY_NIGHTS} nights after start")
    ledger = ledger_of(call.world, call.property_id, call.now)
    kinds = _kinds(call, ledger)
    nights = [start + timedelta(days=number) for number in range((end - start).days)]
    items = [
        {
            "roomTypeId": call.out(kind),
            "available": min(ledger.night(night, kind).available for night in nights),
            "total": ledger.totals[kind],
        }
        for kind in kinds
    ]
    return Answer(body={"start": start.isoformat(), "end": end.isoformat(), "items": items, "nextCursor": None})


def grid(call: Call) -> Answer:
    """`GET /grid?from=&days=&roomTypeId=`: every room with the stays that it is promised to within these days."""
    days = following_days(call)
    world = call.world
    kinds = _kinds(call, ledger_of(world, call.property_id, call.now))
    rooms = [room for room in world.rooms_of(call.property_id) if room.room_type_id in kinds]
    shown, following = page(call, rooms, default=500)
    closed = unsellable_until(world, call.property_id, call.now)
    stays: dict[str, list[dict[str, object]]] = {room.id: [] for room in shown}
    for stay in _taking(call, days):
        if stay.room_id in stays:
            stays[stay.room_id].append(_allocation(call, stay))
    items = [
        {
            "roomId": room.id,
            "number": room.number,
            "floor": room.floor,
            "roomTypeId": call.out(room.room_type_id),
            "sellable": room.id not in closed,
            "closedUntil": _day(closed.get(room.id)),
            "allocations": sorted(stays[room.id], key=lambda allocation: str(allocation["start"])),
        }
        for room in shown
    ]
    body = {"from": days[0].isoformat(), "days": len(days), "items": items, "nextCursor": following}
    return Answer(body=body)


def allocations(call: Call) -> Answer:
    """`GET /allocations?from=&days=&assigned=true|false`: what the stays of these days take, by arrival."""
    days = following_days(call)
    assigned = call.query.get("assigned")
    if assigned not in {None, "true", "false"}:
        raise call.invalid("assigned", "true or false")
    rows = [
        stay for stay in _taking(call, days) if assigned is None or (stay.room_id is not None) == (assigned == "true")
    ]
    rows.sort(key=lambda stay: (stay.arrival_date, stay.id))
    shown, following = page(call, rows)
    return Answer(body={"items": [_allocation(call, stay) for stay in shown], "nextCursor": following})


def blocks(call: Call) -> Answer:
    """`GET /blocks`: the rooms that can't be sold, with the first night on which each is to be open again."""
    until = unsellable_until(call.world, call.property_id, call.now)
    rows = [room for room in call.world.rooms_of(call.property_id) if room.id in until]
    shown, following = page(call, rows)
    items = [
        {
            "id": with_prefix(room.id, "blk"),
            "roomId": room.id,
            "roomTypeId": call.out(room.room_type_id),
            "kind": room.status,
            "until": _day(until[room.id]),
            "reason": room.notes,
        }
        for room in shown
    ]
    return Answer(body={"items": items, "nextCursor": following})


def release_room(call: Call) -> Answer:
    """`DELETE /allocations/{id}/room`: take the promised room back from a stay that has not begun."""
    if not has_shape(call.params["id"], "inv"):
        raise call.not_found("allocation")
    stay = call.own(call.world.reservations.get(with_prefix(call.params["id"], "rsv")), "allocation")
    check_version(call, stay.version)
    if not stay.due:
        raise call.conflict("ALLOCATION_IN_USE", "the stay has begun or is over")
    if stay.room_id is None:
        raise call.conflict("ALLOCATION_NOT_ASSIGNED", "the stay has no room yet")
    released, stay.room_id = stay.room_id, None
    stay.version += 1
    call.world.changed(call.property_id)
    call.effect("allocation.released", with_prefix(stay.id, "inv"))
    call.publish(
        "inventory.allocation.released.v1",
        {"propertyId": call.property_id, "reservationId": stay.id, "roomId": released},
        key=f"{call.tenant_id}:{call.property_id}",
    )
    return Answer(body=_allocation(call, stay), headers={"ETag": f'"v{stay.version}"'})


def _kinds(call: Call, ledger: Ledger) -> list[str]:
    """The room types of the query: the one that it names, or all of the property."""
    wanted = call.query.get("roomTypeId")
    if wanted is None:
        return list(ledger.totals)
    if not has_shape(wanted, "rty"):
        raise call.invalid("roomTypeId", "a room type, rty_…")
    kind = call.service.dialect.into(wanted)
    if kind not in ledger.totals:
        raise call.not_found("room_type")
    return [kind]


def _taking(call: Call, days: list[date]) -> list[Reservation]:
    """The stays that take a room on at least one of the nights, or leave on the first of them."""
    first, last = days[0], days[-1]
    gone = {"cancelled", "no_show", "expired_hold", "quoted"}
    return [
        stay
        for stay in call.world.reservations_of(call.property_id)
        if stay.status not in gone and stay.arrival_date <= last and end_of_stay(call.world, stay) >= first
    ]


def _allocation(call: Call, stay: Reservation) -> dict[str, object]:
    state = "held" if stay.status == "held" else "in_use" if stay.in_house else "confirmed"
    return {
        "id": with_prefix(stay.id, "inv"),
        "reservationId": stay.id,
        "roomTypeId": call.out(stay.room_type_id),
        "roomId": stay.room_id,
        "start": stay.arrival_date.isoformat(),
        "end": end_of_stay(call.world, stay).isoformat(),
        "state": "completed" if stay.status == "checked_out" else state,
        "version": stay.version,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


_ROOT: Final = "/api/v1/inventory"

SERVICE: Final = Service(
    name="inventory-service",
    dialect=Dialect(
        domain="INVENTORY", property_place="header", prefixes={"rmt": "rty"}, key_format="ulid", errors="wrapped"
    ),
    routes=(
        Route(method="GET", path=f"{_ROOT}/occupancy", handler=occupancy, property="required"),
        Route(method="GET", path=f"{_ROOT}/calendar", handler=calendar, property="required"),
        Route(method="GET", path=f"{_ROOT}/availability", handler=availability, property="required"),
        Route(method="GET", path=f"{_ROOT}/grid", handler=grid, property="required"),
        Route(method="GET", path=f"{_ROOT}/allocations", handler=allocations, property="required"),
        Route(method="GET", path=f"{_ROOT}/blocks", handler=blocks, property="required"),
        Route(
            method="DELETE",
            path=f"{_ROOT}/allocations/{{id}}/room",
            handler=release_room,
            property="required",
            idempotency="accepted",
        ),
    ),
)
