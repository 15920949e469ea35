"""property-service: what a property is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from msgspec.json import Decoder
from msgspec.structs import replace

from bff_backoffice.application.lookups_rows import Address, Photo, PropertyRecord, RoomType
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.preferences.ports import PropertyBrief
from bff_backoffice.application.tiles import PropertyTile
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.workbench_lists import PlaceOfHotel
from bff_backoffice.infrastructure.dialect import (
    Count,
    LocalizedText,
    Wire,
    about_property,
    operator_headers,
    property_of,
    safe_address,
)
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, whole_list

__all__ = ["SERVICE", "PropertyGateway"]

SERVICE: Final = Upstream(name="property-service", limit_seconds=0.6, retries=1)


class _Address(Wire, frozen=True):
    city: str
    country_iso2: str


class _Photo(Wire, frozen=True):
    url: str
    alt: str | LocalizedText | None = None


class _Property(Wire, frozen=True):
    id: str
    name: LocalizedText
    address: _Address
    timezone: str
    local_date: date
    rooms: Count
    cover_photo: _Photo | None = None


class _RoomType(Wire, frozen=True):
    id: str
    name: LocalizedText
    code: str | None = None
    max_guests: Count | None = None
    beds: str | None = None
    rooms: Count | None = None


class _Picture(Wire, frozen=True):
    id: str
    url: str
    alt: LocalizedText | None = None


class _Record(Wire, frozen=True):
    id: str
    slug: str
    name: LocalizedText
    address: Address
    timezone: str
    currency: str
    rooms: Count
    check_in_time: str
    check_out_time: str
    room_types: list[_RoomType]
    photos: list[_Picture]
    description: LocalizedText | None = None


_RECORD: Final = Decoder(_Record)
_BRIEFS: Final = Decoder(UpstreamPage[PropertyBrief])
_PROPERTY: Final = Decoder(_Property)


@dataclass(frozen=True, slots=True)
class PropertyGateway:
    """The property's own record."""

    client: UpstreamClient

    async def properties(self, call: CallContext) -> list[PropertyBrief]:
        """Return every property of the tenant, as far as a start needs it, each name in all its languages."""
        read = ListRead(
            operation="properties",
            path="/api/v1/properties",
            headers=operator_headers(call),
            query={},
            decode=_briefs,
        )
        return await whole_list(self.client, call, read)

    async def property_card(self, call: CallContext) -> PropertyTile:
        """Return the property's card, named in the caller's language, with its cover photo where it has one."""
        return await self.client.read(
            "property",
            f"/api/v1/properties/{property_of(call)}",
            bounds=call,
            headers=operator_headers(call),
            decode=partial(_card, call),
        )

    async def property_record(self, call: CallContext) -> PropertyRecord:
        """Return the whole card: address, times of day, room types, photos, each text in all its languages."""
        return await self.client.read(
            "property_record",
            f"/api/v1/properties/{property_of(call)}",
            bounds=call,
            headers=operator_headers(call),
            decode=partial(_record, call),
        )

    async def place_of_hotel(self, call: CallContext) -> PlaceOfHotel:
        """Return what the property is called, in all its languages, and its time zone."""
        return await self.client.read(
            "property_place",
            f"/api/v1/properties/{property_of(call)}",
            bounds=call,
            headers=operator_headers(call),
            decode=partial(_place, call),
        )


def _record(call: CallContext, body: bytes) -> PropertyRecord:
    found = _RECORD.decode(body)
    about_property(call, found.id)
    return PropertyRecord(
        id=str(property_of(call)),
        slug=found.slug,
        name=found.name.in_all_languages(),
        description=None if found.description is None else found.description.in_all_languages(),
        address=found.address,
        timezone=found.timezone,
        currency=found.currency,
        rooms=found.rooms,
        check_in_time=found.check_in_time,
        check_out_time=found.check_out_time,
        room_types=[
            RoomType(
                id=kind.id,
                name=kind.name.in_all_languages(),
                code=kind.code,
                max_guests=kind.max_guests,
                beds=kind.beds,
                rooms=kind.rooms,
            )
            for kind in found.room_types
        ],
        # A page must not follow any other address, and a picture without one is none.
        photos=[
            Photo(id=photo.id, url=photo.url, alt=None if photo.alt is None else photo.alt.in_all_languages())
            for photo in found.photos
            if safe_address(photo.url)
        ],
    )


def _place(call: CallContext, body: bytes) -> PlaceOfHotel:
    found = _PROPERTY.decode(body)
    about_property(call, found.id)
    return PlaceOfHotel(name=found.name.in_all_languages(), timezone=found.timezone)


def _briefs(body: bytes) -> UpstreamPage[PropertyBrief]:
    page = _BRIEFS.decode(body)
    return replace(page, items=[_brief(each) for each in page.items])


def _brief(found: PropertyBrief) -> PropertyBrief:
    """The same, where `default` may be the name of one of the languages as in every text of the platform."""
    name = found.name
    return replace(found, name=replace(name, default=name.values.get(name.default, name.default)))


def _card(call: CallContext, body: bytes) -> PropertyTile:
    found = _PROPERTY.decode(body)
    about_property(call, found.id)
    photo = found.cover_photo
    alt = photo.alt if photo else None
    return PropertyTile(
        id=str(property_of(call)),
        name=found.name.in_language(call.locale),
        city=found.address.city,
        country=found.address.country_iso2,
        timezone=found.timezone,
        local_date=found.local_date,
        rooms=found.rooms,
        photo_url=safe_address(photo.url) if photo else None,
        photo_alt=alt.in_language(call.locale) if isinstance(alt, LocalizedText) else alt,
    )
