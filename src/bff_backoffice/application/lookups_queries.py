"""Who looks something up, and by what: the questions of the plain reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Final

from bff_backoffice.application.ports import CallContext, call_for
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.operator import OperatorContext, OperatorId
from bff_backoffice.domain.resource_ids import FolioId, RoomId

__all__ = ["InvoiceQuery", "LookUp", "ReservationQuery", "TaskQuery", "WantedPage", "WorkOrderQuery"]

LEAST_BUDGET_MS: Final = 100
"""A client's budget shortens a deadline to no less than this, in ms: below it a healthy upstream would fail too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """Who asks, in the language that was agreed on for the answer. `budget_ms` is what the client can wait, or None."""

    operator: OperatorContext
    locale: str
    request_id: str
    traceparent: str
    budget_ms: int | None = None

    def call(self, deadline: float) -> CallContext:
        """Return on whose behalf an upstream is called, until this moment of the loop's clock."""
        return call_for(self, deadline)

    def call_of(self, source: Source) -> CallContext:
        """Return the call of this source, with the source's time or what the client's budget leaves of it."""
        wait_ms = source.deadline_ms
        if self.budget_ms is not None:
            wait_ms = min(wait_ms, max(self.budget_ms, LEAST_BUDGET_MS))
        return self.call(asyncio.get_running_loop().time() + wait_ms / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """Which part of a list: at most `limit` rows behind the upstream's own cursor, or from the beginning."""

    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationQuery:
    """Whom a desk looks for, in its own words. Empty statuses mean all; the days bound the arrival, both included."""

    text: str
    statuses: tuple[str, ...] = ()
    arrival_from: date | None = None
    arrival_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceQuery:
    """Which invoices: part of a number or of a guest's name, one status, one folio; all where nothing is said."""

    text: str | None = None
    status: str | None = None
    folio_id: FolioId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Which tasks of housekeeping; all where nothing is said."""

    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    assignee_id: OperatorId | None = None
    room_id: RoomId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderQuery:
    """Which work orders; all where nothing is said."""

    statuses: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    category: str | None = None
    assignee_id: OperatorId | None = None
    room_id: RoomId | None = None
