"""How the HTTP client and its circuit breaker work together, over real sockets and on a breaker clock of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from bff_backoffice.application.ports import UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError
from bff_backoffice.infrastructure.breaker import BreakerState, CircuitBreaker
from bff_backoffice.infrastructure.http import CallOutcome, Upstream, UpstreamClient
from bff_backoffice.infrastructure.http.concurrency_limit import ConcurrencyLimit
from bff_backoffice.infrastructure.http.connections import open_connections
from bff_backoffice.infrastructure.http.exchange import Exchange
from bff_backoffice.infrastructure.http.retry_budget import RetryBudget
from bff_backoffice.infrastructure.http.tenant_shares import TenantShares
from tests.contract.upstreams.scripted import (
    LONG,
    RecordingUpstreamObserver,
    ScriptedUpstream,
    always,
    bounds,
    hang,
    http_answer,
    in_turn,
    reset,
    scripted,
    some_client,
    the_clock,
    the_identity,
)

GOOD = always(http_answer(b'{"name": "bed"}'))
DOWN = always(http_answer(status=503))
NOT_FOUND = always(http_answer(b'{"code": "MELMASTOON.X.NOT_FOUND"}', status=404))


class TheBreakerClock:
    """Seconds that pass when the test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def broken(
    script, *, retries: int = 0, limit_seconds: float = 5.0
) -> AsyncIterator[tuple[ScriptedUpstream, UpstreamClient, RecordingUpstreamObserver, TheBreakerClock]]:
    """An upstream, a client whose breaker runs on the test's clock, and what the observer hears."""
    clock, observer = TheBreakerClock(), RecordingUpstreamObserver()
    async with scripted(script) as upstream, open_connections(upstream.url) as connections:
        of = Upstream(name="some-service", limit_seconds=limit_seconds, retries=retries)
        limit = ConcurrencyLimit(clock)
        client = UpstreamClient(
            of,
            exchange=Exchange(
                of,
                connections=connections,
                identity=the_identity,
                observer=observer,
                clock=the_clock,
                limit=limit,
                shares=TenantShares("some-service", limit, now=clock),
                hedging=None,
            ),
            breaker=CircuitBreaker("some-service", now=clock, observer=observer),
            budget=RetryBudget(),
            observer=observer,
        )
        yield upstream, client, observer, clock


async def read(client: UpstreamClient, *, seconds: float = 5.0) -> int:
    """Read the thing."""
    return await client.read("thing", "/", bounds=bounds(seconds), decode=len)


async def fail(client: UpstreamClient, times: int, *, seconds: float = 5.0) -> None:
    """Read so many times, whatever comes of it."""
    for _ in range(times):
        with suppress(UpstreamError):
            await read(client, seconds=seconds)


@pytest.mark.parametrize(
    "script", [DOWN, reset, always(http_answer(b"<html>", content_type="text/html"))], ids=["503", "reset", "invalid"]
)
def test_five_failures_in_a_row_open_it_and_then_nothing_is_sent(script):
    """After the fifth failure the sixth call is refused here, at once, and says when to come back."""

    async def run() -> None:
        async with broken(script) as (upstream, client, observer, _):
            await fail(client, 5)
            with pytest.raises(UpstreamUnavailableError) as caught:
                await read(client)
            assert caught.value.breaker_open
            assert caught.value.retry_after == 4
            assert len(upstream.requests) == 5
            assert observer.outcomes[-1] is CallOutcome.BREAKER_OPEN
            assert observer.states == [("some-service", BreakerState.OPEN)]
            assert client.breaker_state is BreakerState.OPEN

    asyncio.run(run())


def test_it_recovers_with_one_probe():
    """Four seconds later one call finds the upstream well, and everybody is served again."""

    async def run() -> None:
        async with broken(in_turn(*[DOWN] * 5, GOOD)) as (upstream, client, _, clock):
            await fail(client, 6)
            clock.seconds += 4
            assert await read(client)
            assert await read(client)
            assert client.breaker_state is BreakerState.CLOSED
            assert len(upstream.requests) == 7

    asyncio.run(run())


def test_refusals_are_answers_and_never_open_it():
    """An upstream that says no a hundred times is well."""

    async def run() -> None:
        async with broken(NOT_FOUND) as (_, client, observer, _clock):
            await fail(client, 20)
            assert observer.outcomes == [CallOutcome.REFUSED] * 20
            assert client.breaker_state is BreakerState.CLOSED

    asyncio.run(run())


def test_timeouts_that_had_their_time_open_it():
    """A hanging upstream is not waited for again and again."""

    async def run() -> None:
        async with broken(hang, limit_seconds=0.02) as (_, client, observer, _clock):
            # A call whose time is over before it is made is not one, and on a busy machine there is one now and then.
            while len(observer.outcomes) < 5:
                await fail(client, 1)
            assert observer.outcomes == [CallOutcome.TIMEOUT] * 5
            assert client.breaker_state is BreakerState.OPEN

    asyncio.run(run())


def test_clients_in_a_hurry_do_not_open_it_for_everybody():
    """Calls with a tiny budget of their own time out, but prove nothing about the upstream."""

    async def run() -> None:
        async with broken(hang, limit_seconds=LONG) as (_, client, observer, _clock):
            while len(observer.outcomes) < 8:
                await fail(client, 1, seconds=0.02)
            assert observer.outcomes == [CallOutcome.TIMEOUT] * 8
            assert client.breaker_state is BreakerState.CLOSED

    asyncio.run(run())


def test_a_caller_whose_own_deadline_is_the_same_moment_counts_as_a_timeout():
    """A widget's timeout that fires with the call's own does not hide from the breaker that the upstream was late."""

    async def run() -> None:
        async with broken(hang, limit_seconds=0.02) as (_, client, observer, _clock):
            while len(observer.outcomes) < 5:
                deadline = asyncio.get_running_loop().time() + 0.02
                with pytest.raises((TimeoutError, UpstreamTimeoutError)):
                    async with asyncio.timeout_at(deadline):
                        await read(client, seconds=0.02)
            assert observer.outcomes == [CallOutcome.TIMEOUT] * 5
            assert client.breaker_state is BreakerState.OPEN

    asyncio.run(run())


def test_a_probe_whose_caller_goes_away_leaves_nothing_stuck():
    """A desktop that leaves during the probe makes room for the next caller's probe."""

    async def run() -> None:
        async with broken(in_turn(*[DOWN] * 5, hang, GOOD)) as (upstream, client, _, clock):
            await fail(client, 5)
            clock.seconds += 4
            upstream.arrived.clear()
            async with asyncio.TaskGroup() as group:
                probe = group.create_task(read(client))
                await upstream.arrived.wait()
                with pytest.raises(UpstreamUnavailableError):
                    await read(client)
                probe.cancel()
            assert await read(client)
            assert client.breaker_state is BreakerState.CLOSED

    asyncio.run(run())


def test_a_retry_is_not_made_once_the_breaker_has_opened():
    """The fifth failure in a row is not followed by a sixth request, and its own reason reaches the caller."""

    async def run() -> None:
        async with broken(in_turn(*[GOOD] * 20, DOWN), retries=1) as (upstream, client, observer, _):
            for _ in range(20):
                await read(client)
            await fail(client, 2)
            with pytest.raises(UpstreamUnavailableError) as caught:
                await read(client)
            assert not caught.value.breaker_open
            assert len(upstream.requests) == 20 + 5
            assert len(observer.retries) == 2
            await fail(client, 10)
            assert len(upstream.requests) == 20 + 5

    asyncio.run(run())


def test_a_half_dead_upstream_is_asked_a_tenth_more_at_most():
    """Where every other call is answered and the breaker stays closed, retries are what the answers paid for."""

    async def run() -> None:
        failing_then_refusing = [script for _ in range(200) for script in (DOWN, NOT_FOUND)]
        async with broken(in_turn(*failing_then_refusing), retries=1) as (upstream, client, observer, _clock):
            await fail(client, 150)
            assert 5 <= len(observer.retries) <= 15
            assert len(upstream.requests) == 150 + len(observer.retries)

    asyncio.run(run())


@pytest.mark.parametrize("calls_before", [0, 500])
def test_a_dead_upstream_is_sent_a_tenth_more_at_most_even_without_a_breaker(calls_before: int):
    """A counting server that is down hears of 200 calls at most 1.1 times 200 requests, after long health too."""

    async def run() -> None:
        async with (
            scripted(in_turn(*[GOOD] * calls_before, DOWN)) as upstream,
            some_client(upstream.url, retries=1, breaker_enabled=False) as (client, _),
        ):
            while len(upstream.requests) < calls_before:
                await read(client)
            await fail(client, 200)
            assert 200 < len(upstream.requests) - calls_before <= 1.1 * 200

    asyncio.run(run())
