"""Tiles that compare: the next fourteen days, and rooms by status. Each chart is a table, so it reads without eyes."""

from __future__ import annotations

from bff_backoffice.application.tiles import OutlookDay, OutlookTile, RoomsTile
from bff_backoffice.presentation.dashboard_html.markup import Markup, bidi, el, fragment, raw
from bff_backoffice.presentation.dashboard_html.page import Page
from bff_backoffice.presentation.dashboard_html.pieces import bar, empty
from bff_backoffice.presentation.formats import day_label, number, percent
from bff_backoffice.presentation.words import Language, message

__all__ = ["outlook", "rooms"]

_STATUSES = ("dirty", "cleaning", "clean", "inspected", "ready", "out_of_order", "out_of_service")


def outlook(page: Page, tile: OutlookTile) -> Markup:
    """One column a day: how full, how many sold, how many left."""
    language = page.language
    if not tile.days:
        return empty(language, "outlook")
    dates = [el("th", *_day_heading(language, day), scope="col") for day in tile.days]
    shares = [el("td", _column(day), bidi(percent(language, day.occupancy_percent, decimals=0))) for day in tile.days]
    sold = [el("td", bidi(number(language, day.sold_rooms))) for day in tile.days]
    left = [_left(language, day) for day in tile.days]
    body = el(
        "tbody",
        el("tr", _row_heading(language, "occupancy"), *shares, class_="columns"),
        el("tr", _row_heading(language, "sold"), *sold),
        el("tr", _row_heading(language, "left"), *left),
    )
    head = el("thead", el("tr", _row_heading(language, "date", scope="col"), *dates))
    caption = el("caption", message(language, "widgets.outlook.title"), class_="unseen")
    # A wide table scrolls inside its tile; the keyboard can only do that where the focus can go.
    return el(
        "div",
        el("table", caption, head, body, class_="chart"),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=message(language, "widgets.outlook.title"),
    )


def rooms(page: Page, tile: RoomsTile) -> Markup:
    """A bar for each status, of all rooms."""
    language = page.language
    counts = (
        tile.dirty, tile.cleaning, tile.clean, tile.inspected, tile.ready, tile.out_of_order, tile.out_of_service,
    )  # fmt: skip
    rows = [
        el(
            "tr",
            el("th", message(language, f"room_status.{status}"), scope="row"),
            el("td", bar(count / tile.total if tile.total else 0.0), class_="wide"),
            el("td", bidi(number(language, count)), class_="count"),
            class_=f"is-{status}",
        )
        for status, count in zip(_STATUSES, counts, strict=True)
    ]
    total = el(
        "tr",
        el("th", message(language, "label.total"), scope="row"),
        el("td"),
        el("td", bidi(number(language, tile.total)), class_="count"),
    )
    caption = el("caption", message(language, "widgets.rooms.title"), class_="unseen")
    return el("table", caption, el("tbody", *rows), el("tfoot", total), class_="bars")


def _day_heading(language: Language, day: OutlookDay) -> tuple[Markup, Markup]:
    weekday, date = day_label(language, day.date)
    return el("span", weekday, class_="weekday"), el("span", date, class_="date")


def _row_heading(language: Language, column: str, *, scope: str = "row") -> Markup:
    return el("th", message(language, f"column.{column}"), scope=scope)


def _column(day: OutlookDay) -> Markup:
    height = round(min(max(day.occupancy_percent, 0.0), 100.0) * 0.6, 1)
    return raw(
        '<svg class="column" viewBox="0 0 24 60" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rail" width="24" height="60" rx="2"/>'
        f'<rect class="fill" y="{round(60 - height, 1)}" width="24" height="{height}" rx="2"/></svg>'
    )


def _left(language: Language, day: OutlookDay) -> Markup:
    count = bidi(number(language, day.available_rooms))
    if day.available_rooms >= 0:
        return el("td", count)
    return el("td", fragment(count, el("span", message(language, "label.overbooked"), class_="flag")), class_="over")
