"""From sources to widgets: most widgets are one call, two of them join two.

`dashboard_loaders` turns the gateways, as they are, into the record of loaders that `ComposeDashboard` reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from bff_backoffice.application.dashboard_loaders import (
    Alerts,
    Balances,
    DashboardLoaders,
    DueArrival,
    KeyFigures,
    Loaded,
    Loader,
    Movements,
    OperatorDevices,
    PropertyCards,
    Rates,
    RoomsSold,
    RoomStatuses,
    RoomsToSell,
    Suggestions,
    WorkOrders,
)
from bff_backoffice.application.ports import CallContext, UpstreamError, UpstreamTimeoutError
from bff_backoffice.application.tiles import ArrivalAtRisk, ArrivalsAtRiskTile, OccupancyTile, Tile
from bff_backoffice.domain.dashboard import LAYOUT, READY_ROOM_STATUSES, Source, WidgetId

__all__ = ["AT_RISK_LINES", "DUE_WITHIN_MINUTES", "SECOND_SOURCE_PATIENCE_S", "dashboard_loaders"]

A = TypeVar("A")
B = TypeVar("B")

DUE_WITHIN_MINUTES: Final = 180
"""How far ahead arrivals-at-risk looks, in minutes: long enough to clean a room, short enough to act on."""
AT_RISK_LINES: Final = 10
"""How many arrivals at risk the tile lists; its `total` counts all of them."""
SECOND_SOURCE_PATIENCE_S: Final = 0.25
"""How long, in seconds, a widget that can show something waits for its other source once one has answered: a widget
that has data is never later than 300 ms because another upstream is bad (contract section 4)."""


def dashboard_loaders(
    *,
    key_figures: KeyFigures,
    rooms_to_sell: RoomsToSell,
    movements: Movements,
    room_statuses: RoomStatuses,
    work_orders: WorkOrders,
    rates: Rates,
    balances: Balances,
    alerts: Alerts,
    suggestions: Suggestions,
    property_cards: PropertyCards,
    operator_devices: OperatorDevices,
) -> DashboardLoaders:
    """Return the loaders over these sources; the root passes its gateways."""
    return DashboardLoaders(
        occupancy=_occupancy(key_figures, rooms_to_sell),
        adr=_one_call(WidgetId.ADR, key_figures.adr),
        revpar=_one_call(WidgetId.REVPAR, key_figures.revpar),
        arrivals=_one_call(WidgetId.ARRIVALS, movements.arrivals),
        departures=_one_call(WidgetId.DEPARTURES, movements.departures),
        in_house=_one_call(WidgetId.IN_HOUSE, movements.in_house),
        outlook=_one_call(WidgetId.OUTLOOK, rooms_to_sell.outlook),
        rooms=_one_call(WidgetId.ROOMS, room_statuses.rooms),
        arrivals_at_risk=_arrivals_at_risk(movements, room_statuses),
        work_orders=_one_call(WidgetId.WORK_ORDERS, work_orders.work_orders),
        rates=_one_call(WidgetId.RATES, rates.rates),
        balances=_one_call(WidgetId.BALANCES, balances.balances),
        alerts=_one_call(WidgetId.ALERTS, alerts.alerts),
        suggestions=_one_call(WidgetId.SUGGESTIONS, suggestions.suggestions),
        property=_one_call(WidgetId.PROPERTY, property_cards.property_card),
        devices=_devices(operator_devices),
    )


def _one_call(widget: WidgetId, read: Callable[[CallContext], Awaitable[Tile]]) -> Loader:
    sources = LAYOUT[widget].sources

    async def load(call: CallContext) -> Loaded:
        return Loaded(tile=await read(call), sources=sources)

    return load


def _devices(operator_devices: OperatorDevices) -> Loader:
    async def load(call: CallContext) -> Loaded:
        tile = await operator_devices.devices(call.tenant_id, call.operator_id, this_device=call.device_id)
        return Loaded(tile=tile, sources=(Source.OWN,))

    return load


def _occupancy(key_figures: KeyFigures, rooms_to_sell: RoomsToSell) -> Loader:
    async def load(call: CallContext) -> Loaded:
        percent, rooms = await _whichever_answers(key_figures.occupancy(call), rooms_to_sell.rooms_sold(call))
        if isinstance(percent, UpstreamError):
            if isinstance(rooms, UpstreamError):
                raise percent
            return Loaded(tile=_rooms_only(rooms), sources=(Source.INVENTORY,), fallback=True)
        if isinstance(rooms, UpstreamError):
            tile = OccupancyTile(percent=percent.percent, previous_percent=percent.previous_percent)
            return Loaded(tile=tile, sources=(Source.ANALYTICS,), fallback=True)
        tile = msgspec.structs.replace(
            _rooms_only(rooms), percent=percent.percent, previous_percent=percent.previous_percent
        )
        return Loaded(tile=tile, sources=LAYOUT[WidgetId.OCCUPANCY].sources)

    return load


def _rooms_only(rooms: RoomsSold) -> OccupancyTile:
    sellable = rooms.total - rooms.out_of_order
    return OccupancyTile(
        percent=round(100 * rooms.committed / sellable, 1) if sellable > 0 else 0.0,
        sold_rooms=rooms.committed,
        sellable_rooms=sellable,
        out_of_order_rooms=rooms.out_of_order,
    )


async def _whichever_answers(
    first: Coroutine[None, None, A], second: Coroutine[None, None, B]
) -> tuple[A | UpstreamError, B | UpstreamError]:
    """Await both at once; when one has its answer, the other gets `SECOND_SOURCE_PATIENCE_S` more."""
    async with asyncio.TaskGroup() as group:
        one, other = group.create_task(_settled(first)), group.create_task(_settled(second))
        done, waiting = await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
        has_answer = any(not task.cancelled() and not isinstance(task.result(), UpstreamError) for task in done)
        if waiting and has_answer:
            await asyncio.wait(waiting, timeout=SECOND_SOURCE_PATIENCE_S)
            for task in (one, other):
                task.cancel()
    return _result(one), _result(other)


async def _settled(read: Coroutine[None, None, A]) -> A | UpstreamError:
    try:
        return await read
    except UpstreamError as failure:
        return failure


def _result(task: asyncio.Task[A | UpstreamError]) -> A | UpstreamError:
    if task.cancelled():
        return UpstreamTimeoutError("dashboard", "the other source had answered")
    return task.result()


def _arrivals_at_risk(movements: Movements, room_statuses: RoomStatuses) -> Loader:
    async def load(call: CallContext) -> Loaded:
        try:
            async with asyncio.TaskGroup() as group:
                due = group.create_task(_awaited(movements.due_arrivals(call, within_minutes=DUE_WITHIN_MINUTES)))
                statuses = group.create_task(_awaited(room_statuses.room_statuses(call)))
        except ExceptionGroup as failures:
            # Neither half means anything without the other, so there is no fallback: the first failure is the widget's.
            known, _ = failures.split(UpstreamError)
            if known is None:
                raise
            raise known.exceptions[0] from None
        tile = _at_risk_tile(due.result(), statuses.result())
        return Loaded(tile=tile, sources=LAYOUT[WidgetId.ARRIVALS_AT_RISK].sources)

    return load


async def _awaited(read: Awaitable[A]) -> A:
    return await read


def _at_risk_tile(due: tuple[DueArrival, ...], statuses: Mapping[str, str]) -> ArrivalsAtRiskTile:
    at_risk = [
        ArrivalAtRisk(
            reservation_id=arrival.reservation_id,
            code=arrival.code,
            guest_name=arrival.guest_name,
            room_number=arrival.room_number,
            room_status=status,
            expected_at=arrival.expected_at,
        )
        for arrival in due
        if (status := statuses.get(arrival.room_ulid or "")) not in READY_ROOM_STATUSES
    ]
    at_risk.sort(key=lambda line: (line.expected_at or _LAST, line.code))
    return ArrivalsAtRiskTile(due_within_minutes=DUE_WITHIN_MINUTES, total=len(at_risk), items=at_risk[:AT_RISK_LINES])


_LAST: Final = datetime.max.replace(tzinfo=UTC)
