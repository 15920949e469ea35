"""The two moments of a stay at reservation-service: check-in and check-out."""

from __future__ import annotations

import re

from platform_sim.acting import occurred_at
from platform_sim.consequences import dirty_room, open_folio, publish_stay, revoke_keys, settle_folio
from platform_sim.given import check_version
from platform_sim.kernel import Answer, Call, instant
from platform_sim.services.reservation_bookings import answer, stay_of
from platform_sim.services.reservation_rooms import room_to_enter

__all__ = ["check_in", "check_out"]


def check_in(call: Call) -> Answer:
    """`POST /{id}/check-in` `{roomId?, idDocument?{type, last4}, notes?}`: into the named room, or one that is ready.

    Opens the folio. Refused: 409 not expected any more, or the room is not ready, occupied or taken; 422 too early.
    """
    stay = stay_of(call)
    check_version(call, stay.version)
    room_id = call.optional_reference("roomId")
    named = call.own(call.world.rooms.get(room_id), "room") if room_id else None
    _check_document(call)
    notes = call.optional_text("notes")
    if not stay.due:
        raise call.conflict("INVALID_STATUS_TRANSITION", f"a reservation that is {stay.status} can't be checked in")
    if stay.arrival_date > call.world.today(stay.property_id, call.now):
        raise call.conflict("CHECK_IN_TOO_EARLY", "the reservation begins on a later day", status=422)
    room, at = room_to_enter(call, stay, named), occurred_at(call)
    before, stay.room_id = stay.room_id, room.id
    stay.status, stay.checked_in_at = "checked_in", at
    stay.notes = notes or stay.notes
    folio = open_folio(call, stay)
    publish_stay(call, "checked_in", stay, checkedInAt=instant(at), folioId=folio.id)
    if before != room.id:
        call.publish(
            f"inventory.room.{'reassigned' if before else 'assigned'}.v1",
            {"reservationId": stay.id, "propertyId": stay.property_id, "roomId": room.id, "previousRoomId": before},
            key=stay.id,
        )
    return answer(call, "checked_in", stay, roomChanged=before not in {None, room.id})


def check_out(call: Call) -> Answer:
    """`POST /{id}/check-out` `{notes?}`: the room becomes dirty with a task, keys die, the folio is settled or due.

    Who leaves early gives the remaining nights back. Refused: 409 for a guest who is not in house.
    """
    stay = stay_of(call)
    check_version(call, stay.version)
    notes, at = call.optional_text("notes"), occurred_at(call)
    if not stay.in_house:
        raise call.conflict("INVALID_STATUS_TRANSITION", f"a reservation that is {stay.status} can't be checked out")
    stay.status, stay.checked_out_at = "checked_out", at
    stay.departure_date = min(stay.departure_date, call.world.today(stay.property_id, call.now))
    stay.notes = notes or stay.notes
    settle_folio(call, stay)
    revoke_keys(call, stay, "checked_out")
    dirty_room(call, stay.room_id, stay)
    publish_stay(call, "checked_out", stay, checkedOutAt=instant(at))
    return answer(call, "checked_out", stay)


def _check_document(call: Call) -> None:
    """A document is named by its kind and its last four characters, never by more."""
    document = call.body.get("idDocument")
    if document is None:
        return
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise call.invalid("idDocument.type", "required")
    if not re.fullmatch(r"\w{4}", str(document.get("last4", ""))):
        raise call.invalid("idDocument.last4", "the last four characters")
