"""The downtime pack at the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.audit import complaints
from tests.console.conftest import SitDown
from tests.worlds import World

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


@pytest.mark.parametrize("tag", ["en", "fr", "ar", "fa-AF", "ps-AF"])
def test_the_page_to_print_has_no_complaint(sit_down: SitDown, world: World, pictures: Path, tag: str) -> None:
    """The console's frame runs no script, so axe looks at the page by itself."""
    answer = world.sign_in().get("/downtime-pack", Accept="text/html", **{"Accept-Language": tag})
    assert answer.status_code == 200
    page = sit_down(language=tag).page
    page.set_content(answer.text)
    page.screenshot(path=pictures / f"downtime-pack-{tag}.png")
    assert complaints(page) == []
