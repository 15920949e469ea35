"""The boards at the console: where a role begins, what each board shows, how it is filtered, and what fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown

pytestmark = pytest.mark.browser

_BOARDS = ("arrivals", "departures", "in-house", "today", "front-desk-grid", "housekeeping", "maintenance")


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("front_desk", "arrivals"),
        ("night_auditor", "arrivals"),
        ("housekeeper", "housekeeping"),
        ("housekeeping_lead", "housekeeping"),
        ("maintenance", "maintenance"),
        ("general_manager", "dashboard"),
    ],
)
def test_each_role_begins_where_its_work_is(sit_down: SitDown, role: str, place: str) -> None:
    """A front desk begins at the arrivals, a housekeeper at the rooms, whoever runs the house at the dashboard."""
    desk = sit_down().sit_at("", role)
    expect(desk.page.locator(".place[aria-current=page]")).to_have_attribute("data-place", place)


def test_all_seven_boards_are_reachable(sit_down: SitDown, pictures: Path) -> None:
    """Each board has its link, its heading, its counts and its lines, and the heading has the focus."""
    desk = sit_down().sit_at("dashboard")
    for place in _BOARDS:
        desk.go_to(place)
        expect(desk.page.locator("#page-title")).to_be_focused()
        expect(desk.page.locator(".trouble")).to_be_empty()
        assert desk.page.locator(".tally-one").count() >= 4
        assert desk.page.locator(".line-block > .line, .tile, .plan-block-of-rows > .plan-row").count() > 0
        desk.picture(pictures, f"{place}-en", whole=False)
