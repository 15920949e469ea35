"""One connection for everybody: whose answer is whose, and what happens to all when the connection is not well."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import redis.exceptions
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.infrastructure.memorystore.multiplexed import MultiplexedRedisStore
from bff_backoffice.infrastructure.memorystore.wire import Wire, WireFullError
from tests.contract.memorystore.scripted_server import RUN_ID, ScriptedServer, scripted
from tests.contract.memorystore.torture import torture
from tests.contract.memorystore.valkey import PATIENT, Valkey

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Both loops: the service runs on uvloop, whose transports are not asyncio's."""

    def on_the_loop(scenario: Coroutine[Any, Any, None]) -> None:
        factory = uvloop.new_event_loop if request.param == "uvloop" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(scenario)

    return on_the_loop


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One server for the tests that do not end it."""
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey
    valkey.kill()


@asynccontextmanager
async def opened(url: str, **options: float) -> AsyncIterator[MultiplexedRedisStore]:
    """A store that is closed at the end; patient where it is not told."""
    store = MultiplexedRedisStore.open(url, store="sessions", **{**PATIENT, **options})  # type: ignore[arg-type] # numbers all
    try:
        yield store
    finally:
        await store.aclose()


def wire_of(store: MultiplexedRedisStore) -> Wire:
    """The connection that is in use."""
    assert store._wire is not None
    return store._wire


async def until_back(store: MultiplexedRedisStore) -> None:
    """Until the store answers again, half a minute at most."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(StoreUnavailableError):
                assert await store.ask("ECHO", "back") == b"back"
                return
            await asyncio.sleep(0.01)


def echo(_server: ScriptedServer, command: list[bytes]) -> bytes:
    """Answer with the last argument."""
    return b"$%d\r\n%b\r\n" % (len(command[-1]), command[-1])


def test_everybody_shares_one_connection(run: Run, server: Valkey) -> None:
    """Five hundred callers at once, each with its own answer, over one connection and one run of the server."""

    async def scenario() -> None:
        async with opened(server.url) as store, opened(server.url) as other:
            before = len((await other.ask("CLIENT", "LIST")).splitlines())
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(store.round_trip(("ECHO", str(number)), ("PING",))) for number in range(500)]
            assert [task.result().replies for task in asked] == [[str(n).encode(), b"PONG"] for n in range(500)]
            assert len({task.result().run_id for task in asked}) == 1
            assert len((await other.ask("CLIENT", "LIST")).splitlines()) == before + 1
            assert wire_of(store).waiting == 0

    run(scenario())


def test_a_new_connection_signs_in_chooses_and_asks_for_the_run_before_it_carries_anything(run: Run) -> None:
    """Also the second one, and although callers are waiting already."""

    async def scenario() -> None:
        async with scripted(echo) as server:
            url = f"redis://service:s%40cret@127.0.0.1:{server.port}/3?client_name=desk"
            async with opened(url) as store:
                for _ in range(2):
                    async with asyncio.TaskGroup() as group:
                        asked = [group.create_task(store.round_trip(("ECHO", "x"))) for _ in range(3)]
                    assert {task.result().run_id for task in asked} == {RUN_ID}
                    wire_of(store).end(ConnectionError("lost"))
            greeting = [
                [b"AUTH", b"service", b"s@cret"], [b"CLIENT", b"SETNAME", b"desk"], [b"SELECT", b"3"],
                [b"INFO", b"server"],
            ]  # fmt: skip
            assert server.connections == [[*greeting, *[[b"ECHO", b"x"]] * 3]] * 2

    run(scenario())


@pytest.mark.parametrize("given", ["", ":wrong@", "nobody:secret@"])
def test_a_password_that_is_wrong_or_missing_is_a_store_that_is_away(run: Run, tmp_path: Path, given: str) -> None:
    """And the right one opens it, in the database that the address names."""
    server = Valkey(tmp_path)
    server.start()

    async def scenario() -> None:
        address = f"127.0.0.1:{server.port}/5"
        async with opened(server.url) as administrator:
            await administrator.ask("CONFIG", "SET", "requirepass", "secret")
        async with opened(f"redis://:secret@{address}") as store, opened(f"redis://{given}{address}") as refused:
            assert await store.ask("SET", "k", "v") == b"OK"
            assert b"\r\ndb5:keys=1" in await store.ask("INFO", "keyspace")
            with pytest.raises(StoreUnavailableError) as caught:
                await refused.ask("GET", "k")
            assert isinstance(caught.value.__cause__, redis.exceptions.AuthenticationError)

    try:
        run(scenario())
    finally:
        server.kill()


def test_a_caller_who_left_keeps_its_place_and_its_answer_is_dropped(run: Run) -> None:
    """Three callers, the second leaves before any answer: the third gets its own and not the second's."""

    async def scenario() -> None:
        silent = True

        def script(server: ScriptedServer, command: list[bytes]) -> bytes | None:
            return None if silent else echo(server, command)

        async with scripted(script) as server, opened(server.url) as store:
            with contextlib.suppress(asyncio.CancelledError):
                async with asyncio.TaskGroup() as group:
                    asked = [group.create_task(store.ask("ECHO", name)) for name in ("one", "two", "three")]
                    while sum(len(each) for each in server.connections) < 4:
                        server.asked.clear()
                        await server.asked.wait()
                    asked[1].cancel()
                    await asyncio.sleep(0)
                    assert wire_of(store).waiting == 3
                    server.writers[0].write(b"+one\r\n+two\r\n+thr")
                    await asyncio.sleep(0.01)
                    server.writers[0].write(b"ee\r\n")
            assert asked[1].cancelled()
            assert (asked[0].result(), asked[2].result()) == (b"one", b"three")
            silent = False
            assert await store.ask("ECHO", "four") == b"four"
            assert len(server.connections) == 1

    run(scenario())


def test_an_error_reply_is_one_callers_alone(run: Run, server: Valkey) -> None:
    """Its neighbours on the connection get their answers, and the connection stays."""

    async def scenario() -> None:
        async with opened(server.url) as store:
            await store.ask("SET", "text", b"v")
            wire = wire_of(store)
            async with asyncio.TaskGroup() as group:
                before = group.create_task(store.round_trip(("ECHO", "before")))
                wrong = group.create_task(
                    failure_of(store.round_trip(("ECHO", "x"), ("LPUSH", "text", "x"), ("PING",)))
                )
                after = group.create_task(store.round_trip(("ECHO", "after")))
            assert (before.result().replies, after.result().replies) == ([b"before"], [b"after"])
            assert isinstance(wrong.result().__cause__, redis.exceptions.ResponseError)
            assert wire_of(store) is wire

    run(scenario())


async def failure_of(call: Coroutine[Any, Any, Any]) -> StoreUnavailableError:
    """What the call raises."""
    with pytest.raises(StoreUnavailableError) as caught:
        await call
    return caught.value


def test_a_connection_that_says_nothing_takes_everybody_down_with_it(run: Run) -> None:
    """All callers are told within the limit, and the next one asks over a new connection."""

    async def scenario() -> None:
        def script(server: ScriptedServer, command: list[bytes]) -> bytes | None:
            return None if len(server.connections) == 1 else echo(server, command)

        async with scripted(script) as server, opened(server.url, operation_seconds=0.1) as store:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(failure_of(store.ask("ECHO", str(number)))) for number in range(50)]
            assert all(isinstance(task.result().__cause__, TimeoutError) for task in asked)
            assert await store.ask("ECHO", "again") == b"again"
            assert len(server.connections) == 2

    run(scenario())


def test_a_slow_connection_that_talks_fails_only_whoever_is_late(run: Run) -> None:
    """A long answer that drips in: its caller is told that it is late, the one behind it gets its own answer."""

    async def scenario() -> None:
        async with (
            scripted(lambda _server, _command: None) as server,
            opened(server.url, operation_seconds=1.0) as store,
            asyncio.TaskGroup() as group,
        ):
            late = group.create_task(failure_of(store.ask("ECHO", "drip")))
            while not server.connections or [b"ECHO", b"drip"] not in server.connections[0]:
                server.asked.clear()
                await server.asked.wait()
            server.writers[0].write(b"$1000\r\n")
            dripped = 0
            while not late.done():
                server.writers[0].write(b".")
                dripped += 1
                await asyncio.sleep(0.02)
            assert isinstance(late.result().__cause__, TimeoutError)
            assert wire_of(store).waiting == 1
            behind = group.create_task(store.ask("ECHO", "behind"))
            await asyncio.sleep(0.02)
            server.writers[0].write(b"." * (1000 - dripped) + b"\r\n+behind\r\n")
            assert await behind == b"behind"
            assert len(server.connections) == 1

    run(scenario())


@pytest.mark.parametrize("error", ["LOADING still reading the log", "READONLY a replica now", "MASTERDOWN no primary"])
def test_a_server_that_is_not_the_one_to_ask_is_away(run: Run, error: str) -> None:
    """The connection is given up, so that the next one can reach the server that is."""

    async def scenario() -> None:
        def script(server: ScriptedServer, command: list[bytes]) -> bytes:
            return f"-{error}\r\n".encode() if len(server.connections) == 1 else echo(server, command)

        async with scripted(script) as server, opened(server.url) as store:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(failure_of(store.ask("ECHO", "x"))) for _ in range(3)]
            assert all(isinstance(task.result().__cause__, redis.exceptions.RedisError) for task in asked)
            assert await store.ask("ECHO", "y") == b"y"
            assert len(server.connections) == 2

    run(scenario())


@pytest.mark.parametrize("noise", [b"+one\r\n+too many\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_nobody_asked_for_ends_the_connection(run: Run, noise: bytes) -> None:
    """After a reply too many nobody could know whose the next one is."""

    async def scenario() -> None:
        def script(server: ScriptedServer, command: list[bytes]) -> bytes:
            return noise if len(server.connections) == 1 else echo(server, command)

        async with scripted(script) as server, opened(server.url) as store:
            with contextlib.suppress(StoreUnavailableError):
                assert await store.ask("ECHO", "one") == b"one"
            assert wire_of(store).failure is not None
            assert await store.ask("ECHO", "two") == b"two"

    run(scenario())


def test_what_is_under_way_is_bounded(run: Run) -> None:
    """Over the bound of the row, or of the bytes that wait to be sent, a caller is told at once; nothing is sent."""

    async def scenario() -> None:
        async with scripted(lambda _server, _command: None) as server:
            _, wire = await asyncio.get_running_loop().create_connection(
                lambda: Wire(limit_seconds=30, most_waiting=3, most_unsent_bytes=1000), "127.0.0.1", server.port
            )
            for _ in range(3):
                wire.send((("ECHO", "x"),))
            with pytest.raises(WireFullError):
                wire.send((("ECHO", "x"),))
            wire.end(ConnectionError("enough"))
            _, wire = await asyncio.get_running_loop().create_connection(
                lambda: Wire(limit_seconds=30, most_unsent_bytes=1000), "127.0.0.1", server.port
            )
            wire.send((("SET", "k", b"x" * 1001),))
            with pytest.raises(WireFullError):
                wire.send((("ECHO", "x"),))
            await asyncio.sleep(0.01)
            wire.send((("ECHO", "x"),))
            wire.pause_writing()
            with pytest.raises(WireFullError):
                wire.send((("ECHO", "x"),))
            wire.end(ConnectionError("enough"))
            await wire.wait_closed()

    run(scenario())


def test_a_server_that_does_not_read_does_not_fill_this_process(run: Run) -> None:
    """Large values pile up to the bound and no further; whoever comes then is told at once."""

    async def scenario() -> None:
        stuck = socket.create_server(("127.0.0.1", 0))
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: Wire(limit_seconds=30, most_unsent_bytes=1_000_000), *stuck.getsockname()
        )
        taken = 0
        with contextlib.suppress(WireFullError):
            while taken < 1000:
                wire.send((("SET", "k", b"x" * 100_000),))
                taken += 1
                await asyncio.sleep(0)
        assert 10 <= taken < 500
        wire.end(ConnectionError("enough"))
        await wire.wait_closed()
        stuck.close()

    run(scenario())


def test_a_server_that_is_away_is_not_hammered(run: Run) -> None:
    """A thousand callers in a row, a handful of attempts; everybody is told at once."""

    async def scenario() -> None:
        refused: list[asyncio.StreamWriter] = []

        def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            refused.append(writer)
            writer.transport.abort()

        listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with opened(f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}/0") as store:
            started = asyncio.get_running_loop().time()
            for _ in range(1000):
                await failure_of(store.ask("PING"))
            elapsed = asyncio.get_running_loop().time() - started
            async with asyncio.timeout(30):
                # The last one's connection is perhaps not accepted yet.
                while len(refused) < store._attempts:  # noqa: ASYNC110 - a listener tells nobody what it has still to accept
                    await asyncio.sleep(0.01)
            assert 1 <= len(refused) <= 6 + elapsed / 0.1
        listener.close()
        for each in refused:
            await each.wait_closed()

    run(scenario())


def test_closing_tells_whoever_still_waits(run: Run) -> None:
    """Also whoever comes afterwards."""

    async def scenario() -> None:
        async with scripted(lambda _server, _command: None) as server:
            store = MultiplexedRedisStore.open(server.url, store="sessions", operation_seconds=30)
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(failure_of(store.ask("PING")))
                while sum(len(each) for each in server.connections) < 2:
                    server.asked.clear()
                    await server.asked.wait()
                await store.aclose()
            assert waiting.result().store == "sessions"
            await failure_of(store.ask("PING"))

    run(scenario())


def test_tls_is_spoken_and_the_certificate_checked(run: Run, tmp_path: Path) -> None:
    """`rediss://` with a certificate of our own authority works; without that authority it does not."""
    certificate, context = _self_signed(tmp_path)

    async def scenario() -> None:
        async with scripted(echo, tls=context) as server:
            url = f"rediss://127.0.0.1:{server.port}/0"
            async with opened(f"{url}?ssl_ca_certs={certificate}") as store:
                assert await store.ask("ECHO", "x") == b"x"
            async with opened(url) as stranger:
                await failure_of(stranger.ask("ECHO", "x"))

    run(scenario())


def _self_signed(folder: Path) -> tuple[Path, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(pem) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return path, context


def test_two_thousand_cancellations_cross_no_answer(run: Run, server: Valkey) -> None:
    """At random moments, over a connection that is lost now and then; afterwards no place in the row is left."""
    dice = random.Random(20261122)

    async def scenario() -> None:
        async with opened(server.url) as store, opened(server.url) as other:
            done = asyncio.Event()

            async def disturb() -> None:
                while not done.is_set():
                    await asyncio.sleep(0.005)
                    await other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

            async with asyncio.TaskGroup() as group:
                group.create_task(disturb())
                outcomes = await torture(store, dice, cancellations=2000, longest_seconds=0.002)
                done.set()
            assert outcomes["crossed"] == 0
            assert outcomes["answered"] > 1000
            await until_back(store)
            assert wire_of(store).waiting == 0

    run(scenario())


def test_a_server_that_is_killed_and_comes_back_is_used_again(run: Run, tmp_path: Path) -> None:
    """Whoever waited is told at once, nobody hangs, and the next run is told apart from the last."""
    server = Valkey(tmp_path)
    server.start()

    async def scenario() -> None:
        async with opened(server.url) as store:
            first = await store.round_trip(("PING",))
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(failure_of(store.ask("BLPOP", "nothing", "10"))) for _ in range(20)]
                await asyncio.sleep(0.02)
                await asyncio.to_thread(server.kill)
            assert all(task.result().store == "sessions" for task in asked)
            await failure_of(store.ask("PING"))
            await asyncio.to_thread(server.start)
            await until_back(store)
            assert (await store.round_trip(("PING",))).run_id != first.run_id

    try:
        run(scenario())
    finally:
        server.kill()


def test_a_server_that_is_stopped_and_goes_on_answers_nobody_wrongly(run: Run, tmp_path: Path) -> None:
    """What it says when it goes on was asked by callers who have given up; it reaches nobody."""
    server = Valkey(tmp_path)
    server.start()

    async def scenario() -> None:
        async with opened(server.url, connect_seconds=0.5, operation_seconds=0.5) as store:
            await store.ask("PING")
            server.send_signal(signal.SIGSTOP)
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(failure_of(store.ask("ECHO", f"old {number}"))) for number in range(20)]
            assert all(isinstance(task.result().__cause__, TimeoutError) for task in asked)
            await failure_of(store.ask("ECHO", "nobody greets"))
            server.send_signal(signal.SIGCONT)
            await until_back(store)
            async with asyncio.TaskGroup() as group:
                new = [group.create_task(store.ask("ECHO", f"new {number}")) for number in range(20)]
            assert [task.result() for task in new] == [b"new %d" % number for number in range(20)]

    try:
        run(scenario())
    finally:
        server.send_signal(signal.SIGCONT)
        server.kill()


def test_a_pause_that_is_shorter_than_the_limit_is_only_a_wait(run: Run, server: Valkey) -> None:
    """Everybody gets an answer, on the same connection."""

    async def scenario() -> None:
        async with opened(server.url) as store, opened(server.url) as other:
            await store.ask("PING")
            wire = wire_of(store)
            await other.ask("CLIENT", "PAUSE", "100", "ALL")
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(store.ask("ECHO", str(number))) for number in range(100)]
            assert [task.result() for task in asked] == [str(number).encode() for number in range(100)]
            assert wire_of(store) is wire

    run(scenario())
