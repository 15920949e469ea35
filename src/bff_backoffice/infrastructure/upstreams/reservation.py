"""reservation-service: who comes, who goes, who stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final, TypeVar

from msgspec.json import Decoder

from bff_backoffice.application.dashboard_loaders import DueArrival
from bff_backoffice.application.lookups_queries import ReservationQuery
from bff_backoffice.application.lookups_rows import ReservationCard, ReservationRow
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import InHouseTile, MovementTile, NextGuest
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.workbench_lists import StayList
from bff_backoffice.domain.resource_ids import ReservationId
from bff_backoffice.domain.workbench import Days
from bff_backoffice.infrastructure.dialect import (
    Count,
    Wire,
    about,
    about_property,
    operator_headers,
    property_of,
    said,
    ulid_of,
)
from bff_backoffice.infrastructure.forwarding import MutationDialect, carry_out
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, one_page, whole_list
from bff_backoffice.infrastructure.upstreams.reservation_cards import (
    Card,
    Detail,
    reservation_card,
    reservation_row,
    stay_line,
)

__all__ = ["SERVICE", "ReservationGateway"]

T = TypeVar("T")

SERVICE: Final = Upstream(name="reservation-service", limit_seconds=0.8, retries=1)
MUTATIONS: Final = MutationDialect(key_form="ulid", property_place="header")
_ROOT: Final = "/api/v1/reservations"

_DUE_PAGE_SIZE: Final = 100
"""More than come within three hours to most hotels: usually one call, with an answer no longer than it need be."""


class _Guest(Wire, frozen=True):
    id: str
    code: str
    guest_name: str
    room_number: str | None = None
    expected_at: datetime | None = None


class _Movement(Wire, frozen=True):
    property_id: str
    date: date
    total_rooms: Count
    remaining_rooms: Count
    total_guests: Count
    next: list[_Guest]


class _InHouse(Wire, frozen=True):
    property_id: str
    total_rooms: Count
    remaining_rooms: Count
    stayover_rooms: Count
    guests: Count


class _Arrival(Wire, frozen=True):
    id: str
    code: str
    guest_name: str
    room_id: str | None = None
    room_number: str | None = None
    expected_at: datetime | None = None


_MOVEMENT: Final = Decoder(_Movement)
_IN_HOUSE: Final = Decoder(_InHouse)
_ARRIVALS: Final = Decoder(UpstreamPage[_Arrival])
_DETAIL: Final = Decoder(Detail)
_CARDS: Final = Decoder(UpstreamPage[Card])


@dataclass(frozen=True, slots=True)
class ReservationGateway:
    """Reservations as the desk counts them: in rooms, of the property's local day."""

    client: UpstreamClient

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry a mutation out, once for its upstream key. Raises the `UpstreamError` family."""
        return await carry_out(self.client, MUTATIONS, call, order)

    async def arrivals(self, call: CallContext) -> MovementTile:
        """Return today's arrivals, and the next guests due."""
        return await self._read("arrivals_summary", "arrivals/summary", call, partial(_movement, call))

    async def departures(self, call: CallContext) -> MovementTile:
        """Return today's departures, and the next guests to leave."""
        return await self._read("departures_summary", "departures/summary", call, partial(_movement, call))

    async def in_house(self, call: CallContext) -> InHouseTile:
        """Return who sleeps in the house now."""
        return await self._read("in_house_summary", "in-house/summary", call, partial(_in_house, call))

    async def due_arrivals(self, call: CallContext, *, within_minutes: int) -> tuple[DueArrival, ...]:
        """Return the guests who are due within so many minutes and not yet in house, in the service's order."""
        query = {"status": "due", "dueWithinMinutes": str(within_minutes)}
        read = ListRead(
            operation="arrivals", path=f"{_ROOT}/arrivals", headers=_headers(call), query=query, decode=_due
        )
        return tuple(await whole_list(self.client, call, read, page_size=_DUE_PAGE_SIZE))

    async def arrival_list(self, call: CallContext) -> StayList:
        """Return everyone who was or is expected today, in the service's order."""
        return await self._list("arrival_list", "arrivals", call)

    async def departure_list(self, call: CallContext) -> StayList:
        """Return everyone who leaves today, has left, or should have left before, in the service's order."""
        return await self._list("departure_list", "departures", call)

    async def in_house_list(self, call: CallContext) -> StayList:
        """Return everyone who is in the house now, in the service's order."""
        return await self._list("in_house_list", "in-house", call)

    async def stay_list(self, call: CallContext, days: Days) -> StayList:
        """Return every stay that touches these nights, by room."""
        first = {} if days.first is None else {"from": days.first.isoformat()}
        return await self._list("stay_list", "stays", call, {**first, "days": str(days.count)})

    async def find(
        self, call: CallContext, query: ReservationQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[ReservationRow]:
        """Return a page of who answers to the query: in house first, then expected, then past."""
        wanted = {
            "query": query.text,
            "status": ",".join(query.statuses),
            "arrivalFrom": None if query.arrival_from is None else query.arrival_from.isoformat(),
            "arrivalTo": None if query.arrival_to is None else query.arrival_to.isoformat(),
        }
        read = ListRead(
            operation="reservation_look_up",
            path=_ROOT,
            headers=_headers(call),
            query=said(wanted),
            decode=partial(_cards, call),
        )
        page = await one_page(self.client, call, read, limit=limit, cursor=cursor)
        rows = [reservation_row(card, call.locale) for card in page.items]
        return UpstreamPage(items=rows, next_cursor=page.next_cursor)

    async def reservation(self, call: CallContext, reservation_id: ReservationId) -> ReservationCard:
        """Return one reservation, whole."""
        return await self._read("reservation", reservation_id, call, partial(_card, call, reservation_id))

    async def _list(
        self, operation: str, path: str, call: CallContext, more: Mapping[str, str] | None = None
    ) -> StayList:
        read = ListRead(
            operation=operation,
            path=f"{_ROOT}/{path}",
            headers=_headers(call),
            query=more or {},
            decode=partial(_cards, call),
        )
        cards = await whole_list(self.client, call, read)
        room_types: dict[str, TextByLanguage] = {}
        for card in cards:
            if card.room_type_id not in room_types and card.room_type_name is not None:
                room_types[card.room_type_id] = card.room_type_name.in_all_languages()
        return StayList(items=[stay_line(card) for card in cards], room_types=room_types)

    async def _read(self, operation: str, path: str, call: CallContext, decode: Callable[[bytes], T]) -> T:
        return await self.client.read(operation, f"{_ROOT}/{path}", bounds=call, headers=_headers(call), decode=decode)


def _headers(call: CallContext) -> Mapping[str, str]:
    return {**operator_headers(call), "X-Property-Id": property_of(call)}


def _movement(call: CallContext, body: bytes) -> MovementTile:
    movement = _MOVEMENT.decode(body)
    about_property(call, movement.property_id)
    return MovementTile(
        date=movement.date,
        total_rooms=movement.total_rooms,
        remaining_rooms=movement.remaining_rooms,
        total_guests=movement.total_guests,
        next=[
            NextGuest(
                reservation_id=guest.id,
                code=guest.code,
                guest_name=guest.guest_name,
                room_number=guest.room_number,
                expected_at=guest.expected_at,
            )
            for guest in movement.next
        ],
    )


def _in_house(call: CallContext, body: bytes) -> InHouseTile:
    house = _IN_HOUSE.decode(body)
    about_property(call, house.property_id)
    return InHouseTile(
        total_rooms=house.total_rooms,
        remaining_rooms=house.remaining_rooms,
        guests=house.guests,
        stayover_rooms=house.stayover_rooms,
    )


def _due(body: bytes) -> UpstreamPage[DueArrival]:
    page = _ARRIVALS.decode(body)
    due = [
        DueArrival(
            reservation_id=arrival.id,
            code=arrival.code,
            guest_name=arrival.guest_name,
            room_ulid=None if arrival.room_id is None else ulid_of(arrival.room_id),
            room_number=arrival.room_number,
            expected_at=arrival.expected_at,
        )
        for arrival in page.items
    ]
    return UpstreamPage(items=due, next_cursor=page.next_cursor)


def _card(call: CallContext, reservation_id: ReservationId, body: bytes) -> ReservationCard:
    detail = _DETAIL.decode(body)
    about(reservation_id, detail.id)
    return reservation_card(detail, call.locale)


def _cards(call: CallContext, body: bytes) -> UpstreamPage[Card]:
    page = _CARDS.decode(body)
    here = property_of(call)
    if any(card.property_id != here for card in page.items):
        raise ValueError("a reservation of another property")
    return page
