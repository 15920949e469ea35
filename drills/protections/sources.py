"""The protections that only the source knows: what each line does for tenants is said here, and what removes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from drills.protections.listed import ROWS, Edit, Protection

__all__ = ["of_the_source"]

_SRC: Final = "src/bff_backoffice"


def of_the_source() -> Iterator[Protection]:
    """Each protection of the list."""
    for name, path, inside, old, new, first in _LISTED:
        yield Protection(
            name=name, group="", removal=Edit(f"{_SRC}/{path}", inside, old, new), suites=((first,),)
        )  # fmt: skip


_LISTED: Final = (
    ("set-local", "infrastructure/postgres/pool.py", "Database.transaction", ", $1, true)", ", $1, false)", ROWS),
)
