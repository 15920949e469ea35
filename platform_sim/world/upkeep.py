"""The state of the rooms: repairs, housekeeping's statuses and tasks, and the keys that open the doors."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from platform_sim.ids import SeededIds
from platform_sim.world.entities import HousekeepingTask, KeyCredential, Operator, Property, Room, WorkOrder
from platform_sim.world.world import World

__all__ = ["close_rooms", "cut_keys", "keep_house"]

_BLOCKING: Final = (
    ("Water leak under the basin", "plumbing", "critical"),
    ("Air conditioning does not cool", "hvac", "high"),
    ("Ceiling is wet", "water", "critical"),
    ("Door lock does not close", "lock", "high"),
)
_MINOR: Final = (
    ("Shower drains slowly", "plumbing", "normal"),
    ("Reading lamp is broken", "electrical", "low"),
    ("Television without signal", "it", "low"),
    ("Window does not close tightly", "structural", "normal"),
    ("Safe asks for a battery", "other", "low"),
    ("Heater is noisy", "hvac", "normal"),
    ("Lock battery is low", "lock", "normal"),
)
_PUBLIC: Final = (
    ("Generator: monthly test run", "generator", "normal"),
    ("Lobby lights flicker", "electrical", "high"),
)


def close_rooms(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    """Take some rooms out of order, each with the repair that explains it, before anybody is put into a room."""
    rooms = world.rooms_of(prop.id)
    closed = rng.sample(rooms, max(1, len(rooms) // 40))
    for number, room in enumerate(closed):
        room.status = "out_of_service" if number % 4 == 3 else "out_of_order"  # noqa: PLR2004 - every fourth one
        room.notes = "Being renovated" if room.status == "out_of_service" else None
        _report(world, prop, rng.choice(_BLOCKING), room, ids=ids, rng=rng, blocks_room=True)


def keep_house(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    """Give every open room a status that fits who sleeps in it, the tasks that follow, and some smaller repairs."""
    today = world.today(prop.id, world.began_at)
    occupied = {stay.room_id: stay for stay in world.reservations_of(prop.id) if stay.in_house and stay.room_id}
    vacated = {stay.room_id for stay in world.reservations_of(prop.id) if stay.status == "checked_out"}
    housekeepers = _staff(world, prop, "housekeeper")
    for room in world.rooms_of(prop.id):
        if not room.sellable:
            continue
        stay = occupied.get(room.id)
        if stay is not None and stay.departure_date == today:
            room.status = "dirty"
        elif stay is not None and stay.arrival_date < today:
            room.status = rng.choices(("dirty", "cleaning", "clean"), weights=(45, 10, 45))[0]
        elif stay is not None:
            room.status = "clean"
        elif room.id in vacated:
            room.status = rng.choices(("dirty", "cleaning", "clean", "inspected"), weights=(50, 20, 15, 15))[0]
        else:
            room.status = rng.choices(("ready", "inspected", "clean", "dirty"), weights=(62, 16, 14, 8))[0]
        _plan(world, room, housekeepers, ids, rng, mid_stay=stay is not None, stay_id=stay.id if stay else None)
    open_rooms = [room for room in world.rooms_of(prop.id) if room.sellable]
    for room in rng.sample(open_rooms, max(2, len(open_rooms) // 25)):
        _report(world, prop, rng.choice(_MINOR), room, ids=ids, rng=rng)
    for fault in _PUBLIC:
        _report(world, prop, fault, None, ids=ids, rng=rng)


def cut_keys(world: World, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    """Give most guests in house a key card for their room."""
    locks = {lock.room_id: lock for lock in world.locks_of(prop.id)}
    desk = _staff(world, prop, "front_desk")
    zone = ZoneInfo(prop.timezone)
    for stay in world.reservations_of(prop.id):
        if not stay.in_house or stay.room_id is None or rng.random() < 0.25:  # noqa: PLR2004 - a quarter use the desk's key
            continue
        lock = locks[stay.room_id]
        key = KeyCredential(
            id=ids("key"),
            tenant_id=prop.tenant_id,
            property_id=prop.id,
            lock_id=lock.id,
            room_id=stay.room_id,
            reservation_id=stay.id,
            kind=rng.choice(("rfid_card", "rfid_card", "mobile_app", "pin_code")),
            state="active",
            valid_from=stay.checked_in_at or world.began_at,
            valid_until=datetime.combine(stay.departure_date, time(12), zone).astimezone(UTC),
            vendor=lock.vendor,
            issued_by=rng.choice(desk).id,
            issued_at=stay.checked_in_at or world.began_at,
        )
        world.keys[key.id] = key


def _staff(world: World, prop: Property, role: str) -> list[Operator]:
    return [person for person in world.operators.values() if role in person.roles and prop.id in person.property_ids]


def _report(
    world: World,
    prop: Property,
    fault: tuple[str, str, str],
    room: Room | None,
    *,
    ids: SeededIds,
    rng: random.Random,
    blocks_room: bool = False,
) -> None:
    title, category, severity = fault
    hours_ago = rng.randrange(1, 70)
    status = rng.choice(("open", "assigned", "in_progress"))
    technicians = _staff(world, prop, "maintenance")
    order = WorkOrder(
        id=ids("mnt"),
        tenant_id=prop.tenant_id,
        property_id=prop.id,
        title=f"{title}, room {room.number}" if room else title,
        description=f"{title}. Reported at the desk.",
        category=category,
        severity=severity,
        status=status,
        source="housekeeping_flag" if room else "preventive_schedule",
        reported_at=world.began_at - timedelta(hours=hours_ago),
        reported_by=None,
        room_id=room.id if room else None,
        assignee_id=rng.choice(technicians).id if status != "open" else None,
        due_at=world.began_at + timedelta(hours=rng.randrange(-12, 48)),
        blocks_room=blocks_room,
    )
    world.work_orders[order.id] = order


def _plan(
    world: World,
    room: Room,
    housekeepers: list[Operator],
    ids: SeededIds,
    rng: random.Random,
    *,
    mid_stay: bool,
    stay_id: str | None,
) -> None:
    # Half of the rooms that are clean and empty wait for an inspection; the others were inspected without a task.
    inspected_already = room.status == "clean" and not mid_stay and rng.choice((True, False))
    if room.status not in {"dirty", "cleaning", "clean"} or inspected_already:
        return
    status = {"dirty": rng.choice(("pending", "assigned")), "cleaning": "in_progress", "clean": "completed"}[
        room.status
    ]
    kind = "mid_stay_clean" if mid_stay else ("inspection" if room.status == "clean" else "turnover")
    if kind == "inspection":
        status = "pending"
    task = HousekeepingTask(
        id=ids("hkt"),
        tenant_id=room.tenant_id,
        property_id=room.property_id,
        room_id=room.id,
        kind=kind,
        priority=rng.choice(("normal", "normal", "high", "low")),
        status=status,
        created_at=world.began_at - timedelta(minutes=rng.randrange(30, 300)),
        reservation_id=stay_id,
        assignee_id=rng.choice(housekeepers).id if status != "pending" else None,
        scheduled_for=world.began_at + timedelta(minutes=rng.randrange(-60, 180)),
        started_at=world.began_at - timedelta(minutes=25) if status in {"in_progress", "completed"} else None,
        completed_at=world.began_at - timedelta(minutes=4) if status == "completed" else None,
    )
    world.tasks[task.id] = task
