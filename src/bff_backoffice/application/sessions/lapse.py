"""The end of sessions that nobody used any more: idle → closed (specification, section 4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bff_backoffice.domain.operator import TenantId
from bff_backoffice.domain.sessions import BackofficeSession

__all__ = ["CloseIdleSessions", "LapsedSessions"]


class LapsedSessions(Protocol):
    """Sessions whose time ran out. Fails closed with `StoreUnavailableError("sessions")`."""

    async def lapsed(self, tenant_id: TenantId, idle: timedelta, *, most: int) -> Sequence[BackofficeSession]:
        """Return those that nobody has used for so long, and that are gone without anybody having closed them."""

    async def forget_lapsed(self, session: BackofficeSession) -> bool:
        """Remove what is left of one of these; return whether this call did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIdleSessions:
    """Tell of the end of sessions that ran out, then forget them. Who dies in between tells again, of the same end.

    The store lets a session go by itself after its time; what it can't do is to say so.

    Raises:
        StoreUnavailableError: what was told until then is told.
    """

    sessions: LapsedSessions
    tell: Callable[[BackofficeSession], Awaitable[None]]

    async def __call__(self, tenant_id: TenantId, idle: timedelta, most: int) -> int:
        """Close at most so many of the tenant's; return how many this call did."""
        closed = 0
        for session in await self.sessions.lapsed(tenant_id, idle, most=most):
            await self.tell(session)
            closed += await self.sessions.forget_lapsed(session)
        return closed
