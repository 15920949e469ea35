"""The ledger of room nights: what there is, what is taken and what it brings, per day and room type.

Inventory, pricing and analytics read the same ledger, so that their figures can never contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from platform_sim.world.entities import Reservation
from platform_sim.world.world import World

__all__ = ["Ledger", "NightOfType", "end_of_stay", "ledger_of", "unsellable_until"]

_HELD: Final = "held"
_NOBODY: Final = frozenset({"cancelled", "no_show", "expired_hold", "quoted"})


@dataclass(slots=True)
class NightOfType:
    """One night of one room type, in rooms; `revenue_micro` is what the committed rooms bring."""

    total: int = 0
    held: int = 0
    committed: int = 0
    oos_blocked: int = 0
    revenue_micro: int = 0

    @property
    def sellable(self) -> int:
        """The rooms that are not closed."""
        return self.total - self.oos_blocked

    @property
    def available(self) -> int:
        """The rooms that can still be sold; never below none, also where the house is overbooked."""
        return max(0, self.sellable - self.committed - self.held)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The nights of a property. `taken` has only nights on which something is sold or held."""

    totals: Mapping[str, int]
    """Rooms by room type, in the order of the property's room types."""
    closed: Mapping[str, tuple[tuple[date, date], ...]]
    """By room type: for each closed room the first night and the first open night after it."""
    taken: Mapping[tuple[date, str], NightOfType]

    def night(self, day: date, room_type_id: str) -> NightOfType:
        """One night of one room type."""
        known = self.taken.get((day, room_type_id)) or NightOfType()
        blocked = sum(start <= day < end for start, end in self.closed.get(room_type_id, ()))
        return NightOfType(self.totals[room_type_id], known.held, known.committed, blocked, known.revenue_micro)

    def house(self, day: date) -> NightOfType:
        """One night of all room types together."""
        whole = NightOfType()
        for room_type_id in self.totals:
            night = self.night(day, room_type_id)
            whole.total += night.total
            whole.held += night.held
            whole.committed += night.committed
            whole.oos_blocked += night.oos_blocked
            whole.revenue_micro += night.revenue_micro
        return whole


def ledger_of(world: World, property_id: str, now: datetime) -> Ledger:
    """The ledger of a property as it stands; it is made anew after `world.changed`."""
    return world.computed(property_id, "ledger", now, lambda: _write(world, property_id, now))


def end_of_stay(world: World, stay: Reservation) -> date:
    """The first night that the stay does not take: its departure, or the day on which the guest left before that."""
    if stay.checked_out_at is None:
        return stay.departure_date
    return min(stay.departure_date, world.today(stay.property_id, stay.checked_out_at))


def unsellable_until(world: World, property_id: str, now: datetime) -> dict[str, date | None]:
    """The closed rooms of a property, each with the first night on which it is to be sold again; None: not foreseen.

    A room that is out of order is open again on the day after its repair is due, and never before tomorrow. A room that
    is out of service stays closed.
    """
    tomorrow = world.today(property_id, now) + timedelta(days=1)
    repaired: dict[str, date] = {}
    for order in world.work_orders_of(property_id):
        if order.is_open and order.blocks_room and order.room_id is not None and order.due_at is not None:
            due = world.today(property_id, order.due_at) + timedelta(days=1)
            repaired[order.room_id] = max(due, repaired.get(order.room_id, tomorrow))
    return {
        room.id: None if room.status == "out_of_service" else repaired.get(room.id, tomorrow)
        for room in world.rooms_of(property_id)
        if not room.sellable
    }


def _write(world: World, property_id: str, now: datetime) -> Ledger:
    totals = {kind.id: 0 for kind in world.room_types_of(property_id)}
    closed: dict[str, list[tuple[date, date]]] = {kind: [] for kind in totals}
    until = unsellable_until(world, property_id, now)
    today = world.today(property_id, now)
    for room in world.rooms_of(property_id):
        totals[room.room_type_id] += 1
        if room.id in until:
            closed[room.room_type_id].append((today, until[room.id] or date.max))
    taken: dict[tuple[date, str], NightOfType] = {}
    for stay in world.reservations_of(property_id):
        if stay.status not in _NOBODY:
            _enter(taken, stay, end_of_stay(world, stay))
    return Ledger(totals, {kind: tuple(spans) for kind, spans in closed.items()}, taken)


def _enter(taken: dict[tuple[date, str], NightOfType], stay: Reservation, end: date) -> None:
    for number in range((end - stay.arrival_date).days):
        night = taken.setdefault((stay.arrival_date + timedelta(days=number), stay.room_type_id), NightOfType())
        if stay.status == _HELD:
            night.held += 1
        else:
            night.committed += 1
            night.revenue_micro += stay.nightly_rate.amount_micro
