"""The six lists as tables: what stands in each column, in the order in which a desk looks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from bff_backoffice.application.downtime_pack_lines import KeyItem, OpenBalance, PackRoom
from bff_backoffice.application.workbench_items import ArrivalItem, DepartureItem, InHouseItem, StayItem
from bff_backoffice.domain.workbench import SectionId
from bff_backoffice.presentation.dashboard_html.markup import NOTHING, Markup, bidi, code, el, fragment
from bff_backoffice.presentation.downtime_pack_html.cells import Cells
from bff_backoffice.presentation.words import message

__all__ = ["list_table"]


@dataclass(frozen=True, slots=True)
class _Columns:
    """A list's headings, by message key, and what stands under them; the first cell heads its row."""

    headings: tuple[str, ...]
    row: Callable[[Cells, Any], Sequence[Markup]]


def list_table(cells: Cells, section: SectionId, items: Sequence[object]) -> Markup:
    """Return the table. Its head is a `thead`, which browsers repeat on every sheet."""
    columns = _COLUMNS[section]
    language = cells.language
    head = el("thead", el("tr", *[el("th", message(language, key), scope="col") for key in columns.headings]))
    rows = []
    for item in items:
        first, *rest = columns.row(cells, item)
        rows.append(el("tr", el("th", first, scope="row"), *[el("td", cell) for cell in rest]))
    caption = el("caption", message(language, f"pack.list.{section.value}"), class_="unseen")
    return el("table", caption, head, el("tbody", *rows), class_=f"list-{section.value}")


def _arrival(cells: Cells, item: ArrivalItem) -> Sequence[Markup]:
    return (
        cells.room([item.room_number]),
        _guest(cells, item),
        cells.state("pack.stay", item.status),
        cells.moment(item.expected_at),
        _room_state(cells, item),
        bidi(item.room_type_name),
        cells.day(item.departure_date),
        cells.persons(item.adults, item.children),
        cells.money(item.balance),
        cells.texts(item.special_requests),
    )


def _departure(cells: Cells, item: DepartureItem) -> Sequence[Markup]:
    late = el("strong", " ", message(cells.language, "pack.overdue"), class_="vip") if item.overdue else None
    return (
        cells.room([item.room_number]),
        _guest(cells, item),
        fragment(cells.state("pack.stay", item.status), late),
        cells.day(item.arrival_date),
        cells.day(item.departure_date),
        cells.money(item.balance),
        cells.state("pack.key_state", item.key_state),
        cells.texts(item.special_requests),
    )


def _in_house(cells: Cells, item: InHouseItem) -> Sequence[Markup]:
    return (
        cells.room([item.room_number]),
        _guest(cells, item),
        cells.day(item.arrival_date),
        cells.day(item.departure_date),
        cells.persons(item.adults, item.children),
        cells.money(item.balance),
        cells.state("pack.key_state", item.key_state),
        cells.texts(item.special_requests),
    )


def _room(cells: Cells, item: PackRoom) -> Sequence[Markup]:
    return (
        cells.room([item.room_number]),
        code(item.room_type_code) if item.room_type_code else NOTHING,
        cells.state("room_status", item.status),
        cells.state("pack.occupancy", item.occupancy),
        cells.guests(item.in_house, until=True),
        cells.guests(item.arriving, until=False),
        cells.texts([item.notes or ""]),
    )


def _balance(cells: Cells, item: OpenBalance) -> Sequence[Markup]:
    return (
        cells.room([item.room_number]),
        cells.guest(item.guest_name, item.code),
        cells.state("pack.folio", item.status),
        cells.money(item.balance),
    )


def _key(cells: Cells, item: KeyItem) -> Sequence[Markup]:
    rooms = cells.room(item.room_numbers) if item.room_numbers else cells.missing("pack.unknown")
    return (
        rooms,
        cells.guest(item.guest_name, item.code),
        cells.state("pack.key_kind", item.kind),
        cells.state("pack.key_state", item.state),
        cells.moment(item.valid_from),
        cells.moment(item.valid_until),
    )


def _guest(cells: Cells, item: StayItem) -> Markup:
    return cells.guest(item.guest_name, item.code, vip="vip" in item.flags)


def _room_state(cells: Cells, item: ArrivalItem) -> Markup:
    """Housekeeping's word for the room; nothing to say without a room, "unknown" where housekeeping is away."""
    if item.room_id is None:
        return NOTHING
    return cells.state("room_status", item.room_status)


_COLUMNS: Final[Mapping[SectionId, _Columns]] = MappingProxyType({
    SectionId.ARRIVALS: _Columns(
        ("column.room", "column.guest", "column.status", "column.expected", "column.room_status", "column.room_type",
         "pack.column.departure", "pack.column.persons", "pack.column.balance", "pack.column.requests"),
        _arrival,
    ),
    SectionId.DEPARTURES: _Columns(
        ("column.room", "column.guest", "column.status", "pack.column.arrival", "pack.column.departure",
         "pack.column.balance", "pack.column.key", "pack.column.requests"),
        _departure,
    ),
    SectionId.IN_HOUSE: _Columns(
        ("column.room", "column.guest", "pack.column.arrival", "pack.column.departure", "pack.column.persons",
         "pack.column.balance", "pack.column.key", "pack.column.requests"),
        _in_house,
    ),
    SectionId.ROOMS: _Columns(
        ("column.room", "column.room_type", "column.room_status", "pack.column.occupancy", "pack.column.here",
         "pack.column.coming", "pack.column.notes"),
        _room,
    ),
    SectionId.BALANCES: _Columns(("column.room", "column.guest", "column.status", "pack.column.balance"), _balance),
    SectionId.KEYS: _Columns(
        ("column.room", "column.guest", "pack.column.kind", "column.status", "pack.column.from", "pack.column.until"),
        _key,
    ),
})  # fmt: skip
