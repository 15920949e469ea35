"""The downtime pack at the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown

pytestmark = pytest.mark.browser


def test_the_downtime_pack_opens_as_a_page_to_print(sit_down: SitDown, pictures: Path) -> None:
    """Whoever answers for guests and money has it; it opens in the reader's language, and a housekeeper has no link."""
    desk = sit_down(language="fa-AF").sit_at("arrivals", "front_desk")
    desk.page.locator("#pack").click()
    frame = desk.page.frame_locator(".page-frame")
    expect(frame.locator("html")).to_have_attribute("dir", "rtl")
    expect(frame.locator("table").first).to_be_visible()
    desk.picture(pictures, "downtime-pack", whole=False)
    other = sit_down().sit_at("", "housekeeper")
    expect(other.page.locator("#pack")).to_have_count(0)
