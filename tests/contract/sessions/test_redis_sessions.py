"""What the session use cases are promised of the sessions tier, held by a real server: orders and races above all."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bff_backoffice.domain.device_proof import AccessClaims, VerifiedProof
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import (
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    Operator,
    OperatorId,
    OperatorRole,
    PropertyId,
    TenantId,
)
from bff_backoffice.domain.sessions import BackofficeSession, SessionState
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from bff_backoffice.infrastructure.memorystore.proof_replay import ProofReplay
from bff_backoffice.infrastructure.memorystore.sessions import RedisSessions
from tests.contract.memorystore.valkey import PATIENT, RealClock, Valkey

pytestmark = pytest.mark.anyio

_numbers = itertools.count()


def ulid() -> str:
    """A ULID that no other has."""
    return f"01JGFJJZ03J02SKYND46{next(_numbers):06d}"


TENANT = TenantId(f"tnt_{ulid()}")
OTHER_TENANT = TenantId(f"tnt_{ulid()}")
CLOCK = RealClock()


async def first_generation() -> int:
    """As at the very first start: no proof was ever accepted, so there is nothing to wait for."""
    return 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server for this module."""
    folder: Path = tmp_path_factory.mktemp("sessions")
    valkey = Valkey(folder)
    valkey.start()
    yield valkey
    valkey.kill()


@asynccontextmanager
async def replica(server: Valkey) -> AsyncIterator[RedisSessions]:
    """The sessions tier as one process sees it."""
    store = MultiplexedRedisStore.open(server.url, store="sessions", **PATIENT)
    replay = ProofReplay(store, next_generation=first_generation, clock=CLOCK)
    try:
        yield RedisSessions(redis=store, replay=replay, clock=CLOCK, operator_seconds=300)
    finally:
        await store.aclose()


def some_session(
    *, tenant_id: TenantId = TENANT, device_id: DeviceId | None = None, operator_id: OperatorId | None = None
) -> BackofficeSession:
    """A session that was opened just now."""
    now = CLOCK()
    return BackofficeSession(
        id=BackofficeSessionId(f"bos_{ulid()}"),
        tenant_id=tenant_id,
        operator_id=operator_id or OperatorId(f"usr_{ulid()}"),
        device_id=device_id or DeviceId(f"dev_{ulid()}"),
        iam_session_id=IamSessionId(f"ses_{ulid()}"),
        key_thumbprint="t" * 43,
        primary_property_id=None,
        state=SessionState.OPEN,
        opened_at=now,
        last_seen_at=now,
        tokens_expire_at=now + timedelta(minutes=15),
        authenticated_at=now,
    )


def claims_of(session: BackofficeSession) -> AccessClaims:
    """A token of this session."""
    now = CLOCK()
    return AccessClaims(
        issuer="https://iam.example",
        tenant_id=session.tenant_id,
        operator_id=session.operator_id,
        device_id=session.device_id,
        iam_session_id=session.iam_session_id,
        key_thumbprint=session.key_thumbprint,
        acr=None,
        auth_time=now,
        issued_at=now,
        not_before=now,
        expires_at=session.tokens_expire_at,
        jti=ulid(),
    )


def some_proof() -> VerifiedProof:
    """A proof that was not used before."""
    return VerifiedProof(
        thumbprint="t" * 43, jti=ulid(), issued_at=CLOCK(), method="GET", target="https://desk.example/session"
    )


def some_operator(session: BackofficeSession) -> Operator:
    """What tenant-service says of the session's operator."""
    return Operator(
        id=session.operator_id,
        tenant_id=session.tenant_id,
        display_name="Mariam",
        roles=frozenset({OperatorRole.FRONT_DESK}),
        property_scope=(PropertyId(f"ppt_{ulid()}"),),
        locale="fa-AF",
    )


async def test_of_two_replicas_that_open_one_session_both_keep_the_same(server: Valkey) -> None:
    """Two first requests of a `sid` at once end up with one session."""
    async with replica(server) as one, replica(server) as other:
        first = some_session()
        second = replace(first, id=BackofficeSessionId(f"bos_{ulid()}"))

        async with asyncio.TaskGroup() as group:
            opened = [group.create_task(one.open(first)), group.create_task(other.open(second))]

        assert opened[0].result() == opened[1].result()
        assert await one.current(first.tenant_id, first.device_id) == opened[0].result()


async def test_a_new_sign_in_takes_the_devices_place(server: Valkey) -> None:
    """One device, one session: another `sid` replaces it."""
    async with replica(server) as sessions:
        first = await sessions.open(some_session())
        second = await sessions.open(some_session(device_id=first.device_id))

        assert await sessions.current(TENANT, first.device_id) == second != first


async def test_a_session_that_was_closed_does_not_come_back_with_a_late_write(server: Valkey) -> None:
    """A request that ends after the sign-out writes its session back to nowhere."""
    async with replica(server) as sessions:
        session = await sessions.open(some_session())

        await sessions.close(TENANT, session.device_id, session.id)
        await sessions.keep(session, replace(session, app_version="1.4.3"))

        assert await sessions.current(TENANT, session.device_id) is None


async def test_a_session_that_was_replaced_neither_comes_back_nor_closes_its_successor(server: Valkey) -> None:
    """What still runs for the operator of before changes nothing of the one who sits there now."""
    async with replica(server) as sessions:
        first = await sessions.open(some_session())
        second = await sessions.open(some_session(device_id=first.device_id))

        await sessions.keep(first, replace(first, app_version="1.4.3"))
        await sessions.close(TENANT, first.device_id, first.id)

        assert await sessions.current(TENANT, first.device_id) == second


async def test_a_refused_sid_is_refused_on_every_replica_at_once(server: Valkey) -> None:
    """Also where its session was never opened."""
    async with replica(server) as one, replica(server) as other:
        session = some_session()
        before = await other.admit(claims_of(session), some_proof())

        await one.refuse(TENANT, session.iam_session_id, until=session.tokens_expire_at, reason="revoked")
        after = await other.admit(claims_of(session), some_proof())

        assert (before.revoked, after.revoked) == (False, True)


async def test_a_tenants_word_does_not_reach_another_tenant(server: Valkey) -> None:
    """The same identifiers under another tenant are other things."""
    async with replica(server) as sessions:
        session = await sessions.open(some_session())

        await sessions.refuse(OTHER_TENANT, session.iam_session_id, until=session.tokens_expire_at, reason="revoked")
        await sessions.close(OTHER_TENANT, session.device_id, session.id)
        found = await sessions.admit(claims_of(session), some_proof())

        assert (found.session, found.revoked) == (session, False)
        assert await sessions.current(OTHER_TENANT, session.device_id) is None
        assert await sessions.of_operator(OTHER_TENANT, session.operator_id) == ()


async def test_an_operators_sessions_are_those_on_devices_that_nobody_else_took_over(server: Valkey) -> None:
    """The end of one operator's sessions must not end a colleague's on a shared desk."""
    async with replica(server) as sessions:
        first = await sessions.open(some_session())
        second = await sessions.open(some_session(operator_id=first.operator_id))
        await sessions.open(some_session(device_id=first.device_id))

        assert await sessions.of_operator(TENANT, first.operator_id) == (second,)


async def test_a_proof_is_good_for_one_use_over_all_replicas(server: Valkey) -> None:
    """Of several uses at once exactly one is the first, with a token or without."""
    async with replica(server) as one, replica(server) as other:
        session, proof = some_session(), some_proof()

        async def used(sessions: RedisSessions, *, alone: bool) -> bool:
            try:
                if alone:
                    await sessions.use(proof)
                else:
                    await sessions.admit(claims_of(session), proof)
            except Refusal as refusal:
                if refusal.code is not Code.PROOF_REPLAYED:
                    raise
                return False
            return True

        async with asyncio.TaskGroup() as group:
            uses = [
                group.create_task(used(each, alone=number % 2 == 0)) for number, each in enumerate([one, other] * 8)
            ]

        assert sum(use.result() for use in uses) == 1


async def test_an_answer_from_before_a_change_of_roles_is_not_believed(server: Valkey) -> None:
    """An answer of tenant-service that was on its way when the roles changed finds its place taken."""
    async with replica(server) as sessions:
        session = some_session()
        operator = some_operator(session)
        await sessions.remember_operator(operator)
        known = await sessions.admit(claims_of(session), some_proof())

        await sessions.forget_operator(TENANT, session.operator_id)
        await sessions.remember_operator(operator)
        forgotten = await sessions.admit(claims_of(session), some_proof())

        assert known.operator == operator
        assert forgotten.operator is None


async def test_a_late_write_does_not_undo_what_was_chosen_meanwhile(server: Valkey) -> None:
    """Of two writers who read the same session, the second is told that it came too late."""
    async with replica(server) as one, replica(server) as other:
        session = await one.open(some_session())
        chosen = replace(session, primary_property_id=PropertyId(f"ppt_{ulid()}"))

        assert await one.keep(session, chosen)
        assert not await other.keep(session, replace(session, app_version="1.4.3"))

        assert await other.current(TENANT, session.device_id) == chosen
        assert await other.keep(chosen, replace(chosen, app_version="1.4.3"))
