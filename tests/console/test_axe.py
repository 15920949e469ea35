"""Nothing for axe-core to complain about, on any screen, in any language, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.audit import WITH_COLOURS, complaints
from tests.console.conftest import SitDown
from tests.console.desk import Desk
from tests.worlds import World

pytestmark = pytest.mark.browser

_LANGUAGES = ("en", "fr", "ar", "fa-AF", "ps-AF")
_FIRST_LINE = ".line-block > .line, .tile, .plan-stay"


def test_the_check_finds_what_is_wrong(sit_down: SitDown) -> None:
    """A button without a name and a picture without words are found: the check itself works."""
    page = sit_down().open().page
    page.evaluate("document.querySelector('main').append(document.createElement('button'), new Image())")
    found = " ".join(complaints(page))
    assert "button-name" in found
    assert "image-alt" in found


@pytest.mark.parametrize("tag", _LANGUAGES)
def test_no_screen_has_a_complaint(sit_down: SitDown, world: World, pictures: Path, tag: str) -> None:
    """Sign-in, dashboard, every place, a line's details, the help and the weather panel."""
    desk = sit_down(language=tag).open()
    look = partial(complaints, desk.page, colours=tag in WITH_COLOURS)
    found = {"sign-in": look()}
    desk.sign_in()
    for place in _places(desk.page):
        desk.go_to(place)
        desk.picture(pictures, f"screen-{place}-{tag}", whole=False)
        found[place] = look()
    found |= _dialogs(desk, look)
    world.fault("reservation-service", "error")
    desk.go_to("arrivals")
    desk.page.keyboard.press("w")
    expect(desk.page.locator(".weather")).to_be_visible()
    found["weather"] = look()
    _expect_none(found)


def test_no_screen_has_a_complaint_in_the_dark(sit_down: SitDown) -> None:
    """The dark appearance, whose colours are others."""
    desk = sit_down(color_scheme="dark").sign_in()
    found = {}
    for place in _places(desk.page):
        desk.go_to(place)
        found[place] = complaints(desk.page)
    _expect_none(found)


def _expect_none(found: dict[str, list[str]]) -> None:
    lines = [f"{screen}: {complaint}" for screen, complaints_of in found.items() for complaint in complaints_of]
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def _places(page: Page) -> list[str]:
    links = page.locator(".place").all()
    return [str(link.get_attribute("data-place")) for link in links]


def _dialogs(desk: Desk, look: Callable[[], list[str]]) -> dict[str, list[str]]:
    found = {}
    for place in ("arrivals", "housekeeping", "front-desk-grid"):
        desk.go_to(place)
        desk.page.locator(_FIRST_LINE).first.click()
        expect(desk.page.locator("dialog.dialog-details")).to_be_visible()
        found[f"details of {place}"] = look()
        desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("?")
    expect(desk.page.locator("dialog.help")).to_be_visible()
    found["help"] = look()
    desk.page.keyboard.press("Escape")
    return found
