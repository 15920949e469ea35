"""A real Chromium on the real world, and a desk that a test can sit down at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browsers import CHROMIUM, HOW_TO_INSTALL
from tests.console.desk import PATIENCE_MS, Desk
from tests.worlds import World

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SitDown = Callable[..., Desk]
FREE_DEVICES = 3
_SEEN = 2_000
_PAGES = pytest.StashKey[list[Page]]()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; the tests are skipped in one line where there is none."""
    if CHROMIUM is None:
        pytest.skip(f"no Chromium here: `{HOW_TO_INSTALL}` lets the console tests run")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield opened
        opened.close()


def _leave_free_devices(world: World) -> None:
    """Every browser profile has a key of its own and takes a device; a reset frees them before they run out."""
    devices = world.http.get(f"{world.sim}/_control/world").json()["devices"]
    free = Counter(device["tenantId"] for device in devices if not device["bound"])
    if min(free[tenant] for tenant in world.tenants) < FREE_DEVICES:
        world.control("POST", "reset")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell what was on the screen when a test failed: the last that a locator says of it is that it waited."""
    report = yield
    if report.failed and call.when == "call":
        seen = [f"{page.url}\n{page.locator('body').inner_text()[:_SEEN]}" for page in item.stash.get(_PAGES, [])]
        report.sections += [("on the screen", each) for each in seen]
    return report


@pytest.fixture
def sit_down(browser: Browser, world: World, request: pytest.FixtureRequest) -> Iterator[SitDown]:
    """Open the console in a browser profile of its own. Nothing may break in it, and nothing may break its policy."""
    _leave_free_devices(world)
    complaints: list[str] = []
    contexts: list[BrowserContext] = []
    pages = request.node.stash.setdefault(_PAGES, [])

    def open_console(
        *, language: str = "en", width: int = 1440, height: int = 900, at: World | None = None, **more: object
    ) -> Desk:
        # Without motion a picture is always of a settled page.
        options = {"locale": "en-US", "reduced_motion": "reduce", **more}
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page: Page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        return Desk(page, at or world, language)

    yield open_console
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def new_day(world: World) -> None:
    """The world as it began: guests who came in one test are due again in the next."""
    world.control("POST", "reset")
    world.forget_cache()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are kept for those who want to look."""
    folder = Path(__file__).parents[2] / "artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
