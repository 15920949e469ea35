"""What the use cases are promised of the memory of tenants: one suite for the fake and for the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ulid import ULID

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.sessions.tenants import KnownTenant, KnownTenants
from bff_backoffice.application.tiles import MoneyAmount
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from bff_backoffice.infrastructure.memorystore.tenants import RedisTenants
from tests.contract.memorystore.valkey import PATIENT, RealClock, Valkey
from tests.fakes.memory_tenants import MemoryTenants
from tests.some_tenant import some_profile

pytestmark = pytest.mark.anyio

NOW = RealClock()()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server for this module."""
    folder: Path = tmp_path_factory.mktemp("tenants")
    valkey = Valkey(folder)
    valkey.start()
    yield valkey
    valkey.kill()


@pytest.fixture(params=["memory", "redis"])
async def tenants(request: pytest.FixtureRequest, server: Valkey) -> AsyncIterator[KnownTenants]:
    """The fake, then the real one."""
    if request.param == "memory":
        yield MemoryTenants()
        return
    store = MultiplexedRedisStore.open(server.url, store="sessions", **PATIENT)
    try:
        yield RedisTenants(store)
    finally:
        await store.aclose()


def some_id() -> TenantId:
    """A tenant that no other test has."""
    return TenantId.parse(f"tnt_{ULID()}")


async def test_an_entry_comes_back_as_it_was_remembered(tenants: KnownTenants) -> None:
    """With every member, also the money and the moments to the microsecond."""
    tenant_id = some_id()
    limit = MoneyAmount(amount_micro="250000000", currency="AFN")
    entry = KnownTenant(
        profile=some_profile(tenant_id, charge_limit=limit), as_of=NOW, change="01J", announced="suspended"
    )

    assert await tenants.known(tenant_id) is None
    assert await tenants.remember(tenant_id, None, entry)

    assert await tenants.known(tenant_id) == entry


async def test_an_entry_of_one_tenant_is_none_of_another(tenants: KnownTenants) -> None:
    """Each has its own place."""
    ours, theirs = some_id(), some_id()

    await tenants.remember(ours, None, KnownTenant(profile=some_profile(ours), as_of=NOW))

    assert await tenants.known(theirs) is None


async def test_only_what_was_read_is_replaced(tenants: KnownTenants) -> None:
    """A load that began before a change was announced stores nothing over it."""
    tenant_id = some_id()
    old = KnownTenant(profile=some_profile(tenant_id), as_of=NOW)
    changed = replace(old, change="01J")
    late = replace(old, as_of=NOW + timedelta(seconds=1))
    await tenants.remember(tenant_id, None, old)

    assert await tenants.remember(tenant_id, old, changed)
    assert not await tenants.remember(tenant_id, old, late)
    assert not await tenants.remember(tenant_id, None, late)

    assert await tenants.known(tenant_id) == changed
    assert await tenants.remember(tenant_id, changed, late)
    assert await tenants.known(tenant_id) == late


async def test_a_store_that_is_away_says_so(tmp_path: Path) -> None:
    """Fails closed, with the error of the sessions tier."""
    store = MultiplexedRedisStore.open(f"unix://{tmp_path}/nobody.sock", store="sessions")
    away = MemoryTenants()
    away.away = True
    try:
        for each in (RedisTenants(store), away):
            with pytest.raises(StoreUnavailableError):
                await each.known(some_id())
            with pytest.raises(StoreUnavailableError):
                await each.remember(some_id(), None, KnownTenant(profile=None, as_of=NOW))
    finally:
        await store.aclose()
