"""The room types that the hotels sell, with their names in five languages."""

from __future__ import annotations

from typing import Final

from platform_sim.world.entities import Text
from platform_sim.world.hotels import RoomKind

__all__ = ["DELUXE", "FAMILY", "JUNIOR", "ROYAL", "STANDARD", "SUITE", "kinds"]


def kinds(scale: int, *names: tuple[str, Text, int, int, str, int]) -> tuple[RoomKind, ...]:
    """Room types from rows of code, name, share of the rooms in percent, guests, beds and nightly price times scale."""
    return tuple(
        RoomKind(code, name, share, guests, beds, nightly * scale) for code, name, share, guests, beds, nightly in names
    )


STANDARD: Final = Text(
    "Standard room", {"fr": "Chambre standard", "ar": "غرفة قياسية", "fa-AF": "اتاق معیاری", "ps-AF": "معیاري خونه"}
)
DELUXE: Final = Text(
    "Deluxe room", {"fr": "Chambre de luxe", "ar": "غرفة ديلوكس", "fa-AF": "اتاق لوکس", "ps-AF": "لوکسه خونه"}
)
FAMILY: Final = Text(
    "Family room", {"fr": "Chambre familiale", "ar": "غرفة عائلية", "fa-AF": "اتاق فامیلی", "ps-AF": "کورنۍ خونه"}
)
JUNIOR: Final = Text(
    "Junior suite", {"fr": "Suite junior", "ar": "جناح صغير", "fa-AF": "سویت کوچک", "ps-AF": "کوچنی سویټ"}
)
SUITE: Final = Text("Suite", {"fr": "Suite", "ar": "جناح", "fa-AF": "سویت", "ps-AF": "سویټ"})
ROYAL: Final = Text(
    "Royal suite", {"fr": "Suite royale", "ar": "الجناح الملكي", "fa-AF": "سویت شاهانه", "ps-AF": "شاهي سویټ"}
)
