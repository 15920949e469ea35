"""A strict reader of the page: what a browser would forgive, this does not."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["StrictPage"]

VOID = frozenset({"meta", "img", "br", "hr", "link", "input"})
SILENT = frozenset({"style", "template"})


class StrictPage(HTMLParser):
    """Collects elements, texts and attributes, and the reasons why the page is not well-formed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        self.faults.extend(f"never closed: {name}" for name in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; its end is expected unless it has none."""
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"attribute twice on {tag}")
        given = dict(attrs)
        self.elements.append((tag, given))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag not in VOID and not self._self_closed(tag):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a drawn element that ends itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Hold every end to the element that was opened last."""
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:]}")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        """Keep what a person reads."""
        if data.strip() and "style" not in self.open:
            self.texts.append(" ".join(data.split()))

    def _self_closed(self, tag: str) -> bool:
        return (self.get_starttag_text() or "").endswith("/>") and tag in {"rect", "polygon", "polyline"}
