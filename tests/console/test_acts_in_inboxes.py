"""Suggestions decided and alerts acknowledged at the console; and who may do what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.acts import Actor, board
from tests.console.conftest import SitDown
from tests.waiting import until
from tests.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("new_day")]

_ROLES = [
    "front_desk",
    "night_auditor",
    "housekeeping_lead",
    "housekeeper",
    "maintenance",
    "fnb_manager",
    "revenue_manager",
    "general_manager",
    "owner",
]
_ACTS = """async () => {
  const { STAY_ACTS } = await import("/console/app/acting/stay-acts.js");
  const { ROOM_ACTS } = await import("/console/app/acting/room-acts.js");
  const { ORDER_ACTS } = await import("/console/app/acting/order-acts.js");
  const { SUGGESTION_ACTS, ALERT_ACTS } = await import("/console/app/acting/inbox-acts.js");
  const all = [...STAY_ACTS, ...ROOM_ACTS, ...ORDER_ACTS, ...SUGGESTION_ACTS, ...ALERT_ACTS];
  return all.map(({ kind, path, roles }) => ({ kind, path, roles }));
}"""


def _open_suggestion(world: World, category: str | None = None, *, but: str = "") -> dict[str, Any]:
    found = board(world, "/ai/suggestions?status=open&limit=100", "general_manager")
    return next(
        each for each in found if (category is None or each["category"] == category) and each["category"] != but
    )


def _decision(world: World, suggestion: str) -> dict[str, Any]:
    """The line of our own log, which an inbox does without where the log is late."""

    def logged() -> dict[str, Any] | None:
        found = board(world, "/ai/suggestions?limit=100", "general_manager")
        decision: dict[str, Any] | None = next(each for each in found if each["id"] == suggestion)["decision"]
        return decision

    decision = until(logged)
    assert decision is not None
    return decision


def test_a_price_is_changed_with_a_reason(sit_down: SitDown, world: World, pictures: Path) -> None:
    """Who does not follow the advice says why, and with what price instead; the card leaves what is open."""
    suggestion = _open_suggestion(world, "rate_change")
    actor = Actor(sit_down().sit_at("suggestions", "general_manager"))
    card = actor.line(suggestion["id"])
    card.locator("[data-act-kind=modify]").click()
    actor.form.locator("#field-amount").fill("75.50")
    actor.send()
    expect(actor.form.locator("#field-reason")).to_be_focused()
    actor.form.locator("#field-reason").fill("A wedding is booked that day")
    actor.desk.picture(pictures, "act-modify", whole=False)
    actor.send()
    actor.becomes("modify", "done")
    expect(card).to_have_count(0)
    expect(actor.page.locator(".inbox-card:focus")).to_have_count(1)
    decision = _decision(world, suggestion["id"])
    assert decision["decision"] == "modify"
    assert decision["reason"] == "A wedding is booked that day"


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_a_suggestion_is_accepted_or_rejected(sit_down: SitDown, world: World, decision: str) -> None:
    """By keyboard alone, once; another desk that decides the same later is told who was first."""
    suggestion = _open_suggestion(world, but="rate_change")
    actor = Actor(sit_down().sit_at("suggestions", "general_manager"))
    other = Actor(sit_down().sit_at("suggestions", "general_manager"))
    # The other one has begun before the first one is done; afterwards the live stream takes the card away.
    other.line(suggestion["id"]).locator("[data-act-kind=accept]").click()
    actor.line(suggestion["id"]).locator(f"[data-act-kind={decision}]").focus()
    actor.page.keyboard.press("Enter")
    actor.send()
    actor.becomes(decision, "done")
    assert _decision(world, suggestion["id"])["decision"] == decision
    other.send()
    row = other.becomes("accept", "refused")
    expect(row.locator(".act-message")).not_to_be_empty()


def test_an_alert_is_acknowledged_with_a_note(sit_down: SitDown, world: World) -> None:
    """Anybody may; the card says who did it and what they noted."""
    alert = next(each for each in board(world, "/alerts?limit=100", "housekeeper") if each["status"] != "acknowledged")
    actor = Actor(sit_down().sit_at("alerts", "housekeeper"))
    card = actor.line(alert["id"])
    card.locator("[data-act-kind=acknowledge]").click()
    actor.form.locator("#field-note").fill("On my way")
    actor.send()
    actor.becomes("acknowledge", "done")
    expect(card.locator(".inbox-decision")).to_contain_text("On my way")
    expect(card.locator("[data-act-kind]")).to_have_count(0)


def test_acts_are_offered_to_whom_the_service_lets_do_them(sit_down: SitDown, world: World) -> None:
    """Who has a button is whom the route names: `x-roles` of the service's own document."""
    page = sit_down().open().page
    document = world.http.get(f"{world.bff}/openapi.json").json()
    posts = {
        route.removeprefix("/bff/backoffice/v1"): each["post"]["x-roles"]
        for route, each in document["paths"].items()
        if "x-roles" in each.get("post", {})
    }
    for act in page.evaluate(_ACTS):
        (roles,) = (found for route, found in posts.items() if _shape(route) == _shape(act["path"]))
        assert sorted(act["roles"]) == sorted(role for role in _ROLES if role in roles), act["kind"]


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
