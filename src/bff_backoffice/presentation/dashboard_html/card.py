"""The property's card."""

from __future__ import annotations

from babel.core import Locale

from bff_backoffice.application.tiles import PropertyTile
from bff_backoffice.presentation.dashboard_html.markup import Markup, bidi, el, fragment, void
from bff_backoffice.presentation.dashboard_html.page import Page
from bff_backoffice.presentation.dashboard_html.pieces import facts
from bff_backoffice.presentation.formats import day, number, zone_name
from bff_backoffice.presentation.words import message

__all__ = ["property_card"]


def property_card(page: Page, tile: PropertyTile) -> Markup:
    """Name, place, local date and rooms, with a photo where there is one."""
    language = page.language
    photo = None
    if tile.photo_url and tile.photo_url.startswith(("https://", "http://")):
        # Any other scheme in an address from outside could be a script.
        photo = void("img", src=tile.photo_url, alt=tile.photo_alt or tile.name, class_="photo", decoding="async")
    comma = "\u060c " if language.dir == "rtl" else ", "
    # Each name on its own: a Latin city before an Arabic country would otherwise turn the two round.
    place = fragment(bidi(tile.city), comma, bidi(_country(language.babel_locale, tile.country)))
    words = el(
        "div",
        el("p", el("strong", bidi(tile.name)), class_="name"),
        facts(
            (message(language, "label.place"), place),
            (message(language, "label.local_date"), day(language, tile.local_date)) if tile.local_date else None,
            (message(language, "label.timezone"), zone_name(language, tile.timezone)),
            (message(language, "label.rooms"), number(language, tile.rooms)),
        ),
    )
    return el("div", fragment(photo, words), class_="card")


def _country(locale: Locale, code: str) -> str:
    return str(locale.territories.get(code.upper(), code))
