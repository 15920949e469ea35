"""Acting at the console as a person would: the dialog of a line, the form, the tray with what became of it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.console.desk import Desk
from tests.worlds import World

__all__ = ["LISTEN", "Actor", "arrival", "board", "effects_on"]

LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) window.heard.push(node.textContent);
  }).observe(document.getElementById("announcements"), { childList: true });
}"""

SETTLED_MS = 20_000


def board(world: World, path: str, role: str = "front_desk") -> list[dict[str, Any]]:
    """The lines of a board of the first house, as the service has them."""
    items: list[dict[str, Any]] = world.sign_in(role).get(path).json()["items"]
    return items


def arrival(world: World) -> dict[str, Any]:
    """Somebody of the first house who is due, and whose room is ready."""
    due = board(world, "/arrivals?status=confirmed&limit=200")
    return next(item for item in due if item["roomReady"])


def effects_on(world: World, service: str, resource_id: str, kind: str) -> list[dict[str, Any]]:
    """What really happened to one thing."""
    rows = world.control("GET", f"effects?service={service}").json()
    return [row for row in rows if row["resourceId"] == resource_id and row["kind"] == kind]


class Actor:
    """Somebody at a desk who does things."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.page: Page = desk.page

    def line(self, key: str) -> Locator:
        """A line, a card or a tile by what it is about."""
        return self.page.locator(f"[data-key='{key}']")

    def begin(self, key: str, kind: str) -> Locator:
        """Open a line by keyboard and choose what to do with it; gives the form."""
        self.line(key).focus()
        self.page.keyboard.press("Enter")
        self.page.locator(f"[data-act-kind={kind}]").click()
        return self.form

    @property
    def form(self) -> Locator:
        """The form that is open."""
        return self.page.locator("dialog.dialog-act")

    def send(self) -> None:
        """Press the form's own button."""
        self.form.locator("button[type=submit]").last.click()

    def prove(self) -> None:
        """Play the simulated authenticator and confirm."""
        self.form.locator("[data-do=play]").click()
        expect(self.form.locator("#field-code")).to_have_value(re.compile(r"^[0-9]{6}$"))
        self.send()

    def act(self, kind: str) -> Locator:
        """The newest act of this kind in the tray."""
        return self.page.locator(f".act[data-kind={kind}]").first

    def becomes(self, kind: str, state: str) -> Locator:
        """Wait until the newest act of this kind has come to this."""
        row = self.act(kind)
        expect(row).to_have_attribute("data-state", state, timeout=SETTLED_MS)
        return row
