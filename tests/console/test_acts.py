"""How the console does things: once each, with what is pending, done and refused in sight, retried under one key."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Request, Route, expect

from tests.console.acts import LISTEN, Actor, arrival, done_elsewhere, effects_on
from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("new_day")]

_JUDGE = """async ([status, document]) => {
  const { outcomeOf } = await import("/console/app/acting/outcomes.js");
  const { Problem } = await import("/console/app/problem.js");
  const judge = (patient) => outcomeOf({ patient }, { problem: new Problem(status, document) }).state;
  return { mine: judge(false), patient: judge(true) };
}"""


def _keys(seen: list[Request], path: str) -> list[str | None]:
    return [each.headers.get("x-idempotency-key") for each in seen if path in each.url and each.method == "POST"]


def test_a_guest_is_checked_in_from_the_arrivals(sit_down: SitDown, world: World, pictures: Any) -> None:
    """By keyboard: the form, the tray and the line say done, the focus is on the line, and it is said aloud."""
    due = arrival(world)
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    page = actor.page
    page.evaluate(LISTEN)
    form = actor.begin(due["reservationId"], "check_in")
    expect(form.locator("#field-roomId")).to_be_focused()
    expect(form.locator("#field-roomId optgroup").first).to_be_attached()
    actor.desk.picture(pictures, "act-check-in", whole=False)
    form.locator("#field-type").select_option("passport")
    form.locator("#field-last4").fill("A123")
    page.keyboard.press("Enter")
    expect(form).to_have_count(0)
    actor.becomes("check_in", "done")
    actor.desk.picture(pictures, "act-check-in-done", whole=False)
    line = actor.line(due["reservationId"])
    expect(line).to_be_focused()
    expect(line.locator(".cell-status")).to_contain_text("Checked in")
    assert len(effects_on(world, "reservation-service", due["reservationId"], "reservation.checked_in")) == 1
    heard = " ".join(page.evaluate("window.heard"))
    assert "Check in" in heard
    assert "done" in heard


def test_a_lost_answer_is_asked_for_again_under_the_same_key(sit_down: SitDown, world: World) -> None:
    """It was done and the answer got lost on its way to the desk: one effect, and the tray knows that it was once."""
    due = arrival(world)
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    page, path = actor.page, f"/reservations/{due['reservationId']}/check-in"
    lost: list[str] = []

    def lose_the_one_that_says_done(route: Route) -> None:
        if lost:
            route.continue_()
            return
        answer = route.fetch()
        # What was not done yet is lost as well, and asked for again.
        lost.extend([answer.text()] if answer.ok else [])
        route.abort()

    page.route(f"**{path}", lose_the_one_that_says_done)
    seen = actor.desk.requests()
    actor.begin(due["reservationId"], "check_in")
    actor.send()
    row = actor.becomes("check_in", "done")
    expect(row).to_contain_text("was done already")
    keys = _keys(seen, path)
    assert len(keys) >= 2
    assert len(set(keys)) == 1
    assert len(effects_on(world, "reservation-service", due["reservationId"], "reservation.checked_in")) == 1


def test_what_nobody_knows_the_end_of_is_asked_again_until_it_is_known(sit_down: SitDown, world: World) -> None:
    """The owning service acts and its answers are lost: the act stays open, and settles when the fault is over."""
    due = arrival(world)
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    path = f"/reservations/{due['reservationId']}/check-in"
    seen = actor.desk.requests()
    world.fault("reservation-service", "applied_then_lost", match="POST")
    actor.begin(due["reservationId"], "check_in")
    actor.send()
    row = actor.becomes("check_in", "waiting")
    expect(row).to_contain_text("happens only once")
    expect(row.locator("[data-do=again]")).to_be_visible()
    expect(actor.line(due["reservationId"]).locator(".act-mark")).to_be_visible()
    world.heal()
    actor.becomes("check_in", "done")
    assert len(set(_keys(seen, path))) == 1
    assert len(effects_on(world, "reservation-service", due["reservationId"], "reservation.checked_in")) == 1


def test_a_refusal_is_shown_in_the_readers_words_and_not_tried_again(sit_down: SitDown, world: World) -> None:
    """Somebody was faster at another desk: the service's own sentence in Dari, and nothing that repeats it."""
    due = arrival(world)
    actor = Actor(sit_down(language="fa-AF").sit_at("arrivals", "front_desk"))
    path = f"/reservations/{due['reservationId']}/check-in"
    seen = actor.desk.requests()
    actor.begin(due["reservationId"], "check_in")
    done_elsewhere(world.sign_in("front_desk"), path)
    actor.send()
    row = actor.becomes("check_in", "refused")
    refused = len(_keys(seen, path))
    message = row.locator(".act-message")
    expect(message).to_have_attribute("lang", "fa-AF")
    expect(message).to_have_attribute("dir", "rtl")
    expect(row.locator("[data-do=again], [data-do=anew]")).to_have_count(0)
    row.locator("[data-do=dismiss]").click()
    expect(actor.page.locator(".act")).to_have_count(0)
    assert len(_keys(seen, path)) == refused
    assert len(set(_keys(seen, path))) == 1


def test_what_is_open_survives_a_reload(sit_down: SitDown, world: World) -> None:
    """The page is loaded anew while an act is under way: it goes on by itself, under its key."""
    due = arrival(world)
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    path = f"/reservations/{due['reservationId']}/check-in"
    seen = actor.desk.requests()
    world.fault("reservation-service", "error", match="POST", status=503)
    actor.begin(due["reservationId"], "check_in")
    actor.send()
    actor.becomes("check_in", "waiting")
    actor.page.reload()
    actor.desk.at_rest()
    expect(actor.act("check_in")).to_be_visible()
    world.heal()
    actor.becomes("check_in", "done")
    assert len(set(_keys(seen, path))) == 1
    assert actor.page.evaluate("sessionStorage.getItem('backoffice-console.acts')") is None


def test_what_somebody_else_left_open_waits_for_a_person(sit_down: SitDown, world: World) -> None:
    """At a shift handover the next one at the desk sees what is open and whose it is, and decides to ask again."""
    due = arrival(world)
    actor = Actor(sit_down().sit_at("arrivals", "front_desk"))
    page, path = actor.page, f"/reservations/{due['reservationId']}/check-in"
    seen = actor.desk.requests()
    world.fault("reservation-service", "error", match="POST", status=503)
    actor.begin(due["reservationId"], "check_in")
    actor.send()
    actor.becomes("check_in", "waiting")
    page.get_by_role("button", name="Sign out").click()
    page.locator(".signin-form").wait_for()
    world.heal()
    before = len(_keys(seen, path))
    actor.desk.choose("night_auditor")
    page.locator("button[type=submit]").click()
    row = actor.becomes("check_in", "unsure")
    expect(row).to_contain_text(world.operator("front_desk")["displayName"])
    assert len(_keys(seen, path)) == before
    row.locator("[data-do=again]").click()
    actor.becomes("check_in", "done")
    assert len(set(_keys(seen, path))) == 1
    assert len(effects_on(world, "reservation-service", due["reservationId"], "reservation.checked_in")) == 1


@pytest.mark.parametrize(
    ("status", "document", "state"),
    [
        (409, {"retry": "same_key", "code": "IDEMPOTENCY_IN_FLIGHT"}, "waiting"),
        (409, {"retry": "same_key", "code": "OUTCOME_UNKNOWN"}, "waiting"),
        (409, {"retry": "never", "code": "OUTCOME_UNKNOWN"}, "unsure"),
        (422, {"retry": "new_key", "code": "IDEMPOTENCY_KEY_REUSED"}, "refused"),
        (409, {"retry": None, "code": "ROOM_NOT_READY"}, "refused"),
        (401, {"stepUp": {"action": "lock.revoke_key"}, "code": "STEP_UP_REQUIRED"}, "proof"),
        (401, {"code": "SESSION_REVOKED"}, "unsure"),
        (429, {"code": "RATE_LIMITED", "retryAfter": 2}, "waiting"),
        (503, {"code": "STORE_UNAVAILABLE"}, "waiting"),
        (403, {"code": "ROLE_FORBIDDEN"}, "refused"),
    ],
)
def test_what_an_answer_means(sit_down: SitDown, status: int, document: dict[str, Any], state: str) -> None:
    """The service's word on keys is obeyed; what is for a person only is never repeated by the console itself."""
    page = sit_down().open().page
    told = page.evaluate(_JUDGE, [status, document])
    assert told["mine"] == state
    assert told["patient"] == {"waiting": "unsure"}.get(state, state)


@pytest.mark.parametrize(
    ("typed", "micro"),
    [
        ("12", "12000000"),
        ("0.000001", "1"),
        ("1 234,5", "1234500000"),
        ("\u0661\u0662\u066b\u0665", "12500000"),
        ("\u06f1\u066c\u06f2\u06f3\u06f4", "1234000000"),
        ("0", None),
        ("-5", None),
        ("1.2.3", None),
        ("1e3", None),
        ("1234567890", None),
        ("", None),
    ],
)
def test_an_amount_is_read_to_the_micro_unit(sit_down: SitDown, typed: str, micro: str | None) -> None:
    """No number is made of it on the way; digits of three scripts and both decimal signs are understood."""
    page = sit_down().open().page
    read = "async (typed) => (await import('/console/app/acting/fields.js')).microUnits(typed)"
    assert page.evaluate(read, typed) == micro
