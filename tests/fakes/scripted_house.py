"""Every source of a dashboard in one house, which does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bff_backoffice.application.dashboard_loaders import (
    DashboardLoaders,
    DueArrival,
    Loaded,
    OccupancyPercent,
    RoomsSold,
)
from bff_backoffice.application.dashboard_sources import dashboard_loaders
from bff_backoffice.application.ports import (
    CallContext,
)
from bff_backoffice.application.tiles import (
    AlertsTile,
    BalancesTile,
    DevicesTile,
    InHouseTile,
    KpiTile,
    MoneyAmount,
    MovementTile,
    OutlookTile,
    PropertyTile,
    RatesTile,
    RoomsTile,
    SuggestionsTile,
    WorkOrdersTile,
)
from bff_backoffice.domain.dashboard import WidgetId
from bff_backoffice.domain.operator import DeviceId, OperatorId, TenantId
from tests.fakes import virtual_time
from tests.fakes.scripted_board import some_operator

T = TypeVar("T")


TODAY = virtual_time.BEGINNING.date()


MONEY = MoneyAmount(amount_micro="1000000", currency="USD")


@dataclass(kw_only=True)
class House:
    """Every source of a dashboard in one; answers each read after its delay, or raises its failure."""

    delays: dict[str, float] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    sold: RoomsSold = field(default_factory=lambda: RoomsSold(total=100, committed=60, out_of_order=4))
    due: tuple[DueArrival, ...] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def _answer(self, name: str, answer: T) -> T:
        self.asked.append(name)
        await asyncio.sleep(self.delays.get(name, 0.02))
        if name in self.failures:
            raise self.failures[name]
        return answer

    async def occupancy(self, _call: CallContext) -> OccupancyPercent:
        """Analytics."""
        return await self._answer("occupancy", OccupancyPercent(percent=62.4, previous_percent=58.1))

    async def adr(self, _call: CallContext) -> KpiTile:
        """Analytics."""
        return await self._answer("adr", KpiTile(value=MONEY))

    async def revpar(self, _call: CallContext) -> KpiTile:
        """Analytics."""
        return await self._answer("revpar", KpiTile(value=MONEY))

    async def rooms_sold(self, _call: CallContext) -> RoomsSold:
        """Inventory."""
        return await self._answer("rooms_sold", self.sold)

    async def outlook(self, _call: CallContext) -> OutlookTile:
        """Inventory."""
        return await self._answer("outlook", OutlookTile(days=[]))

    async def arrivals(self, _call: CallContext) -> MovementTile:
        """Reservations."""
        tile = MovementTile(date=TODAY, total_rooms=5, remaining_rooms=3, total_guests=8)
        return await self._answer("arrivals", tile)

    async def departures(self, _call: CallContext) -> MovementTile:
        """Reservations."""
        tile = MovementTile(date=TODAY, total_rooms=4, remaining_rooms=2, total_guests=6)
        return await self._answer("departures", tile)

    async def in_house(self, _call: CallContext) -> InHouseTile:
        """Reservations."""
        tile = InHouseTile(total_rooms=40, remaining_rooms=36, guests=70, stayover_rooms=36)
        return await self._answer("in_house", tile)

    async def due_arrivals(self, _call: CallContext, *, within_minutes: int) -> tuple[DueArrival, ...]:
        """Reservations."""
        assert within_minutes == 180
        return await self._answer("due_arrivals", self.due)

    async def rooms(self, _call: CallContext) -> RoomsTile:
        """Housekeeping."""
        tile = RoomsTile(dirty=1, cleaning=1, clean=1, inspected=1, ready=1, out_of_order=1, out_of_service=1, total=7)
        return await self._answer("rooms", tile)

    async def room_statuses(self, _call: CallContext) -> Mapping[str, str]:
        """Housekeeping."""
        return await self._answer("room_statuses", self.statuses)

    async def work_orders(self, _call: CallContext) -> WorkOrdersTile:
        """Maintenance."""
        return await self._answer("work_orders", WorkOrdersTile(open=1, critical=0, high=1, overdue=0, rooms_blocked=0))

    async def rates(self, _call: CallContext) -> RatesTile:
        """Pricing."""
        return await self._answer("rates", RatesTile(items=[]))

    async def balances(self, _call: CallContext) -> BalancesTile:
        """Billing."""
        tile = BalancesTile(open_folios=3, open_balance=MONEY, overdue_folios=1, day_end_variance=MONEY)
        return await self._answer("balances", tile)

    async def alerts(self, _call: CallContext) -> AlertsTile:
        """Notifications."""
        return await self._answer("alerts", AlertsTile(unread=0, critical=0, warning=0, items=[]))

    async def suggestions(self, _call: CallContext) -> SuggestionsTile:
        """The AI orchestrator."""
        return await self._answer("suggestions", SuggestionsTile(open=0, items=[]))

    async def property_card(self, _call: CallContext) -> PropertyTile:
        """Properties."""
        tile = PropertyTile(id="ppt", name="Serena", city="Kabul", country="AF", timezone="Asia/Kabul", rooms=100)
        return await self._answer("property_card", tile)

    async def devices(self, tenant_id: TenantId, operator_id: OperatorId, *, this_device: DeviceId) -> DevicesTile:
        """The service's own."""
        who = some_operator()
        assert (tenant_id, operator_id, this_device) == (who.tenant_id, who.operator_id, who.device_id)
        return await self._answer("devices", DevicesTile(items=[], queued_actions=0))


def loaders_over(house: House) -> DashboardLoaders:
    """Return the loaders over one house."""
    return dashboard_loaders(
        key_figures=house, rooms_to_sell=house, movements=house, room_statuses=house, work_orders=house, rates=house,
        balances=house, alerts=house, suggestions=house, property_cards=house, operator_devices=house,
    )  # fmt: skip


def load(widget: WidgetId, house: House) -> tuple[Loaded, float]:
    """Load one widget and return it and how long that took, in seconds."""
    who = some_operator()
    call = CallContext(
        tenant_id=who.tenant_id, property_id=who.property_id, operator_id=who.operator_id, device_id=who.device_id,
        roles=who.roles, locale="en", request_id="req", traceparent="00", deadline=10.0,
    )  # fmt: skip

    async def main() -> tuple[Loaded, float]:
        loaded = await loaders_over(house).of(widget)(call)
        return loaded, asyncio.get_running_loop().time()

    return virtual_time.run(main())
