"""Contract, sections 3 and 10: device-bound sessions. Every answer is held to the API document.

| Promise | Held by |
|---|---|
| the checks of a proof, the algorithms, the limits before parsing | test_dpop_checks.py, test_dpop_fapi.py, test_dpop_public_defects.py, unit/dpop |
| a replay is refused, atomically; a store that forgot | contract/memorystore, integration/test_stores_away.py |
| the store away: 503, open routes answer, nothing falls open | integration/test_stores_away.py |
| `htu` is compared with a public origin and the path as requested, alias included | `test_a_proof_names_the_path_as_requested`, integration/test_bad_input.py |
| several public origins | `test_each_public_origin_is_good_for_a_proof` |
| `WWW-Authenticate` on every 401 | `test_each_401_has_its_challenge` |
| a session is opened by the first request, validated by iam once | `test_opening_a_session_asks_iam_once` |
| it slides for twelve hours | `test_a_session_slides_for_twelve_hours` |
| idle → refreshed → closed | integration/test_sessions.py, `test_a_refreshed_session_says_so` |
| roles and scope from tenant-service, at most five minutes, dropped by its events | `test_roles_are_believed_for_five_minutes_at_most`, `test_an_event_of_tenant_service_…` |
| a revoked session refuses its tokens at once | integration/test_sessions.py |
| revoked `sid`s are kept in Postgres until their tokens have expired | `test_a_revoked_sid_is_kept_until_its_tokens_expire` |
| a new `sid` replaces the session, also a revoked one | integration/test_sessions.py |
| the primary property is the first of the scope | integration/test_sessions.py |
| the same refresh token and key: the same answer for 30 s | integration/test_sessions.py |
| a refresh's proof has no `ath`, is checked here and passed on | `test_a_refreshs_proof_is_checked_here_and_passed_on` |
| shapes of session, refresh and heartbeat (section 10) | `test_a_session_has_the_contracts_members` and its siblings |
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import jwt
import pytest
import redis

from tests.desktop import API, Desktop
from tests.musts.described import Described
from tests.waiting import until
from tests.worlds import World

OURS = "MELMASTOON.BFF.BACKOFFICE."
ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"


@pytest.fixture(scope="module")
def desk(shared_world: World) -> Desktop:
    """A general manager; no test of this module ends the session."""
    desk = shared_world.sign_in()
    assert desk.get("/session").status_code == 200
    return desk


def claims(desktop: Desktop) -> dict[str, Any]:
    """What the desktop's token says."""
    return dict(jwt.decode(desktop.token, options={"verify_signature": False}))


def moment(text: str) -> datetime:
    """An RFC 3339 time, which must say its offset."""
    parsed = datetime.fromisoformat(text)
    assert parsed.tzinfo is not None, text
    return parsed


def calls_to(world: World, service: str) -> list[dict[str, Any]]:
    """What arrived at one service since the record was emptied."""
    return [call for call in world.control("GET", "requests").json() if call["service"] == service]


def test_a_session_has_the_contracts_members(world: World, desk: Desktop, described: Described) -> None:
    """Section 10: every member of `GET /session`, with identifiers and times in the promised forms."""
    operator = world.operator()

    body = described.check(
        desk.get("/session", X_App_Version="1.4.2", X_App_Platform="win32", X_Network_Profile="flaky")
    ).json()

    assert set(body) >= {
        "id", "tenantId", "operatorId", "deviceId", "propertyScope", "primaryPropertyId", "roles", "locale", "dir",
        "appVersion", "appPlatform", "networkProfile", "state", "openedAt", "lastSeenAt", "expiresAt",
    }  # fmt: skip
    for member, prefix in (("id", "bos"), ("tenantId", "tnt"), ("operatorId", "usr"), ("deviceId", "dev")):
        assert re.fullmatch(f"{prefix}_{ULID}", body[member]), member
    assert body["operatorId"] == operator["id"] == claims(desk)["sub"]
    assert body["tenantId"] == claims(desk)["tid"]
    assert (body["locale"], body["dir"]) == (operator["locale"], "rtl")
    assert (body["appVersion"], body["appPlatform"], body["networkProfile"]) == ("1.4.2", "win32", "flaky")
    assert moment(body["openedAt"]) <= moment(body["lastSeenAt"]) < moment(body["expiresAt"])


def test_choosing_a_property_answers_with_the_session(world: World, described: Described) -> None:
    """`PUT /session/property` says what `GET /session` says from then on."""
    desk = world.sign_in()
    before = desk.get("/session").json()
    other = before["propertyScope"][1]

    chosen = described.check(desk.request("PUT", "/session/property", json_body={"propertyId": other})).json()

    assert chosen["primaryPropertyId"] == other
    assert chosen["id"] == before["id"]
    assert desk.get("/session").json()["primaryPropertyId"] == other


def test_a_heartbeat_answers_with_what_to_do_next(world: World, desk: Desktop, described: Described) -> None:
    """Section 10: with every optional member and without, the device is told when to come back."""
    small = {"sentAt": "2026-11-22T10:00:00Z", "queueDepth": 0, "networkProfile": "good", "appVersion": "1.4.2"}
    whole = {**small, "lastSyncAt": "2026-11-22T09:00:00+04:30", "batteryPercent": 77, "somethingNew": {"later": True}}

    for body in (small, whole):
        answer = described.check(desk.request("POST", f"/devices/{desk.device_id}/heartbeat", json_body=body)).json()
        assert set(answer) >= {
            "serverTime", "nextHeartbeatSeconds", "pollSeconds", "appVersionFloor", "directives",
        }  # fmt: skip
        assert abs(moment(answer["serverTime"]) - datetime.now(UTC)) < timedelta(seconds=30)
        assert answer["nextHeartbeatSeconds"] == 60
        # A clock that is wrong by months, and nothing synchronised for as long.
        assert answer["directives"] == ["set_clock", "start_sync"]
    del world


def test_a_refresh_answers_with_a_pair_of_tokens(world: World, described: Described) -> None:
    """Section 10: `{accessToken, refreshToken, tokenType: "DPoP", expiresIn}`, bound to the same key and session."""
    desk = world.sign_in()
    before = claims(desk)

    answer = described.check(desk.refresh()).json()
    desk.tokens = answer

    assert answer["tokenType"] == "DPoP"
    assert answer["expiresIn"] > 0
    after = claims(desk)
    assert {name: before[name] for name in ("sid", "sub", "tid", "device_id", "cnf")} == {
        name: after[name] for name in ("sid", "sub", "tid", "device_id", "cnf")
    }
    assert described.check(desk.get("/session")).status_code == 200


def test_signing_out_answers_with_nothing(world: World, described: Described) -> None:
    """204 without a body, and a second time the token is refused already."""
    desk = world.sign_in()

    first, second = (described.check(desk.request("POST", "/auth/sign-out")) for _ in range(2))

    assert (first.status_code, first.content) == (204, b"")
    assert second.json()["code"] == OURS + "SESSION_REVOKED"


# Section 3 -----------------------------------------------------------------------------------------------------------


def test_each_401_has_its_challenge(world: World, described: Described) -> None:
    """The scheme, the algorithms, and the error that the contract names for each kind of refusal."""
    desk, gone = world.sign_in(), world.sign_in("front_desk")
    short = world.sign_in(ttl=1)
    gone.get("/session")
    gone.request("POST", "/auth/sign-out")
    used = desk.key.proof("GET", f"{world.bff}{API}/session", desk.token)
    desk.get("/session", DPoP=used)
    time.sleep(1.2)  # the short token's whole life

    answers = {
        "TOKEN_EXPIRED": (short.get("/session"), "invalid_token"),
        "SESSION_REVOKED": (gone.get("/session"), "invalid_token"),
        "PROOF_INVALID": (desk.get("/session", DPoP="a.b.c"), "invalid_dpop_proof"),
        "PROOF_REPLAYED": (desk.get("/session", DPoP=used), "invalid_dpop_proof"),
    }

    for code, (answer, error) in answers.items():
        body = described.check(answer).json()
        assert (answer.status_code, body["code"]) == (401, OURS + code)
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith("DPoP "), code
        assert f'error="{error}"' in challenge, code
        assert 'algs="ES256 Ed25519 EdDSA PS256"' in challenge, code


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_a_proof_names_the_path_as_requested(world: World, desk: Desktop, prefix: str) -> None:
    """The load balancer's alias is another address: a proof for one is none for the other."""
    other = "/api" if prefix == "" else ""
    path = f"{prefix}{API}/session"
    good = desk.key.proof("GET", world.bff + path, desk.token)
    wrong = desk.key.proof("GET", f"{world.bff}{other}{API}/session", desk.token)

    assert desk.get(path, DPoP=good).status_code == 200
    refused = desk.get(path, DPoP=wrong)
    assert (refused.status_code, refused.json()["code"]) == (401, OURS + "PROOF_INVALID")


def test_each_public_origin_is_good_for_a_proof(world: World, desk: Desktop) -> None:
    """The developer world names four: service and network proxy, by address and by name; no fifth is one."""
    port, proxy = world.bff.rpartition(":")[2], world.proxy.rpartition(":")[2]
    origins = [f"http://{host}:{each}" for host in ("127.0.0.1", "localhost") for each in (port, proxy)]

    for origin in origins:
        proof = desk.key.proof("GET", f"{origin}{API}/session", desk.token)
        assert desk.get("/session", DPoP=proof).status_code == 200, origin
    for origin in (f"https://127.0.0.1:{port}", f"http://127.0.0.1:{int(port) + 1}", "http://127.0.0.1"):
        proof = desk.key.proof("GET", f"{origin}{API}/session", desk.token)
        assert desk.get("/session", DPoP=proof).status_code == 401, origin


def test_opening_a_session_asks_iam_once(world: World) -> None:
    """The first request of a device has its session validated; what follows asks nobody."""
    world.control("DELETE", "requests")
    desk = world.sign_in("night_auditor")

    answers = [desk.get("/session") for _ in range(3)]

    validations = [call for call in calls_to(world, "iam-service") if "validate" in call["path"]]
    assert {answer.status_code for answer in answers} == {200}
    assert len(validations) == 1
    assert claims(desk)["sid"] in validations[0]["path"]


def test_a_session_that_iam_does_not_know_is_not_opened(world: World) -> None:
    """A token with a good signature whose session is over at iam opens nothing."""
    desk = world.sign_in("night_auditor")
    url = f"{world.sim}/iam-service/api/v1/sessions/{claims(desk)['sid']}/revoke"
    ended = world.http.post(
        url,
        json={"reason": "test"},
        headers={"X-Tenant-Id": world.tenants[0].replace("tnt_", "ten_"), "Authorization": "Bearer test"},
    )
    assert ended.status_code < 300, ended.text

    answer = desk.get("/session")

    assert (answer.status_code, answer.json()["code"]) == (401, OURS + "SESSION_REVOKED")


def test_a_session_slides_for_twelve_hours(world: World, desk: Desktop) -> None:
    """Whatever was left of its time, a request gives it twelve hours again; the answer says until when."""
    body = desk.get("/session").json()
    client = redis.Redis.from_url(world.redis)
    key = f"{world.tenants[0]}:session:{desk.device_id}"
    client.expire(key, 100)

    desk.get("/session")
    seconds = client.ttl(key)
    client.close()

    assert 12 * 3600 - 60 <= seconds <= 12 * 3600
    assert moment(body["expiresAt"]) - moment(body["lastSeenAt"]) == timedelta(hours=12)


def test_a_refreshed_session_says_so(world: World, described: Described) -> None:
    """open, and after a refresh: refreshed; the session's identifier stays."""
    desk = world.sign_in()
    opened = desk.get("/session").json()
    desk.tokens = desk.refresh().json()

    after = described.check(desk.get("/session")).json()

    assert (opened["state"], after["state"], after["id"]) == ("open", "refreshed", opened["id"])


def test_roles_are_believed_for_five_minutes_at_most(world: World, desk: Desktop) -> None:
    """What tenant-service said is kept with an expiry, and asked for once in that time."""
    desk.get("/session")
    client = redis.Redis.from_url(world.redis)
    key = f"{world.tenants[0]}:operator:{claims(desk)['sub']}"
    left = client.ttl(key)
    client.close()
    world.control("DELETE", "requests")

    desk.get("/session")

    assert 0 < left <= 300
    assert calls_to(world, "tenant-service") == []


def test_an_event_of_tenant_service_makes_the_roles_be_asked_for_anew(world: World, desk: Desktop) -> None:
    """A membership that changed counts at once, not after five minutes."""
    desk.get("/session")
    world.control("DELETE", "requests")

    world.publish("melmastoon.tenant.membership.updated.v1", world.tenants[0], {"userId": claims(desk)["sub"]})

    until(lambda: desk.get("/session").status_code == 200 and calls_to(world, "tenant-service"))


def test_a_revoked_sid_is_kept_until_its_tokens_expire(world: World) -> None:
    """In Postgres, for as long as a token of the session could still be shown."""
    desk = world.sign_in("front_desk")
    desk.get("/session")
    token = claims(desk)

    desk.request("POST", "/auth/sign-out")

    async def kept() -> asyncpg.Record | None:
        connection = await asyncpg.connect(world.postgres["app"])
        async with connection.transaction():
            await connection.execute("select set_config('app.tenant_id', $1, true)", world.tenants[0])
            row = await connection.fetchrow(
                "select * from bff_backoffice.revoked_sessions where session_id = $1", token["sid"]
            )
        await connection.close()
        return row

    row = asyncio.run(kept())
    assert row is not None
    assert row["expires_at"] >= datetime.fromtimestamp(token["exp"], UTC)
    assert (row["device_id"], row["operator_id"]) == (desk.device_id, token["sub"])


def test_a_refreshs_proof_is_checked_here_and_passed_on(world: World) -> None:
    """No `ath` in it, checked before iam is asked, and iam gets the very same proof."""
    desk = world.sign_in()
    path = f"{API}/auth/refresh"
    body = {"refreshToken": desk.tokens["refreshToken"]}
    elsewhere = desk.key.proof("POST", f"https://elsewhere.example{path}")
    good = desk.key.proof("POST", world.bff + path)
    world.control("DELETE", "requests")

    refused = desk.http.post(world.bff + path, json=body, headers={"DPoP": elsewhere})
    asked = calls_to(world, "iam-service")
    taken = desk.http.post(world.bff + path, json=body, headers={"DPoP": good})

    assert (refused.status_code, refused.json()["code"]) == (401, OURS + "PROOF_INVALID")
    assert asked == []
    assert taken.status_code == 200
    (call,) = calls_to(world, "iam-service")
    assert {name.lower(): value for name, value in call["headers"].items()}["dpop"] == good


def test_an_access_token_is_of_no_use_at_refresh(world: World) -> None:
    """An access token in the refresh token's place gets nothing."""
    desk = world.sign_in()
    path = f"{API}/auth/refresh"

    answer = desk.http.post(
        world.bff + path, json={"refreshToken": desk.token}, headers={"DPoP": desk.key.proof("POST", world.bff + path)}
    )

    assert 400 <= answer.status_code < 500
    assert desk.token not in answer.text
