"""An event loop whose clock jumps to the next timer when there is nothing else to do: hours of waiting in no time.

Order and moments are exact, so a test can say "at 600 ms" and mean it. For code without real sockets only: bytes on a
socket would arrive at an arbitrary moment of such a clock.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["BEGINNING", "NothingLeftToHappenError", "run", "wall_clock"]

T = TypeVar("T")

BEGINNING = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
"""What the wall clock says when a virtual run begins."""


class NothingLeftToHappenError(Exception):
    """Everything waits and no timer is set: with a real clock the test would hang for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingLeftToHappenError
        self.now += max(0.0, timeout)
        return []


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        # A timer that is due within the clock's resolution counts as due; ours is exact but for rounding.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now


def wall_clock() -> datetime:
    """Return the wall clock's time in the running virtual loop."""
    return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time())


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a clock of its own, which begins at 0; fail if a task is left behind."""
    loop = _VirtualLoop()
    try:
        result = loop.run_until_complete(main)
        left = asyncio.all_tasks(loop)
        assert not left, f"left behind: {left}"
        return result
    finally:
        loop.close()
