"""The boards of the workbench over real sockets: contract sections 2.1 and 10, each board under the same demands."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.domain.workbench import BOARDS, SECTIONS, Board, BoardId, SectionId
from tests.desktop import Desktop
from tests.in_time import kept, late
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World

EVERY_BOARD = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.id.value)
ANSWERED = {"fresh", "cached"}
IDENTITY = {
    BoardId.ARRIVALS: "reservationId",
    BoardId.DEPARTURES: "reservationId",
    BoardId.IN_HOUSE: "reservationId",
    BoardId.TODAY: "id",
    BoardId.HOUSEKEEPING: "roomId",
    BoardId.MAINTENANCE: "id",
    BoardId.GRID: "roomId",
}
"""The member that no two lines of a board share."""


@pytest.fixture(scope="module")
def shared_world(unguarded: World) -> World:
    """What one test's faults do to a service must not outlast it."""
    return unguarded


def path_of(board: Board, query: str = "") -> str:
    """The board's address."""
    return board.path + query


def outcomes(body: dict[str, Any]) -> dict[str, str]:
    """How each section ended."""
    return {section["id"]: section["outcome"] for section in body["sections"]}


def sound(desktop: Desktop, path: str, **headers: str) -> httpx2.Response:
    """A board of a healthy platform, asked for again where the machine stood still for as long as a section may take.

    That is 400 to 800 ms of real time; what the platform gives is whole in the end, and an answer of who may not too.
    """
    return until(lambda: not late(answer := desktop.get(path, **headers)) and answer)


def looked_up(desktop: Desktop, path: str, **headers: str) -> httpx2.Response:
    """A board for which the cache was asked: one that is not there within 100 ms is done without."""
    return until(lambda: (answer := desktop.get(path, **headers)).headers["X-Cache"] != "BYPASS" and answer)


def whole(desktop: Desktop, board: Board, query: str = "") -> list[dict[str, Any]]:
    """Every line of a board, as far as one page goes."""
    items: list[dict[str, Any]] = sound(desktop, path_of(board, f"?limit=500{query}")).json()["items"]
    return items


@EVERY_BOARD
def test_a_board_of_a_healthy_platform_is_whole(world: World, board: Board) -> None:
    """Every section fresh with its time and its sources, the hotel's date, lines, counts; as the document describes."""
    answer = Described.by(world).check(sound(world.sign_in(), path_of(board)))

    body = answer.json()
    timezone = next(each["timezone"] for each in world.people["properties"] if each["id"] == body["propertyId"])
    assert body["id"].startswith("wbv_")
    assert (body["board"], body["propertyId"]) == (board.id.value, world.properties()[0])
    assert body["date"] == datetime.now(ZoneInfo(timezone)).date().isoformat()
    assert set(outcomes(body)) == {section.value for section in board.sections}
    assert set(outcomes(body).values()) <= ANSWERED
    assert body["partial"] is False
    assert all(section["asOf"] and section["ageMs"] >= 0 and section["problem"] is None for section in body["sections"])
    assert body["items"]
    assert body["counts"]["total"] == body["counts"]["matching"] >= len(body["items"])
    assert None not in body["counts"].values()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Cache"] in {"MISS", "HIT", "STALE", "BYPASS"}


@pytest.mark.parametrize(
    ("board", "service"),
    [
        (board, service)
        for board in BOARDS.values()
        for service in dict.fromkeys(SECTIONS[section].source.value for section in board.sections)
    ],
    ids=lambda each: each.id.value if isinstance(each, Board) else each,
)
def test_a_missing_upstream_costs_its_own_sections_and_nothing_else(world: World, board: Board, service: str) -> None:
    """The answer stays 200; its sections say so with a problem, all others are there."""
    desktop = world.sign_in()
    world.fault(service, "error", status=503)
    away = {section.value for section in board.sections if SECTIONS[section].source.value == service}

    answer = others_there(desktop, board, away)

    Described.by(world).check(answer)
    body = answer.json()
    assert answer.status_code == 200
    assert body["partial"] is True
    for section in body["sections"]:
        if section["id"] in away:
            assert section["outcome"] in {"error", "breaker_open"}
            assert section["problem"]["code"] == "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE"
            assert section["asOf"] is None
        else:
            assert section["outcome"] in ANSWERED, section
    assert bool(body["items"]) is (board.sections[0].value not in away)
    assert (body["date"] is None) is (SectionId.PLACE.value in away)


def others_there(desktop: Desktop, board: Board, away: set[str], **headers: str) -> httpx2.Response:
    """The board, once every section but these is there: nobody holds them up but a machine that stands still."""

    def asked() -> httpx2.Response | None:
        answer = desktop.get(path_of(board), **headers)
        found = outcomes(answer.json())
        return answer if {found[name] for name in found.keys() - away} <= ANSWERED else None

    return until(asked)


@EVERY_BOARD
def test_a_slow_upstream_holds_a_board_up_for_its_own_deadline_only(world: World, board: Board) -> None:
    """A section that hangs ends as `timeout`; the client's budget makes that sooner."""
    desktop = world.sign_in()
    first = SECTIONS[board.sections[0]].source
    last = next(SECTIONS[each] for each in board.sections if SECTIONS[each].source is not first)
    world.fault(last.source.value, "hang")

    away = {each.value for each in board.sections if SECTIONS[each].source is last.source}

    body = others_there(desktop, board, away, X_Client_Budget_Ms="200").json()

    assert outcomes(body)[last.id.value] in {"timeout", "breaker_open"}
    assert outcomes(body)[board.sections[0].value] in ANSWERED
    assert body["items"]


@EVERY_BOARD
def test_old_lines_are_shown_where_loading_fails(world: World, board: Board) -> None:
    """Stale if an error: the last known section with its age, and the board says that it is partial."""
    desktop = world.sign_in()
    healthy = kept(world, desktop, path_of(board)).json()
    world.age_cache(60)
    for service in {SECTIONS[section].source.value for section in board.sections}:
        world.fault(service, "error", status=503)

    answer = looked_up(desktop, path_of(board))

    body = answer.json()
    lines = [section for section in body["sections"] if section["id"] != SectionId.PLACE.value]
    assert answer.headers["X-Cache"] == "STALE"
    assert {section["outcome"] for section in lines} == {"stale"}
    assert all(section["ageMs"] >= 60_000 and section["problem"] for section in lines)
    assert body["partial"] is True
    assert body["items"] == healthy["items"]
    assert outcomes(body)[SectionId.PLACE.value] == "cached"


@EVERY_BOARD
def test_colleagues_share_a_board_whatever_they_read(world: World, board: Board) -> None:
    """Within its fifteen seconds another operator, in another language, costs the upstreams nothing."""
    kept(world, world.sign_in("general_manager"), path_of(board), Accept_Language="fr")
    owner = world.sign_in("owner")

    def asked_anew() -> httpx2.Response | None:
        # A look for which the cache was not there in time says nothing of what is in it.
        world.control("DELETE", "requests")
        answer = owner.get(path_of(board), Accept_Language="ps-AF")
        return None if answer.headers["X-Cache"] == "BYPASS" else answer

    answer = until(asked_anew)

    assert answer.headers["X-Cache"] == "HIT"
    assert answer.headers["Content-Language"] == "ps-AF"
    assert set(outcomes(answer.json()).values()) == {"cached"}
    asked = {call["service"] for call in world.control("GET", "requests").json()}
    assert not asked & {SECTIONS[section].source.value for section in board.sections}


@EVERY_BOARD
def test_a_board_is_asked_for_in_bulk_and_once_for_all_who_wait(world: World, board: Board) -> None:
    """Ten desks at once: a handful of calls for the whole board, however many lines it has."""
    desktop = world.sign_in()
    desktop.get("/session")

    def at_once() -> list[httpx2.Response] | None:
        world.forget_cache()
        world.control("DELETE", "requests")
        with ThreadPoolExecutor(max_workers=10) as desks:
            found = list(desks.map(lambda _: desktop.get(path_of(board)), range(10)))
        # Where a load took longer than a section may, or the cache than it is waited for, others had to load too.
        disturbed = any(each.json()["partial"] or each.headers["X-Cache"] == "BYPASS" for each in found)
        return None if disturbed else found

    answers = until(at_once)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    sources = {SECTIONS[section].source.value for section in board.sections}
    calls = [call for call in world.control("GET", "requests").json() if call["service"] in sources]
    # The keys are asked for in two states; a hedge may double what was slow.
    assert len(board.sections) <= len(calls) <= 2 * (len(board.sections) + 1)


@EVERY_BOARD
def test_tenants_and_properties_do_not_share(world: World, board: Board) -> None:
    """Another tenant's board, and the other property's, have other lines although the first is in the cache."""
    first = whole(world.sign_in(), board)
    second = sound(world.sign_in(), path_of(board, "?limit=500"), X_Property_Id=world.properties()[1])
    foreign = world.sign_in(tenant=1)

    identity = IDENTITY[board.id]
    ours = {item[identity] for item in first}
    for other in (second.json()["items"], whole(foreign, board)):
        assert other
        assert not ours & {item[identity] for item in other}
    assert foreign.get(path_of(board), X_Property_Id=world.properties()[0]).status_code == 404


@EVERY_BOARD
def test_the_tag_is_that_of_the_content_and_not_of_its_age(world: World, board: Board) -> None:
    """A board that was loaded again and is the same answers 304; another page, language or state of health does not."""
    desktop = world.sign_in()
    tag = sound(desktop, path_of(board)).headers["ETag"]

    known = {"If_None_Match": f'"other", {tag}', "Cache_Control": "no-cache"}
    again = until(lambda: (answer := desktop.get(path_of(board), **known)).status_code == 304 and answer)
    same = Described.by(world).check(again)
    shorter = desktop.get(path_of(board, "?limit=1"), If_None_Match=tag)
    french = desktop.get(path_of(board), If_None_Match=tag, Accept_Language="fr")
    world.age_cache(60)
    world.fault(SECTIONS[board.sections[1]].source.value, "error", status=503)
    ailing = desktop.get(path_of(board), If_None_Match=tag)

    assert tag.startswith('W/"')
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert "Content-Length" not in same.headers
    assert [answer.status_code for answer in (shorter, french, ailing)] == [200, 200, 200]


@EVERY_BOARD
def test_pages_skip_nobody_and_repeat_nobody(world: World, board: Board) -> None:
    """In every order, both ways round, the pages together are the whole board."""
    desktop = world.sign_in()
    identity = IDENTITY[board.id]
    everyone = sorted(item[identity] for item in whole(desktop, board))

    for sort in [sign + order for order in board.orders for sign in ("", "-")]:
        seen: list[str] = []
        query = f"?limit=5&sort={sort}"
        while query:
            body = sound(desktop, path_of(board, query)).json()
            assert len(body["items"]) <= 5
            seen += [item[identity] for item in body["items"]]
            following = body["nextCursor"]
            query = f"?limit=5&sort={sort}&cursor={following}" if following else ""
        assert sorted(seen) == everyone, sort


@EVERY_BOARD
def test_a_filter_leaves_lines_of_its_statuses(world: World, board: Board) -> None:
    """`status` takes one or several; `counts` stay those of the whole board."""
    desktop = world.sign_in()
    everything = sound(desktop, path_of(board, "?limit=500")).json()
    present = {item["status"] for item in everything["items"]}

    assert present <= set(board.statuses)
    for wanted in [{status} for status in present] + [present]:
        body = sound(desktop, path_of(board, f"?limit=500&status={','.join(sorted(wanted))}")).json()
        assert {item["status"] for item in body["items"]} == wanted
        assert body["counts"]["matching"] == len(body["items"])
        assert body["counts"]["total"] == everything["counts"]["total"]


@EVERY_BOARD
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "query.limit"),
        ("?limit=501", "query.limit"),
        ("?limit=many", "query.limit"),
        ("?limit=%C2%B2", "query.limit"),
        ("?limit=1&limit=2", "query.limit"),
        ("?sort=weight", "query.sort"),
        ("?sort=--room", "query.sort"),
        ("?status=asleep", "query.status"),
        ("?status=", "query.status"),
        ("?cursor=!!", "query.cursor"),
        ("?cursor=e30", "query.cursor"),
        ("?cursor=" + "A" * 5000, "query.cursor"),
        ("?cursor=WyJub25lIixbImEiXV0", "query.cursor"),
    ],
)
def test_a_malformed_parameter_is_refused_and_named(world: World, board: Board, query: str, field: str) -> None:
    """400 with the place; never a board of something else than was asked for."""
    answer = Described.by(world).check(world.sign_in().get(path_of(board, query)))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


@EVERY_BOARD
@pytest.mark.parametrize("role", list(OperatorRole), ids=lambda role: role.value)
def test_roles_decide_who_has_a_board_and_what_is_on_it(world: World, board: Board, role: OperatorRole) -> None:
    """403 for others; sections of other roles are not on the board, and their members are null."""
    answer = Described.by(world).check(sound(world.sign_in(role.value), path_of(board)))

    if role not in board.roles:
        assert answer.status_code == 403
        assert answer.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.ROLE_FORBIDDEN"
        return
    body = answer.json()
    mine = {section.value for section in board.sections if role in SECTIONS[section].roles}
    assert set(outcomes(body)) == mine
    assert body["partial"] is False
    if SectionId.BALANCES.value not in mine:
        assert not any(item.get("balance") for item in body["items"])
    if SectionId.KEYS.value not in mine:
        assert not any(item.get("keyState") or item.get("keys") for item in body["items"])


def test_who_arrives_has_a_room_a_balance_and_a_key_as_the_platform_says(world: World) -> None:
    """Each member comes from the service that knows it."""
    desktop = world.sign_in("front_desk", tenant=1)
    known = {each["id"]: each for each in world.people["reservations"]}

    items = whole(desktop, BOARDS[BoardId.ARRIVALS])

    assert items
    for item in items:
        assert item["guestName"]
        assert item["roomTypeName"]
        assert item["reservationId"] in known
        assert item["roomReady"] is (item["roomStatus"] in {"inspected", "ready"})
        assert item["keyState"] in {"none", "pending", "active"}
        if item["status"] == "confirmed":
            assert item["balance"] is None
    here = [item for item in items if item["status"] in {"checked_in", "in_house"}]
    assert here
    assert all(item["balance"]["currency"] == "AED" and item["folioId"] for item in here)
    assert "active" in {item["keyState"] for item in here}
    due = [item for item in items if item["status"] == "confirmed"]
    times = [item["expectedAt"] or "~" for item in due]
    assert items[: len(due)] == due
    assert times == sorted(times)


def test_dates_follow_the_hotel_and_not_the_server(world: World) -> None:
    """Each hotel's board has the date of its own time zone at this moment."""
    now = datetime.now(UTC)
    for tenant in range(len(world.tenants)):
        desktop = world.sign_in(tenant=tenant)
        for each in world.people["properties"]:
            if each["tenantId"] != world.tenants[tenant]:
                continue
            body = sound(desktop, "/arrivals", X_Property_Id=each["id"]).json()
            possible = {now.astimezone(ZoneInfo(each["timezone"])).date().isoformat()}
            possible.add(datetime.now(ZoneInfo(each["timezone"])).date().isoformat())
            assert body["date"] in possible
            assert {item["arrivalDate"] for item in body["items"]} <= possible


def test_who_leaves_owes_and_holds_what_the_platform_says(world: World) -> None:
    """Those still here first; a balance in the hotel's money, a key until the check-out revokes it."""
    items = whole(world.sign_in("front_desk", tenant=1), BOARDS[BoardId.DEPARTURES])
    locks = {lock["roomId"]: lock["id"] for lock in world.people["locks"]}

    here = [item for item in items if item["status"] != "checked_out"]
    assert items[: len(here)] == here
    assert here
    for item in here:
        assert item["balance"]["currency"] == "AED"
        assert item["checkedOutAt"] is None
        assert item["keyState"] in {"none", "active", "pending"}
        assert bool(item["keys"]) is (item["keyState"] != "none")
        for key in item["keys"]:
            assert key["keyCredentialId"].startswith("key_")
            assert key["lockId"] == locks[item["roomId"]]
    assert all(item["checkedOutAt"] and item["overdue"] is False for item in items if item not in here)


def test_who_is_in_the_house_is_there_once_with_a_room(world: World) -> None:
    """By room, each room once; who leaves today is marked."""
    desktop = world.sign_in("front_desk")
    body = sound(desktop, "/in-house?limit=500").json()

    rooms = [item["roomNumber"] for item in body["items"]]
    assert all(rooms)
    assert len(set(rooms)) == len(rooms)
    assert rooms == sorted(rooms, key=lambda number: (len(number), number))
    for item in body["items"]:
        assert item["leavesToday"] is (item["departureDate"] <= body["date"])
    assert body["counts"]["leavingToday"] == sum(item["leavesToday"] for item in body["items"])


def test_today_is_what_comes_and_goes_and_what_is_left_to_do(world: World) -> None:
    """The same guests as on their own boards; what is left to do follows from room, balance and key."""
    desktop = world.sign_in("front_desk", tenant=1)
    coming, leaving = (whole(desktop, BOARDS[each]) for each in (BoardId.ARRIVALS, BoardId.DEPARTURES))

    body = sound(desktop, "/today?limit=500").json()

    assert {item["id"] for item in body["items"]} == {
        *(f"arrival:{item['reservationId']}" for item in coming),
        *(f"departure:{item['reservationId']}" for item in leaving),
    }
    assert (body["counts"]["arrivals"], body["counts"]["departures"]) == (len(coming), len(leaving))
    for item in body["items"]:
        due = item["kind"] == "arrival" and item["status"] == "confirmed"
        assert ("check_in" in item["todo"]) is due
        assert ("assign_room" in item["todo"]) is (due and item["roomId"] is None)
        assert ("check_out" in item["todo"]) is (item["kind"] == "departure" and item["status"] != "checked_out")
    open_ones = [bool(item["todo"]) for item in body["items"]]
    assert open_ones == sorted(open_ones, reverse=True)
    assert body["counts"]["open"] == sum(open_ones)


def test_the_housekeeping_board_is_every_room_with_its_task_and_who_waits(world: World) -> None:
    """In housekeeping's columns; the assignee by name; pressure where a guest of today waits for a room."""
    desktop = world.sign_in("housekeeping_lead", tenant=1)
    coming = {
        item["roomId"]: item["reservationId"]
        for item in whole(desktop, BOARDS[BoardId.ARRIVALS])
        if item["status"] == "confirmed" and item["roomId"]
    }

    body = sound(desktop, "/housekeeping/board").json()

    rooms = {item["roomId"]: item for item in body["items"]}
    mine = {each["id"] for each in world.people["rooms"] if each["propertyId"] == world.properties(1)[0]}
    assert set(rooms) == mine
    assert sum(body["counts"][status] for status in BOARDS[BoardId.HOUSEKEEPING].statuses) == len(rooms)
    assert {room: item["arrival"]["reservationId"] for room, item in rooms.items() if item["arrival"]} == coming
    for item in body["items"]:
        waiting = item["arrival"] and item["status"] not in {"inspected", "ready"}
        assert (item["arrivalPressure"] != "none") is bool(waiting)
    tasks = [item["task"] for item in body["items"] if item["task"]]
    assert any(task["assigneeName"] and task["assigneeId"].startswith("usr_") for task in tasks)
    pressures = ["overdue", "soon", "later", "none"]
    ranks = [pressures.index(item["arrivalPressure"]) for item in body["items"]]
    assert ranks == sorted(ranks)


def test_the_maintenance_board_is_by_severity_with_the_rooms_that_it_blocks(world: World) -> None:
    """The worst first; a blocked room says what housekeeping calls it."""
    body = sound(world.sign_in("maintenance", tenant=1), "/maintenance/board").json()

    severities = ["critical", "high", "normal", "low"]
    ranks = [severities.index(item["severity"]) for item in body["items"]]
    assert ranks == sorted(ranks)
    for severity in severities:
        assert body["counts"][severity] == sum(item["severity"] == severity for item in body["items"])
    blocked = [item for item in body["items"] if item["blocksRoom"] and item["roomId"]]
    assert blocked
    assert body["counts"]["roomsBlocked"] == len({item["roomId"] for item in blocked})
    assert all(item["roomStatus"] and item["occupancy"] for item in body["items"] if item["roomId"])
    assert {"out_of_order"} <= {item["roomStatus"] for item in blocked}


def test_the_grid_is_every_room_by_days_with_its_stays_and_blocks(world: World) -> None:
    """Fourteen days from today; who sleeps where by name; what is closed says until when and why."""
    desktop = world.sign_in("front_desk", tenant=1)

    body = sound(desktop, "/front-desk/grid").json()

    mine = {each["id"] for each in world.people["rooms"] if each["propertyId"] == world.properties(1)[0]}
    assert {item["roomId"] for item in body["items"]} == mine
    last = (date.fromisoformat(body["date"]) + timedelta(days=14)).isoformat()
    for item in body["items"]:
        starts = [stay["start"] for stay in item["stays"]]
        assert starts == sorted(starts)
        assert all(stay["guestName"] and stay["code"] for stay in item["stays"])
        assert all(stay["start"] < last and stay["end"] >= body["date"] for stay in item["stays"])
        tonight = [s for s in item["stays"] if s["start"] <= body["date"] < s["end"] and s["state"] != "completed"]
        assert (item["status"] == "taken") is bool(tonight)
        assert len(tonight) <= 1
    closed = [item for item in body["items"] if item["block"]]
    assert closed
    assert {item["block"]["kind"] for item in closed} <= {"out_of_order", "out_of_service"}
    assert any(item["block"]["repair"] for item in closed)


def test_the_grid_shows_the_days_that_were_asked_for(world: World) -> None:
    """Other days are other content, cached apart."""
    desktop = world.sign_in("front_desk")
    today = date.fromisoformat(sound(desktop, "/front-desk/grid").json()["date"])
    first = today + timedelta(days=2)

    body = sound(desktop, f"/front-desk/grid?from={first}&days=3").json()

    stays = [stay for item in body["items"] for stay in item["stays"]]
    assert stays
    assert all(stay["start"] < str(first + timedelta(days=3)) and stay["end"] >= str(first) for stay in stays)
    assert all(stay["guestName"] for stay in stays)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=tomorrow", "query.from"),
        ("?from=2026-02-30", "query.from"),
        ("?from=20261122", "query.from"),
        ("?from=2026-11-22T00:00", "query.from"),
        ("?days=0", "query.days"),
        ("?days=62", "query.days"),
        ("?days=-1", "query.days"),
        ("?days=1&days=2", "query.days"),
    ],
)
def test_malformed_days_are_refused_and_named(world: World, query: str, field: str) -> None:
    """400 with the place."""
    answer = Described.by(world).check(world.sign_in().get(f"/front-desk/grid{query}"))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
