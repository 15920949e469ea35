"""The simulator is another program: it and the service know nothing of each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def imported(folder: Path) -> set[str]:
    """The first words of everything that the modules of a folder import."""
    words: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                words |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                words.add((node.module or "").partition(".")[0])
    return words


@pytest.mark.parametrize(
    ("folder", "stranger"), [("platform_sim", "bff_backoffice"), ("src/bff_backoffice", "platform_sim")]
)
def test_neither_imports_the_other(folder, stranger):
    """No module of the one imports a module of the other."""
    found = imported(ROOT / folder)
    assert "asyncio" in found
    assert stranger not in found
