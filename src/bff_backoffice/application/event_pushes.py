"""Events that the bus pushes to this service, instead of being pulled by its worker (contract, `/internal/events`)."""

from __future__ import annotations

from dataclasses import dataclass

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.event_inbox import ReceiveEvent
from bff_backoffice.domain.errors import Code, Refusal

__all__ = ["ReceivePushed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivePushed:
    """Deal with one pushed message. Returning means that the bus may forget it; raising, that it has to come again.

    Raises:
        Refusal: RESOURCE_NOT_FOUND for a subscription that may not be pushed, INTERNAL for a message to give again.
        StoreUnavailableError: a store is away.
    """

    receive: ReceiveEvent
    subscriptions: frozenset[str]

    async def __call__(self, subscription: str, message: BusMessage) -> None:
        self.require_known(subscription)
        if not await self.receive(message):
            raise Refusal(Code.INTERNAL, "The event could not be dealt with; deliver it again.")

    def require_known(self, subscription: str) -> None:
        """Raise RESOURCE_NOT_FOUND for a subscription that the settings do not name."""
        if subscription not in self.subscriptions:
            raise Refusal(Code.RESOURCE_NOT_FOUND)
