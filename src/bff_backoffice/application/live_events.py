"""The live log: one row of events a tenant, told in order under one cursor, kept for a while (contract, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bff_backoffice.domain.live_events import Cursor, EndReason, History, LiveEvent, LoggedEvent
from bff_backoffice.domain.operator import DeviceId, IamSessionId, Operator, OperatorId, TenantId

__all__ = [
    "Announce", "LiveFeed", "LiveHearing", "LiveLog", "LiveObserver", "Standing", "StreamFacts", "StreamFences",
    "tenant_closed",
]  # fmt: skip


class Announce(Protocol):
    """Tells a tenant's desktops something, on every replica."""

    async def announce(self, tenant_id: TenantId, event: LiveEvent) -> None:
        """Give the event its place in the tenant's log and wake whoever listens: one atomic step.

        What was announced is heard by every listener who may hear it, in the same order by all, and at most once by
        id. Announcing the same again is another event, unless both carry the same `told_once` and the first one
        was told within the second one's `told_since_s`.

        Raises:
            StoreUnavailableError: nobody can say whether it was told; tell it again under the same `told_once`.
        """


class LiveLog(Announce, Protocol):
    """The log of every tenant, bounded: each channel keeps its newest events and knows what it gave up."""

    async def now(self, tenant_id: TenantId) -> Cursor:
        """Where the log stands.

        Raises:
            StoreUnavailableError: the log can't be read now.
        """

    async def read(self, tenant_id: TenantId, after: int, *, epoch: str = "") -> History:
        """What was told after this position, at most a page of it.

        `epoch` is the one in which the reader heard of the position, if he did. A position that the log can't have
        given out in it is the witness of a loss, which everybody is then told as a gap.

        Raises:
            StoreUnavailableError: the log can't be read now.
        """


class LiveHearing(Protocol):
    """What a process does with what it hears. Nothing here waits or raises."""

    def connected(self, tenant_id: TenantId) -> None:
        """From now on everything is heard; what was said before may have been missed."""

    def told(self, tenant_id: TenantId, epoch: str, event: LoggedEvent, told_at_ms: int) -> None:
        """An event got its place, at this moment in ms since 1970 by the store's clock."""

    def superseded(self, tenant_id: TenantId, device_id: DeviceId, newest: int) -> None:
        """A device opened a stream; all others of it are older."""

    def refused(self, tenant_id: TenantId, iam_session_id: IamSessionId, reason: str) -> None:
        """The session's tokens are refused from now on."""

    def closed(self, tenant_id: TenantId, status: str) -> None:
        """The tenant is suspended or gone: nobody of it is let in."""

    def changed(self, tenant_id: TenantId, operator_id: OperatorId) -> None:
        """What tenant-service says of the operator is not what it said before."""


class LiveFeed(Protocol):
    """Hears what is said on all replicas, of the tenants that are followed: one connection for the whole process."""

    async def run(self, hearing: LiveHearing) -> None:
        """Hear until cancelled. A store that is away is asked for again and again."""

    def follow(self, tenant_id: TenantId) -> None:
        """Hear of this tenant too; `connected` says when that has begun, and again after each lost connection."""

    def unfollow(self, tenant_id: TenantId) -> None:
        """Hear no more of it."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """By what a stream is known: its device, its session, its operator."""

    device_id: DeviceId
    iam_session_id: IamSessionId
    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store says of a stream now; None where it says nothing."""

    newest: int | None
    """The fencing token of the device's newest stream."""
    refused: str | None
    """Why the session's tokens are refused, or the whole tenant is."""
    operator: Operator | None
    """What tenant-service said of the operator last."""


class StreamFences(Protocol):
    """One stream a device, whichever replica holds it. Fails closed with `StoreUnavailableError`."""

    async def open(self, tenant_id: TenantId, device_id: DeviceId) -> int:
        """Return a fencing token greater than every one before, and tell all replicas: one atomic step."""

    async def standing(self, tenant_id: TenantId, streams: Sequence[StreamFacts]) -> list[Standing]:
        """How each stream stands, in their order: one round trip."""


def tenant_closed(status: str) -> str:
    """The reason that streams of a tenant of this status are given."""
    return f"tenant_{status}"


class LiveObserver(Protocol):
    """Counts streams and what they are told."""

    def stream_opened(self) -> None:
        """A stream began."""

    def stream_ended(self, reason: EndReason | None) -> None:
        """It ended; None: its client left."""

    def surprised(self, failure: Exception) -> None:
        """Something that nobody foresaw was raised while streams were looked after."""

    def delivered(self, listeners: int, lag_seconds: float) -> None:
        """An event was handed to so many listeners, so long after it was told."""
