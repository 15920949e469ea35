"""Equal keys of two tenants never share a value nor a load, even if their properties had the same identifier."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import msgspec
import pytest
from ulid import ULID

from bff_backoffice.application.flights import Flights
from bff_backoffice.application.projections import Freshness, Projection, ProjectionKey, lead_token
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Wanted
from bff_backoffice.domain.operator import PropertyId, TenantId
from bff_backoffice.infrastructure.memorystore.cache import RedisProjections
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from tests.isolation.stores import Stores

OURS, THEIRS = TenantId.parse(f"tnt_{ULID()}"), TenantId.parse(f"tnt_{ULID()}")
KEY = ProjectionKey(property_id=PropertyId.parse(f"ppt_{ULID()}"), name="rooms", variants=("en",))
FRESHNESS = Freshness(fresh_ms=30_000, fallback_fresh_ms=5_000, kept_ms=60_000)


class Silent:
    """Takes note of nothing: the cache of these tests is there."""

    def cache_unavailable(self, operation: str) -> None:
        """Fail: a cache that is away would make these tests pass for the wrong reason."""
        raise AssertionError(operation)

    def load_surprised(self, name: str, failure: Exception) -> None:
        """Fail as it did."""
        raise AssertionError(name) from failure


def with_cache(stores: Stores, scenario: Callable[[RedisProjections], Awaitable[None]]) -> None:
    """Run over the real cache of the world, and leave nothing there of tenants that the world does not know."""

    async def main() -> None:
        store = RedisStore.open(stores.redis, store="cache", operation_seconds=5.0)
        try:
            cache = RedisProjections(redis=store)
            async with asyncio.timeout(30):
                await scenario(cache)
                for tenant in (OURS, THEIRS):
                    await cache.forget(tenant, [KEY])
        finally:
            await store.aclose()

    asyncio.run(main())


def test_a_value_is_its_tenants_alone(stores: Stores) -> None:
    """What one tenant stores under a key, another does not find under the same key."""

    async def scenario(cache: RedisProjections) -> None:
        lead = await cache.lead(OURS, KEY, lead_token(), hold_ms=60_000)
        assert lead.token is not None
        assert await cache.settle(OURS, KEY, lead.token, b"ours", keep_ms=60_000)

        assert await cache.last_known(OURS, [KEY]) == [b"ours"]
        assert await cache.last_known(THEIRS, [KEY]) == [None]

    with_cache(stores, scenario)


def test_a_lead_is_its_tenants_alone(stores: Stores) -> None:
    """Both may load at once; neither stores with the other's lead, and neither forgets the other's value."""

    async def scenario(cache: RedisProjections) -> None:
        ours = await cache.lead(OURS, KEY, lead_token(), hold_ms=60_000)
        theirs = await cache.lead(THEIRS, KEY, lead_token(), hold_ms=60_000)
        assert ours.token is not None
        assert theirs.token is not None

        assert not await cache.settle(THEIRS, KEY, ours.token, b"ours", keep_ms=60_000)
        assert await cache.settle(THEIRS, KEY, theirs.token, b"theirs", keep_ms=60_000)
        await cache.forget(OURS, [KEY])

        assert await cache.last_known(THEIRS, [KEY]) == [b"theirs"]

    with_cache(stores, scenario)


@pytest.mark.parametrize("cached", [True, False], ids=["with the cache", "without the cache"])
def test_a_load_under_way_is_its_tenants_alone(stores: Stores, *, cached: bool) -> None:
    """Readers of two tenants who want the same key at the same time wait for two loads, and get their own."""

    async def scenario(cache: RedisProjections) -> None:
        await cache.forget(OURS, [KEY])
        await cache.forget(THEIRS, [KEY])
        loads: list[str] = []
        both = asyncio.Event()

        async def read(reads: ReadThrough, tenant: TenantId) -> Projection | None:
            async def load(_deadline: float) -> LoadedData:
                loads.append(tenant)
                if len(loads) == 2:
                    both.set()
                await both.wait()
                return LoadedData(data=msgspec.Raw(msgspec.json.encode(str(tenant))), sources=("own",))

            wanted = Wanted(key=KEY, load=load, deadline_ms=20_000, sources=("own",))
            return (await reads.renew(tenant, wanted, known=None, cache=cached)).projection

        async with Flights[Projection]() as flights:
            reads = ReadThrough(
                cache=cache, flights=flights, freshness=FRESHNESS, clock=lambda: datetime.now(UTC), observer=Silent()
            )
            async with asyncio.TaskGroup() as group:
                readers = {
                    tenant: [group.create_task(read(reads, tenant)) for _ in range(3)] for tenant in (OURS, THEIRS)
                }

        for tenant, tasks in readers.items():
            for task in tasks:
                projection = task.result()
                assert projection is not None
                assert msgspec.json.decode(projection.data) == tenant
        assert sorted(loads) == sorted([OURS, THEIRS])

    with_cache(stores, scenario)
