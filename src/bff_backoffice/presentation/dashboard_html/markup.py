"""HTML that is escaped unless it was built here: a plain `str` is always text, whatever a guest is called."""

from __future__ import annotations

from html import escape
from typing import Final

__all__ = ["NOTHING", "Markup", "bidi", "code", "el", "fragment", "raw", "void"]


class Markup(str):
    """Finished HTML. Only this module makes one."""

    __slots__ = ()


NOTHING: Final = Markup('<span class="missing">\u2013</span>')
"""What stands in a cell that has nothing to say: a dash, so that nobody wonders whether it is still coming."""


def el(name: str, /, *children: str | None, **attributes: str | bool | None) -> Markup:
    """Return an element. Children that are not `Markup` are escaped; None is left out.

    Attribute names lose a trailing underscore and turn others into hyphens (`class_`, `aria_busy`); True gives a bare
    attribute, False and None give none.
    """
    inside = fragment(*children)
    return Markup(f"<{name}{_attributes(attributes)}>{inside}</{name}>")


def void(name: str, /, **attributes: str | bool | None) -> Markup:
    """Return an element that has neither children nor an end tag, such as `img` or `meta`."""
    return Markup(f"<{name}{_attributes(attributes)}>")


def fragment(*children: str | None) -> Markup:
    """Return the children one after the other, escaped where they are plain text."""
    return Markup("".join(_escaped(child) for child in children if child is not None))


def raw(html: str) -> Markup:
    """Mark a literal of this package as finished HTML. Never for anything that came from outside."""
    return Markup(html)


def bidi(content: str) -> Markup:
    """Return text of unknown direction, isolated: a name in one script must not reorder what stands around it."""
    return el("bdi", content)


def code(content: str) -> Markup:
    """Return a room number, code or identifier: Latin digits, left to right, in whatever language it stands."""
    return el("bdi", content, class_="code", dir="ltr")


def _attributes(attributes: dict[str, str | bool | None]) -> str:
    parts = []
    for name, value in attributes.items():
        written = name.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {written}")
        elif isinstance(value, str):
            parts.append(f' {written}="{escape(value)}"')
    return "".join(parts)


def _escaped(child: str) -> str:
    return child if isinstance(child, Markup) else escape(child)
