"""What happened to the desktops of the live drill on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """What happened on the way, over all devices."""

    streams: int = 0
    polls: int = 0
    switched: int = 0
    """Changes from a stream to polling, or back."""
    cut: int = 0
    """Answers that the desktop hung up on, at any byte or moment."""
    broken: int = 0
    """Those that broke off, because of a process that died or a network."""
    unreachable: int = 0
    silent: int = 0
    """Those that showed nothing in time."""
    taken_over: int = 0
    """Streams whose device opened another one while they were open."""
    ended: Counter[str] = field(default_factory=Counter)
    """Streams that said why they end."""
    refused: Counter[str] = field(default_factory=Counter)
    not_superseded: list[str] = field(default_factory=list)
    not_as_promised: list[str] = field(default_factory=list)

    @property
    def disconnects(self) -> int:
        """Streams and polls that were under way and ended otherwise than by their own answer's end."""
        return self.cut + self.broken + self.silent + self.taken_over + self.ended.total()
