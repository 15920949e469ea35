"""Which of two builds of the desktop is the older one: precedence by Semantic Versioning 2.0.0, section 11."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["is_below"]

# A floor is typed by people: "2" and "2.1" mean 2.0.0 and 2.1.0.
_CORE: Final = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?\Z", re.ASCII)
_REMEMBERED: Final = 1024
"""The builds of a fleet beside the floors of its tenants."""

_Identifier = tuple[int, int, str]
_Precedence = tuple[int, int, int, int, tuple[_Identifier, ...]]


@lru_cache(_REMEMBERED)
def is_below(version: str | None, floor: str) -> bool:
    """Whether a build is older than the floor.

    A build that is not known, and a floor that is no version, lock nobody out: False. Build metadata (`+…`) counts for
    nothing, and a pre-release (`2.0.0-rc.1`) is older than its release.
    """
    build, least = _precedence(version), _precedence(floor)
    return build is not None and least is not None and build < least


def _precedence(text: str | None) -> _Precedence | None:
    """What versions are compared by, or None for a text that is no version."""
    core, dash, pre_release = (text or "").strip().partition("+")[0].partition("-")
    found = _CORE.match(core)
    if found is None:
        return None
    major, minor, patch = (int(number or 0) for number in found.groups())
    identifiers = tuple(_identifier(each) for each in pre_release.split(".")) if dash else ()
    return major, minor, patch, 0 if dash else 1, identifiers


def _identifier(text: str) -> _Identifier:
    """Numbers come before words and among themselves by value; words by their ASCII letters."""
    return (0, int(text), "") if text.isascii() and text.isdigit() else (1, 0, text)
