"""Tiles about who comes and goes: arrivals, departures, arrivals at risk."""

from __future__ import annotations

from bff_backoffice.application.tiles import ArrivalsAtRiskTile, MovementTile
from bff_backoffice.presentation.dashboard_html.markup import NOTHING, Markup, bidi, code, el, fragment
from bff_backoffice.presentation.dashboard_html.page import Page
from bff_backoffice.presentation.dashboard_html.pieces import bar, empty, facts, figure, room, state_word, table
from bff_backoffice.presentation.formats import number
from bff_backoffice.presentation.words import message

__all__ = ["arrivals", "arrivals_at_risk", "departures"]


def arrivals(page: Page, tile: MovementTile) -> Markup:
    """Rooms still to arrive of those due today, and who is next."""
    return _movement(page, tile, "arrivals", when="column.expected")


def departures(page: Page, tile: MovementTile) -> Markup:
    """Rooms still to leave of those due out today, and who is next."""
    return _movement(page, tile, "departures", when="column.leaving")


def arrivals_at_risk(page: Page, tile: ArrivalsAtRiskTile) -> Markup:
    """Guests who are nearly here and whose room is not ready."""
    language = page.language
    lead = figure(
        number(language, tile.total), beside=message(language, "label.due_within", count=tile.due_within_minutes)
    )
    if not tile.items:
        return fragment(lead, empty(language, "arrivals-at-risk"))
    rows = [
        (
            bidi(item.guest_name),
            room(language, item.room_number),
            state_word(language, "room_status", item.room_status) if item.room_status else NOTHING,
            page.clock(item.expected_at),
            code(item.code),
        )
        for item in tile.items
    ]
    columns = ("guest", "room", "room_status", "expected", "code")
    headings = [message(language, f"column.{name}") for name in columns]
    return fragment(lead, table(headings, rows, caption=message(language, "widgets.arrivals-at-risk.title")))


def _movement(page: Page, tile: MovementTile, widget: str, *, when: str) -> Markup:
    language = page.language
    of_total = message(language, "label.remaining_of", total=number(language, tile.total_rooms))
    remaining = message(language, f"label.remaining_{widget}")
    done = 1 - tile.remaining_rooms / tile.total_rooms if tile.total_rooms else 1.0
    lead = fragment(
        figure(number(language, tile.remaining_rooms), beside=f"{of_total} · {remaining}"),
        bar(done),
        facts((message(language, "label.guests"), number(language, tile.total_guests))),
    )
    if not tile.next:
        return fragment(lead, empty(language, widget))
    # Departures rarely say when; a column of dashes would only take the names' room.
    timed = any(guest.expected_at is not None for guest in tile.next)
    rows = [
        (
            fragment(bidi(guest.guest_name), el("span", code(guest.code), class_="under")),
            room(language, guest.room_number),
            *((page.clock(guest.expected_at),) if timed else ()),
        )
        for guest in tile.next
    ]
    columns = ("column.guest", "column.room", *((when,) if timed else ()))
    headings = [message(language, column) for column in columns]
    return fragment(lead, table(headings, rows, caption=message(language, f"label.next_{widget}"), visible=True))
