"""Identifiers: `<prefix>_<ULID>`, where the ULID is the same in every service and only the prefix differs."""

from __future__ import annotations

import os
import random
import re
import time
from typing import Final

__all__ = ["SeededIds", "fresh_id", "fresh_ulid", "has_shape", "is_ulid", "with_prefix"]

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")
_SEED_MOMENT_MS: Final = 1_735_689_600_000
"""2025-01-01T00:00:00Z: seed identifiers look as if they were made long before the simulator was started."""


def _encode(milliseconds: int, randomness: int) -> str:
    number = (milliseconds << 80) | randomness
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


class SeededIds:
    """Identifiers of the seed world: the same seed gives the same ones, in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"ids:{seed}")
        self._count = 0

    def __call__(self, prefix: str) -> str:
        """The next identifier with this prefix, such as `rsv_01JGFJJZ00…`."""
        self._count += 1
        return f"{prefix}_{_encode(_SEED_MOMENT_MS + self._count, self._random.getrandbits(80))}"


def fresh_ulid() -> str:
    """A ULID from the clock and the system's randomness: never the same again, also across resets."""
    return _encode(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big"))


def fresh_id(prefix: str) -> str:
    """A run-time identifier: never the same again, also across resets."""
    return f"{prefix}_{fresh_ulid()}"


def with_prefix(identifier: str, prefix: str) -> str:
    """The same thing under another service's prefix: `with_prefix("rmu_X", "rom")` is `rom_X`."""
    return f"{prefix}_{identifier.partition('_')[2] if '_' in identifier else identifier}"


def is_ulid(text: str) -> bool:
    """Whether the text is a ULID in its canonical, upper-case form."""
    return _ULID.match(text) is not None


def has_shape(identifier: str, prefix: str) -> bool:
    """Whether the text is `<prefix>_<ULID>`."""
    head, _, tail = identifier.partition("_")
    return head == prefix and is_ulid(tail)
