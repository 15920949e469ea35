"""The inbox of suggestions: what a suggestion can be, who sees it, what a decision about it is.

Specification section 4 (AISuggestionInbox) and section 5 (responsibilities 4 and 5); contract section 10. Suggestions
are the orchestrator's and are advice only; decisions are logged here, once for each suggestion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bff_backoffice.domain.operator import DeviceId, OperatorId, OperatorRole, PropertyId

__all__ = ["ROLES", "Decision", "SuggestionDecision", "SuggestionStatus", "reason_demanded", "status_now"]


class SuggestionStatus(StrEnum):
    """The words that `?status=` takes."""

    OPEN = "open"
    DECIDED = "decided"
    EXPIRED = "expired"


class Decision(StrEnum):
    """What an operator can do with a suggestion; `modify` comes with what was changed."""

    ACCEPT = "accept"
    MODIFY = "modify"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionDecision:
    """A line of the log: written once for a suggestion and never changed.

    `id` is a `sdl_`. `delta` is a JSON object in UTF-8, exactly as it was sent, None where nothing was. `decided_at` is
    the operator's moment, which may be long before a device that was offline tells of it.
    """

    id: str
    suggestion_id: str
    property_id: PropertyId
    decision: Decision
    reason: str | None
    delta: bytes | None
    operator_id: OperatorId
    device_id: DeviceId
    decided_at: datetime


ROLES: Final = frozenset({
    OperatorRole.FRONT_DESK, OperatorRole.HOUSEKEEPING_LEAD, OperatorRole.FNB_MANAGER, OperatorRole.REVENUE_MANAGER,
    OperatorRole.GENERAL_MANAGER, OperatorRole.OWNER,
})  # fmt: skip
"""Who has suggestions: those who have them on the dashboard, since they are the ones who can act on one."""

_CATEGORIES_WITH_REASON: Final = frozenset({"rate_change", "overbooking", "overbooking_warning", "audit_anomaly"})


def status_now(status: str, expires_at: datetime | None, now: datetime) -> str:
    """Return the status at this moment: an open suggestion expires by itself, also while its service is away."""
    out_of_date = status == SuggestionStatus.OPEN and expires_at is not None and expires_at <= now
    return SuggestionStatus.EXPIRED.value if out_of_date else status


def reason_demanded(category: str, decision: Decision) -> bool:
    """Whether somebody who decides so about this category has to say why.

    The platform captures a reason for rates, and logs who overrides a warning of overbooking or looks past an anomaly
    (its AI_INTEGRATION page). Who follows the advice has its own reasons to show.
    """
    return decision is not Decision.ACCEPT and category in _CATEGORIES_WITH_REASON
