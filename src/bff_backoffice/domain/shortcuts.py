"""Keyboard shortcuts: combinations of keys, which of them are taken by others, and what clashes with what.

A combination is written as `Ctrl+Shift+K`: modifiers in the order of `Modifier`, then one key of a US keyboard.
`Meta` is the Windows key, or ⌘. Specification, section 4 (KeyboardShortcutMap); WCAG 2.2, success criterion 2.1.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bff_backoffice.domain.operator import AppPlatform

__all__ = [
    "Action", "Binding", "Chord", "Clash", "ClashKind", "Modifier", "Origin", "Overrides", "Scope", "clashes", "merged",
    "parse_chord",
]  # fmt: skip

Overrides = Mapping[str, str | None]
"""What somebody chose: an action's own name to its combination, or to None where it shall have none."""


class Modifier(StrEnum):
    """A key that is held, in the order in which combinations are written."""

    CTRL = "Ctrl"
    ALT = "Alt"
    SHIFT = "Shift"
    META = "Meta"


class Scope(StrEnum):
    """Where an action is there. `global` is there everywhere; a dialog covers what is behind it, but for that."""

    GLOBAL = "global"
    LIST = "list"
    RESERVATION = "reservation"
    TASK = "task"
    DIALOG = "dialog"


class Origin(StrEnum):
    """Whose choice a binding is."""

    STATIC = "static"
    TENANT = "tenant"
    OPERATOR = "operator"


class ClashKind(StrEnum):
    """Why a combination may not reach its action."""

    DUPLICATE = "duplicate"
    """Another action has it where both are there."""
    SYSTEM = "system"
    """The operating system or its windows take it."""
    APPLICATION = "application"
    """Editing text, or the desktop's own shell, takes it."""
    SCREEN_READER = "screen_reader"
    """A screen reader takes it."""
    LAYOUT = "layout"
    """A keyboard layout types a character with it."""
    TYPING = "typing"
    """It is what people type: a single letter or digit (WCAG 2.1.4)."""


@dataclass(frozen=True, slots=True)
class Chord:
    """A combination. `key` is a name of `KEYS`, as a US keyboard has it."""

    modifiers: frozenset[Modifier]
    key: str

    def __str__(self) -> str:
        """Write it as it is read by `parse_chord`."""
        return "+".join([*(each for each in Modifier if each in self.modifiers), self.key])

    @property
    def code(self) -> str:
        """The physical key: `KeyboardEvent.code` of UI Events."""
        return _CODES[self.key]

    @property
    def is_character(self) -> bool:
        """Whether pressing it types a character (WCAG 2.1.4 asks for a way to switch such a shortcut off)."""
        return len(self.key) == 1 and self.modifiers <= {Modifier.SHIFT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that the desktop does for a key, with the static combination for each platform."""

    id: str
    scope: Scope
    keys: Mapping[AppPlatform, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """An action with the combination that counts. `chord` None: it has none."""

    action: Action
    chord: Chord | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A combination that may not reach the actions named, by their ids."""

    kind: ClashKind
    chord: Chord
    actions: tuple[str, ...]


_NAMED: Final = (
    "Enter", "Escape", "Space", "Tab", "Backspace", "Delete", "Home", "End", "PageUp", "PageDown", "ArrowUp",
    "ArrowDown", "ArrowLeft", "ArrowRight",
)  # fmt: skip

_CODES: Final[Mapping[str, str]] = MappingProxyType({
    **{letter: f"Key{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{digit: f"Digit{digit}" for digit in "0123456789"},
    **{f"F{number}": f"F{number}" for number in range(1, 13)},
    **{name: name for name in _NAMED},
    "/": "Slash", ",": "Comma", ".": "Period", ";": "Semicolon", "'": "Quote", "-": "Minus", "=": "Equal",
    "[": "BracketLeft", "]": "BracketRight", "\\": "Backslash", "`": "Backquote",
})  # fmt: skip
"""Every key that a shortcut may have, with its physical key. Plus is written as `Shift+=`."""

_CHORD: Final = re.compile(r"(?:(Ctrl)\+)?(?:(Alt)\+)?(?:(Shift)\+)?(?:(Meta)\+)?([^+]+)\Z")


def parse_chord(text: str) -> Chord | None:
    """Return the combination, or None for a text that is none, or that is not written in the one right way."""
    found = _CHORD.match(text)
    if found is None or found[5] not in _CODES:
        return None
    return Chord(frozenset(Modifier(name) for name in found.groups()[:4] if name), found[5])


def merged(
    actions: Iterable[Action], platform: AppPlatform, *, tenant: Overrides, operator: Overrides
) -> tuple[Binding, ...]:
    """Return every action with what counts for it: the operator's choice, else the tenant's, else the static one.

    What was chosen and can't be read, and choices for actions that are not there (any more), count for nothing.
    """
    return tuple(_binding(action, platform, tenant, operator) for action in actions)


def clashes(bindings: Iterable[Binding], platform: AppPlatform) -> tuple[Clash, ...]:
    """Return everything that keeps a combination from its action, in the order of the bindings."""
    bound = [(each.action, each.chord) for each in bindings if each.chord is not None]
    found: list[Clash] = []
    for place, (action, chord) in enumerate(bound):
        same = [other for other, theirs in bound[place + 1 :] if theirs == chord and _meet(action.scope, other.scope)]
        if same:
            found.append(Clash(kind=ClashKind.DUPLICATE, chord=chord, actions=(action.id, *(each.id for each in same))))
        kind = _taken(chord, action.scope, platform)
        if kind is not None:
            found.append(Clash(kind=kind, chord=chord, actions=(action.id,)))
    return tuple(found)


def _binding(action: Action, platform: AppPlatform, tenant: Overrides, operator: Overrides) -> Binding:
    for choices, origin in ((operator, Origin.OPERATOR), (tenant, Origin.TENANT)):
        if action.id not in choices:
            continue
        text = choices[action.id]
        if text is None:
            return Binding(action=action, chord=None, origin=origin)
        chord = parse_chord(text)
        if chord is not None:
            return Binding(action=action, chord=chord, origin=origin)
    return Binding(action=action, chord=parse_chord(action.keys[platform]), origin=Origin.STATIC)


def _meet(one: Scope, other: Scope) -> bool:
    """Whether two actions can be there at the same moment."""
    if Scope.GLOBAL in {one, other} or one is other:
        return True
    return Scope.DIALOG not in {one, other}


def _chords(*texts: str) -> frozenset[Chord]:
    return frozenset(chord for text in texts if (chord := parse_chord(text)) is not None)


# What is taken before a desktop application sees it: the documented shortcuts of Windows 11, macOS 14 and GNOME 46.
_SYSTEM: Final[Mapping[AppPlatform, frozenset[Chord]]] = MappingProxyType({
    AppPlatform.WINDOWS: _chords(
        "Alt+F4", "Alt+Tab", "Alt+Shift+Tab", "Alt+Escape", "Alt+Space", "Ctrl+Escape", "Ctrl+Shift+Escape",
        "Ctrl+Alt+Delete", "Ctrl+Alt+Tab", "F10", "Shift+F10", "Alt+Enter",
    ),
    AppPlatform.MACOS: _chords(
        "Meta+Q", "Meta+W", "Meta+H", "Alt+Meta+H", "Meta+M", "Meta+Tab", "Shift+Meta+Tab", "Meta+Space", "Ctrl+Space",
        "Alt+Meta+Space", "Alt+Meta+Escape", "Meta+`", "Shift+Meta+3", "Shift+Meta+4", "Shift+Meta+5", "Shift+Meta+Q",
        "Ctrl+ArrowUp", "Ctrl+ArrowDown", "Ctrl+ArrowLeft", "Ctrl+ArrowRight", "Ctrl+Meta+Q", "Ctrl+Meta+Space",
        "Alt+Meta+D", "Ctrl+F2", "Ctrl+F3",
    ),
    AppPlatform.LINUX: _chords(
        "Alt+F1", "Alt+F2", "Alt+F4", "Alt+F7", "Alt+F8", "Alt+F10", "Alt+Tab", "Alt+Shift+Tab", "Alt+Escape",
        "Alt+Space", "Alt+`", "Ctrl+Alt+Delete", "Ctrl+Alt+T", "Ctrl+Alt+L", "Ctrl+Alt+ArrowUp", "Ctrl+Alt+ArrowDown",
        "Ctrl+Alt+ArrowLeft", "Ctrl+Alt+ArrowRight", "Ctrl+Alt+Tab",
    ),
})  # fmt: skip

_EDITING: Final = ("A", "C", "V", "X", "Z", "Y", "B", "I", "U")
"""Behind the platform's command key: select, copy, paste, cut, undo, redo and the three forms of text."""
_SHELL: Final = ("W", "Q", "0", "-", "=", "Shift+=", "Shift+I", "Shift+R", "Shift+Z")
"""Behind the same key: what the menus of an Electron window have by default."""


def _taken(chord: Chord, scope: Scope, platform: AppPlatform) -> ClashKind | None:
    """Who takes this combination before our action gets it, the strongest first."""
    mac = platform is AppPlatform.MACOS
    held = chord.modifiers
    if chord in _SYSTEM[platform] or (not mac and Modifier.META in held):
        return ClashKind.SYSTEM
    if held >= {Modifier.CTRL, Modifier.ALT}:
        # On a Mac these two are VoiceOver's; elsewhere they are AltGr, with which half of Europe types @ and €.
        return ClashKind.SCREEN_READER if mac else ClashKind.LAYOUT
    if mac and held in ({Modifier.ALT}, {Modifier.ALT, Modifier.SHIFT}) and len(chord.key) == 1:
        return ClashKind.LAYOUT
    command = Modifier.META if mac else Modifier.CTRL
    taken = _chords(*("+".join(_ordered(command, text)) for text in (*_EDITING, *_SHELL)))
    if chord in taken:
        return ClashKind.APPLICATION
    letter_or_digit = len(chord.key) == 1 and chord.key.isalnum()
    return ClashKind.TYPING if chord.is_character and letter_or_digit and scope is not Scope.DIALOG else None


def _ordered(command: Modifier, text: str) -> list[str]:
    """The parts of a combination behind the platform's command key, as combinations are written."""
    shift, _, key = text.rpartition("+")
    return (
        [command, shift, key]
        if shift and command is Modifier.CTRL
        else [shift, command, key]
        if shift
        else [command, key]
    )
