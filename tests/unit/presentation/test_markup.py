"""Nothing that is not markup becomes markup, and pieces draw what they are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bff_backoffice.presentation.dashboard_html.markup import code, el, fragment, raw, void
from bff_backoffice.presentation.dashboard_html.pieces import bar, sparkline, state_word
from bff_backoffice.presentation.words import LANGUAGES
from tests.unit.presentation.html_reader import StrictPage

# A line end inside an attribute is normalized by readers, and NUL is none of HTML's characters.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")))


@given(TEXT)
def test_text_comes_back_as_it_went_in(text: str) -> None:
    """Whatever a text holds, a reader finds that text in the element and in its attribute, and no other element."""
    read = StrictPage(el("p", text, title=text))
    assert read.faults == []
    assert read.elements == [("p", {"title": text})]
    assert " ".join(" ".join(read.texts).split()) == " ".join(text.split())


def test_markup_is_not_escaped_twice_and_none_is_nothing() -> None:
    """Finished markup goes in as it is, text beside it is escaped, None is left out."""
    inner = el("b", "1 < 2")
    assert el("p", inner, None, "a & b", class_="x", hidden=True, title=None, lang=False) == (
        '<p class="x" hidden><b>1 &lt; 2</b>a &amp; b</p>'
    )
    assert fragment(raw("<hr>"), "<hr>") == "<hr>&lt;hr&gt;"
    assert void("img", alt='"', aria_hidden="true") == '<img alt="&quot;" aria-hidden="true">'
    assert code("204") == '<bdi class="code" dir="ltr">204</bdi>'


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_bar_stays_inside_its_rail(share: float) -> None:
    """A bar is never fuller than full nor emptier than empty."""
    widths = [given["width"] for tag, given in StrictPage(bar(share)).elements if tag == "rect"]
    assert all(0 <= float(width or "-1") <= 100 for width in widths)


@given(st.lists(st.floats(min_value=-1e12, max_value=1e12), max_size=12))
def test_a_line_stays_inside_its_box(values: list[float]) -> None:
    """A line of any values is drawn inside its box; fewer than two make none."""
    line = sparkline(values)
    if len(values) < 2:
        assert line is None
        return
    assert line is not None
    points = next(str(given["points"]) for tag, given in StrictPage(line).elements if tag == "polyline")
    for point in points.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 100
        assert 0 <= y <= 30


def test_an_unknown_status_word_is_shown_as_it_came() -> None:
    """A word that an upstream invented later is shown readably rather than hidden."""
    known, unknown = (state_word(LANGUAGES["fr"], "work_status", word) for word in ("open", "waiting_parts"))
    assert known == '<span class="state work_status is-open">Ouverte</span>'
    assert unknown == '<span class="state"><bdi>waiting parts</bdi></span>'
