"""The dashboard as it paints: skeletons, widgets as they land, failures that stay where they are, cut streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown
from tests.console.desk import TRIES, Desk
from tests.worlds import World

pytestmark = pytest.mark.browser

FEW = 8
LONG_MS = 100

_OUTSIDE = """() => [...document.querySelectorAll(".card")].flatMap((card) => {
  const room = card.getBoundingClientRect();
  return [...card.querySelectorAll("*")].filter((part) => {
    const { left, right, width } = part.getBoundingClientRect();
    return width > 0 && (left < room.left - 1 || right > room.right + 1);
  }).map((part) => `${card.dataset.widget}: ${part.className.baseVal ?? part.className}`);
})"""


# Of each widget how it came, and what stood at the place of the arrivals in that moment.
_NOTE_WHAT_LANDS = """
  window.landed = {};
  new MutationObserver((changes) => {
    const waiting = document.querySelector("[data-widget=arrivals]");
    for (const { target } of changes) {
      if (!target.matches(".card")) continue;
      const skeleton = waiting.ariaBusy === "true" && waiting.querySelector(".skeleton")?.checkVisibility() === true;
      const { height } = waiting.getBoundingClientRect();
      const at = performance.now();
      window.landed[target.dataset.widget] = { outcome: target.dataset.outcome, at, skeleton, height };
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-outcome"] });
"""


def test_one_hanging_upstream_holds_nobody_up(sit_down: SitDown, world: World, pictures: Path) -> None:
    """While reservations hang their widget is still a skeleton of its final size, and all the others are painted."""
    desk = sit_down(height=1400)
    desk.page.add_init_script(_NOTE_WHAT_LANDS)
    desk.open()
    world.fault("reservation-service", "hang")
    desk.choose()
    desk.page.locator("button[type=submit]").click()
    desk.page.locator(".board .card").first.wait_for()
    desk.picture(pictures, "one-hanging-upstream", whole=False)
    desk.page.keyboard.press("w")
    desk.page.locator(".system.is-troubled").wait_for()
    desk.picture(pictures, "weather-mid-paint", whole=False)
    desk.page.keyboard.press("Escape")
    rates = _landed_before(desk, "rates", "arrivals")
    assert rates["skeleton"], "when the prices were painted, the arrivals were still awaited"
    fed_by_reservations = {"arrivals", "arrivals-at-risk", "departures", "in-house"}
    settled = desk.healthy(but=fed_by_reservations).card("arrivals").bounding_box()
    assert settled is not None
    assert abs(rates["height"] - settled["height"]) < 160
    assert desk.bad() == fed_by_reservations


def _landed_before(desk: Desk, widget: str, other: str) -> dict[str, Any]:
    """What was noted when this widget came, long before the other one gave up.

    Asks again where the machine stood still meanwhile, so that the widget was late too or both came together.
    """
    for _ in range(FEW):
        desk.settled()
        landed: dict[str, dict[str, Any]] = desk.page.evaluate("window.landed")
        if landed[widget]["outcome"] == "fresh" and landed[other]["at"] - landed[widget]["at"] > LONG_MS:
            return landed[widget]
        desk.page.reload()
    raise AssertionError(f"{widget} waits for {other}")


def test_a_failed_widget_says_why_and_its_button_brings_it_back(sit_down: SitDown, world: World) -> None:
    """The message is the service's own, in the reader's language; "Try again" reads that widget alone."""
    world.fault("pricing-service", "error", status=503)
    desk = sit_down().sign_in()
    card = desk.card("rates")
    expect(card.locator(".failure-text")).not_to_be_empty()
    world.heal()
    seen = desk.requests()
    retry = card.get_by_role("button", name="again")
    for _ in range(20):
        retry.click()
        expect(card).not_to_have_attribute("aria-busy", "true")
        if card.get_attribute("data-outcome") == "fresh":
            break
        desk.page.wait_for_timeout(500)
    desk.outcome("rates", "fresh")
    assert any("/dashboard/widgets/rates" in request.url for request in seen)
    assert not any("/dashboard?" in request.url for request in seen)
    expect(card.locator("tbody tr").first).to_be_visible()


def test_last_known_data_stays_with_a_word_of_warning(sit_down: SitDown, world: World) -> None:
    """What was known is shown as "last known" with its age when its source stops answering."""
    desk = sit_down().sign_in().healthy()
    world.fault("billing-service", "hang")
    desk.refresh()
    desk.outcome("balances", "stale")
    card = desk.card("balances")
    expect(card.locator(".badge")).to_contain_text("Last known")
    expect(card.locator(".notice")).to_be_visible()
    expect(card.locator(".figure")).to_be_visible()


def test_nothing_of_a_widget_reaches_beyond_its_card(sit_down: SitDown) -> None:
    """Charts and lists keep to their card, and the dial of the occupancy is a dial."""
    desk = sit_down().sign_in().healthy()
    outside = desk.page.evaluate(_OUTSIDE)
    assert outside == []
    dial = desk.card("occupancy").locator("svg").first.bounding_box()
    assert dial is not None
    assert (dial["width"], dial["height"]) == (76, 76)


def test_the_line_says_how_the_dashboard_arrived(sit_down: SitDown) -> None:
    """First frame, how many are fresh, when it ended; and a mark for each widget between start and end."""
    desk = sit_down().sign_in().healthy()
    words = desk.page.locator(".timeline-words")
    expect(words).to_contain_text("first frame")
    expect(words).to_contain_text("16 of 16")
    expect(words).to_contain_text("ended")
    expect(desk.page.locator(".mark")).to_have_count(18)


def test_details_name_sources_times_and_definition(sit_down: SitDown) -> None:
    """A widget's badge opens what its numbers mean, where they come from, and how long that took."""
    desk = sit_down().sign_in()
    desk.card("adr").locator(".badge").click()
    details = desk.page.locator("#details-adr")
    expect(details).to_be_visible()
    expect(details).to_contain_text("analytics-service")
    expect(details).to_contain_text("What it counts")
    expect(details).to_contain_text("600 ms")
    desk.page.keyboard.press("Escape")
    expect(details).to_be_hidden()


def test_a_stream_without_its_end_is_said_to_be_cut(sit_down: SitDown) -> None:
    """A network that breaks half-way leaves a sentence and marks what did not come; a good one makes it whole."""
    desk = sit_down().sign_in()
    desk.page.keyboard.press("w")
    desk.page.select_option("#network", "cut")
    expect(desk.page.locator(".strip[data-state=cut]")).to_be_visible()
    expect(desk.page.locator(".banner")).to_be_visible()
    desk.page.select_option("#network", "proxy")
    desk.settled()
    expect(desk.page.locator(".banner")).to_be_hidden()
    desk.healthy()


def test_the_printable_page_is_shown_with_its_own_looks(sit_down: SitDown, pictures: Path) -> None:
    """The HTML representation appears in a frame, styled, in the reader's language and direction, without a script."""
    desk = sit_down(language="fa-AF").sign_in()
    desk.page.keyboard.press("p")
    page = desk.page.frame_locator(".page-frame")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("h1")).to_be_visible()
    expect(desk.page.locator(".dialog-foot button")).to_be_enabled()
    assert page.locator("body").evaluate("each => getComputedStyle(each).margin") == "0px"
    desk.picture(pictures, "printable-page", whole=False)
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("dialog")).to_have_count(0)


def test_another_property_is_another_board(sit_down: SitDown) -> None:
    """Choosing a property tells the service and paints that property's board in its own colour."""
    desk = sit_down().sign_in()
    before, accent = desk.page.locator("h1").inner_text(), desk.page.locator("html").get_attribute("data-accent")
    with desk.page.expect_response(lambda answer: answer.url.endswith("/session/property")) as told:
        desk.page.locator(".house-select").select_option(index=1)
    assert told.value.ok
    desk.settled()
    expect(desk.page.locator("h1")).not_to_have_text(before)
    assert desk.page.locator("html").get_attribute("data-accent") != accent
    desk.healthy()


def test_the_device_reports_itself(sit_down: SitDown) -> None:
    """The desk sends its heartbeat, and the board shows it online."""
    desk = sit_down()
    with desk.page.expect_response(lambda answer: answer.url.endswith("/heartbeat") and answer.ok):
        desk.sign_in()
    desk.healthy()
    own = desk.card("devices").locator("li").filter(has_text="This desk")
    for _ in range(TRIES):
        # It may have been noted a moment after the dashboard was read.
        desk.refresh()
        if own.locator(".dot-online").is_visible():
            break
    expect(own.locator(".dot-online")).to_be_visible()


def test_a_desk_without_network_keeps_what_it_has(sit_down: SitDown) -> None:
    """Offline, the board stays and a sentence says why it does not move; online again, one press makes it whole."""
    desk = sit_down().sign_in().healthy()
    figure = desk.card("in-house").locator(".figure").inner_text()
    desk.page.context.set_offline(True)
    desk.page.keyboard.press("r")
    expect(desk.page.locator(".banner")).to_contain_text("does not answer")
    expect(desk.card("in-house").locator(".figure")).to_have_text(figure)
    desk.page.context.set_offline(False)
    # Also where the desk's own next try was a moment faster, and the banner is gone.
    desk.page.locator(".banner button").dispatch_event("click")
    desk.settled()
    expect(desk.page.locator(".banner")).to_be_hidden()


def test_a_role_without_some_widgets_has_no_holes(sit_down: SitDown) -> None:
    """The rows of a smaller board are filled: in each row the cards reach both edges."""
    desk = sit_down().sign_in("maintenance")
    board = desk.page.locator(".board").bounding_box()
    assert board is not None
    rows: dict[int, list[dict[str, float]]] = {}
    for card in desk.page.locator(".card").all():
        box = card.bounding_box()
        assert box is not None
        rows.setdefault(round(box["y"]), []).append(dict(box))
    for boxes in rows.values():
        assert min(box["x"] for box in boxes) == pytest.approx(board["x"], abs=1)
        assert max(box["x"] + box["width"] for box in boxes) == pytest.approx(board["x"] + board["width"], abs=1)
