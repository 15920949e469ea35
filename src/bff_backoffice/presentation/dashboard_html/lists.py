"""Tiles that list what needs somebody: work orders, rates, alerts, suggestions, devices."""

from __future__ import annotations

from collections.abc import Sequence

from bff_backoffice.application.tiles import (
    AlertsTile,
    DeviceLine,
    DevicesTile,
    RatesTile,
    SuggestionsTile,
    WorkOrdersTile,
)
from bff_backoffice.presentation.dashboard_html.markup import NOTHING, Markup, bidi, code, el, fragment
from bff_backoffice.presentation.dashboard_html.page import Page
from bff_backoffice.presentation.dashboard_html.pieces import empty, facts, figure, state_word, table
from bff_backoffice.presentation.formats import money, number, percent
from bff_backoffice.presentation.words import Language, message

__all__ = ["alerts", "devices", "rates", "suggestions", "work_orders"]

_DEVICE_TAIL = 6


def work_orders(page: Page, tile: WorkOrdersTile) -> Markup:
    """Open maintenance work, the most severe first."""
    language = page.language
    lead = fragment(
        figure(number(language, tile.open), beside=message(language, "label.open")),
        facts(
            (message(language, "severity.critical"), number(language, tile.critical)),
            (message(language, "severity.high"), number(language, tile.high)),
            (message(language, "label.overdue"), number(language, tile.overdue)),
            (message(language, "label.rooms_blocked"), number(language, tile.rooms_blocked)),
        ),
    )
    if not tile.items:
        return fragment(lead, empty(language, "work-orders"))
    rows = [
        (
            bidi(line.title),
            state_word(language, "severity", line.severity),
            state_word(language, "work_status", line.status),
            code(line.room_number) if line.room_number else NOTHING,
        )
        for line in tile.items
    ]
    return fragment(lead, _table(language, "work-orders", ("work", "severity", "status", "room"), rows))


def rates(page: Page, tile: RatesTile) -> Markup:
    """Today's best public rate of each room type."""
    language = page.language
    if not tile.items:
        return empty(language, "rates")
    rows = [
        (
            bidi(line.name),
            bidi(money(language, line.price)) if line.price else _missing(message(language, "label.no_price")),
            bidi(number(language, line.available_rooms)) if line.available_rooms is not None else NOTHING,
        )
        for line in tile.items
    ]
    return _table(language, "rates", ("room_type", "price", "left"), rows)


def alerts(page: Page, tile: AlertsTile) -> Markup:
    """Alerts that nobody has acknowledged."""
    language = page.language
    lead = fragment(
        figure(number(language, tile.unread), beside=message(language, "label.unread")),
        facts(
            (message(language, "severity.critical"), number(language, tile.critical)),
            (message(language, "severity.warning"), number(language, tile.warning)),
        ),
    )
    if not tile.items:
        return fragment(lead, empty(language, "alerts"))
    rows = [
        (bidi(line.title), state_word(language, "severity", line.severity), page.since(line.raised_at))
        for line in tile.items
    ]
    return fragment(lead, _table(language, "alerts", ("alert", "severity", "raised"), rows))


def suggestions(page: Page, tile: SuggestionsTile) -> Markup:
    """Open suggestions with how sure their author is."""
    language = page.language
    lead = figure(number(language, tile.open), beside=message(language, "label.open"))
    if not tile.items:
        return fragment(lead, empty(language, "suggestions"))
    rows = [
        (bidi(line.title), bidi(percent(language, 100 * line.confidence, decimals=0))) for line in tile.items
    ]  # fmt: skip
    return fragment(lead, _table(language, "suggestions", ("suggestion", "confidence"), rows))


def devices(page: Page, tile: DevicesTile) -> Markup:
    """The operator's devices and what they said was waiting."""
    language = page.language
    lead = figure(number(language, tile.queued_actions), beside=message(language, "label.queued_actions"))
    if not tile.items:
        return fragment(lead, empty(language, "devices"))
    rows = [
        (
            _device(language, line),
            state_word(language, "device_status", line.status),
            page.since(line.last_heartbeat_at) if line.last_heartbeat_at else message(language, "label.never"),
            bidi(number(language, line.queued_actions)),
        )
        for line in tile.items
    ]
    return fragment(lead, _table(language, "devices", ("device", "status", "last_seen", "queued"), rows))


def _table(language: Language, widget: str, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Markup:
    headings = [message(language, f"column.{name}") for name in columns]
    return table(headings, rows, caption=message(language, f"widgets.{widget}.title"))


def _missing(text: str) -> Markup:
    return el("span", text, class_="missing")


def _device(language: Language, line: DeviceLine) -> Markup:
    """The end of the identifier is what tells two devices apart; the whole of it is in the title."""
    name = el("span", code(f"…{line.device_id[-_DEVICE_TAIL:]}"), title=line.device_id)
    this = el("span", message(language, "label.this_device"), class_="under") if line.this_device else None
    return fragment(name, this)
