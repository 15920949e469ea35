"""housekeeping-service: which rooms are clean. It calls a property `prp_`, a room `rom_`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext, UpstreamInvalidResponseError
from bff_backoffice.application.tiles import RoomsTile
from bff_backoffice.application.workbench_lists import RoomLine, RoomList, TaskLine, TaskList
from bff_backoffice.infrastructure.dialect import (
    Count,
    Wire,
    about_property,
    operator_headers,
    property_of,
    relabelled,
    ulid_of,
)
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "HousekeepingGateway"]

SERVICE: Final = Upstream(name="housekeeping-service", limit_seconds=0.7, retries=1)

_PAGE_SIZE: Final = 500
_MOST_PAGES: Final = 10
"""Five thousand rooms is more than any property has: a cursor that goes on is a loop."""


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


class _Rooms(Wire, frozen=True):
    items: list[_Room]
    next_cursor: str | None


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


class _RoomCards(Wire, frozen=True):
    items: list[_RoomCard]
    next_cursor: str | None


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


class _Tasks(Wire, frozen=True):
    items: list[_Task]
    next_cursor: str | None


_SUMMARY: Final = Decoder(_Summary)
_ROOMS: Final = Decoder(_Rooms)
_ROOM_CARDS: Final = Decoder(_RoomCards)
_TASKS: Final = Decoder(_Tasks)


@dataclass(frozen=True, slots=True)
class HousekeepingGateway:
    """Rooms by their housekeeping status."""

    client: UpstreamClient

    async def rooms(self, call: CallContext) -> RoomsTile:
        """Return how many rooms have which status now."""
        return await self.client.read(
            "rooms_summary",
            "/api/v1/housekeeping/rooms/summary",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": relabelled(property_of(call), "prp")},
            decode=partial(_rooms_tile, call),
        )

    async def room_statuses(self, call: CallContext) -> dict[str, str]:
        """Return the status word of every room of the property, by the ULID of the room's id."""
        query = {"propertyId": relabelled(property_of(call), "prp"), "limit": str(_PAGE_SIZE)}
        found: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            statuses, cursor = await self.client.read(
                "rooms",
                "/api/v1/housekeeping/rooms",
                bounds=call,
                headers=operator_headers(call),
                query=query,
                decode=_statuses,
            )
            found.update(statuses)
            if cursor is None:
                return found
            query = {**query, "cursor": cursor}
        raise UpstreamInvalidResponseError(SERVICE.name, "a list of rooms that does not end")

    async def room_list(self, call: CallContext) -> RoomList:
        """Return every room of the property as housekeeping knows it, by floor and number."""
        query = {"propertyId": relabelled(property_of(call), "prp"), "limit": str(_PAGE_SIZE)}
        found: list[RoomLine] = []
        for _ in range(_MOST_PAGES):
            page = await self.client.read(
                "room_list",
                "/api/v1/housekeeping/rooms",
                bounds=call,
                headers=operator_headers(call),
                query=query,
                decode=_ROOM_CARDS.decode,
            )
            found.extend(map(_room_line, page.items))
            if page.next_cursor is None:
                return RoomList(items=found)
            query = {**query, "cursor": page.next_cursor}
        raise UpstreamInvalidResponseError(SERVICE.name, "a list of rooms that does not end")

    async def task_list(self, call: CallContext) -> TaskList:
        """Return the unfinished tasks of the property, the most urgent first."""
        query = {"propertyId": relabelled(property_of(call), "prp"), "status": "open", "limit": str(_PAGE_SIZE)}
        found: list[TaskLine] = []
        for _ in range(_MOST_PAGES):
            page = await self.client.read(
                "task_list",
                "/api/v1/housekeeping/tasks",
                bounds=call,
                headers=operator_headers(call),
                query=query,
                decode=partial(_tasks, call),
            )
            found.extend(map(_task_line, page.items))
            if page.next_cursor is None:
                return TaskList(items=found)
            query = {**query, "cursor": page.next_cursor}
        raise UpstreamInvalidResponseError(SERVICE.name, "a list of tasks that does not end")


def _tasks(call: CallContext, body: bytes) -> _Tasks:
    page = _TASKS.decode(body)
    here = relabelled(property_of(call), "prp")
    if any(task.property_id != here for task in page.items):
        raise ValueError("a task of another property")
    return page


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


def _statuses(body: bytes) -> tuple[dict[str, str], str | None]:
    page = _ROOMS.decode(body)
    return {ulid_of(room.room_id): room.status for room in page.items}, page.next_cursor
