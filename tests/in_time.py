"""Reading from a platform that is well on a machine that may stand still for a second, which is longer than its time.

Only lateness is forgiven, and only by asking again: what is wrong in any other way is wrong the first time, and what is
late every time never comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx2

from tests.desktop import Desktop
from tests.waiting import until
from tests.worlds import World

__all__ = ["in_time", "kept", "late"]

T = TypeVar("T")

_LATE: Final = frozenset({"timeout", "breaker_open", "shed", "fallback"})
"""How a read ends whose upstream was too slow, or whose upstream was too slow just before."""


def late(found: Any) -> bool:
    """Whether a part of what was read came too late: of an answer, of frames, of a JSON value."""
    if isinstance(found, httpx2.Response):
        is_json = found.headers.get("Content-Type", "").startswith("application/json")
        return found.status_code == 504 or (is_json and late(found.json()))
    if isinstance(found, dict):
        return found.get("outcome") in _LATE or any(map(late, found.values()))
    return isinstance(found, list | tuple) and any(map(late, found))


def in_time(world: World, ask: Callable[[], T]) -> T:
    """What is read with no part too late: asked for anew, and of nothing that is kept, while one is."""

    def asked() -> tuple[T] | None:
        found = ask()
        if not late(found):
            return (found,)
        world.forget_cache()
        return None

    return until(asked)[0]


def kept(world: World, desktop: Desktop, path: str, **headers: str | None) -> httpx2.Response:
    """The answer once all of it comes from the cache, which keeps nothing where a machine stands still for a tenth."""

    def asked() -> httpx2.Response | None:
        answer = in_time(world, lambda: desktop.get(path, **headers))
        return answer if answer.headers["X-Cache"] == "HIT" else None

    return until(asked)
