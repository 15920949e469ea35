"""Numbers, money, dates and ages as the reader writes them: CLDR through Babel, and Afghanistan's own calendar.

Babel knows neither the Solar Hijri calendar nor digits other than Latin ones, so both are here. Room numbers, codes and
identifiers are not numbers: they stay as they are, and never come through this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal

from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.presentation.words import Language, message

__all__ = [
    "SolarHijriDate", "age", "clock_time", "currency_amount", "day", "day_and_time", "day_label", "distance",
    "isolated", "money", "money_difference", "number", "percent", "solar_hijri", "zone_name",
    "zone_named",
]  # fmt: skip

_MICRO: Final = Decimal(1_000_000)
_AGE_UNITS_SECONDS: Final = (86_400, 3_600, 60)

# Dari names its months after the zodiac, not as Iran does (bbc/simorgh#13370 tells how long that takes to notice).
_DARI_MONTHS: Final = (
    "حمل", "ثور", "جوزا", "سرطان", "اسد", "سنبله", "میزان", "عقرب", "قوس", "جدی", "دلو", "حوت",
)  # fmt: skip
_PASHTO_MONTHS: Final = (
    "وری", "غویی", "غبرګولی", "چنګاښ", "زمری", "وږی", "تله", "لړم", "لیندۍ", "مرغومی", "سلواغه", "کب",
)  # fmt: skip

# The arithmetic calendar of 33-year cycles: 12,053 days each, eight leap years; equal to the astronomical one from 1178
# to 1633 (1799 to 2255). The offset puts day 0 at the first day of year -1595, where a cycle begins.
_CYCLE_DAYS: Final = 12_053
_CYCLE_YEARS: Final = 33
_FOUR_YEARS_DAYS: Final = 1_461
_YEAR_DAYS: Final = 365
_FIRST_YEAR: Final = -1_595
_DAYS_BEFORE_ORDINAL_ONE: Final = 355_666 + 366
_LONG_MONTH_DAYS: Final = 31
_SHORT_MONTH_DAYS: Final = 30
_LONG_MONTHS: Final = 6


@dataclass(frozen=True, slots=True)
class SolarHijriDate:
    """A day of the calendar that Afghanistan lives by: year, month 1 to 12, day 1 to 31."""

    year: int
    month: int
    day: int


def solar_hijri(value: date) -> SolarHijriDate:
    """Return the Solar Hijri day of a Gregorian one."""
    cycles, rest = divmod(value.toordinal() + _DAYS_BEFORE_ORDINAL_ONE, _CYCLE_DAYS)
    fours, rest = divmod(rest, _FOUR_YEARS_DAYS)
    year = _FIRST_YEAR + _CYCLE_YEARS * cycles + 4 * fours
    if rest > _YEAR_DAYS:
        # The first year of four is the leap one, hence the day that is taken off before dividing.
        years, rest = divmod(rest - 1, _YEAR_DAYS)
        year += years
    long_days = _LONG_MONTHS * _LONG_MONTH_DAYS
    if rest < long_days:
        return SolarHijriDate(year, 1 + rest // _LONG_MONTH_DAYS, 1 + rest % _LONG_MONTH_DAYS)
    rest -= long_days
    return SolarHijriDate(year, 1 + _LONG_MONTHS + rest // _SHORT_MONTH_DAYS, 1 + rest % _SHORT_MONTH_DAYS)


def number(language: Language, value: float | Decimal) -> str:
    """Return a count or a decimal with the language's grouping, signs and digits."""
    text = format_decimal(value, locale=language.babel_locale, numbering_system="default")
    return language.digits(_signed(language, text))


def percent(language: Language, value: float, *, decimals: int = 1) -> str:
    """Return `value`, which is 0 to 100 for none to all, as a percentage."""
    # Babel's own percent pattern has no decimals, and a pattern of ours would lose the sign and the space that the
    # language puts there: so the number is ours, and what stands around it is the pattern's.
    pattern = language.babel_locale.percent_formats[None]
    sign = _symbol(language, "percentSign", "%")
    figure = number(language, round(Decimal(str(value)), decimals).normalize() + 0)
    return f"{pattern.prefix[0]}{figure}{pattern.suffix[0]}".replace("%", sign)


def currency_amount(language: Language, amount: Decimal, currency: str) -> str:
    """Return an amount in the currency's own decimals: afghani have none, dirham and euro two."""
    text = format_currency(amount, currency, locale=language.babel_locale, numbering_system="default")
    return language.digits(_signed(language, text))


def money(language: Language, value: MoneyAmount) -> str:
    """Return money as the wire carries it (`{"amountMicro", "currency"}`) in the reader's language."""
    return currency_amount(language, Decimal(value.amount_micro) / _MICRO, value.currency)


def money_difference(later: MoneyAmount, earlier: MoneyAmount) -> Decimal:
    """Return by how much `later` is more than `earlier`, in currency units. Both have the same currency."""
    return (Decimal(later.amount_micro) - Decimal(earlier.amount_micro)) / _MICRO


def day(language: Language, value: date) -> str:
    """Return a date in full, with its weekday; in Dari and Pashto by the Solar Hijri calendar."""
    if not language.native_digits:
        return format_date(value, "full", locale=language.babel_locale)
    solar = solar_hijri(value)
    weekday = language.babel_locale.days["format"]["wide"][value.weekday()]
    if language.babel_locale.language == "ps":
        text = f"{weekday}، د {solar.year} د {_PASHTO_MONTHS[solar.month - 1]} {solar.day}"
    else:
        text = f"{weekday}، {solar.day} {_DARI_MONTHS[solar.month - 1]} {solar.year}"
    return language.digits(text)


def day_label(language: Language, value: date) -> tuple[str, str]:
    """Return a date for a narrow column: its weekday, then its day and month, no year."""
    if not language.native_digits:
        weekday = format_skeleton("E", value, locale=language.babel_locale)
        return weekday, format_skeleton("MMMd", value, locale=language.babel_locale)
    solar = solar_hijri(value)
    weekday = language.babel_locale.days["format"]["wide"][value.weekday()]
    months = _PASHTO_MONTHS if language.babel_locale.language == "ps" else _DARI_MONTHS
    return weekday, language.digits(f"{solar.day} {months[solar.month - 1]}")


def clock_time(language: Language, value: datetime, zone: tzinfo | None) -> str:
    """Return the time of day in `zone`, the property's; without one in the offset that the value itself has."""
    local = _in_zone(value, zone)
    return language.digits(format_time(local.timetz(), "short", locale=language.babel_locale, tzinfo=local.tzinfo))


def day_and_time(language: Language, value: datetime, zone: tzinfo | None) -> str:
    """Return date and time of day in `zone`, with the zone's offset: on paper nobody can ask which clock was meant."""
    local = _in_zone(value, zone)
    comma = "،" if language.dir == "rtl" else ","
    return f"{day(language, local.date())}{comma} {clock_time(language, value, zone)} ({_offset(local)})"


def age(language: Language, milliseconds: int) -> str:
    """Return how long ago something was, in its largest whole unit: `12 sec. ago`."""
    seconds = milliseconds // 1_000
    if seconds < 1:
        return message(language, "age.now")
    # Whole units only: Babel would round 95 seconds up to two minutes, and an age must not look older than it is.
    unit = next((unit for unit in _AGE_UNITS_SECONDS if seconds >= unit), 1)
    elapsed = timedelta(seconds=-(seconds - seconds % unit))
    text = format_timedelta(elapsed, threshold=1, add_direction=True, format="short", locale=language.babel_locale)
    return language.digits(text)


def distance(language: Language, value: datetime, now: datetime) -> str:
    """Return how far off a moment is: `in 80 min.`, `5 hr. ago`. It needs no clock of any place.

    Hours begin at three: a desk plans the next two in minutes.
    """
    elapsed = _in_zone(value, UTC) - _in_zone(now, UTC)
    if abs(elapsed) < timedelta(minutes=1):
        return message(language, "age.now")
    text = format_timedelta(
        elapsed, threshold=3, granularity="minute", add_direction=True, format="short", locale=language.babel_locale
    )
    return language.digits(text)


def isolated(text: str) -> str:
    """Return text that keeps its own direction inside a sentence (U+2068 and U+2069): an amount, a name."""
    return f"\u2068{text}\u2069"


def zone_named(name: str) -> tzinfo | None:
    """Return the time zone of an IANA name; None for a name that the tables do not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # The name comes from an upstream; a page without its clock is better than no page.
        return None


def zone_name(language: Language, zone: str) -> str:
    """Return the city that a time zone is named after, in the reader's language where CLDR has it."""
    city = language.babel_locale.time_zones.get(zone, {}).get("city")
    return str(city) if city else zone.rpartition("/")[2].replace("_", " ")


def _signed(language: Language, text: str) -> str:
    """Put the language's own minus sign where a pattern has its stand-in.

    CLDR's patterns write `-` for the sign, whose marks hold it in its place; Babel leaves the `-`, which then stands on
    the wrong side of a number in right-to-left text.
    """
    return text.replace("-", _symbol(language, "minusSign", "-"))


def _symbol(language: Language, name: str, default: str) -> str:
    locale = language.babel_locale
    return str(locale.number_symbols[locale.default_numbering_system].get(name, default))


def _in_zone(value: datetime, zone: tzinfo | None) -> datetime:
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return aware.astimezone(zone) if zone is not None else aware


def _offset(value: datetime) -> str:
    minutes = round((value.utcoffset() or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    # Left-to-right marks keep sign and colon where they belong inside right-to-left text.
    return f"\u200eUTC{sign}{hours}:{rest:02d}\u200e" if rest else f"\u200eUTC{sign}{hours}\u200e"
