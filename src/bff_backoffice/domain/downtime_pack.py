"""The downtime pack: the lists that a desk works from when everything is down (contract, section 2.1).

Pure data: what it is made of, whom it is for, how often a desktop should have a new one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.domain.workbench import SectionId

__all__ = ["LIST_SECTIONS", "PACK_ROLES", "PACK_SECTIONS", "PACK_VERSION", "REFRESH_AFTER", "SIGNATURE_TYPE"]

PACK_VERSION: Final = 1
"""Raised when a member changes its meaning; members may be added without."""
SIGNATURE_TYPE: Final = "downtime-pack+jws"
"""The `typ` of its signature (RFC 7515, section 4.1.9): a pack can't be passed off as a token nor a token as a pack."""
REFRESH_AFTER: Final = timedelta(minutes=15)
"""How old a desktop should let its pack become while the service answers."""

LIST_SECTIONS: Final = (
    SectionId.ARRIVALS, SectionId.DEPARTURES, SectionId.IN_HOUSE, SectionId.ROOMS, SectionId.BALANCES, SectionId.KEYS,
)  # fmt: skip
"""The lists, in the order in which they are printed."""
PACK_SECTIONS: Final = (*LIST_SECTIONS, SectionId.PLACE)
"""Everything that is read for it: the lists, and the hotel's name and clock."""

PACK_ROLES: Final = frozenset({
    OperatorRole.FRONT_DESK, OperatorRole.NIGHT_AUDITOR, OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER,
})  # fmt: skip
"""Who answers for guests, money and keys while nothing answers: each of the lists would be on their boards too."""
