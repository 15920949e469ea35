"""How a composed read can end, how it came from the cache, whom it asks and for how long: what all boards share.

Contract section 4; specification sections 2 and 7.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CacheStatus", "Outcome", "Source"]


class Outcome(StrEnum):
    """How a read ended: the closed set of contract section 4."""

    FRESH = "fresh"
    """Loaded while the client waited."""
    CACHED = "cached"
    """Loaded for somebody else while it counts as fresh."""
    STALE = "stale"
    """Older than that; shown because loading failed."""
    FALLBACK = "fallback"
    """Computed from a part of its sources, because the others failed."""
    TIMEOUT = "timeout"
    BREAKER_OPEN = "breaker_open"
    SHED = "shed"
    FORBIDDEN = "forbidden"
    ERROR = "error"

    @property
    def whole(self) -> bool:
        """Whether there is everything that there should be, no older than it should be."""
        return self in {Outcome.FRESH, Outcome.CACHED}


class CacheStatus(StrEnum):
    """The `X-Cache` of a composed read."""

    HIT = "HIT"
    """Everything came from the cache, fresh."""
    STALE = "STALE"
    """Something is loaded, and meanwhile older data is shown."""
    MISS = "MISS"
    """Something is loaded, and nothing older is known of it."""
    BYPASS = "BYPASS"
    """The cache could not be asked."""


class Source(StrEnum):
    """Whom data comes from; `OWN` is this service's own store."""

    ANALYTICS = "analytics-service"
    INVENTORY = "inventory-service"
    RESERVATION = "reservation-service"
    HOUSEKEEPING = "housekeeping-service"
    MAINTENANCE = "maintenance-service"
    PRICING = "pricing-service"
    BILLING = "billing-service"
    NOTIFICATION = "notification-service"
    AI_ORCHESTRATOR = "ai-orchestrator-service"
    PROPERTY = "property-service"
    LOCK_INTEGRATION = "lock-integration-service"
    TENANT = "tenant-service"
    OWN = "bff-backoffice-service"

    @property
    def deadline_ms(self) -> int:
        """How long one read of this source may take, in ms."""
        return _SOURCE_DEADLINE_MS[self]


# The platform's egress table gives reservation to billing; the rest is ours (docs/decisions/upstream-deadlines.md).
# What it gives lock-integration (1200 ms) is for a door's vendor; reading what was issued asks none.
_SOURCE_DEADLINE_MS: Final[Mapping[Source, int]] = MappingProxyType({
    Source.RESERVATION: 800,
    Source.HOUSEKEEPING: 700,
    Source.MAINTENANCE: 700,
    Source.LOCK_INTEGRATION: 700,
    Source.INVENTORY: 600,
    Source.PRICING: 600,
    Source.BILLING: 600,
    Source.ANALYTICS: 600,
    Source.PROPERTY: 600,
    Source.NOTIFICATION: 500,
    Source.AI_ORCHESTRATOR: 500,
    Source.TENANT: 500,
    Source.OWN: 400,
})  # fmt: skip
