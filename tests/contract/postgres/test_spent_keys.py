"""Keys that were swept: the table itself sees to it that none is ever claimed anew, whoever swept it and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from bff_backoffice.application.mutations_ports import (
    Answered,
    Attempt,
    AuditEntry,
    AuditOutcome,
    Claim,
    Claimed,
    KeptAnswer,
    OutcomeLost,
)
from bff_backoffice.application.mutations_table import Ledger
from bff_backoffice.domain.idempotency import KeyScope
from bff_backoffice.domain.operator import TenantId
from bff_backoffice.infrastructure.postgres.idempotency import PostgresIdempotency
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.sealing import AnswerSeal
from bff_backoffice.infrastructure.postgres.upkeep import PostgresUpkeep
from tests.fakes.memory_idempotency import MemoryIdempotency
from tests.fakes.scripted_board import some_operator
from tests.stored import PATIENT
from tests.worlds import World

ANSWER = KeptAnswer(status=201, headers=(), body=b'{"id": "chg_1"}')
HASH = b"h" * 32
LONG = 30.0
WEEK, LONG_AGO = timedelta(days=7), timedelta(days=400)


@dataclass(frozen=True)
class Books:
    """The keys of a tenant that nobody else has, as the application, the worker and the owner have them."""

    world: World
    tenant_id: TenantId
    keys: PostgresIdempotency
    worker: PostgresUpkeep

    def wish(self, key: str | None = None) -> Attempt:
        """A wish to charge something."""
        who = replace(some_operator(), tenant_id=self.tenant_id)
        scope = KeyScope(device_id=who.device_id, method="POST", path="/folios/fol_1/charges", key=key or str(ULID()))
        audit = AuditEntry(
            id=f"mau_{ULID()}", ledger=Ledger.MUTATIONS, operator=who, request_id="R", action="post_charge",
            resource_id="fol_1",
        )  # fmt: skip
        return Attempt(scope=scope, request_hash=HASH, audit=audit, attestation=None)

    async def claim(self, wish: Attempt, lease_seconds: float = LONG) -> Claim:
        """Try it, with an audit row of its own."""
        audit = replace(wish.audit, id=f"mau_{ULID()}")
        return await self.keys.claim(self.tenant_id, replace(wish, audit=audit), lease_seconds=lease_seconds)

    async def settled(self, wish: Attempt) -> Attempt:
        """Carry it out."""
        assert isinstance(await self.keys.claim(self.tenant_id, wish, lease_seconds=LONG), Claimed)
        assert await self.keys.settle(
            self.tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER
        )
        return wish

    async def sweep(self, keep: timedelta = WEEK, most: int = 1000) -> int:
        """Let the worker delete old keys."""
        return await self.worker.removals()["idempotency-keys"](self.tenant_id, keep, most)

    async def forget(self, keep: timedelta = LONG_AGO, most: int = 1000) -> int:
        """Let the worker remove old tombstones."""
        return await self.worker.removals()["spent-keys"](self.tenant_id, keep, most)

    async def as_owner(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """What a statement gives to the schema's owner."""
        connection = await asyncpg.connect(self.world.postgres["owner"])
        try:
            async with connection.transaction():
                await connection.execute("set search_path to bff_backoffice")
                await connection.execute("select set_config('app.tenant_id', $1, true)", self.tenant_id)
                return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def age(self, by: timedelta) -> None:
        """Let everything about every key be so much older."""
        await self.as_owner(
            "update idempotency set claimed_at = claimed_at - $1::interval,"
            " touched_at = touched_at - $1::interval, lease_until = lease_until - $1::interval",
            by,
        )
        await self.as_owner("update spent_keys set spent_at = spent_at - $1::interval", by)

    async def tombstones(self) -> list[asyncpg.Record]:
        """What is left of the swept keys."""
        return await self.as_owner("select scope, made_at from spent_keys")


@asynccontextmanager
async def books(world: World) -> AsyncIterator[Books]:
    """Open them."""
    tenant_id = TenantId(f"tnt_{ULID()}")
    async with (
        Database.open(world.postgres["app"], size=4, **PATIENT) as app,
        Database.open(world.postgres["worker"], size=4, **PATIENT) as worker,
    ):
        yield Books(world, tenant_id, PostgresIdempotency(app, AnswerSeal([b"s" * 32])), PostgresUpkeep(worker))


def play(world: World, scenario: Callable[[Books], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def main() -> None:
        async with asyncio.timeout(60), books(world) as opened:
            await scenario(opened)

    asyncio.run(main())


def ulid_of(moment: datetime) -> str:
    """A ULID that says it was made then."""
    return str(ULID.from_datetime(moment))


def uuid7_of(moment: datetime) -> str:
    """A UUIDv7 that says it was made then (RFC 9562, section 5.7)."""
    milliseconds = int(moment.timestamp() * 1000)
    rest = uuid4().int & ((1 << 74) - 1)
    number = milliseconds << 80 | 7 << 76 | (rest >> 62) << 64 | 2 << 62 | rest & ((1 << 62) - 1)
    return str(UUID(int=number))


def test_a_key_and_its_answer_are_kept_for_seven_days_and_then_deleted(world: World) -> None:
    """A minute before, the answer comes byte for byte; a minute after, neither key nor answer is in the table."""

    async def scenario(books: Books) -> None:
        wish = await books.settled(books.wish())
        await books.age(WEEK - timedelta(minutes=1))
        assert await books.sweep() == 0
        assert isinstance(await books.claim(wish), Answered)

        await books.age(timedelta(minutes=2))

        assert await books.sweep() == 1
        assert await books.as_owner("select 1 from idempotency") == []

    play(world, scenario)


@pytest.mark.parametrize(
    "key", [str(ULID()), uuid7_of(datetime.now(UTC)), str(uuid4())], ids=["ULID", "UUIDv7", "UUIDv4"]
)
def test_a_retry_after_the_sweep_is_never_carried_out(world: World, key: str) -> None:
    """Neither by who looks first nor by who claims; no audit row is written for it, and another key is free."""

    async def scenario(books: Books) -> None:
        wish = await books.settled(books.wish(key))
        await books.age(WEEK + timedelta(hours=1))
        await books.sweep()

        assert await books.keys.known(books.tenant_id, wish.scope, HASH) == OutcomeLost()
        assert await books.keys.known(books.tenant_id, wish.scope, b"o" * 32) == OutcomeLost()
        assert await books.claim(wish) == OutcomeLost()
        (audits,) = await books.as_owner("select count(*) from mutation_audit")
        assert audits["count"] == 1
        assert await books.as_owner("select 1 from idempotency") == []
        assert isinstance(await books.claim(books.wish()), Claimed)

    play(world, scenario)


def test_a_key_whose_outcome_nobody_knows_is_swept_and_spent_too(world: World) -> None:
    """Its owner died; after a day nobody may dispatch it, after a week it goes, and it stays spent."""

    async def scenario(books: Books) -> None:
        wish = books.wish()
        await books.claim(wish, 0)
        await books.age(WEEK + timedelta(hours=1))
        assert await books.sweep() == 1
        assert await books.claim(wish) == OutcomeLost()

    play(world, scenario)


def test_a_key_that_somebody_holds_is_not_swept(world: World) -> None:
    """However long ago it was claimed: an owner that renews its lease finds its key there and keeps its answer."""

    async def scenario(books: Books) -> None:
        wish = books.wish()
        await books.claim(wish, 0)
        await books.age(WEEK + timedelta(days=1))
        assert await books.keys.renew(books.tenant_id, wish.scope, 1, lease_seconds=LONG)

        assert await books.sweep() == 0
        assert await books.keys.settle(
            books.tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER
        )

    play(world, scenario)


def test_an_owner_whose_key_was_swept_keeps_nothing(world: World) -> None:
    """One that stood still for a week: no renewal, no answer, and its key stays spent."""

    async def scenario(books: Books) -> None:
        wish = books.wish()
        await books.keys.claim(books.tenant_id, wish, lease_seconds=0)
        await books.age(WEEK + timedelta(days=1))
        await books.sweep()

        assert not await books.keys.renew(books.tenant_id, wish.scope, 1, lease_seconds=LONG)
        assert not await books.keys.settle(
            books.tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER
        )
        assert await books.keys.known(books.tenant_id, wish.scope, HASH) == OutcomeLost()

    play(world, scenario)


def test_a_tombstone_tells_nothing_of_anybody(world: World) -> None:
    """Sixteen bytes and a time: neither device nor thing nor key nor answer."""

    async def scenario(books: Books) -> None:
        wish = await books.settled(books.wish())
        await books.age(WEEK + timedelta(days=1))
        await books.sweep()

        (row,) = await books.as_owner("select * from spent_keys")
        assert set(dict(row)) == {"tenant_id", "scope", "made_at", "spent_at"}
        assert len(row["scope"]) == 16
        assert abs(row["made_at"] - ULID.from_str(wish.scope.key).datetime) < timedelta(milliseconds=1)

    play(world, scenario)


@pytest.mark.parametrize("swept", [True, False], ids=["the sweep commits", "the sweep is cut off"])
def test_a_claim_that_meets_the_sweep_of_its_own_key(world: World, swept: bool) -> None:  # noqa: FBT001 - a case's name
    """It waits for it: afterwards the key is spent, or as it was; nothing is dispatched either way."""

    async def scenario(books: Books) -> None:
        wish = await books.settled(books.wish())
        await books.age(WEEK + timedelta(days=1))
        sweeper = await asyncpg.connect(books.world.postgres["worker"])
        try:
            transaction = sweeper.transaction()
            await transaction.start()
            await sweeper.execute("select set_config('app.tenant_id', $1, true)", books.tenant_id)
            assert await sweeper.execute("delete from bff_backoffice.idempotency") == "DELETE 1"
            async with asyncio.TaskGroup() as group:
                claiming = group.create_task(books.claim(wish))
                await _is_waited_for(books, sweeper.get_server_pid())
                await (transaction.commit() if swept else transaction.rollback())
            assert claiming.result() == OutcomeLost() if swept else isinstance(claiming.result(), Answered)
            (audits,) = await books.as_owner("select count(*) from mutation_audit")
            assert audits["count"] == 1
        finally:
            await sweeper.close()

    play(world, scenario)


async def _is_waited_for(books: Books, pid: int) -> None:
    """Return once somebody waits for what this server process has locked."""
    blocked = "select 1 from pg_stat_activity where $1 = any(pg_blocking_pids(pid))"
    while not await books.as_owner(blocked, pid):
        pass


def test_two_sweeps_at_once_share_the_keys(world: World) -> None:
    """Neither waits for what the other has in hand, and together they delete each key once."""

    async def scenario(books: Books) -> None:
        for _ in range(40):
            await books.settled(books.wish())
        await books.age(WEEK + timedelta(days=1))

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(books.sweep(most=7)) for _ in range(4)]
        first = sum(task.result() for task in tasks)
        while removed := await books.sweep(most=7):
            first += removed

        assert first == 40
        assert len(await books.tombstones()) == 40

    play(world, scenario)


def test_claims_and_sweeps_at_once_leave_one_dispatch_a_key(world: World) -> None:
    """Thirty old keys are swept while each is claimed five times: no claim gets any of them."""

    async def scenario(books: Books) -> None:
        wishes = [await books.settled(books.wish()) for _ in range(30)]
        await books.age(WEEK + timedelta(days=1))

        async def sweep() -> None:
            while await books.sweep(most=3):
                pass

        async with asyncio.TaskGroup() as group:
            group.create_task(sweep())
            tasks = [group.create_task(books.claim(wish)) for wish in wishes for _ in range(5)]

        assert not [task.result() for task in tasks if isinstance(task.result(), Claimed)]

    play(world, scenario)


def test_the_tombstone_of_a_key_that_carries_its_time_goes_and_the_key_stays_refused(world: World) -> None:
    """400 days later there is one time span for all of them; a key of that time is refused, any other is not."""

    async def scenario(books: Books) -> None:
        now = datetime.now(UTC)
        then = now - LONG_AGO - timedelta(days=2)
        old = [await books.settled(books.wish(key)) for key in (ulid_of(then), uuid7_of(then + timedelta(days=1)))]
        await books.as_owner("update idempotency set claimed_at = $1, touched_at = $1, lease_until = $1", then)
        await books.sweep()
        await books.as_owner("update spent_keys set spent_at = spent_at - interval '401 days'")

        assert await books.forget() == 2

        assert await books.tombstones() == []
        for wish in old:
            assert await books.claim(wish) == OutcomeLost()
            assert await books.keys.known(books.tenant_id, wish.scope, HASH) == OutcomeLost()
        assert await books.claim(books.wish(ulid_of(then + timedelta(hours=3)))) == OutcomeLost()
        for free in (ulid_of(then - timedelta(days=1)), ulid_of(now), uuid7_of(now), str(uuid4())):
            assert isinstance(await books.claim(books.wish(free)), Claimed), free

    play(world, scenario)


@pytest.mark.parametrize(
    "key", [str(uuid4()), "01ARZ3NDEKTSV4RRFFQ69G5FAV", ulid_of(datetime(2100, 1, 1, tzinfo=UTC))],
    ids=["no time", "a clock that was wrong", "a clock that was fast"],
)  # fmt: skip
def test_the_tombstone_of_a_key_that_does_not_say_when_it_was_used_is_kept(world: World, key: str) -> None:
    """It alone knows that the key was used, however long ago that was; and nobody can remove it."""

    async def scenario(books: Books) -> None:
        wish = await books.settled(books.wish(key))
        await books.age(WEEK + timedelta(days=1))
        await books.sweep()
        await books.age(timedelta(days=4000))

        assert await books.forget() == 0
        with pytest.raises(asyncpg.RestrictViolationError):
            async with books.worker.database.transaction(books.tenant_id) as connection:
                await connection.execute("delete from spent_keys")
        assert await books.claim(wish) == OutcomeLost()

    play(world, scenario)


def test_who_serves_people_can_not_remove_a_tombstone(world: World) -> None:
    """The application's role reads them and nothing else."""

    async def scenario(books: Books) -> None:
        for statement in (
            "delete from spent_keys", "update spent_keys set scope = ''", "delete from forgotten_keys",
            "insert into spent_keys (tenant_id, scope) values ('t', '')",
        ):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with books.keys.database.transaction(books.tenant_id) as connection:
                    await connection.execute(statement)

    play(world, scenario)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(moments=st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=100), letters=st.integers(0, 2**80 - 1))
def test_the_time_of_a_key_is_read_as_its_specification_says(world: World, moments: list[int], letters: int) -> None:
    """Postgres reads from any ULID and UUIDv7 the milliseconds that were put into it, and nothing from a UUIDv4."""

    async def scenario(books: Books) -> None:
        for moment in moments:
            ulid = str(ULID.from_int(moment << 80 | letters))
            seven = str(UUID(int=moment << 80 | 7 << 76 | (letters >> 68) << 64 | 2 << 62 | letters & ((1 << 62) - 1)))
            (row,) = await books.as_owner(
                "select round(extract(epoch from time_of_key($1)) * 1000)::bigint as ulid,"
                " round(extract(epoch from time_of_key($2)) * 1000)::bigint as seven, time_of_key($3) as four",
                ulid, seven, str(uuid4()),
            )  # fmt: skip
            assert (row["ulid"], row["seven"], row["four"]) == (moment, moment, None)

    play(world, scenario)


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.sampled_from([0.0, LONG])),
        st.tuples(st.just("renew"), st.integers(0, 3)),
        st.tuples(st.just("settle"), st.integers(0, 3)),
        st.tuples(st.just("release"), st.integers(0, 3)),
        st.tuples(st.just("sweep"), st.integers(0, 0)),
        st.tuples(st.just("week"), st.integers(0, 0)),
    ),
    max_size=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=_STEPS)
def test_the_law_with_sweeps_holds_here_as_in_the_model(world: World, steps: list[tuple[str, Any]]) -> None:
    """Owners, sweeps and weeks in any order: store and model agree, and no swept key has an owner again."""

    async def scenario(books: Books) -> None:
        wish, model, swept = books.wish(), MemoryIdempotency(), False
        for name, value in (("claim", 0.0), *steps):
            if name == "week":
                await books.age(timedelta(days=8))
                _age_model(model, 8 * 86400.0)
            else:
                assert await _step(books, books.keys, wish, name, value) == await _step(books, model, wish, name, value)
            swept = swept or not await books.as_owner("select 1 from idempotency")
            found = await books.keys.known(books.tenant_id, wish.scope, HASH)
            assert found == await model.known(books.tenant_id, wish.scope, HASH)
            assert not swept or found == OutcomeLost()

    play(world, scenario)


def _age_model(model: MemoryIdempotency, seconds: float) -> None:
    for place, row in model.rows.items():
        model.rows[place] = replace(
            row, claimed_at=row.claimed_at - seconds, lease_until=row.lease_until - seconds,
            touched_at=row.touched_at - seconds,
        )  # fmt: skip


async def _step(
    books: Books, keys: PostgresIdempotency | MemoryIdempotency, wish: Attempt, name: str, value: Any
) -> object:
    tenant_id, scope, audit = books.tenant_id, wish.scope, wish.audit
    match name:
        case "claim":
            fresh = replace(wish, audit=replace(audit, id=f"mau_{ULID()}"))
            found = await keys.claim(tenant_id, fresh, lease_seconds=value)
            return found.fence if isinstance(found, Claimed) else found
        case "renew":
            return await keys.renew(tenant_id, scope, value, lease_seconds=LONG)
        case "settle":
            return await keys.settle(tenant_id, scope, value, audit=audit, outcome=AuditOutcome.APPLIED, answer=ANSWER)
        case "release":
            await keys.release(tenant_id, scope, value, audit=audit, outcome=AuditOutcome.UNKNOWN, status=None)
            return None
        case _:
            return await (keys.sweep(WEEK.total_seconds()) if isinstance(keys, MemoryIdempotency) else books.sweep())
