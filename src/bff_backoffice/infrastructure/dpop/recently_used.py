"""A bounded memory of what was used last. The oldest entry makes room.

So that no stream of strangers fills the process.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

__all__ = ["RecentlyUsed"]

V = TypeVar("V")


class RecentlyUsed(Generic[V]):
    """Texts and what was made of them, at most `size` of them."""

    __slots__ = ("_entries", "_size")

    def __init__(self, size: int) -> None:
        self._entries: OrderedDict[str, V] = OrderedDict()
        self._size = size

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, text: str) -> V | None:
        """What was made of this text, if that is still known."""
        value = self._entries.get(text)
        if value is not None:
            self._entries.move_to_end(text)
        return value

    def put(self, text: str, value: V) -> None:
        """Remember, and forget what was not used for the longest time."""
        self._entries[text] = value
        self._entries.move_to_end(text)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
