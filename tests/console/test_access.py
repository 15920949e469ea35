"""Keyboard, screen reader, small windows, large text, contrast."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown
from tests.worlds import World

pytestmark = pytest.mark.browser

# Every visible text against the ground behind it, as the browser paints them (WCAG 2.2, 1.4.3).
_CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const mix = (top, under, share) => top * share + under * (1 - share);
  const over = (top, under) => top.slice(0, 3).map((value, at) => mix(value, under[at], top[3] / 255));
  const ground = (element) => {
    if (!element) return rgba(getComputedStyle(document.documentElement).backgroundColor).slice(0, 3);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const light = (colour) => {
    const linear = (share) => share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = colour.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true })) continue;
    if (element.closest(".visually-hidden, option, script, .donut, [disabled]")) continue;
    const style = getComputedStyle(element);
    const under = ground(element);
    const [one, other] = [light(over(rgba(style.color), under)), light(under)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    const text = walker.currentNode.data.trim();
    if (ratio < (large ? 3 : 4.5)) found.push(`${element.className}: ${text} ${ratio.toFixed(2)}`);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tenant", [0, 1, 2, 3])
def test_text_has_enough_contrast(sit_down: SitDown, world: World, pictures: Path, scheme: str, tenant: int) -> None:
    """Every text of sign-in, board and weather panel reaches 4.5:1 (large 3:1), in each house's colours."""
    world.fault("pricing-service", "error")
    desk = sit_down(color_scheme=scheme).open()
    desk.choose(tenant=tenant)
    assert desk.page.locator(".signin-main").evaluate(_CONTRAST) == []
    desk.page.locator("button[type=submit]").click()
    desk.settled()
    desk.weather("billing-service", "error")
    desk.settled()
    assert desk.page.evaluate(_CONTRAST) == []
    if tenant == 0:
        desk.page.keyboard.press("Escape")
        desk.picture(pictures, f"board-{scheme}")


@pytest.mark.parametrize("tag", ["en", "fr", "fa-AF"])
def test_nothing_is_lost_in_a_narrow_window(sit_down: SitDown, pictures: Path, tag: str) -> None:
    """At 320 px (1280 px at 400 %) nothing has to be scrolled sideways, on either screen, and the menu opens."""
    desk = sit_down(language=tag, width=320, height=640).open()
    fits = "document.documentElement.scrollWidth <= 320"
    assert desk.page.evaluate(fits)
    desk.sign_in()
    assert desk.page.evaluate(fits)
    clipped = desk.page.evaluate(
        "[...document.querySelectorAll('.card *')].filter((each) => each.scrollWidth > each.clientWidth + 1 "
        "&& getComputedStyle(each).overflowX === 'visible' && each.clientWidth > 0 "
        "&& each.getBoundingClientRect().right > innerWidth).map((each) => each.className)"
    )
    assert clipped == []
    desk.picture(pictures, f"narrow-{tag}")
    desk.page.locator(".menu-button").click()
    expect(desk.page.locator("[data-language-switch]")).to_be_visible()


def test_text_at_twice_its_size(sit_down: SitDown, pictures: Path) -> None:
    """At 200 % zoom the board is whole and nothing has to be scrolled sideways."""
    desk = sit_down(width=720, height=450, device_scale_factor=2).sign_in()
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.picture(pictures, "zoom-200")


def test_the_keyboard_reaches_everything(sit_down: SitDown) -> None:
    """Skip link first; one stop for the board; arrows move between widgets as they stand; Enter opens details."""
    desk = sit_down().sign_in()
    page = desk.page
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    desk.card("occupancy").focus()
    page.keyboard.press("ArrowRight")
    expect(desk.card("adr")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(desk.card("departures")).to_be_focused()
    page.keyboard.press("Home")
    expect(desk.card("occupancy")).to_be_focused()
    assert page.locator(".card[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    expect(page.locator("#details-occupancy")).to_be_visible()


def test_arrows_follow_the_eye_from_right_to_left(sit_down: SitDown) -> None:
    """In Dari the next widget stands on the left, and the left arrow leads there."""
    desk = sit_down(language="fa-AF").sign_in()
    desk.card("occupancy").focus()
    desk.page.keyboard.press("ArrowLeft")
    expect(desk.card("adr")).to_be_focused()


def test_shortcuts_can_be_switched_off(sit_down: SitDown, pictures: Path) -> None:
    """The help dialog lists the keys and has the switch; once off, single letters do nothing."""
    desk = sit_down().sign_in()
    page = desk.page
    page.keyboard.press("?")
    dialog = page.locator("dialog.help")
    expect(dialog).to_be_visible()
    desk.picture(pictures, "help", whole=False)
    dialog.locator("#shortcuts-on").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("w")
    expect(page.locator(".weather")).to_be_hidden()


def test_letters_that_are_typed_are_no_shortcuts(sit_down: SitDown) -> None:
    """Who writes in a field gets letters."""
    desk = sit_down().sign_in()
    desk.page.get_by_role("button", name="Sign in as someone else").click()
    desk.page.locator("#search").press_sequentially("twr?")
    expect(desk.page.locator("#search")).to_have_value("twr?")
    expect(desk.page.locator("dialog")).to_have_count(0)


def test_what_is_announced_is_news(sit_down: SitDown, world: World) -> None:
    """The first board is announced once, a refresh without change is silent, a widget that turned bad is named."""
    desk = sit_down()
    desk.page.add_init_script("""
      window.heard = [];
      new MutationObserver((changes) => {
        for (const change of changes) for (const node of change.addedNodes) {
          if (change.target.id === "announcements") window.heard.push(node.textContent);
        }
      }).observe(document, { childList: true, subtree: true });
    """)
    desk.sign_in()
    region = desk.page.locator("#announcements")
    expect(region).to_have_attribute("aria-live", "polite")

    def heard(since: int = 0) -> list[str]:
        return list(desk.page.evaluate("window.heard"))[since:]

    def bad_news(since: int) -> list[str]:
        return [each for each in heard(since) if "Balances" in each and "Last known" in each]

    desk.page.wait_for_function("window.heard.length > 0")
    first = heard()
    assert first[0].startswith("Dashboard complete: ")
    assert "of 16 fresh" in first[0]
    # What it did not have in time is not known when it fails.
    desk.healthy()
    known = len(heard())
    world.fault("billing-service", "error")
    desk.refresh()
    desk.outcome("balances", "stale")
    desk.page.wait_for_function(
        "(known) => window.heard.slice(known).some((each) => each.includes('Balances'))", arg=known
    )
    assert len(bad_news(known)) == 1
    desk.refresh()
    # Whatever this reading had to say was said when its end had been taken in.
    desk.page.wait_for_timeout(200)
    assert len(bad_news(known)) == 1


def test_every_control_has_a_name_and_every_widget_a_heading(sit_down: SitDown) -> None:
    """No button, field or menu is nameless; each card is an article that its heading names; busy cards say so."""
    desk = sit_down().sign_in()
    desk.page.keyboard.press("w")
    nameless = desk.page.evaluate("""() => [...document.querySelectorAll("button, select, input, a")]
      .filter((each) => each.checkVisibility())
      .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim() || each.labels?.length))
      .map((each) => each.outerHTML)""")
    assert nameless == []
    for card in desk.page.locator(".card").all():
        assert card.evaluate("each => document.getElementById(each.getAttribute('aria-labelledby')).tagName") == "H2"


def test_the_page_keeps_a_strict_policy(sit_down: SitDown, world: World) -> None:
    """Scripts and styles come from files of this origin only; nothing inline, also once everything is painted."""
    answer = world.http.get(world.console)
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert not any("unsafe" in part for part in policy)
    desk = sit_down().sign_in()
    page = desk.page
    assert page.locator("script:not([src]), style").count() == 0
    handlers = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
    assert not [name for name in page.evaluate(handlers) if name.startswith("on")]
