"""What a protection is to this drill: a name, where it is, how it is removed, and which tests should miss it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CATALOGUE", "ROWS", "Edit", "Protection", "Statements"]

CATALOGUE = "test_tables.py"
"""The tests that ask Postgres what the schema says."""
ROWS = "test_rows.py"
"""The tests that try to reach another tenant's rows."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Removed in the database by its superuser. `undo` gives back what is the server's and not the database's."""

    do: tuple[str, ...]
    undo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """Removed in the source: one text, which must be there exactly once, is replaced by another.

    `path` is below the checkout; `inside` is the function, method or class it is looked for in, "" for the whole file.
    """

    path: str
    inside: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """One thing that keeps tenants apart.

    `suites` are runs of the suite that must each fail, with the tests (below `tests/isolation`) that they consist of:
    one run for most; for what the schema says, one that reads the catalogue and one that tries rows.
    """

    name: str
    group: str
    removal: Statements | Edit
    suites: tuple[tuple[str, ...], ...]

    @property
    def place(self) -> str:
        """Where it was removed, for a reader."""
        if isinstance(self.removal, Statements):
            # A function is a text of many lines, of which the first names it.
            return "; ".join(each.partition("\n")[0] for each in self.removal.do)
        inside = f", `{self.removal.inside}`" if self.removal.inside else ""
        return f"`{self.removal.path}`{inside}"
