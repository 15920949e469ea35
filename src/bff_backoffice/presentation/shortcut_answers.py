"""The keyboard map as it goes on the wire: what each action is called, which keys it has, how to recognise them.

A key is recognised by what it types (`match` is `key`: `KeyboardEvent.key` of UI Events) where the language is written
with Latin letters, so that a French Q is where the cap says Q; and by its place (`code`) where it is not, because a
keyboard that types Arabic letters types no K at all. Digits and named keys are recognised by their place everywhere:
without Shift, a French keyboard types no digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from bff_backoffice.application.preferences.shortcuts import FoundShortcuts
from bff_backoffice.domain.operator import AppPlatform
from bff_backoffice.domain.shortcuts import Binding, Chord, Clash, ClashKind, Modifier, Origin, Scope
from bff_backoffice.presentation.words import Language, message

__all__ = ["ShortcutsAnswer", "shortcuts_answer"]

_MAC: Final[Mapping[Modifier, str]] = MappingProxyType({
    Modifier.CTRL: "⌃", Modifier.ALT: "⌥", Modifier.SHIFT: "⇧", Modifier.META: "⌘",
})  # fmt: skip
_CAPS: Final[Mapping[str, str]] = MappingProxyType({
    "Escape": "Esc", "Delete": "Del", "PageUp": "PgUp", "PageDown": "PgDn", "ArrowUp": "↑", "ArrowDown": "↓",
    "ArrowLeft": "←", "ArrowRight": "→",
})  # fmt: skip
_FRENCH_CAPS: Final[Mapping[str, str]] = MappingProxyType({
    "Shift": "Maj", "Enter": "Entrée", "Escape": "Échap", "Delete": "Suppr", "Home": "Début", "End": "Fin",
    "PageUp": "Page préc.", "PageDown": "Page suiv.", "Space": "Espace", "Backspace": "Retour arr.",
})  # fmt: skip
_WITH_SHIFT: Final[Mapping[str, str]] = MappingProxyType({"/": "?", "=": "+", ",": "<", ".": ">", "-": "_"})


class BindingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A combination of keys. `text` is how it is written in requests, `display` what is on the caps of the keys.

    `key` and `code` are those of UI Events; `match` says which of them to compare. A `single_key` one can be switched
    off by choosing no combination (WCAG 2.2, 2.1.4).
    """

    text: str
    display: str
    modifiers: list[Modifier]
    key: str
    code: str
    match: Literal["key", "code"]
    single_key: bool


class ShortcutView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An action with its combination, null where it has none, and whose choice that is."""

    id: str
    scope: Scope
    label: str
    binding: BindingView | None
    origin: Origin
    static_text: str


class ScopeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where actions are there: a heading of the help."""

    id: Scope
    label: str


class ClashView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a combination may not reach these actions."""

    kind: ClashKind
    text: str
    actions: list[str]
    reason: str


class ShortcutsAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`GET /shortcuts`. `complete` is false where nobody could say what was chosen: the map is the static one then."""

    version: str
    platform: AppPlatform
    language: str
    dir: Literal["ltr", "rtl"]
    complete: bool
    scopes: list[ScopeView]
    items: Annotated[list[ShortcutView], msgspec.Meta(min_length=1)]
    clashes: list[ClashView]


def shortcuts_answer(found: FoundShortcuts, language: Language) -> ShortcutsAnswer:
    """Return the map in the words of this language. It holds no age, so that the same map is the same bytes."""
    return ShortcutsAnswer(
        version=found.version,
        platform=found.platform,
        language=language.tag,
        dir=language.dir,
        complete=found.served.projection is not None,
        scopes=[ScopeView(id=scope, label=message(language, f"shortcuts.scope.{scope.value}")) for scope in Scope],
        items=[_item(each, found.platform, language) for each in found.bindings],
        clashes=[_clash(each, language) for each in found.clashes],
    )


def _item(binding: Binding, platform: AppPlatform, language: Language) -> ShortcutView:
    action = binding.action
    return ShortcutView(
        id=action.id,
        scope=action.scope,
        label=message(language, f"shortcuts.action.{action.id}"),
        binding=None if binding.chord is None else _binding(binding.chord, platform, language),
        origin=binding.origin,
        static_text=action.keys[platform],
    )


def _binding(chord: Chord, platform: AppPlatform, language: Language) -> BindingView:
    by_key = language.dir == "ltr" and len(chord.key) == 1 and not chord.key.isdigit()
    return BindingView(
        text=str(chord),
        display=_display(chord, platform, language, by_key=by_key),
        modifiers=[each for each in Modifier if each in chord.modifiers],
        key=_typed(chord),
        code=chord.code,
        match="key" if by_key else "code",
        single_key=chord.is_character,
    )


def _typed(chord: Chord) -> str:
    """What a US keyboard types: `KeyboardEvent.key`."""
    if chord.key == "Space":
        return " "
    if len(chord.key) > 1:
        return chord.key
    shifted = Modifier.SHIFT in chord.modifiers
    if chord.key.isalpha():
        return chord.key if shifted else chord.key.lower()
    return _WITH_SHIFT.get(chord.key, chord.key) if shifted else chord.key


def _display(chord: Chord, platform: AppPlatform, language: Language, *, by_key: bool) -> str:
    """The caps of the keys, in the order in which the platform writes them."""
    caps = _CAPS if language.tag != "fr" else {**_CAPS, **_FRENCH_CAPS}
    held, key = [each for each in Modifier if each in chord.modifiers], chord.key
    if by_key and Modifier.SHIFT in held and key in _WITH_SHIFT:
        # Where Shift is needed for it depends on the keyboard; the cap does not.
        held, key = [each for each in held if each is not Modifier.SHIFT], _WITH_SHIFT[key]
    if platform is AppPlatform.MACOS:
        return "".join([*(_MAC[each] for each in held), caps.get(key, key)])
    return " + ".join([*(caps.get(each.value, each.value) for each in held), caps.get(key, key)])


def _clash(clash: Clash, language: Language) -> ClashView:
    return ClashView(
        kind=clash.kind,
        text=str(clash.chord),
        actions=list(clash.actions),
        reason=message(language, f"shortcuts.clash.{clash.kind.value}"),
    )
