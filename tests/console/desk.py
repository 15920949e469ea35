"""A browser at the console, driven as a person would drive it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection
from http import HTTPStatus
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Request, expect

from tests.worlds import World

__all__ = ["AGAIN_AFTER_MS", "PATIENCE_MS", "TRIES", "WHOLE", "Desk", "claims_of"]

PATIENCE_MS = 30_000
"""Twice the time after which a board is read again: a source that was late once is there the next time."""

TRIES = 40
AGAIN_AFTER_MS = 400
WHOLE = frozenset({"fresh", "cached"})


def claims_of(compact: str, part: int = 1) -> dict[str, Any]:
    """The claims (or with `part=0` the header) of a compact JWS, unverified."""
    text = compact.split(".")[part]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


class Desk:
    """One page at the console."""

    def __init__(self, page: Page, world: World, language: str = "en") -> None:
        self.page = page
        self.world = world
        page.set_default_timeout(PATIENCE_MS)
        self.settings(language=language)

    def settings(self, **members: object) -> None:
        """Let the next page begin with these settings, unless it has its own already."""
        text = json.dumps(json.dumps(members))
        key = "'backoffice-console.settings'"
        self.page.add_init_script(f"if (!localStorage.getItem({key})) localStorage.setItem({key}, {text})")

    def open(self, place: str = "dashboard") -> Desk:
        """Go to the sign-in screen; the address names the place behind it (none: where the role begins)."""
        self.page.goto(f"{self.world.console}#/{place}" if place else self.world.console)
        self.page.locator(".signin-form").wait_for()
        return self

    def choose(self, role: str = "general_manager", tenant: int = 0) -> dict[str, Any]:
        """Choose a member of staff from the list."""
        person = self.world.operator(role, tenant)
        self.page.locator(f".tenant:has(input[value={person['tenantId']}])").click()
        self.page.locator(f".person:has(input[value={person['id']}])").click()
        return person

    def sign_in(self, role: str = "general_manager", tenant: int = 0) -> Desk:
        """Sign in, go to the dashboard where the role does not begin there, and wait until it is whole."""
        if not self.page.locator(".signin-form").is_visible():
            self.open()
        self.choose(role, tenant)
        self.page.locator("button[type=submit]").click()
        here = self.page.locator(".place[aria-current=page]")
        here.wait_for(state="attached")
        if here.get_attribute("data-place") != "dashboard":
            self.page.locator(".place[data-place=dashboard]").click()
        self.page.locator(".board .card").first.wait_for()
        return self.settled()

    def sit_at(self, place: str, role: str = "general_manager", tenant: int = 0) -> Desk:
        """Sign in and wait until this place (none: where the role begins) has been read."""
        self.open(place)
        self.choose(role, tenant)
        self.page.locator("button[type=submit]").click()
        return self.at_rest()

    def sit_with_keys_at(self, place: str, role: str = "general_manager") -> Desk:
        """Sign in and wait until the service has said, too, which keys and preferences the operator has.

        A desk goes on without them where the service is late, and asks again when its page is loaded anew.
        """
        start = self._start(lambda: self.sit_at(place, role))
        for _ in range(TRIES):
            if start == HTTPStatus.OK:
                return self
            start = self._start(self.page.reload)
            self.at_rest()
        raise AssertionError(f"the service never said what it says at the start: {start}")

    def _start(self, begin: Callable[[], object]) -> int:
        with self.page.expect_response(
            lambda answer: "/bootstrap" in answer.url and answer.request.method == "GET"
        ) as start:
            begin()
        return int(start.value.status)

    def go_to(self, place: str) -> Desk:
        """Go to another place by its link, and wait until it has been read."""
        self.page.locator(f".place[data-place={place}]").click()
        # Until then the place before is still on the screen, and has been read.
        self.page.locator(f".place[data-place={place}][aria-current]").wait_for(state="attached")
        return self.at_rest()

    def at_rest(self) -> Desk:
        """Wait until the present place has been read."""
        self.page.locator(".screen > [data-read]").wait_for()
        return self

    def settled(self) -> Desk:
        """Wait for the end of the stream that is running."""
        self.page.locator(".strip[data-state=ended]").wait_for()
        return self

    def refresh(self) -> Desk:
        """Ask for everything anew, and wait for its end."""
        with self.page.expect_response(lambda answer: "/dashboard?" in answer.url):
            self.page.keyboard.press("r")
        return self.settled()

    def card(self, widget: str) -> Locator:
        """A widget's card."""
        return self.page.locator(f"[data-widget={widget}]")

    def outcome(self, widget: str, outcome: str) -> None:
        """Wait until a widget has ended in this way."""
        expect(self.card(widget)).to_have_attribute("data-outcome", outcome, timeout=PATIENCE_MS)

    def outcomes(self) -> dict[str, str]:
        """How every widget ended."""
        cards = self.page.locator(".card").all()
        return {str(card.get_attribute("data-widget")): str(card.get_attribute("data-outcome")) for card in cards}

    def bad(self) -> set[str]:
        """The widgets that are not whole."""
        return {name for name, outcome in self.outcomes().items() if outcome not in WHOLE}

    def healthy(self, *, but: Collection[str] = (), only: Collection[str] | None = None) -> Desk:
        """Refresh until every widget (but those that are broken on purpose; or `only` these) is whole.

        On a machine that many tests share a widget may miss its deadline once. One that stays bad is found here.
        """

        def so() -> bool:
            bad = self.bad()
            return bad <= set(but) if only is None else bad.isdisjoint(only)

        return self._again_until(so, self.refresh)

    def whole(self) -> Desk:
        """Read the present board or inbox again until nothing is missing in it, for the same reason."""

        def so() -> bool:
            self.at_rest()
            read = self.page.locator(".screen > [data-read]").get_attribute("data-read")
            return read == "whole" and not "".join(self.page.locator(".screen .trouble").all_inner_texts())

        return self._again_until(so, lambda: self.page.keyboard.press("r"))

    def _again_until(self, so: Callable[[], bool], again: Callable[[], object]) -> Desk:
        for _ in range(TRIES):
            if so():
                return self
            self.page.wait_for_timeout(AGAIN_AFTER_MS)
            again()
        raise AssertionError(f"not whole: {self.outcomes()} {self.page.locator('.trouble').all_inner_texts()}")

    def press_until(self, key: str, seen: Locator) -> None:
        """Press a key of the service's map until it does something: the map is listened to a moment after it came."""
        for _ in range(TRIES):
            self.page.keyboard.press(key)
            if seen.is_visible():
                return
            self.page.wait_for_timeout(AGAIN_AFTER_MS)
        raise AssertionError(f"{key} does nothing")

    def weather(self, service: str, mode: str) -> None:
        """Change a system's weather in the panel, at the dashboard, which is then asked for anew."""
        if not self.page.locator(".weather").is_visible():
            self.page.keyboard.press("w")
        with self.page.expect_response(lambda answer: "/dashboard?" in answer.url):
            self.page.select_option(f"[data-service={service}]", mode)

    def requests(self) -> list[Request]:
        """From now on, every request to the service's API (preflights aside)."""
        seen: list[Request] = []

        def keep(request: Request) -> None:
            if request.url.startswith(self.world.bff) and request.method != "OPTIONS":
                seen.append(request)

        self.page.on("request", keep)
        return seen

    def picture(self, folder: Path, name: str, *, whole: bool = True) -> None:
        """Keep a screenshot."""
        self.page.screenshot(path=folder / f"{name}.png", full_page=whole)
