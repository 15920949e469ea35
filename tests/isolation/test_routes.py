"""No route tells an operator anything about another tenant, not even that it exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest

from bff_backoffice.presentation.route_table import Route
from tests.desktop import Desktop, DeviceKey
from tests.isolation.canaries import canaries, found_in
from tests.isolation.every_route import ENDS_THE_SESSION, OPERATOR_ROUTES, answered, name_of, served
from tests.worlds import World

EVERY_ROUTE = pytest.mark.parametrize("route", OPERATOR_ROUTES, ids=name_of)
WITH_AN_ID = pytest.mark.parametrize("route", [each for each in OPERATOR_ROUTES if "{" in each.path], ids=name_of)

UNKNOWN_PROPERTY = "ppt_01JGFJJZ03J02SKYND46F9ZBK0"
UNKNOWN_DEVICE = "dev_01JGFJJZ03J02SKYND46F9ZBK0"
OWN_OF_A_REFUSAL = ("requestId", "traceId", "instance")


@dataclass
class TwoDesks:
    """A desk of each of two tenants, and what it may see."""

    world: World
    ours: Desktop
    theirs: Desktop

    @property
    def our_property(self) -> str:
        """Our primary property."""
        return self.world.properties(0)[0]

    @property
    def their_property(self) -> str:
        """The other tenant's primary property."""
        return self.world.properties(1)[0]


def opened(world: World, tenant: int) -> Desktop:
    """A desk with an open session, which outlives a reset of the simulator."""
    desk = world.sign_in(tenant=tenant)
    assert desk.get("/session").status_code == 200
    return desk


@pytest.fixture(scope="module")
def signed_in(shared_world: World) -> TwoDesks:
    """Two desks for the whole module: none of its tests ends a session."""
    return TwoDesks(shared_world, opened(shared_world, 0), opened(shared_world, 1))


@pytest.fixture
def desks(signed_in: TwoDesks) -> Iterator[TwoDesks]:
    """The desks, with a healthy platform around them."""
    yield signed_in
    signed_in.world.heal()


def refusal(answer: httpx2.Response) -> dict[str, Any]:
    """The refusal's document without what is its own; its headers are the same for all."""
    assert answer.status_code == 404, answer.text
    body: dict[str, Any] = answer.json()
    return {name: value for name, value in body.items() if name not in OWN_OF_A_REFUSAL}


def telling_headers(answer: httpx2.Response) -> dict[str, str]:
    """The headers but for those that are different in every answer, whatever was asked."""
    # The length is that of the path in `instance`; each request leaves one less of the rate limit.
    own = {"x-request-id", "traceparent", "date", "content-length", "ratelimit"}
    return {name: value for name, value in answer.headers.items() if name.lower() not in own}


@EVERY_ROUTE
def test_a_foreign_property_is_the_same_as_one_that_does_not_exist(desks: TwoDesks, route: Route) -> None:
    """By header and by query: the same bytes, none of them an identifier, for every route."""
    answers = [
        answered(desks.ours, route, desks.our_property, X_Property_Id=wanted)
        for wanted in (desks.their_property, UNKNOWN_PROPERTY, "ppt_nonsense")
    ]
    answers += [
        answered(desks.ours, route, desks.our_property, query=f"?propertyId={wanted}")
        for wanted in (desks.their_property, UNKNOWN_PROPERTY, "ppt_nonsense")
    ]

    assert len({str(refusal(answer)) for answer in answers}) == 1
    assert len({str(telling_headers(answer)) for answer in answers}) == 1
    assert "ppt_" not in str(refusal(answers[0]))


@WITH_AN_ID
def test_a_foreign_id_in_the_path_is_the_same_as_one_that_does_not_exist(desks: TwoDesks, route: Route) -> None:
    """A device of another tenant, one of nobody, and a text that is no identifier at all get the same bytes."""
    ids = (desks.theirs.device_id, UNKNOWN_DEVICE, "nonsense", "%2e%2e", desks.their_property)

    answers = [answered(desks.ours, route, desks.our_property, path={"id": each, "widgetId": each}) for each in ids]

    assert len({str(refusal(answer)) for answer in answers}) == 1
    assert len({str(telling_headers(answer)) for answer in answers}) == 1
    assert not any(prefix in str(refusal(answers[0])) for prefix in ("dev_", "ppt_", "tnt_"))


def test_a_foreign_id_in_a_body_is_the_same_as_one_that_does_not_exist(desks: TwoDesks) -> None:
    """Choosing a property names it in the body; there too it does not exist."""
    answers = [
        desks.ours.request("PUT", "/session/property", json_body={"propertyId": wanted})
        for wanted in (desks.their_property, UNKNOWN_PROPERTY, "ppt_nonsense", "")
    ]

    assert len({str(refusal(answer)) for answer in answers}) == 1
    assert desks.ours.get("/session").json()["primaryPropertyId"] == desks.our_property


@pytest.mark.parametrize("kind", ["reservations", "folios"])
def test_a_thing_of_another_hotel_is_the_same_as_one_that_does_not_exist(desks: TwoDesks, kind: str) -> None:
    """Also where both hotels are the tenant's own and the operator works in both: the request is about one of them."""
    member = {"reservations": "id", "folios": "folioId"}[kind]
    here, there = desks.world.properties(0)[:2]

    def one_of(property_id: str) -> str:
        stays = desks.world.people["reservations"]
        return next(str(each[member]) for each in stays if each["propertyId"] == property_id and each.get("folioId"))

    theirs, nobodys = one_of(there), one_of(there)[:4] + UNKNOWN_DEVICE[4:]
    answers = [desks.ours.get(f"/{kind}/{each}", X_Property_Id=here) for each in (theirs, nobodys)]

    assert desks.ours.get(f"/{kind}/{theirs}", X_Property_Id=there).status_code == 200
    assert len({str(refusal(answer)) for answer in answers}) == 1
    assert len({str(telling_headers(answer)) for answer in answers}) == 1


@EVERY_ROUTE
def test_no_answer_may_be_kept_on_the_way(desks: TwoDesks, route: Route) -> None:
    """Neither an answer nor a refusal: a cache in between knows no tenants."""
    answers = [answered(desks.ours, route, desks.our_property, X_Property_Id=UNKNOWN_PROPERTY)]
    if route.operation_id not in ENDS_THE_SESSION:
        answers.append(answered(desks.ours, route, desks.our_property))

    for answer in answers:
        said = {each.strip() for each in answer.headers["cache-control"].split(",")}
        assert {"private", "no-store"} <= said, answer.headers["cache-control"]


@pytest.mark.parametrize("suffix", ["/x.css", ".css", "/", ";x.css", "%2fx.css", "%00"])
def test_a_path_with_something_behind_it_is_no_route(desks: TwoDesks, suffix: str) -> None:
    """Whoever is sent to `/dashboard/x.css` gets nothing that a cache would keep as a style sheet."""
    answer = desks.ours.get(f"/session{suffix}")

    assert answer.status_code == 404, answer.text
    assert not found_in(answer.content, canaries(desks.world, 0))


@EVERY_ROUTE
def test_a_token_works_on_its_own_device_only(desks: TwoDesks, route: Route) -> None:
    """Under the device of another tenant it is refused before anything is looked up."""
    answer = answered(desks.ours, route, desks.our_property, X_Device_Id=desks.theirs.device_id)

    assert answer.status_code == 403
    assert answer.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.DEVICE_MISMATCH"
    assert not found_in(answer.content, canaries(desks.world, 1))


@EVERY_ROUTE
def test_a_token_works_with_its_own_key_only(desks: TwoDesks, route: Route) -> None:
    """Another tenant's device key proves nothing for our token."""
    thief = replace(desks.ours, key=desks.theirs.key)

    answer = answered(thief, route, desks.our_property)

    assert answer.status_code == 401
    assert answer.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.PROOF_INVALID"


@EVERY_ROUTE
def test_what_a_client_says_of_its_tenant_counts_for_nothing(desks: TwoDesks, route: Route) -> None:
    """The tenant is the token's: no header and no parameter changes it, neither here nor at the upstreams."""
    if route.operation_id in ENDS_THE_SESSION:
        operator = desks.world.operator()
        desk = Desktop.sign_in(desks.world, operator, desks.world.device(), key=DeviceKey())
    else:
        desk = desks.ours
    foreign = desks.world.tenants[1]
    desks.world.forget_cache()
    desks.world.control("DELETE", "requests")

    answer = answered(
        desk, route, desks.our_property, query=f"?tenantId={foreign}&tenant={foreign}", X_Tenant_Id=foreign,
        X_Operator_Id=desks.world.operator(tenant=1)["id"], X_Tenant_ID=foreign, baggage=f"tenant={foreign}",
    )  # fmt: skip

    assert served(route, answer), answer.text
    calls = desks.world.control("GET", "requests").content
    for content in (answer.content, calls):
        assert not found_in(content, canaries(desks.world, 1))


def test_a_person_of_one_tenant_can_not_sign_in_on_a_device_of_another(desks: TwoDesks) -> None:
    """Iam refuses it, so a token that mixes two tenants does not come into being."""
    world, key = desks.world, DeviceKey()
    url = f"{world.sim}/iam-service/api/v1/auth/sign-in"
    operator = world.operator()
    body = {
        "username": operator["username"],
        "password": operator["password"],
        "deviceId": world.device(1),
    }

    answer = world.http.post(url, json=body, headers={"DPoP": key.proof("POST", url)})

    assert 400 <= answer.status_code < 500


def test_strings_that_leaked_would_be_seen(desks: TwoDesks) -> None:
    """What the tests of this folder look for is there in the answers of the other tenant, in every representation."""
    theirs = canaries(desks.world, 1)
    boards = [
        desks.theirs.get("/dashboard", Accept=accept)
        for accept in ("application/json", "application/x-ndjson", "text/event-stream", "text/html")
    ]

    assert all(found_in(board.content, theirs) for board in boards)
    assert desks.their_property in found_in(desks.theirs.get("/session").content, theirs)
    assert found_in('{"name": "\\u0644\\u06cc\\u0644\\u0627"}', {"لیلا"}) == {"لیلا"}
