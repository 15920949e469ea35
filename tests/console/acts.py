"""Acting at the console as a person would: the dialog of a line, the form, the tray with what became of it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.acting import act, new_key
from tests.console.desk import AGAIN_AFTER_MS, TRIES, WHOLE, Desk
from tests.desktop import Desktop
from tests.waiting import until
from tests.worlds import World

__all__ = ["LISTEN", "Actor", "arrival", "board", "done_elsewhere", "effects_on"]

LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) window.heard.push(node.textContent);
  }).observe(document.getElementById("announcements"), { childList: true });
}"""

SETTLED_MS = 60_000
"""Longer than the pauses after which the console asks again how an act ended, one after another."""


def board(world: World, path: str, role: str = "front_desk") -> list[dict[str, Any]]:
    """The lines of a board or an inbox of the first house, once none of its sources was late."""
    desk = world.sign_in(role)

    def whole() -> dict[str, Any] | None:
        answer = desk.get(path)
        found: dict[str, Any] = answer.json() if answer.status_code == HTTPStatus.OK else {"outcome": "none"}
        parts = found.get("sections", [found])
        return found if all(part["outcome"] in WHOLE | {"forbidden"} for part in parts) else None

    found = until(whole)
    assert found is not None
    items: list[dict[str, Any]] = found["items"]
    return items


def arrival(world: World) -> dict[str, Any]:
    """Somebody of the first house who is due, and whose room is ready."""
    due = board(world, "/arrivals?status=confirmed&limit=200")
    return next(item for item in due if item["roomReady"])


def effects_on(world: World, service: str, resource_id: str, kind: str) -> list[dict[str, Any]]:
    """What really happened to one thing."""
    rows = world.control("GET", f"effects?service={service}").json()
    return [row for row in rows if row["resourceId"] == resource_id and row["kind"] == kind]


def done_elsewhere(desk: Desktop, path: str) -> None:
    """Have another desk do this, which asks under one key until it knows that it was done."""
    key = new_key()
    until(lambda: act(desk, path, {}, key=key).status_code == HTTPStatus.OK)


class Actor:
    """Somebody at a desk who does things, once everything is there to be seen."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk.whole()
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
        code = self.form.locator("#field-code")
        # What is in the field may have six digits too.
        before = code.input_value()
        self.form.locator("[data-do=play]").click()
        expect(code).not_to_have_value(before)
        expect(code).to_have_value(re.compile(r"^[0-9]{6}$"))
        self.send()

    def challenged(self, kind: str) -> None:
        """Send the form, and wait for the demand for a second factor."""
        self.send()
        self._insist(kind)
        expect(self.form.locator("#field-code")).to_be_focused()

    def act(self, kind: str) -> Locator:
        """The newest act of this kind in the tray."""
        return self.page.locator(f".act[data-kind={kind}]").first

    def is_done(self, kind: str) -> Locator:
        """The same for an act that a person alone repeats: whoever is told that nobody knows asks again."""
        self._insist(kind)
        return self.becomes(kind, "done")

    def _insist(self, kind: str) -> None:
        row = self.act(kind)
        for _ in range(TRIES):
            expect(row).to_have_attribute("data-state", re.compile("^(done|proof|refused|unsure)$"), timeout=SETTLED_MS)
            if row.get_attribute("data-state") != "unsure":
                return
            self.page.wait_for_timeout(AGAIN_AFTER_MS)
            row.locator("[data-do=again]").click()

    def becomes(self, kind: str, state: str) -> Locator:
        """Wait until the newest act of this kind has come to this."""
        row = self.act(kind)
        expect(row).to_have_attribute("data-state", state, timeout=SETTLED_MS)
        return row
