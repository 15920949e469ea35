"""The inbox in Postgres: one effect an event, in one transaction with it, whoever else tries; and what is parked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from ulid import ULID

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.event_inbox import parked_id
from bff_backoffice.application.platform_events import PlatformEvent
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.event_inbox import PostgresEventInbox, PostgresParkedEvents, first_time
from bff_backoffice.infrastructure.postgres.pool import Database
from tests.stored import PATIENT
from tests.worlds import World

SUBJECT = "melmastoon.iam.user.locked.v1"


def some_tenant() -> TenantId:
    """A tenant that has nothing yet."""
    return TenantId(f"tnt_{ULID()}")


def some_event(tenant_id: TenantId, event_id: str | None = "evt_1", subject: str = SUBJECT) -> PlatformEvent:
    """An event of this tenant."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return PlatformEvent(subject=subject, tenant_id=tenant_id, payload={}, id=event_id, occurred_at=at)


@asynccontextmanager
async def opened(world: World, role: str = "worker") -> AsyncIterator[Database]:
    """The world's database as this role."""
    async with Database.open(world.postgres[role], size=8, **PATIENT) as database:
        yield database


def test_an_event_is_the_first_of_its_kind_once_also_for_two_at_the_same_moment(world: World) -> None:
    """Of twenty transactions at once one has the effect, for the worker's role as for the application's."""

    async def scenario(role: str) -> int:
        tenant_id = some_tenant()
        async with opened(world, role) as database:

            async def once() -> bool:
                async with database.transaction(tenant_id) as connection:
                    return await first_time(connection, tenant_id, some_event(tenant_id))

            async with asyncio.TaskGroup() as group:
                tries = [group.create_task(once()) for _ in range(20)]
            assert await PostgresEventInbox(database).has(tenant_id, some_event(tenant_id))
        return sum(each.result() for each in tries)

    assert [asyncio.run(scenario(role)) for role in ("worker", "app")] == [1, 1]


def test_an_effect_that_was_rolled_back_leaves_the_event_to_the_next(world: World) -> None:
    """The note and the effect stand or fall together: a transaction that fails has noted nothing."""

    async def scenario() -> tuple[bool, bool]:
        tenant_id = some_tenant()
        async with opened(world) as database:
            began, go_on = asyncio.Event(), asyncio.Event()

            async def effect() -> None:
                async with database.transaction(tenant_id) as connection:
                    assert await first_time(connection, tenant_id, some_event(tenant_id))
                    began.set()
                    await go_on.wait()
                    raise RuntimeError("the effect failed")

            async def fails() -> None:
                with pytest.raises(RuntimeError):
                    await effect()

            async def waits() -> bool:
                await began.wait()
                async with database.transaction(tenant_id) as connection:
                    go_on.set()
                    return await first_time(connection, tenant_id, some_event(tenant_id))

            async with asyncio.TaskGroup() as group:
                group.create_task(fails())
                second = group.create_task(waits())
            async with database.transaction(tenant_id) as connection:
                third = await first_time(connection, tenant_id, some_event(tenant_id))
        return second.result(), third

    assert asyncio.run(scenario()) == (True, False)


def test_another_tenants_another_services_and_no_identifier_are_other_events(world: World) -> None:
    """An identifier is unique to its source, and says nothing across tenants."""

    async def scenario() -> list[bool]:
        mine, theirs = some_tenant(), some_tenant()
        async with opened(world) as database:
            inbox = PostgresEventInbox(database)
            await inbox.note(mine, some_event(mine))
            await inbox.note(mine, some_event(mine))
            await inbox.note(mine, some_event(mine, None))
            return [
                await inbox.has(mine, some_event(mine)),
                await inbox.has(theirs, some_event(theirs)),
                await inbox.has(mine, some_event(mine, subject="melmastoon.lock.user.locked.v1")),
                await inbox.has(mine, some_event(mine, None)),
            ]

    assert asyncio.run(scenario()) == [True, False, False, False]


def test_a_parked_message_is_kept_to_the_byte_and_once(world: World) -> None:
    """With the newest reason, on the list of tenants, seen by its own tenant only, and gone once it is forgotten."""

    async def scenario() -> None:
        mine, theirs = some_tenant(), some_tenant()
        message = BusMessage(
            subject="a\0b", tenant_id=mine, ordering_key="k", event_id="", envelope=bytes(range(256)), attempt=3
        )
        name = parked_id(message)
        async with opened(world) as database:
            parked = PostgresParkedEvents(database)
            await parked.park(mine, message, why="first")
            await parked.park(mine, message, why="second")
            (found,) = await parked.parked(mine, most=10)
            assert (found.id, found.why, found.message.envelope) == (name, "second", bytes(range(256)))
            assert mine in await parked.tenants()
            assert await parked.one(theirs, name) is None
            assert not await parked.parked(theirs, most=10)
            await parked.forget(theirs, name)
            assert await parked.one(mine, name) == found
            await parked.forget(mine, name)
            assert await parked.one(mine, name) is None

    asyncio.run(scenario())
