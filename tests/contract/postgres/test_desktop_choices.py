"""What the use cases are promised of the mirror of preferences and of chosen shortcuts, held by a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from ulid import ULID

from bff_backoffice.application.preferences.ports import ToldPreferences
from bff_backoffice.domain.operator import AppPlatform, OperatorId, TenantId
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.preferences import PostgresPreferences
from bff_backoffice.infrastructure.postgres.shortcuts import PostgresShortcuts
from tests.stored import PATIENT
from tests.worlds import World

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WINDOWS = AppPlatform.WINDOWS


@pytest.fixture
async def database(world: World) -> AsyncIterator[Database]:
    """The service's own role."""
    async with Database.open(world.postgres["app"], size=2, **PATIENT) as opened:
        yield opened


def some_tenant() -> TenantId:
    """A tenant that no other test has."""
    return TenantId.parse(f"tnt_{ULID()}")


def some_operator() -> OperatorId:
    """An operator that no other test has."""
    return OperatorId.parse(f"usr_{ULID()}")


def a_change() -> str:
    """The name of a change."""
    return f"ksm_{ULID()}"


def told(version: int) -> ToldPreferences:
    """Preferences whose bytes a database could be tempted to tidy up."""
    return ToldPreferences(version=version, content=msgspec.Raw(b'{"b":1.0,"a":"\xd9\x84","version":%d}' % version))


async def test_preferences_come_back_byte_for_byte(database: Database) -> None:
    """The tag is made of these bytes, wherever they are from."""
    mirror, tenant, operator = PostgresPreferences(database), some_tenant(), some_operator()

    assert await mirror.kept(tenant, operator) is None
    await mirror.keep(tenant, operator, told(3), as_of=NOW)

    found = await mirror.kept(tenant, operator)
    assert found is not None
    assert (found.told.version, bytes(found.told.content)) == (3, bytes(told(3).content))
    assert (found.as_of, found.current) == (NOW, True)
    assert await mirror.kept(some_tenant(), operator) is None
    assert await mirror.kept(tenant, some_operator()) is None


async def test_the_answer_whose_question_came_last_is_kept(database: Database) -> None:
    """Whatever its version is: tenant-service may count from before."""
    mirror, tenant, operator = PostgresPreferences(database), some_tenant(), some_operator()
    await mirror.keep(tenant, operator, told(7), as_of=NOW)

    await mirror.keep(tenant, operator, told(9), as_of=NOW - timedelta(seconds=1))
    await mirror.keep(tenant, operator, told(2), as_of=NOW + timedelta(seconds=1))

    found = await mirror.kept(tenant, operator)
    assert found is not None
    assert found.told.version == 2


async def test_what_was_asked_for_before_a_change_is_not_current(database: Database) -> None:
    """Also when it is written after it; what is asked for later is."""
    mirror, tenant, operator = PostgresPreferences(database), some_tenant(), some_operator()
    await mirror.keep(tenant, operator, told(1), as_of=NOW)
    currents = []

    for step in (
        mirror.outdate(tenant, operator, at=NOW + timedelta(seconds=5)),
        mirror.keep(tenant, operator, told(2), as_of=NOW + timedelta(seconds=4)),
        mirror.keep(tenant, operator, told(3), as_of=NOW + timedelta(seconds=6)),
        mirror.outdate(tenant, operator, at=NOW + timedelta(seconds=5)),
    ):
        await step
        found = await mirror.kept(tenant, operator)
        assert found is not None
        currents.append(found.current)

    assert currents == [False, False, True, True]


async def test_a_choice_of_keys_replaces_only_the_version_that_was_read(database: Database) -> None:
    """The first writer begins at nothing; who read an older version changes nothing and is told so."""
    kept, tenant, operator = PostgresShortcuts(database), some_tenant(), some_operator()

    assert (await kept.chosen(tenant, operator, WINDOWS)).operator_version == 0
    assert (
        await kept.choose(tenant, operator, WINDOWS, {"search.open": "F6"}, after_version=3, change=a_change()) is None
    )
    assert await kept.choose(tenant, operator, WINDOWS, {"search.open": "F6"}, after_version=0, change=a_change()) == 1
    assert (
        await kept.choose(tenant, operator, WINDOWS, {"search.open": "F7"}, after_version=0, change=a_change()) is None
    )
    assert await kept.choose(tenant, operator, WINDOWS, {"help.open": None}, after_version=1, change=a_change()) == 2

    found = await kept.chosen(tenant, operator, WINDOWS)
    assert (found.operator, found.operator_version) == ({"help.open": None}, 2)
    assert (found.tenant, found.tenant_version) == ({}, 0)
    assert (await kept.chosen(tenant, operator, AppPlatform.LINUX)).operator_version == 0
    assert (await kept.chosen(some_tenant(), operator, WINDOWS)).operator_version == 0
