"""What `/_control/world` tells: everything that a test or the console needs to sign in and act."""

from __future__ import annotations

from datetime import datetime

from platform_sim.world.entities import Device, Operator, Property, Reservation, Room
from platform_sim.world.world import World

__all__ = ["published_world"]


def published_world(world: World, now: datetime) -> dict[str, object]:
    """The world for tests. Reservations are those that arrive or leave today and those in house."""
    return {
        "seed": world.seed,
        "tenants": [
            {"id": tenant.id, "slug": tenant.slug, "name": tenant.name, "defaultLocale": tenant.default_locale}
            for tenant in world.tenants.values()
        ],
        "properties": [_property(prop) for prop in world.properties.values()],
        "operators": [_operator(operator) for operator in world.operators.values()],
        "devices": [_device(device) for device in world.devices.values()],
        "rooms": [_room(room) for room in world.rooms.values()],
        "locks": [
            {"id": lock.id, "tenantId": lock.tenant_id, "propertyId": lock.property_id, "roomId": lock.room_id}
            for lock in world.locks.values()
        ],
        "reservations": [
            _reservation(reservation)
            for reservation in world.reservations.values()
            if reservation.in_house
            or world.today(reservation.property_id, now) in {reservation.arrival_date, reservation.departure_date}
        ],
    }


def _property(prop: Property) -> dict[str, object]:
    return {
        "id": prop.id,
        "tenantId": prop.tenant_id,
        "slug": prop.slug,
        "name": prop.name.default,
        "timezone": prop.timezone,
        "currency": prop.currency,
    }


def _device(device: Device) -> dict[str, object]:
    return {
        "id": device.id,
        "tenantId": device.tenant_id,
        "propertyId": device.property_id,
        "name": device.name,
        "platform": device.platform,
        "bound": device.bound_thumbprint is not None,
    }


def _room(room: Room) -> dict[str, object]:
    return {
        "id": room.id,
        "tenantId": room.tenant_id,
        "propertyId": room.property_id,
        "number": room.number,
        "roomTypeId": room.room_type_id,
    }


def _operator(operator: Operator) -> dict[str, object]:
    return {
        "id": operator.id,
        "tenantId": operator.tenant_id,
        "username": operator.username,
        "password": operator.password,
        "totpSecret": operator.totp_secret,
        "recoveryCodes": list(operator.recovery_codes),
        "displayName": operator.display_name,
        "locale": operator.locale,
        "roles": list(operator.roles),
        "propertyIds": list(operator.property_ids),
    }


def _reservation(reservation: Reservation) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": reservation.id,
        "tenantId": reservation.tenant_id,
        "propertyId": reservation.property_id,
        "code": reservation.code,
        "status": reservation.status,
        "guestName": reservation.guest_name,
        "arrivalDate": reservation.arrival_date.isoformat(),
        "departureDate": reservation.departure_date.isoformat(),
    }
    if reservation.room_id is not None:
        shown["roomId"] = reservation.room_id
    if reservation.folio_id is not None:
        shown["folioId"] = reservation.folio_id
    return shown
