"""Moments that a device tells by its own clock."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec

from bff_backoffice.presentation.exchange import malformed

__all__ = ["Moment", "require_a_clock"]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with an offset or `Z`."""

_EARLIEST_YEAR: Final = 2000
_LATEST_YEAR: Final = 2199
"""A clock may be wrong, and a flat battery sets it back to its beginnings; beyond these it is no clock."""


def require_a_clock(**moments: datetime | None) -> None:
    """Refuse a moment that no clock shows; each is named as the body's member is.

    Raises:
        Refusal: VALIDATION_FAILED that names the first.
    """
    for member, moment in moments.items():
        if moment is not None and not _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR:
            raise malformed(f"body.{member}", "invalid", "No clock of a device shows this year.")
