"""What every part of one page needs to know: the reader's language and the property's clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import msgspec

from bff_backoffice.application.dashboard import StartFrame
from bff_backoffice.application.tiles import PropertyTile
from bff_backoffice.domain.dashboard import WidgetId
from bff_backoffice.presentation.dashboard_html.markup import NOTHING, Markup, el
from bff_backoffice.presentation.formats import age, clock_time, distance, zone_named
from bff_backoffice.presentation.words import Language

__all__ = ["Page", "page_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page's context: when it was prepared (`now`), and whose clock its times are shown on (`zone`).

    While the property's clock is not known, a time is told by its distance from `now`: universal time that looks like
    the hotel's would send somebody to the door hours too early.
    """

    language: Language
    property_name: str | None = None
    zone: tzinfo | None = None
    now: datetime | None = None

    def clock(self, value: datetime | None) -> Markup:
        """Return a time of day, readable by machines too; a dash where there is none."""
        if value is None:
            return NOTHING
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        if self.zone is None and self.now is not None:
            text = distance(self.language, aware, self.now)
        else:
            text = clock_time(self.language, aware, self.zone)
        return el("time", text, datetime=aware.isoformat(timespec="minutes"))

    def since(self, value: datetime) -> Markup:
        """Return how long ago something was when the page was prepared.

        An alert may be days old, and a time of day would hide that.
        """
        if self.now is None:
            return self.clock(value)
        milliseconds = round((self.now - value).total_seconds() * 1_000)
        return el("time", age(self.language, milliseconds), datetime=value.isoformat(timespec="minutes"))

    def at_property(self, card: msgspec.Raw) -> Page:
        """Return this page with the name and the clock of the property whose card this is, if it is one."""
        try:
            tile = msgspec.json.decode(card, type=PropertyTile)
        except msgspec.MsgspecError:
            return self
        return replace(self, property_name=tile.name, zone=zone_named(tile.timezone))


def page_of(start: StartFrame, language: Language) -> Page:
    """Return the page for a dashboard; name and clock of the property from its last-known card, where there is one."""
    page = Page(language=language, now=start.generated_at)
    cards = [plan.data for plan in start.widgets if plan.id is WidgetId.PROPERTY]
    return page.at_property(cards[0]) if cards and cards[0] is not None else page
