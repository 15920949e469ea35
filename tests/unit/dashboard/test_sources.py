"""From sources to widgets: one call or two, both answers or one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard_loaders import (
    DashboardLoaders,
    DueArrival,
    Loaded,
    OccupancyPercent,
    RoomsSold,
)
from bff_backoffice.application.dashboard_sources import AT_RISK_LINES, dashboard_loaders
from bff_backoffice.application.ports import (
    CallContext,
    StoreUnavailableError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.application.tiles import (
    AlertsTile,
    ArrivalsAtRiskTile,
    BalancesTile,
    DevicesTile,
    InHouseTile,
    KpiTile,
    MoneyAmount,
    MovementTile,
    OccupancyTile,
    OutlookTile,
    PropertyTile,
    RatesTile,
    RoomsTile,
    SuggestionsTile,
    Tile,
    WorkOrdersTile,
)
from bff_backoffice.domain.dashboard import LAYOUT, Source, WidgetId
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


TILES: dict[WidgetId, type[Tile]] = {
    WidgetId.OCCUPANCY: OccupancyTile, WidgetId.ADR: KpiTile, WidgetId.REVPAR: KpiTile,
    WidgetId.ARRIVALS: MovementTile, WidgetId.DEPARTURES: MovementTile, WidgetId.IN_HOUSE: InHouseTile,
    WidgetId.OUTLOOK: OutlookTile, WidgetId.ROOMS: RoomsTile, WidgetId.ARRIVALS_AT_RISK: ArrivalsAtRiskTile,
    WidgetId.WORK_ORDERS: WorkOrdersTile, WidgetId.RATES: RatesTile, WidgetId.BALANCES: BalancesTile,
    WidgetId.ALERTS: AlertsTile, WidgetId.SUGGESTIONS: SuggestionsTile, WidgetId.PROPERTY: PropertyTile,
    WidgetId.DEVICES: DevicesTile,
}  # fmt: skip


@pytest.mark.parametrize("widget", list(WidgetId))
def test_every_widget_loads_its_tile_from_its_sources(widget: WidgetId) -> None:
    """With every source well, each widget is its own kind of tile, whole, from the sources in the table, at once."""
    loaded, seconds = load(widget, House())
    assert type(loaded.tile) is TILES[widget]
    assert loaded.sources == LAYOUT[widget].sources
    assert not loaded.fallback
    assert seconds == pytest.approx(0.02)


def test_movements_are_not_mixed_up() -> None:
    """Arrivals are arrivals and departures are departures."""
    arrivals, _ = load(WidgetId.ARRIVALS, House())
    departures, _ = load(WidgetId.DEPARTURES, House())
    assert isinstance(arrivals.tile, MovementTile)
    assert isinstance(departures.tile, MovementTile)
    assert (arrivals.tile.total_rooms, departures.tile.total_rooms) == (5, 4)


def test_occupancy_is_analytics_figure_over_inventorys_rooms() -> None:
    """Both sources well: the percentage and its history from analytics, the rooms from inventory."""
    loaded, _ = load(WidgetId.OCCUPANCY, House())
    assert loaded.tile == OccupancyTile(
        percent=62.4, previous_percent=58.1, sold_rooms=60, sellable_rooms=96, out_of_order_rooms=4
    )


@pytest.mark.parametrize(
    ("sold", "percent"),
    [
        (RoomsSold(total=100, committed=60, out_of_order=4), 62.5),
        (RoomsSold(total=30, committed=33, out_of_order=0), 110.0),
        (RoomsSold(total=4, committed=0, out_of_order=4), 0.0),
    ],
)
def test_occupancy_without_analytics_is_computed_from_inventory(sold: RoomsSold, percent: float) -> None:
    """Analytics down: sold of sellable rooms, overbooking included, and no division by a closed house."""
    house = House(sold=sold, failures={"occupancy": UpstreamUnavailableError("analytics-service")})
    loaded, _ = load(WidgetId.OCCUPANCY, house)
    assert isinstance(loaded.tile, OccupancyTile)
    assert (loaded.tile.percent, loaded.tile.previous_percent) == (percent, None)
    assert (loaded.sources, loaded.fallback) == ((Source.INVENTORY,), True)


def test_occupancy_without_inventory_is_the_percentage_alone() -> None:
    """Inventory down: what analytics knows, and no rooms."""
    house = House(failures={"rooms_sold": UpstreamUnavailableError("inventory-service")})
    loaded, _ = load(WidgetId.OCCUPANCY, house)
    assert loaded.tile == OccupancyTile(percent=62.4, previous_percent=58.1)
    assert (loaded.sources, loaded.fallback) == ((Source.ANALYTICS,), True)


@pytest.mark.parametrize("slow", ["occupancy", "rooms_sold"])
def test_occupancy_does_not_wait_long_for_its_other_half(slow: str) -> None:
    """A source that hangs delays the other's answer by a quarter of a second and no more."""
    loaded, seconds = load(WidgetId.OCCUPANCY, House(delays={slow: 1e6}))
    assert loaded.fallback
    assert seconds == pytest.approx(0.27)


def test_occupancy_waits_for_a_source_that_is_merely_slow() -> None:
    """A second source within the quarter of a second makes the widget whole."""
    loaded, seconds = load(WidgetId.OCCUPANCY, House(delays={"occupancy": 0.2}))
    assert not loaded.fallback
    assert seconds == pytest.approx(0.2)


def test_occupancy_waits_as_long_as_it_may_for_the_only_one_left() -> None:
    """When one source has failed, the other has the widget's whole time."""
    house = House(
        delays={"rooms_sold": 0.55, "occupancy": 0.01},
        failures={"occupancy": UpstreamUnavailableError("analytics-service")},
    )
    loaded, seconds = load(WidgetId.OCCUPANCY, house)
    assert loaded.sources == (Source.INVENTORY,)
    assert seconds == pytest.approx(0.55)


def test_occupancy_fails_when_both_fail() -> None:
    """Nothing is made up: with both sources down the widget fails with one of their failures."""
    house = House(
        failures={
            "occupancy": UpstreamTimeoutError("analytics-service"),
            "rooms_sold": UpstreamUnavailableError("inventory-service"),
        }
    )
    with pytest.raises(UpstreamError):
        load(WidgetId.OCCUPANCY, house)


def due(number: int, *, room: str | None, minutes: int | None) -> DueArrival:
    """Return somebody who is expected."""
    return DueArrival(
        reservation_id=f"rsv_{number}",
        code=f"C{number:03d}",
        guest_name="مریم احمدی",
        room_ulid=room,
        room_number=None if room is None else f"10{room}",
        expected_at=None if minutes is None else virtual_time.BEGINNING + timedelta(minutes=minutes),
    )


def test_at_risk_are_those_whose_room_is_not_ready() -> None:
    """Dirty, unknown and unassigned rooms are a risk, ready and inspected ones are not; the soonest comes first."""
    house = House(
        due=(
            due(1, room="A", minutes=None),
            due(2, room="B", minutes=90),
            due(3, room="C", minutes=10),
            due(4, room="D", minutes=20),
            due(5, room=None, minutes=5),
            due(6, room="E", minutes=30),
            due(7, room="unheard of", minutes=30),
        ),
        statuses={"A": "dirty", "B": "cleaning", "C": "ready", "D": "inspected", "E": "clean"},
    )
    loaded, _ = load(WidgetId.ARRIVALS_AT_RISK, house)
    assert isinstance(loaded.tile, ArrivalsAtRiskTile)
    assert [(line.code, line.room_status) for line in loaded.tile.items] == [
        ("C005", None), ("C006", "clean"), ("C007", None), ("C002", "cleaning"), ("C001", "dirty"),
    ]  # fmt: skip
    assert (loaded.tile.total, loaded.tile.due_within_minutes) == (5, 180)


@settings(deadline=None)
@given(count=st.integers(0, 40))
def test_at_risk_counts_all_and_lists_the_first(count: int) -> None:
    """The tile's total counts everybody, its list ends after the first ten."""
    house = House(due=tuple(due(number, room=None, minutes=number) for number in range(count)))
    loaded, _ = load(WidgetId.ARRIVALS_AT_RISK, house)
    assert isinstance(loaded.tile, ArrivalsAtRiskTile)
    assert loaded.tile.total == count
    assert [line.code for line in loaded.tile.items] == [
        f"C{number:03d}" for number in range(min(count, AT_RISK_LINES))
    ]


@pytest.mark.parametrize("broken", ["due_arrivals", "room_statuses"])
def test_at_risk_fails_at_once_with_its_first_failure(broken: str) -> None:
    """Half of the comparison says nothing: either source's failure is the widget's, and the other is not waited for."""
    failure = UpstreamUnavailableError("housekeeping-service")
    house = House(failures={broken: failure}, delays={"due_arrivals": 1e6, "room_statuses": 1e6, broken: 0.01})
    with pytest.raises(UpstreamUnavailableError) as raised:
        load(WidgetId.ARRIVALS_AT_RISK, house)
    assert raised.value is failure


def test_a_defect_in_a_source_is_not_taken_for_an_upstreams_failure() -> None:
    """What no port announces comes out as the surprise that it is."""
    house = House(failures={"room_statuses": ZeroDivisionError()})
    with pytest.raises(ExceptionGroup):
        load(WidgetId.ARRIVALS_AT_RISK, house)


def test_the_own_store_fails_as_a_store() -> None:
    """Postgres away is not called an upstream's failure."""
    with pytest.raises(StoreUnavailableError):
        load(WidgetId.DEVICES, House(failures={"devices": StoreUnavailableError("postgres")}))
