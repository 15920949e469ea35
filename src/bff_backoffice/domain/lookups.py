"""What is looked up one by one or as a plain list: whom it is for, what it can be filtered by, what a search means.

Contract sections 2.1 and 10; specification section 7. `docs/decisions/lookups.md` gives the reasons.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bff_backoffice.domain.operator import OperatorRole

__all__ = [
    "AT_THE_DESK", "CARD_FALLBACK_FRESH_MS", "CARD_FRESH_MS", "CARD_KEPT_MS", "LONGEST_SEARCH", "RESERVATION_STATUSES",
    "ROWS", "TASK_KINDS", "TASK_STATUSES", "WHO_CLEANS", "WHO_KNOWS_GUESTS", "WHO_REPAIRS", "WORK_ORDER_CATEGORIES",
    "WORK_ORDER_SEVERITIES", "WORK_ORDER_STATUSES", "code_meant", "search_text",
]  # fmt: skip

ROWS: Final = 50
"""How many rows a list has where the client does not say: what the platform's services give by themselves."""
LONGEST_SEARCH: Final = 100
"""How many characters a search may have (contract, section 10)."""
CARD_FRESH_MS: Final = 60_000
"""How long a property's card counts as fresh, in ms: property-service itself says `max-age=60` of it."""
CARD_FALLBACK_FRESH_MS: Final = 5_000
"""How long a card that lacks a part would be reused, in ms. It comes from one source, so none ever does."""
CARD_KEPT_MS: Final = CARD_FRESH_MS + 600_000
"""How long it is kept at all, in ms: ten minutes more, served then only as stale (contract, section 4)."""

AT_THE_DESK: Final = frozenset({OperatorRole.FRONT_DESK, OperatorRole.NIGHT_AUDITOR})
"""Who deals with guests and their money: telephone numbers, prices, folios and invoices are theirs."""
WHO_KNOWS_GUESTS: Final = AT_THE_DESK | {
    OperatorRole.HOUSEKEEPING_LEAD, OperatorRole.FNB_MANAGER, OperatorRole.REVENUE_MANAGER,
}  # fmt: skip
"""Who has guests' names on the arrivals board: a list of reservations says no more than that."""
WHO_CLEANS: Final = AT_THE_DESK | {OperatorRole.HOUSEKEEPING_LEAD, OperatorRole.HOUSEKEEPER}
"""Who has the housekeeping board."""
WHO_REPAIRS: Final = AT_THE_DESK | {OperatorRole.HOUSEKEEPING_LEAD, OperatorRole.MAINTENANCE}
"""Who has the maintenance board."""

RESERVATION_STATUSES: Final = ("confirmed", "checked_in", "in_house", "checked_out", "cancelled", "no_show")
TASK_STATUSES: Final = ("open", "pending", "assigned", "in_progress", "paused", "completed")
"""Housekeeping's words; `open` is every unfinished one."""
TASK_KINDS: Final = ("turnover", "mid_stay_clean", "deep_clean", "post_maintenance", "post_renovation", "inspection")
WORK_ORDER_STATUSES: Final = (
    "active", "open", "assigned", "in_progress", "blocked", "resolved", "verified", "cancelled",
)  # fmt: skip
"""Maintenance's words; `active` is every one that is not done."""
WORK_ORDER_SEVERITIES: Final = ("low", "normal", "high", "critical")
WORK_ORDER_CATEGORIES: Final = (
    "plumbing", "electrical", "hvac", "lock", "generator", "water", "structural", "it", "other",
)  # fmt: skip

_INVISIBLE: Final = dict.fromkeys(
    (0x00AD, 0x061C, 0x180E, 0x200B, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)
"""Marks of direction and joining that come along when a name is copied from a page of mixed directions.

The non-joiner (U+200C) is not among them: it parts Persian words, and reservation-service reads it as a space.
"""
_TYPED_OTHERWISE: Final = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u02b9\u00b4`"), "'"),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"),
}
"""Apostrophes and hyphens as keyboards and text programs make them, by the plain ones of names and codes."""


def search_text(given: str) -> str | None:
    """Return what is searched for, in the form in which names, codes and telephone numbers are kept; None for nothing.

    NFKC makes one letter of what looks like one: letters in parts, full-width letters, the joined forms of Arabic
    letters that old programs copy. Digits of any script become 0 to 9. Case, accents and the ways to write one Arabic
    letter (yeh, kaf, heh, alef) are reservation-service's to fold, which keeps the names. A text without letter or
    digit would be the beginning of every name, and finds nobody. It is cut at `LONGEST_SEARCH` characters, where NFKC
    made it longer: the beginning of a word finds whom the word finds.
    """
    plain = unicodedata.normalize("NFKC", given).translate(_INVISIBLE).translate(_TYPED_OTHERWISE)
    text = " ".join("".join(map(_character, plain)).split())[:LONGEST_SEARCH].rstrip()
    return text if any(unicodedata.category(letter)[0] in "LN" for letter in text) else None


_SPELLED: Final = re.compile(r"(?:GM-?|-)?([0-9A-Z]{6})\Z")
_PAUSES: Final = str.maketrans("", "", " #")


def code_meant(text: str) -> str | None:
    """Return the reservation code that a search text may be part of, written out; None where it can't be one.

    Codes are `GM-XXXXXX`, and every guest of the platform has the same beginning: a desk hears what comes behind it,
    with or without pauses. A text that is written out already means nothing else.
    """
    spelled = _SPELLED.match(text.upper().translate(_PAUSES))
    code = None if spelled is None else f"GM-{spelled[1]}"
    return None if code == text.upper() else code


def _character(one: str) -> str:
    digit = unicodedata.decimal(one, None)
    if digit is not None:
        return str(digit)
    return " " if unicodedata.category(one) == "Cc" else one
