"""Removing a protection from the source: a text inside a function, or the tenant that a function puts into a key."""

from __future__ import annotations

import ast

from drills.protections.listed import Edit

__all__ = ["ProtectionMovedError", "applied", "segment"]


class ProtectionMovedError(Exception):
    """The source is not as the list of protections says. Mend the list: the protection is elsewhere, or nowhere."""


def applied(edit: Edit, source: str) -> str:
    """Return the source without the protection.

    Raises:
        ProtectionMovedError: what is to be replaced is not there exactly once, or what it becomes is no Python.
    """
    begin, end = segment(source, edit.inside, edit.path)
    part = source[begin:end]
    if part.count(edit.old) != 1:
        raise ProtectionMovedError(f"{edit.path}, {edit.inside}: {part.count(edit.old)} times {edit.old!r}")
    edited = source[:begin] + part.replace(edit.old, edit.new) + source[end:]
    if edit.path.endswith(".py"):
        try:
            ast.parse(edited)
        except SyntaxError as error:
            raise ProtectionMovedError(f"{edit.path}, {edit.inside}: {error}") from error
    return edited


def segment(source: str, inside: str, path: str = "") -> tuple[int, int]:
    """Where a function, method or class begins and ends, in characters; the whole text for "".

    Raises:
        ProtectionMovedError: there is none of this name.
    """
    if not inside:
        return 0, len(source)
    body: list[ast.stmt] = ast.parse(source).body
    found: ast.stmt | None = None
    for name in inside.split("."):
        found = next((node for node in body if name in _names(node)), None)
        if found is None:
            raise ProtectionMovedError(f"{path}: no {inside}")
        body = getattr(found, "body", [])
    if found is None or found.end_lineno is None:
        raise ProtectionMovedError(f"{path}: no {inside}")
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: found.lineno - 1])), sum(map(len, lines[: found.end_lineno]))


def _names(node: ast.stmt) -> set[str]:
    """What a statement gives a name to: a function, a class, a constant."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}
