"""The page in a real browser without script: skeletons first, widgets in any order, nothing refused by the policy."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bff_backoffice.domain.dashboard import LAYOUT, WidgetId
from bff_backoffice.presentation.dashboard_html import (
    content_security_policy,
    page_end,
    page_of,
    page_start,
    widget,
)
from bff_backoffice.presentation.words import LANGUAGES, Language
from tests.browsers import CHROMIUM, HOW_TO_INSTALL
from tests.unit.presentation.sample_board import end_frame, start_frame, widget_frame

ARTEFACTS = Path(__file__).parents[3] / "artifacts" / "dashboard-html"
PATIENCE_SECONDS = 20

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium here; on Debian: {HOW_TO_INSTALL}"),
]


class Script:
    """What the server sends: chunk by chunk, each when the test says so."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks
        self.gates = [threading.Event() for _ in chunks]
        self.address = ""

    def send(self, count: int) -> None:
        """Let the first `count` chunks go."""
        for gate in self.gates[:count]:
            gate.set()


@contextmanager
def served(script: Script) -> Iterator[None]:
    """Serve the page on a loopback port, as the service does: chunked, under its own policy."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", content_security_policy())
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk, gate in zip(script.chunks, script.gates, strict=True):
                gate.wait(PATIENCE_SECONDS)
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Stay silent: what is tested is what the browser shows."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        script.send(len(script.gates))
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module; it reaches nothing but loopback."""
    switches = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
        yield chromium
        chromium.close()


def chunks_of(language: Language) -> list[bytes]:
    """The page of a whole board whose widgets come in the opposite of the board's order."""
    start = start_frame(stale=frozenset({WidgetId.PROPERTY, WidgetId.ROOMS}))
    context = page_of(start, language)
    frames = [widget_frame(row) for row in reversed(LAYOUT)]
    middle = [widget(context, frame, span=LAYOUT[frame.id].span) for frame in frames]
    return [page_start(context, start), *middle, page_end(context, end_frame(frames))]


def open_page(browser: Browser, script: Script, **options: object) -> tuple[Page, list[str]]:
    """Open the address without script and without waiting for its end; also returns what the console complained of."""
    tab = browser.new_context(java_script_enabled=False, **options).new_page()  # type: ignore[arg-type] # viewport, scheme
    complaints: list[str] = []
    tab.on("console", lambda entry: complaints.append(entry.text))
    tab.goto(script.address, wait_until="commit")
    return tab, complaints


def test_paints_widget_by_widget_without_script(browser: Browser) -> None:
    """Skeletons stand before any widget is there; each widget takes its own place, whatever order they come in."""
    script = Script(chunks_of(LANGUAGES["en"]))
    with served(script):
        tab, complaints = open_page(browser, script)
        script.send(1)
        tab.get_by_role("heading", name="Occupancy").wait_for()
        assert tab.get_by_text("78.4%").count() == 0
        assert tab.locator(".is-pending:visible").count() == len(LAYOUT) - 2
        assert tab.get_by_text("Last known values; newer ones are loading.").count() == 2
        script.send(2)
        tab.get_by_text("…0000AB").wait_for()
        assert tab.locator(".is-pending:visible").count() == len(LAYOUT) - 3
        script.send(len(script.chunks))
        tab.get_by_text("Everything is here").wait_for()
        assert tab.locator(".is-pending:visible").count() == 0
        titles = tab.locator("section[slot] h2")
        tops = {titles.nth(i).inner_text(): titles.nth(i).bounding_box() for i in range(titles.count())}
        occupancy, devices = tops["Occupancy"], tops["My devices"]
        assert occupancy is not None
        assert devices is not None
        assert occupancy["y"] < devices["y"]
        assert complaints == []
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=ARTEFACTS / "en.png", full_page=True)
        tab.context.close()


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
def test_reads_in_its_direction(browser: Browser, tag: str) -> None:
    """The first widget stands where the language begins to read; nothing sticks out of the page sideways."""
    language = LANGUAGES[tag]
    script = Script(chunks_of(language))
    with served(script):
        script.send(len(script.chunks))
        tab, complaints = open_page(browser, script, color_scheme="dark" if tag == "ps-AF" else "light")
        tab.locator(".settled").wait_for()
        first = tab.locator("section[slot=w-occupancy]").bounding_box()
        third = tab.locator("section[slot=w-revpar]").bounding_box()
        assert first is not None
        assert third is not None
        assert (first["x"] > third["x"]) is (language.dir == "rtl")
        assert complaints == []
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=ARTEFACTS / f"{tag}.png", full_page=True)
        tab.context.close()


@pytest.mark.parametrize("width", [320, 683])
def test_reflows_when_enlarged(browser: Browser, width: int) -> None:
    """At 200 % of 1366 pixels and 400 % of 1280 every tile fits the width; only wide tables scroll, inside theirs."""
    script = Script(chunks_of(LANGUAGES["fa-AF"]))
    with served(script):
        script.send(len(script.chunks))
        tab, _ = open_page(browser, script, viewport={"width": width, "height": 800})
        tab.locator(".settled").wait_for()
        tiles = tab.locator("section[slot]")
        for i in range(tiles.count()):
            box = tiles.nth(i).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=ARTEFACTS / f"fa-AF-{width}.png", full_page=True)
        tab.context.close()


def test_prints_with_definitions_and_without_skeletons(browser: Browser) -> None:
    """On paper the definitions are open, nothing is left to press, and the sheet is A4."""
    script = Script(chunks_of(LANGUAGES["fr"]))
    with served(script):
        script.send(len(script.chunks))
        tab, _ = open_page(browser, script, viewport={"width": 703, "height": 1032})
        tab.locator(".settled").wait_for()
        definition = tab.locator("section[slot=w-adr] details p").first
        assert not definition.is_visible()
        tab.emulate_media(media="print")
        assert definition.is_visible()
        assert tab.locator("section[slot] summary:visible").count() == 0
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        paper = tab.pdf(path=ARTEFACTS / "fr.pdf", prefer_css_page_size=True)
        sheets = set(re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", paper))
        assert {(round(float(wide)), round(float(tall))) for wide, tall in sheets} == {(595, 842)}
        tab.context.close()
