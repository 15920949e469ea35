"""The guest search at the console, and what opens behind a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import SitDown

pytestmark = pytest.mark.browser


def _patient(page: Page) -> Page:
    """Ask again, by the button, whenever the service was too late to look somebody up."""
    again = page.locator(".search-screen .banner button")
    page.add_locator_handler(again, again.click)
    return page


def test_a_guest_is_found_by_name_and_by_code(sit_down: SitDown, pictures: Path) -> None:
    """What is typed is looked up by the service; a line opens with telephone, price and account."""
    desk = sit_down().sit_at("in-house").whole()
    page = _patient(desk.page)
    line = page.locator(".line-block > .line").first
    code, name = line.locator(".cell-guest .code").inner_text(), line.locator(".cell-guest .name").first.inner_text()
    desk.go_to("search")
    expect(page.locator("#guest-search")).to_be_focused()
    page.keyboard.type(code)
    expect(page.locator(".search-screen .line-block > .line")).to_have_count(1)
    expect(page.locator(".search-screen .name").first).to_have_text(name)
    page.fill("#guest-search", name.split()[0])
    expect(page.locator(".search-screen > p[role=status]")).to_contain_text("found")
    desk.picture(pictures, "search-found", whole=False)
    page.fill("#guest-search", code)
    expect(page.locator(".search-screen .line-block > .line")).to_have_count(1)
    page.locator(".search-screen .line-block > .line").click()
    expect(page.locator(".details-rest dl")).to_contain_text("Rate a night")
    desk.picture(pictures, "stay-details", whole=False)


def test_nobody_found_is_said(sit_down: SitDown) -> None:
    """A search without result says so, and an emptied field asks nobody."""
    desk = sit_down().sit_at("search")
    page = _patient(desk.page)
    page.fill("#guest-search", "qqqqzzzz")
    expect(page.locator(".search-screen")).to_contain_text("Nobody found")
    seen = desk.requests()
    page.fill("#guest-search", "")
    expect(page.locator(".search-screen")).not_to_contain_text("Nobody found")
    assert not [request for request in seen if "/reservations?" in request.url]
