"""The connections to Redis, pooled and shared: limits, errors, bounds, and no answer that reaches another caller."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.dev.sockets import free_port
from bff_backoffice.infrastructure.memorystore.client import Conversation, RedisStore
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from tests.contract.memorystore.valkey import PATIENT, Valkey


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One server for the tests that do not end it."""
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey
    valkey.kill()


Kind = type[RedisStore]


@pytest.fixture(params=[RedisStore, MultiplexedRedisStore], ids=["pooled", "multiplexed"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Both adapters keep the same promises."""
    chosen: Kind = request.param
    return chosen


@asynccontextmanager
async def opened(kind: Kind, url: str, **options: float) -> AsyncIterator[RedisStore]:
    """A store that is closed at the end, so that no connection outlives its test; patient where it is not told."""
    store = kind.open(url, store="sessions", **{**PATIENT, **options})  # type: ignore[arg-type] # numbers all
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def slow_proxy(port: int, *, seconds: float = 0.0, swallowed: bytes = b"\0") -> AsyncIterator[str]:
    """A link to the server that takes its time with every answer, and loses those that hold what it swallows.

    What the client hung up on is lost on the way.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65_536):
                    await asyncio.sleep(delay)
                    if sink is writer and swallowed in data:
                        continue
                    sink.write(data)
                    await sink.drain()
            sink.close()

        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, back, 0))
                group.create_task(pump(there, writer, seconds))
        except asyncio.CancelledError:
            # The proxy is ending. A handler that ends as cancelled is one that asyncio's own callback stumbles over.
            pass
        finally:
            writer.close()
            back.close()
            tasks.discard(task)

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{proxy.sockets[0].getsockname()[1]}/0"
    finally:
        proxy.close()
        ending = list(tasks)
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)


def test_a_round_trip_answers_in_order_and_names_the_run(kind: Kind, server: Valkey) -> None:
    """Several commands, several kinds of replies, one run of the server."""

    async def scenario() -> None:
        async with opened(kind, server.url) as store:
            answer = await store.round_trip(("SET", "k", b"v"), ("GET", "k"), ("GET", "none"), ("STRLEN", "k"))
            assert answer.replies == [b"OK", b"v", None, 1]
            assert len(answer.run_id) == 40
            assert await store.ask("GET", "k") == b"v"
            assert await store.run(lambda redis: redis.get("k")) == b"v"

    asyncio.run(scenario())


def test_an_error_reply_is_the_stores_failure_and_leaves_no_answer_behind(kind: Kind, server: Valkey) -> None:
    """The replies that follow an error in the same round trip are not the next caller's."""

    async def scenario() -> None:
        async with opened(kind, server.url, connections=1) as store:
            await store.ask("SET", "text", b"v")
            with pytest.raises(StoreUnavailableError):
                await store.round_trip(("ECHO", "1"), ("LPUSH", "text", "x"), ("ECHO", "2"))
            with pytest.raises(StoreUnavailableError):
                await store.run(lambda redis: redis.lpush("text", "x"))
            assert await store.ask("ECHO", "3") == b"3"
            with pytest.raises(StoreUnavailableError):
                await store.round_trip(("LPUSH", "text", "x"), ("BLPOP", "an empty list", "0.05"))
            assert await store.ask("ECHO", "4") == b"4"

    asyncio.run(scenario())


@pytest.mark.parametrize("server_is", ["nobody", "silent", "babbling"])
def test_a_server_that_is_away_hangs_or_babbles_is_unavailable_within_a_second(kind: Kind, server_is: str) -> None:
    """Nobody listens; somebody listens and says nothing; somebody says what is not Redis."""
    hung_up: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung_up.append(asyncio.Event())
        await reader.read(1)
        if server_is == "babbling":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()
        hung_up[-1].set()

    async def asked(port: int) -> float:
        store = kind.open(f"redis://127.0.0.1:{port}/0", store="sessions")
        try:
            started = asyncio.get_running_loop().time()
            with pytest.raises(StoreUnavailableError) as caught:
                await store.ask("PING")
            assert caught.value.store == "sessions"
            return asyncio.get_running_loop().time() - started
        finally:
            await store.aclose()

    async def scenario() -> None:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = free_port() if server_is == "nobody" else listener.sockets[0].getsockname()[1]
        async with listener:
            # Of six tries one is as quick as promised: a busy machine adds to each what it likes.
            seconds = [await asked(port)]
            while seconds[-1] >= 1.5 and len(seconds) < 6:
                seconds.append(await asked(port))
            assert seconds[-1] < 1.5, seconds
            assert len(hung_up) == (len(seconds) if server_is != "nobody" else 0)
            for each in hung_up:
                await each.wait()

    asyncio.run(scenario())


def test_an_operation_that_takes_too_long_is_given_up(kind: Kind, server: Valkey) -> None:
    """A link on which an answer is lost is as good as none; the connection is not used again."""

    async def scenario() -> None:
        async with (
            slow_proxy(server.port, swallowed=b"late") as url,
            opened(kind, url, operation_seconds=0.05, connections=1) as store,
        ):
            # A limit that begins anew since this process was late itself must not be one that the answer can meet.
            for _ in range(2):
                with pytest.raises(StoreUnavailableError):
                    await store.ask("ECHO", "late")

    asyncio.run(scenario())


async def eventually(answered: Callable[[int], Awaitable[bool]], steps: int) -> bool:
    """Whether one of five tries is answered: on a busy machine it is the server that is late now and then."""
    for _ in range(5):
        if await answered(steps):
            return True
    return False


def test_a_process_that_is_late_itself_does_not_blame_the_store(kind: Kind, server: Valkey) -> None:
    """Answers that came while this process was busy are read, at whatever step of the way it was busy."""

    async def scenario() -> None:
        async with opened(kind, server.url, operation_seconds=0.02) as store:

            async def answered(steps: int) -> bool:
                asked = asyncio.ensure_future(store.ask("ECHO", str(steps)))
                for step in range(steps + 3):
                    await asyncio.sleep(0)
                    if step >= steps:
                        time.sleep(0.05)  # noqa: ASYNC251 - being busy is what is tested
                try:
                    return await asked == str(steps).encode()
                except StoreUnavailableError:
                    return False

            assert await eventually(answered, 0)
            for steps in range(1, 9):
                assert await eventually(answered, steps)

    asyncio.run(scenario())


def test_connections_that_the_server_closed_are_not_used(kind: Kind, server: Valkey) -> None:
    """A connection that was closed while it was idle is opened anew, and nobody is told of it."""

    async def scenario() -> None:
        async with opened(kind, server.url) as store, opened(kind, server.url) as other:
            assert await store.ask("ECHO", "1") == b"1"
            await other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await asyncio.sleep(0.01)
            assert await store.ask("ECHO", "2") == b"2"

    asyncio.run(scenario())


def test_the_number_of_connections_is_bounded(kind: Kind, server: Valkey) -> None:
    """A hundred callers at once share three connections, and all are served."""

    async def scenario() -> None:
        async with (
            opened(kind, server.url, connections=3) as store,
            opened(kind, server.url) as other,
        ):
            before = len((await other.ask("CLIENT", "LIST")).splitlines())
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(store.ask("ECHO", str(number))) for number in range(100)]
            assert [task.result() for task in asked] == [str(number).encode() for number in range(100)]
            assert len((await other.ask("CLIENT", "LIST")).splitlines()) <= before + 3

    asyncio.run(scenario())


def test_a_caller_who_finds_no_free_connection_in_time_is_told_so(server: Valkey) -> None:
    """Waiting has the same limit as connecting."""

    async def scenario() -> None:
        async with opened(RedisStore, server.url, connections=1, connect_seconds=0.5) as store:
            holding, done = asyncio.Event(), asyncio.Event()

            async def hold(_: Conversation) -> None:
                holding.set()
                await done.wait()

            async with asyncio.TaskGroup() as group:
                group.create_task(store.converse(hold, seconds=10))
                await holding.wait()
                with pytest.raises(StoreUnavailableError):
                    await store.ask("PING")
                done.set()
            assert await store.ask("ECHO", "free") == b"free"

    asyncio.run(scenario())


def test_cancelled_callers_leave_no_answer_for_others(kind: Kind, server: Valkey) -> None:
    """Two hundred callers on a slow link, half of them cancelled at random moments; the others get their own answers.

    Connecting, greeting, sending and reading are all hit. At the end no connection is missing from the pool.
    """
    dice = random.Random(20261122)

    async def scenario() -> None:
        async with (
            slow_proxy(server.port, seconds=0.004) as url,
            opened(kind, url, connections=8, connect_seconds=10, operation_seconds=5) as store,
        ):

            async def caller(number: int) -> None:
                key = f"caller {number}"
                answer = await store.round_trip(("ECHO", key), ("ECHO", key + "!"))
                assert answer.replies == [key.encode(), key.encode() + b"!"]

            async def cancelled(number: int) -> None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(dice.uniform(0.0, 0.05)):
                        await caller(number)

            async with asyncio.TaskGroup() as group:
                for number in range(200):
                    group.create_task(caller(number) if number % 2 else cancelled(number))
            assert not store._pool._in_use_connections
            async with asyncio.TaskGroup() as group:
                for number in range(8):
                    group.create_task(caller(number))

    asyncio.run(scenario())


def test_callers_cancelled_twice_take_no_connection_with_them(server: Valkey) -> None:
    """A deadline and a client that goes away at the same moment: the pool is whole afterwards."""

    async def scenario() -> None:
        async with (
            slow_proxy(server.port, seconds=0.01) as url,
            opened(RedisStore, url, connections=2, connect_seconds=10, operation_seconds=5) as store,
        ):
            for moment in range(40):
                task = asyncio.get_running_loop().create_task(store.ask("ECHO", "x"))
                await asyncio.sleep(moment / 2000)
                task.cancel()
                await asyncio.sleep(0)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            assert not store._pool._in_use_connections
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(store.ask("ECHO", str(number))) for number in range(4)]
            assert [task.result() for task in asked] == [b"0", b"1", b"2", b"3"]

    asyncio.run(scenario())


def test_a_cancellation_is_heard_whenever_it_comes(kind: Kind, server: Valkey) -> None:
    """Nobody goes on for ever who was told to end as a command had just been sent, or answered."""

    async def scenario() -> None:
        async with opened(kind, server.url) as store:
            await store.ask("PING")
            for turns in range(20):
                asking = asyncio.create_task(store.ask("PING"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                if asking.cancel():
                    await asyncio.wait([asking])
                    assert asking.cancelled()

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:6379", "127.0.0.1:6379"])
def test_an_address_that_is_none_is_refused_at_once(kind: Kind, url: str) -> None:
    """Before anything is connected."""
    with pytest.raises(ValueError, match=r"scheme|URL"):
        kind.open(url, store="sessions")


def test_a_unix_socket_will_do(kind: Kind, tmp_path: Path) -> None:
    """The address may be a socket's path."""
    server = Valkey(tmp_path, "--unixsocket", str(tmp_path / "s"))
    server.start()

    async def scenario() -> None:
        async with opened(kind, f"unix://{tmp_path}/s") as store:
            assert await store.ask("ECHO", "x") == b"x"

    try:
        asyncio.run(scenario())
    finally:
        server.kill()
