"""What stands in the cells of the printed lists: moments on the hotel's clock, guests, states, money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Final

from bff_backoffice.application.downtime_pack_lines import RoomGuest
from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.presentation.dashboard_html.markup import NOTHING, Markup, bidi, code, el, fragment
from bff_backoffice.presentation.dashboard_html.pieces import state_word
from bff_backoffice.presentation.formats import clock_time, day_and_time, day_label, money, number
from bff_backoffice.presentation.words import Language, message

__all__ = ["Cells"]

_DAYS: Final = 512
"""Days whose texts are remembered: a pack names a few dozen of them, a thousand times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The reader's language, the hotel's clock, None where nobody could say which, and whether billing could say."""

    language: Language
    zone: tzinfo | None
    balances_known: bool

    def moment(self, value: datetime | None) -> Markup:
        """Return day and time of day on the hotel's clock.

        Where that is not known, in universal time, and it says so: nobody at the desk can ask a sheet of paper.
        """
        if value is None:
            return NOTHING
        if self.zone is None:
            text = day_and_time(self.language, value, UTC)
        else:
            text = f"{self._day(value.astimezone(self.zone).date())} {clock_time(self.language, value, self.zone)}"
        return el("time", text, datetime=value.isoformat(timespec="minutes"))

    def full_moment(self, value: datetime) -> Markup:
        """Return the whole date and time with its offset, for what a whole list is as of."""
        text = day_and_time(self.language, value, self.zone or UTC)
        return el("time", text, datetime=value.isoformat(timespec="seconds"))

    def day(self, value: date) -> Markup:
        """Return a day of the hotel's calendar, as the language counts days."""
        return el("time", self._day(value), datetime=value.isoformat())

    def room(self, numbers: Iterable[str | None]) -> Markup:
        """Return room numbers: Latin digits, isolated."""
        known = [code(number) for number in numbers if number]
        return _listed(known) if known else self.missing("label.not_assigned")

    def guest(self, name: str | None, booking: str | None, *, vip: bool = False) -> Markup:
        """Return a guest's name in its own direction with the code of the booking under it."""
        if name is None and booking is None:
            return self.missing("pack.unknown")
        mark = el("strong", f" {message(self.language, 'pack.vip')}", class_="vip") if vip else None
        under = el("span", code(booking), class_="under") if booking else None
        return fragment(bidi(name) if name else self.missing("pack.unknown"), mark, under)

    def guests(self, found: list[RoomGuest] | None, *, until: bool) -> Markup:
        """Return who is in a room or comes to it, each with the day until which; "unknown" where nobody could say."""
        if found is None:
            return self.missing("pack.unknown")
        if not found:
            return NOTHING
        lines = []
        for guest in found:
            day = fragment(" · ", self.day(guest.departure_date)) if until else None
            lines.append(el("span", bidi(guest.guest_name), day, class_="line"))
        return fragment(*lines)

    def state(self, family: str, word: str | None) -> Markup:
        """Return an upstream's word in the reader's language; "unknown" where it could not be asked."""
        return self.missing("pack.unknown") if word is None else state_word(self.language, family, word)

    def money(self, value: MoneyAmount | None) -> Markup:
        """Return an amount; a dash where there is none, "unknown" where billing could not be asked."""
        if value is None:
            return NOTHING if self.balances_known else self.missing("pack.unknown")
        return bidi(money(self.language, value))

    def persons(self, adults: int, children: int) -> Markup:
        """Return how many come: `2 + 1`, and without children `2`."""
        text = number(self.language, adults)
        return bidi(f"{text} + {number(self.language, children)}" if children else text)

    def texts(self, found: Iterable[str]) -> Markup:
        """Return what guests and colleagues wrote, each in its own direction."""
        lines = [el("span", bidi(text), class_="line") for text in found if text]
        return fragment(*lines) if lines else NOTHING

    def missing(self, key: str) -> Markup:
        """Return words that stand for something that is not there."""
        return el("span", message(self.language, key), class_="missing")

    def _day(self, value: date) -> str:
        return _day_text(self.language, value)


@lru_cache(_DAYS)
def _day_text(language: Language, value: date) -> str:
    return " ".join(day_label(language, value))


def _listed(parts: list[Markup]) -> Markup:
    return fragment(*[fragment(", " if position else None, part) for position, part in enumerate(parts)])
