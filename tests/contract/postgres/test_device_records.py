"""What is promised of copies of cursors, heartbeats, hints and lines of offline activity, held by a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ulid import ULID

from bff_backoffice.application.activity_offline import OfflineActivity
from bff_backoffice.domain.devices import Heartbeat, QueueHint, queued
from bff_backoffice.domain.operator import DeviceId, NetworkProfile, OperatorId, PropertyId, TenantId
from bff_backoffice.domain.sync import Cursor, CursorSource
from bff_backoffice.infrastructure.postgres.activity import PostgresActivityLedger
from bff_backoffice.infrastructure.postgres.devices import PostgresDevices
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.queue_hints import PostgresQueueHints
from bff_backoffice.infrastructure.postgres.sync_cursors import PostgresSyncCursors
from tests.stored import PATIENT
from tests.worlds import World

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def database(world: World) -> AsyncIterator[Database]:
    """The service's own role."""
    async with Database.open(world.postgres["app"], size=8, **PATIENT) as opened:
        yield opened


@pytest.fixture
async def background(world: World) -> AsyncIterator[Database]:
    """The worker's role."""
    async with Database.open(world.postgres["worker"], size=8, **PATIENT) as opened:
        yield opened


def some_tenant() -> TenantId:
    """A tenant that no other test has."""
    return TenantId(f"tnt_{ULID()}")


def some_operator() -> OperatorId:
    """An operator that no other test has."""
    return OperatorId(f"usr_{ULID()}")


def some_device() -> DeviceId:
    """A device that no other test has."""
    return DeviceId(f"dev_{ULID()}")


def cursor(value: str | None, at: datetime, scope: str = "guest") -> Cursor:
    """What sync-service said at that moment."""
    return Cursor(scope=scope, value=value, as_of=at, source=CursorSource.SYNC_SERVICE)


def heartbeat(device: DeviceId, operator: OperatorId, *, at: datetime = NOW, depth: int = 0) -> Heartbeat:
    """A heartbeat that took no time to come."""
    return Heartbeat(
        device_id=device, operator_id=operator, property_id=PropertyId(f"ppt_{ULID()}"), sent_at=at, received_at=at,
        queue_depth=depth, last_sync_at=at, network_profile=NetworkProfile.GOOD, app_version="1.4.2",
        battery_percent=None,
    )  # fmt: skip


async def test_what_was_known_earlier_never_replaces_what_was_known_later(database: Database) -> None:
    """A slow answer that was overtaken by a move changes nothing; each scope for itself."""
    copies, place = PostgresSyncCursors(database), (some_tenant(), some_operator(), some_device())
    await copies.keep(*place, [cursor("lsn-9", NOW), cursor(None, NOW, "lock")])

    await copies.keep(*place, [cursor("lsn-8", NOW - SECOND), cursor("lsn-1", NOW + SECOND, "lock")])

    found = await copies.of(*place, ["guest", "lock", "billing"])
    assert {scope: (each.value, each.as_of) for scope, each in found.items()} == {
        "guest": ("lsn-9", NOW), "lock": ("lsn-1", NOW + SECOND),
    }  # fmt: skip
    assert {each.source for each in found.values()} == {CursorSource.CACHE}


async def test_both_roles_keep_cursors(database: Database, background: Database) -> None:
    """Requests copy what they are told, and the worker what it hears."""
    place = (some_tenant(), some_operator(), some_device())
    await PostgresSyncCursors(database).keep(*place, [cursor("lsn-1", NOW)])
    await PostgresSyncCursors(background).keep(*place, [cursor("lsn-2", NOW + SECOND)])

    assert (await PostgresSyncCursors(database).of(*place, ["guest"]))["guest"].value == "lsn-2"


async def test_copies_belong_to_tenant_operator_and_device(database: Database) -> None:
    """One of the three is another one: nothing."""
    copies, tenant, operator, device = PostgresSyncCursors(database), some_tenant(), some_operator(), some_device()
    await copies.keep(tenant, operator, device, [cursor("lsn-9", NOW)])

    assert await copies.of(some_tenant(), operator, device, ["guest"]) == {}
    assert await copies.of(tenant, some_operator(), device, ["guest"]) == {}
    assert await copies.of(tenant, operator, some_device(), ["guest"]) == {}


async def test_heartbeats_are_written_together_and_only_the_newest_counts(database: Database) -> None:
    """One row a device; an overtaken one and one of before change nothing."""
    devices, tenant, operator = PostgresDevices(database), some_tenant(), some_operator()
    one, other = some_device(), some_device()
    later = heartbeat(one, operator, at=NOW + 40 * SECOND, depth=2)
    await devices.record(tenant, [later, heartbeat(other, operator, depth=5)])

    await devices.record(tenant, [heartbeat(one, operator, depth=9)])
    overtaken = replace(heartbeat(one, operator, depth=9), received_at=NOW + 50 * SECOND)
    await devices.record(tenant, [overtaken])

    found = await devices.of_operator(tenant, operator)
    assert [(each.device_id, each.queue_depth) for each in found] == [(one, 2), (other, 5)]


async def test_a_clock_that_was_set_back_does_not_silence_a_device(database: Database) -> None:
    """It was sent before the kept one by its own clock, and comes a minute later."""
    devices, tenant, operator, device = PostgresDevices(database), some_tenant(), some_operator(), some_device()
    await devices.record(tenant, [heartbeat(device, operator, depth=1)])

    later = heartbeat(device, operator, at=NOW + 60 * SECOND, depth=2)
    await devices.record(tenant, [replace(later, sent_at=NOW - timedelta(days=9))])

    (found,) = await devices.of_operator(tenant, operator)
    assert found.queue_depth == 2


async def test_a_device_is_its_last_operators_and_is_told_of_by_name(database: Database) -> None:
    """Whoever worked there before asks for it by name, and learns whose it is now; hints are their operator's."""
    devices, hints, tenant = PostgresDevices(database), PostgresQueueHints(database), some_tenant()
    before, now, device = some_operator(), some_operator(), some_device()
    await devices.record(tenant, [heartbeat(device, before)])
    hint = QueueHint(device_id=device, operator_id=before, pending=7, oldest_at=None, reported_at=NOW + SECOND)
    await hints.record(tenant, hint)
    assert [queued(each) for each in await devices.of_operator(tenant, before)] == [7]

    await devices.record(tenant, [heartbeat(device, now, at=NOW + 2 * SECOND, depth=1)])

    assert await devices.of_operator(tenant, before) == []
    (named,) = await devices.of_operator(tenant, before, and_of=[device])
    assert (named.operator_id, named.hinted) == (now, None)
    assert await hints.of_operator(some_tenant(), before, since=NOW) == []
    assert [each.pending for each in await hints.of_operator(tenant, before, since=NOW)] == [7]


async def test_what_was_done_offline_is_appended_once_by_many_at_once(background: Database) -> None:
    """Eight consumers with the same event: one line, and one of them says that it wrote it."""
    ledger, tenant, device = PostgresActivityLedger(background), some_tenant(), some_device()
    line = OfflineActivity(
        event_id=f"oev_{ULID()}", operator_id=some_operator(), device_id=device, property_id=None, kind="x",
        occurred_at=NOW, target_type=None, target_id=None, detail=b'{"a":1.0}',
    )  # fmt: skip

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(ledger.append_once(tenant, line)) for _ in range(8)]

    assert sorted(each.result() for each in tries) == [False] * 7 + [True]
    assert await ledger.append_once(tenant, replace(line, device_id=some_device()))
    assert await ledger.append_once(some_tenant(), line)
    assert not await ledger.append_once(tenant, line)
