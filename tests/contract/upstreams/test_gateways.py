"""Every gateway method against recorded answers, over a real socket: what it asks, understands and refuses."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from bff_backoffice.application.ports import UpstreamInvalidResponseError, UpstreamRefusedError, UpstreamTimeoutError
from bff_backoffice.application.sessions.ports import SessionValidation
from bff_backoffice.infrastructure.http.headers import ALLOWED
from bff_backoffice.infrastructure.upstreams import iam
from bff_backoffice.infrastructure.upstreams.housekeeping import HousekeepingGateway
from bff_backoffice.infrastructure.upstreams.iam import IamGateway
from bff_backoffice.infrastructure.upstreams.lock_integration import LockIntegrationGateway
from bff_backoffice.infrastructure.upstreams.property import PropertyGateway
from bff_backoffice.infrastructure.upstreams.reservation import ReservationGateway
from bff_backoffice.infrastructure.upstreams.sync import SyncGateway
from bff_backoffice.infrastructure.upstreams.tenant import TenantGateway
from tests.contract.upstreams.recorded import (
    EXCHANGES,
    ROOM_1,
    ROOM_2,
    THE_DEVICE,
    THE_OPERATOR,
    THE_SESSION,
    THE_TENANT,
    TRACE_ID,
    ULID,
    Exchange,
    some_call,
)
from tests.contract.upstreams.recorded_inboxes import INBOX_EXCHANGES
from tests.contract.upstreams.scripted import (
    ScriptedUpstream,
    always,
    bounds,
    http_answer,
    in_turn,
    scripted,
    some_client,
)

COMMON_HEADERS = {
    "host", "accept", "authorization", "traceparent", "x-request-id", "x-request-timeout-ms", "x-request-deadline",
}  # fmt: skip
BODY_HEADERS = {"content-length", "content-type"}
EVERY_EXCHANGE = (*EXCHANGES, *INBOX_EXCHANGES)
the_exchange = {exchange.name: exchange for exchange in EVERY_EXCHANGE}
every_exchange = pytest.mark.parametrize("exchange", EVERY_EXCHANGE, ids=lambda exchange: exchange.name)


def asked(exchange: Exchange, answer: object = None) -> tuple[object, ScriptedUpstream]:
    """The result of the exchange's call when the upstream gives this answer, or the recorded one."""

    async def run() -> tuple[object, ScriptedUpstream]:
        body = json.dumps(exchange.answer if answer is None else answer).encode()
        async with scripted(always(http_answer(body))) as upstream, some_client(upstream.url) as (client, _):
            return await exchange.ask(client), upstream

    return asyncio.run(run())


@every_exchange
def test_the_recorded_answer_is_understood(exchange: Exchange):
    """The gateway makes of its upstream's answer exactly what the screens need."""
    result, _ = asked(exchange)
    assert result == exchange.result


@every_exchange
def test_the_call_is_made_in_the_upstreams_dialect(exchange: Exchange):
    """Address, query, headers, prefixes and body are the ones of the upstream agreement, and nothing else is sent."""
    _, upstream = asked(exchange)
    (seen,) = upstream.requests
    assert (seen.method, seen.path) == (exchange.method, exchange.target)
    sent = {name: value for name, value in seen.headers.items() if name not in COMMON_HEADERS | BODY_HEADERS}
    assert sent == exchange.headers
    assert set(seen.headers) - {"host", "content-length"} <= ALLOWED
    assert set(seen.headers) >= COMMON_HEADERS
    assert seen.headers["authorization"] == "Bearer the-service-token"
    assert seen.headers["x-request-id"] == f"req_{ULID}"
    assert seen.headers["traceparent"].startswith(f"00-{TRACE_ID}-")
    assert (msgspec.json.decode(seen.body) if seen.body else None) == exchange.body


def members(value: object, prefix: str = "") -> Iterator[str]:
    """The path of every member of the answer; of a list, the first element stands for all."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield prefix + name
            yield from members(member, f"{prefix}{name}.")
    elif isinstance(value, list) and value:
        yield from members(value[0], f"{prefix}0.")


def place_of(answer: Any, path: str) -> tuple[Any, str]:
    """The object that holds the member of this path, and the member's name."""
    *parents, name = path.split(".")
    for parent in parents:
        answer = answer[int(parent)] if isinstance(answer, list) else answer[parent]
    return answer, name


every_member = pytest.mark.parametrize(
    ("exchange", "path"),
    [
        pytest.param(exchange, path, id=f"{exchange.name}-{path}")
        for exchange in EVERY_EXCHANGE
        for path in members(exchange.answer)
    ],
)


@every_member
def test_a_member_that_drifts_away_is_noticed(exchange: Exchange, path: str):
    """Without a member that is needed the answer is invalid, never half a value; without another nothing changes."""
    drifted = copy.deepcopy(exchange.answer)
    holder, name = place_of(drifted, path)
    del holder[name]
    if path in exchange.tolerated:
        result, _ = asked(exchange, drifted)
        assert type(result) is type(exchange.result)
    else:
        with pytest.raises(UpstreamInvalidResponseError):
            asked(exchange, drifted)


@every_member
def test_a_member_that_changes_its_type_is_noticed(exchange: Exchange, path: str):
    """A member of another type makes the answer invalid, or is one that nobody reads; it is never an error of ours."""
    drifted = copy.deepcopy(exchange.answer)
    holder, name = place_of(drifted, path)
    holder[name] = [[{"unexpected": True}]]
    try:
        result, _ = asked(exchange, drifted)
    except UpstreamInvalidResponseError:
        return
    assert path in exchange.tolerated
    assert type(result) is type(exchange.result)


@pytest.mark.parametrize(
    "name",
    [
        "inventory.rooms_sold", "reservation.arrivals", "reservation.departures", "reservation.in_house",
        "housekeeping.rooms", "property.property_card",
    ],
)  # fmt: skip
def test_an_answer_about_another_property_is_never_shown(name: str):
    """A mixed-up answer of a neighbour is invalid, whatever prefix it comes with."""
    exchange = the_exchange[name]
    member = "id" if name == "property.property_card" else "propertyId"
    prefix = str(exchange.answer[member]).partition("_")[0]
    with pytest.raises(UpstreamInvalidResponseError):
        asked(exchange, {**exchange.answer, member: f"{prefix}_{ROOM_1}"})


@pytest.mark.parametrize(
    ("name", "member"), [("tenant.operator", "tenantId"), ("tenant.operator", "userId"), ("tenant.tenant", "id")]
)
def test_an_answer_about_another_tenant_or_operator_is_never_believed(name: str, member: str):
    """Roles and scope come from an answer about exactly this membership, or from none."""
    exchange = the_exchange[name]
    answer = copy.deepcopy(dict(exchange.answer))
    data = answer["data"]
    assert isinstance(data, dict)
    data[member] = f"{str(data[member]).partition('_')[0]}_{ROOM_1}"
    with pytest.raises(UpstreamInvalidResponseError):
        asked(exchange, answer)


def test_a_long_list_of_rooms_is_read_page_by_page():
    """A cursor is followed to its end, and rooms of all pages are there."""
    pages = [
        {"items": [{"roomId": f"rom_{ROOM_1}", "status": "dirty"}], "nextCursor": "p 2&x"},
        {"items": [{"roomId": f"rom_{ROOM_2}", "status": "ready"}], "nextCursor": None},
    ]
    script = in_turn(*(always(http_answer(msgspec.json.encode(page))) for page in pages))

    async def run() -> None:
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            statuses = await HousekeepingGateway(client).room_statuses(some_call())
            assert statuses == {ROOM_1: "dirty", ROOM_2: "ready"}
            assert upstream.requests[1].path.endswith("&limit=500&cursor=p+2%26x")

    asyncio.run(run())


def test_a_list_that_never_ends_is_given_up():
    """A cursor that goes in circles is a broken upstream, not an endless loop of ours."""
    rooms = always(http_answer(b'{"items": [], "nextCursor": "again"}'))

    async def run() -> None:
        async with scripted(rooms) as upstream, some_client(upstream.url) as (client, _):
            with pytest.raises(UpstreamInvalidResponseError):
                await HousekeepingGateway(client).room_statuses(some_call())
            with pytest.raises(UpstreamInvalidResponseError):
                await ReservationGateway(client).due_arrivals(some_call(), within_minutes=180)
            assert len(upstream.requests) <= 20

    asyncio.run(run())


def test_a_due_arrival_without_a_room_is_still_one():
    """A guest whose room is not assigned yet is due all the same."""
    exchange = the_exchange["reservation.due_arrivals"]
    answer = copy.deepcopy(dict(exchange.answer))
    items = answer["items"]
    assert isinstance(items, list)
    items[0]["roomId"] = None
    result, _ = asked(exchange, answer)
    assert isinstance(result, tuple)
    assert result[0].room_ulid is None


def test_a_photo_that_is_no_web_address_is_not_handed_on():
    """A picture's address that a page must not follow is dropped; the card stays."""
    exchange = the_exchange["property.property_card"]
    answer = {**exchange.answer, "coverPhoto": {"url": "javascript:alert(1)"}}
    result, _ = asked(exchange, answer)
    assert result == msgspec.structs.replace(exchange.result, photo_url=None, photo_alt=None)


def problem(status: int, code: str) -> bytes:
    """A refusal in the flat dialect."""
    body = msgspec.json.encode({"type": "about:blank", "code": code, "title": "No", "status": status})
    return http_answer(body, status=status, content_type="application/problem+json")


def test_an_operator_without_a_membership_is_none():
    """tenant-service's 404 means that there is no such operator here; a bare 404 of something in between does not."""
    exchange = the_exchange["tenant.operator"]

    async def run() -> None:
        script = in_turn(
            always(problem(404, "MELMASTOON.MEMBERSHIP.NOT_FOUND")),
            always(http_answer(b"<h1>404</h1>", status=404, content_type="text/html")),
        )
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            assert await exchange.ask(client) is None
            with pytest.raises(UpstreamInvalidResponseError):
                await exchange.ask(client)

    asyncio.run(run())


@pytest.mark.parametrize(("state", "suspended"), [("suspended", True), ("frozen_by_new_rule", True), ("active", False)])
def test_an_operator_who_is_not_active_is_suspended(state: str, suspended: bool):  # noqa: FBT001 - a parameter of pytest
    """Only `active` lets somebody in; a state that nobody here knows does not."""
    exchange = the_exchange["tenant.operator"]
    answer = copy.deepcopy(dict(exchange.answer))
    answer["data"]["state"] = state
    result, _ = asked(exchange, answer)
    assert result == replace(exchange.result, suspended=suspended)


def test_a_removed_operator_is_none():
    """A membership that was removed is no membership."""
    exchange = the_exchange["tenant.operator"]
    answer = copy.deepcopy(dict(exchange.answer))
    answer["data"]["state"] = "removed"
    result, _ = asked(exchange, answer)
    assert result is None


def test_a_role_that_nobody_here_knows_grants_nothing_and_is_counted():
    """New role names of tenant-service are told to whoever counts them."""
    exchange = the_exchange["tenant.operator"]
    heard: list[str] = []

    async def run() -> None:
        body = json.dumps(exchange.answer).encode()
        async with scripted(always(http_answer(body))) as upstream, some_client(upstream.url) as (client, _):
            gateway = TenantGateway(client, heard.append)
            operator = await gateway.operator(
                THE_TENANT, THE_OPERATOR, request_id=ULID, traceparent="", deadline=bounds().deadline
            )
            assert operator == exchange.result

    asyncio.run(run())
    assert heard == ["spa_wizard"]


@pytest.mark.parametrize(
    ("answer", "validation"),
    [
        (http_answer(b'{"active": false, "reason": "revoked"}'), SessionValidation(active=False, reason="revoked")),
        (http_answer(b'{"active": false}'), SessionValidation(active=False, reason="unknown")),
        (problem(404, "MELMASTOON.IAM.SESSION_NOT_FOUND"), SessionValidation(active=False, reason="unknown")),
    ],
)
def test_a_session_that_iam_does_not_vouch_for_is_not_active(answer: bytes, validation: SessionValidation):
    """A revoked session and an unknown one are both answers, not failures."""

    async def run() -> object:
        async with scripted(always(answer)) as upstream, some_client(upstream.url) as (client, _):
            return await the_exchange["iam.validate_session"].ask(client)

    assert asyncio.run(run()) == validation


@pytest.mark.parametrize(("settings", "milliseconds"), [({"validate_seconds": 3.0}, (1, 3000)), ({}, (1, 200))])
def test_a_validation_is_not_waited_for_as_long_as_a_refresh(settings: dict[str, float], milliseconds: tuple[int, int]):
    """Opening a session waits 200 ms for iam and says so, a third of what iam's other calls may take."""

    async def run() -> None:
        body = json.dumps(the_exchange["iam.validate_session"].answer).encode()
        never_open = {"breaker_enabled": False}
        async with (
            scripted(always(http_answer(body))) as upstream,
            some_client(upstream.url, **never_open) as (client, _),
        ):
            gateway = IamGateway(client, **settings)
            # On a machine that is very busy, 200 ms can pass before the answer is read, or before anything is asked:
            # what counts is what is asked in the end.
            while not upstream.requests:
                with contextlib.suppress(UpstreamTimeoutError):
                    await gateway.validate_session(
                        THE_SESSION,
                        tenant_id=THE_TENANT,
                        operator_id=THE_OPERATOR,
                        device_id=THE_DEVICE,
                        key_thumbprint="k",
                        request_id=ULID,
                        traceparent="",
                        deadline=bounds().deadline,
                    )
                # What was sent may be read in the next turn of the loop only.
                await asyncio.sleep(0.01)
            least, most = milliseconds
            assert least <= int(upstream.requests[0].headers["x-request-timeout-ms"]) <= most

    asyncio.run(run())


def test_a_validation_of_another_session_is_never_believed():
    """An `active` about somebody else is invalid."""
    exchange = the_exchange["iam.validate_session"]
    for member, other in (("userId", f"usr_{ROOM_1}"), ("deviceId", f"dev_{ROOM_1}")):
        with pytest.raises(UpstreamInvalidResponseError):
            asked(exchange, {**exchange.answer, member: other})


def test_iams_401_on_refresh_is_its_answer():
    """A refresh token that is not good is refused in iam's words, unlike a 401 of any other upstream."""

    async def run() -> None:
        script = always(problem(401, "MELMASTOON.IAM.REFRESH_INVALID"))
        async with scripted(script) as upstream, some_client(upstream.url, of=iam.SERVICE) as (client, _):
            with pytest.raises(UpstreamRefusedError) as caught:
                await the_exchange["iam.refresh"].ask(client)
            assert (caught.value.status, caught.value.code) == (401, "MELMASTOON.IAM.REFRESH_INVALID")

    asyncio.run(run())


def test_tokens_never_show_in_a_representation():
    """A log line or a traceback that shows the result shows no token."""
    result, _ = asked(the_exchange["iam.refresh"])
    assert "a.new.token" not in repr(result)
    assert "another" not in repr(result)


def test_a_refresh_without_a_device_header_is_passed_on_without_one():
    """What the desktop did not say is not said for it."""

    async def run() -> None:
        body = json.dumps(the_exchange["iam.refresh"].answer).encode()
        async with scripted(always(http_answer(body))) as upstream, some_client(upstream.url) as (client, _):
            await IamGateway(client).refresh(
                "t", proof="a.b.c", device_id=None, request_id=ULID, traceparent="", deadline=bounds().deadline
            )
            assert "x-device-id" not in upstream.requests[0].headers

    asyncio.run(run())


def test_a_session_is_revoked_with_a_reason():
    """The reason travels to iam, and its empty 204 is all that is expected."""

    async def run() -> None:
        script = always(http_answer(b"", status=204, content_type=""))
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            await IamGateway(client).revoke_session(
                THE_SESSION,
                tenant_id=THE_TENANT,
                reason="signed_out",
                request_id=ULID,
                traceparent="",
                deadline=bounds().deadline,
            )
            (seen,) = upstream.requests
            assert (seen.method, seen.path) == ("POST", f"/api/v1/sessions/{THE_SESSION}/revoke")
            assert seen.headers["x-tenant-id"] == f"ten_{ULID}"
            assert msgspec.json.decode(seen.body) == {"reason": "signed_out"}

    asyncio.run(run())


def test_the_key_set_comes_as_it_is():
    """The bytes that iam published are the bytes that are verified with; only that they are a key set is checked."""
    key_set = b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "k1", "use": "sig", "alg": "EdDSA"}]}'

    async def run() -> None:
        script = in_turn(always(http_answer(key_set)), always(http_answer(b'{"keys": {}}')))
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            gateway = IamGateway(client)
            assert await gateway.key_set() == key_set
            with pytest.raises(UpstreamInvalidResponseError):
                await gateway.key_set()
            seen = upstream.requests[0]
            assert seen.path == "/.well-known/jwks.json"
            assert re.fullmatch(r"req_[0-9A-Z]{26}", seen.headers["x-request-id"])
            assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", seen.headers["traceparent"])

    asyncio.run(run())


@pytest.mark.parametrize("gateway", [LockIntegrationGateway, SyncGateway])
def test_a_gateway_that_is_only_there_yet_can_be_asked_whether_its_upstream_is(gateway):
    """The lock and sync services answer the ping of the command line."""

    async def run() -> None:
        script = always(problem(404, "MELMASTOON.GENERAL.RESOURCE_NOT_FOUND"))
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            await gateway(client).ping(bounds())
            assert upstream.requests[0].method == "GET"

    asyncio.run(run())


def test_a_call_without_a_property_is_our_defect():
    """A board of no property is never asked for."""

    async def run() -> None:
        async with scripted(always(http_answer())) as upstream, some_client(upstream.url) as (client, _):
            with pytest.raises(ValueError, match="property"):
                await PropertyGateway(client).property_card(replace(some_call(), property_id=None))
            assert upstream.requests == []

    asyncio.run(run())
