"""The race between a request and its hedge, moment by moment, on virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from bff_backoffice.infrastructure.http import Bounds, Call, Upstream
from bff_backoffice.infrastructure.http.concurrency_limit import ConcurrencyLimit
from bff_backoffice.infrastructure.http.connections import Answer
from bff_backoffice.infrastructure.http.exchange import Exchange
from bff_backoffice.infrastructure.http.hedging import Hedging
from bff_backoffice.infrastructure.http.observer import CallOutcome, HedgeOutcome, NullUpstreamObserver
from bff_backoffice.infrastructure.http.tenant_shares import TenantShares
from tests.fakes import virtual_time

DUE_S = 0.001
"""When the hedge of an operation that was always quick is due: no timer is shorter."""


@dataclass
class ScriptedConnections:
    """Answers each request when its future is done."""

    answers: list[asyncio.Future[bytes]]
    sent: int = 0

    async def exchange(self, method: str, path: str, **_: object) -> tuple[Answer, int]:
        """Wait for this request's answer."""
        del method, path
        self.sent += 1
        body = await self.answers[self.sent - 1]
        return Answer(200, "application/json", {}, body), 0


@dataclass
class CountingObserver(NullUpstreamObserver):
    """Keeps what became of hedges."""

    hedges: list[HedgeOutcome] = field(default_factory=list)

    def hedged(self, upstream: str, operation: str, outcome: HedgeOutcome) -> None:
        """Keep it."""
        del upstream, operation
        self.hedges.append(outcome)


async def the_identity() -> str:
    """This service's token."""
    return "the-service-token"


def answer_at(seconds: float, body: bytes) -> asyncio.Future[bytes]:
    """An answer that comes so many seconds from now."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    loop.call_later(seconds, lambda: answer.done() or answer.set_result(body))
    return answer


@pytest.mark.parametrize(
    ("first_s", "second_s", "body", "outcomes"),
    [
        (DUE_S / 2, 1.0, b'"first"', []),
        (DUE_S, 1.0, b'"first"', []),
        (DUE_S * 1.000001, 1.0, b'"first"', [HedgeOutcome.LOST]),
        (1.0, DUE_S * 2, b'"second"', [HedgeOutcome.WON]),
        (DUE_S * 2, DUE_S * 2, b'"first"', [HedgeOutcome.WON]),
        (DUE_S * 2.000001, DUE_S * 2, b'"second"', [HedgeOutcome.WON]),
    ],
    ids=["before-due", "just-when-due", "just-after", "second-first", "both-at-once", "second-just-first"],
)
def test_every_finish_of_the_race_gives_all_places_back(
    first_s: float, second_s: float, body: bytes, outcomes: list[HedgeOutcome]
) -> None:
    """Also at the very moment at which the hedge is due or both are answered: one answer, and no place is lost."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        connections = ScriptedConnections([answer_at(first_s, b'"first"'), answer_at(second_s, b'"second"')])
        limit, observer, hedging = ConcurrencyLimit(loop.time), CountingObserver(), Hedging()
        shares = TenantShares("some-service", limit, now=loop.time)
        for _ in range(100):
            hedging.call_made()
            hedging.took("thing", 0.0001, answered=True)
        exchange = Exchange(
            Upstream(name="some-service", limit_seconds=5.0, retries=1),
            connections=connections,
            identity=the_identity,
            observer=observer,
            clock=virtual_time.wall_clock,
            limit=limit,
            shares=shares,
            hedging=hedging,
        )
        bounds = Bounds(deadline=5.0, request_id="01K9ZV6Y7R8S9T0V1W2X3Y4Z5A", traceparent="")
        call = Call(operation="thing", method="GET", path="/", bounds=bounds, decode=bytes, repeatable=True)
        assert await exchange.hedged(call, 5.0) == body
        assert observer.hedges == outcomes
        assert (shares.under_way, shares.waiting) == (0, 0)
        assert loop.time() == pytest.approx(min(first_s, second_s if outcomes else first_s))

    virtual_time.run(main())


def test_the_outcomes_of_calls_are_a_closed_set() -> None:
    """Metrics use them as labels, so a new one is a decision."""
    assert {outcome.value for outcome in CallOutcome} == {
        "ok", "refused", "timeout", "unavailable", "invalid", "breaker_open", "shed", "abandoned",
    }  # fmt: skip
    assert {outcome.value for outcome in HedgeOutcome} == {"won", "lost", "failed"}
