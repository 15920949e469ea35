"""Keyboard shortcuts: how combinations are written, what is taken by others, what clashes, whose choice counts."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.domain.operator import AppPlatform
from bff_backoffice.domain.shortcut_actions import ACTIONS
from bff_backoffice.domain.shortcuts import (
    Action,
    Chord,
    ClashKind,
    Modifier,
    Origin,
    Overrides,
    Scope,
    clashes,
    merged,
    parse_chord,
)
from bff_backoffice.presentation.words import LANGUAGES, message

EVERY_PLATFORM = pytest.mark.parametrize("platform", list(AppPlatform))
WINDOWS, MAC, LINUX = AppPlatform.WINDOWS, AppPlatform.MACOS, AppPlatform.LINUX


def kinds(
    keys: dict[str, str], platform: AppPlatform, scope: Scope = Scope.GLOBAL
) -> list[tuple[str, tuple[str, ...]]]:
    """The clashes of actions with these keys, all of one scope."""
    actions = [Action(id=name, scope=scope, keys={platform: text}) for name, text in keys.items()]
    found = clashes(merged(actions, platform, tenant={}, operator={}), platform)
    return [(clash.kind.value, clash.actions) for clash in found]


@EVERY_PLATFORM
def test_the_static_map_has_no_clash(platform: AppPlatform) -> None:
    """Neither among its actions nor with system, screen readers, layouts, text or shell."""
    bindings = merged(ACTIONS, platform, tenant={}, operator={})

    assert clashes(bindings, platform) == ()
    assert all(binding.chord is not None and binding.origin is Origin.STATIC for binding in bindings)


@EVERY_PLATFORM
def test_no_static_shortcut_is_a_letter_or_a_digit_alone(platform: AppPlatform) -> None:
    """WCAG 2.2, 2.1.4: what types a character is a sign at most, and can be switched off."""
    alone = [action.id for action in ACTIONS if (chord := parse_chord(action.keys[platform])) and chord.is_character]

    assert alone == ["help.open", "list.filter"]


def test_every_action_scope_and_clash_has_a_name_in_every_language() -> None:
    """Nothing is shown that a reader can't read."""
    keys = [
        *(f"shortcuts.action.{action.id}" for action in ACTIONS),
        *(f"shortcuts.scope.{scope.value}" for scope in Scope),
        *(f"shortcuts.clash.{kind.value}" for kind in ClashKind),
    ]
    for language, key in product(LANGUAGES.values(), keys):
        assert message(language, key)


def test_actions_are_named_once() -> None:
    """An override names an action."""
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)


@given(modifiers=st.sets(st.sampled_from(list(Modifier))), key=st.sampled_from(["A", "7", "F5", "Enter", "/", "="]))
def test_a_combination_is_read_as_it_is_written(modifiers: set[Modifier], key: str) -> None:
    """For any modifiers and key."""
    chord = Chord(frozenset(modifiers), key)

    assert parse_chord(str(chord)) == chord


@pytest.mark.parametrize(
    "text",
    ["", "+", "Ctrl+", "Ctrl", "ctrl+K", "Ctrl+k", "Shift+Ctrl+K", "Ctrl+Ctrl+K", "Ctrl+K+L", "Hyper+K", "F13", "?",
     "Ctrl + K", "Ctrl+ك", "Esc", " K", "K\n"],
)  # fmt: skip
def test_what_is_not_written_in_the_one_right_way_is_no_combination(text: str) -> None:
    """One way only, so that two equal combinations are equal texts."""
    assert parse_chord(text) is None


@pytest.mark.parametrize(
    ("platform", "text", "kind"),
    [
        (WINDOWS, "Alt+F4", "system"), (WINDOWS, "Meta+L", "system"), (WINDOWS, "Ctrl+Alt+Delete", "system"),
        (WINDOWS, "F10", "system"), (LINUX, "Alt+F2", "system"), (LINUX, "Ctrl+Alt+T", "system"),
        (LINUX, "Meta+A", "system"), (MAC, "Meta+Q", "system"), (MAC, "Shift+Meta+4", "system"),
        (MAC, "Ctrl+ArrowLeft", "system"), (MAC, "Ctrl+Alt+K", "screen_reader"), (WINDOWS, "Ctrl+Alt+E", "layout"),
        (LINUX, "Ctrl+Alt+Shift+E", "layout"), (MAC, "Alt+E", "layout"), (MAC, "Alt+Shift+7", "layout"),
        (WINDOWS, "Ctrl+C", "application"), (LINUX, "Ctrl+Shift+I", "application"), (MAC, "Meta+V", "application"),
        (MAC, "Shift+Meta+Z", "application"), (WINDOWS, "Ctrl+Shift+=", "application"), (WINDOWS, "K", "typing"),
        (MAC, "Shift+7", "typing"),
    ],
)  # fmt: skip
def test_what_others_take_is_said_to_be_theirs(platform: AppPlatform, text: str, kind: str) -> None:
    """The system, screen readers, layouts that type characters, text and shell, and plain typing."""
    assert kinds({"some.action": text}, platform) == [(kind, ("some.action",))]


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (MAC, "Ctrl+C"), (WINDOWS, "Ctrl+K"), (MAC, "Meta+K"), (WINDOWS, "Shift+/"), (LINUX, "F5"), (MAC, "Alt+F5"),
        (WINDOWS, "Alt+1"), (LINUX, "Alt+1"), (MAC, "Ctrl+Meta+K"), (WINDOWS, "ArrowDown"),
    ],
)  # fmt: skip
def test_what_nobody_else_takes_is_free(platform: AppPlatform, text: str) -> None:
    """No false alarms."""
    assert kinds({"some.action": text}, platform) == []


def test_the_same_keys_twice_are_one_clash_that_names_all() -> None:
    """Three actions, and the clash is told of the first with the others, then of the second with the third."""
    found = kinds({"a": "F5", "b": "F6", "c": "F5", "d": "F5"}, WINDOWS)

    assert found == [("duplicate", ("a", "c", "d")), ("duplicate", ("c", "d"))]


def test_scopes_meet_but_for_a_dialog_and_what_is_behind_it() -> None:
    """Equal keys clash where both actions are there at the same moment."""
    for one, other in combinations(Scope, 2):
        actions = [Action(id=scope.value, scope=scope, keys={WINDOWS: "F6"}) for scope in (one, other)]
        found = clashes(merged(actions, WINDOWS, tenant={}, operator={}), WINDOWS)
        apart = Scope.DIALOG in {one, other} and Scope.GLOBAL not in {one, other}
        assert bool(found) is not apart, (one, other)


@pytest.mark.parametrize(
    ("tenant", "operator", "text", "origin"),
    [
        ({}, {}, "Ctrl+K", Origin.STATIC),
        ({"search.open": "F6"}, {}, "F6", Origin.TENANT),
        ({"search.open": "F6"}, {"search.open": "F7"}, "F7", Origin.OPERATOR),
        ({"search.open": "F6"}, {"search.open": None}, None, Origin.OPERATOR),
        ({"search.open": None}, {}, None, Origin.TENANT),
        ({"search.open": None}, {"search.open": "F7"}, "F7", Origin.OPERATOR),
        ({"search.open": "F6"}, {"search.open": "nonsense"}, "F6", Origin.TENANT),
        ({"search.open": "F99"}, {"search.open": ""}, "Ctrl+K", Origin.STATIC),
        ({"no.action": "F6"}, {"neither.this": None}, "Ctrl+K", Origin.STATIC),
    ],
)
def test_the_nearest_choice_that_can_be_read_counts(
    tenant: Overrides, operator: Overrides, text: str | None, origin: Origin
) -> None:
    """The operator's, else the tenant's, else the static one; no keys is a choice too."""
    bindings = {each.action.id: each for each in merged(ACTIONS, WINDOWS, tenant=tenant, operator=operator)}

    found = bindings["search.open"]
    assert (None if found.chord is None else str(found.chord), found.origin) == (text, origin)
    assert len(bindings) == len(ACTIONS)
