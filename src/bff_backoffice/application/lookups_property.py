"""A property's card, read through the cache: it hardly ever changes, and every desk shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from bff_backoffice.application.local_dates import local_date
from bff_backoffice.application.lookups_queries import LookUp
from bff_backoffice.application.lookups_rows import Address, Moment, PropertyRecord
from bff_backoffice.application.ports import CallContext, Clock
from bff_backoffice.application.projections import Projection, ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import Tile
from bff_backoffice.application.views import PROPERTY_CARD
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.errors import Code, Refusal

__all__ = ["FoundProperty", "PhotoView", "PropertyCard", "RoomTypeView", "ShowProperty"]

_SOURCE: Final = Source.PROPERTY


class RoomTypeView(Tile, frozen=True, kw_only=True):
    """A kind of room, named in the reader's language."""

    id: str
    name: str
    code: str | None
    max_guests: int | None
    beds: str | None
    rooms: int | None


class PhotoView(Tile, frozen=True, kw_only=True):
    """A picture, with words in the reader's language for those who do not see it."""

    id: str
    url: str
    alt: str | None


class PropertyCard(Tile, frozen=True, kw_only=True):
    """The card in the reader's language. `local_date` is the hotel's now, null where its time zone is not known.

    `as_of` and `outcome` say how old it is: without property-service the last known card is `stale`.
    """

    id: str
    slug: str
    name: str
    description: str | None
    address: Address
    timezone: str
    local_date: date | None
    currency: str
    rooms: int
    check_in_time: str
    check_out_time: str
    room_types: list[RoomTypeView]
    photos: list[PhotoView]
    as_of: Moment
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProperty:
    """The card, and how it came from the cache."""

    card: PropertyCard
    cache_status: CacheStatus


_DECODER: Final = msgspec.json.Decoder(PropertyRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProperty:
    """Show the card of a property that is in the operator's scope."""

    reads: ReadThrough
    read: Callable[[CallContext], Awaitable[PropertyRecord]]
    """Loads the card of `call.property_id`. Raises the `UpstreamError` family."""
    clock: Clock

    async def __call__(self, asked: LookUp, *, anew: bool = False) -> FoundProperty:
        """Return the card; `anew` asks property-service whatever the cache has.

        Raises:
            UpstreamError: the card could not be read, and no card is known that is young enough.
            Refusal: the same, for what property-service is not to blame for.
        """
        tenant_id, key = asked.operator.tenant_id, _key(asked)
        look = await self.reads.last_known(tenant_id, [key])
        (known,) = look.projections
        served = None if anew else self.reads.from_cache(known)
        if served is None:
            status = CacheStatus.MISS if look.asked else CacheStatus.BYPASS
            served = await self._renewed(asked, known, cache=look.asked, anew=anew)
            if served.outcome is Outcome.STALE:
                status = CacheStatus.STALE
        else:
            status = CacheStatus.HIT
            if known is not None:
                self.reads.refresh_early(tenant_id, known, lambda: self._wanted(asked))
        projection = _there(served)
        return FoundProperty(card=self._card(asked, projection, served.outcome), cache_status=status)

    async def _renewed(self, asked: LookUp, known: Projection | None, *, cache: bool, anew: bool) -> Served:
        wanted = self._wanted(asked)
        try:
            async with asyncio.timeout_at(asked.call_of(_SOURCE).deadline):
                return await self.reads.renew(asked.operator.tenant_id, wanted, known=known, cache=cache, anew=anew)
        except TimeoutError as late:
            return self.reads.instead(wanted, known, late)

    def _wanted(self, asked: LookUp) -> Wanted:
        async def load(deadline: float) -> LoadedData:
            record = await self.read(asked.call(deadline))
            return LoadedData(data=msgspec.Raw(msgspec.json.encode(record)), sources=(_SOURCE.value,))

        return Wanted(key=_key(asked), load=load, deadline_ms=_SOURCE.deadline_ms, sources=(_SOURCE.value,))

    def _card(self, asked: LookUp, projection: Projection, outcome: Outcome) -> PropertyCard:
        record, now = _DECODER.decode(projection.data), self.clock()

        def text(localized: TextByLanguage | None) -> str | None:
            return None if localized is None else localized.in_language(asked.locale)

        return PropertyCard(
            id=record.id,
            slug=record.slug,
            name=record.name.in_language(asked.locale),
            description=text(record.description),
            address=record.address,
            timezone=record.timezone,
            local_date=local_date(now, record.timezone),
            currency=record.currency,
            rooms=record.rooms,
            check_in_time=record.check_in_time,
            check_out_time=record.check_out_time,
            room_types=[
                RoomTypeView(
                    id=kind.id,
                    name=kind.name.in_language(asked.locale),
                    code=kind.code,
                    max_guests=kind.max_guests,
                    beds=kind.beds,
                    rooms=kind.rooms,
                )
                for kind in record.room_types
            ],
            photos=[PhotoView(id=photo.id, url=photo.url, alt=text(photo.alt)) for photo in record.photos],
            as_of=projection.as_of,
            outcome=outcome,
        )


def _key(asked: LookUp) -> ProjectionKey:
    # The number is the content's form: another form is another key, never a wrong read.
    return ProjectionKey(property_id=asked.operator.property_id, name=PROPERTY_CARD)


def _there(served: Served) -> Projection:
    if served.projection is not None:
        return served.projection
    raise served.failure or Refusal(Code.INTERNAL)
