"""Random values: anything that JSON can hold, any text, and other spellings of the same JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

__all__ = ["any_json", "any_text", "spelled"]

_ALPHABETS: Final = (
    "abcXYZ019-_", "\u0000\u0001\t\n\r\x1f\x7f", "éßñ", "مرحبا", "سلام", "\u202e\u200b\ufeff\u2028", "😀\U0010ffff",
    '"\\/', "\ud800\udfff",
)  # fmt: skip


def any_text(rng: random.Random, least: int, most: int) -> str:
    """A text of so many characters, of one or two alphabets."""
    alphabet = rng.choice(_ALPHABETS) + rng.choice(_ALPHABETS)
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(least, most)))


def any_json(rng: random.Random, depth: int = 2) -> Any:  # noqa: ANN401 - that is the point
    """Anything that JSON can hold, NaN included, which it can't."""
    makers: list[Callable[[], Any]] = [
        lambda: rng.choice((None, True, False)),
        lambda: rng.choice((0, 1, -1, rng.randrange(2**31), 2**63, 10**30)),
        lambda: rng.choice((0.0, -0.0, 1.5, 1e308, float("inf"), float("-inf"), float("nan"))),
        lambda: any_text(rng, 0, 12),
    ]
    if depth:
        makers += [
            lambda: [any_json(rng, depth - 1) for _ in range(rng.randint(0, 3))],
            lambda: {any_text(rng, 0, 6): any_json(rng, depth - 1) for _ in range(rng.randint(0, 3))},
        ]
    return rng.choice(makers)()


def spelled(rng: random.Random, members: dict[str, Any]) -> str:
    """The same object, members in any order, spaced anyhow, letters escaped or not; what is no JSON is left out."""
    items = [(name, value) for name, value in members.items() if "nan" not in repr(value) and "inf" not in repr(value)]
    rng.shuffle(items)
    indent = rng.choice((None, None, 1, "\t"))
    plain = json.dumps(dict(items), ensure_ascii=False, indent=indent)
    escaped = json.dumps(dict(items), indent=indent)
    try:
        plain.encode()
    except UnicodeEncodeError:
        # A lone surrogate can be escaped and can't be written.
        return escaped
    return rng.choice((plain, escaped))
