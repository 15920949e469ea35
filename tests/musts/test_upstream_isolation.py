"""What the specification and the contract demand of calls to upstreams, one test per demand."""

from __future__ import annotations

import asyncio

import pytest

from bff_backoffice.application.ports import UpstreamInvalidResponseError
from bff_backoffice.infrastructure.http import CallOutcome
from bff_backoffice.infrastructure.upstreams import (
    ai_orchestrator,
    analytics,
    billing,
    housekeeping,
    iam,
    inventory,
    lock_integration,
    maintenance,
    notification,
    pricing,
    property,  # noqa: A004 - the service's own name
    reservation,
    sync,
    tenant,
)
from bff_backoffice.infrastructure.upstreams.inventory import InventoryGateway
from bff_backoffice.infrastructure.upstreams.reservation import ReservationGateway
from tests.contract.upstreams.recorded import EXCHANGES, some_call
from tests.contract.upstreams.scripted import SeenRequest, always, hang, http_answer, scripted, some_client

UPSTREAMS = (
    ai_orchestrator, analytics, billing, housekeeping, iam, inventory, lock_integration, maintenance, notification,
    pricing, property, reservation, sync, tenant,
)  # fmt: skip


def test_there_is_one_gateway_per_upstream_of_section_7():
    """Specification, section 7: fourteen services, each with a gateway that names it."""
    assert {module.SERVICE.name for module in UPSTREAMS} == {
        "iam-service", "tenant-service", "property-service", "reservation-service", "inventory-service",
        "pricing-service", "housekeeping-service", "maintenance-service", "billing-service",
        "lock-integration-service", "ai-orchestrator-service", "notification-service", "sync-service",
        "analytics-service",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("module", "seconds", "retries"),
    [
        (iam, 0.6, 0), (tenant, 0.5, 1), (reservation, 0.8, 1), (inventory, 0.6, 1), (pricing, 0.6, 1),
        (housekeeping, 0.7, 1), (maintenance, 0.7, 1), (billing, 0.6, 1), (lock_integration, 1.2, 0),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)).rpartition(".")[2],
)  # fmt: skip
def test_deadlines_and_retries_are_the_documented_ones(module, seconds: float, retries: int):
    """Platform facts, A9: the egress table's timeouts and retries, where it gives them."""
    assert (module.SERVICE.limit_seconds, module.SERVICE.retries) == (seconds, retries)


def test_the_operators_token_never_travels_to_an_upstream():
    """Upstream agreement: every call carries this service's own identity, and never what the desktop sent."""

    async def run() -> None:
        for exchange in EXCHANGES:
            answer = http_answer(b"{}")
            async with scripted(always(answer)) as upstream, some_client(upstream.url) as (client, _):
                with pytest.raises(UpstreamInvalidResponseError):
                    await exchange.ask(client)
                assert {seen.headers["authorization"] for seen in upstream.requests} == {"Bearer the-service-token"}

    asyncio.run(run())


def test_one_hanging_upstream_never_delays_another_that_shares_its_address():
    """Contract, section 4: a hundred hanging calls to one service leave the other's calls as fast as ever."""

    async def behind_one_gateway(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        if seen.path.startswith("/reservation-service"):
            await hang(seen, writer)
        await always(inventory_answer)(seen, writer)

    inventory_answer = http_answer(
        b'{"propertyId": "ppt_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A", "total": 9, "committed": 5, "oosBlocked": 0}'
    )

    async def run() -> None:
        async with (
            scripted(behind_one_gateway) as upstream,
            some_client(f"{upstream.url}/reservation-service", limit_seconds=60.0, limit_enabled=False) as (slow, _),
            some_client(f"{upstream.url}/inventory-service", limit_seconds=20.0) as (fast, observer),
        ):
            async with asyncio.TaskGroup() as group:
                waiting = [
                    group.create_task(ReservationGateway(slow).in_house(some_call(seconds=60.0))) for _ in range(120)
                ]
                for _ in range(10):
                    await InventoryGateway(fast).rooms_sold(some_call(seconds=20.0))
                assert not any(task.done() for task in waiting)
                for task in waiting:
                    task.cancel()
            assert observer.outcomes == [CallOutcome.OK] * 10

    asyncio.run(run())


def test_deadline_and_trace_travel_on():
    """Issue 2: every call tells its upstream how long anybody will wait, and which trace it belongs to."""

    async def run() -> None:
        for exchange in EXCHANGES:
            async with scripted(always(http_answer(b"{}"))) as upstream, some_client(upstream.url) as (client, _):
                with pytest.raises(UpstreamInvalidResponseError):
                    await exchange.ask(client)
                for seen in upstream.requests:
                    assert 0 < int(seen.headers["x-request-timeout-ms"]) <= 5000
                    assert "-0af7651916cd43dd8448eb211c80319c-" in f"-{seen.headers['traceparent']}"

    asyncio.run(run())
