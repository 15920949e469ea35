"""Which rooms reservation-service may sell, promise and give."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from platform_sim.dialect import Refused
from platform_sim.kernel import Call
from platform_sim.world.entities import Reservation, Room, RoomType
from platform_sim.world.ledger import ledger_of

__all__ = ["check_capacity", "check_sale", "choose_room", "free_room", "room_to_enter"]

_CLEAN: Final = frozenset({"clean", "inspected", "ready"})
_BEST_FIRST: Final = {"ready": 0, "inspected": 1, "clean": 2}


def check_capacity(call: Call, kind: RoomType, people: int) -> None:
    """Refuse more people than a room of the type has beds for."""
    if people > kind.max_guests:
        raise call.conflict("CAPACITY_EXCEEDED", f"at most {kind.max_guests} people in this room type", status=422)


def check_sale(
    call: Call, kind: RoomType, arrival: date, departure: date, *, instead_of: Reservation | None = None
) -> None:
    """Refuse what would sell more rooms of a type than inventory's ledger has left, on any of the nights."""
    ledger = ledger_of(call.world, kind.property_id, call.now)
    for offset in range((departure - arrival).days):
        night = arrival + timedelta(days=offset)
        mine = instead_of is not None and instead_of.room_type_id == kind.id and instead_of.covers(night)
        counted = ledger.night(night, kind.id)
        if counted.sellable - counted.committed - counted.held + mine < 1:
            raise Refused(
                409,
                "MELMASTOON.RESERVATION.OVERBOOKING_BLOCKED",
                f"no room of this type is left on {night.isoformat()}",
                violations=(("arrivalDate", "availability"),),
            )


def free_room(call: Call, stay: Reservation, room: Room) -> None:
    """Refuse a room that is closed, or promised or given to somebody else within the stay."""
    if not room.sellable:
        raise call.conflict("ROOM_OUT_OF_ORDER", "the room is closed")
    for other in call.world.reservations_of(room.property_id):
        if other.room_id != room.id or other.id == stay.id or not (other.due or other.in_house):
            continue
        # Whoever leaves today and whoever came today share no night, and still can't share the room.
        both_there = stay.in_house and other.in_house
        if both_there or (other.arrival_date < stay.departure_date and other.departure_date > stay.arrival_date):
            raise call.conflict("ROOM_NOT_AVAILABLE", "the room is taken by another reservation")


def room_to_enter(call: Call, stay: Reservation, named: Room | None) -> Room:
    """The room that a guest is let into: the named one, else the promised one if it is ready, else one that is.

    Raises `Refused` 409 where the named room is closed, taken, occupied or not clean, and where no room is ready.
    """
    if named is None:
        promised = call.world.rooms.get(stay.room_id or "")
        if promised is not None and _is_enterable(call, stay, promised):
            return promised
        found = choose_room(call, stay)
        if found is None:
            raise call.conflict("ROOM_NOT_READY", "no room of this type is ready")
        return found
    free_room(call, stay, named)
    if _occupant(call, named) is not None:
        raise call.conflict("ROOM_OCCUPIED", "somebody is still in the room")
    if named.status not in _CLEAN:
        raise call.conflict("ROOM_NOT_READY", f"the room is {named.status}")
    return named


def choose_room(call: Call, stay: Reservation) -> Room | None:
    """The best room of the stay's type that can be entered now: inspected before only clean, low numbers first."""
    fitting = [
        room
        for room in call.world.rooms_of(stay.property_id)
        if room.room_type_id == stay.room_type_id and _is_enterable(call, stay, room)
    ]
    return min(fitting, key=lambda room: (_BEST_FIRST[room.status], room.number), default=None)


def _is_enterable(call: Call, stay: Reservation, room: Room) -> bool:
    if room.status not in _CLEAN or _occupant(call, room) is not None:
        return False
    try:
        free_room(call, stay, room)
    except Refused:
        return False
    return True


def _occupant(call: Call, room: Room) -> Reservation | None:
    stays = call.world.reservations_of(room.property_id)
    return next((stay for stay in stays if stay.in_house and stay.room_id == room.id), None)
