"""inventory-service: how many rooms there are to sell, today and in the days to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from msgspec import field
from msgspec.json import Decoder

from bff_backoffice.application.dashboard_loaders import RoomsSold
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import OutlookDay, OutlookTile
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.workbench_lists import Allocation, Grid, GridRoom
from bff_backoffice.domain.workbench import Days
from bff_backoffice.infrastructure.dialect import (
    Count,
    Wire,
    about_property,
    operator_headers,
    property_of,
    ulid_of,
)
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, whole_list

__all__ = ["SERVICE", "InventoryGateway"]

SERVICE: Final = Upstream(name="inventory-service", limit_seconds=0.6, retries=1)

_OUTLOOK_DAYS: Final = 14


class _Occupancy(Wire, frozen=True):
    property_id: str
    total: Count
    committed: Count
    oos_blocked: Count


class _CalendarRow(Wire, frozen=True):
    stay_date: date
    total: Count
    committed: Count
    oos_blocked: Count


class _Calendar(Wire, frozen=True):
    items: list[_CalendarRow]


class _Allocation(Wire, frozen=True):
    reservation_id: str
    start: date
    end: date
    state: str


class _GridRoom(Wire, frozen=True):
    room_id: str
    number: str
    floor: int
    room_type_id: str
    sellable: bool
    closed_until: date | None
    allocations: list[_Allocation]


class _GridPage(Wire, frozen=True):
    items: list[_GridRoom]
    days: Count
    next_cursor: str | None
    first: date = field(name="from")


_OCCUPANCY: Final = Decoder(_Occupancy)
_CALENDAR: Final = Decoder(_Calendar)
_GRID: Final = Decoder(_GridPage)


@dataclass(frozen=True, slots=True)
class InventoryGateway:
    """The ledger of rooms: sellable is what exists and is not out of service, sold is what is committed."""

    client: UpstreamClient

    async def rooms_sold(self, call: CallContext) -> RoomsSold:
        """Return today's count of rooms, sold rooms and rooms out of order."""
        return await self.client.read(
            "occupancy",
            "/api/v1/inventory/occupancy",
            bounds=call,
            headers=_headers(call),
            decode=partial(_rooms_sold, call),
        )

    async def outlook(self, call: CallContext) -> OutlookTile:
        """Return fourteen days from today, all room types together."""
        return await self.client.read(
            "calendar",
            "/api/v1/inventory/calendar",
            bounds=call,
            headers=_headers(call),
            query={"days": str(_OUTLOOK_DAYS)},
            decode=_outlook,
        )

    async def grid(self, call: CallContext, days: Days) -> Grid:
        """Return every room of the property, in the order of the house, with its stays of these days."""
        first = {} if days.first is None else {"from": days.first.isoformat()}
        read = ListRead(
            operation="grid",
            path="/api/v1/inventory/grid",
            headers=_headers(call),
            query={**first, "days": str(days.count)},
            decode=_grid_page,
        )
        pages = await whole_list(self.client, call, read)
        rooms = [_grid_room(room) for page in pages for room in page.items]
        return Grid(first=pages[-1].first, days=pages[-1].days, rooms=rooms)


def _grid_page(body: bytes) -> UpstreamPage[_GridPage]:
    page = _GRID.decode(body)
    return UpstreamPage(items=[page], next_cursor=page.next_cursor)


def _grid_room(room: _GridRoom) -> GridRoom:
    return GridRoom(
        room_id=f"rmu_{ulid_of(room.room_id)}",
        number=room.number,
        floor=room.floor,
        room_type_id=f"rmt_{ulid_of(room.room_type_id)}",
        sellable=room.sellable,
        closed_until=room.closed_until,
        allocations=[
            Allocation(
                reservation_id=f"rsv_{ulid_of(each.reservation_id)}", start=each.start, end=each.end, state=each.state
            )
            for each in room.allocations
        ],
    )


def _headers(call: CallContext) -> dict[str, str]:
    return {**operator_headers(call), "X-Property-Id": property_of(call)}


def _rooms_sold(call: CallContext, body: bytes) -> RoomsSold:
    occupancy = _OCCUPANCY.decode(body)
    about_property(call, occupancy.property_id)
    return RoomsSold(total=occupancy.total, committed=occupancy.committed, out_of_order=occupancy.oos_blocked)


def _outlook(body: bytes) -> OutlookTile:
    sold: dict[date, int] = {}
    sellable: dict[date, int] = {}
    for row in _CALENDAR.decode(body).items:
        sold[row.stay_date] = sold.get(row.stay_date, 0) + row.committed
        sellable[row.stay_date] = sellable.get(row.stay_date, 0) + row.total - row.oos_blocked
    days = [
        OutlookDay(
            date=day,
            occupancy_percent=round(100 * sold[day] / sellable[day], 1) if sellable[day] > 0 else 0.0,
            sold_rooms=sold[day],
            available_rooms=sellable[day] - sold[day],
        )
        for day in sorted(sold)
    ]
    return OutlookTile(days=days[:_OUTLOOK_DAYS])
