"""inventory-service: how many rooms there are to sell, today and in the days to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.dashboard_loaders import RoomsSold
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import OutlookDay, OutlookTile
from bff_backoffice.infrastructure.dialect import Count, Wire, about_property, operator_headers, property_of
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

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


_OCCUPANCY: Final = Decoder(_Occupancy)
_CALENDAR: Final = Decoder(_Calendar)


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
