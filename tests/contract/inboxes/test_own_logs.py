"""Our own logs of decisions and acknowledgements: what the inboxes are promised, in memory and in Postgres alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.inboxes import OwnLog
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.alerts import AlertAcknowledgement
from bff_backoffice.domain.operator import DeviceId, OperatorId, PropertyId, TenantId
from bff_backoffice.domain.suggestions import Decision, SuggestionDecision
from bff_backoffice.infrastructure.postgres.alert_acknowledgements import PostgresAlertAcknowledgements
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.suggestion_decisions import PostgresSuggestionDecisions
from tests.fakes.scripted_inbox import MemoryLog
from tests.stored import PATIENT
from tests.worlds import World

Line = SuggestionDecision | AlertAcknowledgement
KINDS = pytest.mark.parametrize("kind", ["decisions", "acknowledgements"])
BOTH = pytest.mark.parametrize("real", [False, True], ids=["in memory", "in Postgres"])

DELTA = b'{"b": 2.0,  "a": 12345678901234567890123, "b": "twice"}'
"""What a database that reads JSON would give back changed."""
CHANGES = (
    "update bff_backoffice.{} set property_id = 'x'",
    "delete from bff_backoffice.{}",
    "truncate bff_backoffice.{}",
)
INSERT_DECISION = """
insert into bff_backoffice.ai_decision_log (
  tenant_id, id, suggestion_id, property_id, decision, reason, delta, operator_id, device_id, decided_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
INSERT_ACKNOWLEDGEMENT = """
insert into bff_backoffice.alert_ack_log (
  tenant_id, id, alert_id, property_id, note, operator_id, device_id, acknowledged_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


def some_tenant() -> TenantId:
    """A tenant that has nothing yet."""
    return TenantId(f"tnt_{ULID()}")


def some_line(kind: str, *, about: str | None = None) -> Line:
    """A line with something in every place."""
    common: dict[str, Any] = {
        "property_id": PropertyId(f"ppt_{ULID()}"),
        "operator_id": OperatorId(f"usr_{ULID()}"),
        "device_id": DeviceId(f"dev_{ULID()}"),
    }
    moment = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
    if kind == "decisions":
        return SuggestionDecision(
            id=f"sdl_{ULID()}", suggestion_id=about or f"sug_{ULID()}", decision=Decision.MODIFY, reason="گران",
            delta=DELTA, decided_at=moment, **common,
        )  # fmt: skip
    return AlertAcknowledgement(
        id=f"ali_{ULID()}", alert_id=about or f"ntf_{ULID()}", note="تیل فرمایش شد", acknowledged_at=moment, **common
    )


def subject(line: Line) -> str:
    """What the line is about."""
    return line.suggestion_id if isinstance(line, SuggestionDecision) else line.alert_id


def statement(tenant_id: TenantId, line: Line) -> tuple[str, tuple[Any, ...]]:
    """The line as it is written down."""
    if isinstance(line, SuggestionDecision):
        return INSERT_DECISION, (
            tenant_id, line.id, line.suggestion_id, line.property_id, line.decision.value, line.reason,
            None if line.delta is None else line.delta.decode(), line.operator_id, line.device_id, line.decided_at,
        )  # fmt: skip
    return INSERT_ACKNOWLEDGEMENT, (
        tenant_id, line.id, line.alert_id, line.property_id, line.note, line.operator_id, line.device_id,
        line.acknowledged_at,
    )  # fmt: skip


@dataclass
class Subject:
    """One of the logs in one of its adapters, and how a line gets into it."""

    log: OwnLog[Any]
    write: Callable[[TenantId, Line], Awaitable[None]]


def in_database(kind: str, database: Database) -> OwnLog[Any]:
    """The log's adapter."""
    return PostgresSuggestionDecisions(database) if kind == "decisions" else PostgresAlertAcknowledgements(database)


def with_log(world: World, kind: str, scenario: Callable[[Subject], Awaitable[None]], *, real: bool) -> None:
    """Run over the fake, or over the adapter as the application's role."""

    async def in_memory() -> None:
        log: MemoryLog[Line] = MemoryLog()

        async def write(tenant_id: TenantId, line: Line) -> None:
            log.lines[tenant_id, subject(line)] = line

        await scenario(Subject(log, write))

    async def in_postgres() -> None:
        async with Database.open(world.postgres["app"], size=2, **PATIENT) as database, asyncio.timeout(20):

            async def write(tenant_id: TenantId, line: Line) -> None:
                async with database.transaction(tenant_id) as connection:
                    sql, values = statement(tenant_id, line)
                    await connection.execute(sql, *values)

            log = (
                PostgresSuggestionDecisions(database)
                if kind == "decisions"
                else PostgresAlertAcknowledgements(database)
            )
            await scenario(Subject(log, write))

    asyncio.run(in_postgres() if real else in_memory())


@BOTH
@KINDS
def test_lines_are_found_by_what_they_are_about(world: World, kind: str, *, real: bool) -> None:
    """To the letter as they were written, those that were asked for and no others."""

    async def scenario(log: Subject) -> None:
        tenant = some_tenant()
        lines = [some_line(kind) for _ in range(3)]
        for line in lines:
            await log.write(tenant, line)
        wanted = [subject(lines[0]), subject(lines[2]), subject(some_line(kind)), "no identifier at all"]
        assert await log.log.about(tenant, wanted) == {subject(line): line for line in (lines[0], lines[2])}
        assert await log.log.about(tenant, []) == {}

    with_log(world, kind, scenario, real=real)


@BOTH
@KINDS
def test_a_line_need_not_say_why(world: World, kind: str, *, real: bool) -> None:
    """Reason, delta and note may be missing."""

    async def scenario(log: Subject) -> None:
        tenant, line = some_tenant(), some_line(kind)
        if isinstance(line, SuggestionDecision):
            line = replace(line, decision=Decision.REJECT, reason=None, delta=None)
        else:
            line = replace(line, note=None)
        await log.write(tenant, line)
        assert await log.log.about(tenant, [subject(line)]) == {subject(line): line}

    with_log(world, kind, scenario, real=real)


@BOTH
@KINDS
def test_tenants_do_not_see_each_others_lines(world: World, kind: str, *, real: bool) -> None:
    """Also about the very same identifier: each finds its own line or none."""

    async def scenario(log: Subject) -> None:
        ours, theirs, third = some_tenant(), some_tenant(), some_tenant()
        first = some_line(kind)
        second = some_line(kind, about=subject(first))
        await log.write(ours, first)
        await log.write(theirs, second)
        assert await log.log.about(ours, [subject(first)]) == {subject(first): first}
        assert await log.log.about(theirs, [subject(first)]) == {subject(first): second}
        assert await log.log.about(third, [subject(first)]) == {}

    with_log(world, kind, scenario, real=real)


@KINDS
def test_a_store_that_is_away_says_so(kind: str) -> None:
    """Whoever shows an inbox then shows it unmarked."""

    async def main() -> None:
        async with Database.open("postgresql://nobody@127.0.0.1:9/nothing", size=1) as database:
            with pytest.raises(StoreUnavailableError):
                await in_database(kind, database).about(some_tenant(), ["sug_1"])

    asyncio.run(main())


def in_transaction(
    world: World, role: str, tenant: TenantId, scenario: Callable[[asyncpg.Connection], Awaitable[None]]
) -> None:
    """Run as a role of the service, for a tenant, and leave nothing behind."""

    async def main() -> None:
        connection = await asyncpg.connect(world.postgres[role])
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("select set_config('app.tenant_id', $1, true)", tenant)
            await scenario(connection)
        finally:
            await transaction.rollback()
            await connection.close()

    asyncio.run(main())


@KINDS
def test_a_line_is_written_once(world: World, kind: str) -> None:
    """The second one about the same thing is refused, whoever writes it, whichever year it is of."""
    tenant = some_tenant()

    async def scenario(connection: asyncpg.Connection) -> None:
        for year in (2020, 2026, 2029, 2040):
            identifier = ULID.from_datetime(datetime(year, 7, 1, tzinfo=UTC))
            first = some_line(kind, about=f"{'sug' if kind == 'decisions' else 'ntf'}_{identifier}")
            second = some_line(kind, about=subject(first))
            for line, again in ((first, False), (second, True)):
                sql, values = statement(tenant, line)
                written = await connection.fetch(sql + " on conflict do nothing returning 1", *values)
                assert bool(written) is not again

    in_transaction(world, "app", tenant, scenario)


@KINDS
@pytest.mark.parametrize("role", ["app", "worker"])
def test_a_line_is_never_changed_nor_deleted(world: World, kind: str, role: str) -> None:
    """The service's roles have no right to; seven years are somebody else's business."""
    table = "ai_decision_log" if kind == "decisions" else "alert_ack_log"

    async def scenario(connection: asyncpg.Connection) -> None:
        for what in CHANGES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(what.format(table))

    in_transaction(world, role, some_tenant(), scenario)


@KINDS
def test_a_line_lies_in_the_year_of_what_it_is_about(world: World, kind: str) -> None:
    """The first and the last moment of a year; what is of no year that was prepared is kept all the same."""
    prefix, table = ("sug", "ai_decision_log") if kind == "decisions" else ("ntf", "alert_ack_log")
    begins, day = datetime(2027, 1, 1, tzinfo=UTC), timedelta(days=1)
    ids = {
        f"{prefix}_{ULID.from_datetime(begins)}": f"{table}_2027",
        f"{prefix}_{ULID.from_datetime(begins - timedelta(milliseconds=1))}": f"{table}_2026",
        f"{prefix}_{ULID.from_datetime(datetime(2032, 12, 31, 23, 59, tzinfo=UTC))}": f"{table}_2032",
        f"{prefix}_{ULID.from_datetime(datetime(2033, 1, 1, tzinfo=UTC))}": f"{table}_other",
        f"{prefix}_{ULID.from_datetime(datetime(2026, 1, 1, tzinfo=UTC) - day)}": f"{table}_other",
        "of another form": f"{table}_other",
    }
    tenant = some_tenant()

    async def scenario(connection: asyncpg.Connection) -> None:
        for identifier, partition in ids.items():
            sql, values = statement(tenant, some_line(kind, about=identifier))
            found = await connection.fetchval(sql + " returning tableoid::regclass::text", *values)
            assert found == f"bff_backoffice.{partition}"

    in_transaction(world, "app", tenant, scenario)


@pytest.mark.parametrize(
    ("column", "value"),
    [("decision", "ponder"), ("delta", "[1]"), ("delta", None), ("reason", "x" * 1001)],
)
def test_a_decision_that_makes_no_sense_is_not_written(world: World, column: str, value: str | None) -> None:
    """Only the three words; a modification says what it changes, as an object; reasons have an end."""
    tenant = some_tenant()
    line = some_line("decisions")
    place = {"decision": 4, "reason": 5, "delta": 6}[column]

    async def scenario(connection: asyncpg.Connection) -> None:
        sql, values = statement(tenant, line)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(sql, *values[:place], value, *values[place + 1 :])

    in_transaction(world, "app", tenant, scenario)
