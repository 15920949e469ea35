"""The audit envelope without which no key is issued or revoked: who acts, at which desk, in which session, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from platform_sim.dialect import Refused
from platform_sim.ids import has_shape
from platform_sim.kernel import Call, instant

__all__ = ["Envelope", "audited"]

_PREFIXES: Final = {
    "X-Operator-Id": "usr",
    "X-Device-Id": "dev",
    "X-Session-Id": "bos",
    "X-Request-Id": "req",
}
_ATTESTATION: Final = "X-Mfa-Attestation"
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the audit trail keeps of a lock action."""

    operator_id: str
    device_id: str
    session_id: str
    request_id: str
    attestation_id: str | None
    occurred_at: datetime

    def wire(self) -> dict[str, object]:
        """The shape in answers and events."""
        return {
            "operatorId": self.operator_id,
            "deviceId": self.device_id,
            "sessionId": self.session_id,
            "requestId": self.request_id,
            "mfaAttestationId": self.attestation_id,
            "occurredAt": instant(self.occurred_at),
        }


def audited(call: Call, *, second_factor: bool) -> Envelope:
    """The call's audit envelope.

    Raises `Refused` 403: `AUDIT_ENVELOPE_MISSING` names each header that is missing or malformed,
    `MELMASTOON.IAM.DEVICE_NOT_REGISTERED` and `OPERATOR_NOT_ALLOWED` where the tenant has no such device or operator.
    """
    wrong = [name for name, prefix in _PREFIXES.items() if not has_shape(call.headers.get(name, ""), prefix)]
    attestation = call.headers.get(_ATTESTATION)
    if (second_factor and attestation is None) or (attestation is not None and not has_shape(attestation, "mfa")):
        wrong.append(_ATTESTATION)
    occurred_at = _moment(call.headers.get("X-Occurred-At", ""))
    if occurred_at is None or occurred_at > call.now + _CLOCKS_DIFFER_BY:
        wrong.append("X-Occurred-At")
    if wrong or occurred_at is None:
        raise Refused(
            403,
            "MELMASTOON.LOCK.AUDIT_ENVELOPE_MISSING",
            f"the audit envelope lacks {', '.join(wrong)}",
            violations=tuple((name, "required") for name in wrong),
        )
    envelope = Envelope(
        operator_id=call.headers["X-Operator-Id"],
        device_id=call.headers["X-Device-Id"],
        session_id=call.headers["X-Session-Id"],
        request_id=call.headers["X-Request-Id"],
        attestation_id=attestation,
        occurred_at=occurred_at,
    )
    _check_known(call, envelope)
    return envelope


def _check_known(call: Call, envelope: Envelope) -> None:
    device = call.world.devices.get(envelope.device_id)
    if device is None or device.tenant_id != call.tenant_id or device.locked:
        raise Refused(403, "MELMASTOON.IAM.DEVICE_NOT_REGISTERED", "the device is not one of this tenant")
    operator = call.world.operators.get(envelope.operator_id)
    if operator is None or operator.tenant_id != call.tenant_id or operator.state != "active":
        raise Refused(403, "MELMASTOON.LOCK.OPERATOR_NOT_ALLOWED", "the operator is not an active one of this tenant")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
