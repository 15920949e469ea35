"""The memory of idempotency keys in a real Postgres: claim, fence, lease, finish; and what happens when owners die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from bff_backoffice.application.mutations_ports import (
    Answered,
    Attempt,
    AttestationUse,
    AuditOutcome,
    Claimed,
    KeptAnswer,
    OtherRequest,
    OutcomeLost,
    Running,
    Unattested,
)
from bff_backoffice.application.mutations_table import Ledger
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import (
    DeviceId,
    OperatorContext,
    OperatorId,
    TenantId,
)
from bff_backoffice.infrastructure.postgres.attestations import PostgresAttestations
from bff_backoffice.infrastructure.postgres.idempotency import PostgresIdempotency
from bff_backoffice.infrastructure.postgres.pool import Database
from bff_backoffice.infrastructure.postgres.sealing import AnswerSeal
from tests.fakes.memory_idempotency import MemoryIdempotency
from tests.some_attempt import HASH, again, attempt, operator
from tests.stored import PATIENT
from tests.worlds import World

SECRET = b"0123456789abcdef0123456789abcdef"
ANSWER = KeptAnswer(status=201, headers=(("Content-Type", "application/json"),), body=b'{"id": "chg_1"}\x00\xff')
OTHER_HASH = b"o" * 32
LONG = 30.0


@asynccontextmanager
async def memory(world: World, *, size: int = 4) -> AsyncIterator[PostgresIdempotency]:
    """The memory as the application role has it."""
    async with Database.open(world.postgres["app"], size=size, **PATIENT) as database:
        yield PostgresIdempotency(database, AnswerSeal([SECRET]))


def play(world: World, scenario: Callable[[PostgresIdempotency, TenantId], Awaitable[None]], **more: Any) -> None:
    """Run a scenario for a tenant that nobody else has."""

    async def main() -> None:
        async with asyncio.timeout(30), memory(world, **more) as keys:
            await scenario(keys, TenantId(f"tnt_{ULID()}"))

    asyncio.run(main())


async def as_owner(world: World, tenant_id: TenantId, statement: str, *values: Any) -> list[asyncpg.Record]:
    """What a statement gives to the schema's owner, in a transaction of the tenant."""
    connection = await asyncpg.connect(world.postgres["owner"])
    try:
        async with connection.transaction():
            await connection.execute("select set_config('app.tenant_id', $1, true)", tenant_id)
            return list(await connection.fetch(statement, *values))
    finally:
        await connection.close()


async def let_pass(world: World, tenant_id: TenantId, seconds: float) -> None:
    """Let so much of every lease of the tenant be over, as if the time had passed."""
    age = "update bff_backoffice.idempotency set lease_until = lease_until - $1::interval returning 1"
    assert await as_owner(world, tenant_id, age, timedelta(seconds=seconds))


def test_the_first_one_gets_the_key(world: World) -> None:
    """A fresh key is claimed, for the property of its first request, with fence 1."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))

        claim = await keys.claim(tenant_id, wish, lease_seconds=LONG)

        assert isinstance(claim, Claimed)
        assert (claim.fence, claim.property_id) == (1, wish.audit.operator.property_id)

    play(world, scenario)


def test_a_held_key_is_nobody_elses(world: World) -> None:
    """While its owner lives, the same request hears that it is running, and another one that the key is taken."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=LONG)

        assert await keys.claim(tenant_id, again(wish), lease_seconds=LONG) == Running()
        assert await keys.known(tenant_id, wish.scope, HASH) == Running()
        other = replace(again(wish), request_hash=OTHER_HASH)
        assert await keys.claim(tenant_id, other, lease_seconds=LONG) == OtherRequest()
        assert await keys.known(tenant_id, wish.scope, OTHER_HASH) == OtherRequest()

    play(world, scenario)


def test_a_settled_key_gives_its_answer_byte_for_byte(world: World) -> None:
    """Status, headers and body, as often as it is asked; another request under the key does not get them."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        claim = await keys.claim(tenant_id, wish, lease_seconds=LONG)
        assert isinstance(claim, Claimed)
        assert await keys.settle(
            tenant_id, wish.scope, claim.fence, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER
        )

        for _ in range(2):
            found = await keys.claim(tenant_id, again(wish), lease_seconds=LONG)
            assert found == Answered(answer=ANSWER, property_id=claim.property_id)
        assert await keys.known(tenant_id, wish.scope, HASH) == found
        other = replace(again(wish), request_hash=OTHER_HASH)
        assert await keys.claim(tenant_id, other, lease_seconds=LONG) == OtherRequest()

    play(world, scenario)


def test_fifty_who_want_the_same_key_at_once_are_one(world: World) -> None:
    """Exactly one claims; forty-nine hear that it is running; one audit row is written."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keys.claim(tenant_id, again(wish), lease_seconds=LONG)) for _ in range(50)]
        claims = [task.result() for task in tasks]

        assert len([claim for claim in claims if isinstance(claim, Claimed)]) == 1
        assert claims.count(Running()) == 49
        (row,) = await as_owner(world, tenant_id, "select count(*) from bff_backoffice.mutation_audit")
        assert row["count"] == 1

    play(world, scenario, size=8)


def test_the_key_of_a_dead_owner_is_free_when_its_lease_ends(world: World) -> None:
    """And not before: then the next one has it, with a higher fence and the first claim's property and time."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        first = await keys.claim(tenant_id, wish, lease_seconds=LONG)
        assert isinstance(first, Claimed)
        await let_pass(world, tenant_id, LONG / 2)
        assert await keys.claim(tenant_id, again(wish), lease_seconds=LONG) == Running()

        await let_pass(world, tenant_id, LONG / 2)

        assert await keys.known(tenant_id, wish.scope, HASH) is None
        second = await keys.claim(tenant_id, again(wish), lease_seconds=LONG)
        assert second == replace(first, fence=2)

    play(world, scenario)


def test_a_renewed_lease_goes_on(world: World) -> None:
    """An owner that lives keeps its key however long it takes; one whose key has a new owner is told so."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=LONG)
        for _ in range(4):
            await let_pass(world, tenant_id, LONG / 2)
            assert await keys.renew(tenant_id, wish.scope, 1, lease_seconds=LONG)
        await let_pass(world, tenant_id, LONG / 2)
        assert await keys.claim(tenant_id, again(wish), lease_seconds=LONG) == Running()

        await let_pass(world, tenant_id, LONG / 2)
        assert isinstance(await keys.claim(tenant_id, again(wish), lease_seconds=LONG), Claimed)
        assert not await keys.renew(tenant_id, wish.scope, 1, lease_seconds=LONG)

    play(world, scenario)


def test_an_owner_that_was_overtaken_keeps_nothing(world: World) -> None:
    """The fence: the late owner neither writes its answer nor lets the key go, and its audit row has its end."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        late = attempt(operator(tenant_id))
        await keys.claim(tenant_id, late, lease_seconds=0)
        claim = await keys.claim(tenant_id, again(late), lease_seconds=LONG)
        assert isinstance(claim, Claimed)
        assert claim.fence == 2

        kept = await keys.settle(
            tenant_id, late.scope, 1, audit=late.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER
        )
        await keys.release(tenant_id, late.scope, 1, audit=late.audit, outcome=AuditOutcome.UNKNOWN, status=None)

        assert not kept
        assert await keys.known(tenant_id, late.scope, HASH) == Running()
        rows = await as_owner(
            world, tenant_id, "select outcome, fence from bff_backoffice.mutation_audit order by fence"
        )
        assert [(row["fence"], row["outcome"]) for row in rows] == [(1, "applied"), (2, None)]

    play(world, scenario)


def test_what_is_not_final_lets_the_next_one_try_at_once(world: World) -> None:
    """A released key is free without waiting for the lease, for the same request only."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=LONG)
        await keys.release(tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.UNKNOWN, status=None)

        other = replace(again(wish), request_hash=OTHER_HASH)
        assert await keys.claim(tenant_id, other, lease_seconds=LONG) == OtherRequest()
        claim = await keys.claim(tenant_id, again(wish), lease_seconds=LONG)
        assert isinstance(claim, Claimed)
        assert claim.fence == 2

    play(world, scenario)


@pytest.mark.parametrize("ledger", Ledger)
@pytest.mark.parametrize(
    ("ended", "perhaps"),
    [(AuditOutcome.UNKNOWN, True), (None, True), (AuditOutcome.NOT_SENT, False), (AuditOutcome.REFUSED, False)],
)
def test_it_is_known_whether_an_earlier_dispatch_may_have_acted(
    world: World, ledger: Ledger, ended: AuditOutcome | None, *, perhaps: bool
) -> None:
    """One whose end is unknown or was never written may have; this one, and those of other keys, do not count."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        first = attempt(operator(tenant_id), ledger=ledger)
        claim = await keys.claim(tenant_id, first, lease_seconds=LONG)
        assert isinstance(claim, Claimed)
        stranger = attempt(first.audit.operator, ledger=ledger)
        await keys.claim(tenant_id, stranger, lease_seconds=LONG)
        here = {"audit": first.audit, "since": claim.claimed_at}
        assert not await keys.acted_perhaps(tenant_id, first.scope, **here)
        if ended is not None:
            await keys.release(tenant_id, first.scope, claim.fence, audit=first.audit, outcome=ended, status=None)
        await let_pass(world, tenant_id, LONG)
        second = again(first)
        assert isinstance(await keys.claim(tenant_id, second, lease_seconds=LONG), Claimed)

        found = await keys.acted_perhaps(tenant_id, second.scope, audit=second.audit, since=claim.claimed_at)

        assert found is perhaps

    play(world, scenario)


def test_an_unknown_outcome_is_tried_again_for_a_day_only(world: World) -> None:
    """So long do upstreams remember a key; after that nobody dispatches it again, and its answer is lost for good."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=0)
        age = "update bff_backoffice.idempotency set claimed_at = claimed_at - $1::interval"
        await as_owner(world, tenant_id, f"{age} returning 1", timedelta(hours=23, minutes=59))
        assert isinstance(await keys.claim(tenant_id, again(wish), lease_seconds=0), Claimed)

        await as_owner(world, tenant_id, f"{age} returning 1", timedelta(minutes=2))

        assert await keys.claim(tenant_id, again(wish), lease_seconds=0) == OutcomeLost()
        assert await keys.known(tenant_id, wish.scope, HASH) == OutcomeLost()

    play(world, scenario)


@pytest.mark.parametrize("change", ["device_id", "method", "path", "key"])
def test_every_part_of_the_scope_counts(world: World, change: str) -> None:
    """Another device, method, path or key is another key; so is another tenant's."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=LONG)
        value: Any = {"device_id": DeviceId(f"dev_{ULID()}"), "method": "PATCH", "path": "/x", "key": str(ULID())}[
            change
        ]
        elsewhere = replace(again(wish), scope=replace(wish.scope, **{change: value}))
        assert isinstance(await keys.claim(tenant_id, elsewhere, lease_seconds=LONG), Claimed)

        stranger = TenantId(f"tnt_{ULID()}")
        theirs = replace(again(wish), audit=replace(again(wish).audit, operator=operator(stranger)))
        assert isinstance(await keys.claim(stranger, theirs, lease_seconds=LONG), Claimed)

    play(world, scenario)


def test_an_answer_is_sealed_for_its_tenant_and_place(world: World) -> None:
    """What lies in the table shows nothing, and opens neither at another key nor with another secret."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        one, two = (attempt(operator(tenant_id)) for _ in range(2))
        for wish in (one, two):
            await keys.claim(tenant_id, wish, lease_seconds=LONG)
            await keys.settle(tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER)
        rows = await as_owner(
            world, tenant_id, "select answer from bff_backoffice.idempotency order by key = $1 desc", one.scope.key
        )
        assert len({row["answer"] for row in rows}) == 2
        assert not any(b"chg_1" in row["answer"] or b"json" in row["answer"] for row in rows)

        moved = "update bff_backoffice.idempotency set answer = $1 where key = $2 returning 1"
        for wish, row in ((one, rows[1]), (two, rows[0])):
            await as_owner(world, tenant_id, moved, row["answer"], wish.scope.key)
        for wish in (one, two):
            with pytest.raises(StoreUnavailableError):
                await keys.known(tenant_id, wish.scope, HASH)

    play(world, scenario)


def test_answers_of_a_replaced_secret_are_still_read(world: World) -> None:
    """The first secret seals, all open; without the old one nothing is done anew."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=LONG)
        await keys.settle(tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER)
        fresh = b"f" * 32

        both = PostgresIdempotency(keys.database, AnswerSeal([fresh, SECRET]))
        known = await both.known(tenant_id, wish.scope, HASH)
        assert isinstance(known, Answered)
        assert known.answer == ANSWER
        with pytest.raises(StoreUnavailableError):
            await PostgresIdempotency(keys.database, AnswerSeal([fresh])).known(tenant_id, wish.scope, HASH)

    play(world, scenario)


async def kept_attestation(keys: PostgresIdempotency, who: OperatorContext, *, seconds: int = 300) -> AttestationUse:
    """One for a revocation by this operator."""
    use = AttestationUse(
        id=f"mfa_{ULID()}",
        operator_id=who.operator_id,
        key_thumbprint="thumb",
        action="lock.revoke_key",
        resource_id="lck_1",
    )
    await PostgresAttestations(keys.database).keep(
        who.tenant_id, use, device_id=who.device_id, factor="totp", seconds=seconds
    )
    return use


def test_an_attestation_is_used_up_by_one_key(world: World) -> None:
    """The claim uses it up; the same key may show it again, another one claims nothing and leaves no audit row."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        who = operator(tenant_id)
        use = await kept_attestation(keys, who)
        first = attempt(who, attestation=use)
        assert isinstance(await keys.claim(tenant_id, first, lease_seconds=0), Claimed)
        assert isinstance(await keys.claim(tenant_id, again(first), lease_seconds=0), Claimed)

        other = attempt(who, attestation=use)
        assert await keys.claim(tenant_id, other, lease_seconds=LONG) == Unattested()
        assert await keys.known(tenant_id, other.scope, HASH) is None
        rows = await as_owner(world, tenant_id, "select attestation_id from bff_backoffice.mutation_audit")
        assert [row["attestation_id"] for row in rows] == [use.id] * 2

    play(world, scenario)


def test_of_many_keys_that_show_one_attestation_one_gets_it(world: World) -> None:
    """Twenty at once, each under its own key: one claim."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        who = operator(tenant_id)
        use = await kept_attestation(keys, who)

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(keys.claim(tenant_id, attempt(who, attestation=use), lease_seconds=LONG))
                for _ in range(20)
            ]
        claims = [task.result() for task in tasks]

        assert len([claim for claim in claims if isinstance(claim, Claimed)]) == 1
        assert claims.count(Unattested()) == 19

    play(world, scenario, size=8)


@pytest.mark.parametrize(
    "change",
    [
        {"operator_id": OperatorId(f"usr_{ULID()}")}, {"key_thumbprint": "other"}, {"action": "lock.issue_key"},
        {"resource_id": "lck_2"}, {"amount": "1:USD"}, {"id": f"mfa_{ULID()}"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_an_attestation_is_for_one_act_only(world: World, change: dict[str, Any]) -> None:
    """Another operator, device key, action, resource or amount, or one that was never given: nothing is claimed."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        who = operator(tenant_id)
        use = replace(await kept_attestation(keys, who), **change)
        wish = attempt(who, attestation=use)

        assert not await PostgresAttestations(keys.database).usable(tenant_id, use, wish.scope.digest())
        assert await keys.claim(tenant_id, wish, lease_seconds=LONG) == Unattested()

    play(world, scenario)


def test_an_old_attestation_is_good_for_the_key_that_used_it_only(world: World) -> None:
    """Its time is over for everybody else; the key that it was used for may still be retried with it."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        who = operator(tenant_id)
        use = await kept_attestation(keys, who)
        used = attempt(who, attestation=use)
        await keys.claim(tenant_id, used, lease_seconds=0)
        unused = await kept_attestation(keys, who, seconds=0)
        await as_owner(
            world, tenant_id,
            "update bff_backoffice.mfa_attestations set expires_at = now() - interval '1 second' returning 1",
        )  # fmt: skip

        assert isinstance(await keys.claim(tenant_id, again(used), lease_seconds=0), Claimed)
        late = attempt(who, attestation=unused)
        assert await keys.claim(tenant_id, late, lease_seconds=LONG) == Unattested()

    play(world, scenario)


def test_a_complete_row_of_the_lock_audit_stays_as_it_is(world: World) -> None:
    """Neither the application nor the worker nor the owner changes or removes it before seven years are over."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id), ledger=Ledger.LOCKS)
        await keys.claim(tenant_id, wish, lease_seconds=LONG)
        await keys.settle(tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER)

        for role in ("app", "worker", "owner"):
            for statement in (
                "update bff_backoffice.lock_action_proxy_audit set outcome = 'refused'",
                "update bff_backoffice.lock_action_proxy_audit set operator_id = 'nobody'",
                "delete from bff_backoffice.lock_action_proxy_audit",
            ):
                with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)):
                    await as_role(world, role, tenant_id, statement)
        (row,) = await as_owner(
            world, tenant_id, "select outcome, upstream_status from bff_backoffice.lock_action_proxy_audit"
        )
        assert (row["outcome"], row["upstream_status"]) == ("applied", 201)

    play(world, scenario)


async def as_role(world: World, role: str, tenant_id: TenantId, statement: str) -> None:
    """Execute a statement of the tenant under a role."""
    connection = await asyncpg.connect(world.postgres[role])
    try:
        async with connection.transaction():
            await connection.execute("select set_config('app.tenant_id', $1, true)", tenant_id)
            await connection.execute(statement)
    finally:
        await connection.close()


def test_a_memory_that_is_away_says_so(world: World) -> None:
    """Closed: nothing is claimed that is not written."""

    async def main() -> None:
        nowhere = world.postgres["app"].rpartition("@")[0] + "@127.0.0.1:1/postgres"
        async with Database.open(nowhere, size=1) as database:
            keys, tenant_id = PostgresIdempotency(database, AnswerSeal([SECRET])), TenantId(f"tnt_{ULID()}")
            with pytest.raises(StoreUnavailableError):
                await keys.claim(tenant_id, attempt(operator(tenant_id)), lease_seconds=LONG)

    asyncio.run(main())


@pytest.mark.parametrize("given", [[], [b"short"], [SECRET, b"short"]], ids=["none", "short", "a short second"])
def test_a_seal_without_good_secrets_is_not_made(given: list[bytes]) -> None:
    """Nothing is kept under a secret that could be guessed."""
    with pytest.raises(ValueError, match="32 bytes"):
        AnswerSeal(given)


_OWNER = st.integers(0, 3)
_LEASE = st.sampled_from([0.0, LONG])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), _LEASE, st.sampled_from([HASH, HASH, OTHER_HASH])),
        st.tuples(st.just("renew"), _OWNER, _LEASE),
        st.tuples(st.just("settle"), _OWNER),
        st.tuples(st.just("release"), _OWNER),
    ),
    max_size=14,
)


async def one_step(keys: PostgresIdempotency | MemoryIdempotency, wish: Attempt, step: tuple[Any, ...]) -> object:
    """What the store says to one step; times of claims are left out. An owner is a fence, whether it ever was one."""
    tenant_id, scope = wish.audit.operator.tenant_id, wish.scope
    match step:
        case ("claim", lease, request_hash):
            found = await keys.claim(tenant_id, replace(again(wish), request_hash=request_hash), lease_seconds=lease)
            return (found.fence, found.property_id) if isinstance(found, Claimed) else found
        case ("renew", fence, lease):
            return await keys.renew(tenant_id, scope, fence, lease_seconds=lease)
        case ("settle", fence):
            answer = replace(ANSWER, body=f"by owner {fence}".encode())
            return await keys.settle(
                tenant_id, scope, fence, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=answer
            )
        case ("release", fence):
            await keys.release(tenant_id, scope, fence, audit=wish.audit, outcome=AuditOutcome.UNKNOWN, status=None)
            return None
        case _:
            raise AssertionError(step)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=_STEPS)
def test_the_law_holds_here_as_in_the_model(world: World, steps: list[tuple[Any, ...]]) -> None:
    """Whatever owners do in whatever order, living, dead or late, this store says what the law's model says."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish, model = attempt(operator(tenant_id)), MemoryIdempotency()
        kept: set[bytes] = set()
        for step in (("claim", 0.0, HASH), *steps):
            assert await one_step(keys, wish, step) == await one_step(model, wish, step), step
            for request_hash in (HASH, OTHER_HASH):
                known = await keys.known(tenant_id, wish.scope, request_hash)
                assert known == await model.known(tenant_id, wish.scope, request_hash), step
                kept |= {known.answer.body} if isinstance(known, Answered) else set()
        assert len(kept) <= 1

    play(world, scenario)


def test_who_serves_people_can_not_make_a_key_forgotten(world: World) -> None:
    """The application's role deletes no key, and a final answer stays final however old its key is."""

    async def scenario(keys: PostgresIdempotency, tenant_id: TenantId) -> None:
        wish = attempt(operator(tenant_id))
        await keys.claim(tenant_id, wish, lease_seconds=LONG)
        await keys.settle(tenant_id, wish.scope, 1, audit=wish.audit, outcome=AuditOutcome.APPLIED, answer=ANSWER)
        age = "update bff_backoffice.idempotency set claimed_at = claimed_at - $1::interval returning 1"
        await as_owner(world, tenant_id, age, timedelta(days=400))

        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with keys.database.transaction(tenant_id) as connection:
                await connection.execute("delete from idempotency")

        assert isinstance(await keys.claim(tenant_id, again(wish), lease_seconds=LONG), Answered)

    play(world, scenario)
