"""The inbox of alerts: how severe one can be, who sees it, what an acknowledgement is.

Specification section 4 (AlertInbox) and section 5 (responsibility 6); contract section 10. notification-service is the
authority on alerts; acknowledgements are logged here, once for each alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId

__all__ = ["ROLES", "AlertAcknowledgement", "AlertStatus", "Severity", "rank"]


class Severity(StrEnum):
    """How severe an alert is, the most severe first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class AlertStatus(StrEnum):
    """The words that `?status=` takes."""

    UNREAD = "unread"
    READ = "read"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledgement:
    """A line of the log: written once for an alert and never changed.

    `id` is an `ali_`. `acknowledged_at` is the operator's moment, which may be long before a device that was offline
    tells of it.
    """

    id: str
    alert_id: str
    property_id: PropertyId
    note: str | None
    operator_id: OperatorId
    device_id: DeviceId
    acknowledged_at: datetime


ROLES: Final = frozenset(OperatorRole)
"""Who has alerts: everybody. A fire panel does not ask who stands in front of it."""

_RANKS: Final = {severity.value: rank for rank, severity in enumerate(Severity)}


def rank(severity: str) -> int:
    """Return where a severity stands, 0 for the most severe; one that is new to this service comes last."""
    return _RANKS.get(severity, len(_RANKS))
