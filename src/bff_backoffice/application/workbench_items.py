"""What the lines of each board show: the one shape between those who put boards together and the wire.

The names are the wire's (camelCase through `rename`), contract section 10. A member is null where its upstream is
away, or is not for the operator's role, and also where there is nothing to say; the board's sections tell which.
"""

from __future__ import annotations

from datetime import date, datetime

from bff_backoffice.application.tiles import MoneyAmount, Tile

__all__ = ["ArrivalItem", "BoardItem"]


class BoardItem(Tile, frozen=True, kw_only=True):
    """What every line has: the word that `?status=` looks at."""

    status: str


class ArrivalItem(BoardItem, frozen=True, kw_only=True):
    """Somebody who was or is expected today."""

    reservation_id: str
    code: str
    guest_name: str
    room_id: str | None
    room_number: str | None
    room_type_name: str
    room_status: str | None
    """Housekeeping's word."""
    room_ready: bool | None
    """Whether the guest can be sent there now; false where no room is assigned yet, null where housekeeping is away."""
    arrival_date: date
    departure_date: date
    nights: int
    adults: int
    children: int
    expected_at: datetime | None
    folio_id: str | None
    balance: MoneyAmount | None
    """What is owed on the running folio; null also before there is one, which the check-in opens."""
    key_state: str | None
    """`none`, `pending` or `active`; null where lock-integration is away."""
    special_requests: list[str]
    flags: list[str]
    version: int
