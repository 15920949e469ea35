"""What the lines of each board show: the one shape between those who put boards together and the wire.

The names are the wire's (camelCase through `rename`), contract section 10. A member is null where its upstream is
away, or is not for the operator's role, and also where there is nothing to say; the board's sections tell which.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from bff_backoffice.application.tiles import MoneyAmount, Tile

__all__ = [
    "ArrivalItem", "BoardItem", "DepartureItem", "GridBlock", "GridItem", "GridStay", "InHouseItem",
    "RoomArrival", "RoomItem", "RoomRepair", "RoomTask",
    "StayItem", "StayKey", "TodayItem", "TodayTodo", "WorkOrderItem",
]  # fmt: skip


TodayTodo = Literal[
    "check_in", "assign_room", "prepare_room", "issue_key", "check_out", "settle_balance", "revoke_key"
]  # fmt: skip
"""What a desk still has to do for a guest, in the order in which it is done."""


class BoardItem(Tile, frozen=True, kw_only=True):
    """What every line has: the word that `?status=` looks at."""

    status: str


class StayKey(Tile, frozen=True, kw_only=True):
    """A key that opens the guest's door or will in a moment: what a desk has to name in order to revoke it."""

    key_credential_id: str
    lock_id: str
    kind: str
    state: str
    valid_until: datetime


class StayItem(BoardItem, frozen=True, kw_only=True):
    """A reservation with what its room, its folio and its key are like now."""

    reservation_id: str
    code: str
    guest_name: str
    room_id: str | None
    room_number: str | None
    room_type_name: str
    room_status: str | None
    """Housekeeping's word."""
    arrival_date: date
    departure_date: date
    nights: int
    adults: int
    children: int
    folio_id: str | None
    balance: MoneyAmount | None
    """What is owed on the running folio; null also before there is one, which the check-in opens."""
    key_state: str | None
    """`none`, `pending` or `active`; null where lock-integration is away."""
    keys: list[StayKey] | None
    """Null where lock-integration is away."""
    special_requests: list[str]
    flags: list[str]
    version: int


class ArrivalItem(StayItem, frozen=True, kw_only=True):
    """Somebody who was or is expected today."""

    expected_at: datetime | None
    room_ready: bool | None
    """Whether the guest can be sent there now; false where no room is assigned yet, null where housekeeping is away."""


class DepartureItem(StayItem, frozen=True, kw_only=True):
    """Somebody who leaves or left today, or should have left before."""

    checked_out_at: datetime | None
    overdue: bool | None
    """Whether the guest should have left on an earlier day; null where the hotel's date is not known."""


class InHouseItem(StayItem, frozen=True, kw_only=True):
    """Somebody who is in the house now."""

    checked_in_at: datetime | None
    leaves_today: bool | None
    """Also true of who should have left before; null where the hotel's date is not known."""


class TodayItem(StayItem, frozen=True, kw_only=True):
    """An arrival or a departure of today, and what is left to do for it."""

    id: str
    """`arrival:` or `departure:` and the reservation: a guest may come and go on one day."""
    kind: Literal["arrival", "departure"]
    expected_at: datetime | None
    todo: list[TodayTodo]


class RoomTask(Tile, frozen=True, kw_only=True):
    """What housekeeping has to do in a room."""

    id: str
    kind: str
    priority: str
    status: str
    assignee_id: str | None
    assignee_name: str | None
    scheduled_for: datetime | None


class RoomArrival(Tile, frozen=True, kw_only=True):
    """Who comes to a room today and is not there yet."""

    reservation_id: str
    guest_name: str
    expected_at: datetime | None


class RoomRepair(Tile, frozen=True, kw_only=True):
    """The worst thing that is broken in a room."""

    id: str
    title: str
    severity: str
    blocks_room: bool


class RoomItem(BoardItem, frozen=True, kw_only=True):
    """A room of the housekeeping board; `status` is its column."""

    room_id: str
    room_number: str
    floor: int
    room_type_code: str | None
    occupancy: str
    """`vacant`, `occupied`, or `due_out` where the guest leaves today."""
    updated_at: datetime
    notes: str | None
    task: RoomTask | None
    arrival: RoomArrival | None
    arrival_pressure: Literal["none", "later", "soon", "overdue"] | None
    """How soon a guest waits for a room that is not ready; `soon` is within 90 minutes. Null where nobody could say."""
    repair: RoomRepair | None
    version: int


class WorkOrderItem(BoardItem, frozen=True, kw_only=True):
    """A work order of the maintenance board, with what its room is like now."""

    id: str
    title: str
    description: str | None
    category: str
    severity: str
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
    room_status: str | None
    """Housekeeping's word."""
    occupancy: str | None
    arrival: RoomArrival | None
    """Who comes to the room today: what makes a repair urgent."""
    version: int


class GridStay(Tile, frozen=True, kw_only=True):
    """A stay in a room of the grid, on the nights from `start` to the one before `end`."""

    reservation_id: str
    start: date
    end: date
    state: str
    """Inventory's word: `held`, `confirmed`, `in_use` or `completed`."""
    code: str | None
    guest_name: str | None
    """Null where reservation-service is away: the room is taken all the same."""
    flags: list[str]


class GridBlock(Tile, frozen=True, kw_only=True):
    """Why a room can't be sold, and the first night on which it is open again; null where nobody knows."""

    until: date | None
    kind: str | None
    """Housekeeping's word, `out_of_order` or `out_of_service`."""
    repair: RoomRepair | None


class GridItem(BoardItem, frozen=True, kw_only=True):
    """A room of the front-desk grid; `status` is what it is on the first day: `free`, `taken` or `closed`."""

    room_id: str
    room_number: str
    floor: int
    room_type_id: str
    room_type_name: str
    room_status: str | None
    """Housekeeping's word."""
    stays: list[GridStay]
    block: GridBlock | None
