"""The whole page: what it is and how old, then one list after the other, each on sheets of its own."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

from bff_backoffice.application.downtime_pack import DowntimePack, PackList
from bff_backoffice.domain.workbench import SectionId
from bff_backoffice.presentation.dashboard_html.markup import Markup, bidi, el, fragment, raw, void
from bff_backoffice.presentation.downtime_pack_html.cells import Cells
from bff_backoffice.presentation.downtime_pack_html.tables import list_table
from bff_backoffice.presentation.errors import refusal_of, user_message
from bff_backoffice.presentation.formats import day, number, zone_named
from bff_backoffice.presentation.words import Language, message

__all__ = ["PAGE_POLICY", "pack_page"]

_STYLE: Final = (files("bff_backoffice.presentation.downtime_pack_html") / "page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's `Content-Security-Policy`: its own style and nothing else at all."""


def pack_page(pack: DowntimePack, language: Language) -> bytes:
    """Return the page in UTF-8, in the language's own calendar, digits and direction."""
    place = pack.place
    cells = Cells(
        language=language,
        zone=None if place is None else zone_named(place.timezone),
        balances_known=pack.lists[SectionId.BALANCES].lines is not None,
    )
    title = message(language, "pack.title")
    hotel = None if place is None else place.name.in_language(language.tag)
    head = el(
        "head",
        void("meta", charset="utf-8"),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light"),
        el("title", f"{title} · {hotel}" if hotel else title),
        raw("<style>"), raw(_STYLE), raw("</style>"),
    )  # fmt: skip
    html = fragment(
        raw("<!doctype html>\n"),
        raw(f'<html lang="{language.tag}" dir="{language.dir}">'),
        head,
        raw("\n<body>"),
        _top(pack, cells, title, hotel),
        raw("\n<main>"),
        _overview(pack, cells),
        *[_list(cells, section, packed) for section, packed in pack.lists.items()],
        raw("</main>\n"),
        el("footer", el("p", message(language, "pack.footer"))),
        raw("</body></html>\n"),
    )
    return html.encode()


def _top(pack: DowntimePack, cells: Cells, title: str, hotel: str | None) -> Markup:
    language = cells.language
    before, _, after = message(language, "page.prepared").partition("{time}")
    return el(
        "header",
        el("h1", title),
        el("p", bidi(hotel), class_="where") if hotel else None,
        el("p", el("time", day(language, pack.day), datetime=pack.day.isoformat()), class_="day") if pack.day else None,
        el("p", before, cells.full_moment(pack.generated_at), after, class_="prepared"),
        el("p", message(language, "pack.purpose")),
        el("p", message(language, "pack.partial"), class_="caution", role="note") if pack.partial else None,
        class_="top",
    )


def _overview(pack: DowntimePack, cells: Cells) -> Markup:
    """Which lists there are, how many lines each has and how old it is: what a desk checks first."""
    language = cells.language
    columns = ("pack.column.list", "pack.column.lines", "pack.column.read", "pack.column.as_of")
    rows = [
        el(
            "tr",
            el("th", el("a", message(language, f"pack.list.{section.value}"), href=f"#{section.value}"), scope="row"),
            el("td", cells.missing("pack.unknown") if packed.lines is None
               else number(language, len(packed.lines.items))),
            el("td", _badge(language, packed)),
            el("td", _as_of(cells, packed)),
        )
        for section, packed in pack.lists.items()
    ]  # fmt: skip
    return el(
        "section",
        el("h2", message(language, "pack.overview"), id="overview"),
        el(
            "table",
            el("caption", message(language, "pack.overview"), class_="unseen"),
            el("thead", el("tr", *[el("th", message(language, key), scope="col") for key in columns])),
            el("tbody", *rows),
        ),
        class_="overview",
        aria_labelledby="overview",
    )


def _list(cells: Cells, section: SectionId, packed: PackList) -> Markup:
    language = cells.language
    read = packed.section
    failure = read.failure
    if packed.lines is None:
        why = user_message(refusal_of(failure), language) if failure is not None else None
        body = el("p", message(language, "pack.hole"), *((" ", why) if why else ()), class_="failure", role="note")
    else:
        old = el("p", message(language, "pack.old"), class_="caution", role="note") if not read.outcome.whole else None
        items = packed.lines.items
        table = list_table(cells, section, items)
        body = fragment(old, table if items else el("p", message(language, "pack.empty"), class_="empty"))
    before, _, after = message(language, "pack.as_of").partition("{time}")
    moment = None if read.as_of is None else el("span", before, cells.full_moment(read.as_of), after)
    return fragment(
        raw("\n"),
        el(
            "section",
            el("h2", message(language, f"pack.list.{section.value}"), id=section.value),
            el("p", moment, " ", _badge(language, packed), class_="read"),
            body,
            class_="list",
            tabindex="0",
            aria_labelledby=section.value,
        ),
    )


def _badge(language: Language, packed: PackList) -> Markup:
    outcome = packed.section.outcome
    tone = "whole" if outcome.whole else "missing" if packed.lines is None else "old"
    return el("span", message(language, f"outcome.{outcome.value}"), class_=f"badge is-{tone}")


def _as_of(cells: Cells, packed: PackList) -> Markup:
    moment = packed.section.as_of
    return cells.missing("pack.unknown") if moment is None else cells.full_moment(moment)
