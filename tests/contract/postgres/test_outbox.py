"""The outbox in a real Postgres: an order for each key, several dispatchers, and what happens when they die."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from ulid import ULID

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.outbox import TELEMETRY, Backlog, Message
from bff_backoffice.application.outbox_relay import RelayOutbox
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.application.telemetry import Origin, Telemetry
from bff_backoffice.application.telemetry_payloads import SessionRefreshed
from bff_backoffice.application.telemetry_publishing import PublishTelemetry
from bff_backoffice.domain.operator import DeviceId, TenantId
from bff_backoffice.infrastructure.postgres.outbox import PostgresOutbox, write_messages
from bff_backoffice.infrastructure.postgres.pool import Database
from tests.fakes.memory_event_bus import MemoryEventBus
from tests.fakes.virtual_time import wall_clock
from tests.stored import PATIENT
from tests.worlds import World

ROOT = Path(__file__).parents[3]
KEY = f"dev_{ULID()}"


@pytest.fixture(scope="module", autouse=True)
def nobody_else_tells(shared_world: World) -> Iterator[None]:
    """The world's own worker stands still meanwhile, so that what is told is told here."""
    worker = shared_world.pids["worker"]
    os.kill(worker, signal.SIGSTOP)
    yield
    os.kill(worker, signal.SIGCONT)


@dataclass
class Counted:
    """Counts."""

    outcomes: list[str] = field(default_factory=list)
    surprises: list[Exception] = field(default_factory=list)

    def told(self, kind: str, outcome: str) -> None:
        """Keep it."""
        del kind
        self.outcomes.append(outcome)

    def published(self, seconds: float) -> None:
        """Nothing is older than this test."""
        assert 0 <= seconds < 600

    def backlog(self, backlog: Backlog) -> None:
        """Nobody asks."""

    def telling_surprised(self, kind: str, failure: Exception) -> None:
        """Keep it."""
        del kind
        self.surprises.append(failure)


@dataclass
class Desk:
    """Both sides of the outbox of a tenant that nobody else has, and a bus."""

    tenant_id: TenantId
    app: Database
    outbox: PostgresOutbox
    bus: MemoryEventBus
    counted: Counted = field(default_factory=Counted)

    def relay(self, *, lease_seconds: float = 15.0, bus: MemoryEventBus | None = None) -> RelayOutbox:
        """A dispatcher."""
        return RelayOutbox(
            outbox=self.outbox, tellers={}, publish=PublishTelemetry(bus=bus or self.bus, clock=wall_clock),
            observer=self.counted, lease_seconds=lease_seconds,
        )  # fmt: skip

    async def write(self, *messages: Message) -> None:
        """Write messages in a transaction."""
        await PostgresOutbox(self.app).write(self.tenant_id, messages)

    def published(self) -> list[str]:
        """What is on the bus of this tenant, in order."""
        return [each.event_id for each in self.bus.published if each.tenant_id == self.tenant_id]

    async def told(self) -> None:
        """Relay until nothing is due."""
        while await self.relay().once(published=True):
            pass

    async def make_due(self) -> None:
        """Let no key wait any longer."""
        await self.ask("update outbox_keys set due_at = now() where named = $1", self.tenant_id, tenant="*")

    async def let_pass(self, seconds: float) -> None:
        """Let so much of every lease be over, as if the time had passed."""
        later = "update outbox_keys set due_at = due_at - make_interval(secs => $2) where named = $1 returning 1"
        assert await self.ask(later, self.tenant_id, seconds, tenant="*")

    async def ask(self, statement: str, *values: object, tenant: str | None = None) -> list[asyncpg.Record]:
        """What the worker's role finds."""
        async with self.outbox.database.transaction(TenantId(tenant or self.tenant_id)) as connection:
            return list(await connection.fetch(statement, *values))


@asynccontextmanager
async def opened(world: World) -> AsyncIterator[Desk]:
    """A tenant of its own."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(Database.open(world.postgres["app"], size=12, **PATIENT))
        worker = await stack.enter_async_context(Database.open(world.postgres["worker"], size=12, **PATIENT))
        yield Desk(TenantId(f"tnt_{ULID()}"), app, PostgresOutbox(worker), MemoryEventBus())


def play(world: World, scenario: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a scenario."""

    async def main() -> None:
        async with asyncio.timeout(60), opened(world) as desk:
            await scenario(desk)

    asyncio.run(main())


def event(desk: Desk, device: str) -> Message:
    """An event of a device."""
    telemetry = Telemetry(clock=wall_clock, instance="test")
    origin = Origin(tenant_id=desk.tenant_id, device_id=DeviceId(device))
    made = telemetry.message(origin, SessionRefreshed(opened_at=wall_clock()), event_id=f"evt_{ULID()}")
    assert made is not None
    return made


def device() -> str:
    """A device that nobody has."""
    return f"dev_{ULID()}"


def test_a_keys_messages_are_published_in_the_order_of_their_writing(world: World) -> None:
    """Several keys, several transactions; afterwards nothing is left, the key neither."""

    async def scenario(desk: Desk) -> None:
        keys = [device() for _ in range(3)]
        written = [event(desk, keys[number % 3]) for number in range(30)]
        for each in written:
            await desk.write(each)

        await desk.told()

        for key in keys:
            wanted = [each.id for each in written if each.ordering_key == key]
            assert [name for name in desk.published() if name in wanted] == wanted
        assert len(desk.published()) == len(written)
        assert await desk.ask("select 1 from outbox") == []
        assert await desk.ask("select 1 from outbox_keys where named = $1", desk.tenant_id, tenant="*") == []

    play(world, scenario)


def test_a_transaction_that_began_earlier_and_ends_later_is_neither_skipped_nor_overtaken(world: World) -> None:
    """Whoever writes to the same key waits for its end; whoever writes to another one is published at once."""

    async def scenario(desk: Desk) -> None:
        here, there = device(), device()
        first, second, elsewhere = event(desk, here), event(desk, here), event(desk, there)
        # A tenant's very first message puts its name on a list, for which a second very first one waits.
        await desk.write(event(desk, device()))
        await desk.told()
        desk.bus.published.clear()
        async with asyncio.TaskGroup() as group, desk.app.transaction(desk.tenant_id) as connection:
            await write_messages(connection, desk.tenant_id, [first])
            await desk.write(elsewhere)
            await desk.told()
            assert desk.published() == [elsewhere.id]
            waiting = group.create_task(desk.write(second))
            while not await connection.fetchval("select count(*) from pg_locks where not granted"):
                assert not waiting.done()
        await desk.told()

        assert desk.published() == [elsewhere.id, first.id, second.id]

    play(world, scenario)


def test_a_writer_that_has_not_committed_keeps_its_key_on_the_list(world: World) -> None:
    """The key is emptied while somebody is about to write to it: what is written then is told."""

    async def scenario(desk: Desk) -> None:
        key = device()
        first, second = event(desk, key), event(desk, key)
        await desk.write(first)
        async with desk.app.transaction(desk.tenant_id) as connection:
            await write_messages(connection, desk.tenant_id, [second])
            await desk.relay().once(published=True)
            assert desk.published() == [first.id]
        await desk.told()

        assert desk.published() == [first.id, second.id]

    play(world, scenario)


def test_what_is_rolled_back_is_not_told(world: World) -> None:
    """And leaves nothing that keeps others back."""

    async def scenario(desk: Desk) -> None:
        key = device()
        with suppress(ZeroDivisionError):
            async with desk.app.transaction(desk.tenant_id) as connection:
                await write_messages(connection, desk.tenant_id, [event(desk, key)])
                raise ZeroDivisionError
        after = event(desk, key)
        await desk.write(after)
        await desk.told()

        assert desk.published() == [after.id]

    play(world, scenario)


async def _overlapping(desk: Desk, number: int, keys: Sequence[str], places: list[tuple[str, int, str]]) -> None:
    """Write twelve times to two of the keys at once, each transaction open for a while; note every place."""
    for step in range(12):
        chosen = [event(desk, keys[(number + step) % 5]), event(desk, keys[(number * 3 + step) % 5])]
        async with desk.app.transaction(desk.tenant_id) as connection:
            await write_messages(connection, desk.tenant_id, chosen)
            rows = await connection.fetch(
                "select ordering_key, position, id from outbox where id = any($1::text[])", [each.id for each in chosen]
            )
            await asyncio.sleep(0.002 * number)
        places += [(row["ordering_key"], row["position"], row["id"]) for row in rows]


async def _weather(desk: Desk, done: asyncio.Event) -> None:
    """Take the bus away every now and then."""
    while not done.is_set():
        desk.bus.away = not desk.bus.away
        await asyncio.sleep(0.02)
    desk.bus.away = False


async def _dispatcher(desk: Desk, done: asyncio.Event) -> None:
    """Tell until everything was written and told."""
    while not done.is_set() or await desk.ask("select 1 from outbox limit 1"):
        await desk.relay().once(published=True)
        await asyncio.sleep(0.01)


def test_many_writers_and_four_dispatchers_keep_every_keys_order(world: World) -> None:
    """Overlapping transactions over several keys each; a bus that fails now and then; first copies are in order."""

    async def scenario(desk: Desk) -> None:
        places: list[tuple[str, int, str]] = []
        keys, done = [device() for _ in range(5)], asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(_dispatcher(desk, done))
            group.create_task(_weather(desk, done))
            async with asyncio.TaskGroup() as writers:
                for number in range(6):
                    writers.create_task(_overlapping(desk, number, keys, places))
            done.set()

        assert len(places) == 6 * 12 * 2
        assert _first_copies(desk) == {key: [name for of, _, name in sorted(places) if of == key] for key in keys}

    play(world, scenario)


def _first_copies(desk: Desk) -> dict[str, list[str]]:
    """What is on the bus, by key, each event where it came first."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in desk.bus.published:
        if each.tenant_id == desk.tenant_id and each.event_id not in found[each.ordering_key]:
            found[each.ordering_key].append(each.event_id)
    return dict(found)


class _StillBus(MemoryEventBus):
    """Stands still in the middle of publishing, and goes on when it is told to."""

    def __init__(self, other: MemoryEventBus) -> None:
        super().__init__()
        self.published = other.published
        self.here, self.on = asyncio.Event(), asyncio.Event()

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish after a long while."""
        self.here.set()
        await self.on.wait()
        await super().publish(messages)


def test_a_dispatcher_that_dies_costs_its_keys_a_lease_and_loses_nothing(world: World) -> None:
    """It took a key and is gone: another tells the key's messages once the lease is over."""

    async def scenario(desk: Desk) -> None:
        written = [event(desk, KEY) for _ in range(3)]
        await desk.write(*written)
        dying = _StillBus(desk.bus)
        task = asyncio.create_task(desk.relay(lease_seconds=30.0, bus=dying).once(published=True))
        await dying.here.wait()
        task.cancel()
        await asyncio.wait([task])
        await desk.let_pass(15.0)
        await desk.relay().once(published=True)
        assert desk.published() == [], "the key is the dead one's"
        await desk.let_pass(15.0)
        await desk.told()

        assert desk.published() == [each.id for each in written]

    play(world, scenario)


def test_a_dispatcher_that_stood_still_beyond_its_lease_repeats_and_reorders_nothing(world: World) -> None:
    """Its successor published all of it and more; it goes on with what it had: the same events once more."""

    async def scenario(desk: Desk) -> None:
        written = [event(desk, KEY) for _ in range(4)]
        await desk.write(*written[:2])
        still = _StillBus(desk.bus)
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(desk.relay(lease_seconds=0.1, bus=still).once(published=True))
            await still.here.wait()
            await desk.write(*written[2:])
            while len(desk.published()) < 4:
                await desk.relay().once(published=True)
                await asyncio.sleep(0.05)
            still.on.set()
            await slow

        assert _first_copies(desk)[KEY] == [each.id for each in written]
        assert desk.published()[4:] == [each.id for each in written[:2]]
        assert await desk.ask("select 1 from outbox") == []

    play(world, scenario)


def test_poison_is_parked_and_its_key_goes_on(world: World) -> None:
    """What no bus takes stays for a person, with the reason; what comes behind it is published."""

    async def scenario(desk: Desk) -> None:
        key = device()
        before, after = event(desk, key), event(desk, key)
        poison = Message(id="evt_poison", kind=TELEMETRY, about="x", ordering_key=key, payload=b'{"half": 1}')
        await desk.write(before, poison, after)
        await desk.told()

        assert desk.published() == [before.id, after.id]
        (parked,) = await desk.ask("select id, last_error from outbox where parked_at is not null")
        assert (parked["id"], parked["last_error"]) == ("evt_poison", "no telemetry event")
        assert (await desk.outbox.backlog()).parked >= 1
        assert "parked" in desk.counted.outcomes

    play(world, scenario)


class _Allergic(MemoryEventBus):
    """Fails in a way that nobody foresaw on one message."""

    def __init__(self, allergen: str) -> None:
        super().__init__()
        self.allergen = allergen

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish, unless that one is among them."""
        if any(each.event_id == self.allergen for each in messages):
            raise RuntimeError("what is this?")
        await super().publish(messages)


def test_what_fails_as_nobody_foresaw_keeps_back_its_own_key_alone(world: World) -> None:
    """The others are published at once, one by one; that one is tried again, and parked in the end."""

    async def scenario(desk: Desk) -> None:
        bad, good = event(desk, device()), event(desk, device())
        behind = event(desk, bad.ordering_key)
        await desk.write(bad, behind, good)
        desk.bus = _Allergic(bad.id)
        await desk.relay().once(published=True)
        assert desk.published() == [good.id]
        (row,) = await desk.ask("select attempts from outbox where id = $1", bad.id)
        assert row["attempts"] == 1
        await desk.ask("update outbox set attempts = 7 where id = $1 returning 1", bad.id)
        await desk.make_due()
        await desk.told()

        assert desk.published() == [good.id, behind.id]
        assert await desk.ask("select 1 from outbox where id = $1 and parked_at is not null", bad.id)
        assert desk.counted.surprises

    play(world, scenario)


def test_a_bus_that_is_away_counts_for_no_message(world: World) -> None:
    """However long: nothing is parked, and all of it is published once it is back."""

    async def scenario(desk: Desk) -> None:
        key = device()
        written = [event(desk, key), event(desk, key)]
        await desk.write(*written)
        desk.bus.away = True
        for _ in range(10):
            await desk.relay().once(published=True)
            await desk.make_due()
        assert [row["attempts"] for row in await desk.ask("select attempts from outbox")] == [0, 0]
        desk.bus.away = False
        await desk.told()

        assert desk.published() == [each.id for each in written]

    play(world, scenario)


def test_a_message_can_not_be_put_into_another_tenants_outbox(world: World) -> None:
    """Although writing it puts its key on a list of all tenants: the row is judged by who writes it."""

    async def scenario(desk: Desk) -> None:
        stranger = TenantId(f"tnt_{ULID()}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with desk.app.transaction(stranger) as connection:
                await write_messages(connection, desk.tenant_id, [event(desk, device())])

        assert await desk.ask("select 1 from outbox") == []
        assert await desk.ask("select 1 from outbox_keys where named = $1", desk.tenant_id, tenant="*") == []

    play(world, scenario)


def test_the_same_message_is_written_once(world: World) -> None:
    """A batch whose answer was lost is written again."""

    async def scenario(desk: Desk) -> None:
        one = event(desk, device())
        await desk.write(one)
        await desk.write(one)
        await desk.told()

        assert desk.published() == [one.id]

    play(world, scenario)


def test_no_business_transaction_notifies(world: World) -> None:
    """`NOTIFY` locks the whole database until commit: no function, trigger or statement of ours has it."""

    async def scenario(desk: Desk) -> None:
        functions = await desk.ask(
            "select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
            " where n.nspname = 'bff_backoffice' and prosrc ~* '(\\mnotify\\M|pg_notify)'"
        )
        assert functions == []

    play(world, scenario)
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "migrations").rglob("*.sql")]
    assert sources
    for path in sources:
        text = path.read_text(encoding="utf-8").lower()
        assert "pg_notify" not in text, path
        assert not any(line.strip(" \"'").startswith("notify ") for line in text.splitlines()), path


def test_a_store_that_is_away_is_said_so(world: World) -> None:
    """Every side of the port, so that the relay waits and asks again."""

    async def main() -> None:
        async with Database.open("postgresql://bff_worker:x@127.0.0.1:1/nowhere", size=1) as database:
            outbox = PostgresOutbox(database)
            with pytest.raises(StoreUnavailableError):
                await outbox.backlog()
            with pytest.raises(StoreUnavailableError):
                await RelayOutbox(
                    outbox=outbox, tellers={}, publish=PublishTelemetry(bus=MemoryEventBus(), clock=wall_clock),
                    observer=Counted(),
                ).once(published=True)  # fmt: skip

    del world
    asyncio.run(main())
