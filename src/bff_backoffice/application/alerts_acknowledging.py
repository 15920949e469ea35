"""Acknowledging an alert: notification-service is the authority, our log keeps who did it, when and where (UC-09)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from bff_backoffice.application.mutations_ports import Forwarded, Forwarder, ForwardOrder
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.ports import CallContext, UpstreamInvalidResponseError, UpstreamRefusedError
from bff_backoffice.application.records import Acknowledged, identifier_of, origin_of
from bff_backoffice.application.records_bodies import WithNote
from bff_backoffice.application.telemetry import Telemetry
from bff_backoffice.application.telemetry_payloads import AlertAcknowledged
from bff_backoffice.domain.alerts import AlertAcknowledgement
from bff_backoffice.domain.errors import Code
from bff_backoffice.domain.operator import PropertyId, TenantId

__all__ = ["AcknowledgeAlert", "AcknowledgementLog"]


class _Alert(msgspec.Struct, frozen=True, rename="camel"):
    property_id: str
    acknowledged_at: datetime


class AcknowledgementLog(Protocol):
    """Our log. Fails closed with `StoreUnavailableError("postgres")`."""

    async def record(
        self, tenant_id: TenantId, line: AlertAcknowledgement, tell: Message | None
    ) -> AlertAcknowledgement:
        """Write the line, and the message with it, where its alert has none yet; return the line that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlert:
    """Acknowledge at notification-service, then write it down. Raises the `UpstreamError` family.

    A process that dies in between leaves no line; its key comes again, the service gives the same answer, and the line
    is written then.
    """

    service: Forwarder
    log: AcknowledgementLog
    telemetry: Telemetry

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry it out once for its key."""
        try:
            answer = await self.service.forward(call, order)
        except UpstreamRefusedError as refusal:
            if refusal.code.endswith(".ALERT_ALREADY_ACKNOWLEDGED"):
                raise _acknowledged_before(refusal) from refusal
            raise
        alert = _alert(answer.body)
        property_id, body = call.property_id, order.body
        assert isinstance(body, WithNote)  # noqa: S101 - for the type checker: the row says which body there is
        if property_id is None or alert.property_id != property_id:
            raise UpstreamInvalidResponseError("notification-service", "an alert of another property")
        wanted = AlertAcknowledgement(
            id=identifier_of(order, "ali"),
            alert_id=order.resource_id or "",
            property_id=PropertyId(property_id),
            note=body.note,
            operator_id=call.operator_id,
            device_id=call.device_id,
            acknowledged_at=alert.acknowledged_at,
        )
        event = self.telemetry.message(
            origin_of(call, order),
            AlertAcknowledged(acknowledgement_id=wanted.id, alert_id=wanted.alert_id, has_note=wanted.note is not None),
            event_id=identifier_of(order, "evt"),
        )
        line = await self.log.record(call.tenant_id, wanted, event)
        return Forwarded(
            body=msgspec.json.encode(
                Acknowledged(id=line.id, alert_id=line.alert_id, acknowledged_at=line.acknowledged_at)
            )
        )


def _alert(body: bytes) -> _Alert:
    try:
        return msgspec.json.decode(body, type=_Alert)
    except msgspec.DecodeError as error:
        raise UpstreamInvalidResponseError("notification-service", "no acknowledged alert") from error


def _acknowledged_before(refusal: UpstreamRefusedError) -> UpstreamRefusedError:
    """The service's refusal under the code that this service promises for it."""
    code = Code.ALERT_ALREADY_ACKNOWLEDGED
    return UpstreamRefusedError(refusal.upstream, status=code.status, code=code.text, title=code.title)
