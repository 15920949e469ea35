"""Waiting for what happens somewhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeVar

__all__ = ["until"]

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
