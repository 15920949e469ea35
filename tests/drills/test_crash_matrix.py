"""Eight schedules of the crash matrix, with real `kill -9`; and no failpoint can be opened where people are served."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from bff_backoffice.settings import Settings, load_settings
from drills.crash_acts import Act, AuditRow, dispatches, effects_of, prepared
from drills.crash_client import Client
from drills.crash_findings import Answer, Finding, judge_another, judge_the_audit
from drills.crash_matrix import matrix, table_of
from drills.crash_process import SHORT_LEASES, victim
from drills.crash_schedules import Retry, Schedule, Sweep, Upstream, thinned, whole_matrix
from drills.desk import Desk
from drills.failing_service import NOWHERE, STEPS, refuse_what_is_real
from tests.worlds import World, start_world

SCHEDULES = (
    Schedule("checked", Upstream.APPLIED, Retry.BEFORE),
    Schedule("claimed", Upstream.APPLIED, Retry.DURING),
    Schedule("claimed", Upstream.NOT_APPLIED, Retry.OVERTAKEN, Act.REVOCATION, Sweep.AFTER),
    Schedule("sent", Upstream.SLOW, Retry.DURING, Act.REVOCATION),
    Schedule("answered", Upstream.APPLIED, Retry.OVERTAKEN, Act.REVOCATION),
    Schedule("answered", Upstream.ANSWER_LOST, Retry.BEFORE),
    Schedule("forgotten", Upstream.APPLIED, Retry.AFTER, Act.CHARGE, Sweep.BEFORE),
    Schedule("settled", Upstream.APPLIED, Retry.DURING, Act.REVOCATION),
)
_MORE = 2
"""How often a schedule may come too late by the machine's fault, its leases being of a second of real time."""

OVERTAKEN = Schedule("sent", Upstream.SLOW, Retry.OVERTAKEN, Act.REVOCATION)
KILLED = Schedule("sent", Upstream.SLOW, Retry.DURING, Act.REVOCATION)
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
        assert told_to_wait(crashed, tmp_path, seen[schedule]), seen[schedule]
    assert seen[SCHEDULES[4]].dispatches == 2
    assert seen[SCHEDULES[4]].first.startswith("200")
    assert seen[SCHEDULES[7]].retries == ["200 replayed"]
    # An owner that stood still and came back found its key swept; a retry did too, and nothing was done twice.
    assert (seen[SCHEDULES[2]].first, seen[SCHEDULES[2]].audited) == ("409 IDEMPOTENCY_IN_FLIGHT", 2)
    assert (seen[SCHEDULES[6]].retries, seen[SCHEDULES[6]].dispatches) == (["409 OUTCOME_UNKNOWN"], 1)
    assert {each.act for each in SCHEDULES} == set(Act)
    assert {each.sweep for each in SCHEDULES} == set(Sweep)


def told_to_wait(world: World, folder: Path, finding: Finding) -> bool:
    """Whether the retry was, or that of one of two more: who is held up for longer than a lease comes after it."""
    findings = [finding]
    while "409 IDEMPOTENCY_IN_FLIGHT" not in findings[-1].retries:
        if len(findings) > _MORE:
            return False
        findings += asyncio.run(matrix(world, folder, [finding.schedule], progress=untold))
        assert findings[-1].well, findings[-1]
    return True


def test_fifty_clients_with_one_key_at_two_processes_are_one_dispatch(crashed: World, tmp_path: Path) -> None:
    """Half of them at each: one dispatch, one effect, one answer; everybody else is told to wait, or gets the same."""
    desk = Desk(crashed.sign_in(), crashed.tenants[0], crashed.properties()[0])

    async def at_once(number: int) -> list[Answer | None]:
        client = Client(desk, await prepared(crashed, desk, Act.CHARGE))
        async with victim(crashed, NOWHERE, tmp_path / f"second-{number}.log") as second:
            await client.warms(second)
            async with asyncio.TaskGroup() as group:
                bases = [second.base, crashed.bff] * 25
                tasks = [group.create_task(client.sends(base)) for base in bases]
            return [task.result() for task in tasks]

    for number in range(1 + _MORE):
        happened, asked = len(effects_of(crashed, Act.CHARGE)), len(dispatches(crashed, Act.CHARGE))
        crashed.fault("billing-service", "latency", latencyMs=300, match="POST")
        answers = asyncio.run(at_once(number))
        crashed.heal()
        told = Counter("cut off" if each is None else each.told for each in answers)
        assert len({each.body for each in answers if each is not None and each.status == 201}) <= 1
        assert len(effects_of(crashed, Act.CHARGE)) - happened <= 1
        # An owner that stands still for longer than its lease of a second, or than a store waits, is another story.
        if len(dispatches(crashed, Act.CHARGE)) - asked == 1 and not any(each.startswith("50") for each in told):
            break

    assert told["201"] == 1, told
    assert told.keys() <= {"201", "201 replayed", "409 IDEMPOTENCY_IN_FLIGHT"}, told
    assert len(dispatches(crashed, Act.CHARGE)) - asked == len(effects_of(crashed, Act.CHARGE)) - happened == 1


def test_the_matrix_leaves_no_combination_out() -> None:
    """Every step with every upstream, retry and act; every sweep at every step of both acts; pairs in the thin one."""
    whole, thin = list(whole_matrix()), thinned()
    never = [each for each in whole if each.sweep is Sweep.NEVER]

    assert len(never) == len(set(never)) == len(STEPS) * len(Upstream) * len(Retry) * len(Act)
    assert len(whole) == len(set(whole))
    for sweep in (Sweep.BEFORE, Sweep.AFTER):
        swept = {(each.step, each.upstream) for each in whole if each.sweep is sweep}
        assert swept == set(product(STEPS, Upstream))
        assert {(each.step, each.act) for each in whole if each.sweep is sweep} == set(product(STEPS, Act))
    assert {(each.step, each.upstream) for each in thin} == set(product(STEPS, Upstream))
    assert {(each.upstream, each.retry) for each in thin} == set(product(Upstream, Retry))
    assert {(each.act, each.sweep) for each in thin} == set(product(Act, Sweep))
    assert {each.step for each in thin if each.sweep is not Sweep.NEVER} == set(STEPS)


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


def test_a_key_that_was_swept_may_have_done_nothing_and_never_twice() -> None:
    """Its client hears that nobody knows; none or one is well, and two are not."""
    swept = Schedule("claimed", Upstream.APPLIED, Retry.AFTER, Act.CHARGE, Sweep.BEFORE)
    wells = [Finding(swept, effects=count, lost=True, in_flight_seconds=1.0).well for count in (0, 1, 2)]

    assert wells == [True, True, False]


@pytest.mark.parametrize(
    ("schedule", "dispatches", "outcomes", "amiss"),
    [
        (KILLED, 2, [None, "applied"], []),
        (OVERTAKEN, 2, ["applied", "applied"], []),
        (OVERTAKEN, 2, [None, "applied"], ["an audit row of somebody who lived has no end"]),
        (KILLED, 2, [None, None, "applied"], ["an audit row of somebody who lived has no end"]),
        (KILLED, 1, [None], ["what was done is not in the audit"]),
        (KILLED, 3, [None, "applied"], ["a lock was asked more often than the audit says"]),
    ],
)
def test_an_audit_that_misses_something_is_told_from_a_good_one(
    schedule: Schedule, dispatches: int, outcomes: list[str | None], amiss: list[str]
) -> None:
    """One row a dispatch, one of them applied, and none without an end but that of the owner who was killed."""
    finding = Finding(schedule, dispatches=dispatches)

    judge_the_audit(finding, [AuditRow(fence=n, outcome=outcome) for n, outcome in enumerate(outcomes, start=1)])

    assert finding.amiss == amiss


@pytest.mark.parametrize("sweep", [Sweep.NEVER, Sweep.AFTER])
def test_an_answer_after_the_sweep_is_told_from_a_replay(sweep: Sweep) -> None:
    """The kept answer while the key is there, a refusal when it is gone: either in place of the other is amiss."""
    kept = Answer(200, b"{}", replayed=False)
    again = Answer(200, b"{}", replayed=True)
    gone = Answer(409, b"{}", replayed=False, code="MELMASTOON.BFF.BACKOFFICE.OUTCOME_UNKNOWN")
    good, bad = (again, gone) if sweep is Sweep.NEVER else (gone, again)
    schedule = Schedule("settled", Upstream.APPLIED, Retry.OVERTAKEN, Act.CHARGE, sweep)
    well, ill = Finding(schedule), Finding(schedule)

    judge_another(well, good, kept)
    judge_another(ill, bad, kept)

    assert well.amiss == []
    assert len(ill.amiss) == 1


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
