"""Sessions that nobody used for twelve hours, in a real store: gone by themselves, told of once, then forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID

from bff_backoffice.application.sessions.lapse import CloseIdleSessions
from bff_backoffice.domain.operator import BackofficeSessionId, DeviceId, IamSessionId, OperatorId, TenantId
from bff_backoffice.domain.sessions import BackofficeSession, SessionState
from bff_backoffice.infrastructure.memorystore import keys
from bff_backoffice.infrastructure.memorystore.client import RedisStore
from bff_backoffice.infrastructure.memorystore.proof_replay import ProofReplay
from bff_backoffice.infrastructure.memorystore.sessions import RedisSessions
from tests.contract.memorystore.valkey import PATIENT
from tests.worlds import World

IDLE = timedelta(hours=12, minutes=5)
NOW = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)


@dataclass
class Desk:
    """A tenant that nobody else has, at a moment that the test moves."""

    redis: RedisStore
    now: datetime = NOW
    told: list[BackofficeSession] = field(default_factory=list)
    tenant_id: TenantId = field(default_factory=lambda: TenantId.parse(f"tnt_{ULID()}"))

    @property
    def sessions(self) -> RedisSessions:
        """The store."""

        async def generation() -> int:
            return 1

        replay = ProofReplay(self.redis, next_generation=generation, clock=lambda: self.now)
        return RedisSessions(redis=self.redis, replay=replay, clock=lambda: self.now, operator_seconds=300)

    def session(self, **more: object) -> BackofficeSession:
        """One that begins now."""
        fresh = BackofficeSession(
            id=BackofficeSessionId.parse(f"bos_{ULID()}"),
            tenant_id=self.tenant_id,
            operator_id=OperatorId.parse(f"usr_{ULID()}"),
            device_id=DeviceId.parse(f"dev_{ULID()}"),
            iam_session_id=IamSessionId.parse(f"ses_{ULID()}"),
            key_thumbprint="thumb",
            primary_property_id=None,
            state=SessionState.OPEN,
            opened_at=self.now,
            last_seen_at=self.now,
            tokens_expire_at=self.now,
            authenticated_at=self.now,
        )
        return replace(fresh, **more)  # type: ignore[arg-type] # whichever member the test gives

    async def ran_out(self, session: BackofficeSession) -> None:
        """Let the store do what it does twelve hours after the last request."""
        await self.redis.ask("DEL", keys.session_of_device(self.tenant_id, session.device_id))

    async def close_idle(self, most: int = 100) -> int:
        """Run the job's step."""

        async def tell(session: BackofficeSession) -> None:
            self.told.append(session)

        return await CloseIdleSessions(sessions=self.sessions, tell=tell)(self.tenant_id, IDLE, most)

    async def open_ones(self) -> int:
        """How many are in the tenant's hash."""
        return int(await self.redis.ask("HLEN", keys.open_sessions(self.tenant_id)))


def play(world: World, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def main() -> None:
        redis = RedisStore.open(world.redis, store="sessions", **PATIENT)
        try:
            async with asyncio.timeout(30):
                await scenario(Desk(redis))
        finally:
            await redis.aclose()

    asyncio.run(main())


def test_a_session_that_ran_out_is_told_of_and_forgotten(world: World) -> None:
    """Once, with what was known of it last; neither hash nor index names it any more."""

    async def scenario(desk: Desk) -> None:
        session = await desk.sessions.open(desk.session())
        desk.now += IDLE + timedelta(minutes=1)
        await desk.ran_out(session)

        assert await desk.close_idle() == 1
        assert desk.told == [session]
        assert await desk.open_ones() == 0
        index = keys.devices_of_operator(desk.tenant_id, session.operator_id)
        assert await desk.redis.ask("SCARD", index) == 0
        assert await desk.close_idle() == 0

    play(world, scenario)


def test_a_session_that_is_used_is_left_alone(world: World) -> None:
    """One of a minute ago, one that was written long ago and is there all the same, one that ran out a moment ago."""

    async def scenario(desk: Desk) -> None:
        there = await desk.sessions.open(desk.session())
        desk.now += IDLE
        gone = await desk.sessions.open(desk.session())
        await desk.ran_out(gone)
        desk.now += timedelta(minutes=1)
        assert await desk.sessions.current(desk.tenant_id, there.device_id) == there

        assert await desk.close_idle() == 0
        assert desk.told == []
        assert await desk.open_ones() == 2

    play(world, scenario)


def test_a_session_that_slides_is_counted_from_its_last_request(world: World) -> None:
    """Every write of the session is one of the hash, and finds it again when all of an operator's have to end."""

    async def scenario(desk: Desk) -> None:
        first = await desk.sessions.open(desk.session())
        desk.now += timedelta(hours=11)
        index = keys.devices_of_operator(desk.tenant_id, first.operator_id)
        await desk.redis.ask("DEL", index)
        later = replace(first, last_seen_at=desk.now)
        assert await desk.sessions.keep(first, later)
        assert await desk.sessions.of_operator(desk.tenant_id, first.operator_id) == (later,)
        desk.now += timedelta(hours=11)
        await desk.ran_out(first)

        assert await desk.close_idle() == 0
        desk.now += timedelta(hours=2)
        assert await desk.close_idle() == 1
        assert desk.told == [later]

    play(world, scenario)


def test_what_somebody_closed_or_replaced_is_not_told_of_again(world: World) -> None:
    """Its end was told when it ended."""

    async def scenario(desk: Desk) -> None:
        closed = await desk.sessions.open(desk.session())
        await desk.sessions.close(desk.tenant_id, closed.device_id, closed.id)
        replaced = await desk.sessions.open(desk.session())
        newest = await desk.sessions.open(desk.session(device_id=replaced.device_id))
        desk.now += IDLE + timedelta(minutes=1)
        await desk.ran_out(newest)

        assert await desk.close_idle() == 1
        assert desk.told == [newest]

    play(world, scenario)


def test_a_new_session_on_the_device_keeps_its_own(world: World) -> None:
    """The old one's end is told, and the new one's entry and index stay."""

    async def scenario(desk: Desk) -> None:
        old = await desk.sessions.open(desk.session())
        desk.now += IDLE + timedelta(minutes=1)
        await desk.ran_out(old)
        new = await desk.sessions.open(desk.session(device_id=old.device_id, operator_id=old.operator_id))

        assert await desk.close_idle() == 1
        assert desk.told == [old]
        assert await desk.sessions.of_operator(desk.tenant_id, old.operator_id) == (new,)
        assert await desk.open_ones() == 1

    play(world, scenario)


def test_two_at_once_and_one_cut_off_close_each_session_once(world: World) -> None:
    """Between telling and forgetting somebody dies: it is told of again, and counted once."""

    async def scenario(desk: Desk) -> None:
        opened = [await desk.sessions.open(desk.session()) for _ in range(6)]
        desk.now += IDLE + timedelta(minutes=1)
        for session in opened:
            await desk.ran_out(session)

        assert await desk.close_idle(most=2) == 2
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(desk.close_idle()) for _ in range(3)]
        assert sum(task.result() for task in tasks) == 4
        assert {each.id for each in desk.told} == {each.id for each in opened}
        assert await desk.open_ones() == 0

    play(world, scenario)


def test_of_many_open_sessions_those_that_ran_out_are_found_a_page_at_a_time(world: World) -> None:
    """However many are there all the same, none hides another; and no reply holds all of them."""

    async def scenario(desk: Desk) -> None:
        opened = [await desk.sessions.open(desk.session()) for _ in range(350)]
        desk.now += IDLE + timedelta(minutes=1)
        gone = opened[::35]
        for session in gone:
            await desk.ran_out(session)
        monitored = Replies(desk.redis)
        found = await replace(desk.sessions, redis=monitored).lapsed(desk.tenant_id, IDLE, most=100)  # type: ignore[arg-type] # asks the same store

        assert {each.id for each in found} == {each.id for each in gone}
        assert len(found) == len(gone)
        assert max(monitored.sizes) < 350
        assert await desk.close_idle(most=4) == 4
        assert await desk.close_idle() == len(gone) - 4
        assert await desk.open_ones() == 340

    play(world, scenario)


@dataclass
class Replies:
    """Asks a store, and remembers how many things each reply held."""

    redis: RedisStore
    sizes: list[int] = field(default_factory=list)

    async def ask(self, *command: str | bytes | int) -> Any:
        """Ask it."""
        reply = await self.redis.ask(*command)
        self.sizes.append(len(reply[1]) // 2 if command[0] == "HSCAN" else len(reply))
        return reply
