"""The pool of a role: what it refuses to work with."""

from __future__ import annotations

import re

import pytest

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.pool import BypassingRoleError, Database
from tests.worlds import World

pytestmark = pytest.mark.anyio


async def test_a_role_that_can_bypass_row_level_security_is_not_worked_with(world: World) -> None:
    """Closed by default: a service that was given the superuser's address answers nothing from the database."""
    superuser = re.sub(r"//\w+:", "//postgres:", world.postgres["app"])

    async with Database.open(superuser, size=1) as database:
        with pytest.raises(StoreUnavailableError) as refused:
            await database.ping()
        with pytest.raises(StoreUnavailableError):
            async with database.transaction(TenantId(world.tenants[0])):
                pytest.fail("a transaction began")

    assert isinstance(refused.value.__cause__, BypassingRoleError)


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_the_roles_of_the_developer_world_are_worked_with(world: World, role: str) -> None:
    """Neither can bypass anything."""
    async with Database.open(world.postgres[role], size=1) as database:
        await database.ping()
