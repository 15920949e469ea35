"""The container of everything that exists, with the look-ups that the services share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

from platform_sim.world.entities import (
    Alert,
    DayEnd,
    Device,
    Folio,
    Guest,
    HousekeepingTask,
    Invoice,
    KeyCredential,
    Lock,
    NightResult,
    Operator,
    Property,
    Reservation,
    Room,
    RoomType,
    Suggestion,
    SyncCursor,
    Tenant,
    WorkOrder,
)
from platform_sim.world.identity import Identity

__all__ = ["World"]

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class World:
    """Every table is a dict by canonical id, in a fixed order. Call `changed(property_id)` after writing to one.

    What is computed over many rows is kept with `computed` until the property changes or its local day ends.
    """

    seed: int
    began_at: datetime
    identity: Identity = field(default_factory=Identity)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)
    operators: dict[str, Operator] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    room_types: dict[str, RoomType] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    guests: dict[str, Guest] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    folios: dict[str, Folio] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    day_ends: dict[str, DayEnd] = field(default_factory=dict)
    """By property."""
    history: dict[str, list[NightResult]] = field(default_factory=dict)
    """By property: the nights of the last thirty days, the oldest first."""
    work_orders: dict[str, WorkOrder] = field(default_factory=dict)
    tasks: dict[str, HousekeepingTask] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=dict)
    keys: dict[str, KeyCredential] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    suggestions: dict[str, Suggestion] = field(default_factory=dict)
    cursors: dict[tuple[str, str, str, str], SyncCursor] = field(default_factory=dict)
    """By tenant, operator, device and scope."""
    _computed: dict[tuple[str, str, date], object] = field(default_factory=dict)
    _by_property: dict[str, dict[str, list[object]]] = field(default_factory=dict)

    def today(self, property_id: str, now: datetime) -> date:
        """The local date at the property."""
        return self.local(property_id, now).date()

    def local(self, property_id: str, now: datetime) -> datetime:
        """The local time at the property."""
        return now.astimezone(ZoneInfo(self.properties[property_id].timezone))

    def changed(self, property_id: str) -> None:
        """Forget what was computed about a property, because something of it was changed, added or removed."""
        for key in [key for key in self._computed if key[0] == property_id]:
            del self._computed[key]
        self._by_property.pop(property_id, None)

    def computed(self, property_id: str, name: str, now: datetime, compute: Callable[[], T]) -> T:
        """The value of `compute`, kept until the property changes or its local day ends. It must not be written to."""
        key = (property_id, name, self.today(property_id, now))
        if key not in self._computed:
            self._computed[key] = compute()
        return cast("T", self._computed[key])

    # What belongs to a property, in a fixed order

    def rooms_of(self, property_id: str) -> list[Room]:
        """By floor and number."""
        return self._of(property_id, "rooms", self.rooms.values())

    def room_types_of(self, property_id: str) -> list[RoomType]:
        """From the simplest to the best."""
        return self._of(property_id, "room_types", self.room_types.values())

    def reservations_of(self, property_id: str) -> list[Reservation]:
        """Seed reservations first, then in the order in which they were made."""
        return self._of(property_id, "reservations", self.reservations.values())

    def folios_of(self, property_id: str) -> list[Folio]:
        """In the order in which they were opened."""
        return self._of(property_id, "folios", self.folios.values())

    def invoices_of(self, property_id: str) -> list[Invoice]:
        """In the order in which they were issued."""
        return self._of(property_id, "invoices", self.invoices.values())

    def work_orders_of(self, property_id: str) -> list[WorkOrder]:
        """In the order in which they were reported."""
        return self._of(property_id, "work_orders", self.work_orders.values())

    def tasks_of(self, property_id: str) -> list[HousekeepingTask]:
        """In the order in which they were created."""
        return self._of(property_id, "tasks", self.tasks.values())

    def locks_of(self, property_id: str) -> list[Lock]:
        """By room."""
        return self._of(property_id, "locks", self.locks.values())

    def alerts_of(self, property_id: str) -> list[Alert]:
        """In the order in which they were raised."""
        return self._of(property_id, "alerts", self.alerts.values())

    def suggestions_of(self, property_id: str) -> list[Suggestion]:
        """In the order in which they were made."""
        return self._of(property_id, "suggestions", self.suggestions.values())

    def _of(self, property_id: str, name: str, rows: Iterable[T]) -> list[T]:
        kept = self._by_property.setdefault(property_id, {})
        if name not in kept:
            kept[name] = [row for row in rows if getattr(row, "property_id", None) == property_id]
        return cast("list[T]", kept[name])

    # Accounts

    def operator_named(self, username: str) -> Operator | None:
        """The member of staff with this username; usernames are unique and their case does not matter."""
        wanted = username.casefold()
        return next((operator for operator in self.operators.values() if operator.username == wanted), None)
