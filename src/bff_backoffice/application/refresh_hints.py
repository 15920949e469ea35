"""What other services' events make stale: dropped from the cache, and told to the desktops of the hotel.

Contract, sections 6 and 8. Many events lead to one hint: what becomes stale within a moment is told together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from bff_backoffice.application import views
from bff_backoffice.application.live_events import Announce
from bff_backoffice.application.ports import Clock, StoreUnavailableError
from bff_backoffice.application.projections import ProjectionCache
from bff_backoffice.application.read_through import CACHE_PATIENCE_S, ReadObserver
from bff_backoffice.application.views import Views
from bff_backoffice.domain.live_events import Channel, LiveEvent
from bff_backoffice.domain.operator import PropertyId, TenantId

__all__ = ["STALE", "WINDOW_SECONDS", "RefreshHints", "RefreshViews", "stale_views"]

WINDOW_SECONDS: Final = 0.2
"""How long a hint waits for more of its hotel. One check-in is five events of four services within a few ms, and what
the eye sees a fifth of a second later is still at once."""

_AWAY_SECONDS: Final = 0.5
_WORDS: Final = 3
"""Service, aggregate and verb."""

_LAST_SECONDS: Final = 1.0
"""How long a process that ends tries to tell what it has collected."""

STALE: Final[Mapping[str, Views | None]] = MappingProxyType({
    "reservation": views.STAYS,
    "front_desk": views.STAYS,
    "inventory": views.NIGHTS,
    "inventory.availability.queried": None,
    "inventory.block": views.NIGHTS | views.ROOMS,
    "inventory.room": views.STAYS,
    "pricing": views.RATES,
    "pricing.quote": None,
    "housekeeping": views.ROOMS,
    "housekeeping.linen": None,
    "housekeeping.shift": None,
    "maintenance": views.REPAIRS,
    "billing": views.MONEY,
    "billing.subscription": None,
    "billing.usage": None,
    "property": views.HOTEL,
    "property.room": views.HOTEL_ROOMS,
    "property.rooms": views.HOTEL_ROOMS,
    "property.room_type": views.HOTEL_ROOMS | views.RATES,
    "lock": views.KEYS,
    "lock.device": None,
    "lock_integration": views.KEYS,
    "analytics": views.FIGURES,
    "notification.alert": views.ALERTS,
    "notification.alerts": views.ALERTS,
    "notification.opened": views.ALERTS,
    "ai": views.SUGGESTIONS,
    "ai.inference": None,
    "ai_orchestrator.suggestion": views.SUGGESTIONS,
    "ai_orchestrator.suggestions": views.SUGGESTIONS,
    "ai_orchestrator.hitl": views.SUGGESTIONS,
})  # fmt: skip
"""By the words of a subject behind `melmastoon.`: the longest that fits counts. A None is on no board, such as a quote;
what nobody has heard of yet counts as all of its service, since a view that is dropped too often costs one read.
Delivery reports and inferences come for every message and every try, so of their services only what an inbox shows is
here.
"""


def stale_views(subject: str) -> Views | None:
    """Return what an event of this subject makes stale, or None where nothing of ours shows it."""
    first, *words = subject.split(".")
    if first != "melmastoon":
        return None
    names = (".".join(words[:many]) for many in range(_WORDS, 0, -1))
    return next((STALE[name] for name in names if name in STALE), None)


@dataclass(slots=True, kw_only=True)
class RefreshHints:
    """Collects what became stale, a hotel at a time, and tells each hotel's desktops together.

    What is collected is this process's memory. One that dies within the window takes a hint with it, and its hotel sees
    the change when the freshness of what it shows ends, as it would without hints. A hint that another process has told
    since this one collected it is not told again: whoever heard it and looked saw what this one would tell of.
    """

    log: Announce
    clock: Clock
    _collected: dict[tuple[TenantId, PropertyId | None], tuple[Views, float]] = field(default_factory=dict)
    """What became stale, and when the last of it was dropped, by the event loop's clock."""
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    def collect(self, tenant_id: TenantId, property_id: PropertyId | None, stale: Views) -> None:
        """Tell these soon. Without a property all of the tenant's desktops are told."""
        place = (tenant_id, property_id)
        before, _ = self._collected.get(place, (views.NOTHING, 0.0))
        self._collected[place] = before | stale, asyncio.get_running_loop().time()
        self._something.set()

    async def run(self) -> None:
        """Tell what is collected until cancelled, and then what is left."""
        try:
            while True:
                await self._something.wait()
                await asyncio.sleep(WINDOW_SECONDS)
                if not await self._tell():
                    await asyncio.sleep(_AWAY_SECONDS)
        finally:
            async with asyncio.timeout(_LAST_SECONDS):
                await self._tell()

    async def _tell(self) -> bool:
        """Tell everything that is collected by now; return whether nothing is left of it."""
        self._something.clear()
        for place in tuple(self._collected):
            stale, since = self._collected.pop(place)
            try:
                await self.log.announce(place[0], self._hint(place[1], stale, since))
            except StoreUnavailableError:
                self.collect(*place, stale)
                return False
        return True

    def _hint(self, property_id: PropertyId | None, stale: Views, since: float) -> LiveEvent:
        widgets = sorted(stale.widgets)
        return LiveEvent(
            channel=Channel.HINTS,
            type="stale",
            occurred_at=self.clock(),
            payload={"widgets": widgets, "boards": stale.boards, "propertyCard": stale.property_card},
            property_id=property_id,
            told_once=f"stale {property_id} {','.join(widgets)} {','.join(stale.boards)} {stale.property_card}",
            told_since_s=asyncio.get_running_loop().time() - since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshViews:
    """Drop from the cache what an event makes stale, and let the hotel's desktops know.

    Fails open: what could not be dropped ends with its freshness, and an event that ends a session must not wait for a
    cache. Doing it again changes nothing.
    """

    cache: ProjectionCache
    hints: RefreshHints
    observer: ReadObserver

    async def __call__(self, tenant_id: TenantId, property_id: PropertyId | None, stale: Views) -> None:
        """Without a property, because the event named none, it is all of the tenant's hotels."""
        try:
            async with asyncio.timeout(CACHE_PATIENCE_S):
                if property_id is None:
                    await self.cache.forget_everywhere(tenant_id, stale.names)
                else:
                    await self.cache.forget_named(tenant_id, property_id, stale.names)
        except (StoreUnavailableError, TimeoutError):
            self.observer.cache_unavailable("forget")
        self.hints.collect(tenant_id, property_id, stale)
