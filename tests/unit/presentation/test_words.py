"""Which language an answer is in, and how its texts are filled."""

# ruff: noqa: RUF001 - the texts in Arabic script are what is tested here

from __future__ import annotations

import pytest

from bff_backoffice.presentation.words import LANGUAGES, choose_language, language_of, message, message_or_none

NEGOTIATION = [
    (None, None, "en"),
    ("", "", "en"),
    ("fr", None, "fr"),
    ("fr-CA", None, "fr"),
    ("FR-ca", None, "fr"),
    ("ar-AE, en;q=0.9", None, "ar"),
    ("fa", None, "fa-AF"),
    ("fa-IR", None, "fa-AF"),
    ("fa-Arab-AF-x-hotel", None, "fa-AF"),
    ("prs", None, "fa-AF"),
    ("ps", None, "ps-AF"),
    ("ps-PK;q=0.5, de", None, "ps-AF"),
    ("en;q=0.3, fr;q=0.7", None, "fr"),
    ("en;q=0.7, fr;q=0.7", None, "en"),
    ("fr;q=0, ar;q=0.1", None, "ar"),
    ("de, zh-Hans", "ps-AF", "ps-AF"),
    ("de", "xx", "en"),
    ("*", "fa_AF", "fa-AF"),
    ("de, *;q=0.1", "ar", "ar"),
    ("*;q=0.1, fr", "ar", "fr"),
    ("fr;q=banana, ar;q=0.2", None, "ar"),
    ("fr;q=nan", "ps", "ps-AF"),
    ("fr;q=7", "ps", "ps-AF"),
    (";;;,,,==", "fr", "fr"),
    ("a-b-c-d, " * 500 + "fr", "ar", "ar"),
    (None, "dr", "fa-AF"),
]


@pytest.mark.parametrize(("header", "session", "expected"), NEGOTIATION)
def test_negotiation(header: str | None, session: str | None, expected: str) -> None:
    """The client's best known language wins, else the session's, else English; nonsense never refuses anything."""
    assert choose_language(header, session).tag == expected


def test_directions() -> None:
    """Arabic, Dari and Pashto are read from right to left."""
    assert {tag for tag, language in LANGUAGES.items() if language.dir == "rtl"} == {"ar", "fa-AF", "ps-AF"}


def test_unknown_tag_is_nobody() -> None:
    """A tag that no language answers to is None, so that the next preference is asked."""
    assert language_of("de-DE") is None
    assert language_of(None) is None


@pytest.mark.parametrize(
    ("tag", "count", "expected"),
    [
        ("en", 1, "Due within 1 minute"),
        ("en", 180, "Due within 180 minutes"),
        ("fr", 0, "Attendues d’ici 0 minute"),
        ("ar", 2, "الوصول خلال دقيقتين (2)"),
        ("ar", 5, "الوصول خلال 5 دقائق"),
        ("fa-AF", 45, "ورود تا ۴۵ دقیقهٔ دیگر"),
    ],
)
def test_plurals_and_digits(tag: str, count: int, expected: str) -> None:
    """A count chooses the plural form of its language and is written in its digits."""
    assert message(LANGUAGES[tag], "label.due_within", count=count) == expected


def test_arguments_are_text_and_not_templates() -> None:
    """What is filled in is not looked at again: braces in a name stay braces."""
    assert message(LANGUAGES["en"], "page.prepared", time="{time.__class__}") == "Prepared {time.__class__}"


def test_unknown_key_is_a_defect() -> None:
    """A key that we wrote and no catalogue has is an error; one that came from outside is None."""
    with pytest.raises(LookupError):
        message(LANGUAGES["en"], "errors.nobody.knows")
    assert message_or_none(LANGUAGES["en"], "work_status.waiting_parts") is None
