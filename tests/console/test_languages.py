"""Five languages: every word there, direction, digits and calendar of each, codes untouched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.conftest import SitDown

pytestmark = pytest.mark.browser

_LANGUAGES = ("en", "fr", "ar", "fa-AF", "ps-AF")
_DIGITS = {"en": "0-9", "fr": "0-9", "ar": "\u0660-\u0669", "fa-AF": "\u06f0-\u06f9", "ps-AF": "\u06f0-\u06f9"}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "fa-AF": "حمل ثور جوزا سرطان اسد سنبله میزان عقرب قوس جدی دلو حوت",
    "ps-AF": "وری غویی غبرګولی چنګاښ زمری وږی تله لړم لیندۍ مرغومی سلواغه کب",
}
_READ_WORDS = "async (tag) => (await import(`/console/app/words/${tag}.js`)).default"


def _texts(entry: Any) -> list[str]:
    return list(entry.values()) if isinstance(entry, dict) else [entry]


def test_every_language_has_every_word(sit_down: SitDown) -> None:
    """The same keys everywhere, the same values put in, and nothing left in English where the script is another."""
    page = sit_down().open().page
    words = {tag: page.evaluate(_READ_WORDS, tag) for tag in _LANGUAGES}
    for tag, catalogue in words.items():
        assert catalogue.keys() == words["en"].keys(), tag
        for key, entry in catalogue.items():
            wanted = set(re.findall(r"\{\w+\}", " ".join(_texts(words["en"][key]))))
            given = set(re.findall(r"\{\w+\}", " ".join(_texts(entry))))
            assert given <= wanted, (tag, key)
            assert wanted - given <= {"{n}"}, (tag, key)
            bare = [re.sub(r"\{\w+\}|[^\w]|[0-9]", "", text) for text in _texts(entry)]
            if tag in {"ar", "fa-AF", "ps-AF"}:
                assert not any(re.search("[A-Za-z]", text) for text in bare), (tag, key)


@pytest.mark.parametrize("tag", _LANGUAGES)
def test_the_board_in_each_language(sit_down: SitDown, pictures: Path, tag: str) -> None:
    """Direction, digits, month names and widget titles follow the language; room numbers and codes stay as they are."""
    desk = sit_down(language=tag).sign_in().healthy()
    page = desk.page
    html = page.locator("html")
    expect(html).to_have_attribute("lang", tag)
    expect(html).to_have_attribute("dir", "ltr" if tag in {"en", "fr"} else "rtl")
    assert any(month in page.locator(".page-date").inner_text() for month in _MONTHS[tag].split())
    assert re.search(f"[{_DIGITS[tag]}]", desk.card("in-house").locator(".figure").inner_text())
    for code in desk.card("arrivals").locator(".code").all():
        assert re.fullmatch(r"[\x20-\x7e]+", code.inner_text())
        expect(code).to_have_attribute("dir", "ltr")
    side = page.locator(".side").bounding_box()
    assert side is not None
    assert (side["x"] == 0) == (tag in {"en", "fr"})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    desk.picture(pictures, f"dashboard-{tag}")


def test_changing_the_language_keeps_the_session_and_the_place(sit_down: SitDown) -> None:
    """The menu changes words, direction and the service's own titles, signs nobody out, and is remembered."""
    desk = sit_down().sign_in()
    title = desk.card("arrivals").locator("h2").inner_text()
    desk.page.locator("[data-language-switch]").focus()
    with desk.page.expect_request(lambda request: "/dashboard?" in request.url) as asked:
        desk.page.locator("[data-language-switch]").select_option("ps-AF")
    assert asked.value.headers["accept-language"] == "ps-AF"
    desk.settled()
    expect(desk.page.locator("html")).to_have_attribute("dir", "rtl")
    expect(desk.page.locator("[data-language-switch]")).to_be_focused()
    assert desk.card("arrivals").locator("h2").inner_text() != title
    desk.page.reload()
    desk.settled()
    expect(desk.page.locator("html")).to_have_attribute("lang", "ps-AF")
