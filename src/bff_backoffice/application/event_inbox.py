"""What arrives from the bus: understood, handled once, or set aside (specification section 9; contract, section 8).

Whatever happens to one message, the ones behind it go on: a message that can't be understood is parked at once, one
that fails too often after a while, and both are answered for, so that the bus forgets them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bff_backoffice.application.event_bus import BusMessage, EventSubscription
from bff_backoffice.application.event_envelopes import read_envelope, tenant_of
from bff_backoffice.application.platform_events import (
    EventObserver,
    HandleEvent,
    OtherVersionError,
    PlatformEvent,
    UnusableEventError,
)
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId

__all__ = [
    "NOBODYS", "EventInbox", "HandleOnce", "Parked", "ParkedEvents", "ReceiveEvent", "ReceiveEvents", "ReplayEvent",
    "parked_id",
]  # fmt: skip

MOST_ATTEMPTS: Final = 30
"""Deliveries of a message that fails for a reason that nobody foresaw. At the pace of the Redis consumer that is a
minute, time enough for a deployment to be rolled back; a store that is away does not count."""

NOBODYS: Final = TenantId("*")
"""Whose a message is that names no tenant."""

_LONGEST_REASON: Final = 500


class EventInbox(Protocol):
    """Which events were dealt with. Raises `StoreUnavailableError("postgres")`."""

    async def has(self, tenant_id: TenantId, event: PlatformEvent) -> bool:
        """Whether this event was dealt with before. One without an identifier never was."""

    async def note(self, tenant_id: TenantId, event: PlatformEvent) -> None:
        """Remember that it was; doing so again changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A message that nobody could deal with, as it came."""

    id: str
    tenant_id: TenantId
    message: BusMessage
    why: str
    parked_at: datetime


class ParkedEvents(Protocol):
    """Messages that are set aside for a person. Raises `StoreUnavailableError("postgres")`."""

    async def park(self, tenant_id: TenantId, message: BusMessage, *, why: str) -> None:
        """Set a message aside. One that is there already gets the newer reason."""

    async def tenants(self) -> Sequence[TenantId]:
        """Return who has ever had a parked message."""

    async def parked(self, tenant_id: TenantId, *, most: int) -> Sequence[Parked]:
        """Return what is parked, the oldest first."""

    async def one(self, tenant_id: TenantId, parked_id: str) -> Parked | None:
        """Return one of them, or None where there is none of that name."""

    async def forget(self, tenant_id: TenantId, parked_id: str) -> None:
        """Remove it, because it was dealt with after all or never has to be."""


def parked_id(message: BusMessage) -> str:
    """The name of a parked message, made from what it is, so that parking it again is no second one."""
    parts = (message.subject, message.tenant_id, message.ordering_key, message.event_id)
    outside = b"".join(part.encode(errors="replace") + bytes(1) for part in parts)
    return f"pkd_{hashlib.sha256(outside + message.envelope).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleOnce:
    """Handle an event, unless it was dealt with before.

    The note is written after the effect: whoever dies in between has it done again, which every handler stands. A
    repetition that comes hours later, when the world has moved on, is what this is for.
    """

    inbox: EventInbox
    handle: Callable[[PlatformEvent], Awaitable[None]]

    async def __call__(self, event: PlatformEvent) -> bool:
        """Return True: an event that somebody handles is of interest, also the second time."""
        tenant_id = TenantId(event.tenant_id)
        if not await self.inbox.has(tenant_id, event):
            await self.handle(event)
            await self.inbox.note(tenant_id, event)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveEvent:
    """Deal with one message of the bus; True once the bus may forget it.

    Raises:
        StoreUnavailableError: a store is away, which it is for every message: wait, and give the same one again.
    """

    handle: HandleEvent
    parked: ParkedEvents
    observer: EventObserver

    async def __call__(self, message: BusMessage) -> bool:
        try:
            event = read_envelope(message)
            interesting = await self.handle(event)
        except OtherVersionError as error:
            # Not parked: while versions overlap it comes beside one that is read, and would bury the poison.
            self.observer.other_version(error.subject, error.read)
            return True
        except UnusableEventError as error:
            await self._park(message, str(error))
            return True
        except StoreUnavailableError:
            self.observer.consumed(message.subject, "again")
            raise
        except Exception as error:  # noqa: BLE001 - one event must not stop the others; this one comes again
            if message.attempt > MOST_ATTEMPTS:
                await self._park(message, f"delivered too often: {type(error).__name__}")
                return True
            self.observer.consumed(message.subject, "again")
            return False
        self.observer.consumed(event.subject if interesting else "other", "done" if interesting else "ignored")
        return True

    async def _park(self, message: BusMessage, why: str) -> None:
        tenant_id = tenant_of(message.tenant_id)
        await self.parked.park(
            NOBODYS if tenant_id is None else TenantId(tenant_id), message, why=why[:_LONGEST_REASON]
        )
        self.observer.consumed(message.subject, "parked")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveEvents:
    """Receive from the bus until cancelled."""

    subscription: EventSubscription
    receive: ReceiveEvent

    async def run(self) -> None:
        """Receive for ever."""
        await self.subscription.run(self.receive)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayEvent:
    """Try a parked message again, now that somebody has looked at it; what succeeds is parked no more.

    Raises:
        UnusableEventError: it still can't be understood, and stays where it is.
        StoreUnavailableError: the same, because a store is away.
    """

    handle: HandleEvent
    parked: ParkedEvents

    async def __call__(self, parked: Parked) -> bool:
        """Return whether the event was of interest to anybody."""
        interesting = await self.handle(read_envelope(parked.message))
        await self.parked.forget(parked.tenant_id, parked.id)
        return interesting
