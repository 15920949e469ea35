"""What an act at one service makes the others do: a check-out leaves a dirty room, a task, a bill and dead keys.

On the platform these happen through events. Here they happen within the same call, so that whoever acted sees them in
the next read; the events go out all the same, each from the service that owns the thing. None of them is an effect of
the mutation: `/_control/effects` has one row for what was asked for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from platform_sim.alerting import alert_staff, guests_must_move
from platform_sim.ids import fresh_id, with_prefix
from platform_sim.kernel import Call, instant
from platform_sim.world.entities import Folio, HousekeepingTask, KeyCredential, Reservation, Room, Text, WorkOrder

__all__ = [
    "block_room",
    "dirty_room",
    "open_folio",
    "plan_task",
    "publish_stay",
    "release_room",
    "revoke_keys",
    "set_room_status",
    "settle_folio",
    "unblock_rooms_of",
]

_PAYABLE_WITHIN: Final = timedelta(hours=24)
_LIVE_KEYS: Final = frozenset({"requested", "pending", "active", "suspended"})


def publish_stay(call: Call, name: str, stay: Reservation, **more: object) -> None:
    """Publish `reservation.<name>.v1`; the guest's name stays where it is."""
    call.publish(
        f"reservation.{name}.v1",
        {
            "reservationId": stay.id,
            "code": stay.code,
            "tenantId": stay.tenant_id,
            "propertyId": stay.property_id,
            "guestId": stay.guest_id,
            "status": stay.status,
            "roomTypeId": stay.room_type_id,
            "roomId": stay.room_id,
            "folioId": stay.folio_id,
            "arrivalDate": stay.arrival_date.isoformat(),
            "departureDate": stay.departure_date.isoformat(),
            "version": stay.version,
            **more,
        },
        key=f"{stay.tenant_id}:{stay.id}",
    )


# Housekeeping


def set_room_status(call: Call, room: Room, status: str) -> None:
    """Change a room's housekeeping status and say so."""
    before, was_sellable, room.status = room.status, room.sellable, status
    room.updated_at = call.now
    room.version += 1
    call.publish(
        "housekeeping.room.status_changed.v1",
        {
            "roomId": with_prefix(room.id, "rom"),
            "tenantId": room.tenant_id,
            "propertyId": with_prefix(room.property_id, "prp"),
            "number": room.number,
            "from": before,
            "to": status,
            "version": room.version,
        },
        key=room.id,
    )
    if was_sellable != room.sellable:
        _say_closed_or_open(call, room)


def _say_closed_or_open(call: Call, room: Room) -> None:
    """A room that closes or opens is news at property-service, and a block more or less at inventory-service."""
    payload = {
        "roomId": room.id,
        "propertyId": room.property_id,
        "roomTypeId": room.room_type_id,
        "number": room.number,
        "status": room.status,
    }
    call.publish(f"property.room.{'returned' if room.sellable else room.status}.v1", payload, key=room.id)
    call.publish(
        f"inventory.block.{'released' if room.sellable else 'created'}.v1",
        payload | {"roomTypeId": with_prefix(room.room_type_id, "rty")},
        key=room.id,
    )


def plan_task(call: Call, room: Room, kind: str, *, priority: str = "normal", **members: object) -> HousekeepingTask:
    """Create a housekeeping task and say so. `members` are further fields of the task."""
    task = HousekeepingTask(
        id=fresh_id("hkt"),
        tenant_id=room.tenant_id,
        property_id=room.property_id,
        room_id=room.id,
        kind=kind,
        priority=priority,
        status="pending",
        created_at=call.now,
    )
    for name, value in members.items():
        setattr(task, name, value)
    call.world.tasks[task.id] = task
    call.publish(
        "housekeeping.task.created.v1",
        {
            "taskId": task.id,
            "tenantId": task.tenant_id,
            "propertyId": with_prefix(task.property_id, "prp"),
            "roomId": with_prefix(task.room_id, "rom"),
            "reservationId": task.reservation_id,
            "kind": task.kind,
            "priority": task.priority,
            "scheduledFor": instant(task.scheduled_for) if task.scheduled_for else None,
            "source": task.source,
        },
        key=task.id,
    )
    return task


def dirty_room(call: Call, room_id: str | None, stay: Reservation) -> None:
    """A guest has left a room: it is dirty and has to be turned over, soon where the next guest comes today.

    A room for whose repair the guest had to leave is closed instead.
    """
    room = call.world.rooms.get(room_id or "")
    if room is None or not room.sellable:
        return
    orders = call.world.work_orders_of(room.property_id)
    if any(order.is_open and order.blocks_room and order.room_id == room.id for order in orders):
        set_room_status(call, room, "out_of_order")
        return
    today = call.world.today(room.property_id, call.now)
    awaited = any(
        other.due and other.room_id == room.id and other.arrival_date == today
        for other in call.world.reservations_of(room.property_id)
    )
    set_room_status(call, room, "dirty")
    plan_task(call, room, "turnover", priority="high" if awaited else "normal", reservation_id=stay.id)


# Billing


def open_folio(call: Call, stay: Reservation) -> Folio:
    """The stay's account, opened where it has none."""
    known = call.world.folios.get(stay.folio_id or "")
    if known is not None:
        known.status = "open" if known.status == "pending" else known.status
        return known
    folio = Folio(
        id=fresh_id("fol"),
        tenant_id=stay.tenant_id,
        property_id=stay.property_id,
        reservation_id=stay.id,
        status="open",
        currency=stay.nightly_rate.currency,
        opened_at=call.now,
    )
    call.world.folios[folio.id] = folio
    stay.folio_id = folio.id
    call.publish(
        "billing.folio.opened.v1",
        {
            "folioId": folio.id,
            "tenantId": with_prefix(folio.tenant_id, "t"),
            "propertyId": with_prefix(folio.property_id, "prop"),
            "reservationId": with_prefix(stay.id, "res"),
            "currency": folio.currency,
            "openedAt": instant(call.now),
            "openedReason": "check_in",
        },
        key=folio.id,
    )
    return folio


def settle_folio(call: Call, stay: Reservation) -> None:
    """The guest has left: the account is settled, or what is left of it is due within a day."""
    folio = call.world.folios.get(stay.folio_id or "")
    if folio is None or not folio.is_open:
        return
    owes = folio.balance.amount_micro > 0
    folio.status, folio.due_at = ("balance_due", call.now + _PAYABLE_WITHIN) if owes else ("settled", None)
    folio.version += 1
    call.publish(
        f"billing.folio.{folio.status}.v1",
        {
            "folioId": folio.id,
            "propertyId": with_prefix(folio.property_id, "prop"),
            "reservationId": with_prefix(stay.id, "res"),
            "balance": {"amountMicro": str(folio.balance.amount_micro), "currency": folio.currency},
        },
        key=folio.id,
    )


# Locks


def revoke_keys(call: Call, stay: Reservation, reason: str) -> None:
    """The keys of a stay open nothing any more."""
    for key in call.world.keys.values():
        if key.reservation_id == stay.id and key.state in _LIVE_KEYS:
            key.state, key.revoked_at, key.revoked_reason = "revoked", call.now, reason
            key.version += 1
            _say_revoked(call, key, reason)


def _say_revoked(call: Call, key: KeyCredential, reason: str) -> None:
    call.publish(
        "lock.credential.revoked.v1",
        {
            "keyCredentialId": key.id,
            "propertyId": key.property_id,
            "reservationId": key.reservation_id,
            "rooms": [key.room_id],
            "kind": key.kind,
            "reason": reason,
        },
        key=key.reservation_id,
    )


# Maintenance


def block_room(call: Call, room: Room, order: WorkOrder) -> None:
    """A repair takes the room out of order. With guests in it, they have to be moved first."""
    order.blocks_room = True
    payload = {
        "workOrderId": order.id,
        "tenantId": order.tenant_id,
        "propertyId": with_prefix(order.property_id, "prop"),
        "roomId": room.id,
        "severity": order.severity,
    }
    guest = next((s for s in call.world.reservations_of(room.property_id) if s.in_house and s.room_id == room.id), None)
    if guest is not None:
        call.publish(
            "maintenance.work_order.relocation_required.v1", {**payload, "reservationId": guest.id}, key=order.id
        )
        alert_staff(call, order.property_id, "critical", guests_must_move(room.number), Text(order.title))
    elif room.status != "out_of_order":
        set_room_status(call, room, "out_of_order")
    call.publish("maintenance.work_order.room_blocked.v1", payload, key=order.id)


def unblock_rooms_of(call: Call, order: WorkOrder) -> None:
    """A repair is over: its room goes back to housekeeping, unless another repair still blocks it."""
    if not order.blocks_room:
        return
    order.blocks_room = False
    room = call.world.rooms.get(order.room_id or "")
    if room is not None:
        release_room(call, room, order)


def release_room(call: Call, room: Room, order: WorkOrder) -> None:
    """Give a mended room back: it is dirty until it was cleaned after the repair."""
    others = (o for o in call.world.work_orders_of(room.property_id) if o.id != order.id and o.room_id == room.id)
    if room.sellable or any(other.is_open and other.blocks_room for other in others):
        return
    set_room_status(call, room, "dirty")
    plan_task(call, room, "post_maintenance", priority="high")
    call.publish(
        "maintenance.work_order.room_released.v1",
        {"workOrderId": order.id, "propertyId": with_prefix(order.property_id, "prop"), "roomId": room.id},
        key=order.id,
    )
