"""housekeeping-service: which rooms are clean. It calls a property `prp_`, a room `rom_`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec import structs
from msgspec.json import Decoder

from bff_backoffice.application.lookups_queries import TaskQuery
from bff_backoffice.application.lookups_rows import TaskRow
from bff_backoffice.application.mutations_ports import Forwarded, ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import RoomsTile
from bff_backoffice.application.upstream_pages import UpstreamPage
from bff_backoffice.application.workbench_lists import RoomLine, RoomList, TaskLine, TaskList
from bff_backoffice.infrastructure.dialect import (
    Count,
    Wire,
    about_property,
    operator_headers,
    own_property,
    property_of,
    relabelled,
    said,
    ulid_of,
)
from bff_backoffice.infrastructure.forwarding import MutationDialect, carry_out
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient
from bff_backoffice.infrastructure.upstream_lists import ListRead, one_page, whole_list

__all__ = ["SERVICE", "HousekeepingGateway"]

SERVICE: Final = Upstream(name="housekeeping-service", limit_seconds=0.7, retries=1)
MUTATIONS: Final = MutationDialect(
    key_form="uuid",
    property_place="query",
    property_prefix="prp",
    prefixes={"rmu": "rom", "usr": "stf"},
    version_tag='"v={}"',
)


class _Counts(Wire, frozen=True, rename=None):
    dirty: Count
    cleaning: Count
    clean: Count
    inspected: Count
    ready: Count
    out_of_order: Count
    out_of_service: Count


class _Summary(Wire, frozen=True):
    property_id: str
    counts: _Counts
    total: Count


class _Room(Wire, frozen=True):
    room_id: str
    status: str


class _RoomCard(Wire, frozen=True):
    room_id: str
    number: str
    floor: int
    status: str
    occupancy: str
    updated_at: datetime
    version: int
    room_type_code: str | None = None
    notes: str | None = None


class _Task(Wire, frozen=True):
    id: str
    property_id: str
    room_id: str
    kind: str
    priority: str
    status: str
    assignee_id: str | None
    assignee_name: str | None
    scheduled_for: datetime | None
    started_at: datetime | None


_SUMMARY: Final = Decoder(_Summary)
_ROOMS: Final = Decoder(UpstreamPage[_Room])
_ROOM_CARDS: Final = Decoder(UpstreamPage[_RoomCard])
_TASK_ROWS: Final = Decoder(UpstreamPage[TaskRow])
"""The service names a task's members as this one does; only its identifiers are others."""
_TASKS: Final = Decoder(UpstreamPage[_Task])


@dataclass(frozen=True, slots=True)
class HousekeepingGateway:
    """Rooms by their housekeeping status."""

    client: UpstreamClient

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry a mutation out, once for its upstream key. Raises the `UpstreamError` family."""
        return await carry_out(self.client, MUTATIONS, call, order)

    async def rooms(self, call: CallContext) -> RoomsTile:
        """Return how many rooms have which status now."""
        return await self.client.read(
            "rooms_summary",
            "/api/v1/housekeeping/rooms/summary",
            bounds=call,
            headers=operator_headers(call),
            query=_of_property(call),
            decode=partial(_rooms_tile, call),
        )

    async def room_statuses(self, call: CallContext) -> dict[str, str]:
        """Return the status word of every room of the property, by the ULID of the room's id."""
        read = ListRead(
            operation="rooms",
            path="/api/v1/housekeeping/rooms",
            headers=operator_headers(call),
            query=_of_property(call),
            decode=_ROOMS.decode,
        )
        return {ulid_of(room.room_id): room.status for room in await whole_list(self.client, call, read)}

    async def room_list(self, call: CallContext) -> RoomList:
        """Return every room of the property as housekeeping knows it, by floor and number."""
        read = ListRead(
            operation="room_list",
            path="/api/v1/housekeeping/rooms",
            headers=operator_headers(call),
            query=_of_property(call),
            decode=_room_lines,
        )
        return RoomList(items=await whole_list(self.client, call, read))

    async def task_list(self, call: CallContext) -> TaskList:
        """Return the unfinished tasks of the property, the most urgent first."""
        read = ListRead(
            operation="task_list",
            path="/api/v1/housekeeping/tasks",
            headers=operator_headers(call),
            query={**_of_property(call), "status": "open"},
            decode=partial(_task_lines, call),
        )
        return TaskList(items=await whole_list(self.client, call, read))

    async def tasks(
        self, call: CallContext, query: TaskQuery, *, limit: int, cursor: str | None
    ) -> UpstreamPage[TaskRow]:
        """Return a page of the tasks that the query leaves, the most urgent unfinished ones first."""
        wanted = {
            "status": ",".join(query.statuses),
            "kind": ",".join(query.kinds),
            "assigneeId": query.assignee_id and relabelled(query.assignee_id, "stf"),
            "roomId": query.room_id and relabelled(query.room_id, "rom"),
        }
        read = ListRead(
            operation="tasks",
            path="/api/v1/housekeeping/tasks",
            headers=operator_headers(call),
            query={**_of_property(call), **said(wanted)},
            decode=partial(_task_rows, call),
        )
        return await one_page(self.client, call, read, limit=limit, cursor=cursor)


def _of_property(call: CallContext) -> dict[str, str]:
    return {"propertyId": relabelled(property_of(call), "prp")}


def _task_lines(call: CallContext, body: bytes) -> UpstreamPage[TaskLine]:
    page = _TASKS.decode(body)
    here = relabelled(property_of(call), "prp")
    if any(task.property_id != here for task in page.items):
        raise ValueError("a task of another property")
    return UpstreamPage(items=[_task_line(task) for task in page.items], next_cursor=page.next_cursor)


def _task_rows(call: CallContext, body: bytes) -> UpstreamPage[TaskRow]:
    page = _TASK_ROWS.decode(body)
    rows = [
        structs.replace(
            task,
            property_id=own_property(call, task.property_id),
            room_id=f"rmu_{ulid_of(task.room_id)}",
            assignee_id=None if task.assignee_id is None else f"usr_{ulid_of(task.assignee_id)}",
        )
        for task in page.items
    ]
    return UpstreamPage(items=rows, next_cursor=page.next_cursor)


def _task_line(task: _Task) -> TaskLine:
    return TaskLine(
        id=task.id,
        room_id=f"rmu_{ulid_of(task.room_id)}",
        kind=task.kind,
        priority=task.priority,
        status=task.status,
        assignee_id=None if task.assignee_id is None else f"usr_{ulid_of(task.assignee_id)}",
        assignee_name=task.assignee_name,
        scheduled_for=task.scheduled_for,
        started_at=task.started_at,
    )


def _room_lines(body: bytes) -> UpstreamPage[RoomLine]:
    page = _ROOM_CARDS.decode(body)
    return UpstreamPage(items=[_room_line(room) for room in page.items], next_cursor=page.next_cursor)


def _room_line(room: _RoomCard) -> RoomLine:
    return RoomLine(
        room_id=f"rmu_{ulid_of(room.room_id)}",
        number=room.number,
        floor=room.floor,
        room_type_code=room.room_type_code,
        status=room.status,
        occupancy=room.occupancy,
        updated_at=room.updated_at,
        notes=room.notes,
        version=room.version,
    )


def _rooms_tile(call: CallContext, body: bytes) -> RoomsTile:
    summary = _SUMMARY.decode(body)
    about_property(call, summary.property_id)
    counts = summary.counts
    return RoomsTile(
        dirty=counts.dirty,
        cleaning=counts.cleaning,
        clean=counts.clean,
        inspected=counts.inspected,
        ready=counts.ready,
        out_of_order=counts.out_of_order,
        out_of_service=counts.out_of_service,
        total=summary.total,
    )
