"""What a tenant decides about its desks, over real sockets: the floor of builds, suspension, how soon they count.

Every test leaves the tenants as they began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from bff_backoffice.presentation.route_table import Route
from tests.desktop import Desktop
from tests.isolation.every_route import ENDS_THE_SESSION, OPERATOR_ROUTES, name_of, request, served
from tests.musts.described import Described
from tests.waiting import handled, until
from tests.worlds import World

TOO_OLD = "MELMASTOON.BFF.BACKOFFICE.APP_VERSION_UNSUPPORTED"
SUSPENDED = "MELMASTOON.BFF.BACKOFFICE.OPERATOR_SUSPENDED"
HEARTBEAT = {"sentAt": "2026-11-22T10:00:00Z", "queueDepth": 0, "networkProfile": "good", "appVersion": "1.4.2"}

EVERY_ROUTE = pytest.mark.parametrize("route", OPERATOR_ROUTES, ids=name_of)


@pytest.fixture
def tenants(world: World) -> Iterator[World]:
    """The world, whose tenants are as they began afterwards."""
    yield world
    for tenant in world.tenants:
        world.publish("melmastoon.tenant.reactivated.v1", tenant, {})
        world.control("PUT", f"tenants/{tenant}/policy", {"appVersionFloor": "1.0.0"})
    for desk in (world.sign_in(), world.sign_in(tenant=1)):
        eventually(lambda desk=desk: desk.get("/session", X_App_Version="1.0.0"), 200)


def set_floor(world: World, floor: str, tenant: int = 0) -> None:
    """The tenant's least build, as tenant-service has it."""
    world.control("PUT", f"tenants/{world.tenants[tenant]}/policy", {"appVersionFloor": floor})


def eventually(ask: Callable[[], httpx2.Response], status: int) -> httpx2.Response:
    """Ask until the answer has this status. What nobody announces is believed for minutes."""
    return until(lambda: (answer := ask()).status_code == status and answer)


def floor_told(desktop: Desktop) -> str:
    """The floor as a heartbeat tells it."""
    answer = desktop.request("POST", f"/devices/{desktop.device_id}/heartbeat", json_body=HEARTBEAT)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["appVersionFloor"])


def test_a_build_below_the_floor_is_refused_promptly_and_one_above_it_is_not(tenants: World) -> None:
    """410 within seconds of the tenant's decision, in the operator's language, as the document describes."""
    # Both before the change: whoever finds no free device has the world reset, and the floor with it.
    desktop, other = tenants.sign_in(), tenants.sign_in()
    assert desktop.get("/session", X_App_Version="1.9.3").status_code == 200

    set_floor(tenants, "1.10.0")
    refused = eventually(lambda: desktop.get("/session", X_App_Version="1.9.3"), 410)

    assert Described.by(tenants).check(refused).json()["code"] == TOO_OLD
    assert "1.10.0" in refused.json()["detail"]
    assert refused.json()["retriable"] is False
    assert refused.json()["userMessage"]["lang"] == other.get("/session").json()["locale"]
    assert desktop.get("/session", X_App_Version="1.10.0").status_code == 200
    assert desktop.get("/session", X_App_Version="1.10.0-rc.1").status_code == 410
    assert desktop.get("/session", X_App_Version="1.10.1+build.7").status_code == 200


def test_a_floor_that_is_lowered_again_lets_the_build_in_again(tenants: World) -> None:
    """As promptly as it was refused."""
    desktop = tenants.sign_in()
    set_floor(tenants, "9.0.0")
    eventually(lambda: desktop.get("/session", X_App_Version="1.4.2"), 410)

    set_floor(tenants, "1.4.2")

    eventually(lambda: desktop.get("/session", X_App_Version="1.4.2"), 200)


def test_a_reset_world_has_its_old_floor(tenants: World) -> None:
    """The simulator tells what a reset changes, so nobody waits five minutes for it."""
    desktop = tenants.sign_in()
    set_floor(tenants, "9.0.0")
    eventually(lambda: desktop.get("/session", X_App_Version="1.4.2"), 410)

    tenants.control("POST", "reset")

    eventually(lambda: desktop.get("/session", X_App_Version="1.4.2"), 200)


def test_a_heartbeat_tells_the_floor(tenants: World) -> None:
    """So that a desktop can update itself before it has to."""
    desktop = tenants.sign_in()
    assert floor_told(desktop) == "1.0.0"

    set_floor(tenants, "1.3.0")

    until(lambda: floor_told(desktop) == "1.3.0")


def test_a_floor_is_the_tenants_own(tenants: World) -> None:
    """The other tenant's desks go on."""
    ours, theirs = tenants.sign_in(), tenants.sign_in(tenant=1)
    set_floor(tenants, "9.0.0")

    eventually(lambda: ours.get("/session", X_App_Version="1.4.2"), 410)

    assert theirs.get("/session", X_App_Version="1.4.2").status_code == 200


@pytest.mark.parametrize(
    ("version", "status"), [(None, 200), ("", 400), ("1.4", 400), ("v1.4.2", 400), ("latest", 400)]
)
def test_a_build_that_does_not_name_itself_is_not_refused_as_too_old(
    tenants: World, version: str | None, status: int
) -> None:
    """Without the header nobody knows that it is; what is no version is malformed, at its turn."""
    desktop = tenants.sign_in()
    set_floor(tenants, "9.0.0")
    eventually(lambda: desktop.get("/session", X_App_Version="1.4.2"), 410)

    assert desktop.get("/session", X_App_Version=version).status_code == status


@pytest.fixture(scope="module")
def old_desk(shared_world: World) -> Iterator[Desktop]:
    """A desk whose build is below the floor of its tenant, for the tests of every route."""
    desk = shared_world.sign_in()
    set_floor(shared_world, "9.0.0")
    eventually(lambda: desk.get("/session", X_App_Version="1.4.2"), 410)
    yield desk
    set_floor(shared_world, "1.0.0")
    eventually(lambda: desk.get("/session", X_App_Version="1.4.2"), 200)


@EVERY_ROUTE
def test_every_authenticated_route_refuses_a_build_below_the_floor(
    shared_world: World, old_desk: Desktop, route: Route
) -> None:
    """After credentials, device and session, and before property, role and shape (contract, section 2.1)."""
    place = shared_world.properties()[0]

    for headers in ({}, {"X-Property-Id": shared_world.properties(1)[0]}, {"X-App-Platform": "amiga"}):
        body = {"no": "shape"} if route.body else None
        answer = request(old_desk, route, place, body=body, X_App_Version="1.4.2", **headers)
        assert (answer.status_code, answer.json()["code"]) == (410, TOO_OLD), headers
    stranger = request(old_desk, route, place, X_App_Version="1.4.2", X_Device_Id="dev_01JGFJJZ03J02SKYND46F9ZBK0")
    assert stranger.status_code == 403
    if route.operation_id not in ENDS_THE_SESSION:
        assert served(route, request(old_desk, route, place, X_App_Version="9.0.0"))


@pytest.mark.parametrize("verb", ["suspended", "deleted"])
def test_people_of_a_suspended_or_deleted_tenant_are_refused_promptly(tenants: World, verb: str) -> None:
    """Sessions that were open before the event too; the other tenant's go on."""
    ours, theirs = tenants.sign_in("front_desk"), tenants.sign_in(tenant=1)
    assert ours.get("/session").status_code == 200

    tenants.publish(f"melmastoon.tenant.{verb}.v1", tenants.tenants[0], {})
    refused = eventually(lambda: ours.get("/session"), 403)

    assert Described.by(tenants).check(refused).json()["code"] == SUSPENDED
    assert theirs.get("/session").status_code == 200
    assert tenants.sign_in().get("/session").status_code == 403


def test_a_reactivated_tenant_works_again(tenants: World) -> None:
    """The same session goes on."""
    desktop = tenants.sign_in()
    tenants.publish("melmastoon.tenant.suspended.v1", tenants.tenants[0], {})
    eventually(lambda: desktop.get("/session"), 403)

    tenants.publish("melmastoon.tenant.reactivated.v1", tenants.tenants[0], {})

    eventually(lambda: desktop.get("/session"), 200)


def test_a_tenant_service_that_goes_away_takes_no_desk_along(tenants: World) -> None:
    """What is known of tenant and operator lasts for a while, and a change that is announced meanwhile ends nothing."""
    desktop = tenants.sign_in()
    assert desktop.get("/session").status_code == 200
    tenants.fault("tenant-service", "error", status=503)

    tenants.publish("melmastoon.tenant.config_updated.v1", tenants.tenants[0], {})
    handled(tenants)

    for _ in range(10):
        assert desktop.get("/session").status_code == 200
    tenants.heal()


def test_a_profile_costs_one_call_however_many_desks_there_are(tenants: World) -> None:
    """Tenant-service hears of a tenant once, and of each operator."""
    desks = [tenants.sign_in() for _ in range(5)]
    tenants.publish("melmastoon.tenant.config_updated.v1", tenants.tenants[0], {})
    handled(tenants)
    tenants.control("DELETE", "requests")

    for desk in desks * 3:
        assert desk.get("/session").status_code == 200

    calls = tenants.control("GET", "requests?service=tenant-service").json()
    profiles = [call for call in calls if call["path"].endswith(tenants.tenants[0])]
    # A second one is that of a slow first one: two hundredths of all reads may be hedged.
    assert len(profiles) <= 2
