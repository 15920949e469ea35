"""Mutations of reservation-service before and beside the stay: create, modify, assign a room, cancel, no-show."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Final

from platform_sim.consequences import dirty_room, publish_stay, revoke_keys
from platform_sim.dialect import Money
from platform_sim.given import check_version, given_date, given_moment, given_word
from platform_sim.ids import fresh_id
from platform_sim.kernel import Answer, Call
from platform_sim.services.reservation_rooms import check_capacity, check_sale, free_room
from platform_sim.services.reservation_views import detail
from platform_sim.world.demand import nightly_rate
from platform_sim.world.entities import Guest, Reservation, RoomType

__all__ = ["answer", "assign_room", "cancel", "create", "mark_no_show", "modify", "stay_of"]

_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CHANNELS: Final = ("direct", "walk_in", "phone", "booking_engine", "ota", "corporate")
_LONGEST_NIGHTS: Final = 90
_MOST_REQUESTS: Final = 20


def create(call: Call) -> Answer:
    """`POST /`: a confirmed reservation, where the room type still has a room for each night."""
    room_id = call.optional_reference("roomId")
    room = call.own(call.world.rooms.get(room_id), "room") if room_id else None
    kind = _room_type(call, room.room_type_id if room else call.reference("roomTypeId"))
    arrival, departure = _dates(call, given_date(call, "arrivalDate"), given_date(call, "departureDate"))
    if arrival < call.world.today(call.property_id, call.now):
        raise call.conflict("ARRIVAL_IN_PAST", "the arrival date has passed", status=422)
    adults, children = _people(call, kind, adults=1, children=0)
    check_sale(call, kind, arrival, departure)
    guest = _guest(call)
    stay = Reservation(
        id=fresh_id("rsv"),
        tenant_id=call.tenant_id,
        property_id=call.property_id,
        code=_unused_code(call),
        status="confirmed",
        guest_id=guest.id,
        guest_name=guest.name,
        room_type_id=kind.id,
        arrival_date=arrival,
        departure_date=departure,
        nightly_rate=_rate(call, kind, arrival),
        created_at=call.now,
        adults=adults,
        children=children,
        channel=given_word(call, "channel", _CHANNELS, default="direct"),
        expected_at=given_moment(call, "expectedAt"),
        special_requests=_requests(call),
        flags=("vip",) if guest.vip else (),
        notes=call.optional_text("notes"),
    )
    if room is not None:
        free_room(call, stay, room)
        stay.room_id = room.id
    call.world.guests[guest.id] = guest
    call.world.reservations[stay.id] = stay
    publish_stay(call, "confirmed", stay)
    _allocation(call, "confirmed", stay)
    return answer(call, "created", stay, status=201)


def modify(call: Call) -> Answer:
    """`PATCH /{id}`: dates, people, room type, expected time, requests and notes of a stay that is not over."""
    stay = stay_of(call)
    check_version(call, stay.version)
    if not (stay.due or stay.in_house):
        raise call.conflict("INVALID_STATUS_TRANSITION", f"a reservation that is {stay.status} can't be modified")
    arrival = given_date(call, "arrivalDate") if "arrivalDate" in call.body else stay.arrival_date
    departure = given_date(call, "departureDate") if "departureDate" in call.body else stay.departure_date
    arrival, departure = _dates(call, arrival, departure)
    if stay.in_house and arrival != stay.arrival_date:
        raise call.conflict("INVALID_STATUS_TRANSITION", "the guest has arrived already")
    kind = _room_type(call, call.optional_reference("roomTypeId") or stay.room_type_id)
    adults, children = _people(call, kind, adults=stay.adults, children=stay.children)
    expected = given_moment(call, "expectedAt") if "expectedAt" in call.body else stay.expected_at
    notes = call.optional_text("notes") if "notes" in call.body else stay.notes
    requests = _requests(call) if "specialRequests" in call.body else stay.special_requests
    moved = (arrival, departure, kind.id) != (stay.arrival_date, stay.departure_date, stay.room_type_id)
    if moved:
        check_sale(call, kind, arrival, departure, instead_of=stay)
    stay.arrival_date, stay.departure_date, stay.adults, stay.children = arrival, departure, adults, children
    stay.expected_at, stay.notes, stay.special_requests = expected, notes, requests
    if kind.id != stay.room_type_id and not stay.in_house:
        stay.room_type_id, stay.room_id = kind.id, None
    if moved:
        publish_stay(call, "dates_changed", stay)
    publish_stay(call, "modified", stay, changed=sorted(call.body))
    return answer(call, "modified", stay)


def assign_room(call: Call) -> Answer:
    """`POST /{id}/assign-room` `{roomId}`: promise a room, or move a guest who is in house to another one."""
    stay = stay_of(call)
    check_version(call, stay.version)
    room = call.own(call.world.rooms.get(call.reference("roomId")), "room")
    if not (stay.due or stay.in_house):
        raise call.conflict("INVALID_STATUS_TRANSITION", f"a reservation that is {stay.status} gets no room")
    free_room(call, stay, room)
    before = stay.room_id
    if stay.in_house and before != room.id:
        revoke_keys(call, stay, "room_move")
        dirty_room(call, before, stay)
    stay.room_id = room.id
    call.publish(
        f"inventory.room.{'reassigned' if before else 'assigned'}.v1",
        {"reservationId": stay.id, "propertyId": stay.property_id, "roomId": room.id, "previousRoomId": before},
        key=stay.id,
    )
    publish_stay(call, "room_assigned", stay, previousRoomId=before)
    return answer(call, "room_assigned", stay)


def cancel(call: Call) -> Answer:
    """`POST /{id}/cancel` `{reason?}`: a stay that has not begun."""
    stay = stay_of(call)
    reason = call.optional_text("reason", maximum=500)
    if not (stay.due or stay.status in {"quoted", "held"}):
        raise call.conflict("INVALID_STATUS_TRANSITION", f"a reservation that is {stay.status} can't be cancelled")
    stay.status, stay.cancelled_at, stay.room_id = "cancelled", call.now, None
    publish_stay(call, "cancelled", stay, reason=reason)
    _allocation(call, "released", stay)
    return answer(call, "cancelled", stay)


def mark_no_show(call: Call) -> Answer:
    """`POST /{id}/no-show`: nobody came, on the arrival date or after it."""
    stay = stay_of(call)
    if not stay.due:
        raise call.conflict("INVALID_STATUS_TRANSITION", f"a reservation that is {stay.status} is no no-show")
    if stay.arrival_date > call.world.today(stay.property_id, call.now):
        raise call.conflict("NO_SHOW_TOO_EARLY", "the guest is not expected before a later day", status=422)
    stay.status, stay.room_id = "no_show", None
    publish_stay(call, "no_show", stay)
    _allocation(call, "released", stay)
    return answer(call, "no_show", stay)


def stay_of(call: Call) -> Reservation:
    """The reservation of the path."""
    return call.own(call.world.reservations.get(call.id("id")), "reservation")


def answer(call: Call, happened: str, stay: Reservation, *, status: int = 200, **more: object) -> Answer:
    """Write down what happened and answer the reservation as it is now."""
    if status == 200:  # noqa: PLR2004 - what was just created has its first version
        stay.version += 1
    call.world.changed(stay.property_id)
    call.effect(f"reservation.{happened}", stay.id)
    headers = {"ETag": f'"{stay.version}"'}
    if status == 201:  # noqa: PLR2004 - 201 names the new resource
        headers["Location"] = f"/api/v1/reservations/{stay.id}"
    return Answer(status=status, body=detail(call, stay) | more, headers=headers)


def _room_type(call: Call, identifier: str) -> RoomType:
    return call.own(call.world.room_types.get(identifier), "room_type")


def _dates(call: Call, arrival: date, departure: date) -> tuple[date, date]:
    if not timedelta(days=1) <= departure - arrival <= timedelta(days=_LONGEST_NIGHTS):
        raise call.invalid("departureDate", f"1..{_LONGEST_NIGHTS} nights after arrivalDate")
    return arrival, departure


def _people(call: Call, kind: RoomType, *, adults: int, children: int) -> tuple[int, int]:
    """How many adults and children come; the given numbers where the body says nothing."""
    adults = call.integer("adults", default=adults, minimum=1, maximum=20)
    children = call.integer("children", default=children, maximum=20)
    check_capacity(call, kind, adults + children)
    return adults, children


def _rate(call: Call, kind: RoomType, arrival: date) -> Money:
    """The agreed price of a night, or the day's."""
    if call.body.get("nightlyRate") is None:
        return nightly_rate(call.world.seed, kind, call.world.properties[kind.property_id].timezone, arrival)
    rate = call.money("nightlyRate")
    if rate.currency != kind.base_rate.currency:
        raise call.conflict("CURRENCY_MISMATCH", "the property sells in another currency", status=422)
    return rate


def _guest(call: Call) -> Guest:
    """A known guest by `guestId`, or a new one from `guest` or `guestName`."""
    guest_id = call.optional_reference("guestId")
    if guest_id is not None:
        return call.own(call.world.guests.get(guest_id), "guest")
    given = call.body.get("guest")
    if given is None:
        given = {"name": call.text("guestName", maximum=200)}
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not 1 <= len(given["name"]) <= 200:  # noqa: PLR2004 - longer names are a mistake
        raise call.invalid("guest.name", "required")
    words = {name: str(given[name])[:200] for name in ("language", "phone", "email", "country") if given.get(name)}
    return Guest(
        id=fresh_id("gst"),
        tenant_id=call.tenant_id,
        name=given["name"],
        language=words.get("language", "en"),
        phone=words.get("phone", ""),
        email=words.get("email", ""),
        country=words.get("country", ""),
    )


def _requests(call: Call) -> tuple[str, ...]:
    given = call.body.get("specialRequests", [])
    if (
        not isinstance(given, list)
        or len(given) > _MOST_REQUESTS
        or not all(isinstance(request, str) for request in given)
    ):
        raise call.invalid("specialRequests", f"at most {_MOST_REQUESTS} texts")
    return tuple(given)


def _unused_code(call: Call) -> str:
    taken = {stay.code for stay in call.world.reservations.values() if stay.tenant_id == call.tenant_id}
    while (code := "GM-" + "".join(secrets.choice(_CODE_LETTERS) for _ in range(6))) in taken:
        pass
    return code


def _allocation(call: Call, happened: str, stay: Reservation) -> None:
    call.publish(
        f"inventory.allocation.{happened}.v1",
        {
            "reservationId": stay.id,
            "propertyId": stay.property_id,
            "roomTypeId": stay.room_type_id,
            "from": stay.arrival_date.isoformat(),
            "to": stay.departure_date.isoformat(),
        },
        key=stay.id,
    )
