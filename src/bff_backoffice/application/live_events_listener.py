"""One who listens: a stream, or a poll that waits. What it does with what it hears is its kind's affair."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from datetime import datetime

from bff_backoffice.application.live_events import StreamFacts
from bff_backoffice.domain.live_events import Cursor, EndReason, Gap, LoggedEvent, Viewer
from bff_backoffice.domain.operator import Operator, TenantId

__all__ = ["Listener"]


class Listener(ABC):
    """There are thousands of them, so they hold little. `over` is done once it has ended; `reason` then says why."""

    __slots__ = ("_hushed", "after", "detail", "facts", "over", "reason", "row", "tenant_id", "token", "viewer")

    def __init__(self, *, tenant_id: TenantId, facts: StreamFacts, viewer: Viewer) -> None:
        self.tenant_id = tenant_id
        self.facts = facts
        self.viewer = viewer
        self.after = 0
        """The position up to which it was told everything when the hub took it over."""
        self.row = 0
        """Which of the hub's rows it stands in."""
        self.token: int | None = None
        """Its fencing token; until it has one, the newest that was heard of, as a negative number."""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.reason: EndReason | None = None
        self.detail = ""
        self._hushed = False

    @abstractmethod
    def hear(self, cursor: Cursor, told: Gap | LoggedEvent) -> None:
        """Be told something; one goes on from the cursor after it. Never waits, never raises."""

    @abstractmethod
    def beat(self, now: datetime) -> None:
        """Say that it is there. Never waits, never raises."""

    def end(self, reason: EndReason, detail: str = "") -> None:
        """End for this reason; the first one counts."""
        if not self.over.done():
            self.reason, self.detail = reason, detail
            self.over.set_result(None)

    def hush(self) -> None:
        """Be told nothing more: what it may hear is not known now."""
        self._hushed = True

    @property
    def silent(self) -> bool:
        """Whether it must be told nothing, whatever its viewer says."""
        return self._hushed or self.reason is EndReason.ACCESS_CHANGED

    def leave(self) -> None:
        """End without a reason: nobody is there any more."""
        if not self.over.done():
            self.over.set_result(None)

    def fence(self, token: int) -> None:
        """Take its fencing token, which may be outrun by now."""
        heard, self.token = self.token, token
        if heard is not None:
            self.outrun_by(-heard)

    def outrun_by(self, newest: int) -> None:
        """End if the device has a newer stream."""
        if self.token is None or self.token < 0:
            self.token = min(self.token or 0, -newest)
        elif newest > self.token:
            self.end(EndReason.SUPERSEDED)

    def speaks_of(self, operator: Operator) -> bool:
        """Whether what it may hear is what this operator may hear."""
        return self.viewer.roles == operator.roles and self.viewer.property_scope == frozenset(operator.property_scope)
