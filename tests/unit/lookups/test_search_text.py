"""What a typed text means to a search: the form in which names, codes and telephone numbers are kept."""

from __future__ import annotations

import unicodedata

import pytest

from bff_backoffice.domain.lookups import LONGEST_SEARCH, code_meant, search_text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  Anna   Berg ", "Anna Berg"),
        ("\tAnna\nBerg\x00", "Anna Berg"),
        # Letters in parts, full-width letters, an old program's joined forms of Arabic letters.
        ("Lefe\u0300vre", "Lef\u00e8vre"),
        ("\uff21\uff4e\uff4e\uff41", "Anna"),
        ("\ufec9\ufee0\ufef2", "\u0639\u0644\u064a"),
        # A telephone number with the digits of an Arabic and of a Persian keyboard.
        ("\u0660\u0667\u0660\u0660", "0700"),
        ("+\u06f9\u06f3 \u06f7\u06f0", "+93 70"),
        # Marks of direction that come along from a page of mixed directions; the Persian non-joiner stays.
        ("\u2067\u0641\u0631\u0647\u0627\u062f\u2069\u200f", "\u0641\u0631\u0647\u0627\u062f"),
        ("\u0646\u06cc\u0628\u200c\u0627\u0644\u0644\u0647", "\u0646\u06cc\u0628\u200c\u0627\u0644\u0644\u0647"),
        ("\ufeffO\u2019Connor", "O'Connor"),
        ("GM\u20137K2P", "GM-7K2P"),
        ("anna@example.com", "anna@example.com"),
    ],
)  # fmt: skip
def test_what_was_typed_takes_the_form_of_what_is_kept(typed: str, meant: str) -> None:
    """However it was typed or copied."""
    assert search_text(typed) == meant


@pytest.mark.parametrize("typed", ["HAE5AH", "hae5ah", "-HAE5AH", "HAE 5AH", "gm hae5ah", "GMHAE5AH", "#GM-HAE5AH"])
def test_what_comes_behind_the_beginning_of_all_codes_means_the_code(typed: str) -> None:
    """As it is heard: with pauses, with or without the beginning."""
    assert code_meant(typed) == "GM-HAE5AH"


@pytest.mark.parametrize(
    "typed",
    ["GM-HAE5AH", "gm-hae5ah", "HAE5A", "HAE5AHX", "GM-", "GM-HAE5", "\u062d\u0645\u06cc\u062f \u0631\u062d", "Année"],
)
def test_what_is_written_out_or_no_code_means_nothing_else(typed: str) -> None:
    """Nobody is asked twice for the same."""
    assert code_meant(typed) is None


@pytest.mark.parametrize("typed", [" ", "-", "***", "\u200f\u200f", "\u0301", "\x00", "\u200c", "..", "\U0001f600"])
def test_a_text_without_letter_or_digit_searches_for_nobody(typed: str) -> None:
    """It would be the beginning of every name."""
    assert search_text(typed) is None


def test_a_text_that_normalising_makes_longer_is_cut() -> None:
    """One character may become eighteen, and a service refuses more than a hundred."""
    meant = search_text("\ufdfa" * LONGEST_SEARCH)

    assert meant is not None
    assert len(meant) <= LONGEST_SEARCH


def test_what_is_meant_means_itself() -> None:
    """Whatever single character of Unicode was typed between two letters: searching for the outcome finds the same."""
    for number in range(0x110000):
        if 0xD800 <= number <= 0xDFFF:
            continue
        once = search_text(f"a{chr(number)}b")
        assert once is not None
        if unicodedata.is_normalized("NFKC", once):
            assert search_text(once) == once, hex(number)
