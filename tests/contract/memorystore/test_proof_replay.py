"""The replay store, in memory and in Redis: one suite for what both promise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.domain.operator import DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from bff_backoffice.infrastructure.memorystore.proof_replay import Admission, ProofReplay
from tests.contract.memorystore.valkey import PATIENT, RealClock, Valkey
from tests.fakes.memory_proof_replay import MemoryProofReplay
from tests.some_device import ULID

TENANT, OTHER_TENANT = TenantId(f"tnt_{ULID}"), TenantId(f"tnt_{ULID[:-1]}W")
DEVICE, OPERATOR, IAM_SESSION = DeviceId(f"dev_{ULID}"), OperatorId(f"usr_{ULID}"), IamSessionId(f"ses_{ULID}")
AfterProof = Callable[[], Coroutine[Any, Any, None]]


class World(Protocol):
    """A store, and what a test does to it behind the back of the replicas that use it."""

    clock: RealClock

    def replicas(self, number: int) -> Any: ...
    async def put(self, *, session: bytes, operator: bytes) -> None: ...
    async def revoke(self) -> None: ...
    async def lose_memory(self) -> None: ...
    async def go_away(self) -> None: ...
    async def come_back(self) -> None: ...


class MemoryWorld:
    """The fake: every replica is the same object."""

    def __init__(self) -> None:
        self.clock = RealClock()
        self._replay = MemoryProofReplay(clock=self.clock)

    @asynccontextmanager
    async def replicas(self, number: int) -> AsyncIterator[list[MemoryProofReplay]]:
        yield [self._replay] * number

    async def put(self, *, session: bytes, operator: bytes) -> None:
        self._replay.sessions[TENANT, DEVICE] = session
        self._replay.operators[TENANT, OPERATOR] = operator

    async def revoke(self) -> None:
        self._replay.revoke(TENANT, IAM_SESSION)

    async def lose_memory(self) -> None:
        self._replay.forget()

    async def go_away(self) -> None:
        self._replay.away = True

    async def come_back(self) -> None:
        self._replay.away = False
        self._replay.forget()


class RedisWorld:
    """The real one: every replica has connections of its own."""

    def __init__(self, server: Valkey, kind: type[RedisStore]) -> None:
        self.clock = RealClock()
        self._server = server
        self._kind = kind
        self._generations = count(1)

    async def next_generation(self) -> int:
        return next(self._generations)

    @asynccontextmanager
    async def replicas(self, number: int) -> AsyncIterator[list[ProofReplay]]:
        async with AsyncExitStack() as stack:
            replicas = []
            for _ in range(number):
                store = self._kind.open(self._server.url, store="sessions", connections=16, **PATIENT)
                stack.push_async_callback(store.aclose)
                replicas.append(ProofReplay(store, next_generation=self.next_generation, clock=self.clock))
            yield replicas

    async def command(self, *command: str | bytes | int) -> Any:
        store = RedisStore.open(self._server.url, store="sessions", connections=1, **PATIENT)
        try:
            return await store.ask(*command)
        finally:
            await store.aclose()

    async def put(self, *, session: bytes, operator: bytes) -> None:
        await self.command("SET", keys.session_of_device(TENANT, DEVICE), session)
        await self.command("SET", keys.operator(TENANT, OPERATOR), operator)

    async def revoke(self) -> None:
        await self.command("SET", keys.revoked_session(TENANT, IAM_SESSION), b"1")

    async def lose_memory(self) -> None:
        await asyncio.to_thread(self._server.restart)

    async def go_away(self) -> None:
        await asyncio.to_thread(self._server.kill)

    async def come_back(self) -> None:
        await asyncio.to_thread(self._server.start)


@pytest.fixture(params=[None, RedisStore, MultiplexedRedisStore], ids=["memory", "pooled", "multiplexed"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Each test runs over the fake and, by either adapter, over a real server without persistence."""
    if request.param is None:
        yield MemoryWorld()
        return
    server = Valkey(tmp_path)
    server.start()
    yield RedisWorld(server, request.param)
    server.kill()


def admit(replay: Any, world: World, digest: str, *, after: float = 0.0, tenant: TenantId = TENANT) -> Any:
    """Use a proof that is issued `after` seconds from now."""
    return replay.admit(
        tenant_id=tenant,
        device_id=DEVICE,
        operator_id=OPERATOR,
        iam_session_id=IAM_SESSION,
        digest=digest,
        ttl_ms=60_000,
        issued_at=world.clock() + timedelta(seconds=after),
        session_ttl_s=600,
    )


async def refusal_of(call: Coroutine[Any, Any, object]) -> Refusal:
    """The refusal of a call, which must be there."""
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value


def test_a_proof_is_admitted_once_on_all_replicas(world: World) -> None:
    """The second use is refused on the replica that saw the first and on the one that did not."""

    async def scenario() -> None:
        async with world.replicas(2) as (one, other):
            assert await admit(one, world, "a") == Admission(session=None, operator=None, revoked=False)
            for replica in (one, other):
                assert (await refusal_of(admit(replica, world, "a"))).code is Code.PROOF_REPLAYED
            await admit(other, world, "b")

    asyncio.run(scenario())


def test_of_many_copies_at_once_exactly_one_is_admitted(world: World) -> None:
    """Two hundred copies of one proof, over two replicas: asking and setting are one step."""

    async def copy(replay: Any) -> bool:
        try:
            await admit(replay, world, "copied")
        except Refusal as refusal:
            return refusal.code is not Code.PROOF_REPLAYED
        return True

    async def scenario() -> None:
        async with world.replicas(2) as replicas, asyncio.TaskGroup() as group:
            copies = [group.create_task(copy(replicas[number % 2])) for number in range(200)]
        assert [task.result() for task in copies].count(True) == 1

    asyncio.run(scenario())


def test_a_proof_without_a_token_is_used_up_in_the_same_memory(world: World) -> None:
    """A refresh's proof is good once, too."""

    async def scenario() -> None:
        async with world.replicas(1) as (replay,):
            await replay.use(digest="r", ttl_ms=60_000, issued_at=world.clock())
            again = replay.use(digest="r", ttl_ms=60_000, issued_at=world.clock())
            assert (await refusal_of(again)).code is Code.PROOF_REPLAYED
            assert (await refusal_of(admit(replay, world, "r"))).code is Code.PROOF_REPLAYED

    asyncio.run(scenario())


def test_what_is_known_comes_back_with_the_first_use(world: World) -> None:
    """Session and operator as they were stored, and the revocation; another tenant's request sees none of it."""

    async def scenario() -> None:
        async with world.replicas(1) as (replay,):
            await world.put(session=b"a session", operator=b"an operator")
            known = Admission(session=b"a session", operator=b"an operator", revoked=False)
            assert await admit(replay, world, "1") == known
            await world.revoke()
            assert (await admit(replay, world, "2")).revoked
            nothing = Admission(session=None, operator=None, revoked=False)
            assert await admit(replay, world, "3", tenant=OTHER_TENANT) == nothing

    asyncio.run(scenario())


def test_at_the_very_first_start_there_is_nothing_to_wait_for(world: World) -> None:
    """Also with several replicas that all come first, and for proofs that are a minute old."""

    async def scenario() -> None:
        async with world.replicas(4) as replicas:
            async with asyncio.TaskGroup() as group:
                for number, replay in enumerate(replicas):
                    group.create_task(admit(replay, world, str(number), after=-60.0))
            assert [await replay.status() for replay in replicas] == ["ready"] * 4

    asyncio.run(scenario())


def test_a_store_that_lost_its_memory_refuses_what_may_have_been_used(world: World) -> None:
    """Proofs issued until ten seconds after its return are refused with the time to wait; later ones are admitted."""

    async def scenario() -> None:
        async with world.replicas(2) as (one, other):
            for number, replay in enumerate((one, other)):
                await admit(replay, world, f"used {number}")
            await world.lose_memory()
            for number, replay in enumerate((one, other)):
                refusal = await refusal_of(admit(replay, world, f"used {number}"))
                assert refusal.code is Code.STORE_UNAVAILABLE
                assert 6 <= (refusal.retry_after or 0) <= 11
                assert (await refusal_of(admit(replay, world, f"late {number}", after=5))).retry_after
                assert await replay.status() == "recovering"
                await admit(replay, world, f"new {number}", after=10.2)
            world.clock.ahead = timedelta(seconds=11)
            for number, replay in enumerate((one, other)):
                assert await replay.status() == "ready"
                await admit(replay, world, f"after {number}")

    asyncio.run(scenario())


def test_a_proof_that_is_refused_while_the_store_recovers_is_used_up(world: World) -> None:
    """It is not admitted later, however long it could still be accepted."""

    async def scenario() -> None:
        async with world.replicas(1) as (replay,):
            await admit(replay, world, "first")
            await world.lose_memory()
            await refusal_of(admit(replay, world, "early"))
            assert (await refusal_of(admit(replay, world, "early", after=10.2))).code is Code.PROOF_REPLAYED

    asyncio.run(scenario())


def test_while_the_store_is_away_nothing_is_admitted(world: World) -> None:
    """Every call says so, and the first one after its return does not need a restart of ours."""

    async def scenario() -> None:
        async with world.replicas(1) as (replay,):
            await admit(replay, world, "first")
            await world.go_away()
            assert await replay.status() == "away"
            for call in (
                admit(replay, world, "x"),
                replay.use(digest="y", ttl_ms=1, issued_at=world.clock()),
                replay.prepare(),
            ):
                with pytest.raises(StoreUnavailableError):
                    await call
            await world.come_back()
            assert await replay.status() == "recovering"
            await admit(replay, world, "z", after=10.2)

    asyncio.run(scenario())
