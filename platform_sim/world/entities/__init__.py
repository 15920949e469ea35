"""What exists in the world.

Identifiers are canonical (`tnt_ usr_ dev_ ppt_ rmu_ rmt_ rsv_ gst_ fol_ lck_ key_ hkt_ mnt_`). Times are aware and in
UTC, dates are the property's local ones, amounts are micro-units of the named currency.
"""

from __future__ import annotations

from platform_sim.world.entities.books import Charge, DayEnd, Folio, Invoice, NightResult, Payment, Refund
from platform_sim.world.entities.estate import (
    Address,
    KeyCredential,
    Lock,
    Photo,
    Policy,
    Property,
    Room,
    RoomType,
    Tenant,
    Text,
)
from platform_sim.world.entities.people import Device, Guest, Operator, SyncCursor
from platform_sim.world.entities.stays import Reservation
from platform_sim.world.entities.work import Alert, HousekeepingTask, Suggestion, WorkOrder

__all__ = [
    "Address",
    "Alert",
    "Charge",
    "DayEnd",
    "Device",
    "Folio",
    "Guest",
    "HousekeepingTask",
    "Invoice",
    "KeyCredential",
    "Lock",
    "NightResult",
    "Operator",
    "Payment",
    "Photo",
    "Policy",
    "Property",
    "Refund",
    "Reservation",
    "Room",
    "RoomType",
    "Suggestion",
    "SyncCursor",
    "Tenant",
    "Text",
    "WorkOrder",
]
