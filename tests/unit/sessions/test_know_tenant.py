"""What is known of a tenant on every request: how long it is believed, who loads it, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bff_backoffice.application.flights import Flights
from bff_backoffice.application.ports import UpstreamError, UpstreamRefusedError, UpstreamUnavailableError
from bff_backoffice.application.sessions.ports import TenantProfile
from bff_backoffice.application.sessions.tenants import FRESH, ForgetTenant, KnownTenant, KnowTenant
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import TenantId
from tests.fakes import virtual_time
from tests.fakes.memory_tenants import MemoryTenants
from tests.some_tenant import some_profile

TENANT = TenantId("tnt_01JGFJJZ03J02SKYND46F9ZBK1")
AWAY = UpstreamUnavailableError("tenant-service")
GONE = UpstreamRefusedError("tenant-service", status=404, code="MELMASTOON.TENANT.NOT_FOUND", title="")


@dataclass
class TenantService:
    """tenant-service as a test wants it: what it says, how long it takes, how it fails."""

    profile: TenantProfile = field(default_factory=lambda: some_profile(TENANT))
    seconds: float = 0.01
    failure: UpstreamError | None = None
    calls: int = 0

    async def tenant(self, tenant_id: TenantId, *, request_id: str, traceparent: str, deadline: float) -> TenantProfile:
        """Answer what it said when it was asked."""
        del tenant_id, request_id, traceparent, deadline
        self.calls += 1
        profile, failure = self.profile, self.failure
        await asyncio.sleep(self.seconds)
        if failure is not None:
            raise failure
        return profile


@dataclass
class Desk:
    """Requests of one tenant, each with the admission's look at what is kept, and events about it."""

    service: TenantService
    kept: MemoryTenants
    know: KnowTenant
    forget: ForgetTenant

    async def request(self) -> TenantProfile:
        """One request of an operator of the tenant."""
        return await self.know(TENANT, await self.kept.known(TENANT), request_id="01J", traceparent="00")

    async def refused(self) -> Code:
        """The code by which a request is refused."""
        with pytest.raises(Refusal) as refusal:
            await self.request()
        assert isinstance(refusal.value.code, Code)
        return refusal.value.code


def at_a_desk(scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario on a clock that jumps."""

    async def main() -> None:
        service, kept = TenantService(), MemoryTenants()
        async with Flights[TenantProfile]() as flights:
            know = KnowTenant(kept=kept, tenants=service, flights=flights, clock=virtual_time.wall_clock)
            await scenario(Desk(service, kept, know, ForgetTenant(kept=kept, clock=virtual_time.wall_clock)))

    virtual_time.run(main())


def test_tenant_service_is_asked_once_in_five_minutes() -> None:
    """Fifty requests at once and all that follow share one call."""

    async def scenario(desk: Desk) -> None:
        async with asyncio.TaskGroup() as group:
            together = [group.create_task(desk.request()) for _ in range(50)]
        for _ in range(3):
            await asyncio.sleep(60)
            assert await desk.request() == together[0].result()
        assert desk.service.calls == 1

    at_a_desk(scenario)


def test_a_profile_is_loaded_anew_before_it_ends_and_nobody_waits_for_that() -> None:
    """In its fifth minute a request gets what is known at once, and the load happens behind it."""

    async def scenario(desk: Desk) -> None:
        await desk.request()
        desk.service.profile = some_profile(TENANT, app_version_floor="2.0.0")
        desk.service.seconds = 0.2
        await asyncio.sleep(FRESH.total_seconds() - 30)
        before = asyncio.get_running_loop().time()

        assert (await desk.request()).app_version_floor == "1.0.0"
        assert asyncio.get_running_loop().time() == before
        await asyncio.sleep(0.3)
        assert (await desk.request()).app_version_floor == "2.0.0"
        assert desk.service.calls == 2

    at_a_desk(scenario)


def test_an_older_profile_is_not_believed() -> None:
    """After five minutes without a request the next one waits for tenant-service."""

    async def scenario(desk: Desk) -> None:
        await desk.request()
        desk.service.profile = some_profile(TENANT, app_version_floor="2.0.0")
        await asyncio.sleep(FRESH.total_seconds())

        assert (await desk.request()).app_version_floor == "2.0.0"

    at_a_desk(scenario)


def test_a_change_that_is_announced_counts_at_the_next_request() -> None:
    """The five minutes end with the event."""

    async def scenario(desk: Desk) -> None:
        await desk.request()
        desk.service.profile = some_profile(TENANT, app_version_floor="2.0.0")
        await desk.forget(TENANT)

        assert (await desk.request()).app_version_floor == "2.0.0"
        assert (await desk.request()).app_version_floor == "2.0.0"
        assert desk.service.calls == 2

    at_a_desk(scenario)


def test_an_answer_from_before_a_change_is_neither_kept_nor_given_to_those_who_come_after_it() -> None:
    """A slow load that began before the event answers its own request and nobody else's."""

    async def scenario(desk: Desk) -> None:
        desk.service.seconds = 0.3
        async with asyncio.TaskGroup() as group:
            early = group.create_task(desk.request())
            await asyncio.sleep(0.1)
            desk.service.profile = some_profile(TENANT, app_version_floor="2.0.0")
            await desk.forget(TENANT)
            late = group.create_task(desk.request())

        assert early.result().app_version_floor == "1.0.0"
        assert late.result().app_version_floor == "2.0.0"
        assert (await desk.request()).app_version_floor == "2.0.0"
        assert desk.service.calls == 2

    at_a_desk(scenario)


def test_a_tenant_service_that_is_away_leaves_what_was_known() -> None:
    """Hotels go on with the profile of before, however it fails."""

    async def scenario(desk: Desk) -> None:
        known = await desk.request()
        desk.service.failure = AWAY
        await asyncio.sleep(FRESH.total_seconds())
        assert await desk.request() == known
        desk.service.failure, desk.service.seconds = None, 60
        assert await desk.request() == known
        await desk.forget(TENANT)
        assert await desk.request() == known

    at_a_desk(scenario)


def test_nothing_known_and_nobody_to_ask_lets_nobody_in() -> None:
    """Fails closed: whether the tenant's people may work can't be said."""

    async def scenario(desk: Desk) -> None:
        desk.service.failure = AWAY
        with pytest.raises(UpstreamUnavailableError):
            await desk.request()
        desk.service.failure, desk.service.seconds = None, 60
        with pytest.raises(UpstreamUnavailableError):
            await desk.request()

    at_a_desk(scenario)


@pytest.mark.parametrize("status", ["suspended", "deleted", "some-new-state"])
def test_people_of_a_tenant_that_is_not_active_are_refused(status: str) -> None:
    """Also in a state that this service does not know: closed by default."""

    async def scenario(desk: Desk) -> None:
        desk.service.profile = some_profile(TENANT, status=status)
        assert await desk.refused() is Code.OPERATOR_SUSPENDED
        assert await desk.refused() is Code.OPERATOR_SUSPENDED
        assert desk.service.calls == 1

    at_a_desk(scenario)


def test_a_tenant_that_does_not_exist_has_no_people() -> None:
    """tenant-service does not know it (any more)."""

    async def scenario(desk: Desk) -> None:
        desk.service.failure = GONE
        assert await desk.refused() is Code.OPERATOR_SUSPENDED

    at_a_desk(scenario)


def test_what_an_event_says_counts_while_tenant_service_is_away() -> None:
    """A suspension takes effect and a reactivation ends it, whoever can be asked; then the truth counts."""

    async def scenario(desk: Desk) -> None:
        await desk.request()
        desk.service.failure = AWAY
        await desk.forget(TENANT, status="suspended")
        assert await desk.refused() is Code.OPERATOR_SUSPENDED
        await desk.forget(TENANT)
        assert await desk.refused() is Code.OPERATOR_SUSPENDED
        await desk.forget(TENANT, status="active")
        assert (await desk.request()).status == "active"
        await desk.forget(TENANT, status="suspended")
        desk.service.failure = None
        assert (await desk.request()).status == "active"

    at_a_desk(scenario)


def test_an_event_about_a_tenant_that_nobody_asked_about_is_remembered() -> None:
    """A load that is under way for the first request must not be kept either."""

    async def scenario(desk: Desk) -> None:
        await desk.forget(TENANT, status="deleted")
        desk.service.failure = AWAY
        assert await desk.refused() is Code.OPERATOR_SUSPENDED
        assert (await desk.kept.known(TENANT)) is not None

    at_a_desk(scenario)


def test_a_store_that_is_away_does_not_cost_the_answer() -> None:
    """What tenant-service said is good for this request, kept or not."""

    async def scenario(desk: Desk) -> None:
        desk.kept.away = True
        profile = await desk.know(TENANT, None, request_id="01J", traceparent="00")
        assert profile == desk.service.profile

    at_a_desk(scenario)


def test_a_profile_from_the_future_of_another_clock_is_believed() -> None:
    """The clocks of two replicas differ."""

    async def scenario(desk: Desk) -> None:
        ahead: datetime = virtual_time.wall_clock() + timedelta(seconds=2)
        desk.kept.entries[TENANT] = KnownTenant(profile=some_profile(TENANT), as_of=ahead)
        await desk.request()
        assert desk.service.calls == 0

    at_a_desk(scenario)
