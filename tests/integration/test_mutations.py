"""What an operator changes, over real sockets: contract sections 2.1, 2.2, 2.4 and 5. The effects say what happened."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx2
import pytest
from ulid import ULID

from bff_backoffice.application.mutations_table import MUTATIONS
from tests.acting import act, charge_of, effects, folio, new_key, of_property, stay
from tests.desktop import API, Desktop
from tests.isolation.every_route import OPERATOR_ROUTES, good_body, path_of
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World, start_world

OURS, GENERAL = "MELMASTOON.BFF.BACKOFFICE.", "MELMASTOON.GENERAL."
UPSTREAM = "MELMASTOON.BFF."
NOBODYS = "01JGFJJZ03J02SKYND46F9ZBK0"
_ROUNDS = 8


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world without circuit breakers, so that the faults of one test do not outlast it, and with short leases."""
    settings = {"BFF_UPSTREAM_BREAKERS": "false", "BFF_IDEMPOTENCY_LEASE_SECONDS": "1"}
    with start_world(tmp_path_factory.mktemp("mutations"), environment=settings) as world:
        yield world


@pytest.fixture
def world(started: World) -> Iterator[World]:
    """That world as it began, with nothing in its cache; healed again afterwards."""
    started.control("POST", "reset")
    started._unused.clear()
    started.forget_cache()
    yield started
    started.heal()


@pytest.fixture
def desk(world: World) -> Desktop:
    """A general manager's desk."""
    return world.sign_in()


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this refusal, and give its document."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    return body


def in_the_end(desk: Desktop, path: str, body: Any, key: str) -> httpx2.Response:
    """The answer of the same request, sent again while somebody still has the key: at most a lease and five seconds."""
    deadline = time.monotonic() + 6.0
    while True:
        answer = act(desk, path, body, key=key)
        if answer.status_code != 409 or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def kept(world: World, tenant: int, statement: str, *values: Any) -> list[dict[str, Any]]:
    """What the schema's owner finds for the tenant."""

    async def main() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(world.postgres["owner"], server_settings={"search_path": "bff_backoffice"})
        try:
            async with connection.transaction():
                await connection.execute("select set_config('app.tenant_id', $1, true)", world.tenants[tenant])
                return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    return asyncio.run(main())


# Exactly once ---------------------------------------------------------------------------------------------------------


def test_a_guest_is_checked_in_once(world: World, desk: Desktop) -> None:
    """The reservation as its service has it now, one effect; the same key again gives the same bytes and no other."""
    described, key = Described.by(world), new_key()
    path = f"/reservations/{stay(world, 'confirmed')['id']}/check-in"

    first = described.check(act(desk, path, {"notes": "Late"}, key=key))
    second = described.check(act(desk, path, {"notes": "Late"}, key=key))

    assert first.status_code == 200, first.text
    assert first.json()["status"] in {"checked_in", "in_house"}
    assert "Idempotency-Replayed" not in first.headers
    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert [each["kind"] for each in effects(world, "reservation-service")] == ["reservation.checked_in"]


def test_fifty_who_send_one_key_at_once_dispatch_once(world: World) -> None:
    """One gets the answer, the others 409 with the time to return, or the same answer; one charge is posted."""
    desk, key, path = world.sign_in(), new_key(), f"/folios/{folio(world)}/charges"
    assert desk.get("/session").status_code == 200
    world.fault("billing-service", "latency", latencyMs=150)
    body = charge_of(world)

    with ThreadPoolExecutor(50) as pool:
        answers = [each.result() for each in [pool.submit(act, desk, path, body, key=key) for _ in range(50)]]

    world.heal()
    settled = in_the_end(desk, path, body, key)
    assert settled.status_code == 201, settled.text
    for each in answers:
        if each.status_code == 201:
            assert each.content == settled.content
            continue
        problem = each.json()
        assert (problem["retry"], problem["retriable"]) == ("same_key", True), each.text
        if each.status_code == 409:
            refused(each, 409, OURS + "IDEMPOTENCY_IN_FLIGHT")
            assert int(each.headers["Retry-After"]) >= 1
        else:
            # Who waited for a connection, or for billing, for longer than a machine that stands still gives it.
            assert problem["code"] in {OURS + "STORE_UNAVAILABLE", UPSTREAM + "UPSTREAM_TIMEOUT"}, each.text
    assert len(effects(world, "billing-service")) == 1


@pytest.mark.parametrize(
    ("body", "query"),
    [({"description": "Coffee"}, ""), ({"quantity": 3}, ""), ({}, "?why=because")],
    ids=["a member", "a number", "the query"],
)
def test_a_key_that_comes_with_another_request_is_refused(
    world: World, desk: Desktop, body: dict[str, Any], query: str
) -> None:
    """422 that asks for a new key, whatever is different; nothing more happens."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    assert act(desk, path, charge, key=key).status_code == 201

    problem = refused(act(desk, path + query, {**charge, **body}, key=key), 422, OURS + "IDEMPOTENCY_KEY_REUSED")

    assert (problem["retry"], problem["retriable"]) == ("new_key", False)
    assert len(effects(world, "billing-service")) == 1


def test_neither_spaces_nor_the_order_of_members_make_another_request(world: World, desk: Desktop) -> None:
    """Body and query count by their content; and the alias of the prefix is another address of the same thing."""
    key, place = new_key(), f"/folios/{folio(world)}/charges"
    charge = charge_of(world)
    first = act(desk, place + "?a=1&b=2", charge, key=key)
    turned = json.dumps(dict(reversed(charge.items())), indent=3).encode()

    for path in (f"{API}{place}", f"/api{API}{place}"):
        headers = desk.headers("POST", path, X_Idempotency_Key=key, Content_Type="application/json")
        again = desk.http.post(f"{desk.base}{path}?b=2&a=1", content=turned, headers=headers)
        assert (again.status_code, again.content) == (201, first.content)
    assert len(effects(world, "billing-service")) == 1


def test_the_other_header_and_both_cases_name_the_same_key(world: World, desk: Desktop) -> None:
    """`Idempotency-Key`, also as a quoted string, and a key in capitals."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    first = act(desk, path, charge, key=key)

    for headers in (
        {"Idempotency_Key": key},
        {"Idempotency_Key": f'"{key}"'},
        {"X_Idempotency_Key": key.upper()},
        {"X_Idempotency_Key": key, "Idempotency_Key": key},
    ):
        again = desk.request("POST", path, json_body=charge, **headers)
        assert (again.status_code, again.content) == (201, first.content), headers
    assert len(effects(world, "billing-service")) == 1


def test_two_devices_have_keys_of_their_own(world: World, desk: Desktop) -> None:
    """The same key on another device, of the same person or of another tenant, is another key."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    theirs = f"/folios/{folio(world, 1)}/charges"

    answers = [
        act(desk, path, charge, key=key),
        act(world.sign_in(), path, charge, key=key),
        act(world.sign_in(tenant=1), theirs, charge_of(world, 1), key=key),
    ]

    assert [each.status_code for each in answers] == [201] * 3
    assert not any("Idempotency-Replayed" in each.headers for each in answers)
    found = effects(world, "billing-service")
    assert len(found) == 3
    assert len({each["idempotencyKey"] for each in found}) == 3


def test_the_next_operator_sends_what_the_device_has_queued(world: World) -> None:
    """A key belongs to the device, not to the operator: after a shift handover the same answer comes back."""
    first = world.sign_in()
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    answer = act(first, path, charge, key=key)
    assert answer.status_code == 201

    operator = world.operator("front_desk")
    next_one = Desktop.sign_in(world, operator, first.device_id, key=first.key)
    again = act(next_one, path, charge, key=key, X_Property_Id=world.properties()[0])

    if world.properties()[0] in operator["propertyIds"]:
        assert (again.status_code, again.content) == (201, answer.content)
    else:
        refused(again, 404, GENERAL + "RESOURCE_NOT_FOUND")
    assert len(effects(world, "billing-service")) == 1


def test_a_refusal_of_the_owning_service_is_final(world: World, desk: Desktop) -> None:
    """Its own code and status pass through, and the same key gives the same bytes, its request id too."""
    key, path = new_key(), f"/reservations/{stay(world)['id']}/check-in"

    first = act(desk, path, key=key)
    second = act(desk, path, key=key)

    problem = refused(first, 409, "MELMASTOON.RESERVATION.INVALID_STATUS_TRANSITION")
    assert problem["userMessage"]["text"]
    assert (second.status_code, second.content) == (409, first.content)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Content-Type"] == "application/problem+json"
    assert effects(world, "reservation-service") == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_every_mutation_respects_its_key(world: World, desk: Desktop, mutation: Any) -> None:
    """Held by somebody: 409. Of another request: 422. Before any second factor is asked for, whatever the mutation."""
    key, (route,) = new_key(), [each for each in OPERATOR_ROUTES if each.operation_id == mutation.name]
    path, body = path_of(route, desk), good_body(route, world.properties()[0])
    canonical = json.dumps([[], body], sort_keys=True, separators=(",", ":")).encode()
    kept(
        world, 0,
        "insert into idempotency (tenant_id, device_id, method, path, key, request_hash, property_id, lease_until)"
        " values ($1, $2, $3, $4, $5, $6, $7, now() + interval '1 hour') returning 1",
        world.tenants[0], desk.device_id, mutation.method, path, key, hashlib.sha256(canonical).digest(),
        world.properties()[0],
    )  # fmt: skip

    running = act(desk, path, body, key=key, method=mutation.method)
    other = act(desk, f"{path}?why=because", body, key=key, method=mutation.method)

    refused(running, 409, OURS + "IDEMPOTENCY_IN_FLIGHT")
    refused(other, 422, OURS + "IDEMPOTENCY_KEY_REUSED")


# What is not final ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"mode": "hang"}, 504, UPSTREAM + "UPSTREAM_TIMEOUT"),
        ({"mode": "reset"}, 503, UPSTREAM + "UPSTREAM_UNAVAILABLE"),
        ({"mode": "applied_then_lost"}, 503, UPSTREAM + "UPSTREAM_UNAVAILABLE"),
        ({"mode": "error", "status": 500}, 503, UPSTREAM + "UPSTREAM_UNAVAILABLE"),
        ({"mode": "error", "status": 503}, 503, UPSTREAM + "UPSTREAM_UNAVAILABLE"),
        ({"mode": "error", "status": 401}, 503, UPSTREAM + "UPSTREAM_UNAVAILABLE"),
        ({"mode": "error", "status": 408}, 503, UPSTREAM + "UPSTREAM_UNAVAILABLE"),
        ({"mode": "malformed"}, 502, UPSTREAM + "UPSTREAM_INVALID_RESPONSE"),
        ({"mode": "drip"}, 504, UPSTREAM + "UPSTREAM_TIMEOUT"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_what_an_upstream_did_not_settle_may_be_tried_again(
    world: World, desk: Desktop, fault: dict[str, Any], status: int, code: str
) -> None:
    """The same key, once it is well again, under the same upstream key: one effect, whatever was lost before."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    world.fault("billing-service", fault.pop("mode"), match="POST", **fault)

    for _ in range(2):
        problem = refused(in_the_end(desk, path, charge, key), status, code)
        assert (problem["retry"], problem["retriable"]) == ("same_key", True)
    assert len(effects(world, "billing-service")) <= 1
    world.heal()
    good = in_the_end(desk, path, charge, key)

    assert good.status_code == 201, good.text
    assert act(desk, path, charge, key=key).content == good.content
    (effect,) = effects(world, "billing-service")
    sent = [
        each["headers"]["Idempotency-Key"]
        for each in world.control("GET", "requests?service=billing-service").json()
        if each["method"] == "POST"
    ]
    assert set(sent) == {effect["idempotencyKey"]}


@pytest.mark.parametrize(("budget", "most"), [("200", 200), ("60000", 1500), (None, 1500)])
def test_a_clients_budget_shortens_the_deadline_and_never_lengthens_it(
    world: World, desk: Desktop, budget: str | None, most: int
) -> None:
    """The owning service is told how much time is left; when it is over, the desk is told; the key may try again."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    world.fault("billing-service", "hang", match="POST")

    def left() -> list[int]:
        answer = act(desk, path, charge, key=key, X_Client_Budget_Ms=budget)
        assert refused(answer, 504, UPSTREAM + "UPSTREAM_TIMEOUT")["retry"] == "same_key"
        calls = world.control("GET", "requests?service=billing-service").json()
        return [int(each["headers"]["X-Request-Timeout-Ms"]) for each in calls if each["method"] == "POST"]

    # A machine that stands still for 200 ms has used the shortest budget up before anybody is asked.
    told = until(left)
    world.heal()

    assert 0 < max(told) <= most
    assert in_the_end(desk, path, charge, key).status_code == 201


def test_a_version_that_the_desk_has_seen_is_demanded_of_the_owning_service(world: World, desk: Desktop) -> None:
    """`If-Match` reaches it in its own form; its 412 is final for the key, and a new key with what is there does it."""
    here, room = stay(world, "confirmed")["id"], stay(world)["roomId"]
    seen = desk.get(f"/reservations/{here}").json()["version"]
    path, key = f"/reservations/{here}", new_key()
    good(act(desk, path, {"notes": "First"}, method="PATCH", If_Match=f'"{seen}"'))

    lost = act(desk, path, {"notes": "Second"}, method="PATCH", key=key, If_Match=f'"{seen}"')
    again = act(desk, path, {"notes": "Second"}, method="PATCH", key=key, If_Match=f'"{seen}"')
    now = desk.get(path).json()["version"]

    refused(lost, 412, "MELMASTOON.RESERVATION.VERSION_CONFLICT")
    assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (412, lost.content, "true")
    good(act(desk, path, {"notes": "Second"}, method="PATCH", If_Match=f'"{now}"'))
    good(act(desk, path, {"notes": "Third"}, method="PATCH", If_Match="*"))
    act(desk, f"/housekeeping/rooms/{room}/status", {"status": "dirty"}, If_Match='"999"')
    calls = world.control("GET", "requests?service=housekeeping-service").json()
    assert [each["headers"].get("If-Match") for each in calls if each["method"] == "POST"] == ['"v=999"']


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ("seven", 400, GENERAL + "VALIDATION_FAILED"),
        ('"1", "2"', 400, GENERAL + "VALIDATION_FAILED"),
        ('W/"1"', 412, OURS + "PRECONDITION_FAILED"),
        ('"another"', 412, OURS + "PRECONDITION_FAILED"),
    ],
)
def test_a_tag_that_is_no_version_is_refused_before_the_key_counts(
    world: World, desk: Desktop, tag: str, status: int, code: str
) -> None:
    """400 for what is no tag or more than one, 412 for one that nothing can have; the same key may come without it."""
    path, key = f"/reservations/{stay(world, 'confirmed')['id']}", new_key()

    answer = Described.by(world).check(act(desk, path, {"notes": "A cot"}, method="PATCH", key=key, If_Match=tag))

    refused(answer, status, code)
    good(act(desk, path, {"notes": "A cot"}, method="PATCH", key=key))


@pytest.mark.parametrize("mutation", [each for each in MUTATIONS if each.versioned], ids=lambda each: each.name)
def test_every_mutation_of_a_thing_with_versions_refuses_a_weak_tag(world: World, desk: Desktop, mutation: Any) -> None:
    """412 for a weak tag, whatever the mutation, before anybody is asked."""
    (route,) = [each for each in OPERATOR_ROUTES if each.operation_id == mutation.name]
    path, body = path_of(route, desk), good_body(route, world.properties()[0])

    answer = act(desk, path, body, method=mutation.method, If_Match='W/"1"')

    assert refused(answer, 412, OURS + "PRECONDITION_FAILED")["retry"] == "new_key"


@pytest.mark.parametrize("budget", ["0", "soon", "-5", "9999999"])
def test_a_budget_that_is_none_is_malformed(world: World, desk: Desktop, budget: str) -> None:
    """The error names the header, and nothing is done."""
    answer = act(desk, f"/folios/{folio(world)}/charges", charge_of(world), X_Client_Budget_Ms=budget)

    problem = refused(answer, 400, GENERAL + "VALIDATION_FAILED")
    assert [each["field"] for each in problem["errors"]] == ["header.x-client-budget-ms"]
    assert effects(world, "billing-service") == []


@pytest.mark.parametrize("status", [423, 425, 429, 403])
def test_a_refusal_that_another_try_may_not_meet_is_not_final(world: World, desk: Desktop, status: int) -> None:
    """Locked, too early, too many; and a 403 that is not known to be about who asks."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    world.fault("billing-service", "error", status=status, match="POST")

    refusal = act(desk, path, charge, key=key)
    assert (refusal.status_code >= 400, refusal.json()["retry"]) == (True, "same_key")
    world.heal()

    assert in_the_end(desk, path, charge, key).status_code == 201
    assert len(effects(world, "billing-service")) == 1


@pytest.mark.parametrize("status", [402, 405, 415, 418, 422, 428, 451])
def test_any_other_refusal_of_the_owning_service_is_final(world: World, desk: Desktop, status: int) -> None:
    """Its status and its code reach the desk, the same bytes again for the same key; nothing is done."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    world.fault("billing-service", "error", status=status, match="POST")

    first = act(desk, path, charge, key=key)
    world.heal()
    again = act(desk, path, charge, key=key)

    assert (first.status_code, first.json()["retry"]) == (status, None)
    assert first.json()["code"].startswith("MELMASTOON.BILLING.")
    assert (again.status_code, again.content, again.headers["Idempotency-Replayed"]) == (status, first.content, "true")
    assert effects(world, "billing-service") == []


def test_a_desk_that_sends_again_while_the_first_try_hangs_is_told_to_wait(world: World, desk: Desktop) -> None:
    """409 in flight while its owner lives, also when it has renewed its lease; then the key is open for one effect."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    # A machine that is busy for longer than the service waits for billing gives the key away: then once more.
    for _ in range(_ROUNDS):
        world.fault("billing-service", "hang", match="POST")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(act, desk, path, charge, key=key)
            while not (first.done() or renewed(world, key)):
                pass
            second = act(desk, path, charge, key=key)
            world.heal()
        if second.status_code == 409:
            break

    problem = refused(second, 409, OURS + "IDEMPOTENCY_IN_FLIGHT")
    assert (problem["retry"], int(second.headers["Retry-After"]) >= 1) == ("same_key", True)
    answer = in_the_end(desk, path, charge, key)
    assert answer.status_code == 201, answer.text
    assert first.result().status_code != 201 or first.result().content == answer.content
    assert len(effects(world, "billing-service")) == 1


def renewed(world: World, key: str) -> bool:
    """Whether the key's owner has held it for longer than it was given at first."""
    statement = "select 1 from idempotency where key = $1 and lease_until > touched_at + interval '1.1 seconds'"
    return bool(kept(world, 0, statement, key))


def test_an_unknown_outcome_of_more_than_a_day_ago_is_never_tried_again(world: World, desk: Desktop) -> None:
    """409 `retry: never`: the upstream has forgotten the key, so another dispatch could be another effect."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    world.fault("billing-service", "applied_then_lost", match="POST")
    assert act(desk, path, charge, key=key).status_code == 503
    world.heal()
    kept(world, 0, "update idempotency set claimed_at = claimed_at - interval '25 hours' where key = $1", key)

    problem = refused(act(desk, path, charge, key=key), 409, OURS + "OUTCOME_UNKNOWN")

    assert (problem["retry"], problem["retriable"]) == ("never", False)
    assert len(effects(world, "billing-service")) == 1


def test_without_its_audit_row_nothing_is_done(world: World, desk: Desktop) -> None:
    """An audit row that can't be written keeps the action from happening: 503, and the same key works afterwards."""
    key, path, charge = new_key(), f"/folios/{folio(world)}/charges", charge_of(world)
    answers: list[httpx2.Response] = []

    async def main() -> None:
        owner = await asyncpg.connect(world.postgres["owner"])
        try:
            async with owner.transaction():
                # Nobody can write there for as long as this is held, which is longer than a statement may take.
                await owner.execute("lock table bff_backoffice.mutation_audit in access exclusive mode")
                answers.append(await asyncio.to_thread(act, desk, path, charge, key=key))
        finally:
            await owner.close()

    asyncio.run(main())

    (answer,) = answers
    refused(answer, 503, OURS + "STORE_UNAVAILABLE")
    assert effects(world, "billing-service") == []
    assert in_the_end(desk, path, charge, key).status_code == 201


# Refusals before the claim --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code", "field"),
    [
        ({}, OURS + "IDEMPOTENCY_KEY_MISSING", None),
        ({"X_Idempotency_Key": "12345"}, GENERAL + "VALIDATION_FAILED", "header.x-idempotency-key"),
        ({"X_Idempotency_Key": ""}, OURS + "IDEMPOTENCY_KEY_MISSING", None),
        ({"Idempotency_Key": "x" * 300}, GENERAL + "VALIDATION_FAILED", "header.idempotency-key"),
        (
            {"X_Idempotency_Key": str(ULID()), "Idempotency_Key": str(uuid.uuid4())},
            GENERAL + "VALIDATION_FAILED", "header.idempotency-key",
        ),
    ],
    ids=["missing", "malformed", "empty", "long", "both and different"],
)  # fmt: skip
def test_a_mutation_needs_a_key(
    world: World, desk: Desktop, headers: dict[str, str], code: str, field: str | None
) -> None:
    """A ULID or a UUID under one of two names; two that differ are none. Nothing is sent without."""
    answer = desk.request("POST", f"/folios/{folio(world)}/charges", json_body=charge_of(world), **headers)

    problem = refused(answer, 400, code)
    assert [each["field"] for each in problem["errors"]] == ([] if field is None else [field])
    assert effects(world, "billing-service") == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/folios/{folio}/charges", {"amount": {"amountMicro": "1", "currency": "USD"}}, "body.description"),
        ("/folios/{folio}/charges", {"description": "Tea", "amount": {"amountMicro": 5, "currency": "USD"}},
         "body.amount.amountMicro"),
        ("/folios/{folio}/charges", {"description": "Tea", "amount": {"amountMicro": "5", "currency": "dollars"}},
         "body.amount.currency"),
        ("/folios/{folio}/charges", {"description": "Tea", "amount": {"amountMicro": "5", "currency": "USD"},
                                     "quantity": "2"}, "body.quantity"),
        ("/reservations/{stay}/assign-room", {}, "body.roomId"),
        ("/reservations/{stay}/assign-room", {"roomId": "412"}, "body.roomId"),
        ("/reservations/{stay}/check-in", {"idDocument": {"type": "passport"}}, "body.idDocument.last4"),
        ("/reservations", {"arrivalDate": "tomorrow", "departureDate": "2031-01-01"}, "body.arrivalDate"),
        ("/reservations", {"arrivalDate": "2031-02-30", "departureDate": "2031-03-02"}, "body.arrivalDate"),
        ("/reservations/{stay}/assign-room", {"roomId": None}, "body.roomId"),
        ("/housekeeping/tasks", {"roomId": 412}, "body.roomId"),
        ("/maintenance/work-orders", {"title": ""}, "body.title"),
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_shape_names_the_place(
    world: World, desk: Desktop, path: str, body: dict[str, Any], field: str
) -> None:
    """400 before the key counts: the mended request goes under the same key."""
    key = new_key()
    where = path.format(folio=folio(world), stay=stay(world)["id"])

    problem = refused(act(desk, where, body, key=key), 400, GENERAL + "VALIDATION_FAILED")

    assert [each["field"] for each in problem["errors"]] == [field]
    assert kept(world, 0, "select 1 from idempotency where key = $1", key) == []


def test_roles_decide_who_may_change_what(world: World) -> None:
    """A housekeeper posts no charge, the front desk mends nothing: 403 before the key counts."""
    assert refused(
        act(world.sign_in("housekeeper"), f"/folios/{folio(world)}/charges", charge_of(world)),
        403, OURS + "ROLE_FORBIDDEN",
    )  # fmt: skip
    refused(
        act(world.sign_in("front_desk"), f"/maintenance/work-orders/mnt_{NOBODYS}/start"), 403, OURS + "ROLE_FORBIDDEN"
    )
    assert effects(world, "billing-service") == []


# A refund ends at the demand for a second factor, whatever the folio: billing, which knows whose it is, is not asked.
NAMING_THINGS = [each for each in MUTATIONS if each.kind is not None and each.name != "post_refund"]


@pytest.mark.parametrize("mutation", NAMING_THINGS, ids=lambda each: each.name)
def test_a_thing_of_another_tenant_is_the_same_as_one_that_does_not_exist(world: World, mutation: Any) -> None:
    """The same bytes for a foreign id, an unknown one and a text that is none; nothing happens anywhere."""
    desk = world.sign_in()
    theirs = next(of_property(world, "in_house", 1))
    foreign = {
        "rsv": theirs["id"], "fol": theirs["folioId"], "rmu": theirs["roomId"],
        "lck": next(each["id"] for each in world.people["locks"] if each["tenantId"] == world.tenants[1]),
    }.get(mutation.kind.prefix, f"{mutation.kind.prefix}_{NOBODYS}")  # fmt: skip
    bodies = {
        "assign_room_reservation": {"roomId": f"rmu_{NOBODYS}"},
        "post_charge": charge_of(world),
        "post_payment": {"amount": charge_of(world)["amount"]},
        "issue_key": {"reservationId": f"rsv_{NOBODYS}", "kind": "pin_code"},
        "revoke_key": {"keyCredentialId": f"key_{NOBODYS}", "reason": "Lost"},
        "assign_task": {"assigneeId": f"usr_{NOBODYS}"},
        "assign_work_order": {"assigneeId": f"usr_{NOBODYS}"},
        "set_room_status": {"status": "dirty"},
    }
    seen = set()
    for identifier in (foreign, f"{mutation.kind.prefix}_{NOBODYS}", "nonsense"):
        path = mutation.path.replace("{id}", identifier)
        problem = act(desk, path, bodies.get(mutation.name), method=mutation.method).json()
        seen.add(
            str({name: value for name, value in problem.items() if name not in {"requestId", "traceId", "instance"}})
        )
    (only,) = seen
    assert "RESOURCE_NOT_FOUND" in only


def test_a_thing_of_another_property_does_not_exist(world: World, desk: Desktop) -> None:
    """Also where the operator may act in both: each thing is in one."""
    elsewhere = world.properties()[1]

    for path, body in (
        (f"/reservations/{stay(world)['id']}/check-out", None),
        (f"/folios/{folio(world)}/charges", charge_of(world)),
        (f"/housekeeping/rooms/{stay(world)['roomId']}/status", {"status": "dirty"}),
    ):
        refused(act(desk, path, body, X_Property_Id=elsewhere), 404, GENERAL + "RESOURCE_NOT_FOUND")
    assert effects(world, "reservation-service") == effects(world, "billing-service") == []


# What goes with it ----------------------------------------------------------------------------------------------------


def test_the_envelope_goes_with_every_mutation(world: World, desk: Desktop) -> None:
    """Operator, device, tenant, property, role, session, request, time and build; a key in the service's own form."""
    session = desk.get("/session").json()
    world.control("DELETE", "requests")
    request_id = str(ULID())

    act(desk, f"/folios/{folio(world)}/charges", charge_of(world), X_Request_Id=request_id, X_App_Version="1.4.2")
    act(desk, "/housekeeping/tasks", {"roomId": stay(world)["roomId"]}, X_App_Version="1.4.2")
    act(desk, "/maintenance/work-orders", {"title": "The lamp is broken"}, X_App_Version="1.4.2")
    act(desk, f"/reservations/{stay(world)['id']}/check-out", X_App_Version="1.4.2")

    calls = {
        call["service"]: call
        for call in world.control("GET", "requests").json()
        if call["method"] == "POST" and "/sessions/" not in call["path"]
    }
    for service, form in (
        ("billing-service", ULID.from_str),
        ("housekeeping-service", uuid.UUID),
        ("maintenance-service", ULID.from_str),
        ("reservation-service", ULID.from_str),
    ):
        headers = calls[service]["headers"]
        assert headers["X-Operator-Id"] == session["operatorId"]
        assert headers["X-Device-Id"] == desk.device_id
        assert headers["X-Tenant-Id"] == session["tenantId"]
        assert headers["X-Session-Id"] == session["id"]
        assert headers["X-Operator-Roles"] == ",".join(sorted(session["roles"]))
        assert headers["X-App-Version"] == "1.4.2"
        assert headers["X-Occurred-At"].endswith("Z")
        form(headers["X-Idempotency-Key" if service == "maintenance-service" else "Idempotency-Key"])
        assert desk.token not in str(headers)
    assert f"req_{request_id}" in calls["billing-service"]["headers"].values()
    assert calls["housekeeping-service"]["body"]["roomId"].startswith("rom_")


def test_an_audit_row_is_there_before_the_call_and_complete_after_it(world: World, desk: Desktop) -> None:
    """Who did what to what under which key, and how it ended: applied, refused, or not known."""
    path, charge = f"/folios/{folio(world)}/charges", charge_of(world)
    applied, refused_key, unknown = (new_key() for _ in range(3))
    act(desk, path, charge, key=applied)
    act(desk, f"/reservations/{stay(world)['id']}/check-in", key=refused_key)
    world.fault("billing-service", "applied_then_lost", match="POST")
    act(desk, path, charge, key=unknown)

    rows = {row["idempotency_key"]: row for row in kept(world, 0, "select * from mutation_audit")}

    session = desk.get("/session").json()
    for key, outcome, status, action in (
        (applied, "applied", 201, "post_charge"),
        (refused_key, "refused", 409, "check_in_reservation"),
        (unknown, "unknown", None, "post_charge"),
    ):
        row = rows[key]
        assert (row["outcome"], row["upstream_status"], row["action"]) == (outcome, status, action)
        assert (row["operator_id"], row["device_id"], row["session_id"]) == (
            session["operatorId"], desk.device_id, session["id"],
        )  # fmt: skip
        assert row["completed_at"] >= row["started_at"]


# What changes is seen -------------------------------------------------------------------------------------------------


def test_what_was_changed_is_seen_at_once_on_every_board(world: World, desk: Desktop) -> None:
    """The guest who was just checked in is on the boards of a colleague whose boards were warm."""
    colleague, guest = world.sign_in("front_desk"), stay(world, "confirmed")
    for board in ("/arrivals", "/in-house", "/today"):
        colleague.get(board)
    colleague.get("/dashboard", Accept="application/json")
    before = remaining_rooms(colleague)

    assert act(desk, f"/reservations/{guest['id']}/check-in").status_code == 200

    # The first board on which nothing is missing, as what took longer to read than it may would be.
    board = until(lambda: not (body := colleague.get("/arrivals?limit=500").json())["partial"] and body)
    arrival = next(each for each in board["items"] if each["reservationId"] == guest["id"])
    assert arrival["status"] in {"checked_in", "in_house"}
    assert remaining_rooms(colleague) == before - 1


def remaining_rooms(desk: Desktop) -> int:
    """How many are still to arrive, as the first widget says for which there was the time to read it."""

    def asked() -> dict[str, Any] | None:
        widget: dict[str, Any] = desk.get("/dashboard/widgets/arrivals").json()
        return widget["data"] if widget["outcome"] in {"fresh", "cached"} else None

    return int(until(asked)["remainingRooms"])


def test_every_mutation_of_the_table_reaches_its_service(world: World, desk: Desktop) -> None:
    """A day at the desk, from booking to closing, each act with the effect that its service names for it."""
    here, money = world.properties()[0], charge_of(world)["amount"]
    guest, room = stay(world, "confirmed"), stay(world)["roomId"]
    kind = desk.get(f"/reservations/{guest['id']}").json().get("roomTypeId")
    _day_of_reservations(world, desk, guest, kind)
    account = folio(world)
    assert act(desk, f"/folios/{account}/payments", {"amount": money, "method": "cash"}).status_code == 201
    _settle_and_close(desk, account)
    _day_of_housekeeping(world, desk, room)
    _day_of_maintenance(world, desk, here)

    kinds = {service: {each["kind"] for each in effects(world, f"{service}-service")} for service in (
        "reservation", "billing", "housekeeping", "maintenance",
    )}  # fmt: skip
    assert kinds["reservation"] >= {
        "reservation.modified", "reservation.checked_in", "reservation.checked_out", "reservation.cancelled",
    }  # fmt: skip
    assert "payment.posted" in kinds["billing"]
    assert kinds["housekeeping"] >= {
        "task.created", "task.assigned", "task.started", "task.paused", "task.completed", "task.inspected",
        "room.status_changed",
    }  # fmt: skip
    assert kinds["maintenance"] >= {
        "work_order.created", "work_order.assigned", "work_order.started", "work_order.blocked", "work_order.resumed",
        "work_order.resolved", "work_order.verified", "work_order.cancelled",
    }  # fmt: skip


def good(answer: httpx2.Response) -> dict[str, Any]:
    """The answer of a mutation that was carried out."""
    assert answer.status_code in {200, 201}, answer.text
    body: dict[str, Any] = answer.json()
    return body


_LATER = {"arrivalDate": "2027-08-01", "departureDate": "2027-08-02"}


def guest_room(world: World) -> str:
    """A room of the first property."""
    here = world.properties()[0]
    return next(str(each["id"]) for each in world.people["rooms"] if each["propertyId"] == here)


def _settle_and_close(desk: Desktop, account: str) -> None:
    owed = desk.get(f"/folios/{account}").json()["balance"]
    if int(owed["amountMicro"]) > 0:
        good(act(desk, f"/folios/{account}/payments", {"amount": owed}))
    good(act(desk, f"/folios/{account}/close"))


def _day_of_reservations(world: World, desk: Desktop, guest: dict[str, Any], kind: str | None) -> None:
    first, second = list(of_property(world, "confirmed"))[1:3]
    assert guest["id"] not in {first["id"], second["id"]}
    assert kind is None or kind.startswith("rmt_")
    good(act(desk, f"/reservations/{first['id']}", {"notes": "A cot, please"}, method="PATCH"))
    wish = {"guestName": "Somebody New", "roomId": guest_room(world), **_LATER}
    booked = good(act(desk, "/reservations", wish))
    good(act(desk, f"/reservations/{booked['id']}/assign-room", {"roomId": wish["roomId"]}))
    third = list(of_property(world, "confirmed"))[3]
    good(act(desk, f"/reservations/{third['id']}/no-show"))
    good(act(desk, f"/reservations/{guest['id']}/check-in"))
    good(act(desk, f"/reservations/{guest['id']}/check-out"))
    good(act(desk, f"/reservations/{second['id']}/cancel", {"reason": "Flight"}))


def _day_of_housekeeping(world: World, desk: Desktop, room: str) -> None:
    keeper = world.operator("housekeeper")["id"]
    task = good(act(desk, "/housekeeping/tasks", {"roomId": room, "kind": "mid_stay_clean"}))
    assert task["roomId"] == room
    path = f"/housekeeping/tasks/{task['id']}"
    assert good(act(desk, f"{path}/assign", {"assigneeId": keeper}))["assigneeId"] == keeper
    for verb in ("start", "pause", "start", "complete", "inspect"):
        good(act(desk, f"{path}/{verb}"))
    good(act(desk, f"/housekeeping/rooms/{room}/status", {"status": "dirty"}))


def _day_of_maintenance(world: World, desk: Desktop, here: str) -> None:
    mender = next(
        each["id"]
        for each in world.people["operators"]
        if "maintenance" in each["roles"] and here in each["propertyIds"]
    )
    order = good(act(desk, "/maintenance/work-orders", {"title": "The tap drips", "severity": "low"}))
    path = f"/maintenance/work-orders/{order['id']}"
    assert order["propertyId"] == here
    good(act(desk, f"{path}/assign", {"assigneeId": mender}))
    for verb in ("start", "block", "resume", "resolve", "verify"):
        good(act(desk, f"{path}/{verb}"))
    other = good(act(desk, "/maintenance/work-orders", {"title": "The other tap drips"}))
    good(act(desk, f"/maintenance/work-orders/{other['id']}/cancel", {"reason": "It does not"}))
