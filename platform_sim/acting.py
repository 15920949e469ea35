"""On whose behalf a call is made, as the headers say: the operator, the device, and when the person acted."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from platform_sim.dialect import Refused
from platform_sim.ids import has_shape
from platform_sim.kernel import Call
from platform_sim.world.entities import Device, Operator

__all__ = ["acting_device", "acting_operator", "occurred_at"]

_OPERATOR: Final = "X-Operator-Id"
_FIRST_YEAR: Final = 2001
"""No desk was offline for that long; a year such as 0001 is a clock that was never set."""
_DEVICE: Final = "X-Device-Id"


def acting_operator(call: Call) -> Operator:
    """The operator of `X-Operator-Id`. Raises `Refused`: 400 missing or malformed, 403 not active at this tenant."""
    given = call.headers.get(_OPERATOR)
    if given is None or not has_shape(given, "usr"):
        raise call.invalid(_OPERATOR, "an operator, usr_…")
    operator = call.world.operators.get(given)
    if operator is None or operator.tenant_id != call.tenant_id or operator.state != "active":
        raise Refused(403, call.service.dialect.mismatch_code, "the operator is not an active one of this tenant")
    return operator


def acting_device(call: Call) -> Device:
    """The device of `X-Device-Id`. Raises `Refused`: 400 missing or malformed, 403 where the tenant has no such one."""
    given = call.headers.get(_DEVICE)
    if given is None or not has_shape(given, "dev"):
        raise call.invalid(_DEVICE, "a device, dev_…")
    device = call.world.devices.get(given)
    if device is None or device.tenant_id != call.tenant_id:
        raise Refused(403, call.service.dialect.mismatch_code, "the device is not one of this tenant")
    return device


def occurred_at(call: Call) -> datetime:
    """When the person acted, by `X-Occurred-At`: long ago perhaps, where a desk was offline, never in the future."""
    given = call.headers.get("X-Occurred-At")
    if given is None:
        return call.now
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise call.invalid("X-Occurred-At", "a time with offset or Z") from None
    if moment.tzinfo is None or moment.year < _FIRST_YEAR:
        raise call.invalid("X-Occurred-At", "a time with offset or Z, of this century")
    return min(moment, call.now)
