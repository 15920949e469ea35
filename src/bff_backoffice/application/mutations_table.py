"""Everything that an operator can change, one row each: the routes, the calls, the gates and the caches follow from it.

Contract sections 2.1 and 5. Where a row says nothing of a gate there is none; the owning service has the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bff_backoffice.application import mutations_bodies as bodies
from bff_backoffice.application import views
from bff_backoffice.domain.composed_reads import Source
from bff_backoffice.domain.errors import Code, FieldError
from bff_backoffice.domain.operator import Identifier, OperatorRole
from bff_backoffice.domain.resource_ids import FolioId, LockId, ReservationId, RoomId, TaskId, WorkOrderId

__all__ = ["MUTATIONS", "Ledger", "Mutation", "SecondFactor"]


class SecondFactor(StrEnum):
    """When a mutation needs an attestation."""

    NEVER = "never"
    ALWAYS = "always"
    ABOVE_LIMIT = "above_limit"
    """Where its amount is above the tenant's limit for charges."""
    TENANT = "tenant"
    """Where the tenant's policy says so."""


class Ledger(StrEnum):
    """Where the audit row of a mutation is."""

    MUTATIONS = "mutation_audit"
    LOCKS = "lock_action_proxy_audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One row. `path` is behind the prefix; `status` is that of its success.

    `echo` is the member of the upstream's answer that must name the resource, so that an answer that was mixed up on
    its way is nobody's. A `repeatable` call may go again over a new connection within its own deadline, under the same
    upstream key.
    """

    name: str
    method: str
    path: str
    summary: str
    upstream: Source
    roles: frozenset[OperatorRole]
    body: type[bodies.Act]
    stale: views.Views
    kind: type[Identifier] | None
    """What `{id}` is; None where the path has none."""
    echo: str | None
    status: int = 200
    second_factor: SecondFactor = SecondFactor.NEVER
    step_up_action: str = ""
    deadline_ms: int = 1500
    repeatable: bool = True
    ledger: Ledger = Ledger.MUTATIONS
    answer: type | None = None
    """What a success is, where it is this service's own word; else whatever the owning service answers."""
    refusals: tuple[Code, ...] = ()
    """Those that only this one has."""
    wrong: Callable[[bodies.Act], tuple[FieldError, ...]] = bodies.not_in_the_calendar
    """What is wrong with a body although each of its members has the right shape."""

    @property
    def versioned(self) -> bool:
        """Whether the owning service can be held to the version of the thing that the client has seen."""
        return self.kind is not None and self.upstream in _VERSIONED

    @property
    def body_optional(self) -> bool:
        """Whether the request may come without a body: no member is required."""
        return not any(field.required for field in bodies.fields_of(self.body))


_VERSIONED: Final = frozenset({Source.RESERVATION, Source.HOUSEKEEPING, Source.MAINTENANCE, Source.BILLING})
"""Who honours `If-Match` (docs/upstreams.md)."""

_DESK: Final = frozenset({OperatorRole.FRONT_DESK, OperatorRole.NIGHT_AUDITOR})
_BOOKING: Final = _DESK | {OperatorRole.REVENUE_MANAGER}
_SELLING: Final = _DESK | {OperatorRole.FNB_MANAGER}
_LEAD: Final = frozenset({OperatorRole.HOUSEKEEPING_LEAD})
_CLEANING: Final = _LEAD | {OperatorRole.HOUSEKEEPER}
_MENDING: Final = frozenset({OperatorRole.MAINTENANCE})
_REPORTING: Final = _SELLING | _CLEANING | _MENDING


def _stay(verb: str, body: type[bodies.Act], summary: str, roles: frozenset[OperatorRole] = _DESK) -> Mutation:
    return Mutation(
        name=f"{verb.replace('-', '_')}_reservation", method="POST", path=f"/reservations/{{id}}/{verb}",
        summary=summary, upstream=Source.RESERVATION, roles=roles, body=body, stale=views.STAYS, kind=ReservationId,
        echo="id",
    )  # fmt: skip


def _folio(
    name: str,
    verb: str,
    body: type[bodies.Act],
    summary: str,
    roles: frozenset[OperatorRole] = _DESK,
    *,
    second_factor: SecondFactor = SecondFactor.NEVER,
    step_up_action: str = "",
) -> Mutation:
    closing = verb == "close"
    return Mutation(
        name=name, method="POST", path=f"/folios/{{id}}/{verb}", summary=summary, upstream=Source.BILLING, roles=roles,
        body=body, stale=views.MONEY, kind=FolioId, echo="id" if closing else "folioId", status=200 if closing else 201,
        second_factor=second_factor, step_up_action=step_up_action,
    )  # fmt: skip


def _task(verb: str, body: type[bodies.Act], summary: str, roles: frozenset[OperatorRole]) -> Mutation:
    return Mutation(
        name=f"{verb}_task", method="POST", path=f"/housekeeping/tasks/{{id}}/{verb}", summary=summary,
        upstream=Source.HOUSEKEEPING, roles=roles, body=body, stale=views.ROOMS, kind=TaskId, echo="id",
    )  # fmt: skip


def _order(verb: str, body: type[bodies.Act], summary: str, roles: frozenset[OperatorRole] = _MENDING) -> Mutation:
    return Mutation(
        name=f"{verb}_work_order", method="POST", path=f"/maintenance/work-orders/{{id}}/{verb}", summary=summary,
        upstream=Source.MAINTENANCE, roles=roles, body=body, stale=views.REPAIRS, kind=WorkOrderId, echo="id",
    )  # fmt: skip


def _lock(verb: str, body: type[bodies.Act], summary: str, *, status: int, second_factor: SecondFactor) -> Mutation:
    return Mutation(
        name=f"{verb}_key", method="POST", path=f"/locks/{{id}}/{verb}-key", summary=summary,
        upstream=Source.LOCK_INTEGRATION, roles=_DESK, body=body, stale=views.KEYS, kind=LockId, echo=None,
        status=status, second_factor=second_factor, step_up_action=f"lock.{verb}_key", deadline_ms=750,
        repeatable=False, ledger=Ledger.LOCKS,
    )  # fmt: skip


MUTATIONS: Final = (
    _lock("issue", bodies.IssueKey, "Issue a key", status=201, second_factor=SecondFactor.TENANT),
    _lock("revoke", bodies.RevokeKey, "Revoke a key", status=200, second_factor=SecondFactor.ALWAYS),
    Mutation(
        name="create_reservation", method="POST", path="/reservations", summary="Book a stay",
        upstream=Source.RESERVATION, roles=_BOOKING, body=bodies.NewReservation, stale=views.STAYS, kind=None,
        echo=None, status=201,
    ),
    Mutation(
        name="change_reservation", method="PATCH", path="/reservations/{id}", summary="Change a stay",
        upstream=Source.RESERVATION, roles=_BOOKING, body=bodies.ReservationChange, stale=views.STAYS,
        kind=ReservationId, echo="id",
    ),
    _stay("check-in", bodies.CheckIn, "Check a guest in"),
    _stay("check-out", bodies.WithNotes, "Check a guest out"),
    _stay("cancel", bodies.WithReason, "Cancel a stay", _BOOKING),
    _stay("no-show", bodies.Nothing, "Say that a guest did not come"),
    _stay("assign-room", bodies.AssignRoom, "Give a stay its room; in house, move the guest"),
    _folio("post_charge", "charges", bodies.NewCharge, "Post a charge", _SELLING,
           second_factor=SecondFactor.ABOVE_LIMIT, step_up_action="folio.charge"),
    _folio("post_payment", "payments", bodies.NewPayment, "Take a payment", _SELLING),
    _folio("post_refund", "refunds", bodies.NewRefund, "Refund money",
           second_factor=SecondFactor.ALWAYS, step_up_action="folio.refund"),
    _folio("close_folio", "close", bodies.Nothing, "Close a folio"),
    Mutation(
        name="create_task", method="POST", path="/housekeeping/tasks", summary="Ask for a room to be cleaned",
        upstream=Source.HOUSEKEEPING, roles=_LEAD | _DESK, body=bodies.NewTask, stale=views.ROOMS, kind=None, echo=None,
        status=201,
    ),
    _task("start", bodies.Nothing, "Begin a task", _CLEANING),
    _task("pause", bodies.WithReason, "Interrupt a task", _CLEANING),
    _task("complete", bodies.WithNotes, "Finish a task", _CLEANING),
    _task("assign", bodies.AssignTask, "Say who shall do a task", _LEAD),
    _task("inspect", bodies.TaskInspection, "Look at a cleaned room", _LEAD),
    Mutation(
        name="set_room_status", method="POST", path="/housekeeping/rooms/{id}/status", summary="Say what a room is now",
        upstream=Source.HOUSEKEEPING, roles=_CLEANING | _DESK, body=bodies.RoomStatus, stale=views.ROOMS, kind=RoomId,
        echo="roomId",
    ),
    Mutation(
        name="create_work_order", method="POST", path="/maintenance/work-orders", summary="Report what is broken",
        upstream=Source.MAINTENANCE, roles=_REPORTING, body=bodies.NewWorkOrder, stale=views.REPAIRS, kind=None,
        echo=None, status=201,
    ),
    _order("assign", bodies.AssignWorkOrder, "Say who shall mend it"),
    _order("start", bodies.Nothing, "Begin to mend it"),
    _order("block", bodies.BlockWorkOrder, "Say why it can't be mended now"),
    _order("resume", bodies.Nothing, "Go on mending it"),
    _order("resolve", bodies.ResolveWorkOrder, "Say that it is mended"),
    _order("verify", bodies.Nothing, "Confirm that it is mended", _MENDING | _LEAD),
    _order("cancel", bodies.WithReason, "Give a work order up"),
)  # fmt: skip
"""In the order of contract section 2.1."""
