"""What a night costs and how full a house is: the same for the same seed, property and day."""

from __future__ import annotations

import random
from datetime import date
from functools import lru_cache
from typing import Final

from platform_sim.dialect import Money
from platform_sim.world.entities import RoomType

__all__ = ["nightly_rate", "pull"]

_MICRO: Final = 1_000_000
_WEEKDAYS: Final = {
    "Asia/Kabul": (0.98, 0.97, 1.0, 1.06, 1.08, 0.94, 0.96),
    "Asia/Dubai": (0.97, 0.96, 0.99, 1.05, 1.12, 1.1, 0.98),
    "Europe/Paris": (1.02, 1.06, 1.05, 1.0, 0.97, 1.08, 0.86),
}
"""Monday to Sunday: Lyon lives from trade fairs and Saturdays, Dubai from Friday and Saturday, Kabul from the week."""


@lru_cache(maxsize=8192)
def pull(seed: int, property_id: str, timezone: str, day: date) -> float:
    """How strongly a day draws guests; 1.0 is an ordinary one."""
    noise = random.Random(f"{seed}:{property_id}:{day.isoformat()}").uniform(0.93, 1.07)
    return _WEEKDAYS[timezone][day.weekday()] * noise


def nightly_rate(seed: int, room_type: RoomType, timezone: str, day: date) -> Money:
    """The price of a night: the base rate moved by half of the day's pull, in whole units of the currency."""
    factor = 1 + (pull(seed, room_type.property_id, timezone, day) - 1) / 2
    units = round(room_type.base_rate.amount_micro * factor / _MICRO)
    return Money(units * _MICRO, room_type.base_rate.currency)
