"""The live log: one row of events a tenant, told in order under one cursor, kept for a while (contract, section 6)."""

from __future__ import annotations

from typing import Protocol

from bff_backoffice.domain.live_events import History, LiveEvent
from bff_backoffice.domain.operator import TenantId

__all__ = ["Announce", "LiveLog"]


class Announce(Protocol):
    """Tells a tenant's desktops something, on every replica."""

    async def announce(self, tenant_id: TenantId, event: LiveEvent) -> None:
        """Give the event its place in the tenant's log and wake whoever listens: one atomic step.

        What was announced is heard by every listener who may hear it, in the same order by all, and at most once by
        id. Announcing the same again is another event, unless both carry the same `told_once`.

        Raises:
            StoreUnavailableError: nobody can say whether it was told; tell it again under the same `told_once`.
        """


class LiveLog(Announce, Protocol):
    """The log of every tenant, bounded: each channel keeps its newest events and knows what it gave up."""

    async def read(self, tenant_id: TenantId, after: int) -> History:
        """What was told after this position, at most a page of it.

        Raises:
            StoreUnavailableError: the log can't be read now.
        """
