"""What the HTTP client does with upstreams that behave badly, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bff_backoffice.application.ports import (
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.infrastructure.http import Bounds, Call, CallOutcome, UpstreamClient
from bff_backoffice.infrastructure.http.headers import ALLOWED
from tests.contract.upstreams.scripted import (
    LONG,
    RecordingUpstreamObserver,
    ScriptedUpstream,
    SeenRequest,
    always,
    bounds,
    deaf,
    hang,
    http_answer,
    in_turn,
    reset,
    scripted,
    some_client,
)
from tests.fakes import skipped_time
from tests.fakes.skipped_time import skip

TRANSPORT_HEADERS = {"host", "content-length"}
PROBLEM = b'{"type": "x", "code": "MELMASTOON.RESERVATION.NOT_FOUND", "title": "No such reservation", "status": 404}'
WRAPPED = b'{"error": {"code": "MELMASTOON.BILLING.FOLIO_NOT_FOUND", "message": "No such folio", "details": []}}'


class Thing(msgspec.Struct):
    """What the tests read."""

    name: str


decode_thing = msgspec.json.Decoder(Thing).decode


async def read(client: UpstreamClient, *, seconds: float = 5.0) -> Thing:
    """Read the thing."""
    return await client.read("thing", "/things/1", bounds=bounds(seconds), decode=decode_thing)


def failure_of(script, *, seconds: float = 5.0, **client_settings) -> tuple[UpstreamError, RecordingUpstreamObserver]:
    """The error that one read meets, and what the observer heard."""

    async def run() -> tuple[UpstreamError, RecordingUpstreamObserver]:
        async with scripted(script) as upstream, some_client(upstream.url, **client_settings) as (client, observer):
            with pytest.raises(UpstreamError) as caught:
                await read(client, seconds=seconds)
            return caught.value, observer

    return asyncio.run(run())


def result_of(script, **client_settings) -> tuple[Thing, ScriptedUpstream, RecordingUpstreamObserver]:
    """The thing that one read gives, the upstream, and what the observer heard."""

    async def run():
        async with scripted(script) as upstream, some_client(upstream.url, **client_settings) as (client, observer):
            return await read(client), upstream, observer

    return asyncio.run(run())


GOOD = always(http_answer(b'{"name": "bed", "more": [1, 2]}'))


def test_a_good_answer_is_decoded_and_members_that_nobody_asked_for_are_ignored():
    """A 200 with JSON of the promised shape becomes the typed value, whatever else is in it."""
    thing, _, observer = result_of(GOOD)
    assert thing == Thing(name="bed")
    assert observer.outcomes == [CallOutcome.OK]
    assert [operation for _, operation, _, _ in observer.calls] == ["thing"]


def test_only_allowed_headers_leave_and_each_call_says_who_until_when_and_under_which_trace():
    """The wire carries the allow-list, the service's own identity, a child span, the request id and the time left."""
    before = datetime.now(UTC)
    _, upstream, _ = result_of(GOOD)
    headers = upstream.requests[0].headers
    assert set(headers) - TRANSPORT_HEADERS <= ALLOWED
    assert headers["authorization"] == "Bearer the-service-token"
    assert headers["x-request-id"] == "req_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"
    assert re.fullmatch(r"00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01", headers["traceparent"])
    assert "b7ad6b7169203331" not in headers["traceparent"]
    # What the call has spent of its five seconds is little, but on a busy machine not nothing.
    assert 1000 <= int(headers["x-request-timeout-ms"]) <= 5000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", headers["x-request-deadline"])
    moment = datetime.fromisoformat(headers["x-request-deadline"])
    assert before + timedelta(seconds=4) <= moment <= datetime.now(UTC) + timedelta(seconds=5)


def test_a_header_outside_the_list_is_refused_before_anything_is_sent():
    """A gateway that tries to forward a cookie fails loudly, and the upstream hears nothing."""

    async def run() -> None:
        async with scripted(GOOD) as upstream, some_client(upstream.url) as (client, observer):
            for headers in ({"Cookie": "a=b"}, {"X-Forwarded-For": "10.0.0.1"}, {"X-Tenant-Id": "a\r\nX-Evil: 1"}):
                with pytest.raises(ValueError, match="header"):
                    await client.read("thing", "/", bounds=bounds(), decode=decode_thing, headers=headers)
            assert upstream.requests == []
            assert observer.states == []
            assert set(observer.outcomes) == {CallOutcome.ABANDONED}

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http_answer(b'{"name": "bed"'), id="broken-json"),
        pytest.param(http_answer(b'{"name": 3}'), id="other-type"),
        pytest.param(http_answer(b"{}"), id="missing-member"),
        pytest.param(http_answer(b""), id="empty"),
        pytest.param(http_answer(b'{"name": "\xff\xfe"}'), id="not-utf-8"),
        pytest.param(http_answer(b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), id="deep"),
        pytest.param(http_answer(b'{"name": "bed"}', content_type="text/html"), id="other-media-type"),
        pytest.param(http_answer(b'{"name": "bed"}', content_type=""), id="no-media-type"),
        pytest.param(http_answer(b'{"name": "bed"}', status=302, Location="/elsewhere"), id="redirect"),
        pytest.param(http_answer(b"", status=204, content_type=""), id="no-content"),
        pytest.param(http_answer(b"", status=304), id="not-modified"),
        pytest.param(http_answer(b"<h1>Not found</h1>", status=404, content_type="text/html"), id="bare-404"),
        pytest.param(http_answer(b'{"code": "no"}', status=409), id="a-code-that-is-none"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", id="not-http"),
        pytest.param(http_answer(gzip.compress(b'{"name": "bed"}'), Content_Encoding="gzip"), id="gzip"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", id="declares-too-much"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n", id="header-bomb"),
    ],
)
def test_an_answer_that_is_not_what_was_promised_is_invalid(answer: bytes):
    """Broken JSON, another shape, a redirect, a wrong type, too much: one kind of error, without the content."""
    error, observer = failure_of(always(answer))
    assert type(error) is UpstreamInvalidResponseError
    assert error.upstream == "some-service"
    assert "bed" not in str(error)
    assert observer.outcomes == [CallOutcome.INVALID]


def test_a_redirect_is_never_followed():
    """An upstream can't send this service, with its identity, to another address."""

    async def run() -> None:
        async with scripted(GOOD) as other:
            location = f"{other.url}/stolen"
            script = always(http_answer(status=307, Location=location))
            async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
                with pytest.raises(UpstreamInvalidResponseError):
                    await read(client)
            assert other.requests == []

    asyncio.run(run())


def test_a_cookie_is_never_kept():
    """What an upstream sets in one call is not sent in the next: no state may join two operators' calls."""

    async def run() -> None:
        script = always(http_answer(b'{"name": "bed"}', Set_Cookie="session=of-someone-else; Path=/"))
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            for _ in range(2):
                await read(client)
            assert all("cookie" not in seen.headers for seen in upstream.requests)
            assert upstream.connections == 1

    asyncio.run(run())


def test_an_endless_body_is_cut_off_at_the_limit():
    """A body without a declared length is read up to the limit and no further, and the connection is closed."""

    async def flood(_seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        block = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        while True:
            writer.write(block)
            await writer.drain()

    async def run() -> None:
        async with scripted(flood) as upstream, some_client(upstream.url, max_body_bytes=300_000) as (client, _):
            with pytest.raises(UpstreamInvalidResponseError, match="300000 bytes"):
                await read(client)
            await asyncio.wait_for(upstream.gone.wait(), LONG)

    asyncio.run(run())


def test_a_compressed_bomb_is_never_unpacked():
    """Nothing was asked to be compressed, so what comes compressed is refused before a byte of it is expanded."""
    bomb = gzip.compress(b" " * 50_000_000)
    error, _ = failure_of(always(http_answer(bomb, Content_Encoding="gzip")))
    assert type(error) is UpstreamInvalidResponseError
    assert "encoded" in error.detail


def test_a_hanging_upstream_costs_its_limit_and_hears_the_end_at_once():
    """The upstream's own limit ends the call, and the connection is closed so that the upstream can stop working."""

    async def run() -> None:
        async with scripted(hang) as upstream, some_client(upstream.url, limit_seconds=LONG) as (client, observer):
            call = asyncio.create_task(read(client, seconds=2 * LONG))
            await upstream.heard(1)
            await skip(LONG / 2)
            assert not call.done()
            await skip(LONG / 2)
            with pytest.raises(UpstreamTimeoutError):
                await asyncio.wait_for(call, LONG / 3)
            assert observer.outcomes == [CallOutcome.TIMEOUT]
            await asyncio.wait_for(upstream.gone.wait(), LONG)

    skipped_time.run(run())


def test_a_dripping_body_does_not_outlive_the_deadline():
    """Bytes that keep coming do not buy time: the deadline is about the whole answer."""

    async def drip(_seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def run() -> None:
        async with scripted(drip) as upstream, some_client(upstream.url, limit_seconds=2 * LONG) as (client, _):
            call = asyncio.create_task(read(client, seconds=LONG))
            await upstream.heard(1)
            await skip(LONG / 2)
            assert not call.done()
            await skip(LONG / 2)
            with pytest.raises(UpstreamTimeoutError):
                await asyncio.wait_for(call, LONG / 3)
            await asyncio.wait_for(upstream.gone.wait(), LONG)

    skipped_time.run(run())


def test_cancelling_a_call_ends_it_at_the_upstream_and_is_nobodys_failure():
    """When the desktop goes away the upstream hears it at once, and its breaker learns nothing from it."""

    async def run() -> None:
        async with scripted(hang) as upstream, some_client(upstream.url) as (client, observer):
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(read(client))
                await upstream.arrived.wait()
                reading.cancel()
            await asyncio.wait_for(upstream.gone.wait(), LONG)
            assert observer.outcomes == [CallOutcome.ABANDONED]

    asyncio.run(run())


def test_without_time_left_nothing_is_sent():
    """An upstream is never asked for what nobody will wait for."""

    async def run() -> None:
        async with scripted(GOOD) as upstream, some_client(upstream.url) as (client, _):
            with pytest.raises(UpstreamTimeoutError, match="no time"):
                await read(client, seconds=0.001)
            assert upstream.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize("body", [PROBLEM, WRAPPED], ids=["flat", "wrapped"])
def test_a_refusal_keeps_the_services_own_code_in_either_dialect(body: bytes):
    """A 4xx with a platform code is the service's answer: code, status and title pass through."""
    error, observer = failure_of(always(http_answer(body, status=404, content_type="application/problem+json")))
    assert isinstance(error, UpstreamRefusedError)
    assert error.status == 404
    assert error.code.startswith("MELMASTOON.")
    assert error.code.endswith("NOT_FOUND")
    assert error.title.startswith("No such")
    assert observer.outcomes == [CallOutcome.REFUSED]


def test_a_refusals_title_is_one_short_line():
    """What an upstream writes is shown to engineers, so it holds no control characters and has an end."""
    body = msgspec.json.encode({"code": "MELMASTOON.X.NO", "title": "No\r\n\x1b[31m\u202e" + "x" * 5000})
    error, _ = failure_of(always(http_answer(body, status=409)))
    assert isinstance(error, UpstreamRefusedError)
    assert error.title.isprintable()
    assert 100 < len(error.title) <= 200


def test_a_refusals_title_may_be_anything_but_its_code_may_not():
    """A title of another type is left out; the refusal stays one."""
    error, _ = failure_of(always(http_answer(b'{"code": "MELMASTOON.X.NO", "title": {"en": "No"}}', status=409)))
    assert isinstance(error, UpstreamRefusedError)
    assert (error.code, error.title) == ("MELMASTOON.X.NO", "")


def test_a_refusal_for_rate_says_when_to_come_back():
    """A 429 carries the upstream's Retry-After in whole seconds."""
    body = b'{"code": "MELMASTOON.GENERAL.RATE_LIMITED", "title": "Slow down"}'
    error, _ = failure_of(always(http_answer(body, status=429, Retry_After="7")))
    assert isinstance(error, UpstreamRefusedError)
    assert error.retry_after == 7


def test_a_401_is_about_this_services_identity_and_never_reaches_the_desktop_as_its_own():
    """A refused service token means that the upstream can't be used, not that the operator's token is bad."""
    body = b'{"code": "MELMASTOON.IAM.TOKEN_INVALID", "title": "No"}'
    error, _ = failure_of(always(http_answer(body, status=401)))
    assert type(error) is not UpstreamRefusedError
    assert isinstance(error, UpstreamUnavailableError)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599, 408, 425])
def test_a_server_error_makes_the_upstream_unavailable(status: int):
    """A 5xx or a transient 4xx is bad weather, whatever its body says."""
    error, observer = failure_of(always(http_answer(PROBLEM, status=status)))
    assert isinstance(error, UpstreamUnavailableError)
    assert observer.outcomes == [CallOutcome.UNAVAILABLE]


def test_a_server_error_passes_on_when_to_come_back():
    """A 503 with Retry-After says so to the caller, and is not retried before that."""
    error, observer = failure_of(always(http_answer(status=503, Retry_After="3")), retries=1)
    assert error.retry_after == 3
    assert len(observer.outcomes) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_read_is_tried_once_more_after_a_passing_failure(status: int):
    """One 502, 503 or 504 of an intermediary is not seen by the caller of a read."""
    thing, upstream, observer = result_of(in_turn(always(http_answer(status=status)), GOOD), retries=1)
    assert thing == Thing(name="bed")
    assert len(upstream.requests) == 2
    assert (len(observer.retries), observer.outcomes) == (1, [CallOutcome.UNAVAILABLE, CallOutcome.OK])


def test_a_read_is_tried_once_more_after_a_lost_connection():
    """One reset connection is not seen by the caller of a read."""
    thing, upstream, observer = result_of(in_turn(reset, GOOD), retries=1)
    assert thing == Thing(name="bed")
    assert len(upstream.requests) == 2
    assert len(observer.retries) == 1


def test_a_read_of_a_body_that_breaks_off_is_tried_once_more():
    """A connection that is lost in the middle of the answer is a lost connection."""

    async def half(_seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(b'{"name": "bed"}')[:-4])
        await writer.drain()
        writer.close()

    thing, upstream, _ = result_of(in_turn(half, GOOD), retries=1)
    assert thing == Thing(name="bed")
    assert len(upstream.requests) == 2
    error, _ = failure_of(half)
    assert isinstance(error, UpstreamUnavailableError)


@pytest.mark.parametrize("script", [reset, always(http_answer(status=503))], ids=["reset", "503"])
def test_without_retries_an_upstream_is_asked_exactly_once(script):
    """The library's own silent repetition is off: iam and the lock service hear of each call once."""

    async def run() -> int:
        async with scripted(script) as upstream, some_client(upstream.url, retries=0) as (client, _):
            with pytest.raises(UpstreamUnavailableError):
                await read(client)
            return len(upstream.requests)

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize("script", [reset, always(http_answer(status=502))], ids=["reset", "502"])
def test_a_read_is_tried_once_more_and_not_again(script):
    """One retry means two requests, and then the failure is the caller's."""
    error, observer = failure_of(script, retries=1)
    assert isinstance(error, UpstreamUnavailableError)
    assert observer.outcomes == [CallOutcome.UNAVAILABLE] * 2


@pytest.mark.parametrize("status", [500, 404])
def test_what_another_try_would_not_change_is_not_tried_again(status: int):
    """A 500 or a refusal is final for a read."""
    _, observer = failure_of(always(http_answer(PROBLEM, status=status)), retries=1)
    assert len(observer.outcomes) == 1


def test_a_refused_connection_is_unavailable():
    """Nobody listening is the same bad weather as a 5xx."""

    async def run() -> None:
        with deaf() as url:
            async with some_client(url) as (client, observer):
                with pytest.raises(UpstreamUnavailableError):
                    await read(client)
                assert observer.outcomes == [CallOutcome.UNAVAILABLE]

    asyncio.run(run())


def test_kept_connections_that_died_unnoticed_are_replaced_without_a_failure():
    """A server that drops idle connections the moment they are used again costs a read nothing but a reconnect."""

    async def first_of_connection_only(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        if [other.connection for other in upstream.requests].count(seen.connection) > 1:
            writer.transport.abort()
            return
        await GOOD(seen, writer)

    async def run() -> None:
        nonlocal upstream
        async with scripted(first_of_connection_only) as upstream, some_client(upstream.url) as (client, observer):
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(read(client))
            assert upstream.connections == 5
            assert await read(client) == Thing(name="bed")
            assert observer.outcomes == [CallOutcome.OK] * 6
            assert len(observer.reconnects) == 5

    upstream: ScriptedUpstream
    asyncio.run(run())


def test_a_call_that_must_not_happen_twice_is_not_repeated_over_a_new_connection():
    """Whether a dead connection's request was acted upon can't be known, so only repeatable calls go again."""

    async def run() -> None:
        async with (
            scripted(in_turn(GOOD, reset, GOOD)) as upstream,
            some_client(upstream.url, retries=1) as (client, _),
        ):
            await read(client)
            call = Call(
                operation="pay", method="POST", path="/pay", bounds=bounds(), decode=decode_thing, body=b'{"a": 1}'
            )
            with pytest.raises(UpstreamUnavailableError):
                await client.run(call)
            assert [seen.method for seen in upstream.requests] == ["GET", "POST"]

    asyncio.run(run())


def test_a_body_travels_as_json():
    """A write carries its body, its length and its media type."""

    async def run() -> None:
        async with scripted(GOOD) as upstream, some_client(upstream.url) as (client, _):
            call = Call(
                operation="pay", method="POST", path="/pay", bounds=bounds(), decode=decode_thing, body=b'{"a": 1}'
            )
            await client.run(call)
            assert upstream.requests[0].body == b'{"a": 1}'
            assert upstream.requests[0].headers["content-type"] == "application/json"

    asyncio.run(run())


def test_connections_are_kept():
    """Calls in a row use one connection."""

    async def run() -> None:
        async with scripted(GOOD) as upstream, some_client(upstream.url) as (client, _):
            for _ in range(20):
                await read(client)
            assert upstream.connections == 1

    asyncio.run(run())


def test_an_answer_never_reaches_another_caller_after_cancellations():
    """Calls that are cut off at random moments leave no half-read connection to the next caller."""

    async def echo(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        number = int(seen.path.rpartition("/")[2])
        await asyncio.sleep(0.001 * (number % 7))
        body = msgspec.json.encode({"name": seen.path})
        answer = http_answer(body)
        writer.write(answer[:40])
        await asyncio.sleep(0.001 * (number % 3))
        writer.write(answer[40:])

    async def one(client: UpstreamClient, number: int) -> bool:
        path = f"/things/{number}"
        try:
            thing = await client.read("thing", path, bounds=bounds(0.006 + 0.0003 * (number % 9)), decode=decode_thing)
        except UpstreamTimeoutError:
            return False
        assert thing.name == path
        return True

    async def run() -> list[bool]:
        # On a busy machine latencies grow as at an upstream with a queue, and a smaller limit would shed some.
        free = {"breaker_enabled": False, "limit_enabled": False}
        async with scripted(echo) as upstream, some_client(upstream.url, **free) as (client, _):
            answered: list[bool] = []
            for wave in range(20):
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(client, wave * 25 + number)) for number in range(25)]
                answered += [task.result() for task in tasks]
            return answered

    answered = asyncio.run(run())
    assert len(answered) == 500
    assert not all(answered)


def test_the_ping_takes_any_answer_in_the_upstreams_own_words():
    """A service that refuses an unknown path is reachable; one that is away is not."""

    async def run() -> None:
        async with (
            scripted(always(http_answer(PROBLEM, status=404))) as upstream,
            some_client(upstream.url) as (
                client,
                _,
            ),
        ):
            await client.ping(bounds())
        with deaf() as url:
            async with some_client(url) as (client, _):
                with pytest.raises(UpstreamUnavailableError):
                    await client.ping(bounds())

    asyncio.run(run())


def test_a_request_id_that_has_its_prefix_keeps_it():
    """The prefix is written once."""

    async def run() -> None:
        async with scripted(GOOD) as upstream, some_client(upstream.url) as (client, _):
            mine = Bounds(deadline=bounds().deadline, request_id="req_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A", traceparent="")
            await client.read("thing", "/", bounds=mine, decode=decode_thing)
            assert upstream.requests[0].headers["x-request-id"] == "req_01K9ZV6Y7R8S9T0V1W2X3Y4Z5A"

    asyncio.run(run())
