"""Rooms and work orders at the console: moved by drag, by keyboard, and by the buttons of their details."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.acts import LISTEN, Actor, board, done_elsewhere, effects_on
from tests.console.conftest import SitDown
from tests.console.desk import Desk
from tests.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("new_day")]

_ROOMS = "/housekeeping/board?limit=400"
_ORDERS = "/maintenance/board?limit=200"


def _room(world: World) -> dict[str, Any]:
    """A dirty room of the first house whose task nobody has begun."""
    rooms = board(world, _ROOMS, "housekeeping_lead")
    return next(
        room
        for room in rooms
        if room["status"] == "dirty" and room["task"] and room["task"]["status"] in {"pending", "assigned"}
    )


def _order(world: World, status: str) -> dict[str, Any]:
    return next(order for order in board(world, _ORDERS, "maintenance") if order["status"] == status)


def _drag(desk: Desk, key: str, column: str) -> None:
    desk.page.locator(f".tile[data-key='{key}']").drag_to(desk.page.locator(f".column-{column} .column-title"))


def _stands(actor: Actor, key: str, column: str) -> None:
    expect(actor.page.locator(f".column-{column} .tile[data-key='{key}']")).to_be_visible()


def test_a_task_is_begun_and_finished_by_dragging_its_room(sit_down: SitDown, world: World, pictures: Path) -> None:
    """To *being cleaned* begins the task, to *clean* finishes it; the card goes where it was put."""
    room = _room(world)
    actor = Actor(sit_down(width=1800).sit_at("housekeeping", "housekeeper"))
    _drag(actor.desk, room["roomId"], "cleaning")
    actor.becomes("start_task", "done")
    _stands(actor, room["roomId"], "cleaning")
    _drag(actor.desk, room["roomId"], "clean")
    actor.becomes("complete_task", "done")
    _stands(actor, room["roomId"], "clean")
    actor.desk.picture(pictures, "act-housekeeping", whole=False)
    task = room["task"]["id"]
    for kind in ("task.started", "task.completed"):
        assert len(effects_on(world, "housekeeping-service", task, kind)) == 1


@pytest.mark.parametrize(("tag", "forward"), [("en", "ArrowRight"), ("ps-AF", "ArrowLeft")])
def test_a_task_is_moved_by_keyboard(sit_down: SitDown, world: World, pictures: Path, tag: str, forward: str) -> None:
    """Space takes the card, the arrow of the reading direction goes on, Space puts it down; each step is said aloud."""
    room = _room(world)
    actor = Actor(sit_down(language=tag, width=1800).sit_at("housekeeping", "housekeeping_lead"))
    page = actor.page
    page.evaluate(LISTEN)
    actor.line(room["roomId"]).focus()
    page.keyboard.press("Space")
    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press(forward)
    expect(page.locator(".column-cleaning")).to_have_class("column column-cleaning is-open is-target")
    actor.desk.picture(pictures, f"act-carry-{tag}", whole=False)
    page.keyboard.press("Space")
    actor.becomes("start_task", "done")
    expect(page.locator(f".column-cleaning .tile[data-key='{room['roomId']}']")).to_be_focused()
    assert len(page.evaluate("window.heard")) >= 3
    assert len(effects_on(world, "housekeeping-service", room["task"]["id"], "task.started")) == 1


def test_a_card_that_is_left_alone_stays(sit_down: SitDown, world: World) -> None:
    """Esc puts the card back and nothing is sent; so does walking away."""
    room = _room(world)
    actor = Actor(sit_down(width=1800).sit_at("housekeeping", "housekeeping_lead"))
    page = actor.page
    for key in ("Escape", "Tab"):
        actor.line(room["roomId"]).focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press(key)
        expect(page.locator(".is-moving, .is-target")).to_have_count(0)
    expect(page.locator(".act")).to_have_count(0)


def test_what_a_room_is_can_be_said_without_dragging(sit_down: SitDown, world: World) -> None:
    """The details have the same as buttons: one pointer that cannot drag needs nothing else."""
    room = next(each for each in board(world, _ROOMS, "housekeeping_lead") if each["status"] == "clean")
    actor = Actor(sit_down(width=1800).sit_at("housekeeping", "front_desk"))
    form = actor.begin(room["roomId"], "room_status")
    form.locator("#field-status").select_option("dirty")
    form.locator("#field-notes").fill("Coffee on the carpet")
    actor.send()
    actor.becomes("room_status", "done")
    _stands(actor, room["roomId"], "dirty")


def test_a_task_is_given_to_somebody(sit_down: SitDown, world: World) -> None:
    """The house's people are offered, those who clean first; the card says whose it is."""
    room = _room(world)
    actor = Actor(sit_down(width=1800).sit_at("housekeeping", "housekeeping_lead"))
    form = actor.begin(room["roomId"], "assign_task")
    here = world.properties()[0]
    person = next(
        each for each in world.people["operators"] if "housekeeper" in each["roles"] and here in each["propertyIds"]
    )
    form.locator("#field-assigneeId").select_option(person["id"])
    actor.send()
    actor.becomes("assign_task", "done")
    expect(actor.line(room["roomId"])).to_contain_text(person["displayName"])


def test_a_move_that_the_service_refuses_leaves_the_card_where_it_is(sit_down: SitDown, world: World) -> None:
    """An occupied room can't be closed: the refusal is shown in words, and the card is back in its column."""
    rooms = board(world, _ROOMS, "housekeeping_lead")
    room = next(each for each in rooms if each["occupancy"] == "occupied" and each["status"] == "dirty")
    actor = Actor(sit_down(width=1800).sit_at("housekeeping", "housekeeping_lead"))
    _drag(actor.desk, room["roomId"], "out_of_order")
    row = actor.becomes("room_status", "refused")
    expect(row.locator(".act-message")).not_to_be_empty()
    _stands(actor, room["roomId"], "dirty")


def test_a_work_order_goes_from_open_to_mended_by_dragging(sit_down: SitDown, world: World, pictures: Path) -> None:
    """Begun by one drag; what can't go on says why; mended says what was done, and the card leaves the board."""
    order = _order(world, "open")
    actor = Actor(sit_down(width=1800).sit_at("maintenance", "maintenance"))
    _drag(actor.desk, order["id"], "in_progress")
    actor.becomes("start_order", "done")
    _stands(actor, order["id"], "in_progress")
    _drag(actor.desk, order["id"], "blocked")
    actor.form.locator("#field-reason").fill("Part on its way")
    actor.send()
    actor.becomes("block_order", "done")
    _stands(actor, order["id"], "blocked")
    actor.desk.picture(pictures, "act-maintenance", whole=False)
    _drag(actor.desk, order["id"], "in_progress")
    actor.becomes("resume_order", "done")
    _stands(actor, order["id"], "in_progress")
    _drag(actor.desk, order["id"], "resolved")
    actor.form.locator("#field-resolution").fill("Replaced")
    actor.send()
    actor.becomes("resolve_order", "done")
    expect(actor.line(order["id"])).to_have_count(0)
    done = ("started", "blocked", "resumed", "resolved")
    for kind in done:
        assert len(effects_on(world, "maintenance-service", order["id"], f"work_order.{kind}")) == 1, kind


def test_a_work_order_is_given_to_somebody_by_keyboard(sit_down: SitDown, world: World) -> None:
    """Carried to *assigned*, it asks whom; another act gives it up."""
    order = _order(world, "open")
    actor = Actor(sit_down(width=1800).sit_at("maintenance", "maintenance"))
    page = actor.page
    actor.line(order["id"]).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    actor.send()
    actor.becomes("assign_order", "done")
    expect(page.locator(f".column-assigned .tile[data-key='{order['id']}']")).to_be_visible()
    actor.begin(order["id"], "cancel_order")
    actor.send()
    actor.becomes("cancel_order", "done")
    expect(actor.line(order["id"])).to_have_count(0)


def test_who_only_looks_moves_nothing(sit_down: SitDown, world: World) -> None:
    """A front desk sees the repairs and has no act for them, neither as a button nor by keyboard."""
    order = _order(world, "open")
    actor = Actor(sit_down(width=1800).sit_at("maintenance", "front_desk"))
    page = actor.page
    page.evaluate(LISTEN)
    actor.line(order["id"]).focus()
    page.keyboard.press("Space")
    expect(page.locator(".is-moving")).to_have_count(0)
    assert "cannot be moved" in " ".join(page.evaluate("window.heard"))
    page.keyboard.press("Enter")
    expect(page.locator("dialog.dialog-details")).to_be_visible()
    expect(page.locator("[data-act-kind]")).to_have_count(0)


def test_a_board_that_changes_waits_for_the_card_on_its_way(sit_down: SitDown, world: World) -> None:
    """What is read meanwhile is painted once the card is down: a card that is painted anew would fall."""
    room = _room(world)
    actor = Actor(sit_down(width=1800).sit_at("housekeeping", "housekeeping_lead"))
    page = actor.page
    actor.line(room["roomId"]).focus()
    page.keyboard.press("Space")
    done_elsewhere(world.sign_in("housekeeping_lead"), f"/housekeeping/tasks/{room['task']['id']}/start")
    with page.expect_response(lambda answer: "/housekeeping/board" in answer.url and answer.status == 200):
        page.evaluate("dispatchEvent(new Event('online'))")
    actor.desk.at_rest()
    _stands(actor, room["roomId"], "dirty")
    expect(page.locator(".is-moving")).to_be_visible()
    page.keyboard.press("Escape")
    _stands(actor, room["roomId"], "cleaning")
