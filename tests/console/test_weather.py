"""The weather panel: the simulator's faults as switches, and their effect at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = pytest.mark.browser


def test_breaking_one_system_shows_at_once_and_only_there(sit_down: SitDown, pictures: Path) -> None:
    """Maintenance drops its connections: its widget falls back to what was known, every other one is fresh."""
    desk = sit_down().sign_in().healthy()
    desk.weather("maintenance-service", "reset")
    desk.outcome("work-orders", "stale")
    desk.settled().healthy(but={"work-orders"})
    desk.outcome("work-orders", "stale")
    expect(desk.page.locator(".weather-status")).to_contain_text("1")
    desk.picture(pictures, "weather", whole=False)


def test_all_but_one_bad_and_back_to_health(sit_down: SitDown, world: World) -> None:
    """With every system but reservations hanging, reservations' widgets are fresh; one button heals everything."""
    desk = sit_down().sign_in()
    world.forget_cache()
    desk.page.keyboard.press("w")
    desk.page.select_option("#storm-survivor", "reservation-service")
    desk.page.locator("#all-but-one").click()
    desk.outcome("rates", "timeout")
    desk.healthy(only={"arrivals", "departures", "in-house"})
    expect(desk.page.locator(".system.is-troubled")).to_have_count(9)
    desk.page.locator("#clear-skies").click()
    expect(desk.page.locator(".system.is-troubled")).to_have_count(0)
    desk.healthy()


def test_the_panel_shows_what_somebody_else_has_set(sit_down: SitDown, world: World) -> None:
    """A fault that was set at the control route is there when the panel opens, also a mode it does not offer."""
    world.fault("lock-integration-service", "applied_then_lost")
    desk = sit_down().sign_in()
    desk.page.keyboard.press("w")
    expect(desk.page.locator("[data-service=lock-integration-service]")).to_have_value("applied_then_lost")
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".weather")).to_be_hidden()
    expect(desk.page.locator("#weather-toggle")).to_be_focused()
