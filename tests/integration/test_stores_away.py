"""Redis away, Postgres away, iam's keys away: a clear answer, nothing falls open, and recovery without a restart."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import redis

from tests.desktop import API, Desktop
from tests.processes import stopped
from tests.waiting import until
from tests.worlds import World, start_world

STORE_UNAVAILABLE = "MELMASTOON.BFF.BACKOFFICE.STORE_UNAVAILABLE"


def ready(world: World) -> int:
    """The readiness route's status."""
    return world.http.get(f"{world.bff}/health/ready").status_code


@pytest.fixture(scope="module")
def shaken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose stores this module stops and kills."""
    with start_world(tmp_path_factory.mktemp("stores")) as world:
        yield world


def test_redis_away_closes_every_authenticated_route_and_opens_again(shaken: World) -> None:
    """503 on whatever needs a proof, 200 on open routes, not ready; all well within seconds of its return."""
    desktop = shaken.sign_in()
    desktop.get("/session")

    with stopped(shaken, "redis"):
        answer = desktop.get("/session")
        refresh = desktop.refresh()
        live, state = shaken.http.get(f"{shaken.bff}/health/live"), ready(shaken)
        document = shaken.http.get(f"{shaken.bff}/openapi.json")

    assert (answer.status_code, answer.json()["code"]) == (503, STORE_UNAVAILABLE)
    assert answer.headers["Retry-After"]
    assert refresh.status_code == 503
    assert (live.status_code, document.status_code, state) == (200, 200, 503)
    assert until(lambda: ready(shaken) == 200)
    assert desktop.get("/session").status_code == 200


def others(desktop: Desktop) -> dict[str, str]:
    """How each widget of a dashboard ended, but the devices, which Postgres has and which are missing."""
    board = desktop.get("/dashboard", Accept="application/json").json()
    outcomes = {str(widget["id"]): str(widget["outcome"]) for widget in board["widgets"]}
    assert outcomes.pop("devices") in {"timeout", "error"}
    return outcomes


def test_postgres_away_leaves_the_dashboard_and_refuses_new_sessions(shaken: World) -> None:
    """An open session reads its boards from the platform; a session that would have to be opened is refused."""
    desktop = shaken.sign_in()
    desktop.get("/session")
    newcomer = shaken.sign_in("front_desk")

    with stopped(shaken, "postgres"):
        # Until nothing was late but what is Postgres's own: the others have 500 to 800 ms of real time.
        outcomes = until(lambda: (found := others(desktop)) and set(found.values()) <= {"fresh", "cached"} and found)
        refused = newcomer.get("/session")
        signed_out = desktop.request("POST", "/auth/sign-out")
        state = ready(shaken)

    assert len(outcomes) == 15
    assert (refused.status_code, refused.json()["code"]) == (503, STORE_UNAVAILABLE)
    assert signed_out.status_code == 503
    assert state == 503
    assert until(lambda: ready(shaken) == 200)
    assert newcomer.get("/session").status_code == 200
    assert desktop.request("POST", "/auth/sign-out").status_code == 204


def test_a_killed_postgres_is_used_again_after_its_restart(shaken: World) -> None:
    """Dead connections are replaced; nobody restarts the service."""
    before = shaken.pids["bff"]
    os.kill(shaken.pids["postgres"], signal.SIGKILL)

    desktop = shaken.sign_in()

    assert until(lambda: desktop.get("/session").status_code == 200)
    assert shaken.pids["bff"] == before


def test_a_redis_that_comes_back_with_its_memory_goes_on_at_once(shaken: World) -> None:
    """Sessions and used proofs are still there, so there is nothing to wait for and nothing to replay."""
    desktop = shaken.sign_in()
    used = desktop.headers("GET", f"{API}/session")
    session = desktop.http.get(f"{shaken.bff}{API}/session", headers=used).json()["id"]
    before = shaken.pids["redis"]
    os.kill(before, signal.SIGKILL)
    until(lambda: shaken.pids["redis"] not in {0, before})
    # A store that forgot is not ready for ten seconds.
    assert until(lambda: ready(shaken) == 200, 8)

    replayed = desktop.http.get(f"{shaken.bff}{API}/session", headers=used)

    assert replayed.status_code == 401
    assert desktop.get("/session").json()["id"] == session


def test_a_redis_without_memory_revives_no_signed_out_session_and_no_proof(shaken: World) -> None:
    """For ten seconds every proof is refused, since nobody knows which were used; a revoked session stays revoked."""
    desktop, gone = shaken.sign_in(), shaken.sign_in("owner")
    used = desktop.headers("GET", f"{API}/session")
    assert desktop.http.get(f"{shaken.bff}{API}/session", headers=used).status_code == 200
    gone.get("/session")
    assert gone.request("POST", "/auth/sign-out").status_code == 204

    client = redis.Redis.from_url(shaken.redis)
    client.flushall()
    client.close()

    at_once = [desktop.http.get(f"{shaken.bff}{API}/session", headers=used), desktop.get("/session")]
    assert [answer.status_code for answer in at_once] == [503, 503]
    assert at_once[1].json()["retryAfter"] >= 1
    assert ready(shaken) == 503
    assert until(lambda: desktop.get("/session").status_code == 200)
    assert desktop.http.get(f"{shaken.bff}{API}/session", headers=used).status_code == 401
    assert gone.get("/session").json()["code"] == "MELMASTOON.BFF.BACKOFFICE.SESSION_REVOKED"


def test_a_redis_restored_from_a_snapshot_revives_no_signed_out_session(shaken: World) -> None:
    """The session is back in Redis as it once was; Postgres remembers that it was ended."""
    desktop = shaken.sign_in()
    desktop.get("/session")
    client = redis.Redis.from_url(shaken.redis)
    (key,) = client.keys(f"*:session:{desktop.device_id}")
    snapshot = client.dump(key)
    assert desktop.request("POST", "/auth/sign-out").status_code == 204

    client.flushall()
    client.restore(key, 0, snapshot)
    client.close()

    assert until(lambda: ready(shaken) == 200)
    assert until(lambda: desktop.get("/session").status_code != 503)
    assert desktop.get("/session").json()["code"] == "MELMASTOON.BFF.BACKOFFICE.SESSION_REVOKED"


def test_iams_keys_away_at_the_start_is_a_503_until_they_come(tmp_path: Path) -> None:
    """A service that has never seen the keys can judge no token, says so, and begins when it can."""
    with start_world(tmp_path / "keys") as world:
        world.fault("iam-service", "error", status=503, match="GET /.well-known")
        desktop = world.sign_in()

        away = desktop.get("/session")
        state = ready(world)
        world.heal()

        assert (away.status_code, away.json()["code"]) == (503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE")
        assert state == 200, "an upstream's failure never makes the service unready"
        assert until(lambda: desktop.get("/session").status_code == 200)


def test_known_keys_go_on_while_iam_is_away(shaken: World) -> None:
    """Tokens of open sessions are judged with the keys that are known."""
    desktop = shaken.sign_in()
    desktop.get("/session")
    shaken.fault("iam-service", "reset")

    answers: list[httpx2.Response] = [desktop.get("/session") for _ in range(3)]
    shaken.heal()

    assert {answer.status_code for answer in answers} == {200}


def test_tenant_service_away_refuses_unknown_operators_clearly(shaken: World) -> None:
    """Roles are believed for five minutes; nobody gets in on roles that were never told."""
    shaken.fault("tenant-service", "error", status=503)
    newcomer = shaken.sign_in("night_auditor", tenant=1)

    refused = newcomer.get("/session")
    shaken.heal()

    assert (refused.status_code, refused.json()["code"]) == (503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE")
    assert until(lambda: newcomer.get("/session").status_code == 200)


def test_a_new_signing_key_while_iams_keys_are_away_is_a_503(shaken: World) -> None:
    """Nobody can tell a new key from a wrong one then, so no genuine token is called invalid; well again in seconds."""
    known = shaken.sign_in()
    known.get("/session")
    shaken.fault("iam-service", "error", status=503, match="GET /.well-known")
    shaken.control("POST", "iam/rotate-keys")
    newcomer = shaken.sign_in("owner")

    away = newcomer.get("/session")
    shaken.heal()

    assert (away.status_code, away.json()["code"]) == (503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE")
    assert known.get("/session").status_code == 200
    assert until(lambda: newcomer.get("/session").status_code == 200)


def test_iam_refusing_this_service_is_not_the_operators_fault(shaken: World) -> None:
    """A 401 to our own question about a session is an upstream that is not available, never a sign-out."""
    newcomer = shaken.sign_in("night_auditor")
    shaken.fault("iam-service", "error", status=401, match="POST /api/v1/sessions")

    answer = newcomer.get("/session")
    shaken.heal()

    assert (answer.status_code, answer.json()["code"]) == (503, "MELMASTOON.BFF.UPSTREAM_UNAVAILABLE")
    assert until(lambda: newcomer.get("/session").status_code == 200)
