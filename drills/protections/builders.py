"""The tenant in each key of Redis: whatever function spells a key and takes a tenant loses it, found in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from drills.protections.edits import ProtectionMovedError
from drills.protections.listed import Edit, Protection

__all__ = ["KEYS", "of_the_builders"]

KEYS: Final = "src/bff_backoffice/infrastructure/memorystore/keys.py"
"""The only place where a key is spelled."""


def of_the_builders(root: Path) -> Iterator[Protection]:
    """The tenant of each builder, in the order of the file.

    Raises:
        ProtectionMovedError: a builder takes a tenant and puts it nowhere.
    """
    source = (root / KEYS).read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and "tenant_id" in {each.arg for each in node.args.args}:
            yield Protection(
                name=f"tenant-in-key {node.name}", group="tenant in keys of Redis",
                removal=_without_tenant(source, node), suites=(("test_keys.py",),),
            )  # fmt: skip


def _without_tenant(source: str, function: ast.FunctionDef) -> Edit:
    docstring = ast.get_docstring(function) is not None
    (begin, end) = (function.body[int(docstring)].lineno - 1, function.end_lineno)
    old = "".join(source.splitlines(keepends=True)[begin:end])
    new = re.sub(r"\btenant_id\b", '"tnt_everybody"', old.replace("{tenant_id}", "tnt_everybody"))
    if old == new:
        raise ProtectionMovedError(f"{KEYS}: {function.name} takes a tenant and does not use it")
    return Edit(path=KEYS, inside=function.name, old=old, new=new)
