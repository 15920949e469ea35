"""Eight schedules of the crash matrix, with real `kill -9`; and no failpoint can be opened where people are served."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff_backoffice.settings import Settings, load_settings
from drills.crash_matrix import matrix, table_of, thinned
from drills.crash_process import SHORT_LEASES, victim
from drills.crash_schedules import Answer, Client, Finding, Retry, Schedule, Upstream, dispatches, whole_matrix
from drills.desk import Desk
from drills.failing_service import NOWHERE, STEPS, refuse_what_is_real
from tests.acting import charge_of, effects, folio
from tests.worlds import World, start_world

SCHEDULES = (
    Schedule("checked", Upstream.APPLIED, Retry.BEFORE),
    Schedule("claimed", Upstream.APPLIED, Retry.DURING),
    Schedule("claimed", Upstream.NOT_APPLIED, Retry.OVERTAKEN),
    Schedule("sent", Upstream.SLOW, Retry.DURING),
    Schedule("answered", Upstream.APPLIED, Retry.OVERTAKEN),
    Schedule("answered", Upstream.ANSWER_LOST, Retry.BEFORE),
    Schedule("forgotten", Upstream.APPLIED, Retry.AFTER),
    Schedule("settled", Upstream.APPLIED, Retry.DURING),
)
REAL = {
    "BFF_REDIS_SESSIONS_URL": "redis://127.0.0.1:6379/0",
    "BFF_REDIS_CACHE_URL": "redis://127.0.0.1:6379/0",
    "BFF_POSTGRES_APP_DSN": "postgresql://bff_app@127.0.0.1/bff_backoffice",
    "BFF_UPSTREAM_BASE_URL": "http://127.0.0.1:8090/{service}",
    "BFF_UPSTREAM_IDENTITY_TOKEN": "nobody",
    "BFF_AUTH_ISSUER": "https://iam.melmastoon.ghasi.io",
}


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world with short leases that serves while its neighbours are killed."""
    with start_world(tmp_path_factory.mktemp("crashed"), environment=SHORT_LEASES) as world:
        yield world


def untold(_what: str, _done: int, _total: int) -> None:
    """Nobody watches the progress of a sample."""


def test_an_effect_happens_once_whatever_is_killed_at_whatever_step(crashed: World, tmp_path: Path) -> None:
    """Eight owners die or stand still: one effect for each key, one answer, and no key in flight for long."""
    findings = asyncio.run(matrix(crashed, tmp_path, SCHEDULES, progress=untold))

    assert [each for each in findings if not each.well] == []
    table = table_of(crashed, findings)
    assert table.held, table.rows
    seen = {each.schedule: each for each in findings}
    # The schedules did what they are named for: who came while the owner lived, or its lease, was told to wait.
    for schedule in (SCHEDULES[1], SCHEDULES[3], SCHEDULES[5]):
        assert "409 IDEMPOTENCY_IN_FLIGHT" in seen[schedule].retries, seen[schedule]
    assert seen[SCHEDULES[4]].dispatches == 2
    assert seen[SCHEDULES[4]].first.startswith("201")
    assert seen[SCHEDULES[7]].retries == ["201 replayed"]


def test_fifty_clients_with_one_key_at_two_processes_are_one_dispatch(crashed: World, tmp_path: Path) -> None:
    """Half of them at each: one dispatch, one effect, one answer; everybody else is told to wait, or gets the same."""
    desk = Desk(crashed.sign_in(), crashed.tenants[0], crashed.properties()[0])
    client = Client(desk, f"/folios/{folio(crashed)}/charges", charge_of(crashed))
    happened, heard = len(effects(crashed, "billing-service")), len(dispatches(crashed))

    async def at_once() -> list[Answer | None]:
        async with victim(crashed, NOWHERE, tmp_path / "second.log") as second:
            await client.warms(second)
            async with asyncio.TaskGroup() as group:
                bases = [second.base, crashed.bff] * 25
                tasks = [group.create_task(client.sends(base)) for base in bases]
            return [task.result() for task in tasks]

    crashed.fault("billing-service", "latency", latencyMs=300, match="POST")
    answers = asyncio.run(at_once())
    crashed.heal()

    told = {each.told for each in answers if each is not None}
    assert None not in answers
    assert told <= {"201", "201 replayed", "409 IDEMPOTENCY_IN_FLIGHT"}, told
    assert len({each.body for each in answers if each is not None and each.status == 201}) == 1
    assert [each.told for each in answers if each is not None].count("201") == 1
    assert len(dispatches(crashed)) - heard == len(effects(crashed, "billing-service")) - happened == 1


def test_the_matrix_leaves_no_combination_out() -> None:
    """Every step with every upstream and every retry; the thin one has every step with every upstream."""
    whole = list(whole_matrix())

    assert len(whole) == len(set(whole)) == len(STEPS) * len(Upstream) * len(Retry)
    assert {(each.step, each.upstream) for each in thinned()} == {(each.step, each.upstream) for each in whole}
    assert {(each.upstream, each.retry) for each in thinned()} == {(each.upstream, each.retry) for each in whole}


@pytest.mark.parametrize(
    "change",
    [{"effects": 2}, {"effects": 0}, {"in_flight_seconds": 7.0}, {"upstream_keys": 2}, {"amiss": ["something"]}],
    ids=str,
)
def test_a_schedule_that_went_wrong_is_told_from_a_good_one(change: dict[str, object]) -> None:
    """Two effects, none, a key that is stuck, another upstream key, a wrong answer: each alone spoils it."""
    good: dict[str, object] = {"effects": 1, "in_flight_seconds": 1.1, "upstream_keys": 1}

    assert Finding(Schedule(NOWHERE, Upstream.SLOW, Retry.AFTER), **good).well  # type: ignore[arg-type] # of mixed types
    assert not Finding(Schedule(NOWHERE, Upstream.SLOW, Retry.AFTER), **{**good, **change}).well  # type: ignore[arg-type] # the same


def test_no_setting_opens_a_failpoint() -> None:
    """The service knows of none: what stops at a step is another program."""
    assert not [name for name in Settings.model_fields if "fail" in name or "step" in name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BFF_UPSTREAM_BASE_URL", "https://gateway.melmastoon.internal/{service}"),
        ("BFF_UPSTREAM_URLS", "iam-service=https://iam.melmastoon.internal"),
        ("BFF_REDIS_SESSIONS_URL", "redis://10.0.0.3:6379/0"),
        ("BFF_POSTGRES_APP_DSN", "postgresql://bff_app@10.0.0.5/bff_backoffice"),
        ("BFF_PUBLIC_ORIGINS", "https://backoffice.melmastoon.ghasi.io"),
    ],
)
def test_a_service_with_a_failpoint_works_with_this_machine_only(name: str, value: str) -> None:
    """It refuses to start with any address of anywhere else."""
    refuse_what_is_real(load_settings(REAL))

    with pytest.raises(SystemExit, match="not this machine"):
        refuse_what_is_real(load_settings({**REAL, name: value}))
