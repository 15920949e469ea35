"""One tenant's storm is not another tenant's weather: limits that follow latency, and shares of them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.application.ports import UpstreamShedError
from bff_backoffice.infrastructure.http.concurrency_limit import CEILING, FLOOR, INITIAL, ConcurrencyLimit
from bff_backoffice.infrastructure.http.tenant_shares import PATIENCE_S, TenantShares
from tests.fakes import virtual_time
from tests.unit.upstreams.fixed_capacity import FixedCapacity

OURS, THEIRS = "tnt_ours", "tnt_theirs"


def shares_of(limit: int) -> TenantShares:
    """Shares of a limit that stays where it is, in the running loop."""
    now = asyncio.get_running_loop().time
    return TenantShares("some-service", ConcurrencyLimit(now, floor=1, initial=limit), now=now)


@pytest.mark.parametrize(
    "world",
    [
        {"tenants": 10},
        {"tenants": 5, "load": 0.3},
        {"tenants": 30, "capacity": 32},
        {"tenants": 3, "capacity": 32, "service_s": 0.1, "seconds": 30.0, "counted_from": 15.0},
    ],
    ids=["ten", "five-half-idle", "thirty", "three-slow"],
)
def test_a_tenant_at_twenty_times_its_share_does_not_move_the_others(world: dict[str, float]):
    """Issue 3: the others' p95 stays within 10 % of what it is without the storm, and they are hardly ever shed."""
    calm = virtual_time.run(FixedCapacity(**world).run()).others
    storm = virtual_time.run(FixedCapacity(**world, greedy=20).run())
    assert storm.others.quantile(0.95) <= 1.10 * calm.quantile(0.95)
    assert storm.others.shed + storm.others.late <= 0.001 * len(storm.others.seconds)
    assert len(storm.others.seconds) >= 0.9 * len(calm.seconds)


def test_without_the_limit_the_same_storm_drowns_everybody():
    """The upstream of these tests can be overrun: without the limit most calls of every tenant are late."""
    storm = virtual_time.run(FixedCapacity(greedy=20, limited=False, seconds=8.0).run())
    assert storm.others.late > 5 * len(storm.others.seconds)
    assert storm.others.quantile(0.05) > 0.5


def test_the_storm_gets_what_nobody_else_needs():
    """Borrowing: the upstream stays busy, and the greedy tenant gets a multiple of its share of the work."""
    storm = virtual_time.run(FixedCapacity(greedy=20).run())
    greedy, others = storm.heard[0], storm.others
    served = len(greedy.seconds) + len(others.seconds)
    seconds = storm.seconds - storm.counted_from
    assert served >= 0.85 * storm.capacity / (1.2 * storm.service_s) * seconds
    assert len(greedy.seconds) >= 5 * len(others.seconds) / 9
    assert greedy.shed > 0


def test_the_limit_finds_the_capacity_and_stays_near_it():
    """Under a storm the limit settles at what the upstream really serves at once, a few more or fewer."""
    storm = virtual_time.run(FixedCapacity(greedy=20).run())
    settled = storm.limits[len(storm.limits) // 3 :]
    assert 0.8 * storm.capacity <= sum(settled) / len(settled) <= 1.3 * storm.capacity


def test_an_ordinary_load_is_never_shed_and_never_shrinks_the_limit_to_its_floor():
    """Two thirds of what the upstream can do, at random moments, is no overload."""
    calm = virtual_time.run(FixedCapacity(load=0.66).run())
    assert sum(heard.shed for heard in calm.heard) == 0
    assert min(calm.limits) > FLOOR


def test_an_upstream_that_becomes_slower_for_good_gets_its_limit_back():
    """Three times slower is at first taken for a queue; with few requests under way the new latency is learnt."""
    slow = virtual_time.run(FixedCapacity(load=0.25, slowdown=3.0, slow_from=10.0, seconds=60.0).run())
    # Thrice what is under way on average: room for a rush.
    assert slow.limits[-1] >= 30


def test_an_upstream_that_never_answers_brings_the_limit_to_its_floor():
    """Requests that were given up count as late: of a dead upstream no more is asked than the floor."""
    limit = ConcurrencyLimit(lambda: 0.0)
    for _ in range(64):
        limit.took("reads", 0.02, under_way=10, answered=True)
    for _ in range(2000):
        limit.took("reads", 0.6, under_way=limit.value, answered=False)
    assert limit.value == FLOOR


def test_quick_failures_say_nothing_about_load():
    """What was given up sooner than an answer takes is neither a queue nor a new best."""
    limit = ConcurrencyLimit(lambda: 0.0)
    for _ in range(64):
        limit.took("reads", 0.02, under_way=10, answered=True)
    for _ in range(2000):
        limit.took("reads", 0.001, under_way=INITIAL, answered=False)
    assert limit.value == INITIAL


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0, 2.0)), st.integers(1, 150), st.booleans(), st.sampled_from(["a", "b"])
        ),
        max_size=600,
    )
)
def test_the_limit_never_leaves_its_bounds(steps: list[tuple[float, int, bool, str]]):
    """Whatever latencies are seen, with however many under way."""
    clock = [0.0]
    limit = ConcurrencyLimit(lambda: clock[0])
    for seconds, under_way, answered, operation in steps:
        clock[0] += seconds
        limit.took(operation, seconds, under_way=under_way, answered=answered)
        assert FLOOR <= limit.value <= CEILING


def test_below_its_share_a_tenant_is_admitted_while_another_holds_everything():
    """What was borrowed is not taken back, and not waited for either."""

    async def main() -> None:
        shares = shares_of(10)
        assert all(shares.admits(OURS) for _ in range(10))
        assert not shares.admits(OURS)
        assert all(shares.admits(THEIRS) for _ in range(5))
        assert not shares.admits(THEIRS)

    virtual_time.run(main())


def test_over_the_limit_a_call_waits_a_moment_and_is_refused_then():
    """Refused in words that say when to come back, and no later than the patience that was promised."""

    async def main() -> None:
        shares = shares_of(2)
        assert shares.admits(OURS)
        assert shares.admits(OURS)
        assert not shares.admits(OURS)
        began = asyncio.get_running_loop().time()
        with pytest.raises(UpstreamShedError) as caught:
            await shares.wait(OURS)
        assert asyncio.get_running_loop().time() == pytest.approx(began + PATIENCE_S)
        assert (caught.value.upstream, caught.value.retry_after) == ("some-service", 1)
        assert (shares.under_way, shares.waiting) == (2, 0)

    virtual_time.run(main())


def test_a_queue_that_is_too_long_already_is_not_joined():
    """More than can pass in a moment is refused at once."""

    async def main() -> None:
        shares = shares_of(2)
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                shares.admits(OURS)
            waiting = [group.create_task(_outcome(shares, OURS)) for _ in range(8)]
            await asyncio.sleep(0)
            began = asyncio.get_running_loop().time()
            assert await _outcome(shares, OURS) == "shed"
            assert asyncio.get_running_loop().time() == began
        assert [task.result() for task in waiting] == ["shed"] * 8

    virtual_time.run(main())


def test_who_has_least_under_way_goes_first():
    """A place that comes free goes to the tenant with the fewest requests, whoever waited longer."""

    async def main() -> None:
        shares = shares_of(6)
        assert [shares.admits(tenant) for tenant in (OURS,) * 4 + (THEIRS,) * 2 + ("tnt_third",)] == [True] * 7
        async with asyncio.TaskGroup() as group:
            ours = group.create_task(_outcome(shares, OURS))
            await asyncio.sleep(0.001)
            theirs = group.create_task(_outcome(shares, THEIRS))
            await asyncio.sleep(0.001)
            shares.leave("tnt_third")
            shares.leave(OURS)
            await asyncio.sleep(0.001)
            assert theirs.done()
            assert not ours.done()
        assert (theirs.result(), ours.result()) == ("admitted", "shed")

    virtual_time.run(main())


async def _outcome(shares: TenantShares, tenant: str) -> str:
    try:
        await shares.wait(tenant)
    except UpstreamShedError:
        return "shed"
    return "admitted"


@settings(max_examples=150, deadline=None)
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.floats(0, 0.3),
            st.floats(0.001, 0.4),
            st.sampled_from([None, 0.0, 0.01, 0.1, 0.2]),
        ),
        max_size=60,
    )
)
def test_no_place_is_ever_lost_or_given_twice(calls: list[tuple[str, float, float, float | None]]):
    """However calls come, wait, are cut off at any moment and end: at the end nothing is under way, nobody waits."""

    async def main() -> None:
        shares = shares_of(4)
        inside = 0

        async def call(tenant: str, after: float, takes: float) -> None:
            nonlocal inside
            await asyncio.sleep(after)
            try:
                if not shares.admits(tenant):
                    await shares.wait(tenant)
            except UpstreamShedError:
                return
            inside += 1
            try:
                assert shares.under_way >= inside
                assert inside <= 8
                await asyncio.sleep(takes)
            finally:
                inside -= 1
                shares.leave(tenant)

        async def patient(tenant: str, after: float, takes: float, cut_after: float | None) -> None:
            try:
                async with asyncio.timeout(None if cut_after is None else after + cut_after):
                    await call(tenant, after, takes)
            except TimeoutError:
                pass

        async with asyncio.TaskGroup() as group:
            for each in calls:
                group.create_task(patient(*each))
        assert (shares.under_way, shares.waiting, inside) == (0, 0, 0)
        await asyncio.sleep(11)
        assert all(shares.admits("d") for _ in range(4))

    virtual_time.run(main())
