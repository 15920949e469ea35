"""Nothing for axe-core to complain about in forms, the second factor, the tray and carried cards, in any language."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.acts import Actor, arrival, board
from tests.console.audit import WITH_COLOURS, complaints
from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("new_day")]

_LANGUAGES = [("en", "light"), ("en", "dark"), ("fr", "light"), ("ar", "light"), ("fa-AF", "light"), ("ps-AF", "light")]


class _Look:
    """Looks at the page again and again, and keeps a picture and every complaint."""

    def __init__(self, actor: Actor, pictures: Path, tag: str, scheme: str) -> None:
        self.actor, self.pictures, self.mark = actor, pictures, f"{tag}-{scheme}"
        self.colours = tag in WITH_COLOURS
        self.found: list[str] = []

    def at(self, what: str) -> None:
        self.actor.desk.picture(self.pictures, f"acting-{what}-{self.mark}", whole=False)
        self.found += [f"{what}: {each}" for each in complaints(self.actor.page, colours=self.colours)]


@pytest.mark.parametrize(("tag", "scheme"), _LANGUAGES)
def test_acting_has_no_complaint(sit_down: SitDown, world: World, pictures: Path, tag: str, scheme: str) -> None:
    """Every form that differs from the others, with something missing in it, and the tray in each of its states."""
    actor = Actor(sit_down(language=tag, color_scheme=scheme).sit_at("arrivals", "general_manager"))
    look = _Look(actor, pictures, tag, scheme)
    _at_the_desk(actor, world, look)
    _with_the_second_factor(actor, world, look)
    _on_the_boards(actor, world, look)
    actor.desk.go_to("suggestions")
    actor.page.locator("[data-act-kind=modify]").first.click()
    actor.send()
    look.at("modify")
    actor.page.keyboard.press("Escape")
    actor.desk.go_to("preferences")
    actor.page.locator(".keys-details summary").click()
    look.at("keys")
    actor.desk.go_to("suggestions")
    actor.page.locator(".acts-toggle").click()
    look.at("tray")
    assert look.found == []


def _at_the_desk(actor: Actor, world: World, look: _Look) -> None:
    due = arrival(world)
    actor.line(due["reservationId"]).focus()
    actor.page.keyboard.press("Enter")
    look.at("details")
    actor.page.locator("[data-act-kind=check_in]").click()
    look.at("check-in")
    world.fault("reservation-service", "error", match="POST", status=503)
    actor.send()
    actor.becomes("check_in", "waiting")
    look.at("waiting")
    world.heal()
    actor.becomes("check_in", "done")


def _with_the_second_factor(actor: Actor, world: World, look: _Look) -> None:
    guest = next(item for item in board(world, "/in-house?limit=200") if item["keys"] and item["folioId"])
    actor.desk.go_to("in-house")
    form = actor.begin(guest["reservationId"], "post_charge")
    actor.send()
    expect(form.locator("[aria-invalid=true]").first).to_be_visible()
    look.at("charge")
    actor.page.keyboard.press("Escape")
    form = actor.begin(guest["reservationId"], "revoke_key")
    form.locator("#field-reason").fill("-")
    look.at("revoke")
    actor.challenged("revoke_key")
    look.at("second-factor")
    actor.page.keyboard.press("Escape")
    actor.becomes("revoke_key", "proof")


def _on_the_boards(actor: Actor, world: World, look: _Look) -> None:
    rooms = board(world, "/housekeeping/board?limit=400", "housekeeping_lead")
    room = next(each for each in rooms if each["occupancy"] == "occupied" and each["status"] == "dirty")
    actor.desk.go_to("housekeeping")
    form = actor.begin(room["roomId"], "room_status")
    form.locator("#field-status").select_option("out_of_order")
    actor.send()
    actor.becomes("room_status", "refused")
    actor.line(room["roomId"]).focus()
    actor.page.keyboard.press("Space")
    expect(actor.page.locator(".is-moving")).to_be_visible()
    look.at("carrying")
    actor.page.keyboard.press("Escape")
    actor.desk.go_to("maintenance")
    look.at("maintenance")
