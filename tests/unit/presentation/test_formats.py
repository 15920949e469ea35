"""Numbers, money, dates and ages as each language writes them."""

# ruff: noqa: RUF001 - the texts in Arabic script are what is tested here

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.presentation import formats
from bff_backoffice.presentation.words import LANGUAGES

NOON = datetime(2026, 11, 22, 9, 35, tzinfo=UTC)
KABUL = ZoneInfo("Asia/Kabul")

# New years and year ends as Afghanistan's calendars print them; 1399, 1403 and 1408 are leap years.
KNOWN_DAYS = [
    (date(2021, 3, 20), (1399, 12, 30)),
    (date(2021, 3, 21), (1400, 1, 1)),
    (date(2024, 3, 20), (1403, 1, 1)),
    (date(2025, 3, 20), (1403, 12, 30)),
    (date(2025, 3, 21), (1404, 1, 1)),
    (date(2026, 9, 22), (1405, 6, 31)),
    (date(2026, 9, 23), (1405, 7, 1)),
    (date(2026, 11, 22), (1405, 9, 1)),
    (date(2030, 3, 20), (1408, 12, 30)),
    (date(1919, 8, 19), (1298, 5, 27)),
]


@pytest.mark.parametrize(("gregorian", "expected"), KNOWN_DAYS)
def test_solar_hijri_of_known_days(gregorian: date, expected: tuple[int, int, int]) -> None:
    """Known days of the Solar Hijri calendar come out as they are printed."""
    solar = formats.solar_hijri(gregorian)
    assert (solar.year, solar.month, solar.day) == expected


@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2250, 12, 31)))
def test_solar_hijri_days_follow_each_other(today: date) -> None:
    """The next day is the next day of the month, or the first of the next month, or new year; none is lost."""
    one, two = formats.solar_hijri(today), formats.solar_hijri(today + timedelta(days=1))
    same_month = (two.year, two.month, two.day) == (one.year, one.month, one.day + 1)
    next_month = (two.year, two.month, two.day) == (one.year, one.month + 1, 1)
    next_year = (two.year, two.month, two.day) == (one.year + 1, 1, 1)
    assert same_month or next_month or (next_year and one.month == 12)
    longest = 31 if one.month <= 6 else 30
    shortest_end = {True: 31, False: 30}[one.month <= 6] if one.month < 12 else 29
    assert 1 <= one.day <= longest
    assert same_month or one.day >= shortest_end


DAYS = [
    ("en", "Sunday, November 22, 2026"),
    ("fr", "dimanche 22 novembre 2026"),
    ("ar", "الأحد، 22 نوفمبر 2026"),
    ("fa-AF", "یکشنبه، ۱ قوس ۱۴۰۵"),
    ("ps-AF", "يونۍ، د ۱۴۰۵ د لیندۍ ۱"),
]


@pytest.mark.parametrize(("tag", "expected"), DAYS)
def test_day(tag: str, expected: str) -> None:
    """A date is written in the language's own calendar and digits."""
    assert formats.day(LANGUAGES[tag], NOON.date()) == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("en", "2:05\u202fPM"), ("fr", "14:05"), ("ar", "2:05 م"), ("fa-AF", "۱۴:۰۵"), ("ps-AF", "۱۴:۰۵")],
)
def test_clock_is_the_propertys(tag: str, expected: str) -> None:
    """A time of day is shown on the property's clock."""
    assert formats.clock_time(LANGUAGES[tag], NOON, KABUL) == expected


def test_moment_says_its_offset() -> None:
    """Date and time on paper name the clock that they were read from; no zone means the value's own."""
    assert formats.day_and_time(LANGUAGES["fr"], NOON, KABUL).endswith("14:05 (\u200eUTC+4:30\u200e)")
    assert formats.day_and_time(LANGUAGES["fr"], NOON, None).endswith("09:35 (UTC)")
    assert "UTC-5" in formats.day_and_time(LANGUAGES["fr"], NOON, ZoneInfo("America/Lima"))


MONEY = [
    ("en", "12500500000", "USD", "$12,500.50"),
    ("en", "-1250000000", "AFN", "-AFN1,250"),
    ("fr", "129000000", "EUR", "129,00\u00a0€"),
    ("ar", "12500500000", "AED", "\u200f12,500.50\u00a0د.إ.\u200f"),
    ("fa-AF", "7450000000", "AFN", "\u200e؋\u00a0۷٬۴۵۰"),
    ("ps-AF", "7450000000", "AFN", "؋\u00a0۷٬۴۵۰"),
]


@pytest.mark.parametrize(("tag", "micro", "currency", "expected"), MONEY)
def test_money(tag: str, micro: str, currency: str, expected: str) -> None:
    """Micro-units become an amount with the currency's own decimals and the language's digits."""
    assert formats.money(LANGUAGES[tag], MoneyAmount(amount_micro=micro, currency=currency)) == expected


@pytest.mark.parametrize(
    ("tag", "expected"), [("en", "-3"), ("ar", "\u200e-3"), ("fa-AF", "\u200e\u2212۳"), ("ps-AF", "\u200e-\u200e۳")]
)
def test_minus_keeps_its_side(tag: str, expected: str) -> None:
    """A negative number carries the language's own minus sign, with the mark that keeps it before the number."""
    assert formats.number(LANGUAGES[tag], -3) == expected


@given(st.integers(min_value=-(10**20), max_value=10**20))
def test_no_cent_is_lost(micro: int) -> None:
    """Money is exact at any size: what is written is the amount, rounded to cents at most once."""
    written = formats.money(LANGUAGES["en"], MoneyAmount(amount_micro=str(micro), currency="USD"))
    cents = int(written.replace("$", "").replace(",", "").replace(".", ""))
    assert abs(cents * 10_000 - micro) <= 5_000


@pytest.mark.parametrize(
    ("tag", "expected"), [("en", "78.4%"), ("fr", "78,4\u00a0%"), ("fa-AF", "۷۸٫۴٪"), ("ps-AF", "۷۸٫۴٪")]
)
def test_percent(tag: str, expected: str) -> None:
    """A percentage has one decimal where it needs one, and the language's own sign."""
    assert formats.percent(LANGUAGES[tag], 78.4) == expected
    assert formats.percent(LANGUAGES["en"], 100) == "100%"
    assert formats.percent(LANGUAGES["en"], 103.4, decimals=0) == "103%"


AGES = [
    (0, "Just now", "همین حالا"),
    (-50, "Just now", "همین حالا"),
    (12_400, "12 sec. ago", "۱۲ ثانیه پیش"),
    (95_000, "1 min. ago", "۱ دقیقه پیش"),
    (3_599_000, "59 min. ago", "۵۹ دقیقه پیش"),
    (7_300_000, "2 hr. ago", "۲ ساعت پیش"),
    (86_400_000, "1 day ago", "۱ روز پیش"),
]


@pytest.mark.parametrize(("milliseconds", "english", "dari"), AGES)
def test_age(milliseconds: int, english: str, dari: str) -> None:
    """An age is told in its largest whole unit and never older than it is."""
    assert formats.age(LANGUAGES["en"], milliseconds) == english
    assert formats.age(LANGUAGES["fa-AF"], milliseconds) == dari


@pytest.mark.parametrize(
    ("minutes", "english", "dari"),
    [(0, "Just now", "همین حالا"), (80, "in 80 min.", "۸۰ دقیقه بعد"), (-25, "25 min. ago", "۲۵ دقیقه پیش"),
     (300, "in 5 hr.", "۵ ساعت بعد")],
)  # fmt: skip
def test_distance(minutes: int, english: str, dari: str) -> None:
    """A moment is told by how far off it is, in minutes up to three hours."""
    moment = NOON + timedelta(minutes=minutes)
    assert formats.distance(LANGUAGES["en"], moment, NOON) == english
    assert formats.distance(LANGUAGES["fa-AF"], moment, NOON) == dari


def test_zone_name() -> None:
    """A zone is named after its city, in the reader's language where CLDR knows it, else readably."""
    assert formats.zone_name(LANGUAGES["fa-AF"], "Asia/Kabul") == "کابل"
    assert formats.zone_name(LANGUAGES["en"], "America/Argentina/Buenos_Aires") == "Buenos Aires"
    assert formats.zone_name(LANGUAGES["en"], "Nowhere/At_All") == "At All"
