"""What other services have to be told, until they heard it (specification section 5, responsibility 5; section 9).

A message is written in the transaction of what it is about. Whoever relays it takes it with a lease, so that several
workers share the work and one that dies is no loss; a message may be told twice, always under the same identifier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from bff_backoffice.application.ports import StoreUnavailableError, UpstreamError, UpstreamRefusedError
from bff_backoffice.domain.idempotency import is_final_refusal
from bff_backoffice.domain.operator import TenantId

__all__ = ["Backlog", "Message", "Outbox", "OutboxObserver", "RelayOutbox", "Taken", "Teller", "UnusableMessageError"]

MOST_ATTEMPTS: Final = 40
"""After so many tries, which take about a day and a half, nobody is going to hear it: it is parked for a person."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 3600.0
_LEASE_S: Final = 30.0
"""How long a message is another's after it was taken: longer than telling a whole batch takes."""
_TELL_S: Final = 5.0
_BATCH: Final = 20
_IDLE_S: Final = 0.5
_AWAY_S: Final = 1.0


class UnusableMessageError(Exception):
    """A message that nobody can tell, now or ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody has to be told. `kind` chooses who tells it; `payload` is JSON."""

    id: str
    kind: str
    about: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that is ours for a while, with how often it was taken, this time included."""

    message: Message
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits: how many messages, and how long the oldest has waited, in seconds. Parked ones are counted apart."""

    depth: int = 0
    lag_seconds: float = 0.0
    parked: int = 0


class Outbox(Protocol):
    """The messages. Raises `StoreUnavailableError("postgres")`. Time is the store's own."""

    async def tenants(self) -> Sequence[TenantId]:
        """Return who has ever had something to tell."""

    async def take(self, tenant_id: TenantId, *, lease: timedelta, most: int) -> Sequence[Taken]:
        """Take what is due, the oldest first, so that nobody else does for so long."""

    async def heard(self, tenant_id: TenantId, message_id: str) -> None:
        """Remove a message."""

    async def put_off(self, tenant_id: TenantId, message_id: str, *, pause: timedelta, why: str) -> None:
        """Let it be taken again after a pause."""

    async def park(self, tenant_id: TenantId, message_id: str, *, why: str) -> None:
        """Set it aside for a person to look at."""

    async def backlog(self, tenant_id: TenantId) -> Backlog:
        """Return what waits."""


class OutboxObserver(Protocol):
    """Who counts."""

    def told(self, kind: str, outcome: str) -> None:
        """A message was `heard`, is to be told `again`, or was `parked`."""

    def backlog(self, backlog: Backlog) -> None:
        """What waits now, of all tenants."""


Teller = Callable[[TenantId, Message, float], Awaitable[None]]
"""Tells one message, until a moment on the loop's clock. Raises `UpstreamError`s or `UnusableMessageError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOutbox:
    """Tell what waits, one message at a time, until cancelled."""

    outbox: Outbox
    tellers: Mapping[str, Teller]
    observer: OutboxObserver

    async def run(self) -> None:
        """Relay for ever. A store that is away is asked again every second."""
        while True:
            try:
                busy = await self.once()
            except StoreUnavailableError:
                await asyncio.sleep(_AWAY_S)
                continue
            if not busy:
                await asyncio.sleep(_IDLE_S)

    async def once(self) -> bool:
        """Tell what is due now; return whether there was anything."""
        waiting, busy = Backlog(), False
        for tenant_id in await self.outbox.tenants():
            taken = await self.outbox.take(tenant_id, lease=timedelta(seconds=_LEASE_S), most=_BATCH)
            until = asyncio.get_running_loop().time() + _LEASE_S - _TELL_S
            for each in taken:
                if asyncio.get_running_loop().time() >= until:
                    # Its lease is nearly over; whoever takes it next tells it.
                    break
                await self._tell(tenant_id, each)
            busy = busy or bool(taken)
            there = await self.outbox.backlog(tenant_id)
            waiting = Backlog(
                depth=waiting.depth + there.depth,
                lag_seconds=max(waiting.lag_seconds, there.lag_seconds),
                parked=waiting.parked + there.parked,
            )
        self.observer.backlog(waiting)
        return busy

    async def _tell(self, tenant_id: TenantId, taken: Taken) -> None:
        message = taken.message
        teller = self.tellers.get(message.kind)
        if teller is None:
            await self._park(tenant_id, message, f"nobody tells a {message.kind}")
            return
        try:
            async with asyncio.timeout(_TELL_S):
                await teller(tenant_id, message, asyncio.get_running_loop().time() + _TELL_S)
        except UnusableMessageError as error:
            await self._park(tenant_id, message, str(error))
        except UpstreamRefusedError as refusal:
            if is_final_refusal(refusal.status, refusal.code):
                await self._park(tenant_id, message, f"{refusal.upstream}: {refusal.status} {refusal.code}")
            else:
                await self._put_off(tenant_id, taken, refusal)
        except (UpstreamError, TimeoutError) as failure:
            await self._put_off(tenant_id, taken, failure)
        else:
            await self.outbox.heard(tenant_id, message.id)
            self.observer.told(message.kind, "heard")

    async def _put_off(self, tenant_id: TenantId, taken: Taken, failure: Exception) -> None:
        why = type(failure).__name__
        if taken.attempts >= MOST_ATTEMPTS:
            await self._park(tenant_id, taken.message, why)
            return
        await self.outbox.put_off(tenant_id, taken.message.id, pause=pause_after(taken.attempts), why=why)
        self.observer.told(taken.message.kind, "again")

    async def _park(self, tenant_id: TenantId, message: Message, why: str) -> None:
        await self.outbox.park(tenant_id, message.id, why=why)
        self.observer.told(message.kind, "parked")


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries in vain: twice as long each time, an hour at most."""
    return timedelta(seconds=min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(attempts - 1, 20)))
