"""Upkeep in the running world: asked for by the scheduler alone, done by the worker, also when one is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from ulid import ULID

from bff_backoffice.application.jobs_table import JOBS
from bff_backoffice.dev.plan import MACHINES
from tests.processes import stopped
from tests.waiting import until
from tests.worlds import World, start_world

V1 = "/bff/backoffice/v1"
JOB = "attestations"


def token(world: World, **more: Any) -> str:
    """An identity token; the scheduler's, but for what is given."""
    wanted = {"email": MACHINES["BFF_SCHEDULER_IDENTITY"], "audience": MACHINES["BFF_SCHEDULER_AUDIENCE"], **more}
    return str(world.control("POST", "identity-tokens", wanted).json()["token"])


def ask(world: World, name: str = JOB, *, method: str = "POST", **headers: str) -> httpx2.Response:
    """Ask for a run."""
    return world.http.request(method, f"{world.bff}{V1}/internal/jobs/{name}", headers=headers)


def asked(world: World, name: str = JOB) -> httpx2.Response:
    """Ask for a run as the scheduler does."""
    return ask(world, name, Authorization=f"Bearer {token(world)}")


def sql(world: World, statement: str, *values: Any, tenant: str = "*", role: str = "owner") -> list[asyncpg.Record]:
    """What a statement gives in a transaction of the tenant."""

    async def main() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(world.postgres[role])
        try:
            async with connection.transaction():
                await connection.execute("set local search_path to bff_backoffice")
                await connection.execute("select set_config('app.tenant_id', $1, true)", tenant)
                return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(main())


def old_attestations(world: World, tenant: str, number: int) -> None:
    """Put so many second factors into the table that nobody can use any more."""
    sql(
        world,
        "insert into mfa_attestations (tenant_id, id, operator_id, device_id, key_thumbprint, action, resource_id,"
        " factor, expires_at) select $1, 'mfa_' || n, 'usr', 'dev', 'k', 'a', 'r', 'totp',"
        " clock_timestamp() - interval '40 days'"
        " from generate_series(1, $2::int) n",
        tenant, number, tenant=tenant,
    )  # fmt: skip


def left(world: World, tenant: str) -> int:
    """How many of them are there."""
    (row,) = sql(world, "select count(*) from mfa_attestations", tenant=tenant)
    return int(row["count"])


def until_gone(world: World, tenant: str) -> None:
    """Return when none is left; the suite's own limit ends it otherwise."""
    while left(world, tenant):
        pass


@pytest.mark.parametrize("name", [job.name for job in JOBS])
def test_the_scheduler_asks_for_any_job(world: World, name: str) -> None:
    """202, with the job's name, what it does and when it was asked for; never kept by a cache."""
    answer = asked(world, name)

    assert answer.status_code == 202
    assert answer.json()["job"] == name
    assert answer.json()["requestedAt"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_worker_does_what_was_asked_for(world: World) -> None:
    """Within seconds, for whatever tenant has something old."""
    tenant = f"tnt_{ULID()}"
    old_attestations(world, tenant, 3)

    assert asked(world).status_code == 202

    until_gone(world, tenant)


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."}, {"Authorization": "Basic YTpi"},
    ],
    ids=["none", "empty", "nonsense", "unsigned", "another scheme"],
)  # fmt: skip
def test_without_a_signed_token_nobody_asks_for_anything(world: World, wrong: Mapping[str, str]) -> None:
    """401, as for everybody who is not known; the job is not asked for."""
    before = sql(world, "select requested_at from job_runs where name = $1", JOB)

    answer = ask(world, **wrong)

    assert answer.status_code == 401
    assert sql(world, "select requested_at from job_runs where name = $1", JOB) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "somebody@elsewhere.example"}, {"audience": "https://elsewhere.example"}, {"seconds": -120},
        {"issuer": "https://elsewhere.example"}, {"emailVerified": False},
        {"email": MACHINES["BFF_PUSH_IDENTITY"], "audience": MACHINES["BFF_PUSH_AUDIENCE"]},
    ],
    ids=["foreign", "wrong audience", "expired", "another issuer", "unverified", "the push identity"],
)  # fmt: skip
def test_another_identity_asks_for_nothing(world: World, wrong: Mapping[str, Any]) -> None:
    """401, however well the token is signed; whether the job exists does not show."""
    headers = {"Authorization": f"Bearer {token(world, **wrong)}"}

    assert ask(world, **headers).status_code == 401
    assert ask(world, "drop-everything", **headers).status_code == 401


def test_an_operator_asks_for_nothing(world: World) -> None:
    """Not even a general manager, whose token and proof are good everywhere else."""
    assert world.sign_in().request("POST", f"/internal/jobs/{JOB}").status_code == 401


@pytest.mark.parametrize("name", ["drop-everything", "ATTESTATIONS", "attestations%00", "..", "%2e%2e"])
def test_there_is_no_other_job(world: World, name: str) -> None:
    """404, and nothing was asked for."""
    assert asked(world, name).status_code == 404


def test_a_job_is_asked_for_by_post_alone(world: World) -> None:
    """405 with `Allow`, whoever asks."""
    answer = ask(world, method="GET")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_swept_key_answers_every_retry_that_its_outcome_is_unknown(world: World) -> None:
    """Through the service: a mutation, eight days, the sweep; the retry is 409, `retry: never`, and has no effect."""
    desktop = world.sign_in()
    tenant = world.tenants[0]
    folio = next(
        each["folioId"]
        for each in world.people["reservations"]
        if each["propertyId"] == world.properties()[0] and each.get("folioId") and each["status"] == "checked_in"
    )
    body = {"description": "Tea", "amount": {"amountMicro": "1000000", "currency": "USD"}}
    key = str(ULID())

    def post() -> httpx2.Response:
        return desktop.request("POST", f"/folios/{folio}/charges", json_body=body, X_Idempotency_Key=key)

    def effects() -> int:
        rows = world.control("GET", "effects?service=billing-service").json()
        return len([each for each in rows if each["kind"] == "charge.posted" and each["resourceId"]])

    first = post()
    assert first.status_code == 201, first.text
    assert post().headers["Idempotency-Replayed"] == "true"
    before = effects()
    sql(
        world,
        "update idempotency set claimed_at = claimed_at - interval '8 days',"
        " touched_at = touched_at - interval '8 days', lease_until = lease_until - interval '8 days' where key = $1",
        key, tenant=tenant,
    )  # fmt: skip
    asked(world, "idempotency-keys")
    while sql(world, "select 1 from idempotency where key = $1", key, tenant=tenant):
        pass

    for again in (post(), post()):
        assert again.status_code == 409
        assert again.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.OUTCOME_UNKNOWN"
        assert again.json()["retry"] == "never"
    other = desktop.request("POST", f"/folios/{folio}/charges", json_body={**body, "description": "Coffee"},
                            X_Idempotency_Key=key)  # fmt: skip
    assert other.status_code == 409
    assert effects() == before


def test_a_request_that_is_malformed_otherwise_asks_for_nothing(world: World) -> None:
    """400 for headers that say nonsense, 406 where no answer would be understood, 413 for a body without end."""
    good = {"Authorization": f"Bearer {token(world)}"}

    malformed = ask(world, **good, **{"X-App-Version": "new"})
    assert (malformed.status_code, malformed.json()["errors"][0]["field"]) == (400, "header.x-app-version")
    assert ask(world, **good, Accept="text/html").status_code == 406
    url = f"{world.bff}{V1}/internal/jobs/{JOB}"
    assert world.http.post(url, headers=good, content=b"x" * 1_100_000).status_code == 413


def test_a_store_that_is_away_is_said_so_and_the_scheduler_asks_again(tmp_path: Path) -> None:
    """503 with `Retry-After` while Postgres is away; afterwards the worker goes on by itself."""
    tenant = f"tnt_{ULID()}"
    with start_world(tmp_path) as world:
        old_attestations(world, tenant, 3)
        with stopped(world, "postgres"):
            away = asked(world)
        assert away.status_code == 503
        assert away.headers["Retry-After"]
        until(lambda: asked(world).status_code == 202)
        until_gone(world, tenant)


def test_two_workers_at_once_one_of_them_killed_do_every_job(tmp_path: Path) -> None:
    """`kill -9` in the middle of a sweep of thousands: what is left is done by the other, and nothing is done twice."""
    tenant, made = f"tnt_{ULID()}", 0
    with start_world(tmp_path) as world:
        second = _another_worker(world, tmp_path)

        def in_the_middle() -> bool:
            nonlocal made
            rows = left(world, tenant)
            if rows == 0:
                # The first time, and where a whole sweep was over before anybody looked again.
                old_attestations(world, tenant, 30_000)
                made += 30_000
                assert asked(world).status_code == 202
            return 0 < rows < 30_000

        try:
            while not in_the_middle():
                pass
            os.kill(world.pids["worker"], signal.SIGKILL)
            # The job that died with its worker would be free when its lease is over; nobody waits a minute here.
            sql(world, "update job_runs set lease_until = clock_timestamp()")
            assert asked(world).status_code == 202
            until_gone(world, tenant)
        finally:
            second.kill()
            second.wait()
        (run,) = sql(world, "select failure, rows from job_runs where name = $1", JOB)
        assert run["failure"] is None
        assert run["rows"] <= made


def _another_worker(world: World, folder: Path) -> subprocess.Popen[bytes]:
    """A second worker process over the same stores, with the settings of the first."""
    environment = Path(f"/proc/{world.pids['worker']}/environ").read_bytes().split(b"\0")
    settings = dict(pair.decode().split("=", 1) for pair in environment if b"=" in pair)
    with (folder / "second-worker.log").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "bff_backoffice", "worker"], env=settings, stdout=output, stderr=output
        )


def test_the_check_names_a_job_that_has_not_run(world: World) -> None:
    """Overdue for more than a quarter of an hour: exit status 1, the job's name, and what to look at."""
    environment = Path(f"/proc/{world.pids['worker']}/environ").read_bytes().split(b"\0")
    settings = dict(pair.decode().split("=", 1) for pair in environment if b"=" in pair)

    def check() -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "bff_backoffice", "check"], env=settings, capture_output=True, text=True, check=False
        )
        (line,) = [each for each in ran.stdout.splitlines() if "Scheduled jobs" in each]
        assert ran.returncode == 1 or "✓" in line
        return line

    assert "none overdue" in check()
    late = (
        "update job_runs set next_at = clock_timestamp() - interval '1 hour',"
        " lease_until = clock_timestamp() + interval '1 hour' where name = 'parked-messages'"
    )
    sql(world, late)
    try:
        assert "✗" in (line := check())
        assert "parked-messages" in line
    finally:
        sql(world, "update job_runs set lease_until = clock_timestamp() where name = 'parked-messages'")
