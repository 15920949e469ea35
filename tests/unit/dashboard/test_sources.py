"""From sources to widgets: one call or two, both answers or one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.dashboard_loaders import (
    DueArrival,
    RoomsSold,
)
from bff_backoffice.application.dashboard_sources import AT_RISK_LINES
from bff_backoffice.application.ports import (
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
from tests.fakes import virtual_time
from tests.fakes.scripted_house import House, load

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
