"""The inbox of alerts as the mirror keeps it and as the wire shows it (contract, section 10)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bff_backoffice.application.texts import TextByLanguage
from bff_backoffice.application.tiles import Tile

__all__ = ["Alert", "AlertInbox", "AlertItem"]


class Alert(Tile, frozen=True, kw_only=True):
    """One alert as colleagues share it: texts in all their languages."""

    id: str
    severity: str
    title: TextByLanguage
    body: TextByLanguage
    raised_at: datetime
    property_id: str
    status: str
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str | None


class AlertInbox(Tile, frozen=True, kw_only=True):
    """A property's alerts, newest first. `unread` counts all that are; `truncated`, that older ones are left out."""

    items: list[Alert]
    unread: int
    truncated: bool


class AlertItem(Tile, frozen=True, kw_only=True):
    """One alert in the language of the answer, as far as its author wrote it in that.

    `severity` is `critical`, `warning` or `info`; `status` is `unread`, `read` or `acknowledged`.
    """

    id: str
    severity: str
    title: str
    body: str
    raised_at: datetime
    property_id: str
    status: str
    acknowledged_by: str | msgspec.UnsetType = msgspec.UNSET
    acknowledged_at: datetime | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET
