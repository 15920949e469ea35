"""Telling the orchestrator what was decided: the message as it waits in the outbox, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec

from bff_backoffice.application.mutations_ports import ForwardOrder
from bff_backoffice.application.outbox import Message
from bff_backoffice.application.outbox_relay import UnusableMessageError
from bff_backoffice.application.ports import CallContext, UpstreamRefusedError
from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.domain.suggestions import SuggestionDecision

__all__ = ["KIND", "DecisionReport", "Orchestrator", "TellDecision"]

KIND: Final = "suggestion.decided"
_CONFLICT: Final = 409


class DecisionReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was decided, by whom, where: all that the orchestrator is told."""

    suggestion_id: str
    property_id: str
    decision: str
    reason: str | None
    delta: msgspec.Raw
    operator_id: str
    device_id: str
    roles: list[str]
    locale: str
    request_id: str
    traceparent: str
    decided_at: datetime
    session_id: str | None = None
    """Of the session, and of the desktop's build where it said so; a message of an earlier build has neither."""
    app_version: str | None = None

    @classmethod
    def of(cls, line: SuggestionDecision, call: CallContext, order: ForwardOrder) -> DecisionReport:
        """Return the report of a line that is being written for this call."""
        # Identifiers are types of their own here, which JSON has not.
        return cls(
            suggestion_id=line.suggestion_id,
            property_id=str(line.property_id),
            decision=line.decision.value,
            reason=line.reason,
            delta=msgspec.Raw(line.delta or b"null"),
            operator_id=str(line.operator_id),
            device_id=str(line.device_id),
            roles=sorted(role.value for role in call.roles),
            locale=call.locale,
            request_id=call.request_id,
            traceparent=call.traceparent,
            decided_at=line.decided_at,
            session_id=str(order.session_id),
            app_version=order.app_version,
        )

    def call(self, tenant_id: TenantId, deadline: float) -> CallContext:
        """Return the call that carries the report, on behalf of who decided."""
        return CallContext(
            tenant_id=tenant_id,
            property_id=PropertyId(self.property_id),
            operator_id=OperatorId(self.operator_id),
            device_id=DeviceId(self.device_id),
            roles=frozenset(map(OperatorRole, self.roles)),
            locale=self.locale,
            request_id=self.request_id,
            traceparent=self.traceparent,
            deadline=deadline,
        )


class Orchestrator(Protocol):
    """Who is told."""

    async def tell_decision(self, call: CallContext, report: DecisionReport, *, message_id: str) -> None:
        """Report a decision, the same however often for the same message. Raises the `UpstreamError` family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellDecision:
    """Tell the orchestrator of one decision.

    Raises:
        UnusableMessageError: it can't be read.
        UpstreamError: it was not heard, or refused.
    """

    orchestrator: Orchestrator

    async def __call__(self, tenant_id: TenantId, message: Message, deadline: float) -> None:
        try:
            report = msgspec.json.decode(message.payload, type=DecisionReport)
        except msgspec.DecodeError as error:
            raise UnusableMessageError("no report of a decision") from error
        try:
            await self.orchestrator.tell_decision(report.call(tenant_id, deadline), report, message_id=message.id)
        except UpstreamRefusedError as refusal:
            if refusal.status == _CONFLICT and refusal.code.endswith("SUGGESTION_ALREADY_DECIDED"):
                # It knows, from a try of ours whose answer was lost or from elsewhere.
                return
            raise
