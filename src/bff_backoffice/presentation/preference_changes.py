"""What a desktop sends to change preferences and keys, and what is the same request (contract, sections 2.1 and 5).

Shape alone is looked at: which members preferences have, and what they may be, is for tenant-service to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Final

import msgspec

from bff_backoffice.application.preferences.choose import ShortcutsChange
from bff_backoffice.application.preferences.ports import ToldPreferences
from bff_backoffice.application.preferences.shortcuts import FoundShortcuts
from bff_backoffice.application.preferences.write import PreferencesChange
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import AppPlatform
from bff_backoffice.domain.shortcut_actions import ACTIONS
from bff_backoffice.domain.shortcuts import parse_chord
from bff_backoffice.presentation.entity_tags import demanded_tags, strong_tag, version_in
from bff_backoffice.presentation.exchange import Exchange, json_answer
from bff_backoffice.presentation.idempotency_keys import request_hash
from bff_backoffice.presentation.shortcut_answers import shortcuts_answer

__all__ = [
    "ShortcutsBody", "own_request_hash", "preferences_change", "preferences_tag", "shortcuts_change", "tag_of_answer",
]  # fmt: skip

_MOST_MEMBERS: Final = 64
_LONGEST_NAME: Final = 64
_MOST_BYTES: Final = 16_384
"""Preferences are how a desk looks, not a place to keep documents. In bytes of JSON."""
_VERSION: Final = "version"
_ACTIONS: Final = frozenset(action.id for action in ACTIONS)


class ShortcutsBody(msgspec.Struct, frozen=True, kw_only=True):
    """All the keys that the operator chooses: an action's name to a combination, or to null where it shall have none.

    What is left out has the tenant's keys again, or the static ones.
    """

    overrides: Annotated[dict[str, str | None], msgspec.Meta(max_length=200)]


def own_request_hash(exchange: Exchange, *more: str) -> bytes:
    """Return 32 bytes that are the same for the same request of the same operator.

    The path names whoever asks, so it is another thing for every operator: what one has queued is not carried out for
    the next one at the device, nor shown to them. `more` is what counts besides query and body.
    """
    parts = "\n".join((exchange.operator.operator.id, *more)).encode()
    return hashlib.sha256(request_hash(exchange) + parts).digest()


def preferences_change(exchange: Exchange) -> PreferencesChange:
    """Return what the preferences shall be. The `version` of what was read may come along, and counts for nothing.

    Raises:
        Refusal: VALIDATION_FAILED that names each place.
    """
    content: dict[str, Any] = {name: value for name, value in exchange.body.items() if name != _VERSION}
    errors = [
        FieldError(f"body.{name[:_LONGEST_NAME]}", "invalid", f"A name has 1 to {_LONGEST_NAME} characters.")
        for name in content
        if not 1 <= len(name) <= _LONGEST_NAME
    ]
    if len(content) > _MOST_MEMBERS:
        errors.append(FieldError("body", "too_many", f"At most {_MOST_MEMBERS} members."))
    if len(exchange.raw_body) > _MOST_BYTES:
        errors.append(FieldError("body", "too_long", f"At most {_MOST_BYTES} bytes."))
    _refuse(errors)
    tags = demanded_tags(exchange)
    demanded = None if tags is None else {version_in(tag) or tag: tag for tag in tags if tag == "*" or version_in(tag)}
    return PreferencesChange(content=content, demanded=demanded, tag_of=preferences_tag)


def preferences_tag(told: ToldPreferences) -> str:
    """Return the tag of preferences. It tells their version, which is what tenant-service can be held to."""
    return strong_tag(bytes(told.content), version=str(told.version))


def shortcuts_change(exchange: Exchange, platform: AppPlatform) -> ShortcutsChange:
    """Return what the operator's keys shall be.

    Raises:
        Refusal: VALIDATION_FAILED that names each action that there is not, and each text that is no combination.
    """
    body: ShortcutsBody = exchange.body
    _refuse(_shape_errors(body))

    def shown(found: FoundShortcuts) -> tuple[bytes, str]:
        answer = json_answer(shortcuts_answer(found, exchange.language)).body
        return answer, strong_tag(answer)

    return ShortcutsChange(platform=platform, overrides=body.overrides, demanded=demanded_tags(exchange), shown=shown)


class _Versioned(msgspec.Struct):
    version: int


def tag_of_answer(body: bytes) -> str:
    """Return the tag of an answer that holds preferences."""
    told = ToldPreferences(version=msgspec.json.decode(body, type=_Versioned).version, content=msgspec.Raw(body))
    return preferences_tag(told)


def _shape_errors(body: ShortcutsBody) -> Iterable[FieldError]:
    for action, text in body.overrides.items():
        place = f"body.overrides.{action[:_LONGEST_NAME]}"
        if action not in _ACTIONS:
            yield FieldError(place, "unknown", "There is no such action.")
        elif text is not None and parse_chord(text) is None:
            yield FieldError(
                place, "malformed", "Such as Ctrl+Shift+K: Ctrl, Alt, Shift, Meta in this order, then a key."
            )


def _refuse(errors: Iterable[FieldError]) -> None:
    found = tuple(errors)
    if found:
        raise Refusal(Code.VALIDATION_FAILED, "The request has malformed parts.", errors=found)
