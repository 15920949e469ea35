"""The parts that several tiles are made of: figures, definition lists, tables, bars."""

from __future__ import annotations

from collections.abc import Sequence

from bff_backoffice.presentation.dashboard_html.markup import Markup, bidi, code, el, raw
from bff_backoffice.presentation.words import Language, message, message_or_none

__all__ = ["bar", "empty", "facts", "figure", "room", "sparkline", "state_word", "table"]


def figure(value: str, *, beside: str | None = None) -> Markup:
    """Return the tile's one large number, with a smaller remark beside it."""
    remark = el("span", beside, class_="beside") if beside else None
    return el("p", el("strong", bidi(value), class_="figure"), remark, class_="lead")


def facts(*pairs: tuple[str, str] | None) -> Markup:
    """Return labelled values as a definition list; a pair that is None is left out."""
    rows = [
        el("div", el("dt", pair[0]), el("dd", pair[1] if isinstance(pair[1], Markup) else bidi(pair[1])))
        for pair in pairs
        if pair is not None
    ]
    return el("dl", *rows, class_="facts")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str, visible: bool = False) -> Markup:
    """Return a table whose first column heads its row. The caption names it to those who do not see the tile."""
    head = el("thead", el("tr", *[el("th", heading, scope="col") for heading in headings]))
    body = el("tbody", *[_row(cells) for cells in rows])
    title = el("caption", caption, class_=None if visible else "unseen")
    return el("div", el("table", title, head, body), class_="scroll")


def _row(cells: Sequence[str]) -> Markup:
    first, *rest = cells
    return el("tr", el("th", first, scope="row"), *[el("td", cell) for cell in rest])


def empty(language: Language, widget: str) -> Markup:
    """Return the sentence that stands where a list has nothing to show."""
    return el("p", message(language, f"empty.{widget}"), class_="empty")


def room(language: Language, number: str | None) -> Markup:
    """Return a room number, or that there is none yet."""
    return code(number) if number else el("span", message(language, "label.not_assigned"), class_="missing")


def state_word(language: Language, family: str, word: str) -> Markup:
    """Return an upstream's status word in the reader's language, its kind as a class; an unknown word as it came."""
    text = message_or_none(language, f"{family}.{word}")
    if text is None:
        return el("span", bidi(word.replace("_", " ")), class_="state")
    return el("span", text, class_=f"state {family} is-{word}")


def bar(share: float) -> Markup:
    """Return a bar that is `share` (0 to 1) full. Drawn, not styled, so that it prints; the number stands beside it."""
    width = round(100 * min(max(share, 0.0), 1.0), 1)
    return raw(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rail" width="100" height="8" rx="2"/>'
        f'<rect class="fill" width="{width}" height="8" rx="2"/></svg>'
    )


def sparkline(values: Sequence[float]) -> Markup | None:
    """Return a small line of a few values, oldest first; nothing for fewer than two."""
    if len(values) < 2:  # noqa: PLR2004 - one point is no line
        return None
    low, high = min(values), max(values)
    height = (high - low) or 1.0
    step = 100 / (len(values) - 1)
    points = [(round(i * step, 1), round(26 - 22 * (value - low) / height, 1)) for i, value in enumerate(values)]
    line = " ".join(f"{x},{y}" for x, y in points)
    return raw(
        '<svg class="spark" viewBox="-2 0 104 30" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon class="area" points="0,30 {line} 100,30"/><polyline class="line" points="{line}"/></svg>'
    )
