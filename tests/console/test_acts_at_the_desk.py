"""What a front desk does for guests at the console: rooms, charges, keys, departures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.acts import Actor, board, effects_on
from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("new_day")]

_IN_HOUSE = "/in-house?limit=200"


def _guest(world: World, *, with_key: bool | None = None) -> dict[str, Any]:
    """Somebody in the first house, with an open folio; with or without keys where that matters."""
    here = [item for item in board(world, _IN_HOUSE) if item["folioId"] and item["balance"]]
    return next(item for item in here if with_key is None or bool(item["keys"]) is with_key)


def test_a_guest_is_checked_out(sit_down: SitDown, world: World, pictures: Path) -> None:
    """The form says what is owed; afterwards the line has left the list, and the focus is at the one in its place."""
    guest = next(item for item in board(world, _IN_HOUSE) if item["balance"] and int(item["balance"]["amountMicro"]))
    actor = Actor(sit_down().sit_at("in-house", "front_desk"))
    form = actor.begin(guest["reservationId"], "check_out")
    expect(form).to_contain_text("Still owed")
    actor.desk.picture(pictures, "act-check-out", whole=False)
    actor.send()
    actor.becomes("check_out", "done")
    expect(actor.line(guest["reservationId"])).to_have_count(0)
    expect(actor.page.locator(".line-block > .line:focus")).to_have_count(1)
    assert len(effects_on(world, "reservation-service", guest["reservationId"], "reservation.checked_out")) == 1


def test_a_guest_gets_another_room(sit_down: SitDown, world: World) -> None:
    """The rooms that are free for the whole stay are offered, and the chosen one stands in the line."""
    due = next(item for item in board(world, "/arrivals?status=confirmed") if item["roomId"])
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    form = actor.begin(due["reservationId"], "assign_room")
    actor.send()
    expect(form.locator(".form-trouble")).to_contain_text("Missing")
    expect(form.locator("#field-roomId")).to_be_focused()
    options = form.locator("#field-roomId optgroup").first.locator("option")
    expect(options.first).to_be_attached()
    room = options.first.get_attribute("value")
    assert room != due["roomId"]
    form.locator("#field-roomId").select_option(room)
    actor.send()
    actor.becomes("assign_room", "done")
    number = next(each["number"] for each in world.people["rooms"] if each["id"] == room)
    expect(actor.line(due["reservationId"]).locator(".cell-room")).to_contain_text(number)


def test_a_charge_is_posted_in_the_digits_of_the_reader(sit_down: SitDown, world: World, pictures: Path) -> None:
    """An amount typed in Dari digits arrives to the micro-unit; what is no amount is told before anything is sent."""
    guest = _guest(world)
    actor = Actor(sit_down(language="fa-AF").sit_at("in-house", "front_desk"))
    seen = actor.desk.requests()
    form = actor.begin(guest["reservationId"], "post_charge")
    form.locator("#field-description").fill("Tea")
    form.locator("#field-amount").fill("\u06f1\u06f2x")
    actor.send()
    expect(form.locator(".form-trouble")).not_to_be_empty()
    expect(form.locator("#field-amount")).to_have_attribute("aria-invalid", "true")
    form.locator("#field-amount").fill("\u06f1\u06f2\u066b\u06f5")
    form.locator("#field-quantity").fill("\u06f2")
    actor.desk.picture(pictures, "act-charge-fa", whole=False)
    actor.send()
    actor.becomes("post_charge", "done")
    sent = next(each for each in seen if each.url.endswith("/charges")).post_data_json
    assert sent["amount"]["amountMicro"] == "12500000"
    assert sent["quantity"] == 2
    assert len(effects_on(world, "billing-service", guest["folioId"], "charge.posted")) == 1


def test_a_charge_above_the_limit_asks_for_the_second_factor(sit_down: SitDown, world: World) -> None:
    """The tenant's limit is the service's to know: the same form, and then six digits for exactly this amount."""
    guest = _guest(world)
    limit = {"amountMicro": "5000000", "currency": guest["balance"]["currency"]}
    world.control("PUT", f"tenants/{world.tenants[0]}/policy", {"chargeLimit": limit})
    actor = Actor(sit_down().sit_at("in-house", "front_desk"))
    form = actor.begin(guest["reservationId"], "post_charge")
    form.locator("#field-description").fill("Banquet")
    form.locator("#field-amount").fill("400")
    actor.challenged("post_charge")
    actor.prove()
    actor.becomes("post_charge", "done")
    assert len(effects_on(world, "billing-service", guest["folioId"], "charge.posted")) == 1


def test_a_key_is_issued_and_revoked_behind_the_second_factor(sit_down: SitDown, world: World, pictures: Path) -> None:
    """A wrong code is told in the dialog and costs nothing; the right one revokes, once; the line shows both states."""
    guest = _guest(world, with_key=False)
    actor = Actor(sit_down().sit_at("in-house", "front_desk"))
    actor.begin(guest["reservationId"], "issue_key")
    actor.send()
    actor.is_done("issue_key")
    line = actor.line(guest["reservationId"])
    expect(line.locator(".cell-key")).not_to_contain_text("None")
    form = actor.begin(guest["reservationId"], "revoke_key")
    form.locator("#field-reason").fill("Lost at the pool")
    actor.challenged("revoke_key")
    actor.desk.picture(pictures, "act-second-factor", whole=False)
    actor.form.locator("#field-code").fill("000000")
    actor.send()
    expect(actor.form.locator(".form-trouble")).not_to_be_empty()
    actor.prove()
    actor.is_done("revoke_key")
    expect(line.locator(".cell-key")).to_contain_text("None")
    rows = world.control("GET", "effects?service=lock-integration-service").json()
    assert [row["kind"] for row in rows].count("key.revoked") == 1


def test_who_closes_the_second_factor_finds_the_act_in_the_tray(sit_down: SitDown, world: World) -> None:
    """Nothing is sent meanwhile; the act waits, and can be confirmed later or given up."""
    guest = _guest(world, with_key=True)
    actor = Actor(sit_down().sit_at("in-house", "front_desk"))
    form = actor.begin(guest["reservationId"], "revoke_key")
    form.locator("#field-reason").fill("Lost")
    actor.challenged("revoke_key")
    actor.page.keyboard.press("Escape")
    row = actor.becomes("revoke_key", "proof")
    row.locator("[data-do=prove]").click()
    expect(actor.form.locator("#field-code")).to_be_focused()
    actor.page.keyboard.press("Escape")
    row.locator("[data-do=dismiss]").click()
    expect(actor.page.locator(".act")).to_have_count(0)
    rows = world.control("GET", "effects?service=lock-integration-service").json()
    assert "key.revoked" not in [row["kind"] for row in rows]


def test_a_lock_whose_answer_was_lost_is_asked_again_by_a_person_only(sit_down: SitDown, world: World) -> None:
    """A door is never opened by a machine's patience: nothing is repeated until somebody asks, under the same key."""
    guest = _guest(world, with_key=False)
    actor = Actor(sit_down().sit_at("in-house", "front_desk"))
    seen = actor.desk.requests()
    world.fault("lock-integration-service", "applied_then_lost", match="POST")
    actor.begin(guest["reservationId"], "issue_key")
    actor.send()
    row = actor.becomes("issue_key", "unsure")
    expect(row).to_contain_text("nobody knows")
    world.heal()
    row.locator("[data-do=again]").click()
    actor.is_done("issue_key")
    keys = [each.headers["x-idempotency-key"] for each in seen if each.url.endswith("/issue-key")]
    assert len(keys) >= 2
    assert len(set(keys)) == 1
    rows = world.control("GET", "effects?service=lock-integration-service").json()
    assert [row["kind"] for row in rows].count("key.issued") == 1


def test_a_guest_who_did_not_come_and_one_who_cancelled(sit_down: SitDown, world: World) -> None:
    """Both leave the list of those expected."""
    due = board(world, "/arrivals?status=confirmed")
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    for item, kind in zip(due, ("no_show", "cancel_stay"), strict=False):
        actor.begin(item["reservationId"], kind)
        actor.send()
        actor.becomes(kind, "done")
    kinds = [row["kind"] for row in world.control("GET", "effects?service=reservation-service").json()]
    assert "reservation.cancelled" in kinds
    assert any("no_show" in kind for kind in kinds)


def test_the_keyboard_map_acts_on_the_line_that_has_the_focus(sit_down: SitDown, world: World) -> None:
    """`Ctrl+Shift+O`, as the service's map says, opens the departure of the guest whose line has the focus."""
    guest = _guest(world)
    desk = sit_down()
    actor = Actor(desk.sit_with_keys_at("in-house", "front_desk"))
    actor.line(guest["reservationId"]).focus()
    desk.press_until("Control+Shift+O", actor.form)
    expect(actor.form).to_contain_text(guest["guestName"])
    actor.page.keyboard.press("Escape")
    expect(actor.line(guest["reservationId"])).to_be_focused()
