"""The one HTTP client: deadline, breaker, retry, error family and metrics of every call to an upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from types import MappingProxyType
from typing import Final, TypeVar

from bff_backoffice.application.ports import (
    Clock,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamShedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.infrastructure.breaker import BreakerState, CircuitBreaker, Permit
from bff_backoffice.infrastructure.http.answers import PassingFailureError
from bff_backoffice.infrastructure.http.calls import Call, ServiceIdentity, Upstream
from bff_backoffice.infrastructure.http.concurrency_limit import ConcurrencyLimit
from bff_backoffice.infrastructure.http.connections import open_connections
from bff_backoffice.infrastructure.http.exchange import Exchange
from bff_backoffice.infrastructure.http.headers import CallBounds
from bff_backoffice.infrastructure.http.hedging import Hedging
from bff_backoffice.infrastructure.http.observer import CallOutcome, UpstreamObserver
from bff_backoffice.infrastructure.http.retry_budget import RetryBudget
from bff_backoffice.infrastructure.http.tenant_shares import TenantShares

__all__ = ["UpstreamClient", "open_upstream"]

T = TypeVar("T")

_LEAST_USEFUL_SECONDS: Final = 0.005
"""With less than this left no upstream could answer, and asking would only make it work for nobody."""
_FAIR_SHARE: Final = 0.5
"""A timeout is held against the upstream only if it had at least this part of its own limit."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_WELL: Final = frozenset({CallOutcome.OK, CallOutcome.REFUSED})
_NOTHING_LEARNT: Final = frozenset({CallOutcome.ABANDONED, CallOutcome.SHED})


class UpstreamClient:
    """Makes the calls to one upstream. Cancelling a call ends it at the upstream at once."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        exchange: Exchange,
        breaker: CircuitBreaker,
        budget: RetryBudget,
        observer: UpstreamObserver,
    ) -> None:
        self._upstream = upstream
        self._exchange = exchange
        self._breaker = breaker
        self._budget = budget
        self._observer = observer

    @property
    def name(self) -> str:
        """The service's full name, such as `inventory-service`."""
        return self._upstream.name

    @property
    def breaker_state(self) -> BreakerState:
        """Where the upstream's breaker stands, for metrics."""
        return self._breaker.state

    async def read(
        self,
        operation: str,
        path: str,
        *,
        bounds: CallBounds,
        decode: Callable[[bytes], T],
        headers: Mapping[str, str] = _NOTHING,
        query: Mapping[str, str] = _NOTHING,
        limit_seconds: float | None = None,
    ) -> T:
        """Read something with `GET`, which may always be repeated. Raises what `run` raises."""
        return await self.run(
            Call(
                operation=operation,
                method="GET",
                path=path,
                bounds=bounds,
                decode=decode,
                headers=headers,
                query=query,
                limit_seconds=limit_seconds,
                repeatable=True,
            )
        )

    async def ping(self, bounds: CallBounds) -> None:
        """Return when the upstream has answered in its own words, even if with a refusal. Raises what `run` raises."""
        try:
            await self.read("ping", "/health", bounds=bounds, decode=len)
        except UpstreamRefusedError:
            return

    async def run(self, call: Call[T]) -> T:
        """Make the call and return its decoded result.

        Raises:
            UpstreamTimeoutError: the deadline, or the upstream's own limit, passed.
            UpstreamUnavailableError: no connection, a lost one, a 5xx, refused credentials, or an open breaker.
            UpstreamRefusedError: a 4xx in the upstream's own words.
            UpstreamInvalidResponseError: an answer that breaks the upstream's contract.
            UpstreamShedError: the upstream has as many requests under way as it can take.
            ValueError: a header that may not travel. It is a defect of the caller, and nothing was sent.
        """
        loop = asyncio.get_running_loop()
        limit = call.limit_seconds or self._upstream.limit_seconds
        deadline = min(call.bounds.deadline, loop.time() + limit)
        retries = self._upstream.retries if call.repeatable else 0
        send = self._exchange.hedged
        while True:
            try:
                return await self._attempt(send, call, deadline, limit)
            except PassingFailureError:
                in_time = deadline - loop.time() > _LEAST_USEFUL_SECONDS
                well = self._breaker.state is BreakerState.CLOSED
                if not (retries and in_time and well and self._budget.allows_retry()):
                    raise
                retries -= 1
                # One more request is what the budget has paid for.
                send = self._exchange.once
                self._observer.retried(self._upstream.name, call.operation)

    async def _attempt(
        self, send: Callable[[Call[T], float], Awaitable[T]], call: Call[T], deadline: float, limit: float
    ) -> T:
        loop = asyncio.get_running_loop()
        # The loop's clock may stand still within a millisecond, which is as long as an answer may take.
        name, started = self._upstream.name, perf_counter()
        if deadline - loop.time() < _LEAST_USEFUL_SECONDS:
            raise UpstreamTimeoutError(name, "no time was left to ask")
        permit = self._admitted(call.operation)
        if self._breaker.state is BreakerState.HALF_OPEN:
            # A probe is one request.
            send = self._exchange.once
        outcome = CallOutcome.ABANDONED
        try:
            async with asyncio.timeout_at(deadline):
                result = await send(call, deadline)
            outcome = CallOutcome.OK
        except TimeoutError as error:
            outcome = CallOutcome.TIMEOUT
            raise UpstreamTimeoutError(name, "the deadline passed") from error
        except asyncio.CancelledError:
            # The caller's own deadline is often the same moment, and then it wins: the upstream was late all the same.
            # Timers fire up to a millisecond early, so the moment is not compared to the microsecond.
            late = deadline - loop.time() < _LEAST_USEFUL_SECONDS
            outcome = CallOutcome.TIMEOUT if late else CallOutcome.ABANDONED
            raise
        except UpstreamError as error:
            outcome = _outcome_of(error)
            raise
        finally:
            seconds = perf_counter() - started
            if outcome in _WELL:
                self._budget.call_answered()
            _settle(permit, outcome, had_its_time=seconds >= limit * _FAIR_SHARE)
            self._observer.observed(name, call.operation, outcome, seconds)
        return result

    def _admitted(self, operation: str) -> Permit:
        try:
            return self._breaker.admit()
        except UpstreamUnavailableError:
            self._observer.observed(self._upstream.name, operation, CallOutcome.BREAKER_OPEN, 0.0)
            raise


def _outcome_of(error: UpstreamError) -> CallOutcome:
    if isinstance(error, UpstreamRefusedError):
        return CallOutcome.REFUSED
    if isinstance(error, UpstreamInvalidResponseError):
        return CallOutcome.INVALID
    if isinstance(error, UpstreamShedError):
        return CallOutcome.SHED
    return CallOutcome.UNAVAILABLE


def _settle(permit: Permit, outcome: CallOutcome, *, had_its_time: bool) -> None:
    """Tell the breaker what the outcome says about the upstream; a client in a hurry proves nothing."""
    if outcome in _WELL:
        permit.succeeded()
    elif outcome in _NOTHING_LEARNT or (outcome is CallOutcome.TIMEOUT and not had_its_time):
        permit.abandoned()
    else:
        permit.failed()


@asynccontextmanager
async def open_upstream(
    upstream: Upstream,
    base_url: str,
    *,
    identity: ServiceIdentity,
    observer: UpstreamObserver,
    clock: Clock,
    breaker_enabled: bool = True,
    limit_enabled: bool = True,
    hedging_enabled: bool = True,
) -> AsyncIterator[UpstreamClient]:
    """Keep a client, its connections, its breaker and its limits for as long as the block runs.

    `base_url` is the service's own root, with or without a slash at its end, such as `http://127.0.0.1:8090/iam-service`.
    """
    now = asyncio.get_running_loop().time
    limit = ConcurrencyLimit(now)
    shares = TenantShares(upstream.name, limit, now=now, enabled=limit_enabled)
    observer.opened(upstream.name, shares)
    async with open_connections(base_url) as connections:
        exchange = Exchange(
            upstream,
            connections=connections,
            identity=identity,
            observer=observer,
            clock=clock,
            limit=limit,
            shares=shares,
            hedging=Hedging() if hedging_enabled else None,
        )
        yield UpstreamClient(
            upstream,
            exchange=exchange,
            breaker=CircuitBreaker(upstream.name, now=now, observer=observer, enabled=breaker_enabled),
            budget=RetryBudget(),
            observer=observer,
        )
