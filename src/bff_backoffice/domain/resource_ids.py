"""Identifiers of what other services own and this one names in its paths. The contract lists them in section 10."""

from __future__ import annotations

from bff_backoffice.domain.operator import Identifier

__all__ = ["AlertId", "FolioId", "LockId", "ReservationId", "RoomId", "SuggestionId", "TaskId", "WorkOrderId"]


class ReservationId(Identifier):
    """A stay, of reservation-service."""

    __slots__ = ()
    prefix = "rsv"


class FolioId(Identifier):
    """The account of a stay, of billing-service."""

    __slots__ = ()
    prefix = "fol"


class RoomId(Identifier):
    """A room of a hotel; housekeeping-service calls it `rom_`."""

    __slots__ = ()
    prefix = "rmu"


class LockId(Identifier):
    """The lock of a door, of lock-integration-service."""

    __slots__ = ()
    prefix = "lck"


class TaskId(Identifier):
    """A task of housekeeping-service."""

    __slots__ = ()
    prefix = "hkt"


class WorkOrderId(Identifier):
    """A repair, of maintenance-service."""

    __slots__ = ()
    prefix = "mnt"


class SuggestionId(Identifier):
    """A suggestion of ai-orchestrator-service."""

    __slots__ = ()
    prefix = "sug"


class AlertId(Identifier):
    """An alert of notification-service."""

    __slots__ = ()
    prefix = "ntf"
