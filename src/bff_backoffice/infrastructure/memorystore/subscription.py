"""A connection to Redis that listens: `SUBSCRIBE`d channels beside the few round trips that say which."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from bff_backoffice.infrastructure.memorystore.wire import RoundTrip, Wire

__all__ = ["Subscription"]


class Subscription(Wire):
    """A wire whose messages go to `heard(channel, message)` as they are read; `ended()` is called once it is torn down.

    The protocol's second version is spoken, in which a message is an array that begins with its kind; every other reply
    belongs to the first in the row.
    """

    __slots__ = ("_ended", "_heard")

    def __init__(
        self, *, limit_seconds: float, heard: Callable[[bytes, bytes], None], ended: Callable[[], None]
    ) -> None:
        super().__init__(limit_seconds=limit_seconds)
        self._heard = heard
        self._ended = ended

    def _take(self, waiting: deque[RoundTrip], reply: Any) -> None:  # noqa: ANN401 - a reply's type is the command's
        if isinstance(reply, list) and len(reply) == 3 and reply[0] == b"message":  # noqa: PLR2004 - kind, channel, message
            self._heard(reply[1], reply[2])
        else:
            super()._take(waiting, reply)

    def end(self, failure: Exception) -> None:
        """Tear the connection down, and say so."""
        fresh = self.failure is None
        super().end(failure)
        if fresh:
            self._ended()
