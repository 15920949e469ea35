"""What a board is put together from: the content of each section, or nothing where it could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from bff_backoffice.application.tiles import Tile
from bff_backoffice.application.workbench_lists import (
    BalanceList,
    Grid,
    KeyList,
    PlaceOfHotel,
    RoomList,
    StayList,
    TaskList,
    WorkOrderList,
)
from bff_backoffice.domain.workbench import SectionId

__all__ = ["Reading", "SectionContents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """For whom and when a board is put together: the reader's language tag, the hotel's date if known, the moment."""

    locale: str
    day: date | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionContents:
    """One field a section, named like it. None says: away, not for this role, or not on this board."""

    place: PlaceOfHotel | None = None
    grid: Grid | None = None
    stays: StayList | None = None
    arrivals: StayList | None = None
    departures: StayList | None = None
    in_house: StayList | None = None
    rooms: RoomList | None = None
    tasks: TaskList | None = None
    work_orders: WorkOrderList | None = None
    balances: BalanceList | None = None
    keys: KeyList | None = None

    @property
    def timezone(self) -> str | None:
        """The hotel's IANA time zone, such as `Asia/Kabul`; None where nobody has said it."""
        return None if self.place is None else self.place.timezone

    @classmethod
    def of(cls, contents: Iterable[tuple[SectionId, Tile | None]]) -> Self:
        """Return the contents that were read, each under its section's name."""
        named: dict[str, Tile | None] = {section.name.lower(): content for section, content in contents}
        return cls(**named)  # type: ignore[arg-type] # each section's decoder gives its own type
