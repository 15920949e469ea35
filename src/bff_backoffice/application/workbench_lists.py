"""The lists that boards are put together from, in the form in which the cache keeps them.

The gateways decode into these: ids already as this service writes them, texts in all their languages, so that
colleagues with other languages share them.
"""

from __future__ import annotations

from datetime import date, datetime

from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import MoneyAmount, Tile

__all__ = [
    "Allocation",
    "BalanceLine",
    "BalanceList",
    "Grid",
    "GridRoom",
    "KeyLine",
    "KeyList",
    "PlaceOfHotel",
    "RoomLine",
    "RoomList",
    "StayLine",
    "StayList",
    "TaskLine",
    "TaskList",
    "WorkOrderLine",
    "WorkOrderList",
]


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


class Allocation(Tile, frozen=True, kw_only=True):
    """A stay that takes a room on the nights from `start` to the one before `end`. `state` is inventory's word."""

    reservation_id: str
    start: date
    end: date
    state: str


class GridRoom(Tile, frozen=True, kw_only=True):
    """A room of the ledger. `room_id` is a `rmu_`, `room_type_id` a `rmt_`; `closed_until` is the first open night."""

    room_id: str
    number: str
    floor: int
    room_type_id: str
    sellable: bool
    closed_until: date | None
    allocations: list[Allocation]


class Grid(Tile, frozen=True, kw_only=True):
    """Every room of the property with who is promised it, for `days` days from `first`."""

    first: date
    days: int
    rooms: list[GridRoom]


class BalanceLine(Tile, frozen=True, kw_only=True):
    """What is owed on a running folio; negative where the hotel owes the guest.

    Code, name and room are as billing-service has them.
    """

    folio_id: str
    reservation_id: str
    status: str
    balance: MoneyAmount
    code: str | None = None
    guest_name: str | None = None
    room_number: str | None = None


class BalanceList(Tile, frozen=True, kw_only=True):
    """The running folios of the property."""

    items: list[BalanceLine]

    def by_reservation(self) -> dict[str, BalanceLine]:
        """Return the folio of each reservation; of several the last."""
        return {line.reservation_id: line for line in self.items}


class KeyLine(Tile, frozen=True, kw_only=True):
    """A key that opens something (`active`) or will in a moment (`pending`). Rooms are `rmu_`."""

    id: str
    lock_id: str
    reservation_id: str
    room_ids: list[str]
    kind: str
    state: str
    valid_from: datetime
    valid_until: datetime


class KeyList(Tile, frozen=True, kw_only=True):
    """The keys of the property that open something or will in a moment."""

    items: list[KeyLine]

    def states(self) -> dict[str, str]:
        """Return the state of each reservation's best key: `active` before `pending`."""
        best: dict[str, str] = {}
        for key in self.items:
            if best.get(key.reservation_id) != "active":
                best[key.reservation_id] = key.state
        return best

    def by_reservation(self) -> dict[str, list[KeyLine]]:
        """Return the keys of each reservation that has some."""
        found: dict[str, list[KeyLine]] = {}
        for key in self.items:
            found.setdefault(key.reservation_id, []).append(key)
        return found


class PlaceOfHotel(Tile, frozen=True, kw_only=True):
    """What the hotel is called, and where it is as far as its calendar goes: an IANA name such as `Asia/Kabul`."""

    name: TextByLanguage
    timezone: str
