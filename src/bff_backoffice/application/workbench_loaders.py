"""What each section of a board needs of the outside.

Every method raises the `UpstreamError` family of `ports.py` and nothing else. Each reads its list whole, in as few
calls as the upstream's pages allow, never one by one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import Tile
from bff_backoffice.application.workbench_lists import (
    BalanceList,
    Grid,
    KeyList,
    PlaceOfHotel,
    RoomList,
    StayList,
    TaskList,
    WorkOrderList,
)
from bff_backoffice.domain.workbench import Days, SectionId

__all__ = [
    "BoardLoaders",
    "DaysLoader",
    "FolioBalances",
    "HotelPlaces",
    "IssuedKeys",
    "Repairs",
    "RoomLedger",
    "RoomStates",
    "SectionLoader",
    "Stays",
    "board_loaders",
]


class Stays(Protocol):
    """Reservations: who comes, who goes, who is here."""

    async def arrival_list(self, call: CallContext) -> StayList:
        """Return everyone who was or is expected on the property's local day."""

    async def departure_list(self, call: CallContext) -> StayList:
        """Return everyone who leaves on the property's local day, who left on it, or should have left before."""

    async def in_house_list(self, call: CallContext) -> StayList:
        """Return everyone who is in the house now."""

    async def stay_list(self, call: CallContext, days: Days) -> StayList:
        """Return every stay that touches these nights."""


class RoomLedger(Protocol):
    """Inventory: which room is promised to whom."""

    async def grid(self, call: CallContext, days: Days) -> Grid:
        """Return every room of the property with its stays of these days."""


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
    """Properties: where a hotel is."""

    async def place_of_hotel(self, call: CallContext) -> PlaceOfHotel:
        """Return name and time zone of `call.property_id`."""


SectionLoader = Callable[[CallContext], Awaitable[Tile]]
"""Loads one section for a property until `call.deadline`. Raises `UpstreamError`."""
DaysLoader = Callable[[CallContext, Days], Awaitable[Tile]]
"""Loads one section of these days. Raises the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLoaders:
    """One loader per section: forgetting one does not type-check."""

    place: SectionLoader
    grid: DaysLoader
    stays: DaysLoader
    arrivals: SectionLoader
    departures: SectionLoader
    in_house: SectionLoader
    rooms: SectionLoader
    tasks: SectionLoader
    work_orders: SectionLoader
    balances: SectionLoader
    keys: SectionLoader

    def of(self, section: SectionId, days: Days | None) -> SectionLoader:
        """Return the loader of this section, and of these days where its content depends on them."""
        if days is not None and section is SectionId.GRID:
            return partial(_of_days, self.grid, days)
        if days is not None and section is SectionId.STAYS:
            return partial(_of_days, self.stays, days)
        loader: SectionLoader = getattr(self, section.name.lower())
        return loader


async def _of_days(loader: DaysLoader, days: Days, call: CallContext) -> Tile:
    return await loader(call, days)


def board_loaders(
    *,
    stays: Stays,
    rooms: RoomStates,
    repairs: Repairs,
    ledger: RoomLedger,
    balances: FolioBalances,
    keys: IssuedKeys,
    places: HotelPlaces,
) -> BoardLoaders:
    """Return the loaders over these upstreams."""

    async def stay_list(call: CallContext, days: Days) -> StayList:
        # Inventory also shows who leaves on the first day, and a list of nights does not: that guest's are before it.
        # Of today they are on the list of departures.
        if days.first is None:
            return await stays.stay_list(call, days)
        return await stays.stay_list(call, Days(days.first - timedelta(days=1), days.count + 1))

    return BoardLoaders(
        place=places.place_of_hotel,
        grid=ledger.grid,
        stays=stay_list,
        arrivals=stays.arrival_list,
        departures=stays.departure_list,
        in_house=stays.in_house_list,
        rooms=rooms.room_list,
        tasks=rooms.task_list,
        work_orders=repairs.work_order_list,
        balances=balances.balance_list,
        keys=keys.key_list,
    )
