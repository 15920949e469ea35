"""The words that people read: which language, which direction, which text.

The `.po` files under `locales/` are the source of truth and are read as they are, so there is no compile step that can
be forgotten. Keys are message ids; each language holds the same keys (`tests/conventions/test_catalogue.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import c2py
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

from babel import Locale
from babel.messages.pofile import read_po

from bff_backoffice.presentation.qualities import quality

__all__ = [
    "DEFAULT_LANGUAGE", "LANGUAGES", "Direction", "Language", "choose_language", "known_messages", "language_of",
    "message", "message_or_none",
]  # fmt: skip

Direction = Literal["ltr", "rtl"]

_EXTENDED_ARABIC: Final = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_DOMAINS: Final = ("errors", "dashboard", "downtime", "shortcuts")
# A header may repeat itself without end; nobody reads more than this many languages.
_MOST_RANGES: Final = 32
# Headers whose reading is remembered: a fleet of desktops sends few that differ.
_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language that the service speaks. `tag` is BCP 47, as `lang` and `Content-Language` carry it."""

    tag: str
    dir: Direction
    babel_locale: Locale

    @property
    def native_digits(self) -> bool:
        """Whether numbers are written with `arabext` digits: CLDR's default for both languages of Afghanistan."""
        return self.babel_locale.default_numbering_system == "arabext"

    def digits(self, text: str) -> str:
        """Return `text` with its digits written as the language writes them; Babel itself leaves them Latin."""
        return text.translate(_EXTENDED_ARABIC) if self.native_digits else text


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """One language's messages: key → its forms, and which form a count takes."""

    messages: Mapping[str, tuple[str, ...]]
    plural_form: Callable[[int], int]


def _language(tag: str) -> Language:
    locale = Locale.parse(tag, sep="-")
    return Language(tag=tag, dir="rtl" if locale.text_direction == "rtl" else "ltr", babel_locale=locale)


LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType({
    tag: _language(tag) for tag in ("en", "fr", "ar", "fa-AF", "ps-AF")
})  # fmt: skip
"""By tag, in the order of contract section 2.4."""
DEFAULT_LANGUAGE: Final = LANGUAGES["en"]

# A desk that asks for Persian or Pashto without a country gets Afghanistan's: no other one is offered, and RFC 4647's
# lookup would otherwise fall through to English. `prs` is ISO 639-3 for Dari; `dr` is what one older service calls it.
_BY_RANGE: Final[Mapping[str, Language]] = MappingProxyType({
    **{tag.lower(): language for tag, language in LANGUAGES.items()},
    "fa": LANGUAGES["fa-AF"],
    "prs": LANGUAGES["fa-AF"],
    "dr": LANGUAGES["fa-AF"],
    "ps": LANGUAGES["ps-AF"],
})  # fmt: skip


def language_of(tag: str | None) -> Language | None:
    """Return the language for one tag by RFC 4647 lookup (section 3.4): the tag is shortened until it is known."""
    subtags = tag.strip().replace("_", "-").lower().split("-") if tag else []
    while subtags:
        found = _BY_RANGE.get("-".join(subtags))
        if found is not None:
            return found
        subtags.pop()
        # A single letter introduces an extension and means nothing at the end of a tag.
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return None


@lru_cache(_REMEMBERED)
def choose_language(accept_language: str | None, session_locale: str | None) -> Language:
    """Return the language of an answer: the client's best match, else the session's, else English.

    `accept_language` is the header (RFC 9110, section 12.5.4). Whatever in it is malformed is passed over: a bad
    language preference never refuses a request.
    """
    for tag in _ranges(accept_language or ""):
        if tag == "*":
            break
        found = language_of(tag)
        if found is not None:
            return found
    return language_of(session_locale) or DEFAULT_LANGUAGE


def _ranges(header: str) -> Iterator[str]:
    """The language ranges that are wanted at all, the most wanted first; among equals the order written."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        tag, _, parameter = part.partition(";")
        weight = quality(parameter)
        if weight > 0 and tag.strip():
            weighted.append((weight, tag.strip()))
    weighted.sort(key=lambda pair: -pair[0])
    return (tag for _, tag in weighted)


def message(language: Language, key: str, *, count: int | None = None, **arguments: str) -> str:
    """Return the text of `key`, its placeholders filled in.

    `count` chooses the plural form and fills `{count}`, in the language's digits. Raises `LookupError` for a key that
    no catalogue has: a key is written by us, so that is a defect.
    """
    text = message_or_none(language, key, count=count, **arguments)
    if text is None:
        raise LookupError(key)
    return text


def message_or_none(language: Language, key: str, *, count: int | None = None, **arguments: str) -> str | None:
    """Like `message`, but None for an unknown key: for keys from elsewhere, such as an upstream's status word."""
    catalogue = _catalogue(language.tag)
    forms = catalogue.messages.get(key)
    if forms is None:
        return None
    if count is None:
        return forms[0].format_map(arguments) if arguments else forms[0]
    form = forms[min(catalogue.plural_form(abs(count)), len(forms) - 1)]
    return form.format_map({**arguments, "count": language.digits(str(count))})


def known_messages(language: Language) -> Mapping[str, tuple[str, ...]]:
    """Return every key with its forms: one form, or as many as the language's plural has."""
    return _catalogue(language.tag).messages


@cache
def _catalogue(tag: str) -> _Catalogue:
    folder = files("bff_backoffice") / "locales" / tag.replace("-", "_") / "LC_MESSAGES"
    messages: dict[str, tuple[str, ...]] = {}
    plural_form: Callable[[int], int] = _no_plural
    for domain in _DOMAINS:
        with (folder / f"{domain}.po").open("rb") as file:
            catalogue = read_po(file)
        plural_form = c2py(catalogue.plural_expr)
        for entry in catalogue:
            key = entry.id if isinstance(entry.id, str) else entry.id[0]
            if key:
                messages[key] = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    return _Catalogue(MappingProxyType(messages), plural_form)


def _no_plural(_count: int) -> int:
    return 0
