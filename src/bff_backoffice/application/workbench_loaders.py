"""What each section of a board needs of the outside, and the form in which it is kept.

The lists are what the gateways decode into and what the cache keeps: ids already as this service writes them, texts
in all their languages, so that colleagues with other languages share them. Every method raises the `UpstreamError`
family of `ports.py` and nothing else. Each reads its list whole, in as few calls as the upstream's pages allow,
never one by one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import MoneyAmount, PropertyTile, Tile
from bff_backoffice.domain.workbench import SectionId

__all__ = [
    "BalanceLine", "BalanceList", "BoardLoaders", "FolioBalances", "HotelPlaces", "IssuedKeys", "KeyList",
    "PlaceOfHotel", "Repairs", "RoomLine", "RoomList", "RoomStates", "SectionLoader", "StayLine", "StayList", "Stays",
    "TaskLine", "TaskList", "TextByLanguage", "WorkOrderLine", "WorkOrderList", "board_loaders",
]  # fmt: skip


class TextByLanguage(Tile, frozen=True, kw_only=True):
    """A text in the languages that its author wrote; `default` is what everybody else reads."""

    default: str
    values: dict[str, str]

    def in_language(self, locale: str) -> str:
        """Return the text for this locale, else for its language in any region, else the default."""
        language = locale.partition("-")[0]
        nearest = (name for name in self.values if name.partition("-")[0] == language)
        for name in (locale, language, *nearest):
            if text := self.values.get(name):
                return text
        return self.default


class StayLine(Tile, frozen=True, kw_only=True):
    """One reservation of a list. Dates are the property's; `room_id` is a `rmu_`."""

    reservation_id: str
    code: str
    guest_name: str
    status: str
    room_id: str | None
    room_number: str | None
    room_type_id: str
    arrival_date: date
    departure_date: date
    nights: int
    adults: int
    children: int
    expected_at: datetime | None
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    folio_id: str | None
    special_requests: list[str]
    flags: list[str]
    version: int


class StayList(Tile, frozen=True, kw_only=True):
    """Reservations, and the names of their room types by id: fifteen hundred stays share a handful of names."""

    items: list[StayLine]
    room_types: dict[str, TextByLanguage]


class RoomLine(Tile, frozen=True, kw_only=True):
    """A room as housekeeping knows it. `room_id` is a `rmu_`."""

    room_id: str
    number: str
    floor: int
    room_type_code: str | None
    status: str
    occupancy: str
    updated_at: datetime
    notes: str | None
    version: int


class RoomList(Tile, frozen=True, kw_only=True):
    """Every room of the property, by floor and number."""

    items: list[RoomLine]


class TaskLine(Tile, frozen=True, kw_only=True):
    """An unfinished task of housekeeping. `assignee_id` is a `usr_`."""

    id: str
    room_id: str
    kind: str
    priority: str
    status: str
    assignee_id: str | None
    assignee_name: str | None
    scheduled_for: datetime | None
    started_at: datetime | None


class TaskList(Tile, frozen=True, kw_only=True):
    """The unfinished tasks of the property, the most urgent first."""

    items: list[TaskLine]


class WorkOrderLine(Tile, frozen=True, kw_only=True):
    """A work order that is not done. `room_id` is a `rmu_`, None where it is about no room."""

    id: str
    title: str
    description: str | None
    category: str
    severity: str
    status: str
    source: str
    blocks_room: bool
    overdue: bool
    assignee_id: str | None
    assignee_name: str | None
    reported_at: datetime
    due_at: datetime | None
    room_id: str | None
    room_number: str | None
    floor: int | None
    version: int


class WorkOrderList(Tile, frozen=True, kw_only=True):
    """The work orders of the property that are not done, the worst and oldest first."""

    items: list[WorkOrderLine]


class BalanceLine(Tile, frozen=True, kw_only=True):
    """What is owed on a running folio; negative where the hotel owes the guest."""

    folio_id: str
    status: str
    balance: MoneyAmount


class BalanceList(Tile, frozen=True, kw_only=True):
    """Running folios by reservation id."""

    by_reservation: dict[str, BalanceLine]


class KeyList(Tile, frozen=True, kw_only=True):
    """The state of the keys that open something or soon will, `active` or `pending`, by reservation id."""

    by_reservation: dict[str, str]


class PlaceOfHotel(Tile, frozen=True, kw_only=True):
    """Where the hotel is, as far as its calendar goes: an IANA name such as `Asia/Kabul`."""

    timezone: str


class Stays(Protocol):
    """Reservations: who comes, who goes, who is here."""

    async def arrival_list(self, call: CallContext) -> StayList:
        """Return everyone who was or is expected on the property's local day."""

    async def departure_list(self, call: CallContext) -> StayList:
        """Return everyone who leaves on the property's local day, who left on it, or should have left before."""

    async def in_house_list(self, call: CallContext) -> StayList:
        """Return everyone who is in the house now."""


class RoomStates(Protocol):
    """Housekeeping: the state of every room, and what is to be done."""

    async def room_list(self, call: CallContext) -> RoomList:
        """Return every room of the property."""

    async def task_list(self, call: CallContext) -> TaskList:
        """Return the unfinished tasks of the property."""


class Repairs(Protocol):
    """Maintenance: what is broken."""

    async def work_order_list(self, call: CallContext) -> WorkOrderList:
        """Return the work orders of the property that are not done."""


class FolioBalances(Protocol):
    """Billing: what running folios owe."""

    async def balance_list(self, call: CallContext) -> BalanceList:
        """Return the running folios of the property."""


class IssuedKeys(Protocol):
    """Locks: the keys that open something now or will in a moment."""

    async def key_list(self, call: CallContext) -> KeyList:
        """Return the best key of each reservation of the property."""


class HotelPlaces(Protocol):
    """Properties: the card, of which the time zone is kept."""

    async def property_card(self, call: CallContext) -> PropertyTile:
        """Return the card of `call.property_id`."""


SectionLoader = Callable[[CallContext], Awaitable[Tile]]
"""Loads one section for a property until `call.deadline`. Raises `UpstreamError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLoaders:
    """One loader per section: forgetting one does not type-check."""

    place: SectionLoader
    arrivals: SectionLoader
    departures: SectionLoader
    in_house: SectionLoader
    rooms: SectionLoader
    tasks: SectionLoader
    work_orders: SectionLoader
    balances: SectionLoader
    keys: SectionLoader

    def of(self, section: SectionId) -> SectionLoader:
        """Return the loader of this section."""
        loader: SectionLoader = getattr(self, section.name.lower())
        return loader


def board_loaders(
    *,
    stays: Stays,
    rooms: RoomStates,
    repairs: Repairs,
    balances: FolioBalances,
    keys: IssuedKeys,
    places: HotelPlaces,
) -> BoardLoaders:
    """Return the loaders over these upstreams."""

    async def place(call: CallContext) -> PlaceOfHotel:
        return PlaceOfHotel(timezone=(await places.property_card(call)).timezone)

    return BoardLoaders(
        place=place,
        arrivals=stays.arrival_list,
        departures=stays.departure_list,
        in_house=stays.in_house_list,
        rooms=rooms.room_list,
        tasks=rooms.task_list,
        work_orders=repairs.work_order_list,
        balances=balances.balance_list,
        keys=keys.key_list,
    )
