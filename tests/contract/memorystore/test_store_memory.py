"""How Redis is known to have forgotten: restarts with and without a log, flushes, snapshots, and who is told what."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Self

import msgspec
import pytest

from bff_backoffice.domain.errors import Code, Refusal
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import Conversation, RedisStore, info_field
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from bff_backoffice.infrastructure.memorystore.proof_memory import NextGeneration, ProofMemory
from bff_backoffice.infrastructure.memorystore.proof_replay import ProofReplay
from tests.contract.memorystore.valkey import PATIENT, RealClock, Valkey

CLOCK = RealClock()


class Sequence:
    """The numbers that Postgres gives, also to replicas that this test does not know."""

    def __init__(self) -> None:
        self._numbers = count(1)

    async def __call__(self) -> int:
        return next(self._numbers)


class Tier(Valkey):
    """A server, and by which of the two adapters its replicas reach it."""

    kind: type[RedisStore] = RedisStore


@pytest.fixture(params=[RedisStore, MultiplexedRedisStore], ids=["pooled", "multiplexed"])
def kind(request: pytest.FixtureRequest) -> type[RedisStore]:
    """The law holds by both adapters."""
    chosen: type[RedisStore] = request.param
    return chosen


@pytest.fixture
def server(kind: type[RedisStore], tmp_path: Path) -> Iterator[Tier]:
    """A server without persistence."""
    valkey = Tier(tmp_path)
    valkey.kind = kind
    valkey.start()
    yield valkey
    valkey.kill()


@pytest.fixture
def logging_server(kind: type[RedisStore], tmp_path: Path) -> Iterator[Tier]:
    """A server that logs what it is told before it answers."""
    valkey = Tier(tmp_path, "--appendonly", "yes")
    valkey.kind = kind
    valkey.start()
    yield valkey
    valkey.kill()


async def until_up_for(seconds: int, server: Tier) -> None:
    """Until the server itself counts this many seconds since its start; its count is what is under test."""
    probe = RedisStore.open(server.url, store="probe", connections=1, **PATIENT)
    async with asyncio.timeout(30):
        while int(info_field(await probe.ask("INFO", "server"), "uptime_in_seconds")) < seconds:  # noqa: ASYNC110 - the event is another process's clock
            await asyncio.sleep(0.1)
    await probe.aclose()


class Replica:
    """One process of the service: its own connections, its own knowledge of the store's memory."""

    def __init__(self, server: Tier, sequence: NextGeneration) -> None:
        self.store = server.kind.open(server.url, store="sessions", connections=8, **PATIENT)
        self.replay = ProofReplay(self.store, next_generation=sequence, clock=CLOCK)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.aclose()

    async def use(self, digest: str, *, after: float = 0.0) -> Code | None:
        """None for a proof that is admitted, else the refusal's code."""
        try:
            issued_at = CLOCK() + timedelta(seconds=after)
            await self.replay.use(digest=digest, ttl_ms=60_000, issued_at=issued_at)
        except Refusal as refusal:
            return refusal.code
        return None

    async def mark(self) -> ProofMemory:
        """The mark as it is stored."""
        return msgspec.json.decode(await self.store.ask("GET", keys.proof_memory()), type=ProofMemory)


def test_a_flush_is_a_loss(server: Tier) -> None:
    """The run is the same, the keys are gone."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            assert await replica.use("a") is None
            await replica.store.ask("FLUSHALL")
            assert await replica.use("a") is Code.STORE_UNAVAILABLE
            assert await replica.use("b", after=10.2) is None
            assert (await replica.mark()).generation == 2

    asyncio.run(scenario())


def test_a_restart_that_brings_everything_back_is_no_loss(logging_server: Tier) -> None:
    """With its log on, a server that was killed knows every proof it ever answered for; nobody waits."""

    async def scenario() -> None:
        async with Replica(logging_server, Sequence()) as replica, Replica(logging_server, Sequence()) as other:
            for number in range(50):
                assert await replica.use(f"used {number}") is None
            before = await replica.mark()
            await asyncio.to_thread(logging_server.restart)
            assert await other.use("unknown to the other") is None
            for number in range(50):
                assert await replica.use(f"used {number}") is Code.PROOF_REPLAYED
            assert await replica.use("new") is None
            after = await replica.mark()
            assert (after.generation, after.born_at) == (before.generation, before.born_at)
            assert after.run_id != before.run_id

    asyncio.run(scenario())


def test_a_restart_from_a_snapshot_is_a_loss(server: Tier) -> None:
    """The mark is there again, but proofs that were used after the snapshot are not."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            assert await replica.use("before the snapshot") is None
            await replica.store.ask("SAVE")
            assert await replica.use("after it") is None
            await asyncio.to_thread(server.restart)
            assert await replica.use("after it") is Code.STORE_UNAVAILABLE
            assert await replica.use("new", after=10.2) is None

    asyncio.run(scenario())


def test_a_replica_that_starts_after_the_loss_waits_too(server: Tier) -> None:
    """A process that never saw the old memory learns from the sequence that there was one."""
    sequence = Sequence()

    async def scenario() -> None:
        async with Replica(server, sequence) as replica:
            assert await replica.use("used") is None
        await asyncio.to_thread(server.restart)
        async with Replica(server, sequence) as replica:
            assert await replica.use("used") is Code.STORE_UNAVAILABLE

    asyncio.run(scenario())


def test_replicas_agree_on_one_mark(server: Tier) -> None:
    """After a loss that all of them notice at once there is one new mark, and one number was taken for it."""
    sequence = Sequence()

    async def scenario() -> None:
        replicas = [Replica(server, sequence) for _ in range(4)]
        for replica in replicas:
            assert await replica.use(f"first of {id(replica)}") is None
        await asyncio.to_thread(server.restart)
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(replica.use(f"again {id(replica)}")) for replica in replicas]
        assert {answer.result() for answer in answers} == {Code.STORE_UNAVAILABLE}
        assert {(await replica.mark()).generation for replica in replicas} == {2}
        assert await sequence() == 3
        for replica in replicas:
            await replica.store.aclose()

    asyncio.run(scenario())


def test_the_wait_counts_from_the_servers_start_when_nobody_used_it_since(server: Tier) -> None:
    """The store came back a while before its first use: nothing was remembered meanwhile.

    So nothing more is waited for.
    """

    async def scenario() -> None:
        # By a clock that is behind the server's counts the server's alone: what passes between the two is no matter.
        behind = RealClock()
        behind.ahead = timedelta(minutes=-1)
        async with Replica(server, Sequence()) as replica:
            replica.replay = ProofReplay(replica.store, next_generation=Sequence(), clock=behind)
            assert await replica.use("used") is None
            killed = CLOCK().timestamp()
            await asyncio.to_thread(server.restart)
            started = CLOCK().timestamp()
            await until_up_for(3, server)
            assert await replica.use("used") is Code.STORE_UNAVAILABLE
            assert killed < (await replica.mark()).born_at / 1000 < started + 1.5

    asyncio.run(scenario())


def test_the_wait_counts_from_now_when_somebody_else_may_have_used_it(server: Tier) -> None:
    """A number was taken by a replica that is gone: what it remembered since the server's start may be lost again."""
    sequence = Sequence()

    async def scenario() -> None:
        async with Replica(server, sequence) as replica:
            assert await replica.use("used") is None
            await asyncio.to_thread(server.restart)
            await until_up_for(2, server)
            await sequence()
            before = CLOCK().timestamp()
            assert await replica.use("used") is Code.STORE_UNAVAILABLE
            assert (await replica.mark()).born_at / 1000 >= before - 0.01

    asyncio.run(scenario())


def test_without_the_sequence_the_store_counts_as_one_that_forgot(server: Tier) -> None:
    """Postgres away at the first start: ten seconds of waiting, not a failure, and nothing is admitted unseen."""

    async def broken() -> int:
        raise OSError("no Postgres")

    async def scenario() -> None:
        async with Replica(server, broken) as replica:
            assert await replica.use("a") is Code.STORE_UNAVAILABLE
            assert await replica.use("b", after=10.2) is None
            assert (await replica.mark()).generation == 0

    asyncio.run(scenario())


def test_a_sequence_that_starts_anew_is_not_believed(server: Tier) -> None:
    """A Postgres that was emptied says one again; whoever remembers an older memory waits all the same."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            assert await replica.use("used") is None
            replica.replay = ProofReplay(replica.store, next_generation=Sequence(), clock=CLOCK)
            assert await replica.use("also used") is None
            await replica.store.ask("DEL", keys.proof_memory())
            assert await replica.use("used again") is Code.STORE_UNAVAILABLE

    asyncio.run(scenario())


@pytest.mark.parametrize("mark", [b"", b"{}", b"not json", b'{"generation": "x"}'])
def test_a_mark_that_can_not_be_read_is_a_loss(server: Tier, mark: bytes) -> None:
    """Whoever wrote it, what it stood for is unknown; it is replaced and not stumbled over for ever."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            assert await replica.use("a") is None
            await replica.store.ask("SET", keys.proof_memory(), mark)
            assert await replica.use("b") is Code.STORE_UNAVAILABLE
            assert await replica.use("c", after=10.2) is None

    asyncio.run(scenario())


def test_a_replica_that_died_while_it_wrote_the_mark_holds_nobody_up_for_long(server: Tier) -> None:
    """Its lock runs out by itself, and the next replica writes the mark."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            await replica.store.ask("SET", keys.proof_memory_lock(), b"somebody else", "PX", 600)
            assert await replica.use("a") is None

    asyncio.run(scenario())


def test_a_store_that_is_full_admits_nothing(server: Tier) -> None:
    """An error in place of the answer to the proof's first use is no first use."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            assert await replica.use("a") is None
            await replica.store.ask("CONFIG", "SET", "maxmemory", "1")
            assert await replica.replay.status() == "ready"
            with pytest.raises(Exception, match="sessions"):
                await replica.use("b")

    asyncio.run(scenario())


def test_requests_that_come_together_look_the_mark_up_once(server: Tier) -> None:
    """Twenty first requests of one process are one look at the store's memory, not twenty."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(replica.use(f"first {number}"))
            statistics = await replica.store.ask("INFO", "commandstats")
            assert info_field(statistics, "cmdstat_time").startswith("calls=1,")

    asyncio.run(scenario())


def test_the_later_clock_decides_how_long_is_waited(server: Tier) -> None:
    """Proofs were judged by our clock; a store whose clock is behind it must not be done with waiting too early."""
    clock = RealClock()
    clock.ahead = timedelta(seconds=5)

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            replica.replay = ProofReplay(replica.store, next_generation=Sequence(), clock=clock)
            assert await replica.use("used", after=5) is None
            await replica.store.ask("FLUSHALL")
            assert await replica.use("used", after=5 + 9) is Code.STORE_UNAVAILABLE
            assert await replica.use("new", after=5 + 10.5) is None

    asyncio.run(scenario())


def test_a_replica_that_saw_something_older_writes_nothing(server: Tier) -> None:
    """The mark is replaced only where it is still the one that was read; otherwise the one in force is told."""

    async def scenario() -> None:
        async with Replica(server, Sequence()) as replica:
            assert await replica.use("a") is None
            in_force = await replica.store.ask("GET", keys.proof_memory())
            late = ProofMemory(generation=9, run_id="another", born_at=0)

            async def write(conversation: Conversation) -> list[bytes]:
                memory = replica.replay._memory
                return [await memory._replace(conversation, read, late) for read in (None, b"an older mark")]

            assert await replica.store.converse(write) == [in_force, in_force]
            assert await replica.store.ask("GET", keys.proof_memory()) == in_force

    asyncio.run(scenario())
