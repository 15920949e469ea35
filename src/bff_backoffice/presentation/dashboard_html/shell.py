"""The page around the tiles, in chunks that a browser paints as they come, in any order and without script.

The board is a declarative shadow tree with one named slot per widget. A slot's own content is the skeleton; a widget
that is ready arrives as a `<section slot="…">` behind the tree, wherever it is in the stream, and takes the skeleton's
place.
"""

from __future__ import annotations

from typing import Final, assert_never

from bff_backoffice.application.dashboard import EndFrame, Frame, StartFrame, WidgetFrame, WidgetPlan
from bff_backoffice.domain.dashboard import WidgetId, WidgetState
from bff_backoffice.presentation.dashboard_frames import refusal_of_widget, skeleton
from bff_backoffice.presentation.dashboard_html.markup import Markup, bidi, el, fragment, raw, void
from bff_backoffice.presentation.dashboard_html.page import Page, page_of
from bff_backoffice.presentation.dashboard_html.style import STYLE
from bff_backoffice.presentation.dashboard_html.tiles import render_tile
from bff_backoffice.presentation.errors import user_message
from bff_backoffice.presentation.formats import age, day_and_time, number
from bff_backoffice.presentation.words import Language, message

__all__ = ["PageWriter", "page_end", "page_start", "widget"]

_STYLE_ELEMENT: Final = fragment(raw("<style>"), raw(STYLE), raw("</style>"))
_WHOLE: Final = "whole"
_OLD: Final = "old"
_MISSING: Final = "missing"


class PageWriter:
    """One page in the making: each frame as its chunk, in the order in which the frames come.

    It remembers what the start frame said: the widgets' widths, the property's name and clock.
    """

    def __init__(self, language: Language) -> None:
        self._page = Page(language=language)
        self._spans: dict[WidgetId, int] = {}

    def __call__(self, frame: Frame) -> bytes:
        """Return the frame's chunk of the page. The start frame comes first."""
        match frame:
            case StartFrame():
                self._page = page_of(frame, self._page.language)
                self._spans = {plan.id: plan.span for plan in frame.widgets}
                return page_start(self._page, frame)
            case WidgetFrame():
                return self._learned(frame) + widget(self._page, frame, span=self._spans[frame.id])
            case EndFrame():
                return page_end(self._page, frame)
            case _:
                assert_never(frame)

    def _learned(self, frame: WidgetFrame) -> bytes:
        """The property's name for the heading, when its card comes; its clock serves the widgets that come after."""
        if frame.id is not WidgetId.PROPERTY or frame.data is None:
            return b""
        known, self._page = self._page.property_name, self._page.at_property(frame.data)
        name = self._page.property_name
        if name is None or name == known:
            return b""
        return el("p", bidi(name), slot="where", class_="where").encode()


def page_start(page: Page, start: StartFrame) -> bytes:
    """Return the first chunk: head, heading and every widget's skeleton, or what was last known of it."""
    language = page.language
    title = message(language, "page.title")
    name = f"{title} · {page.property_name}" if page.property_name else title
    head = el(
        "head",
        void("meta", charset="utf-8"),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        el("title", name),
        _STYLE_ELEMENT,
    )
    board = el(
        "main",
        *[_placeholder(page, plan) for plan in start.widgets],
        class_="board",
        aria_label=message(language, "page.widgets"),
    )
    foot = el("footer", el("slot", el("p", message(language, "page.loading"), class_="waiting"), name="end"),
              class_="foot", role="status")  # fmt: skip
    html = fragment(
        raw("<!doctype html>\n"),
        raw(f'<html lang="{language.tag}" dir="{language.dir}">'),
        head,
        raw('\n<body><div class="page"><template shadowrootmode="open">'),
        _STYLE_ELEMENT,
        _heading(page, start, title),
        board,
        foot,
        raw("</template>\n"),
    )
    return html.encode()


def widget(page: Page, frame: WidgetFrame, *, span: int) -> bytes:
    """Return one widget's chunk. `span` is its plan's, in columns of twelve."""
    language = page.language
    refusal = refusal_of_widget(frame)
    body = render_tile(page, frame.id, frame.data) if frame.data is not None else None
    if body is None:
        text = user_message(refusal, language) if refusal else message(language, "errors.bff.upstream_invalid_response")
        parts = [el("p", text, class_="failure", role="note")]
    elif refusal is not None:
        parts = [
            el("p", message(language, "widget.retained"), " ", user_message(refusal, language), class_="caution"),
            body,
        ]
    else:
        parts = [body]
    tone = _MISSING if body is None else _WHOLE if frame.outcome.whole else _OLD
    section = _section(
        page,
        frame.id,
        span=span,
        tone=tone,
        outcome=frame.outcome.value,
        body=parts,
        age_ms=frame.age_ms,
        sources=frame.sources,
    )
    return fragment(section, "\n").encode()


def page_end(page: Page, end: EndFrame) -> bytes:
    """Return the last chunk: that the page is whole, or how much of it is not. A page without it was cut off."""
    language = page.language
    seconds = number(language, max(round(end.elapsed_ms / 1_000, 1), 0.1))
    broken = sum(count for outcome, count in end.outcomes.items() if not outcome.whole)
    text = message(language, "page.complete", seconds=seconds)
    if end.partial and broken:
        text = message(language, "page.partial", count=broken)
    return fragment(el("p", text, slot="end", class_="settled"), raw("</div></body></html>\n")).encode()


def _heading(page: Page, start: StartFrame, title: str) -> Markup:
    language = page.language
    moment = day_and_time(language, start.generated_at, page.zone)
    prepared = message(language, "page.prepared", time=moment)
    where = el("p", bidi(page.property_name), class_="where") if page.property_name else None
    return el(
        "header",
        el("div", el("h1", title), el("slot", where, name="where")),
        el("p", el("time", prepared, datetime=start.generated_at.isoformat(timespec="seconds")), class_="prepared"),
        class_="top",
    )


def _placeholder(page: Page, plan: WidgetPlan) -> Markup:
    """A slot with what stands there until the widget comes."""
    language = page.language
    body = render_tile(page, plan.id, plan.data) if plan.state is WidgetState.STALE and plan.data is not None else None
    if body is not None:
        note = el("p", message(language, "widget.last_known"), class_="caution")
        section = _section(page, plan.id, span=plan.span, tone=_OLD, outcome="stale", body=[note, body], busy=True)
    else:
        section = _section(
            page,
            plan.id,
            span=plan.span,
            tone="pending",
            outcome="pending",
            body=[_skeleton(language, plan)],
            busy=True,
        )
    return el("slot", section, name=_slot(plan.id))


def _skeleton(language: Language, plan: WidgetPlan) -> Markup:
    lines = skeleton(plan.id, plan.kind)["lines"]
    bones = [el("span", class_="bone") for _ in range(lines if isinstance(lines, int) else 1)]
    words = el("span", message(language, "widget.loading"), class_="unseen")
    return el("div", words, *bones, class_=f"skeleton kind-{plan.kind.value}")


def _section(
    page: Page,
    identity: WidgetId,
    *,
    span: int,
    tone: str,
    outcome: str,
    body: list[Markup],
    busy: bool = False,
    age_ms: int | None = None,
    sources: tuple[str, ...] = (),
) -> Markup:
    language = page.language
    heading = f"t-{identity.value}" if not busy else f"s-{identity.value}"
    badge = el(
        "span", el("span", class_="mark", aria_hidden="true"), message(language, f"outcome.{outcome}"), class_="badge"
    )
    old = el("span", age(language, age_ms), class_="age") if age_ms is not None else None
    return el(
        "section",
        el("header", el("h2", message(language, f"widgets.{identity.value}.title"), id=heading), el("p", badge, old)),
        el("div", *body, class_="body"),
        _definition(language, identity, sources),
        class_=f"tile s{span} is-{tone} w-{identity.value}",
        slot=None if busy else _slot(identity),
        aria_labelledby=heading,
        aria_busy="true" if busy else None,
    )


def _definition(language: Language, identity: WidgetId, sources: tuple[str, ...]) -> Markup:
    named = fragment(*[fragment(", " if i else None, el("bdi", name, dir="ltr")) for i, name in enumerate(sources)])
    before, _, after = message(language, "widget.sources").partition("{sources}")
    return el(
        "details",
        el("summary", message(language, "widget.definition")),
        el("p", message(language, f"widgets.{identity.value}.definition")),
        el("p", before, named, after, class_="sources") if sources else None,
    )


def _slot(identity: WidgetId) -> str:
    return f"w-{identity.value}"
