"""Telemetry as it leaves: messages of the outbox onto the event bus, each with the moment at which that happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bff_backoffice.application.event_bus import BusMessage, EventPublisher, UnpublishableEventError
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.outbox_relay import UnusableMessageError, Verdict
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.telemetry import TelemetryEvent, as_moment
from bff_backoffice.domain.operator import TenantId

__all__ = ["PublishTelemetry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTelemetry:
    """Publish messages in one round trip; what no bus would ever take has that as its verdict and stops nobody.

    Raises:
        StoreUnavailableError: the bus is away; any of them may be out.
    """

    bus: EventPublisher
    clock: Clock

    async def __call__(self, batch: Sequence[tuple[TenantId, Message]]) -> Sequence[Verdict]:
        published_at = as_moment(self.clock())
        verdicts: list[Verdict] = []
        going: list[BusMessage] = []
        for tenant_id, message in batch:
            try:
                going.append(_on_the_bus(tenant_id, message, published_at))
            except (UnusableMessageError, UnpublishableEventError) as error:
                verdicts.append(Verdict(message_id=message.id, why=str(error), final=True))
            else:
                verdicts.append(Verdict(message_id=message.id))
        await self.bus.publish(going)
        return verdicts


def _on_the_bus(tenant_id: TenantId, message: Message, published_at: str) -> BusMessage:
    try:
        event = msgspec.json.decode(message.payload, type=TelemetryEvent)
    except msgspec.DecodeError as error:
        raise UnusableMessageError("no telemetry event") from error
    envelope = msgspec.structs.replace(event.envelope, published_at=published_at)
    outgoing = BusMessage(
        subject=message.about,
        tenant_id=tenant_id,
        ordering_key=message.ordering_key,
        event_id=message.id,
        envelope=msgspec.json.encode(TelemetryEvent(envelope=envelope, payload=event.payload)),
    )
    outgoing.require_publishable()
    return outgoing
