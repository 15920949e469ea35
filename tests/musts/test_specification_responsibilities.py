"""The specification's responsibilities and decisions, as far as this service does them, one test for each.

| Section | Held by |
|---|---|
| 4, aggregates: session 12 h, dashboard 30 s | test_contract_sessions.py, unit/dashboard/test_cache.py |
| 4, "stores no domain data" | `test_nothing_of_a_hotels_data_is_kept_in_postgres`, `test_what_is_cached_expires` |
| 5.1, downstream calls carry the context | `test_every_downstream_call_carries_the_resolved_context` |
| 5.2, independent fan-out with deadlines and skeletons | integration/test_weather.py |
| 4, a device's status, hints for 7 days | integration/test_devices.py |
| 5.7, handshake, token, cursor per device | integration/test_sync.py, unit/sync |
| 5.10, heartbeat every 60 s | integration/test_devices.py |
| 5.12, force-logout for the affected device alone | `test_a_forced_logout_ends_the_affected_device_alone` |
| 5.16, errors carry a localized message and a MELMASTOON code | described.py, integration/test_bad_input.py |
| 7, upstreams | test_upstream_isolation.py, `test_each_widget_asks_the_services_of_section_7` |
| 9, cursors cached, sync-service the authority | integration/test_sync.py, integration/test_offline_activity.py |
| 9, offline activity by the event pipeline | integration/test_offline_activity.py |
| 9, stateless on the hot path | `test_reading_a_board_writes_nothing_into_postgres` |
| 11, isolation at every layer | isolation/ |
| 12, `/bff/backoffice/v1` | test_contract_addresses_and_refusals.py |
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import pytest
import redis

from tests.desktop import Desktop
from tests.isolation.tables import owned_tables
from tests.waiting import until
from tests.worlds import World, start_world

ONE = "application/json"
NEVER = -1
"""Redis' word for a key that does not expire."""
WHO_ASKS = {"iam-service", "tenant-service"}
"""Asked who somebody is, before anything is known of the request's context, and at moments of their own."""


def claims(desktop: Desktop) -> dict[str, Any]:
    """What the desktop's token says."""
    return dict(jwt.decode(desktop.token, options={"verify_signature": False}))


def in_postgres(world: World, question: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    """What the database says to its owner."""

    async def main() -> Any:
        connection = await asyncpg.connect(world.postgres["owner"])
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(main())


def test_every_downstream_call_carries_the_resolved_context(world: World) -> None:
    """Section 5, responsibility 1: tenant, operator, device and request, on every call, whatever its dialect."""
    desk = world.sign_in("general_manager")
    desk.get("/session")
    world.control("DELETE", "requests")

    answer = desk.get("/dashboard", Accept=ONE)

    calls = [call for call in world.control("GET", "requests").json() if call["service"] not in WHO_ASKS]
    tenant, operator = (claims(desk)[name].partition("_")[2] for name in ("tid", "sub"))
    assert len(calls) > 10
    for call in calls:
        headers = {name.lower(): value for name, value in call["headers"].items()}
        assert headers["x-tenant-id"].endswith(tenant), call["service"]
        assert headers["x-operator-id"].endswith(operator), call["service"]
        assert headers["x-device-id"].endswith(desk.device_id.partition("_")[2]), call["service"]
        assert "general_manager" in headers["x-operator-roles"], call["service"]
        assert headers["x-request-id"].endswith(answer.headers["X-Request-Id"]), call["service"]


def test_each_widget_asks_the_services_of_section_7(world: World) -> None:
    """Every service that feeds tiles is asked for one, and the widget names it as its source."""
    desk = world.sign_in()
    desk.get("/session")
    world.control("DELETE", "requests")

    body = desk.get("/dashboard", Accept=ONE).json()

    asked = {call["service"] for call in world.control("GET", "requests").json()} - WHO_ASKS
    named = {source for widget in body["widgets"] for source in widget["sources"] if source.endswith("-service")}
    feeding = {
        "property-service", "reservation-service", "inventory-service", "pricing-service", "housekeeping-service",
        "maintenance-service", "billing-service", "ai-orchestrator-service", "notification-service",
        "analytics-service",
    }  # fmt: skip
    assert asked == feeding
    assert feeding <= named | {"bff-backoffice-service"}


def test_a_forced_logout_ends_the_affected_device_alone(world: World) -> None:
    """Section 5, responsibility 12: a colleague's session, and the operator's own on another device, go on."""
    operator = world.operator("owner")
    affected, same_person = (world.sign_in(operator=operator) for _ in range(2))
    colleague = world.sign_in("front_desk")
    for desk in (affected, same_person, colleague):
        assert desk.get("/session").status_code == 200

    world.publish(
        "melmastoon.iam.session.revoked.v1",
        world.tenants[0],
        {
            "sessionId": claims(affected)["sid"],
            "userId": operator["id"],
            "deviceId": affected.device_id,
            "reason": "test",
        },
    )

    until(lambda: affected.get("/session").status_code == 401)
    assert same_person.get("/session").status_code == 200
    assert colleague.get("/session").status_code == 200


def test_what_is_cached_expires(world: World) -> None:
    """Section 4: everything that was read for a tenant is gone by itself, at most ten and a half minutes later."""
    world.sign_in().get("/dashboard", Accept=ONE)
    client = redis.Redis.from_url(world.redis)

    left = {key: client.ttl(key) for key in client.scan_iter("tnt_*")}
    client.close()

    assert left
    for key, seconds in left.items():
        assert seconds != NEVER, key
        if b":projection:" in key:
            assert seconds <= 630, key


NAMED = {"mfa_attestations": frozenset({"amount"})}
"""What a second factor was proven for: five minutes long, and of the act and not of the folio."""


def test_nothing_of_a_hotels_data_is_kept_in_postgres(world: World) -> None:
    """Section 4: sessions that were ended and what devices say of themselves, and no room, guest or amount."""
    desk = world.sign_in()
    desk.get("/dashboard", Accept=ONE)

    async def columns(connection: asyncpg.Connection) -> set[str]:
        names = set()
        for table in await owned_tables(connection):
            rows = await connection.fetch(
                "select column_name from information_schema.columns"
                " where table_schema = 'bff_backoffice' and table_name = $1",
                table,
            )
            names |= {row["column_name"] for row in rows} - NAMED.get(table, frozenset())
        return names

    found = in_postgres(world, columns)

    assert {"tenant_id", "device_id"} <= found
    for word in ("guest", "room", "reservation", "folio", "amount", "price", "rate_", "lock_", "credential", "token"):
        assert not [name for name in found if word in name], word


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[World]:
    """A world that tells nobody of a board that was looked at: what is told goes by way of Postgres (section 9)."""
    with start_world(tmp_path / "silent", environment={"BFF_TELEMETRY_SAMPLING": "dashboard.viewed=0"}) as started:
        yield started


def test_reading_a_board_writes_nothing_into_postgres(silent: World) -> None:
    """Section 9: the hot path keeps no state of its own."""
    world, desk = silent, silent.sign_in()
    desk.get("/dashboard", Accept=ONE)

    async def written(connection: asyncpg.Connection) -> int:
        # Numbers of the statistics view lag behind; the next transaction number does not.
        return int(await connection.fetchval("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))

    def nothing_written(accept: str) -> bool:
        world.forget_cache()
        before = in_postgres(world, written)
        assert desk.get("/dashboard", Accept=accept).status_code == 200
        return bool(in_postgres(world, written) == before)

    for accept in (ONE, "text/html", "application/x-ndjson"):
        # The server's own upkeep, and the worker's, may draw a number at any moment, but not at every one.
        until(lambda accept=accept: nothing_written(accept))
