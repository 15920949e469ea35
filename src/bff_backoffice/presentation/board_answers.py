"""A board as it goes on the wire: its answer, its weak `ETag`, and the cursor of its pages (contract, section 10).

The tag says what the lines and counts are and which sections are missing or old, never how old: a board that is loaded
again and has not changed is the same board.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar, cast

import msgspec

from bff_backoffice.application.workbench import ComposedBoard
from bff_backoffice.application.workbench_items import BoardItem
from bff_backoffice.application.workbench_lines import Place
from bff_backoffice.application.workbench_sections import BoardSection
from bff_backoffice.domain.composed_reads import Outcome
from bff_backoffice.domain.workbench import BoardId, SectionId
from bff_backoffice.presentation.dashboard_frames import Reader
from bff_backoffice.presentation.entity_tags import has_already, weak_tag
from bff_backoffice.presentation.errors import problem_members, refusal_of
from bff_backoffice.presentation.exchange import Exchange, Whole, malformed
from bff_backoffice.presentation.paging import cursor_text, cursor_value
from bff_backoffice.presentation.words import message

__all__ = ["BoardAnswer", "SectionAnswer", "board_answer", "place_of_cursor", "section_answer"]

T = TypeVar("T")

_JSON: Final = "application/json"
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)


_Problem = Annotated[
    dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Problem"})
]  # fmt: skip


class SectionAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One section of a board: how its reading ended, and why where it is old or missing."""

    id: SectionId
    outcome: Outcome
    outcome_text: str
    as_of: datetime | None
    age_ms: Annotated[int, msgspec.Meta(ge=0)] | None
    sources: list[str]
    problem: _Problem | None


class BoardAnswer(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """A page of a board. `date` is the hotel's, null where its time zone is not known.

    A count is null where nobody knows.
    `counts` are of the whole board, but for `matching`, which the filter leaves.
    """

    id: Annotated[str, msgspec.Meta(pattern="^wbv_")]
    board: BoardId
    property_id: Annotated[str, msgspec.Meta(pattern="^ppt_")]
    date: date | None
    generated_at: datetime
    partial: bool
    sections: list[SectionAnswer]
    items: list[T]
    counts: dict[str, int | None]
    next_cursor: str | None


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where the next page of one order begins."""

    sort: str
    place: Annotated[list[Annotated[str, msgspec.Meta(max_length=500)]], msgspec.Meta(max_length=8)]


_CURSOR: Final = msgspec.json.Decoder(_Cursor)


def board_answer(composed: ComposedBoard, *, sort: str, reader: Reader, if_none_match: Sequence[str]) -> Whole:
    """Return the page, or 304 where the client has it already (RFC 9110, section 13.1.2)."""
    after = composed.next_after
    cursor = None if after is None else cursor_text(_Cursor(sort=sort, place=list(after)))
    # Once for the tag and the body: of a grid of three hundred rooms it is most of the work.
    items = msgspec.Raw(_ENCODER.encode(composed.items))
    tag = _tag(composed, items, cursor, reader.language.tag)
    headers = (("ETag", tag), ("X-Cache", composed.cache_status.value), ("Content-Language", reader.language.tag))
    if has_already(tag, if_none_match):
        return Whole(status=304, headers=headers)
    answer: BoardAnswer[BoardItem] = BoardAnswer(
        id=composed.id,
        board=composed.board,
        property_id=composed.property_id,
        date=composed.day,
        generated_at=composed.generated_at,
        partial=composed.partial,
        sections=[section_answer(section, reader) for section in composed.sections],
        items=cast("list[BoardItem]", items),
        counts=dict(composed.counts),
        next_cursor=cursor,
    )
    return Whole(status=200, body=_ENCODER.encode(answer), media_type=_JSON, headers=headers)


def place_of_cursor(exchange: Exchange, *, sort: str) -> Place | None:
    """Return the place that the request's cursor of this order stands for; None where there is no cursor.

    Raises:
        Refusal: VALIDATION_FAILED for a text that is no cursor, or that belongs to another order.
    """
    found = cursor_value(exchange, _CURSOR)
    if found is None:
        return None
    if found.sort != sort:
        raise malformed("query.cursor", "conflict", "The cursor belongs to another order.")
    return tuple(found.place)


def _tag(composed: ComposedBoard, items: msgspec.Raw, cursor: str | None, language: str) -> str:
    states = [(section.id, section.outcome.whole or section.outcome) for section in composed.sections]
    content: Mapping[str, object] = {
        "board": composed.board,
        "property": composed.property_id,
        "date": composed.day,
        "items": items,
        "counts": composed.counts,
        "cursor": cursor,
        "sections": states,
        "language": language,
    }
    return weak_tag(_ENCODER.encode(content))


def section_answer(section: BoardSection, reader: Reader) -> SectionAnswer:
    """Return how a section ended as a reader is told, with the problem that kept it from being whole."""
    problem = None
    if section.failure is not None:
        problem = problem_members(
            refusal_of(section.failure),
            language=reader.language,
            request_id=reader.request_id,
            trace_id=reader.trace_id,
        )
    return SectionAnswer(
        id=section.id,
        outcome=section.outcome,
        outcome_text=message(reader.language, f"outcome.{section.outcome.value}"),
        as_of=section.as_of,
        age_ms=section.age_ms,
        sources=list(section.sources),
        problem=problem,
    )
