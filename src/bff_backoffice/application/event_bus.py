"""The event bus as this service sees it, whichever it is (docs/decisions/event-bus.md).

Everything is at least once. Events of one ordering key are published in the order in which they are given; whoever
receives must stand duplicates and disorder all the same (contract, section 8).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

__all__ = [
    "BusMessage",
    "EventPublisher",
    "EventSubscription",
    "Receive",
    "UnpublishableEventError",
    "received_message",
]

_LONGEST_KEY: Final = 1024
"""Bytes. Pub/Sub refuses longer ordering keys and longer attributes; no bus takes what another would refuse."""

_LARGEST: Final = 1_048_576
"""Bytes of an envelope. Pub/Sub takes ten times as much, but one ordering key may carry no more than this a second."""


class UnpublishableEventError(ValueError):
    """No bus would ever take this message: trying again is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusMessage:
    """One event on the bus: what is written on its outside, and the envelope in its publisher's own shape.

    `event_id` is what receivers tell duplicates by, and empty where the publisher wrote none on the outside.
    `attempt` counts deliveries, this one included; 0 where nobody has delivered it yet or the bus does not count.
    """

    subject: str
    tenant_id: str
    ordering_key: str
    event_id: str
    envelope: bytes = field(repr=False)
    attempt: int = 0

    def require_publishable(self) -> None:
        """Raise `UnpublishableEventError` for what the strictest bus would refuse."""
        outside = (self.subject, self.tenant_id, self.ordering_key, self.event_id)
        if any(not part or len(part.encode(errors="replace")) > _LONGEST_KEY for part in outside):
            raise UnpublishableEventError("subject, tenant, ordering key and event id have 1 to 1,024 bytes each")
        if not 0 < len(self.envelope) <= _LARGEST:
            raise UnpublishableEventError("an envelope has 1 to 1,048,576 bytes")


class EventPublisher(Protocol):
    """Publishes what this service tells the platform."""

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish all of them, and return once the bus has them for good. One round trip where the bus allows it.

        Messages of one ordering key keep their order. Where this raises, any of them may be out already: publish the
        same ones again, under the same identifiers, before later ones of their keys.

        Raises:
            UnpublishableEventError: one of them can never be published; none was.
            StoreUnavailableError: `bus`; it can't be asked.
        """


Receive = Callable[[BusMessage], Awaitable[bool]]
"""Takes one message; True once it is dealt with for good, so that the bus may forget it, False to get it again."""


class EventSubscription(Protocol):
    """What others publish and this service receives. Several processes share the work."""

    async def run(self, receive: Receive) -> None:
        """Receive until cancelled; a bus that is away is asked again and again.

        A message is given again when `receive` answers False or raises, and when its process dies before it answered.
        One message that can't be dealt with does not keep those of other ordering keys back.
        """


def received_message(attributes: Mapping[str, str], data: bytes, *, ordering_key: str, attempt: int) -> BusMessage:
    """The message of a bus that has attributes, as each service names them; what is missing is inside the envelope."""

    def first(*names: str) -> str:
        return next((attributes[name] for name in names if attributes.get(name)), "")

    return BusMessage(
        subject=first("subject", "eventType", "type", "ce-type"),
        tenant_id=first("tenantId", "tenant_id", "tenantid"),
        ordering_key=ordering_key or first("orderingKey"),
        event_id=first("eventId", "ce-id"),
        envelope=data,
        attempt=attempt,
    )
