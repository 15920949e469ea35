"""Second requests and shared limits of the HTTP client, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bff_backoffice.application.ports import (
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.infrastructure.breaker import COOLDOWN_SECONDS, BreakerState
from bff_backoffice.infrastructure.http import Call, CallOutcome, HedgeOutcome, UpstreamClient
from bff_backoffice.infrastructure.http.concurrency_limit import INITIAL
from tests.contract.upstreams.scripted import (
    LONG,
    RecordingUpstreamObserver,
    Script,
    ScriptedUpstream,
    SeenRequest,
    always,
    bounds,
    hang,
    http_answer,
    in_turn,
    scripted,
    some_client,
)
from tests.fakes import skipped_time
from tests.fakes.skipped_time import skip

KNOWN_CALLS = 256
USUAL_S = 0.01
GOOD = always(http_answer(b'"first"'))
SECOND = always(http_answer(b'"second"'))
REFUSED = always(http_answer(b'{"code": "MELMASTOON.X.NOT_FOUND"}', status=404))
DOWN = always(http_answer(status=503))


def once_set(event: asyncio.Event, script: Script) -> Script:
    """The script that lets the client wait until something has happened."""

    async def waiting(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        await event.wait()
        await script(seen, writer)

    return waiting


def overlapping(first: Script, second: Script) -> tuple[Script, Script]:
    """Two scripts: the first request is answered once the second one has arrived, hence never too early for it."""
    came = asyncio.Event()

    async def follow(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        came.set()
        await second(seen, writer)

    return once_set(came, first), follow


def after(seconds: float, script: Script) -> Script:
    """The script that lets the client wait first."""

    async def waiting(seen: SeenRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await script(seen, writer)

    return waiting


async def read(client: UpstreamClient, *, seconds: float = 5.0, method: str = "GET", repeatable: bool = True) -> bytes:
    """Read the thing, or do it."""
    return await client.run(
        Call(operation="thing", method=method, path="/", bounds=bounds(seconds), decode=bytes, repeatable=repeatable)
    )


@asynccontextmanager
async def well_known(
    *scripts: Script, retries: int = 1, **client_settings
) -> AsyncIterator[tuple[ScriptedUpstream, UpstreamClient, RecordingUpstreamObserver]]:
    """An upstream that is known to answer within ten milliseconds, and plays the scripts then, the last one for ever.

    One read is made, for the connection; the others are only told, since a busy machine may take longer for some.
    """
    async with (
        scripted(GOOD) as upstream,
        some_client(upstream.url, retries=retries, **client_settings) as (client, observer),
    ):
        await read(client)
        hedging = client._exchange._hedging
        for _ in range(KNOWN_CALLS if hedging else 0):
            hedging.call_made()
            hedging.took("thing", USUAL_S, answered=True)
        observer.calls.clear()
        upstream.gone.clear()
        upstream.requests.clear()
        upstream.script = in_turn(*scripts)
        yield upstream, client, observer


def test_a_read_that_is_late_is_asked_for_again_and_the_first_answer_wins():
    """A hanging first request costs a few milliseconds; it is ended at the upstream at once, and the call went well."""

    async def run() -> None:
        async with well_known(hang, SECOND) as (upstream, client, observer):
            assert await read(client) == b'"second"'
            async with asyncio.timeout(LONG):
                await upstream.gone.wait()
            assert len(upstream.requests) == 2
            assert [outcome for _, _, outcome in observer.hedges] == [HedgeOutcome.WON]
            assert observer.outcomes == [CallOutcome.OK]
            assert observer.limit is not None
            assert observer.limit.under_way == 0

    asyncio.run(run())


def test_a_second_request_that_is_slower_is_ended_when_the_first_is_answered():
    """The first answer is the call's, and the hedge ends at the upstream at once."""

    async def run() -> None:
        async with well_known(*overlapping(GOOD, hang)) as (upstream, client, observer):
            assert await read(client) == b'"first"'
            async with asyncio.timeout(LONG):
                await upstream.gone.wait()
            assert [outcome for _, _, outcome in observer.hedges] == [HedgeOutcome.LOST]

    asyncio.run(run())


def test_a_second_request_that_fails_changes_nothing():
    """Its failure is counted and the first answer is waited for."""

    async def run() -> None:
        async with well_known() as (upstream, client, observer):
            upstream.script = in_turn(once_set(observer.hedge_ended, GOOD), DOWN)
            assert await read(client) == b'"first"'
            assert [outcome for _, _, outcome in observer.hedges] == [HedgeOutcome.FAILED]
            assert observer.outcomes == [CallOutcome.OK]

    asyncio.run(run())


def test_a_first_request_that_fails_late_leaves_the_second_its_time():
    """The hedge that is under way already is as good as a retry, and no third request is sent."""

    async def run() -> None:
        async with well_known(*overlapping(DOWN, after(0.1, SECOND))) as (upstream, client, observer):
            assert await read(client) == b'"second"'
            assert len(upstream.requests) == 2
            assert observer.retries == []

    asyncio.run(run())


def test_when_both_fail_the_first_failure_is_the_calls():
    """Two failures are one failed call; with the retry that it may cost, three requests at most."""

    async def run() -> None:
        async with well_known(*overlapping(DOWN, after(0.05, DOWN)), DOWN) as (upstream, client, observer):
            with pytest.raises(UpstreamUnavailableError):
                await read(client)
            assert len(upstream.requests) == 3
            assert len(observer.retries) == 1

    asyncio.run(run())


def test_a_refusal_by_the_second_request_is_an_answer():
    """What the upstream refuses it refuses, whichever request hears of it."""

    async def run() -> None:
        async with well_known(hang, REFUSED) as (_, client, observer):
            with pytest.raises(UpstreamRefusedError):
                await read(client)
            assert observer.outcomes == [CallOutcome.REFUSED]

    asyncio.run(run())


def test_both_requests_end_at_the_deadline():
    """Where both hang the call is late once, and neither request outlives it."""

    async def run() -> None:
        async with well_known(hang) as (upstream, client, observer):
            call = asyncio.create_task(read(client, seconds=LONG))
            await upstream.heard(2)
            await skip(LONG)
            with pytest.raises(UpstreamTimeoutError):
                await call
            assert observer.outcomes == [CallOutcome.TIMEOUT]
            assert [outcome for _, _, outcome in observer.hedges] == [HedgeOutcome.LOST]
            assert len(upstream.requests) == 2
            assert observer.limit is not None
            assert observer.limit.under_way == 0

    skipped_time.run(run())


def test_a_caller_who_leaves_ends_both_requests():
    """Cancelling the call leaves no task and no place taken."""

    async def run() -> None:
        async with well_known(hang) as (upstream, client, observer):
            async with asyncio.TaskGroup() as group:
                call = group.create_task(read(client, seconds=10 * LONG))
                await upstream.heard(2)
                call.cancel()
            assert len(upstream.requests) == 2
            assert observer.outcomes == [CallOutcome.ABANDONED]
            assert observer.limit is not None
            assert observer.limit.under_way == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("retries", "method", "repeatable"), [(0, "GET", True), (1, "POST", True), (1, "POST", False), (1, "GET", False)]
)
def test_what_must_arrive_once_is_never_hedged(retries: int, method: str, *, repeatable: bool):
    """Mutations, and every call of an upstream that must hear of each once (iam, locks), wait for their one answer."""

    async def run() -> None:
        async with well_known(after(0.2, GOOD), retries=retries) as (upstream, client, observer):
            assert await read(client, method=method, repeatable=repeatable) == b'"first"'
            assert len(upstream.requests) == 1
            assert observer.hedges == []

    asyncio.run(run())


def test_hedging_can_be_switched_off():
    """With the setting off a late read waits for its one answer."""

    async def run() -> None:
        async with well_known(after(0.2, GOOD), hedging_enabled=False) as (upstream, client, _):
            assert await read(client) == b'"first"'
            assert len(upstream.requests) == 1

    asyncio.run(run())


def test_a_probe_is_one_request():
    """While the breaker asks whether the upstream is back it asks once, however long the answer takes."""

    async def run() -> None:
        async with well_known(DOWN) as (upstream, client, observer):
            while client.breaker_state is BreakerState.CLOSED:
                with pytest.raises(UpstreamUnavailableError):
                    await read(client)
            await skip(COOLDOWN_SECONDS)
            upstream.script = after(0.2, GOOD)
            upstream.requests.clear()
            observer.hedges.clear()
            assert await read(client) == b'"first"'
            assert len(upstream.requests) == 1
            assert observer.hedges == []

    skipped_time.run(run())


def test_over_its_limit_an_upstream_is_not_asked_and_the_breaker_learns_nothing():
    """Calls beyond what may be under way are shed within a moment, say so, and do not open the breaker."""

    async def run() -> None:
        async with scripted(hang) as upstream, some_client(upstream.url, limit_seconds=LONG) as (client, observer):
            outcomes: list[str] = []
            all_shed = asyncio.Event()

            async def call() -> None:
                try:
                    await read(client, seconds=LONG)
                except UpstreamShedError:
                    outcomes.append("shed")
                    if len(outcomes) == 30:
                        all_shed.set()
                except UpstreamTimeoutError:
                    outcomes.append("late")

            async with asyncio.TaskGroup() as group:
                for _ in range(INITIAL + 30):
                    group.create_task(call())
                await upstream.heard(INITIAL)
                await asyncio.wait_for(all_shed.wait(), LONG / 2)
                assert outcomes == ["shed"] * 30
                assert client.breaker_state is BreakerState.CLOSED
                assert len(upstream.requests) == INITIAL
                await skip(LONG)
            assert outcomes.count("late") == INITIAL
            assert observer.outcomes.count(CallOutcome.SHED) == 30

    skipped_time.run(run())
