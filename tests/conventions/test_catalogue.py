"""The message catalogues are whole: every code and widget, every language, the same placeholders."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from bff_backoffice.domain.dashboard import LAYOUT, Outcome
from bff_backoffice.domain.errors import Code
from bff_backoffice.presentation.errors_page import render
from bff_backoffice.presentation.words import DEFAULT_LANGUAGE, LANGUAGES, Language, known_messages, message

ROOT = Path(__file__).parents[2]
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))


def placeholders(text: str) -> set[str]:
    """The names that a text leaves open."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@EVERY_LANGUAGE
def test_every_code_has_words(language: Language) -> None:
    """Every code of the catalogue says something to the person at the desk, in every language."""
    for code in Code:
        assert message(language, code.message_key).strip(), code.text


@EVERY_LANGUAGE
def test_every_widget_and_outcome_has_words(language: Language) -> None:
    """Every widget has a title and a definition of its numbers, every outcome a name, in every language."""
    for widget in LAYOUT:
        assert message(language, f"widgets.{widget.value}.title").strip()
        assert message(language, f"widgets.{widget.value}.definition").strip()
    for outcome in Outcome:
        assert message(language, f"outcome.{outcome.value}").strip()


@EVERY_LANGUAGE
def test_languages_hold_the_same_keys(language: Language) -> None:
    """No language has a key that English lacks, nor lacks one that English has."""
    assert set(known_messages(language)) == set(known_messages(DEFAULT_LANGUAGE))


@EVERY_LANGUAGE
def test_placeholders_are_equal_across_languages(language: Language) -> None:
    """A translation leaves open exactly what the English text leaves open, in each of its plural forms."""
    english = known_messages(DEFAULT_LANGUAGE)
    for key, forms in known_messages(language).items():
        for form in forms:
            assert placeholders(form) == placeholders(english[key][0]), key


@EVERY_LANGUAGE
def test_no_text_is_empty_or_padded(language: Language) -> None:
    """No text is empty, begins or ends with a space, or holds a stray line end."""
    for key, forms in known_messages(language).items():
        for form in forms:
            assert form, key
            assert form == form.strip(), key
            assert "\n" not in form, key


@EVERY_LANGUAGE
def test_right_to_left_texts_are_not_latin(language: Language) -> None:
    """A right-to-left language has no text left in Latin script, and a left-to-right one none in Arabic script."""
    for key, forms in known_messages(language).items():
        for form in forms:
            letters = [letter for letter in re.sub(r"\{\w+\}", "", form) if letter.isalpha()]
            arabic = sum("ARABIC" in unicodedata.name(letter) for letter in letters)
            if language.dir == "rtl":
                assert arabic > 0 or not letters, (key, form)
            else:
                assert arabic == 0, (key, form)


def test_dari_uses_persian_letters() -> None:
    """Dari is typed with Persian kaf and yeh, not with the Arabic look-alikes that break searching."""
    for key, forms in known_messages(LANGUAGES["fa-AF"]).items():
        for form in forms:
            assert "\u064a" not in form, key
            assert "\u0643" not in form, key


@EVERY_LANGUAGE
def test_plurals_have_as_many_forms_as_the_language(language: Language) -> None:
    """A message with a count has every plural form that its language's catalogue declares."""
    folder = ROOT / "src/bff_backoffice/locales" / language.tag.replace("-", "_") / "LC_MESSAGES"
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file)
        assert str(catalogue.locale) == language.tag.replace("-", "_")
        for entry in catalogue:
            if not isinstance(entry.id, str):
                assert len(entry.string or ()) == catalogue.num_plurals, entry.id
            assert not entry.fuzzy, entry.id


def test_no_two_codes_share_a_text_or_an_address() -> None:
    """Two codes never share their name, nor their message key, nor the slug behind their error's address."""
    assert len({code.text for code in Code}) == len(Code)
    assert len({code.message_key for code in Code}) == len(Code)
    assert len({(code.domain, code.slug) for code in Code}) == len(Code)


def test_the_list_of_errors_is_current() -> None:
    """`docs/errors.md` is what the catalogue generates now."""
    written = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    assert written == render(), "run: .venv/bin/python -m bff_backoffice.presentation.errors_page > docs/errors.md"
