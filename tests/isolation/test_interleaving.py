"""Tenants at the same time: no field of one in another's stream (contract, section 4), however requests mix."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.desktop import Desktop
from tests.isolation.canaries import canaries, found_in
from tests.worlds import World

REPRESENTATIONS = ("application/x-ndjson", "application/json", "text/event-stream", "text/html")
ROUNDS = 6
FEW = 5
ROLES = ("general_manager", "owner", "front_desk")


def opened(world: World, role: str, tenant: int) -> Desktop:
    """A desk with an open session: a reset, for want of unused devices, ends those that were not opened."""
    desk = world.sign_in(role, tenant)
    assert desk.get("/session").status_code == 200
    return desk


@pytest.mark.parametrize("breakage", [None, "latency"], ids=["healthy", "one upstream slow"])
def test_no_field_of_one_tenant_is_in_anothers_stream(world: World, breakage: str | None) -> None:
    """A few hundred boards of two tenants at once, cold and warm, in every representation: each holds its own alone."""
    tenants = (0, 1)
    theirs = {tenant: canaries(world, 1 - tenant) for tenant in tenants}
    own = {tenant: canaries(world, tenant) for tenant in tenants}
    desks = [(tenant, opened(world, role, tenant)) for role in ROLES for tenant in tenants]
    if breakage is not None:
        world.fault("reservation-service", breakage, latencyMs=40, jitterMs=30)

    def board(order: tuple[int, str, int, Desktop]) -> tuple[int, set[str], bool]:
        number, accept, tenant, desk = order
        if number % 40 == 0:
            world.forget_cache()
        language = ("en", "fr", "ar", "fa-AF", "ps-AF")[number % 5]
        leaked = set[str]()
        for _ in range(FEW):
            answer = desk.get("/dashboard", Accept=accept, Accept_Language=language)
            assert answer.status_code == 200, answer.text
            leaked |= found_in(answer.content, theirs[tenant])
            if found_in(answer.content, own[tenant]):
                return tenant, leaked, True
            # Nothing at all is known where every source was late.
        return tenant, leaked, False

    orders = [
        (number, accept, tenant, desk)
        for number, (accept, (tenant, desk)) in enumerate(
            (accept, desk) for _ in range(ROUNDS) for accept in REPRESENTATIONS for desk in desks
        )
    ]
    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(board, orders))

    assert Counter(tenant for tenant, _, _ in results) == {0: len(orders) // 2, 1: len(orders) // 2}
    assert [leaked for _, leaked, _ in results if leaked] == []
    assert all(recognised for _, _, recognised in results), "each board holds strings of its own tenant"
