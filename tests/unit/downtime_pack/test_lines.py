"""Rooms, balances and keys of the pack: joined where somebody could say, and never made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bff_backoffice.application import downtime_pack_lines as lines
from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.application.workbench_contents import SectionContents
from bff_backoffice.application.workbench_lists import (
    BalanceLine,
    BalanceList,
    KeyLine,
    KeyList,
    RoomLine,
    RoomList,
    StayLine,
    StayList,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def stay(number: int, room: int | None, status: str = "in_house") -> StayLine:
    """Reservation `number`, in room `room`."""
    return StayLine(
        reservation_id=f"rsv_{number:026d}", code=f"GM-{number}", guest_name=f"Guest {number}", status=status,
        room_id=None if room is None else f"rmu_{room:026d}", room_number=None if room is None else str(room),
        room_type_id="rmt_1", arrival_date=date(2026, 11, 20), departure_date=date(2026, 11, 25), nights=5, adults=1,
        children=0, expected_at=None, checked_in_at=None, checked_out_at=None, folio_id=None, special_requests=[],
        flags=[], version=1,
    )  # fmt: skip


def stays(*found: StayLine) -> StayList:
    """A list of them."""
    return StayList(items=list(found), room_types={})


def room(number: int) -> RoomLine:
    """A room."""
    return RoomLine(
        room_id=f"rmu_{number:026d}", number=str(number), floor=1, room_type_code=None, status="ready",
        occupancy="vacant", updated_at=NOW, notes=None, version=1,
    )  # fmt: skip


def folio(number: int, micro: str, name: str | None = "Billed") -> BalanceLine:
    """A running folio of reservation `number`."""
    return BalanceLine(
        folio_id=f"fol_{number:026d}_{micro}", reservation_id=f"rsv_{number:026d}", status="open", guest_name=name,
        balance=MoneyAmount(amount_micro=micro, currency="USD"),
    )  # fmt: skip


def key(number: int, *rooms: int, state: str = "active") -> KeyLine:
    """A key of reservation `number` that opens these rooms."""
    return KeyLine(
        id=f"key_{number:026d}", lock_id="lck_1", reservation_id=f"rsv_{number:026d}",
        room_ids=[f"rmu_{each:026d}" for each in rooms], kind="rfid_card", state=state, valid_from=NOW, valid_until=NOW,
    )  # fmt: skip


WHOLE = SectionContents(
    arrivals=stays(stay(3, 12, "confirmed"), stay(4, 9, "in_house"), stay(5, None, "confirmed")),
    departures=stays(),
    in_house=stays(stay(1, 9), stay(2, 9), stay(4, 101)),
    rooms=RoomList(items=[room(101), room(12), room(9)]),
    balances=BalanceList(items=[folio(1, "5000000"), folio(1, "-2000000"), folio(2, "0"), folio(3, "1", None)]),
    keys=KeyList(items=[key(1, 9), key(2, 9, 404, state="pending"), key(77, 404)]),
)


def of(packed: lines.PackedLines | None) -> list[Any]:
    """The lines of a list that is there."""
    assert packed is not None
    return list(packed.items)


def test_rooms_are_in_the_order_of_their_numbers_with_everybody_in_them() -> None:
    """9 before 12 before 101; two guests in one room are two; who has come is no longer coming."""
    found = of(lines.rooms(WHOLE))

    assert [each.room_number for each in found] == ["9", "12", "101"]
    assert [guest.code for guest in found[0].in_house] == ["GM-1", "GM-2"]
    assert [[guest.code for guest in each.arriving] for each in found] == [[], ["GM-3"], []]


@pytest.mark.parametrize(("away", "member"), [("in_house", "in_house"), ("arrivals", "arriving")])
def test_an_unknown_guest_is_null_and_not_nobody(away: str, member: str) -> None:
    """A desk must not give out a room because nobody could say who is in it."""
    found = of(lines.rooms(replace(WHOLE, **{away: None})))

    assert all(getattr(each, member) is None for each in found)


def test_every_folio_that_is_not_settled_is_listed() -> None:
    """Two folios of one guest are two lines; a settled one is none; a name that billing lacks is the reservation's."""
    packed = lines.balances(WHOLE)

    assert {(each.guest_name, each.balance.amount_micro) for each in of(packed)} == {
        ("Guest 3", "1"), ("Billed", "-2000000"), ("Billed", "5000000"),
    }  # fmt: skip
    assert packed is not None
    assert packed.counts == {"total": 3, "owing": 2, "owedToGuests": 1}


def test_a_key_names_what_is_known_of_its_guest_and_rooms() -> None:
    """A room without a number stays in `roomIds`; a guest of no list is null."""
    packed = lines.keys(WHOLE)
    by_id = {each.key_credential_id[-2:]: each for each in of(packed)}

    assert (by_id["01"].guest_name, by_id["01"].room_numbers) == ("Guest 1", ["9"])
    assert (by_id["02"].room_numbers, len(by_id["02"].room_ids)) == (["9"], 2)
    assert (by_id["77"].guest_name, by_id["77"].code, by_id["77"].room_numbers) == (None, None, [])
    assert packed is not None
    assert packed.counts == {"total": 3, "active": 2, "pending": 1}


def test_rooms_of_keys_are_named_by_reservations_where_housekeeping_is_away() -> None:
    """Whoever else knows the number says it."""
    found = of(lines.keys(replace(WHOLE, rooms=None)))

    assert {tuple(each.room_numbers) for each in found} == {("9",), ()}


@pytest.mark.parametrize("name", ["rooms", "balances", "keys"])
def test_a_list_that_nobody_could_read_is_none(name: str) -> None:
    """And not an empty one."""
    assert getattr(lines, name)(replace(WHOLE, **{name: None})) is None
