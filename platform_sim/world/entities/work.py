"""What staff have to do and to know: repairs, cleaning, alerts, suggestions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from platform_sim.world.entities.estate import Text

__all__ = ["Alert", "HousekeepingTask", "Suggestion", "WorkOrder"]


@dataclass(slots=True, kw_only=True)
class WorkOrder:
    """A repair. States: `open assigned in_progress blocked resolved verified cancelled`."""

    id: str
    tenant_id: str
    property_id: str
    title: str
    description: str
    category: str
    severity: str
    status: str
    source: str
    reported_at: datetime
    reported_by: str | None
    room_id: str | None = None
    assignee_id: str | None = None
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    blocks_room: bool = False
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.status not in {"resolved", "verified", "cancelled"}


@dataclass(slots=True, kw_only=True)
class HousekeepingTask:
    """Work in a room. States: `pending assigned in_progress paused completed failed cancelled`."""

    id: str
    tenant_id: str
    property_id: str
    room_id: str
    kind: str
    priority: str
    status: str
    created_at: datetime
    source: str = "event"
    reservation_id: str | None = None
    assignee_id: str | None = None
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    inspected_at: datetime | None = None
    notes: str | None = None
    version: int = 1


@dataclass(slots=True, kw_only=True)
class Alert:
    """Something that staff should know. `status` is `unread read acknowledged`."""

    id: str
    tenant_id: str
    property_id: str
    severity: str
    title: Text
    body: Text
    raised_at: datetime
    status: str = "unread"
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str | None = None


@dataclass(slots=True, kw_only=True)
class Suggestion:
    """What the AI suggests. `status` is `open decided expired`; nothing happens before a person decides."""

    id: str
    tenant_id: str
    property_id: str
    category: str
    title: str
    summary: str
    confidence: float
    created_at: datetime
    subject: dict[str, str]
    proposal: dict[str, object]
    provenance: dict[str, object]
    status: str = "open"
    decision: dict[str, object] | None = None
