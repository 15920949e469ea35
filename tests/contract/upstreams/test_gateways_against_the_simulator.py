"""Every gateway method against the platform simulator, which keeps the same agreement with code of its own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import json
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from bff_backoffice.application.dashboard_loaders import DueArrival, OccupancyPercent, RoomsSold
from bff_backoffice.application.ports import (
    CallContext,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.application.tiles import (
    AlertsTile,
    BalancesTile,
    InHouseTile,
    KpiTile,
    MovementTile,
    OutlookTile,
    PropertyTile,
    RatesTile,
    RoomsTile,
    SuggestionsTile,
    WorkOrdersTile,
)
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, OperatorRole, PropertyId, TenantId
from bff_backoffice.infrastructure.http import Upstream
from bff_backoffice.infrastructure.upstreams import inventory
from bff_backoffice.infrastructure.upstreams.iam import IamGateway
from bff_backoffice.infrastructure.upstreams.inventory import InventoryGateway
from bff_backoffice.infrastructure.upstreams.tenant import TenantGateway
from tests.contract.upstreams.scripted import some_client

ROOT = Path(__file__).resolve().parents[3]
PUBLIC_REFRESH = "http://127.0.0.1:8083/bff/backoffice/v1/auth/refresh"
MODULES = {
    "analytics": "AnalyticsGateway",
    "inventory": "InventoryGateway",
    "reservation": "ReservationGateway",
    "housekeeping": "HousekeepingGateway",
    "maintenance": "MaintenanceGateway",
    "pricing": "PricingGateway",
    "billing": "BillingGateway",
    "notification": "NotificationGateway",
    "ai_orchestrator": "AiOrchestratorGateway",
    "property": "PropertyGateway",
    "lock_integration": "LockIntegrationGateway",
    "sync": "SyncGateway",
    "iam": "IamGateway",
    "tenant": "TenantGateway",
}
PATIENCE = {"iam": {"validate_seconds": 5.0}}
READS: tuple[tuple[str, str, dict[str, object], type], ...] = (
    ("analytics", "occupancy", {}, OccupancyPercent),
    ("analytics", "adr", {}, KpiTile),
    ("analytics", "revpar", {}, KpiTile),
    ("inventory", "rooms_sold", {}, RoomsSold),
    ("inventory", "outlook", {}, OutlookTile),
    ("reservation", "arrivals", {}, MovementTile),
    ("reservation", "departures", {}, MovementTile),
    ("reservation", "in_house", {}, InHouseTile),
    ("reservation", "due_arrivals", {"within_minutes": 180}, tuple),
    ("housekeeping", "rooms", {}, RoomsTile),
    ("housekeeping", "room_statuses", {}, dict),
    ("maintenance", "work_orders", {}, WorkOrdersTile),
    ("pricing", "rates", {}, RatesTile),
    ("billing", "balances", {}, BalancesTile),
    ("notification", "alerts", {}, AlertsTile),
    ("ai_orchestrator", "suggestions", {}, SuggestionsTile),
    ("property", "property_card", {}, PropertyTile),
)
every_read = pytest.mark.parametrize(
    ("module", "method", "arguments", "kind"), READS, ids=[f"{module}.{method}" for module, method, _, _ in READS]
)


@dataclass
class Simulator:
    """A running simulator of these tests' own, and its world."""

    url: str
    world: dict[str, Any]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call a control route."""
        return _http(method, f"{self.url}/_control/{path}", body)

    def manager_of(self, tenant: int) -> dict[str, Any]:
        """The general manager of the n-th tenant."""
        tenant_id = self.world["tenants"][tenant]["id"]
        return next(
            operator
            for operator in self.world["operators"]
            if operator["tenantId"] == tenant_id and "general_manager" in operator["roles"]
        )

    def device_of(self, tenant_id: str, number: int) -> DeviceId:
        """The n-th device of a tenant."""
        devices = [device["id"] for device in self.world["devices"] if device["tenantId"] == tenant_id]
        return DeviceId.parse(devices[number])

    def call(self, *, tenant: int = 0, property_number: int = 0, seconds: float = 5.0) -> CallContext:
        """A call of that tenant's manager for one of their properties."""
        manager = self.manager_of(tenant)
        return CallContext(
            tenant_id=TenantId.parse(manager["tenantId"]),
            property_id=PropertyId.parse(manager["propertyIds"][property_number]),
            operator_id=OperatorId.parse(manager["id"]),
            device_id=self.device_of(manager["tenantId"], 0),
            roles=frozenset({OperatorRole.GENERAL_MANAGER}),
            locale="fa-AF",
            request_id="01K9ZV6Y7R8S9T0V1W2X3Y4Z5A",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            deadline=asyncio.get_running_loop().time() + seconds,
        )


def _http(method: str, url: str, body: object = None, **headers: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the simulator's own loopback address
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        content = answer.read()
    return json.loads(content) if content else None


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """`python -m platform_sim` on a free port, for this module."""
    process = subprocess.Popen(
        [sys.executable, "-m", "platform_sim", "--port", "0", "--seed", "11"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        yield Simulator(url=url, world=_http("GET", f"{url}/_control/world"))
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture
def healthy(simulator: Simulator) -> Iterator[Simulator]:
    """The simulator without faults, whatever a test before left behind."""
    simulator.control("DELETE", "faults")
    yield simulator
    simulator.control("DELETE", "faults")


@pytest.fixture
def fresh(healthy: Simulator) -> Simulator:
    """The simulator with its world as it began: no device has a key yet."""
    healthy.control("POST", "reset")
    return healthy


def patient(upstream: Upstream) -> Upstream:
    """The upstream with more time than it has in production: these tests are about meaning, not about speed."""
    return replace(upstream, limit_seconds=10.0)


def with_gateway(simulator: Simulator, module: str, use: Callable[[Any], Awaitable[Any]]) -> Any:
    """What `use` makes of the module's gateway over a client of its own upstream."""

    async def run() -> Any:
        code = importlib.import_module(f"bff_backoffice.infrastructure.upstreams.{module}")
        url = f"{simulator.url}/{code.SERVICE.name}"
        async with some_client(url, of=patient(code.SERVICE)) as (client, _):
            return await use(getattr(code, MODULES[module])(client, **PATIENCE.get(module, {})))

    return asyncio.run(run())


@every_read
def test_every_read_of_the_dashboard_is_understood(
    healthy: Simulator, module: str, method: str, arguments: dict[str, object], kind: type
):
    """Each property of each tenant gets a value of the promised kind from each upstream."""

    async def use(gateway: Any) -> None:
        for tenant in range(len(healthy.world["tenants"])):
            for number in range(len(healthy.manager_of(tenant)["propertyIds"])):
                call = healthy.call(tenant=tenant, property_number=number)
                assert isinstance(await getattr(gateway, method)(call, **arguments), kind)

    with_gateway(healthy, module, use)


@every_read
def test_what_the_upstream_received_keeps_the_agreement(
    healthy: Simulator, module: str, method: str, arguments: dict[str, object], kind: type
):
    """The simulator saw only headers of the allow-list and of the transport, and never refused one."""
    healthy.control("DELETE", "requests")

    async def use(gateway: Any) -> None:
        assert isinstance(await getattr(gateway, method)(healthy.call(), **arguments), kind)

    with_gateway(healthy, module, use)
    (seen,) = healthy.control("GET", "requests")
    names = {name.lower() for name in seen["headers"]}
    assert seen["status"] == 200
    assert {"x-tenant-id", "x-request-timeout-ms", "x-request-deadline", "traceparent", "x-request-id"} <= names
    assert not names & {"cookie", "dpop", "x-forwarded-for", "user-agent", "accept-encoding"}


@every_read
def test_another_tenants_property_is_refused(
    healthy: Simulator, module: str, method: str, arguments: dict[str, object], kind: type
):
    """A call that names one tenant and another's property gets nothing but a refusal from every upstream."""

    async def use(gateway: Any) -> None:
        mine, theirs = healthy.call(tenant=0), healthy.call(tenant=1)
        crossed = CallContext(
            **{
                name: getattr(theirs if name == "property_id" else mine, name)
                for name in CallContext.__dataclass_fields__
            }
        )
        with pytest.raises(UpstreamRefusedError) as caught:
            await getattr(gateway, method)(crossed, **arguments)
        assert caught.value.status in {403, 404}
        assert caught.value.code.startswith("MELMASTOON.")

    with_gateway(healthy, module, use)
    assert kind is not None


def test_the_figures_of_one_property_fit_together(healthy: Simulator):
    """Rooms add up, fourteen days come, and the rooms that are due exist at housekeeping."""

    async def run() -> dict[str, Any]:
        found: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            for module, method, arguments, _ in READS:
                code = importlib.import_module(f"bff_backoffice.infrastructure.upstreams.{module}")
                client, _ = await stack.enter_async_context(
                    some_client(f"{healthy.url}/{code.SERVICE.name}", of=patient(code.SERVICE))
                )
                read = getattr(getattr(code, MODULES[module])(client), method)
                found[f"{module}.{method}"] = await read(healthy.call(), **arguments)
        return found

    found = asyncio.run(run())
    rooms: RoomsTile = found["housekeeping.rooms"]
    counted = rooms.dirty + rooms.cleaning + rooms.clean + rooms.inspected + rooms.ready
    assert counted + rooms.out_of_order + rooms.out_of_service == rooms.total
    assert len(found["housekeeping.room_statuses"]) == rooms.total == found["property.property_card"].rooms
    days = found["inventory.outlook"].days
    assert len(days) == 14
    assert days[0].sold_rooms == found["inventory.rooms_sold"].committed
    assert 0 <= found["analytics.occupancy"].percent <= 100
    due: tuple[DueArrival, ...] = found["reservation.due_arrivals"]
    assert {arrival.room_ulid for arrival in due if arrival.room_ulid} <= set(found["housekeeping.room_statuses"])
    assert found["reservation.arrivals"].remaining_rooms <= found["reservation.arrivals"].total_rooms


@pytest.mark.parametrize("module", MODULES)
def test_every_upstream_can_be_asked_whether_it_is_there(healthy: Simulator, module: str):
    """Each of the fourteen answers the ping in its own words."""

    async def run() -> None:
        code = importlib.import_module(f"bff_backoffice.infrastructure.upstreams.{module}")
        async with some_client(f"{healthy.url}/{code.SERVICE.name}", of=patient(code.SERVICE)) as (client, _):
            await client.ping(healthy.call())

    asyncio.run(run())


FAULTS = (
    ({"mode": "error", "status": 503}, UpstreamUnavailableError),
    ({"mode": "error", "status": 500}, UpstreamUnavailableError),
    ({"mode": "reset"}, UpstreamUnavailableError),
    ({"mode": "applied_then_lost"}, UpstreamUnavailableError),
    ({"mode": "hang"}, UpstreamTimeoutError),
    ({"mode": "latency", "latencyMs": 3000}, UpstreamTimeoutError),
    ({"mode": "drip"}, UpstreamTimeoutError),
    ({"mode": "slow_tail"}, UpstreamTimeoutError),
    ({"mode": "malformed"}, UpstreamInvalidResponseError),
    ({"mode": "huge"}, UpstreamInvalidResponseError),
)


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=[str(fault["mode"]) for fault, _ in FAULTS])
def test_every_fault_ends_in_its_own_kind_of_error_within_the_limit(
    healthy: Simulator, fault: dict[str, object], kind: type[UpstreamError]
):
    """Whatever an upstream does, the call ends by its limit with one of the family; without the fault all is well."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        healthy.control("PUT", "faults/inventory-service", fault)
        started = loop.time()
        url = f"{healthy.url}/inventory-service"
        # What is no answer is known when it comes, which on a busy machine may take longer than the limit.
        limited = inventory.SERVICE if kind is UpstreamTimeoutError else patient(inventory.SERVICE)
        async with some_client(url, of=limited) as (client, _):
            with pytest.raises(kind) as caught:
                await InventoryGateway(client).outlook(healthy.call(seconds=20))
        assert loop.time() - started < limited.limit_seconds + 5
        assert caught.value.upstream == "inventory-service"
        healthy.control("DELETE", "faults/inventory-service")
        async with some_client(url, of=patient(inventory.SERVICE)) as (client, _):
            assert len((await InventoryGateway(client).outlook(healthy.call())).days) == 14

    asyncio.run(run())


# Sessions and operators ----------------------------------------------------------------------------------------------


class Desktop:
    """A desktop that has signed in at iam with a key of its own."""

    def __init__(self, simulator: Simulator) -> None:
        self.key = ECKey.generate_key("P-256")
        manager = simulator.manager_of(0)
        self.tenant_id = TenantId.parse(manager["tenantId"])
        self.operator_id = OperatorId.parse(manager["id"])
        self.device_id = simulator.device_of(manager["tenantId"], 1)
        address = f"{simulator.url}/iam-service/api/v1/auth/sign-in"
        self.tokens = _http(
            "POST",
            address,
            {"username": manager["username"], "password": manager["password"], "deviceId": self.device_id},
            DPoP=self.proof(address),
        )
        payload = self.tokens["accessToken"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.session_id = IamSessionId.parse(claims["sid"])
        self.thumbprint: str = claims["cnf"]["jkt"]

    def proof(self, address: str) -> str:
        """A proof for a POST to this address."""
        claims = {"jti": uuid.uuid4().hex, "htm": "POST", "htu": address, "iat": int(time.time())}
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.key.as_dict(private=False)}
        return jws.serialize_compact(header, json.dumps(claims).encode(), self.key)


def common() -> dict[str, Any]:
    """What every session call says besides."""
    return {
        "request_id": "01K9ZV6Y7R8S9T0V1W2X3Y4Z5A",
        "traceparent": "",
        "deadline": asyncio.get_running_loop().time() + 5,
    }


async def is_active(gateway: IamGateway, desktop: Desktop, **changes: Any) -> bool:
    """Whether iam vouches for the desktop's session, or for one that differs in `changes`."""
    facts = {
        "tenant_id": desktop.tenant_id,
        "operator_id": desktop.operator_id,
        "device_id": desktop.device_id,
        "key_thumbprint": desktop.thumbprint,
        "session_id": desktop.session_id,
    } | changes
    return (await gateway.validate_session(facts.pop("session_id"), **facts, **common())).active


def test_iam_vouches_for_a_session_until_it_is_revoked(fresh: Simulator):
    """A session that was just opened is active for its own key and device only, and for nobody once it was revoked."""
    desktop = Desktop(fresh)

    async def use(gateway: IamGateway) -> None:
        assert await is_active(gateway, desktop)
        other_key = base64.urlsafe_b64encode(hashlib.sha256(b"other").digest()).decode().rstrip("=")
        assert not await is_active(gateway, desktop, key_thumbprint=other_key)
        assert not await is_active(gateway, desktop, device_id=fresh.device_of(desktop.tenant_id, 2))
        assert not await is_active(gateway, desktop, session_id=IamSessionId.parse("ses_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"))
        for _ in range(2):
            await gateway.revoke_session(
                desktop.session_id, tenant_id=desktop.tenant_id, reason="signed_out", **common()
            )
        assert not await is_active(gateway, desktop)

    with_gateway(fresh, "iam", use)


def test_iam_refreshes_with_the_desktops_proof_and_answers_the_same_twice(fresh: Simulator):
    """The proof for this service's address travels on; a second try within half a minute gets the same tokens."""
    desktop = Desktop(fresh)

    async def use(gateway: IamGateway) -> None:
        token = desktop.tokens["refreshToken"]
        answers = [
            await gateway.refresh(token, proof=desktop.proof(PUBLIC_REFRESH), device_id=desktop.device_id, **common())
            for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert answers[0].access_token != desktop.tokens["accessToken"]
        with pytest.raises(UpstreamRefusedError) as caught:
            await gateway.refresh("nonsense", proof=desktop.proof(PUBLIC_REFRESH), device_id=None, **common())
        assert (caught.value.status, caught.value.code) == (401, "MELMASTOON.IAM.REFRESH_INVALID")

    with_gateway(fresh, "iam", use)


def test_iam_publishes_its_keys(fresh: Simulator):
    """The key set is there without a tenant and holds the key that signs access tokens."""

    async def use(gateway: IamGateway) -> None:
        keys = json.loads(await gateway.key_set())["keys"]
        assert any(key["kty"] == "OKP" and key["crv"] == "Ed25519" for key in keys)

    with_gateway(fresh, "iam", use)


def test_tenant_service_knows_its_operators_and_nobody_elses(fresh: Simulator):
    """Roles, scope and names are the world's; another tenant's member has no membership here."""

    async def use(gateway: TenantGateway) -> None:
        mine, theirs = fresh.manager_of(0), fresh.manager_of(1)
        tenant_id = TenantId.parse(mine["tenantId"])
        operator = await gateway.operator(tenant_id, OperatorId.parse(mine["id"]), **common())
        assert operator is not None
        assert {role.value for role in operator.roles} == set(mine["roles"])
        assert list(operator.property_scope) == mine["propertyIds"]
        assert not operator.suspended
        assert await gateway.operator(tenant_id, OperatorId.parse(theirs["id"]), **common()) is None

    with_gateway(fresh, "tenant", use)


def test_tenant_service_tells_the_tenants_rules(fresh: Simulator):
    """Name, languages and policy come as they are set, also right after they were changed."""

    async def use(gateway: TenantGateway) -> None:
        tenant = fresh.world["tenants"][0]
        tenant_id = TenantId.parse(tenant["id"])
        before = await gateway.tenant(tenant_id, **common())
        assert (before.slug, before.display_name) == (tenant["slug"], tenant["name"])
        assert before.default_locale == tenant["defaultLocale"]
        assert before.issue_key_needs_mfa is False
        policy = {"issueKeyMfa": True, "chargeLimit": {"amountMicro": "70000000", "currency": "USD"}}
        fresh.control("PUT", f"tenants/{tenant_id}/policy", policy)
        after = await gateway.tenant(tenant_id, **common())
        assert after.issue_key_needs_mfa is True
        assert after.charge_limit is not None
        assert after.charge_limit.amount_micro == "70000000"

    with_gateway(fresh, "tenant", use)
