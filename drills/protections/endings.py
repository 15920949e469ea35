"""How a test ended: by saying that something is not as it should be, or by an error that it ran into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

__all__ = ["SAID", "what_ended"]

SAID: Final = "an assertion"
"""How a test ends that found something amiss."""


def what_ended(error: BaseException) -> str:
    """`SAID`, where a test said itself that something is not as it should be; else the errors that it ran into.

    A test that fails because a machine is busy or a store is away says nothing of the protection that was removed.
    """
    leaves = list(_leaves(error))
    if all(isinstance(each, AssertionError | pytest.fail.Exception) for each in leaves):
        return SAID
    return ", ".join(type(each).__name__ for each in leaves)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors of a group, or the one."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
