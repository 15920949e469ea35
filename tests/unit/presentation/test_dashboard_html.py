"""The dashboard as a page: well-formed, escaped, in every language, whatever its widgets end as."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from bff_backoffice.application import tiles
from bff_backoffice.application.dashboard import WidgetFrame
from bff_backoffice.application.ports import UpstreamTimeoutError, UpstreamUnavailableError
from bff_backoffice.domain.dashboard import LAYOUT, Outcome, WidgetId
from bff_backoffice.presentation.dashboard_html import (
    Page,
    PageWriter,
    content_security_policy,
    widget,
)
from bff_backoffice.presentation.words import LANGUAGES, Language, message
from tests.unit.presentation.html_reader import StrictPage
from tests.unit.presentation.sample_board import NOW, TILES, end_frame, guest, movement, start_frame, widget_frame

GOLDEN = Path(__file__).parent / "golden"
STALE = frozenset({WidgetId.PROPERTY, WidgetId.ROOMS})
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
HOSTILE = '<img src=x onerror="alert(1)">&quot;\'</bdi></section><script>alert(2)</script>'


def frames() -> list[WidgetFrame]:
    """Every widget, some of them not well, in an order that is not the board's."""
    ended: dict[WidgetId, WidgetFrame] = {
        WidgetId.WORK_ORDERS: widget_frame(
            WidgetId.WORK_ORDERS, Outcome.TIMEOUT, failure=UpstreamTimeoutError("maintenance-service"), data=False
        ),
        WidgetId.REVPAR: widget_frame(
            WidgetId.REVPAR, Outcome.STALE, failure=UpstreamUnavailableError("analytics-service")
        ),
        WidgetId.ADR: widget_frame(WidgetId.ADR, Outcome.CACHED),
    }
    return [ended.get(row, widget_frame(row)) for row in reversed(LAYOUT)]


def page(language: Language, *, some: list[WidgetFrame] | None = None, complete: bool = True) -> str:
    """The whole page, chunk behind chunk."""
    start = start_frame(stale=STALE)
    ended = frames() if some is None else some
    write = PageWriter(language)
    chunks = [write(frame) for frame in (start, *ended)]
    if complete:
        chunks.append(write(end_frame(ended)))
    return b"".join(chunks).decode()


@EVERY_LANGUAGE
def test_page_is_well_formed(language: Language) -> None:
    """Every element is closed where it was opened, no id and no attribute comes twice, the language is declared."""
    read = StrictPage(page(language))
    assert read.faults == []
    assert len(read.ids) == len(set(read.ids))
    assert read.elements[0] == ("html", {"lang": language.tag, "dir": language.dir})


@EVERY_LANGUAGE
def test_golden_reading(language: Language) -> None:
    """What a person reads on the page, text by text, is what was looked at and found good."""
    written = "\n".join(StrictPage(page(language)).texts) + "\n"
    path = GOLDEN / f"{language.tag}.txt"
    assert written == path.read_text(encoding="utf-8"), f"look at the difference, then rewrite {path.name}"


@EVERY_LANGUAGE
def test_every_widget_has_a_slot_and_its_section(language: Language) -> None:
    """The first chunk has one named slot per widget; each widget's section names that slot and its own heading."""
    elements = StrictPage(page(language)).elements
    slots = [given["name"] for tag, given in elements if tag == "slot"]
    sections = [given for tag, given in elements if tag == "section" and given.get("slot")]
    expected = {f"w-{row.value}" for row in LAYOUT}
    assert expected == {name for name in slots if str(name).startswith("w-")}
    assert expected == {given["slot"] for given in sections}
    headings = {given.get("id") for tag, given in elements if tag == "h2"}
    assert all(given["aria-labelledby"] in headings for given in sections)


def test_skeletons_are_busy_and_widgets_are_not() -> None:
    """What is awaited says so to assistive technology; what has come does not."""
    elements = StrictPage(page(LANGUAGES["en"])).elements
    sections = [given for tag, given in elements if tag == "section"]
    assert len(sections) == 2 * len(LAYOUT)
    assert all((given.get("aria-busy") == "true") is (given.get("slot") is None) for given in sections)


def test_page_carries_no_script_and_no_inline_style() -> None:
    """Nothing on the page runs: no script, no event attribute, no style attribute that the policy would refuse."""
    html = page(LANGUAGES["en"])
    read = StrictPage(html)
    assert not [tag for tag, _ in read.elements if tag in {"script", "iframe", "object", "link", "base", "form"}]
    assert not [name for _, given in read.elements for name in given if name.startswith("on") or name == "style"]


def test_policy_admits_exactly_the_pages_style() -> None:
    """Each style element's hash is the one in the policy, and photos come from the named origins only."""
    styles = re.findall(r"<style>(.*?)</style>", page(LANGUAGES["en"]), flags=re.DOTALL)
    hashes = {b64encode(sha256(style.encode()).digest()).decode() for style in styles}
    policy = content_security_policy(("https://photos.example",))
    assert len(styles) == 2
    assert len(hashes) == 1
    assert f"style-src 'sha256-{hashes.pop()}'" in policy
    assert "img-src https://photos.example;" in policy
    assert "default-src 'none'" in policy
    assert "img-src 'none'" in content_security_policy(())


def test_hostile_names_stay_text() -> None:
    """Markup in a guest's name, a room number, a title or an upstream's status word is shown, never obeyed."""
    hostile: dict[WidgetId, tiles.Tile] = {
        WidgetId.ARRIVALS: msgspec.structs.replace(movement(), next=[guest(HOSTILE, HOSTILE, 15, HOSTILE)]),
        WidgetId.WORK_ORDERS: tiles.WorkOrdersTile(
            open=1, critical=1, high=0, overdue=0, rooms_blocked=0,
            items=[tiles.WorkOrderLine(id="x", title=HOSTILE, severity=HOSTILE, status=HOSTILE, room_number=HOSTILE)],
        ),
        WidgetId.RATES: tiles.RatesTile(items=[tiles.RateLine(room_type_id="x", name=HOSTILE, price=None)]),
        WidgetId.PROPERTY: tiles.PropertyTile(
            id="x", name=HOSTILE, city=HOSTILE, country=HOSTILE, timezone=HOSTILE, rooms=1,
            photo_url=f"https://photos.example/{HOSTILE}", photo_alt=HOSTILE,
        ),
        WidgetId.DEVICES: tiles.DevicesTile(
            queued_actions=0,
            items=[tiles.DeviceLine(device_id=HOSTILE, status=HOSTILE, last_heartbeat_at=None, queued_actions=0)],
        ),
    }  # fmt: skip
    some = [widget_frame(row, tile=tile) for row, tile in hostile.items()]
    html = page(LANGUAGES["fa-AF"], some=some)
    read = StrictPage(html)
    assert read.faults == []
    assert not [tag for tag, _ in read.elements if tag == "script"]
    assert not [name for _, given in read.elements for name in given if name.startswith("on")]
    assert sum(HOSTILE.partition("&quot;")[0] in text for text in read.texts) >= 8


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", " https://x"])
def test_a_photo_is_an_http_address(address: str) -> None:
    """A photo's address of any other scheme is left out."""
    card = msgspec.structs.replace(TILES[WidgetId.PROPERTY], photo_url=address)
    assert "<img" not in page(LANGUAGES["en"], some=[widget_frame(WidgetId.PROPERTY, tile=card)])


@EVERY_LANGUAGE
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_widget_in_every_outcome(language: Language, outcome: Outcome) -> None:
    """Each widget renders whatever it ends as: with data its tile, without it a sentence; its outcome in words."""
    context = Page(language=language)
    has_data = outcome in {Outcome.FRESH, Outcome.CACHED, Outcome.STALE, Outcome.FALLBACK}
    for row in LAYOUT.values():
        chunk = widget(context, widget_frame(row.id, outcome, data=has_data), span=row.span).decode()
        read = StrictPage(chunk)
        assert read.faults == []
        assert message(language, f"outcome.{outcome.value}") in read.texts
        assert ('class="failure"' in chunk) is not has_data


def test_empty_lists_say_so() -> None:
    """A list with nothing in it is a sentence, not an empty table."""
    empty: dict[WidgetId, tiles.Tile] = {
        WidgetId.ARRIVALS: movement(remaining=0),
        WidgetId.DEPARTURES: movement(remaining=0),
        WidgetId.ARRIVALS_AT_RISK: tiles.ArrivalsAtRiskTile(due_within_minutes=180, total=0, items=[]),
        WidgetId.WORK_ORDERS: tiles.WorkOrdersTile(open=0, critical=0, high=0, overdue=0, rooms_blocked=0),
        WidgetId.RATES: tiles.RatesTile(items=[]),
        WidgetId.ALERTS: tiles.AlertsTile(unread=0, critical=0, warning=0, items=[]),
        WidgetId.SUGGESTIONS: tiles.SuggestionsTile(open=0, items=[]),
        WidgetId.DEVICES: tiles.DevicesTile(items=[], queued_actions=0),
        WidgetId.OUTLOOK: tiles.OutlookTile(days=[]),
    }
    english = LANGUAGES["en"]
    for row, tile in empty.items():
        chunk = widget(Page(language=english), widget_frame(row, tile=tile), span=4).decode()
        assert message(english, f"empty.{row.value}") in StrictPage(chunk).texts
        assert "<table" not in chunk


def test_numbers_at_their_edges() -> None:
    """A hotel without rooms, a series of equal values and an overbooked night are drawn, not divided by."""
    zero = tiles.MoneyAmount(amount_micro="0", currency="AFN")
    edges: dict[WidgetId, tiles.Tile] = {
        WidgetId.ROOMS: tiles.RoomsTile(
            dirty=0, cleaning=0, clean=0, inspected=0, ready=0, out_of_order=0, out_of_service=0, total=0
        ),
        WidgetId.ADR: tiles.KpiTile(value=zero, previous=zero, series=[zero] * 7),
        WidgetId.OCCUPANCY: tiles.OccupancyTile(percent=140.0),
        WidgetId.ARRIVALS: tiles.MovementTile(
            date=movement().date, total_rooms=0, remaining_rooms=0, total_guests=0
        ),
    }  # fmt: skip
    for row, tile in edges.items():
        chunk = widget(Page(language=LANGUAGES["fr"]), widget_frame(row, tile=tile), span=4).decode()
        assert StrictPage(chunk).faults == []
        fills = re.findall(r'class="fill"[^>]* width="([^"]+)"', chunk)
        assert all(0 <= float(width) <= 100 for width in fills), fills


def test_data_of_another_version_costs_one_tile() -> None:
    """Data that is not the widget's shape gives a sentence in its place and leaves the page whole."""
    odd = widget_frame(WidgetId.ROOMS, tile=TILES[WidgetId.ADR])
    read = StrictPage(page(LANGUAGES["en"], some=[odd]))
    assert read.faults == []
    assert message(LANGUAGES["en"], "errors.bff.upstream_invalid_response") in read.texts


def test_a_cut_page_says_so() -> None:
    """Without its last chunk the page still shows the sentence for that; with it, how it ended."""
    english = LANGUAGES["en"]
    cut, whole = page(english, complete=False), page(english)
    assert message(english, "page.loading") in StrictPage(cut).texts
    assert "settled" not in StrictPage(cut).texts
    assert 'slot="end"' in whole
    assert 'slot="end"' not in cut
    assert message(english, "page.partial", count=2) in StrictPage(whole).texts


def test_room_numbers_and_codes_stay_latin() -> None:
    """In Dari, counts are written in Dari digits while a room number stays as it is on the door, in an isolate."""
    html = page(LANGUAGES["fa-AF"])
    assert '<bdi class="code" dir="ltr">204</bdi>' in html
    assert "۲۲۹" in html


def test_a_cold_page_learns_its_property_on_the_way() -> None:
    """Until the property's card is there times are distances; with it come the name, and its clock for what follows."""
    write = PageWriter(LANGUAGES["fr"])
    start = write(start_frame()).decode()
    assert "Kabul Serena Gardens" not in start
    assert "09:35 (UTC)" in StrictPage(start + "</div></body></html>").texts[2]
    before = StrictPage(write(widget_frame(WidgetId.ARRIVALS)).decode())
    assert "dans 55 min" in before.texts
    assert "15:00" not in before.texts
    card = write(widget_frame(WidgetId.PROPERTY)).decode()
    assert card.startswith('<p slot="where" class="where"><bdi>Kabul Serena Gardens</bdi></p><section')
    after = StrictPage(write(widget_frame(WidgetId.ARRIVALS)).decode())
    assert "15:00" in after.texts
    assert 'slot="where"' not in write(widget_frame(WidgetId.PROPERTY)).decode()


def test_alerts_are_told_by_their_age() -> None:
    """An alert says how long ago it was raised, so that yesterday's does not look like today's."""
    write = PageWriter(LANGUAGES["en"])
    write(start_frame(stale=STALE))
    line = tiles.AlertLine(id="n", severity="info", title="t", raised_at=NOW - timedelta(days=3, hours=2))
    tile = tiles.AlertsTile(unread=1, critical=0, warning=0, items=[line])
    assert "3 days ago" in StrictPage(write(widget_frame(WidgetId.ALERTS, tile=tile)).decode()).texts


def test_departures_without_times_have_no_column_for_them() -> None:
    """Where no guest of the list has a time, the column is left out; where one has, it stays."""
    english = LANGUAGES["en"]
    timed = movement("Ann")
    untimed = msgspec.structs.replace(timed, next=[msgspec.structs.replace(timed.next[0], expected_at=None)])
    for tile, shown in ((timed, True), (untimed, False)):
        chunk = widget(Page(language=english), widget_frame(WidgetId.DEPARTURES, tile=tile), span=4).decode()
        assert (message(english, "column.leaving") in StrictPage(chunk).texts) is shown


def test_an_amount_does_not_turn_its_sentence_round() -> None:
    """In a right-to-left sentence an amount is isolated, so that the words around it keep their places."""
    html = page(LANGUAGES["fa-AF"])
    assert "\u2068\u200e؋\u00a0\u06f3\u06f3\u06f0\u2069 بیشتر" in html


def test_a_zone_that_nobody_knows_costs_nothing() -> None:
    """A property whose zone is no zone still has its card, its name and times as distances."""
    write = PageWriter(LANGUAGES["en"])
    write(start_frame())
    odd = msgspec.structs.replace(TILES[WidgetId.PROPERTY], timezone="../../etc/passwd")
    assert StrictPage(write(widget_frame(WidgetId.PROPERTY, tile=odd)).decode()).faults == []
    assert "in 55 min." in StrictPage(write(widget_frame(WidgetId.ARRIVALS)).decode()).texts


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_has_contrast(theme: int) -> None:
    """Text is at least 4.5 to 1 on every ground that it stands on, in the light and in the dark theme."""
    style = re.search(r"<style>(.*?)</style>", page(LANGUAGES["en"]), flags=re.DOTALL)
    assert style is not None
    blocks = re.findall(r":root \{(.*?)\}", style.group(1), flags=re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[theme]))
    grounds = {
        "ink": ("tile", "paper"), "soft": ("tile", "paper"), "faint": ("tile",), "accent": ("paper", "tile"),
        "warn": ("tile", "warn-soft"), "bad": ("tile", "bad-soft"), "good": ("tile",),
    }  # fmt: skip
    for text, behind in grounds.items():
        for ground in behind:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
