"""The operator's own: the keyboard map and the preferences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown
from tests.console.desk import AGAIN_AFTER_MS, TRIES
from tests.worlds import World

pytestmark = pytest.mark.browser


def _prefer(world: World, operator: dict[str, Any], preferences: dict[str, Any]) -> None:
    """Have tenant-service keep other preferences, as if they were changed at another desk."""
    tenant, identifier = operator["tenantId"], operator["id"]
    answer = world.http.put(
        f"{world.sim}/tenant-service/api/v1/tenants/{tenant}/operators/{identifier}/preferences",
        json=preferences,
        headers={"X-Tenant-Id": tenant, "Authorization": "Bearer another-service"},
    )
    assert answer.status_code == 200, answer.text


def test_the_help_shows_the_services_keys_and_they_work(sit_down: SitDown, pictures: Path) -> None:
    """`?` lists the operator's keyboard map by its headings; a key of it leads where it says."""
    desk = sit_down().sit_with_keys_at("arrivals")
    page = desk.page
    desk.press_until("Control+k", page.locator("#guest-search:focus"))
    expect(page.locator("#guest-search")).to_be_focused()
    page.locator("#page-title").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_contain_text("Ctrl + K")
    expect(page.locator("dialog.help .elsewhere summary")).to_be_visible()
    desk.picture(pictures, "help-map", whole=False)


def test_preferences_for_every_desk_are_shown_and_followed(sit_down: SitDown, world: World) -> None:
    """What the service has is shown in the reader's words; a change made elsewhere is followed at the next reading."""
    desk = sit_down().sit_at("preferences", "revenue_manager")
    page = desk.page
    expect(page.locator("#field-density")).to_have_value("comfortable")
    expect(page.locator(".preferences-list")).to_contain_text("Pinned widgets")
    expect(page.locator("html")).to_have_attribute("data-density", "comfortable")
    _prefer(world, world.operator("revenue_manager"), {"density": "compact", "theme": "dark", "pinnedWidgets": []})
    # The event about it reaches the service a moment after the change.
    for _ in range(TRIES):
        page.keyboard.press("r")
        desk.at_rest()
        if page.locator("#field-density").input_value() == "compact":
            break
        page.wait_for_timeout(AGAIN_AFTER_MS)
    expect(page.locator("#field-theme")).to_have_value("dark")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "auto")


def test_what_this_desk_alone_likes_is_changed_here(sit_down: SitDown) -> None:
    """Language, appearance and single letters are this browser's, and win over those for every desk."""
    desk = sit_down().sit_at("preferences")
    page = desk.page
    page.locator(".preferences [data-theme-switch]").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".preferences [data-language-switch]").select_option("fr")
    desk.at_rest()
    expect(page.locator("h1")).to_have_text("Pr\u00e9f\u00e9rences")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_preferences_for_every_desk_are_saved(sit_down: SitDown) -> None:
    """What is chosen and saved here is followed here at once, and by the next desk at its start."""
    desk = sit_down().sit_at("preferences", "night_auditor")
    page = desk.page
    page.locator("#field-density").select_option("compact")
    page.locator("#save-preferences").click()
    expect(page.locator(".act[data-kind=save_preferences]")).to_have_attribute("data-state", "done")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    expect(page.locator("#field-density")).to_have_value("compact")
    other = sit_down().sit_with_keys_at("arrivals", "night_auditor")
    expect(other.page.locator("html")).to_have_attribute("data-density", "compact")


def test_what_was_changed_elsewhere_is_not_overwritten_unseen(sit_down: SitDown, world: World) -> None:
    """The save is refused, in the service's words, and the form shows what is true now."""
    desk = sit_down().sit_at("preferences", "maintenance")
    page = desk.page
    page.locator("#field-theme").select_option("light")
    _prefer(world, world.operator("maintenance"), {"density": "compact", "theme": "dark", "pinnedWidgets": []})
    page.locator("#save-preferences").click()
    row = page.locator(".act[data-kind=save_preferences]")
    expect(row).to_have_attribute("data-state", "refused")
    expect(row.locator(".act-message")).not_to_be_empty()
    expect(page.locator("#field-theme")).to_have_value("dark")


def test_a_key_of_ones_own_is_pressed_saved_and_works(sit_down: SitDown) -> None:
    """The field takes what is pressed in it instead of doing it; saved, it works at once."""
    desk = sit_down().sit_at("preferences", "fnb_manager")
    page = desk.page
    page.locator(".keys-details summary").click()
    field = page.locator("[id='key-search.open']")
    field.focus()
    page.keyboard.press("Control+k")
    expect(page.locator(".place[aria-current=page]")).to_have_attribute("data-place", "preferences")
    page.keyboard.press("Control+Shift+Y")
    expect(field).to_have_value("Ctrl+Shift+Y")
    with page.expect_response(lambda answer: "/bootstrap" in answer.url):
        page.locator("#save-shortcuts").click()
    expect(page.locator(".act[data-kind=save_shortcuts]")).to_have_attribute("data-state", "done")
    expect(field).not_to_have_class(re.compile("is-changed"))
    page.locator("#page-title").focus()
    desk.press_until("Control+Shift+Y", page.locator("#guest-search:focus"))
    expect(page.locator("#guest-search")).to_be_focused()


def test_two_actions_with_one_key_are_refused(sit_down: SitDown) -> None:
    """What clashes is the service's to know: the refusal names the place, and the map stays what it was."""
    desk = sit_down().sit_at("preferences", "housekeeping_lead")
    page = desk.page
    page.locator(".keys-details summary").click()
    page.locator("[id='key-arrivals.open']").focus()
    page.keyboard.press("Control+2")
    page.locator("#save-shortcuts").click()
    row = page.locator(".act[data-kind=save_shortcuts]")
    expect(row).to_have_attribute("data-state", "refused")
    expect(row.locator(".act-code")).to_contain_text("overrides")
