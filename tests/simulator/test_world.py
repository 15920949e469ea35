"""The world: the same for a seed and a day, consistent with itself, and shaped as the contract says."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from platform_sim.world.generate import generate
from platform_sim.world.published import published_world

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ROLES = {
    "front_desk",
    "night_auditor",
    "housekeeping_lead",
    "housekeeper",
    "maintenance",
    "fnb_manager",
    "revenue_manager",
    "general_manager",
    "owner",
}


@pytest.fixture(scope="module")
def made():
    """One world, made without a server."""
    return generate(1, NOON)


def published(seed: int, now: datetime) -> bytes:
    """The published world of a seed at a moment, as bytes."""
    return msgspec.json.encode(published_world(generate(seed, now), now))


def test_same_seed_same_world():
    """A seed gives the same world at every hour of a day, and another one another day or with another seed."""
    assert published(1, NOON) == published(1, NOON) == published(1, NOON + timedelta(hours=3))
    assert published(1, NOON) != published(2, NOON)
    assert published(1, NOON) != published(1, NOON + timedelta(days=1))


def test_another_process_has_the_same_world(sim, launch, halt, digest):
    """Two simulators that were started with one seed publish the same bytes."""
    other = launch("--seed", "7")
    try:
        theirs = other.http.get("/_control/world").content
    finally:
        assert halt(other) == 0
    assert digest(theirs) == digest(sim.http.get("/_control/world").content)


@pytest.mark.parametrize("hour", [1, 4, 13, 19, 20, 22])
def test_world_is_whole_at_every_hour(hour):
    """Also around a property's midnight nobody has arrived or left in the future, or left before arriving."""
    now = NOON.replace(hour=hour, minute=31)
    world = generate(1, now)
    for stay in world.reservations.values():
        if stay.checked_in_at is not None:
            assert stay.checked_in_at <= (stay.checked_out_at or now) <= now
    for prop in world.properties.values():
        today = world.today(prop.id, now)
        assert any(stay.due and stay.arrival_date == today for stay in world.reservations_of(prop.id))


def test_published_world_has_the_shape_of_the_contract(world):
    """Every list and member that the contract names is there, with identifiers of the right form."""
    members = {
        "tenants": {"id", "slug", "name", "defaultLocale"},
        "properties": {"id", "tenantId", "name", "timezone", "currency"},
        "operators": {"id", "tenantId", "username", "password", "totpSecret", "roles", "propertyIds"},
        "devices": {"id", "tenantId"},
        "rooms": {"id", "tenantId", "propertyId", "number"},
        "locks": {"id", "tenantId", "propertyId", "roomId"},
        "reservations": {
            *("id", "tenantId", "propertyId", "code", "status"),
            *("guestName", "arrivalDate", "departureDate"),
        },
    }
    prefixes = ("tnt", "ppt", "usr", "dev", "rmu", "lck", "rsv")
    for (name, wanted), prefix in zip(members.items(), prefixes, strict=True):
        assert world[name], name
        for row in world[name]:
            assert wanted <= row.keys()
            assert re.fullmatch(prefix + r"_[0-7][0-9A-HJKMNP-TV-Z]{25}", row["id"])
        assert len({row["id"] for row in world[name]}) == len(world[name])


def test_size_of_the_world(world):
    """Two tenants or more, each with two properties or more; one is large, and one tenant has 200 desktops."""
    homes = [[prop["id"] for prop in world["properties"] if prop["tenantId"] == t["id"]] for t in world["tenants"]]
    assert len(homes) >= 2
    assert all(len(home) >= 2 for home in homes)
    big = [
        prop["id"]
        for prop in world["properties"]
        if sum(room["propertyId"] == prop["id"] for room in world["rooms"]) >= 300
        and sum(prop["id"] in person["propertyIds"] for person in world["operators"]) >= 50
    ]
    assert big
    assert max(sum(d["tenantId"] == t["id"] for d in world["devices"]) for t in world["tenants"]) >= 200


def test_each_tenant_has_every_role_and_can_act_at_once(world):
    """Each tenant has every role; its manager's first property has guests in house with room, lock and folio."""
    for tenant in world["tenants"]:
        staff = [person for person in world["operators"] if person["tenantId"] == tenant["id"]]
        first = next(prop["id"] for prop in world["properties"] if prop["tenantId"] == tenant["id"])
        assert {role for person in staff for role in person["roles"]} == ROLES
        assert all(p["propertyIds"][0] == first for p in staff if "general_manager" in p["roles"])
        locked = {lock["roomId"] for lock in world["locks"]}
        ready = [
            stay
            for stay in world["reservations"]
            if stay["propertyId"] == first
            and stay["status"] in {"in_house", "checked_in"}
            and stay.get("roomId") in locked
            and stay.get("folioId")
        ]
        assert len(ready) >= 2


def test_every_property_has_arrivals_and_departures_today(made):
    """Guests arrive and leave on each property's local today, one at least within three hours and with a room."""
    for prop in made.properties.values():
        today = made.today(prop.id, NOON)
        stays = made.reservations_of(prop.id)
        due = [stay for stay in stays if stay.due and stay.arrival_date == today]
        assert any(stay.room_id and stay.expected_at and stay.expected_at < NOON + timedelta(hours=3) for stay in due)
        assert any(stay.in_house and stay.departure_date == today for stay in stays)
        assert any(stay.status == "checked_out" for stay in stays)


def test_nobody_shares_a_room_or_sleeps_in_a_closed_one(made):
    """A room has at most one stay in house, of its own type; a closed room has none, and a repair explains it."""
    occupied = [stay for stay in made.reservations.values() if stay.in_house]
    assert len({stay.room_id for stay in occupied}) == len(occupied)
    for stay in occupied:
        room = made.rooms[stay.room_id]
        assert room.sellable
        assert (room.room_type_id, room.property_id) == (stay.room_type_id, stay.property_id)
    blocked = {order.room_id for order in made.work_orders.values() if order.blocks_room and order.is_open}
    assert blocked == {room.id for room in made.rooms.values() if not room.sellable}


def test_no_night_is_sold_twice(made):
    """On each of the next fourteen nights no room type of any property has more stays than rooms."""
    for prop in made.properties.values():
        for kind in made.room_types_of(prop.id):
            rooms = sum(room.sellable and room.room_type_id == kind.id for room in made.rooms_of(prop.id))
            stays = [stay for stay in made.reservations_of(prop.id) if stay.room_type_id == kind.id]
            for ahead in range(14):
                night = made.today(prop.id, NOON) + timedelta(days=ahead)
                assert sum(stay.covers(night) for stay in stays) <= rooms


def test_books_fit_the_stays(made):
    """Whoever is in house has an open folio in the property's currency; who has left owes nothing."""
    for stay in made.reservations.values():
        if stay.in_house:
            folio = made.folios[stay.folio_id]
            assert folio.is_open
            assert folio.currency == made.properties[stay.property_id].currency
        elif stay.status == "checked_out":
            assert made.folios[stay.folio_id].balance.amount_micro <= 0
            assert any(invoice.folio_id == stay.folio_id for invoice in made.invoices.values())


def test_nothing_points_to_another_tenant(made):
    """Every reference of every row stays within its tenant."""
    tables = (made.rooms, made.reservations, made.folios, made.work_orders, made.tasks, made.locks, made.keys)
    for table in tables:
        for row in table.values():
            assert made.properties[row.property_id].tenant_id == row.tenant_id
            if getattr(row, "assignee_id", None):
                assert made.operators[row.assignee_id].tenant_id == row.tenant_id
            if getattr(row, "reservation_id", None):
                assert made.reservations[row.reservation_id].tenant_id == row.tenant_id


def test_guests_write_their_names_in_four_scripts(made):
    """There are guests with Latin, Arabic, Dari and Pashto names, and the last two use letters of their own."""
    names = "".join(guest.name for guest in made.guests.values())
    assert {guest.language for guest in made.guests.values()} == {"en", "fr", "ar", "fa-AF", "ps-AF"}
    assert any("LATIN" in unicodedata.name(letter, "") for letter in names)
    assert set("ځښګ") & set(names)
    assert "ی" in names
    assert "ي" in names
