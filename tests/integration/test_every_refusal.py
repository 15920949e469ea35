"""Every refusal that the document gives to every route, made by the table: no route is left out, whenever it was added.

Contract sections 2.1 and 2.4. Whether an answer is as described is looked at on its way (`tests/answers.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from bff_backoffice.presentation.route_table import Access, Route
from bff_backoffice.presentation.routes import ROUTES
from tests.desktop import API, Desktop
from tests.isolation.every_route import OPERATOR_ROUTES, name_of, path_of, request
from tests.waiting import until
from tests.worlds import World, start_world

EVERY_ROUTE = pytest.mark.parametrize("route", OPERATOR_ROUTES, ids=name_of)
WITH_A_BODY = pytest.mark.parametrize("route", [each for each in OPERATOR_ROUTES if each.body is not None], ids=name_of)
OPEN_ROUTES = [each for each in ROUTES if each.access is Access.OPEN]

UNKNOWN_PROPERTY = "ppt_01JGFJJZ03J02SKYND46F9ZBK0"
UNKNOWN_DEVICE = "dev_01JGFJJZ03J02SKYND46F9ZBK0"
TOO_LONG = b"x" * 1_100_000
NOBODY_MAKES = "image/x-none"
BURST = 3


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which the faults of one test do not outlast it, and nothing is shed for the many that wait."""
    settings = {"BFF_UPSTREAM_BREAKERS": "false", "BFF_UPSTREAM_LIMITS": "false"}
    with start_world(tmp_path_factory.mktemp("swept"), environment=settings) as started:
        yield started


@pytest.fixture(scope="module")
def desk(swept: World) -> Desktop:
    """Somebody who may use every route."""
    desktop = swept.sign_in()
    assert desktop.get("/session").status_code == 200
    return desktop


@EVERY_ROUTE
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": None}, 401),
        ({"DPoP": "not a proof"}, 401),
        ({"X_Device_Id": UNKNOWN_DEVICE}, 403),
        ({"X_Property_Id": UNKNOWN_PROPERTY}, 404),
        ({"Accept": NOBODY_MAKES}, 406),
        ({"X_App_Platform": "toaster"}, 400),
        ({"X_App_Version": "0.0.1"}, 410),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else str(each),
)
def test_a_wrong_header_is_refused_by_every_route(
    swept: World, desk: Desktop, route: Route, headers: dict[str, str | None], status: int
) -> None:
    """One header is wrong, all else is good: the same refusal wherever it is sent."""
    answer = request(desk, route, swept.properties()[0], **headers)

    assert answer.status_code == status, answer.text


@EVERY_ROUTE
def test_a_body_that_is_too_long_is_refused_by_every_route(swept: World, desk: Desktop, route: Route) -> None:
    """413 before any credentials are looked at, also where no body is asked for."""
    url, json = swept.bff + API + path_of(route, desk), {"Content-Type": "application/json"}

    assert swept.http.request(route.method, url, content=TOO_LONG, headers=json).status_code == 413


@WITH_A_BODY
def test_a_wrong_body_is_refused_by_every_route_that_takes_one(swept: World, desk: Desktop, route: Route) -> None:
    """Of another type, no object: 415, 400."""
    property_id = swept.properties()[0]

    other_type = request(desk, route, property_id, **{"Content-Type": "text/plain"})
    no_object = request(desk, route, property_id, body=[])

    assert [answer.status_code for answer in (other_type, no_object)] == [415, 400]


@pytest.mark.parametrize("route", OPEN_ROUTES, ids=name_of)
def test_an_open_route_refuses_what_it_can_not_answer(swept: World, route: Route) -> None:
    """Another method, a representation that nobody makes, a malformed header, too much: without any credentials."""
    url = swept.bff + API + route.path

    answers = [
        swept.http.post(url),
        swept.http.get(url, headers={"Accept": NOBODY_MAKES}),
        swept.http.get(url, headers={"X-App-Platform": "toaster"}),
        swept.http.request("GET", url, content=TOO_LONG),
    ]

    assert [answer.status_code for answer in answers] == [405, 406, 400, 413]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"DPoP": "not a proof"}, {}, 401),
        ({"X-Device-Id": UNKNOWN_DEVICE}, {}, 401),
        ({"Accept": NOBODY_MAKES}, {}, 406),
        ({"X-App-Platform": "toaster"}, {}, 400),
        ({}, {"refreshToken": 1}, 400),
        ({}, {"refreshToken": "x" * 2_000_000}, 413),
        ({"Content-Type": "text/plain"}, {}, 415),
    ],
)
def test_refreshing_refuses_what_it_can_not_take(
    desk: Desktop, headers: dict[str, str], body: dict[str, object], status: int
) -> None:
    """The one route that takes a proof alone, wrong in one part each time."""
    url = f"{desk.base}{API}/auth/refresh"
    proven = {"DPoP": desk.key.proof("POST", url), "X-Device-Id": desk.device_id}

    answer = desk.http.post(url, json={"refreshToken": desk.tokens["refreshToken"], **body}, headers=proven | headers)

    assert answer.status_code == status, answer.text


def test_refreshing_by_another_method_is_refused(swept: World) -> None:
    """405 with what the path takes, whoever asks."""
    answer = swept.http.get(f"{swept.bff}{API}/auth/refresh")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def at_once(calls: list[Callable[[], httpx2.Response]]) -> list[httpx2.Response]:
    """All of them together: those that wait for an upstream wait together."""
    with ThreadPoolExecutor(max_workers=len(calls)) as desks:
        return [each.result() for each in [desks.submit(call) for call in calls]]


def said_so(call: Callable[[], httpx2.Response], status: int) -> httpx2.Response:
    """What a call says of an upstream that is away. Asked again where it came too late to say more than that.

    A machine that is busy with all routes at once may not hear the upstream's word in time, and that is a 504.
    """
    return until(lambda: answer if (answer := call()).status_code != 504 or status == 504 else None)


AWAY = pytest.mark.parametrize(
    ("mode", "more", "status"), [("error", {"status": 503}, 503), ("malformed", {}, 502), ("hang", {}, 504)]
)


@pytest.mark.parametrize(("mode", "more", "status"), [*AWAY.args[1], ("error", {"status": 403}, 403)], ids=str)
def test_refreshing_without_iam_says_how_iam_is_away(
    swept: World, mode: str, more: dict[str, int], status: int
) -> None:
    """Nobody else can refresh a token; what is wrong with iam is the answer."""
    desktop = swept.sign_in()
    swept.fault("iam-service", mode, **more)

    answer = said_so(desktop.refresh, status)
    swept.heal()

    assert answer.status_code == status, answer.text


@AWAY
def test_an_upstream_that_knows_the_operator_away_refuses_every_route(
    swept: World, mode: str, more: dict[str, int], status: int
) -> None:
    """Who can't be known can't be let in: the first request of a session says so, on whatever route it is."""
    property_id = swept.properties()[0]
    desks = [swept.sign_in() for _ in OPERATOR_ROUTES]
    swept.fault("iam-service", mode, **more)

    answers = at_once([
        lambda desktop=desktop, route=route: said_so(lambda: request(desktop, route, property_id), status)
        for desktop, route in zip(desks, OPERATOR_ROUTES, strict=True)
    ])  # fmt: skip
    swept.heal()

    assert {name_of(route): answer.status_code for route, answer in zip(OPERATOR_ROUTES, answers, strict=True)} == {
        name_of(route): status for route in OPERATOR_ROUTES
    }


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose devices may send three requests at once, and one more in an hour."""
    settings = {"BFF_RATE_DEVICE_BURST": str(BURST), "BFF_RATE_DEVICE_PER_SECOND": "0.0003"}
    with start_world(tmp_path_factory.mktemp("narrow"), environment=settings) as started:
        yield started


def devices_of(world: World, tenant: int) -> int:
    """How many devices a tenant has."""
    return sum(each["tenantId"] == world.tenants[tenant] for each in world.people["devices"])


@EVERY_ROUTE
def test_a_device_that_asks_too_often_is_told_when_to_come_back_by_every_route(narrow: World, route: Route) -> None:
    """429 with `Retry-After`, whatever the route, once the device's burst is used up."""
    # The tenant with enough devices for all routes: one that comes again would find its burst used up.
    tenant = max(range(len(narrow.tenants)), key=lambda each: devices_of(narrow, each))
    desktop = narrow.sign_in(tenant=tenant)
    for _ in range(BURST):
        assert desktop.get("/session").status_code == 200

    answer = request(desktop, route, narrow.properties(tenant)[0])

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == answer.json()["retryAfter"] > 0
    assert "remaining=0" in answer.headers["RateLimit"] or ";r=0" in answer.headers["RateLimit"]
