"""The sync handshake and the cursors over real sockets: contract sections 2.1, 2.4, 7 and 10."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
import pytest
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt
from ulid import ULID

from bff_backoffice.domain.operator import OperatorRole
from bff_backoffice.domain.sync import SCOPES
from tests.desktop import Desktop
from tests.processes import stopped
from tests.stored import stored
from tests.waiting import handled, until
from tests.worlds import World

OURS, GENERAL, BFF = "MELMASTOON.BFF.BACKOFFICE.", "MELMASTOON.GENERAL.", "MELMASTOON.BFF."
SYNC = "sync-service"
THEN = "2026-11-22T10:00:00+04:30"
ALL = tuple(SCOPES)
OLDER_NAME = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
"""joserfc would rather hear RFC 9864's name for the algorithm."""


@pytest.fixture(scope="module")
def shared_world(unguarded: World) -> World:
    """A world without circuit breakers."""
    return unguarded


@pytest.fixture
def desk(world: World) -> Desktop:
    """A general manager's desk, whose session is open."""
    desk = world.sign_in()
    assert desk.get("/session").status_code == 200
    return desk


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this refusal, and give its document."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    body: dict[str, Any] = answer.json()
    return body


def places(problem: dict[str, Any]) -> list[str]:
    """The places that a refusal names."""
    return [each["field"] for each in problem["errors"]]


def shake(desk: Desktop, *scopes: str, **more: Any) -> httpx2.Response:
    """A handshake about these scopes."""
    body = {"scopes": list(scopes or ("reservation",)), "protocolVersion": 1, "clientCursors": {}, **more}
    return desk.request("POST", "/sync/handshake", json_body=body)


def shaken(desk: Desktop, *scopes: str, **more: Any) -> httpx2.Response:
    """A handshake for which sync-service had the time to answer; else the copies do."""

    def asked_there() -> httpx2.Response | None:
        answer = shake(desk, *scopes, **more)
        cursors = answer.json()["cursors"].values()
        return answer if {each["source"] for each in cursors} == {"sync-service"} else None

    return until(asked_there)  # type: ignore[no-any-return] # of any type


def move(desk: Desktop, value: str, scope: str = "reservation", **more: Any) -> httpx2.Response:
    """Move a cursor to this value."""
    body = {"scope": scope, "value": value, "occurredAt": THEN, **more}
    return desk.request("POST", "/sync/cursor", json_body=body)


def stand(desk: Desktop, scope: str = "reservation") -> httpx2.Response:
    """Where a cursor stands."""
    return desk.get(f"/sync/cursor?scope={scope}")


def moved_elsewhere(world: World, desk: Desktop, value: str, scope: str = "reservation") -> None:
    """The desktop moves its cursor at sync-service itself, as it does while it pulls."""
    answer = world.http.put(
        f"{world.sim}/{SYNC}/sync/v1/cursors/{scope}",
        json={"value": value},
        headers={
            "X-Tenant-Id": world.tenants[0], "X-Operator-Id": world.operator()["id"], "X-Device-Id": desk.device_id,
            "Authorization": "Bearer the-desktop", "Idempotency-Key": str(ULID()),
        },
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


def asked(world: World, since: int = 0) -> list[dict[str, Any]]:
    """What sync-service was asked."""
    found: list[dict[str, Any]] = world.control("GET", f"requests?service={SYNC}").json()
    return found[since:]


def aged(world: World, desk: Desktop) -> None:
    """Make every copy of this device older than it is, as if it had been away for an hour."""
    # sync-service's event of the last move would make it young again.
    handled(world)
    stored(
        world, "update sync_cursors set known_at = known_at - interval '1 hour' where device_id = $1", desk.device_id
    )


# The handshake --------------------------------------------------------------------------------------------------------


def test_a_handshake_answers_a_token_and_where_each_scope_stands(world: World, desk: Desktop) -> None:
    """Everything that the contract lists; a scope that was never synchronised has no value."""
    assert move(desk, "lsn-7", "housekeeping").status_code == 200

    answer = shaken(desk, "reservation", "housekeeping", clientCursors={"housekeeping": "lsn-5"})

    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert body["heartbeatSeconds"] == 60
    assert body["protocolVersion"] == 1
    assert body["syncBaseUrl"] == f"{world.sim}/{SYNC}/sync/v1"
    assert set(body["cursors"]) == {"reservation", "housekeeping"}
    reservation, housekeeping = body["cursors"]["reservation"], body["cursors"]["housekeeping"]
    assert (reservation["value"], housekeeping["value"]) == (None, "lsn-7")
    assert {reservation["source"], housekeeping["source"]} == {"sync-service"}
    assert datetime.fromisoformat(housekeeping["asOf"]) <= datetime.now(UTC) + timedelta(seconds=5)
    (sent,) = [each for each in asked(world) if each["path"].endswith("/handshake")][-1:]
    told = sent["body"] if isinstance(sent["body"], dict) else json.loads(sent["body"])
    assert told["clientCursors"] == {"housekeeping": "lsn-5"}


@OLDER_NAME
def test_the_token_is_verified_by_independent_libraries_from_the_published_keys(world: World, desk: Desktop) -> None:
    """EdDSA, its own `typ`, for sync-service, 15 minutes at most; of tenant, operator, device, key, scopes."""
    body = shake(desk, "reservation", "billing").json()
    token = body["syncSessionToken"]
    keys = world.http.get(f"{world.bff}/.well-known/jwks.json").json()
    (key,) = [each for each in keys["keys"] if each["kid"] == jwt.get_unverified_header(token)["kid"]]

    by_joserfc = jose_jwt.decode(token, jose_jwk.KeySet.import_key_set(keys), algorithms=["EdDSA"])
    by_pyjwt = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["EdDSA"], audience=SYNC, issuer="bff-backoffice-service",
        options={"require": ["exp", "iat", "nbf", "sub", "jti"]},
    )  # fmt: skip

    assert by_joserfc.claims == by_pyjwt
    assert by_joserfc.header["typ"] == "sync-session+jwt"
    assert by_joserfc.header["alg"] == "EdDSA"
    assert by_pyjwt["exp"] - by_pyjwt["iat"] <= 15 * 60
    assert datetime.fromisoformat(body["expiresAt"]).timestamp() == by_pyjwt["exp"]
    assert (by_pyjwt["tid"], by_pyjwt["sub"]) == (world.tenants[0], world.operator()["id"])
    assert (by_pyjwt["device_id"], by_pyjwt["scopes"]) == (desk.device_id, ["reservation", "billing"])
    access = jwt.decode(desk.token, options={"verify_signature": False})
    assert (by_pyjwt["cnf"], by_pyjwt["sid"]) == (access["cnf"], access["sid"])
    assert access["aud"] != by_pyjwt["aud"]


def test_no_two_handshakes_give_the_same_token(desk: Desktop) -> None:
    """Each has an identifier of its own, and none can be used here."""
    first, second = shake(desk).json()["syncSessionToken"], shake(desk).json()["syncSessionToken"]

    assert first != second
    refused(desk.get("/session", Authorization=f"DPoP {first}"), 401, OURS + "TOKEN_INVALID")


@pytest.mark.parametrize("mode", ["error", "hang", "reset", "malformed"])
def test_without_sync_service_the_handshake_answers_the_copies(world: World, desk: Desktop, mode: str) -> None:
    """The last known cursor, with its source and how old it is; what nobody knows is null without a moment."""
    assert move(desk, "lsn-7").status_code == 200
    world.fault(SYNC, mode)

    answer = shake(desk, "reservation", "billing")

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["cursors"]["reservation"]["value"], body["cursors"]["reservation"]["source"]) == ("lsn-7", "cache")
    assert body["cursors"]["reservation"]["asOf"] is not None
    assert body["cursors"]["billing"] == {"value": None, "asOf": None, "source": "cache"}
    assert body["protocolVersion"] is None
    assert body["syncBaseUrl"].endswith(f"/{SYNC}/sync/v1")
    assert body["syncSessionToken"].count(".") == 2


def test_without_postgres_the_handshake_still_works(world: World, desk: Desktop) -> None:
    """sync-service knows the cursors; the copies are a convenience."""
    with stopped(world, "postgres"):
        answer = shaken(desk)

    assert answer.status_code == 200, answer.text
    assert answer.json()["cursors"]["reservation"]["source"] == "sync-service"


def test_without_redis_nobody_gets_a_token(world: World, desk: Desktop) -> None:
    """A proof that can't be checked for its first use opens nothing."""
    with stopped(world, "redis"):
        answers = [shake(desk), stand(desk), move(desk, "lsn-1")]

    for answer in answers:
        refused(answer, 503, OURS + "STORE_UNAVAILABLE")
    until(lambda: desk.get("/session").status_code == 200)


def test_a_device_that_sync_service_locked_gets_no_token(world: World, desk: Desktop) -> None:
    """Its refusal passes through: the handshake is not answered from a copy then."""
    assert shake(desk).status_code == 200
    world.fault(SYNC, "error", status=403)

    answer = shake(desk)

    assert answer.status_code in {403, 502}, answer.text


@pytest.mark.parametrize("role", [role.value for role in OperatorRole])
def test_each_role_gets_the_scopes_of_its_boards(world: World, role: str) -> None:
    """All that the decision gives it in one handshake; one more and the answer is 403 that names it."""
    everything = role in {"general_manager", "owner"}
    mine = [scope for scope in ALL if everything or role in SCOPES[scope]]
    others = [scope for scope in ALL if scope not in mine]
    desk = world.sign_in(role)

    granted = shake(desk, *mine)
    assert granted.status_code == 200, granted.text
    assert set(granted.json()["cursors"]) == set(mine)
    for scope in others:
        problem = refused(shake(desk, mine[0], scope), 403, OURS + "ROLE_FORBIDDEN")
        assert places(problem) == ["body.scopes[1]"]
    if others:
        assert places(refused(stand(desk, others[0]), 403, OURS + "ROLE_FORBIDDEN")) == ["query.scope"]
        assert places(refused(move(desk, "v1", others[0]), 403, OURS + "ROLE_FORBIDDEN")) == ["body.scope"]


def test_a_scope_that_nobody_knows_is_for_those_who_may_use_everything(world: World, desk: Desktop) -> None:
    """sync-service may have new ones first; it says which there are."""
    refused(shake(desk, "reservation", "spa"), 404, GENERAL + "RESOURCE_NOT_FOUND")
    refused(move(desk, "v1", "spa"), 404, GENERAL + "RESOURCE_NOT_FOUND")
    refused(shake(world.sign_in("front_desk"), "spa"), 403, OURS + "ROLE_FORBIDDEN")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.scopes"),
        ({"scopes": [], "protocolVersion": 1}, "body.scopes"),
        ({"scopes": ["a b"], "protocolVersion": 1}, "body.scopes[0]"),
        ({"scopes": ["guest", "guest"], "protocolVersion": 1}, "body.scopes[1]"),
        ({"scopes": ["guest"]}, "body.protocolVersion"),
        ({"scopes": ["guest"], "protocolVersion": 0}, "body.protocolVersion"),
        ({"scopes": ["guest"], "protocolVersion": "1"}, "body.protocolVersion"),
        ({"scopes": ["guest"], "protocolVersion": 1, "clientCursors": {"guest": 7}}, "body.clientCursors"),
        ({"scopes": ["guest"], "protocolVersion": 1, "clientCursors": []}, "body.clientCursors"),
    ],
)
def test_a_handshake_of_the_wrong_shape_names_the_place(desk: Desktop, body: dict[str, Any], place: str) -> None:
    """400 before anybody is asked."""
    answer = desk.request("POST", "/sync/handshake", json_body=body)

    assert any(each.startswith(place) for each in places(refused(answer, 400, GENERAL + "VALIDATION_FAILED")))


def test_a_handshake_takes_its_own_cursors_back(desk: Desktop) -> None:
    """A desktop may send what it was answered last time, as it was."""
    cursors = shake(desk, "reservation").json()["cursors"]

    assert shake(desk, "reservation", clientCursors=cursors).status_code == 200
    assert shake(desk, "reservation", clientCursors={"reservation": None}).status_code == 200


def test_a_device_can_not_shake_hands_for_another(world: World, desk: Desktop) -> None:
    """The token is for the device that asks, whatever the header says."""
    body = {"scopes": ["reservation"], "protocolVersion": 1}
    other = world.device()

    answer = desk.request("POST", "/sync/handshake", json_body=body, X_Device_Id=other)

    refused(answer, 403, OURS + "DEVICE_MISMATCH")


# Reading a cursor -----------------------------------------------------------------------------------------------------


def test_a_scope_that_was_never_synchronised_is_200_with_null(desk: Desktop) -> None:
    """Also one of which sync-service has never heard."""
    for scope in ("maintenance", "spa"):
        answer = stand(desk, scope)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["scope"], answer.json()["value"]) == (scope, None)


def test_a_young_copy_is_answered_without_asking(world: World, desk: Desktop) -> None:
    """Cheap for a desktop that comes back; it says that it is a copy, and of when."""
    moved = move(desk, "lsn-8").json()
    before = len(asked(world))

    answer = stand(desk).json()

    assert (answer["value"], answer["source"], answer["asOf"]) == ("lsn-8", "cache", moved["asOf"])
    assert asked(world, before) == []


def test_an_old_copy_is_renewed(world: World, desk: Desktop) -> None:
    """sync-service is asked, and what it says is the next copy."""
    assert move(desk, "lsn-8").status_code == 200
    aged(world, desk)

    # The old copy is told, and stays old, where sync-service did not answer in time.
    first = until(lambda: (body := stand(desk).json())["source"] == "sync-service" and body)
    second = stand(desk).json()

    assert (first["value"], first["source"]) == ("lsn-8", "sync-service")
    assert (second["value"], second["source"], second["asOf"]) == ("lsn-8", "cache", first["asOf"])


def test_an_old_copy_is_better_than_none(world: World, desk: Desktop) -> None:
    """sync-service away: the copy, as old as it says; with no copy at all, 503."""
    assert move(desk, "lsn-8").status_code == 200
    aged(world, desk)
    world.fault(SYNC, "error", status=503)

    answer = stand(desk).json()

    assert (answer["value"], answer["source"]) == ("lsn-8", "cache")
    assert datetime.now(UTC) - datetime.fromisoformat(answer["asOf"]) > timedelta(minutes=50)
    refused(stand(desk, "billing"), 503, BFF + "UPSTREAM_UNAVAILABLE")


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [("hang", 504, "UPSTREAM_TIMEOUT"), ("malformed", 502, "UPSTREAM_INVALID_RESPONSE")],
)
def test_without_a_copy_the_services_failure_is_told(
    world: World, desk: Desktop, mode: str, status: int, code: str
) -> None:
    """A hanging and a broken sync-service are told apart; a move is refused in the same way."""
    world.fault(SYNC, mode)

    refused(stand(desk), status, BFF + code)
    refused(move(desk, "lsn-1"), status, BFF + code)


def test_without_postgres_a_cursor_is_read_where_it_is_kept(world: World, desk: Desktop) -> None:
    """No copy can be read, so sync-service is asked."""
    assert move(desk, "lsn-8").status_code == 200

    with stopped(world, "postgres"):
        answer = stand(desk)

    assert (answer.status_code, answer.json()["value"], answer.json()["source"]) == (200, "lsn-8", "sync-service")


@pytest.mark.parametrize(
    "query", ["", "?scope=", "?scope=a%20b", "?scope=a&scope=b", "?scope=" + "x" * 65, "?scope=reservation%0A"]
)
def test_a_malformed_scope_names_the_place(desk: Desktop, query: str) -> None:
    """400."""
    problem = refused(desk.get(f"/sync/cursor{query}"), 400, GENERAL + "VALIDATION_FAILED")

    assert places(problem) == ["query.scope"]


# Moving a cursor ------------------------------------------------------------------------------------------------------


def test_a_cursor_moves_forward_and_never_backwards(world: World, desk: Desktop) -> None:
    """sync-service orders the values: `lsn-10` is after `lsn-9`; the same one again changes nothing."""
    first = move(desk, "lsn-9")
    assert first.status_code == 200, first.text
    assert (first.json()["scope"], first.json()["value"]) == ("reservation", "lsn-9")
    assert datetime.fromisoformat(first.json()["asOf"]).tzinfo is not None
    assert move(desk, "lsn-10").json()["value"] == "lsn-10"
    assert move(desk, "lsn-10").status_code == 200

    problem = refused(move(desk, "lsn-9"), 409, OURS + "CURSOR_REGRESSION")

    assert (problem["cursor"]["scope"], problem["cursor"]["value"]) == ("reservation", "lsn-10")
    assert problem["userMessage"]["text"]
    assert stand(desk).json()["value"] == "lsn-10"
    made = [each for each in world.control("GET", f"effects?service={SYNC}").json() if desk.device_id in str(each)]
    assert [each["kind"] for each in made] == ["cursor.advanced", "cursor.advanced"]


def test_what_was_moved_at_sync_service_counts(world: World, desk: Desktop) -> None:
    """A copy that is behind does not let a cursor go back; the next handshake says where it stands."""
    assert move(desk, "lsn-3").status_code == 200
    moved_elsewhere(world, desk, "lsn-5")

    refused(move(desk, "lsn-4"), 409, OURS + "CURSOR_REGRESSION")

    assert shaken(desk).json()["cursors"]["reservation"]["value"] == "lsn-5"


def test_every_move_is_audited_before_and_after(world: World, desk: Desktop) -> None:
    """Who, on which device, which value, with what end; the device's own time too."""
    moved, refusal = move(desk, "lsn-6"), move(desk, "lsn-2")
    world.fault(SYNC, "error", status=503)
    lost = move(desk, "lsn-7")
    assert [each.status_code for each in (moved, refusal, lost)] == [200, 409, 503]

    rows = stored(world, "select * from mutation_audit where device_id = $1 order by id", desk.device_id)

    assert [(row["outcome"], row["upstream_status"]) for row in rows] == [
        ("applied", 200), ("refused", 409), ("unknown", None),
    ]  # fmt: skip
    assert {(row["action"], row["resource_id"], row["path"]) for row in rows} == {
        ("advance_cursor", "reservation", "/bff/backoffice/v1/sync/cursor")
    }
    details = [json.loads(row["detail"]) for row in rows]
    assert [each["value"] for each in details] == ["lsn-6", "lsn-2", "lsn-7"]
    assert {each["occurredAt"] for each in details} == {THEN}
    assert {row["operator_id"] for row in rows} == {world.operator()["id"]}
    (sent,) = [
        each for each in asked(world)
        if each["method"] == "PUT" and each["status"] == 200 and each["headers"].get("X-Device-Id") == desk.device_id
    ]  # fmt: skip
    assert sent["headers"]["Idempotency-Key"] == rows[0]["idempotency_key"]
    assert sent["headers"]["X-Occurred-At"] == "2026-11-22T05:30:00.000Z"


def test_what_can_not_be_audited_does_not_happen(world: World, desk: Desktop) -> None:
    """Postgres away: 503, and sync-service hears nothing."""
    with stopped(world, "postgres"):
        answer = move(desk, "lsn-6")

    refused(answer, 503, OURS + "STORE_UNAVAILABLE")
    assert [each for each in asked(world) if each["headers"].get("X-Device-Id") == desk.device_id] == []
    until(lambda: move(desk, "lsn-6").status_code == 200)


def test_a_move_whose_answer_was_lost_may_come_again(world: World, desk: Desktop) -> None:
    """sync-service moved it and nobody heard: the same request then finds it where it wanted it."""
    world.fault(SYNC, "applied_then_lost", match="PUT")
    refused(move(desk, "lsn-6"), 503, BFF + "UPSTREAM_UNAVAILABLE")
    world.heal()

    answer = move(desk, "lsn-6")

    assert (answer.status_code, answer.json()["value"]) == (200, "lsn-6")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"scope": None}, "body.scope"),
        ({"scope": "a b"}, "body.scope"),
        ({"value": None}, "body.value"),
        ({"value": ""}, "body.value"),
        ({"value": "a\x00b"}, "body.value"),
        ({"value": "x" * 513}, "body.value"),
        ({"value": 7}, "body.value"),
        ({"occurredAt": None}, "body.occurredAt"),
        ({"occurredAt": "2026-11-22T10:00:00"}, "body.occurredAt"),
        ({"occurredAt": "1970-01-01T00:00:00Z"}, "body.occurredAt"),
    ],
)
def test_a_move_of_the_wrong_shape_names_the_place(desk: Desktop, change: dict[str, Any], place: str) -> None:
    """400."""
    body = {"scope": "reservation", "value": "lsn-1", "occurredAt": THEN, **change}

    answer = desk.request("POST", "/sync/cursor", json_body=body)

    problem = refused(answer, 400, GENERAL + "VALIDATION_FAILED")

    assert places(problem) == [place]


def test_cursors_belong_to_operator_and_device(world: World, desk: Desktop) -> None:
    """Neither another device of the same operator nor another tenant's sees them."""
    assert move(desk, "lsn-6").status_code == 200

    for other in (world.sign_in(), world.sign_in(tenant=1)):
        assert stand(other).json()["value"] is None
        assert move(other, "lsn-1").status_code == 200
    assert stand(desk).json()["value"] == "lsn-6"
