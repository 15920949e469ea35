"""Waiting for what happens somewhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import redis

from bff_backoffice.infrastructure.memorystore import keys
from tests.worlds import World

__all__ = ["handled", "until"]

T = TypeVar("T")


def until(true: Callable[[], T | Literal[False] | None], seconds: float = 20.0) -> T:
    """What is true in the end: the first answer that is, asked for twenty times a second."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found or time.monotonic() > end:
            assert found, "it never came"
            return found
        time.sleep(0.05)


def handled(world: World) -> None:
    """Wait until the worker has dealt with everything on the bus."""
    client = redis.Redis.from_url(world.redis)
    try:

        def behind() -> bool:
            groups: Any = client.xinfo_groups(keys.platform_events())
            return any(each["pending"] or each["lag"] for each in groups)

        until(lambda: not behind())
    finally:
        client.close()
