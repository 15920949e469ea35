"""What shows what: the parts of boards that are wrong once something of the hotel has changed.

One list for the mutations that go through this service and for the events of others, so that both drop the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bff_backoffice.domain.dashboard import WidgetId
from bff_backoffice.domain.workbench import BOARDS, SectionId

__all__ = [
    "ALERTS", "FIGURES", "HOTEL", "HOTEL_ROOMS", "KEYS", "MONEY", "NIGHTS", "NOTHING", "PROPERTY_CARD", "RATES",
    "REPAIRS", "ROOMS", "STAYS", "SUGGESTIONS", "Views",
]  # fmt: skip

PROPERTY_CARD: Final = "property-card-1"
"""The name under which the cache keeps a property's card. The number is its form's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Widgets, sections of boards, and whether a property's card shows it too."""

    widgets: frozenset[WidgetId] = frozenset()
    sections: frozenset[SectionId] = frozenset()
    property_card: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which the cache keeps them."""
        card = (PROPERTY_CARD,) if self.property_card else ()
        return (*sorted(self.widgets), *sorted(section.kept_as for section in self.sections), *card)

    @property
    def boards(self) -> tuple[str, ...]:
        """The boards on which any of the sections stands, by the names that the wire uses."""
        return tuple(board.id.value for board in BOARDS.values() if not self.sections.isdisjoint(board.sections))

    def __or__(self, other: Views) -> Views:
        return Views(
            widgets=self.widgets | other.widgets,
            sections=self.sections | other.sections,
            property_card=self.property_card or other.property_card,
        )


NOTHING: Final = Views()
ROOMS: Final = Views(
    widgets=frozenset({
        WidgetId.ROOMS, WidgetId.ARRIVALS_AT_RISK, WidgetId.OCCUPANCY, WidgetId.OUTLOOK, WidgetId.RATES,
    }),
    sections=frozenset({SectionId.ROOMS, SectionId.TASKS, SectionId.GRID}),
)  # fmt: skip
"""What a room's state is shown on: also what can be sold, which counts the rooms that can be used."""
FIGURES: Final = Views(widgets=frozenset({WidgetId.OCCUPANCY, WidgetId.ADR, WidgetId.REVPAR}))
"""What analytics-service counts."""
MONEY: Final = Views(widgets=frozenset({WidgetId.BALANCES}), sections=frozenset({SectionId.BALANCES}))
KEYS: Final = Views(sections=frozenset({SectionId.KEYS}))
STAYS: Final = ROOMS | FIGURES | MONEY | KEYS | Views(
    widgets=frozenset({WidgetId.ARRIVALS, WidgetId.DEPARTURES, WidgetId.IN_HOUSE}),
    sections=frozenset({SectionId.STAYS, SectionId.ARRIVALS, SectionId.DEPARTURES, SectionId.IN_HOUSE}),
)  # fmt: skip
"""Who comes, stays and goes: nearly everything speaks of guests."""
REPAIRS: Final = ROOMS | Views(
    widgets=frozenset({WidgetId.WORK_ORDERS}), sections=frozenset({SectionId.WORK_ORDERS})
)  # fmt: skip
RATES: Final = Views(widgets=frozenset({WidgetId.RATES}))
NIGHTS: Final = FIGURES | RATES | Views(
    widgets=frozenset({WidgetId.OUTLOOK}), sections=frozenset({SectionId.GRID})
)  # fmt: skip
"""What inventory-service counts: which nights are taken."""
HOTEL: Final = Views(
    widgets=frozenset({WidgetId.PROPERTY}), sections=frozenset({SectionId.PLACE}), property_card=True
)  # fmt: skip
HOTEL_ROOMS: Final = HOTEL | ROOMS
ALERTS: Final = Views(widgets=frozenset({WidgetId.ALERTS}))
SUGGESTIONS: Final = Views(widgets=frozenset({WidgetId.SUGGESTIONS}))
