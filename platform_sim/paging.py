"""Pages of lists that shrink while they are read: an inbox from which items vanish as somebody deals with them.

The cursor holds the sort key of the last row that was given: nothing is skipped when rows before it disappear, and
nothing is given twice when rows before it are added.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from platform_sim.kernel import Call

__all__ = ["keyset_page"]

T = TypeVar("T")
Key = tuple[int | str, ...]


def keyset_page(
    call: Call, rows: Sequence[T], key: Callable[[T], Key], *, default: int, maximum: int
) -> tuple[list[T], str | None]:
    """The rows of `?cursor=&limit=` in the order of their keys, and the cursor of what follows, or None at the end.

    Keys of one list have the same types at the same places. Raises `Refused` 400 for a cursor that is none of ours.
    """
    limit = call.query_integer("limit", default, maximum=maximum)
    ordered = sorted(rows, key=key)
    if "cursor" in call.query:
        ordered = _after(call, ordered, key)
    following = _cursor(key(ordered[limit - 1])) if len(ordered) > limit else None
    return ordered[:limit], following


def _after(call: Call, ordered: list[T], key: Callable[[T], Key]) -> list[T]:
    try:
        last = tuple(json.loads(base64.urlsafe_b64decode(call.query["cursor"].encode())))
        return [row for row in ordered if key(row) > last]
    except (binascii.Error, ValueError, TypeError):
        raise call.invalid("cursor", "a cursor of this list") from None


def _cursor(last: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(last, separators=(",", ":")).encode()).decode()
