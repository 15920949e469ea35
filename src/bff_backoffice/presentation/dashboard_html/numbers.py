"""Tiles that say one thing in one number: occupancy, ADR, RevPAR, in house, balances."""

from __future__ import annotations

from decimal import Decimal

from bff_backoffice.application.tiles import BalancesTile, InHouseTile, KpiTile, OccupancyTile
from bff_backoffice.presentation.dashboard_html.markup import Markup, el, fragment
from bff_backoffice.presentation.dashboard_html.page import Page
from bff_backoffice.presentation.dashboard_html.pieces import bar, facts, figure, sparkline
from bff_backoffice.presentation.formats import currency_amount, isolated, money, money_difference, number, percent
from bff_backoffice.presentation.words import Language, message

__all__ = ["balances", "in_house", "kpi", "occupancy"]


def occupancy(page: Page, tile: OccupancyTile) -> Markup:
    """Rooms sold of rooms that can be sold, as a share, a bar and the counts behind it."""
    language = page.language
    sold_of = None
    if tile.sold_rooms is not None and tile.sellable_rooms is not None:
        sold_of = message(
            language,
            "label.sold_of",
            sold=number(language, tile.sold_rooms),
            sellable=number(language, tile.sellable_rooms),
        )
    change = None
    if tile.previous_percent is not None:
        points = Decimal(str(tile.percent)) - Decimal(str(tile.previous_percent))
        amount = message(language, "label.points", amount=number(language, abs(points)))
        change = _change(language, points, amount, percent(language, tile.previous_percent))
    return fragment(
        figure(percent(language, tile.percent), beside=sold_of),
        bar(tile.percent / 100),
        change,
        None
        if tile.out_of_order_rooms is None
        else facts((message(language, "label.out_of_order_rooms"), number(language, tile.out_of_order_rooms))),
    )


def kpi(page: Page, tile: KpiTile) -> Markup:
    """A money figure with what it was a week ago and the line of the last days."""
    language = page.language
    change = None
    if tile.previous is not None and tile.previous.currency == tile.value.currency:
        difference = money_difference(tile.value, tile.previous)
        amount = currency_amount(language, abs(difference), tile.value.currency)
        change = _change(language, difference, amount, money(language, tile.previous))
    line = sparkline([float(Decimal(value.amount_micro)) for value in tile.series])
    caption = el("figcaption", message(language, "label.last_days")) if line is not None else None
    return fragment(
        figure(money(language, tile.value)), change, el("figure", line, caption) if line is not None else None
    )


def in_house(page: Page, tile: InHouseTile) -> Markup:
    """Who sleeps here now, in rooms and in guests."""
    language = page.language
    return fragment(
        figure(number(language, tile.total_rooms), beside=message(language, "label.occupied_rooms")),
        facts(
            (message(language, "label.guests"), number(language, tile.guests)),
            (message(language, "label.staying_rooms"), number(language, tile.remaining_rooms)),
            (message(language, "label.stayover_rooms"), number(language, tile.stayover_rooms)),
        ),
    )


def balances(page: Page, tile: BalancesTile) -> Markup:
    """What is owed on open folios, and whether the drawers agreed at the end of the day."""
    language = page.language
    return fragment(
        figure(money(language, tile.open_balance), beside=message(language, "label.open_balance")),
        facts(
            (message(language, "label.open_folios"), number(language, tile.open_folios)),
            (message(language, "label.overdue_folios"), number(language, tile.overdue_folios)),
            (message(language, "label.day_end_variance"), money(language, tile.day_end_variance)),
        ),
    )


def _change(language: Language, difference: Decimal, amount: str, before: str) -> Markup:
    """How a number moved since a week ago: an arrow for the eye, a word for everyone, the old number for both."""
    if difference == 0:
        key, arrow, words = "unchanged", "■", message(language, "label.unchanged")
    else:
        key, arrow = ("up", "▲") if difference > 0 else ("down", "▼")
        # A sentence of ours has the page's direction; only the amount in it brings its own.
        words = message(language, f"label.{key}", amount=isolated(amount))
    return el(
        "p",
        el("span", el("span", arrow, aria_hidden="true"), " ", words, class_=f"change is-{key}"),
        el("span", message(language, "label.previous", value=isolated(before)), class_="before"),
        class_="trend",
    )
