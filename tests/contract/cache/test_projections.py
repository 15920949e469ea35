"""What every cache of projections promises; the fake and the one in Redis pass the same suite."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bff_backoffice.application.projections import ProjectionCache, ProjectionKey, lead_token
from bff_backoffice.domain.operator import PropertyId, TenantId

Play = Callable[[Callable[[ProjectionCache], Awaitable[None]]], None]

ONE = TenantId("tnt_01JD0000000000000000000001")
OTHER = TenantId("tnt_01JD0000000000000000000002")
PLACE = PropertyId("ppt_01JD0000000000000000000001")
ELSEWHERE = PropertyId("ppt_01JD0000000000000000000002")
RATES = ProjectionKey(property_id=PLACE, name="rates", variants=("en",))
LONG_MS = 60_000


async def put(cache: ProjectionCache, tenant_id: TenantId, key: ProjectionKey, value: bytes, keep_ms: int) -> None:
    """Store a value as a leader does."""
    lead = await cache.lead(tenant_id, key, lead_token(), hold_ms=LONG_MS)
    assert lead.token is not None
    assert await cache.settle(tenant_id, key, lead.token, value, keep_ms=keep_ms)


def test_nothing_is_known_at_first(play: Play) -> None:
    """An empty cache knows nothing, in as many words as were asked."""

    async def scenario(cache: ProjectionCache) -> None:
        assert await cache.last_known(ONE, [RATES, RATES]) == [None, None]

    play(scenario)


def test_what_was_stored_is_known_byte_for_byte(play: Play) -> None:
    """A stored value comes back as it was, in the order of the keys."""

    async def scenario(cache: ProjectionCache) -> None:
        value = b'{"name": "\xd9\x83\xd8\xa7\xd8\xa8\xd9\x84"}\x00\r\n'
        await put(cache, ONE, RATES, value, LONG_MS)
        other = ProjectionKey(property_id=PLACE, name="adr")
        assert await cache.last_known(ONE, [other, RATES]) == [None, value]

    play(scenario)


def test_every_part_of_a_key_counts(play: Play) -> None:
    """Another tenant, property, name or variant is another value."""

    async def scenario(cache: ProjectionCache) -> None:
        await put(cache, ONE, RATES, b"value", LONG_MS)
        others = [
            ProjectionKey(property_id=ELSEWHERE, name="rates", variants=("en",)),
            ProjectionKey(property_id=PLACE, name="adr", variants=("en",)),
            ProjectionKey(property_id=PLACE, name="rates"),
            ProjectionKey(property_id=PLACE, name="rates", variants=("ar",)),
            ProjectionKey(property_id=PLACE, name="rates", variants=("en", "en")),
        ]
        assert await cache.last_known(ONE, others) == [None] * len(others)
        assert await cache.last_known(OTHER, [RATES]) == [None]

    play(scenario)


def test_a_value_ends_with_its_time(play: Play) -> None:
    """A value is gone after as many ms as it was to be kept."""

    async def scenario(cache: ProjectionCache) -> None:
        await put(cache, ONE, RATES, b"value", 40)
        await asyncio.sleep(0.15)
        assert await cache.last_known(ONE, [RATES]) == [None]

    play(scenario)


def test_one_leads_at_a_time(play: Play) -> None:
    """Of many who ask at once exactly one gets a token; the others learn what is stored meanwhile."""

    async def scenario(cache: ProjectionCache) -> None:
        await put(cache, ONE, RATES, b"before", LONG_MS)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)) for _ in range(20)]
        leads = [task.result() for task in asked]
        assert sum(lead.token is not None for lead in leads) == 1
        assert {lead.stored for lead in leads} == {b"before"}

    play(scenario)


def test_leads_of_different_keys_do_not_meet(play: Play) -> None:
    """Each tenant, and each key, has a leader of its own."""

    async def scenario(cache: ProjectionCache) -> None:
        tokens = {
            (await cache.lead(tenant_id, key, lead_token(), hold_ms=LONG_MS)).token
            for tenant_id in (ONE, OTHER)
            for key in (RATES, ProjectionKey(property_id=PLACE, name="rates"))
        }
        assert len(tokens) == 4
        assert None not in tokens

    play(scenario)


def test_settling_ends_the_lead(play: Play) -> None:
    """After a value, and also after none, the next one may lead, and sees what is stored."""

    async def scenario(cache: ProjectionCache) -> None:
        await put(cache, ONE, RATES, b"value", LONG_MS)
        first = await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)
        assert first.token is not None
        assert first.stored == b"value"
        assert await cache.settle(ONE, RATES, first.token, None, keep_ms=LONG_MS)
        second = await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)
        assert second.token is not None
        assert second.stored == b"value"

    play(scenario)


def test_a_lead_runs_out(play: Play) -> None:
    """Whoever leads and never comes back leads for as long as it said, and then nothing of it is stored."""

    async def scenario(cache: ProjectionCache) -> None:
        slow = await cache.lead(ONE, RATES, lead_token(), hold_ms=40)
        await asyncio.sleep(0.15)
        assert slow.token is not None
        assert not await cache.settle(ONE, RATES, slow.token, b"too late", keep_ms=LONG_MS)
        assert (await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)).token is not None
        assert await cache.last_known(ONE, [RATES]) == [None]

    play(scenario)


def test_an_overtaken_leader_changes_nothing(play: Play) -> None:
    """A token that no longer leads neither stores nor ends its successor's lead."""

    async def scenario(cache: ProjectionCache) -> None:
        slow = await cache.lead(ONE, RATES, lead_token(), hold_ms=40)
        await asyncio.sleep(0.15)
        successor = await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)
        assert slow.token is not None
        assert successor.token is not None
        for stored in (b"old", None):
            assert not await cache.settle(ONE, RATES, slow.token, stored, keep_ms=LONG_MS)
        assert (await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)).token is None
        assert await cache.settle(ONE, RATES, successor.token, b"new", keep_ms=LONG_MS)
        assert await cache.last_known(ONE, [RATES]) == [b"new"]

    play(scenario)


def test_forgetting_removes_what_was_named(play: Play) -> None:
    """Forgotten values are gone, others stay, and forgetting nothing or something unknown is nothing."""

    async def scenario(cache: ProjectionCache) -> None:
        adr = ProjectionKey(property_id=PLACE, name="adr")
        for tenant_id in (ONE, OTHER):
            for key in (RATES, adr):
                await put(cache, tenant_id, key, b"value", LONG_MS)
        await cache.forget(ONE, [])
        await cache.forget(ONE, [RATES, ProjectionKey(property_id=PLACE, name="weather")])
        assert await cache.last_known(ONE, [RATES, adr]) == [None, b"value"]
        assert await cache.last_known(OTHER, [RATES, adr]) == [b"value", b"value"]

    play(scenario)


def test_forgetting_ends_the_lead_of_a_load_that_began_before(play: Play) -> None:
    """A load that was under way when its answer became wrong stores nothing, and the next one may begin at once."""

    async def scenario(cache: ProjectionCache) -> None:
        before = await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)
        elsewhere = await cache.lead(OTHER, RATES, lead_token(), hold_ms=LONG_MS)
        await cache.forget(ONE, [RATES])
        assert before.token is not None
        assert not await cache.settle(ONE, RATES, before.token, b"old", keep_ms=LONG_MS)
        assert await cache.last_known(ONE, [RATES]) == [None]
        assert (await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)).token is not None
        assert elsewhere.token is not None
        assert await cache.settle(OTHER, RATES, elsewhere.token, b"value", keep_ms=LONG_MS)

    play(scenario)


def test_an_empty_value_is_a_value(play: Play) -> None:
    """Storing no bytes is not the same as storing nothing."""

    async def scenario(cache: ProjectionCache) -> None:
        await put(cache, ONE, RATES, b"", LONG_MS)
        assert await cache.last_known(ONE, [RATES]) == [b""]

    play(scenario)


def test_a_name_is_forgotten_with_all_its_variants(play: Play) -> None:
    """Every variant of the names goes; other names, properties and tenants stay."""

    async def scenario(cache: ProjectionCache) -> None:
        variants = [ProjectionKey(property_id=PLACE, name="rates", variants=(tag,)) for tag in ("en", "ar", "fr")]
        others = [ProjectionKey(property_id=PLACE, name="adr"), ProjectionKey(property_id=ELSEWHERE, name="rates")]
        for key in [*variants, *others]:
            await put(cache, ONE, key, b"value", LONG_MS)
        await put(cache, OTHER, RATES, b"value", LONG_MS)

        await cache.forget_named(ONE, PLACE, ("rates", "rooms"))

        assert await cache.last_known(ONE, variants) == [None] * 3
        assert await cache.last_known(ONE, others) == [b"value"] * 2
        assert await cache.last_known(OTHER, [RATES]) == [b"value"]
        # What is stored afterwards can be forgotten again.
        await put(cache, ONE, RATES, b"newer", LONG_MS)
        await cache.forget_named(ONE, PLACE, ("rates",))
        assert await cache.last_known(ONE, [RATES]) == [None]

    play(scenario)


def test_what_is_a_tenants_as_a_whole_is_forgotten_for_all_its_operators(play: Play) -> None:
    """A name without a property, whoever's variant it is; the other tenant's stays."""

    async def scenario(cache: ProjectionCache) -> None:
        maps = [ProjectionKey(property_id=None, name="keys", variants=(who, "linux")) for who in ("one", "two")]
        there = ProjectionKey(property_id=PLACE, name="keys")
        for key in (*maps, there):
            await put(cache, ONE, key, b"value", LONG_MS)
        await put(cache, OTHER, maps[0], b"value", LONG_MS)

        await cache.forget_named(ONE, None, ("keys",))

        assert await cache.last_known(ONE, maps) == [None, None]
        assert await cache.last_known(ONE, [there]) == [b"value"]
        assert await cache.last_known(OTHER, maps[:1]) == [b"value"]

    play(scenario)


def test_a_name_is_forgotten_at_every_property_of_the_tenant(play: Play) -> None:
    """Wherever it is kept, with the leads; other names, the tenant's own, and the other tenant's stay."""

    async def scenario(cache: ProjectionCache) -> None:
        there = ProjectionKey(property_id=ELSEWHERE, name="rates")
        others = [ProjectionKey(property_id=PLACE, name="adr"), ProjectionKey(property_id=None, name="rates")]
        for key in (RATES, *others):
            await put(cache, ONE, key, b"value", LONG_MS)
        await put(cache, OTHER, RATES, b"value", LONG_MS)
        lead = await cache.lead(ONE, there, lead_token(), hold_ms=LONG_MS)
        assert lead.token is not None

        await cache.forget_everywhere(ONE, ("rates", "rooms"))

        assert await cache.last_known(ONE, [RATES, *others]) == [None, b"value", b"value"]
        assert not await cache.settle(ONE, there, lead.token, b"older", keep_ms=LONG_MS)
        assert await cache.last_known(OTHER, [RATES]) == [b"value"]
        await cache.forget_everywhere(ONE, ())

    play(scenario)


def test_a_leader_whose_name_is_forgotten_stores_nothing(play: Play) -> None:
    """What it loads may be from before the change."""

    async def scenario(cache: ProjectionCache) -> None:
        lead = await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)
        assert lead.token is not None

        await cache.forget_named(ONE, PLACE, ("rates",))

        assert not await cache.settle(ONE, RATES, lead.token, b"older", keep_ms=LONG_MS)
        assert await cache.last_known(ONE, [RATES]) == [None]
        assert (await cache.lead(ONE, RATES, lead_token(), hold_ms=LONG_MS)).token is not None

    play(scenario)
