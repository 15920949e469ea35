"""What every part of one page needs to know: the reader's language and the property's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bff_backoffice.application.dashboard import StartFrame
from bff_backoffice.application.tiles import PropertyTile
from bff_backoffice.domain.dashboard import WidgetId
from bff_backoffice.presentation.dashboard_html.markup import NOTHING, Markup, el
from bff_backoffice.presentation.formats import clock_time
from bff_backoffice.presentation.words import Language

__all__ = ["Page", "page_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page's context. Without a `zone` a time is shown in the offset that it came with."""

    language: Language
    property_name: str | None = None
    zone: tzinfo | None = None

    def clock(self, value: datetime | None) -> Markup:
        """Return a time of day, readable by machines too; a dash where there is none."""
        if value is None:
            return NOTHING
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        text = clock_time(self.language, aware, self.zone)
        if self.zone is None and aware.utcoffset() == timedelta():
            # Universal time that looks like the hotel's would send somebody to the door hours too early.
            text = f"{text} UTC"
        return el("time", text, datetime=aware.isoformat(timespec="minutes"))


def page_of(start: StartFrame, language: Language) -> Page:
    """Return the page for a dashboard; name and clock of the property from its last-known card, where there is one."""
    for plan in start.widgets:
        if plan.id is WidgetId.PROPERTY and plan.data is not None:
            try:
                tile = msgspec.json.decode(plan.data, type=PropertyTile)
            except msgspec.MsgspecError:
                break
            return Page(language=language, property_name=tile.name, zone=_zone(tile.timezone))
    return Page(language=language)


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # The name comes from an upstream; a page without its clock is better than no page.
        return None
