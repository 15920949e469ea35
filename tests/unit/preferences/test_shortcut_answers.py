"""The keyboard map on the wire: what is on the caps of the keys, and how a desktop recognises them."""

from __future__ import annotations

import pytest

from bff_backoffice.application.preferences.shortcuts import FoundShortcuts
from bff_backoffice.application.read_through import Served
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome
from bff_backoffice.domain.operator import AppPlatform
from bff_backoffice.domain.shortcuts import Action, Scope, clashes, merged
from bff_backoffice.presentation.shortcut_answers import BindingView, shortcuts_answer
from bff_backoffice.presentation.words import LANGUAGES

WINDOWS, MAC, LINUX = AppPlatform.WINDOWS, AppPlatform.MACOS, AppPlatform.LINUX


def shown(text: str, platform: AppPlatform, language: str) -> BindingView:
    """One combination as it is answered."""
    action = Action(id="search.open", scope=Scope.GLOBAL, keys={platform: text})
    bindings = merged([action], platform, tenant={}, operator={})
    found = FoundShortcuts(
        platform=platform,
        bindings=bindings,
        clashes=clashes(bindings, platform),
        version="1.0.0",
        served=Served(outcome=Outcome.ERROR, projection=None),
        cache_status=CacheStatus.MISS,
    )
    (item,) = shortcuts_answer(found, LANGUAGES[language]).items
    assert item.binding is not None
    return item.binding


@pytest.mark.parametrize(
    ("text", "platform", "language", "display"),
    [
        ("Ctrl+Shift+K", WINDOWS, "en", "Ctrl + Shift + K"),
        ("Ctrl+Shift+K", LINUX, "fr", "Ctrl + Maj + K"),
        ("Shift+Meta+K", MAC, "en", "⇧⌘K"),
        ("Ctrl+Alt+Shift+Meta+F5", MAC, "fr", "⌃⌥⇧⌘F5"),
        ("Escape", WINDOWS, "en", "Esc"),
        ("Escape", WINDOWS, "fr", "Échap"),
        ("Escape", WINDOWS, "fa-AF", "Esc"),
        ("ArrowDown", LINUX, "ar", "↓"),
        ("Shift+/", WINDOWS, "en", "?"),
        ("Shift+/", WINDOWS, "fr", "?"),
        ("Shift+/", WINDOWS, "ps-AF", "Shift + /"),
        ("Shift+ArrowDown", WINDOWS, "en", "Shift + ↓"),
    ],
)
def test_what_is_shown_is_what_is_on_the_caps(text: str, platform: AppPlatform, language: str, display: str) -> None:
    """A Mac has signs, a French keyboard French words, one for Arabic letters the Latin ones beside them."""
    assert shown(text, platform, language).display == display


@pytest.mark.parametrize(
    ("text", "language", "match", "key", "code"),
    [
        ("Ctrl+K", "en", "key", "k", "KeyK"),
        ("Ctrl+K", "fr", "key", "k", "KeyK"),
        ("Ctrl+Shift+K", "en", "key", "K", "KeyK"),
        ("Ctrl+K", "ar", "code", "k", "KeyK"),
        ("Ctrl+K", "fa-AF", "code", "k", "KeyK"),
        ("Ctrl+K", "ps-AF", "code", "k", "KeyK"),
        ("Ctrl+4", "en", "code", "4", "Digit4"),
        ("Ctrl+4", "fr", "code", "4", "Digit4"),
        ("Shift+/", "fr", "key", "?", "Slash"),
        ("Shift+/", "ar", "code", "?", "Slash"),
        ("/", "en", "key", "/", "Slash"),
        ("Shift+=", "en", "key", "+", "Equal"),
        ("Space", "en", "code", " ", "Space"),
        ("PageDown", "en", "code", "PageDown", "PageDown"),
    ],
)
def test_keys_are_recognised_by_what_they_type_only_where_they_type_it(
    text: str, language: str, match: str, key: str, code: str
) -> None:
    """By place under Arabic letters, and everywhere for digits and named keys."""
    found = shown(text, WINDOWS, language)

    assert (found.match, found.key, found.code, found.text) == (match, key, code, text)


@pytest.mark.parametrize(
    ("text", "single"), [("/", True), ("Shift+/", True), ("Ctrl+/", False), ("F5", False), ("Enter", False)]
)
def test_what_can_be_typed_by_accident_is_marked(text: str, single: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """WCAG 2.2, 2.1.4 asks for a way to switch such a shortcut off."""
    assert shown(text, WINDOWS, "en").single_key is single
