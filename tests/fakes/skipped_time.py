"""An event loop over real sockets whose clock a test sets forward: a limit of half a minute passes in no time.

What waits for a limit can then be given one that no busy machine reaches by itself, and meets it when the test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run", "skip"]

T = TypeVar("T")


class _SkippingLoop(asyncio.SelectorEventLoop):
    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop whose clock can be set forward."""
    with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
        return runner.run(main)


async def skip(seconds: float) -> None:
    """Let so many seconds have passed, and return when all that was due by then has been woken."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _SkippingLoop)
    loop.skipped += seconds
    # Timers fire in the next turn of the loop, and wake whoever waits for them in the one after that.
    for _ in range(3):
        await asyncio.sleep(0)
