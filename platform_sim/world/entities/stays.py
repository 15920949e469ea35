"""Reservations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from platform_sim.dialect import Money

__all__ = ["Reservation"]


@dataclass(slots=True, kw_only=True)
class Reservation:
    """A stay. States: `confirmed checked_in in_house checked_out cancelled no_show` (and what holds need)."""

    id: str
    tenant_id: str
    property_id: str
    code: str
    status: str
    guest_id: str
    guest_name: str
    room_type_id: str
    arrival_date: date
    departure_date: date
    nightly_rate: Money
    created_at: datetime
    room_id: str | None = None
    adults: int = 1
    children: int = 0
    channel: str = "direct"
    expected_at: datetime | None = None
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    cancelled_at: datetime | None = None
    folio_id: str | None = None
    special_requests: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    notes: str | None = None
    version: int = 1

    @property
    def guests(self) -> int:
        """How many people stay."""
        return self.adults + self.children

    @property
    def in_house(self) -> bool:
        """Whether the guests are in the hotel now."""
        return self.status in {"checked_in", "in_house", "checkout_started"}

    @property
    def due(self) -> bool:
        """Whether the guests are still expected."""
        return self.status in {"confirmed", "check_in_started"}

    @property
    def nights(self) -> int:
        """The number of nights."""
        return (self.departure_date - self.arrival_date).days

    def covers(self, night: date) -> bool:
        """Whether the stay takes a room on that night: sold, expected, in house or already slept."""
        return self.status not in {"cancelled", "no_show", "expired_hold", "quoted"} and (
            self.arrival_date <= night < self.departure_date
        )
