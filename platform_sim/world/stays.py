"""Who stays, who comes and who leaves: the reservations of the seed world, relative to the property's today."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from platform_sim.ids import SeededIds
from platform_sim.world.demand import nightly_rate, pull
from platform_sim.world.entities import Guest, Property, Reservation, Room
from platform_sim.world.hotels import Hotel
from platform_sim.world.names import COUNTRIES, DIALLING_CODES, person
from platform_sim.world.world import World

__all__ = ["fill_house"]

_HORIZON_DAYS: Final = 21
_CHANNELS: Final = ("direct", "direct", "booking_engine", "ota", "ota", "corporate", "walk_in")
_REQUESTS: Final = (
    "High floor, please",
    "Late arrival after 22:00",
    "Vegetarian breakfast",
    "Baby cot",
    "Quiet room away from the lift",
    "Prayer mat",
    "Airport pick-up",
    "Extra pillows",
)
_CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(slots=True)
class _Desk:
    """What is needed to write a reservation down."""

    world: World
    hotel: Hotel
    prop: Property
    today: date
    ids: SeededIds
    rng: random.Random

    def book(self, status: str, kind_id: str, arrival: date, nights: int, *, room: Room | None = None) -> Reservation:
        guest = self._guest()
        kind = self.world.room_types[kind_id]
        children = self.rng.choice((0, 0, 1, 2)) if kind.max_guests > 2 else 0  # noqa: PLR2004 - two adults and a child need three beds
        booked = Reservation(
            id=self.ids("rsv"),
            tenant_id=self.prop.tenant_id,
            property_id=self.prop.id,
            code="GM-" + "".join(self.rng.choices(_CODE_LETTERS, k=6)),
            status=status,
            guest_id=guest.id,
            guest_name=guest.name,
            room_type_id=kind_id,
            arrival_date=arrival,
            departure_date=arrival + timedelta(days=nights),
            nightly_rate=nightly_rate(self.world.seed, kind, self.prop.timezone, arrival),
            created_at=self.world.began_at - timedelta(days=self.rng.randrange(2, 60)),
            room_id=room.id if room else None,
            adults=self.rng.choice((1, 2, 2)),
            children=children,
            channel=self.rng.choice(_CHANNELS),
            special_requests=tuple(self.rng.sample(_REQUESTS, self.rng.choice((0, 0, 0, 1, 1, 2)))),
            flags=("vip",) if guest.vip else (),
        )
        self.world.reservations[booked.id] = booked
        return booked

    def _guest(self) -> Guest:
        language = self.rng.choices(self.hotel.languages, weights=range(len(self.hotel.languages), 0, -1))[0]
        guest = Guest(
            id=self.ids("gst"),
            tenant_id=self.prop.tenant_id,
            name=person(language, self.rng),
            language=language,
            phone=DIALLING_CODES[language] + f"{self.rng.randrange(10**5):05d}",
            email=f"guest{self.rng.randrange(10**6):06d}@mail.example",
            country=COUNTRIES[language],
            vip=self.rng.random() < 0.06,  # noqa: PLR2004 - about one guest in sixteen
        )
        self.world.guests[guest.id] = guest
        return guest

    def at(self, day: date, hour: int) -> datetime:
        """A moment within the hour of a local day."""
        local = datetime.combine(day, time(hour, self.rng.randrange(60)), ZoneInfo(self.prop.timezone))
        return local.astimezone(UTC)


def fill_house(world: World, hotel: Hotel, prop: Property, ids: SeededIds, rng: random.Random) -> None:
    """Write the reservations of a property: in house, leaving and arriving today, and three weeks ahead."""
    desk = _Desk(world, hotel, prop, world.today(prop.id, world.began_at), ids, rng)
    rooms = [room for room in world.rooms_of(prop.id) if room.sellable]
    rng.shuffle(rooms)
    tonight = round(hotel.occupancy * len(rooms))
    arriving, leaving = max(4, tonight // 4), max(4, tonight // 5)
    staying = tonight - arriving
    arrived = arriving * 2 // 5
    left = leaving * 2 // 5
    stayover, rooms = rooms[:staying], rooms[staying:]
    checked_in, rooms = rooms[:arrived], rooms[arrived:]
    to_leave, vacant = rooms[: leaving - left], rooms[leaving - left :]
    vacated = vacant[:left]
    for room in stayover:
        _move_in(desk, "in_house", room, slept=rng.randrange(1, 5), ahead=rng.randrange(1, 5))
    for room in checked_in:
        _move_in(desk, "checked_in", room, slept=0, ahead=rng.randrange(1, 5))
    for room in to_leave:
        _move_in(desk, "in_house", room, slept=rng.randrange(1, 6), ahead=0)
    for room in vacated:
        gone = _move_in(desk, "checked_out", room, slept=rng.randrange(1, 6), ahead=0)
        gone.checked_out_at = min(desk.at(desk.today, 8), world.began_at)
    _expect_arrivals(desk, arriving - arrived, vacant, to_leave)
    _book_ahead(desk)


def _move_in(desk: _Desk, status: str, room: Room, *, slept: int, ahead: int) -> Reservation:
    """Book a stay that began some nights ago and has some nights ahead, and check it in on its day."""
    stay = desk.book(status, room.room_type_id, desk.today - timedelta(slept), slept + ahead, room=room)
    stay.checked_in_at = min(desk.at(stay.arrival_date, 15), desk.world.began_at)
    return stay


def _expect_arrivals(desk: _Desk, count: int, vacant: list[Room], to_leave: list[Room]) -> None:
    """Today's arrivals that are still due: some within three hours, most with a room, some of those still occupied."""
    free = [*vacant, *to_leave[: len(to_leave) // 2]]
    desk.rng.shuffle(free)
    for number in range(count):
        room = free[number] if number < len(free) else None
        kind_id = room.room_type_id if room else next(iter(desk.world.room_types_of(desk.prop.id))).id
        certain = number == 0
        promised = room if desk.rng.random() < 0.8 or certain else None  # noqa: PLR2004 - four in five have their room in advance
        due = desk.book("confirmed", kind_id, desk.today, desk.rng.randrange(1, 6), room=promised)
        soon = number % 2 == 0
        due.expected_at = desk.world.began_at + timedelta(
            minutes=desk.rng.randrange(15, 170) if soon else desk.rng.randrange(190, 420)
        )


def _book_ahead(desk: _Desk) -> None:
    """Reservations for the coming weeks, never more of a room type on a night than there are rooms of it."""
    world, prop = desk.world, desk.prop
    rooms = [room for room in world.rooms_of(prop.id) if room.sellable]
    capacity = {kind.id: sum(room.room_type_id == kind.id for room in rooms) for kind in world.room_types_of(prop.id)}
    sold: dict[tuple[date, str], int] = {}
    for stay in [stay for stay in world.reservations.values() if stay.property_id == prop.id]:
        _count(stay, sold)
    kinds = list(capacity)
    for ahead in range(1, _HORIZON_DAYS + 1):
        day = desk.today + timedelta(days=ahead)
        # Fewer rooms are sold the farther away the day is.
        wanted = desk.hotel.occupancy * pull(world.seed, prop.id, prop.timezone, day) * (1 - ahead * 0.022)
        taken = sum(sold.get((day, kind), 0) for kind in kinds)
        for _ in range(round(wanted * len(rooms)) - taken):
            kind = desk.rng.choices(kinds, weights=[capacity[kind] for kind in kinds])[0]
            nights = desk.rng.choice((1, 1, 2, 2, 3, 4, 6))
            stretch = [day + timedelta(days=night) for night in range(nights)]
            if all(sold.get((night, kind), 0) < capacity[kind] for night in stretch):
                _count(desk.book("confirmed", kind, day, nights), sold)


def _count(stay: Reservation, sold: dict[tuple[date, str], int]) -> None:
    for night in range(stay.nights):
        place = (stay.arrival_date + timedelta(days=night), stay.room_type_id)
        sold[place] = sold.get(place, 0) + stay.covers(place[0])
