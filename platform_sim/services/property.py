"""property-service: what a property is, with its room types, rooms and pictures."""

from __future__ import annotations

from typing import Final

from platform_sim.dialect import Dialect
from platform_sim.kernel import Answer, Call, Route, Service, page
from platform_sim.pictures import draw
from platform_sim.world.entities import Photo, Property, Room, RoomType

__all__ = ["SERVICE"]

_MEDIA: Final = "/media/{id}.svg"


def listed(call: Call) -> Answer:
    """`GET /`: the tenant's properties."""
    found = [prop for prop in call.world.properties.values() if prop.tenant_id == call.tenant_id]
    rows, cursor = page(call, found)
    return Answer(body={"items": [_card(call, prop) for prop in rows], "nextCursor": cursor})


def one(call: Call) -> Answer:
    """`GET /{ppt_…}`: the property with its room types and photos; position 0 is the cover."""
    prop = _property(call)
    body = _card(call, prop) | {
        "description": prop.description.wire(),
        "roomTypes": [_room_type(call, kind) for kind in call.world.room_types_of(prop.id)],
        "photos": [_photo(call, photo) for photo in prop.photos],
    }
    return Answer(body=body, headers={"ETag": f'"{prop.version}"', "Cache-Control": "private, max-age=60"})


def room_types(call: Call) -> Answer:
    """`GET /{ppt_…}/room-types`: from the simplest to the best."""
    kinds = call.world.room_types_of(_property(call).id)
    return Answer(body={"items": [_room_type(call, kind) for kind in kinds], "nextCursor": None})


def rooms(call: Call) -> Answer:
    """`GET /{ppt_…}/rooms?roomTypeId=&floor=`: by floor and number."""
    kind, floor = call.query.get("roomTypeId"), call.query.get("floor")
    found = [
        room
        for room in call.world.rooms_of(_property(call).id)
        if (kind is None or room.room_type_id == kind) and (floor is None or str(room.floor) == floor)
    ]
    rows, cursor = page(call, found, default=100)
    return Answer(body={"items": [_room(room) for room in rows], "nextCursor": cursor})


def photos(call: Call) -> Answer:
    """`GET /{ppt_…}/photos`: the cover first."""
    return Answer(body={"items": [_photo(call, photo) for photo in _property(call).photos], "nextCursor": None})


def picture(call: Call) -> Answer:
    """`GET /media/{pht_…}.svg`: the picture itself, for anyone, as a public bucket would."""
    for prop in call.world.properties.values():
        for photo in prop.photos:
            if photo.id == call.params["id"]:
                return Answer(
                    raw=draw(photo.scene, photo.id).encode(),
                    media_type="image/svg+xml",
                    headers={"Cache-Control": "public, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"},
                )
    raise call.not_found("photo")


def _property(call: Call) -> Property:
    return call.own(call.world.properties.get(call.params["id"]), "property")


def _card(call: Call, prop: Property) -> dict[str, object]:
    address: dict[str, object] = {
        "line1": prop.address.line1,
        "city": prop.address.city,
        "countryIso2": prop.address.country_iso2,
    }
    if prop.address.native_script_line1:
        address["nativeScriptLine1"] = prop.address.native_script_line1
    shown: dict[str, object] = {
        "id": prop.id,
        "tenantId": prop.tenant_id,
        "slug": prop.slug,
        "name": prop.name.wire(),
        "address": address,
        "geo": {"lat": prop.address.latitude, "lng": prop.address.longitude, "source": "manual"},
        "timezone": prop.timezone,
        "currency": prop.currency,
        "localDate": call.world.today(prop.id, call.now).isoformat(),
        "rooms": len(call.world.rooms_of(prop.id)),
        "checkInTime": prop.check_in_time,
        "checkOutTime": prop.check_out_time,
        "status": prop.status,
        "version": prop.version,
    }
    if prop.photos:
        shown["coverPhoto"] = _photo(call, prop.photos[0])
    return shown


def _photo(call: Call, photo: Photo) -> dict[str, object]:
    address = f"{call.origin}/property-service{_MEDIA.format(id=photo.id)}"
    return {"id": photo.id, "position": photo.position, "url": address, "alt": photo.alt.wire(), "status": "ready"}


def _room_type(call: Call, kind: RoomType) -> dict[str, object]:
    return {
        "id": kind.id,
        "code": kind.code,
        "name": kind.name.wire(),
        "maxGuests": kind.max_guests,
        "beds": kind.beds,
        "rooms": sum(room.room_type_id == kind.id for room in call.world.rooms_of(kind.property_id)),
    }


def _room(room: Room) -> dict[str, object]:
    """property-service knows whether a room is in service, not whether it is clean."""
    status = room.status if room.status in {"out_of_order", "out_of_service"} else "active"
    return {
        "id": room.id,
        "propertyId": room.property_id,
        "roomTypeId": room.room_type_id,
        "number": room.number,
        "floor": room.floor,
        "status": status,
        "version": room.version,
    }


_ONE: Final = "/api/v1/properties/{id}"

SERVICE: Final = Service(
    name="property-service",
    dialect=Dialect(domain="PROPERTY", key_format="ulid"),
    routes=(
        Route(method="GET", path="/api/v1/properties", handler=listed),
        Route(method="GET", path=_ONE, handler=one),
        Route(method="GET", path=f"{_ONE}/room-types", handler=room_types),
        Route(method="GET", path=f"{_ONE}/rooms", handler=rooms),
        Route(method="GET", path=f"{_ONE}/photos", handler=photos),
        Route(method="GET", path=_MEDIA, handler=picture, tenant="none"),
    ),
)
