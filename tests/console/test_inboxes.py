"""The two inboxes at the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from ulid import ULID

from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = pytest.mark.browser

_LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) window.heard.push(node.textContent);
  }).observe(document.getElementById("announcements"), { childList: true });
}"""


def _raise_alert(world: World) -> None:
    """Raise an alert at the first house, as another service of the platform would."""
    operator = world.operator()
    text = {"default": "Water in the cellar", "values": {}}
    answer = world.http.post(
        f"{world.sim}/notification-service/api/v1/alerts?propertyId={world.properties()[0]}",
        json={"severity": "critical", "title": text, "body": text},
        headers={
            "X-Tenant-Id": operator["tenantId"],
            "X-Operator-Id": operator["id"],
            "Authorization": "Bearer another-service",
            "Idempotency-Key": str(ULID()),
        },
    )
    assert answer.status_code == 201, answer.text


def test_suggestions_are_shown_with_why(sit_down: SitDown, pictures: Path) -> None:
    """Open ones first to be seen; each with its confidence, its proposal and, behind a fold, where it comes from."""
    desk = sit_down().sit_at("suggestions").whole()
    page = desk.page
    cards = page.locator(".inbox-card")
    every = cards.count()
    assert every >= 3
    expect(page.locator(".found")).to_have_text(f"{every} open")
    card = page.locator(".inbox-card").first
    card.locator("summary").click()
    expect(card.locator(".raw").last).to_contain_text("modelId")
    desk.picture(pictures, "suggestions-why", whole=False)


def test_suggestions_are_filtered_by_the_service(sit_down: SitDown) -> None:
    """A kind and a status are asked of the service; the others are not shown."""
    desk = sit_down().sit_at("suggestions")
    page = desk.page
    with page.expect_request(lambda request: "category=staffing" in request.url and "status=open" in request.url):
        page.select_option("#inbox-category", "staffing")
    desk.at_rest()
    expect(page.locator(".inbox-card")).to_have_count(1)
    page.locator(".filter[data-status=decided]").click()
    expect(page.locator(".inbox-card")).to_have_count(0)
    expect(page.locator(".inbox-suggestions .quiet")).to_be_visible()


def test_alerts_come_worst_first_and_a_new_one_is_said(sit_down: SitDown, world: World) -> None:
    """Critical ones stand first; one that is raised meanwhile appears at the next reading and is announced."""
    desk = sit_down().sit_at("alerts", "front_desk").whole()
    page = desk.page
    signs = page.locator(".inbox-card .sign").evaluate_all("signs => signs.map((sign) => sign.classList.value)")
    tones = [["sign sign-bad", "sign sign-warn", "sign sign-info"].index(sign) for sign in signs]
    assert tones == sorted(tones)
    assert tones
    page.locator(".inbox-card").last.evaluate("card => { card.before = true; }")
    page.evaluate(_LISTEN)
    before = page.locator(".inbox-card").count()
    _raise_alert(world)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".inbox-card")).to_have_count(before + 1)
    expect(page.locator(".inbox-card").first).to_contain_text("Water in the cellar")
    assert page.locator(".inbox-card").last.evaluate("card => card.before")
    assert [text for text in page.evaluate("window.heard") if "Water in the cellar" in text]


def test_an_inbox_whose_service_is_away_shows_the_last_one(sit_down: SitDown, world: World) -> None:
    """Without notification-service the alerts that were known are there, marked as last known; nothing is empty."""
    desk = sit_down().sit_at("alerts").whole()
    page = desk.page
    known = page.locator(".inbox-card").count()
    world.fault("notification-service", "error", status=503)
    page.keyboard.press("r")
    expect(page.locator("[data-section=alerts]")).to_contain_text("Last known")
    assert page.locator(".inbox-card").count() == known
    expect(page.locator(".trouble")).to_contain_text("Alerts")
