"""The one HTTP client: deadline, breaker, retry, headers, error family and metrics of every call to an upstream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from bff_backoffice.application.ports import (
    Clock,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff_backoffice.infrastructure.breaker import BreakerState, CircuitBreaker, Permit
from bff_backoffice.infrastructure.http.answers import PassingFailureError, value_of
from bff_backoffice.infrastructure.http.connections import (
    BrokenAnswerError,
    ConnectionLostError,
    Connections,
    open_connections,
)
from bff_backoffice.infrastructure.http.headers import CallBounds, allowed, child_of, request_id_header, time_left
from bff_backoffice.infrastructure.http.observer import CallOutcome, UpstreamObserver
from bff_backoffice.infrastructure.http.retry_budget import RetryBudget

__all__ = ["Call", "ServiceIdentity", "Upstream", "UpstreamClient", "open_upstream"]

T = TypeVar("T")

_LEAST_USEFUL_SECONDS: Final = 0.005
"""With less than this left no upstream could answer, and asking would only make it work for nobody."""
_FAIR_SHARE: Final = 0.5
"""A timeout is held against the upstream only if it had at least this part of its own limit."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_WELL: Final = frozenset({CallOutcome.OK, CallOutcome.REFUSED})


class ServiceIdentity(Protocol):
    """This service's own bearer token towards the platform; never the operator's."""

    async def __call__(self) -> str:
        """Return a token that is valid now. Promises nothing about how long it stays so."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What is known of an upstream before it is called. `limit_seconds` holds for a call that sets no own limit."""

    name: str
    limit_seconds: float
    retries: int = 0
    refuses_with_401: bool = False
    max_body_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One call, complete. `path` is already escaped; `headers` are the dialect's.

    `operation` names the call in metrics. `decode` turns the body of a 2xx answer into the result; whatever it raises
    as `ValueError` or as an error of the decoder means that the upstream broke its contract. A `repeatable` call does
    no harm when it arrives twice: it may go again over a new connection, and is retried as often as the upstream
    allows.
    """

    operation: str
    method: str
    path: str
    bounds: CallBounds
    decode: Callable[[bytes], T]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    limit_seconds: float | None = None
    repeatable: bool = False


class UpstreamClient:
    """Makes the calls to one upstream.

    Cancelling a call ends it at the upstream at once. A hedged second request (issue of its own) will start in `run`,
    beside the first attempt, under the same deadline and paid from the same budget as a retry.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        connections: Connections,
        breaker: CircuitBreaker,
        budget: RetryBudget,
        identity: ServiceIdentity,
        observer: UpstreamObserver,
        clock: Clock,
    ) -> None:
        self._upstream = upstream
        self._connections = connections
        self._breaker = breaker
        self._budget = budget
        self._identity = identity
        self._observer = observer
        self._clock = clock

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
            ValueError: a header that may not travel. It is a defect of the caller, and nothing was sent.
        """
        loop = asyncio.get_running_loop()
        limit = call.limit_seconds or self._upstream.limit_seconds
        deadline = min(call.bounds.deadline, loop.time() + limit)
        retries = self._upstream.retries if call.repeatable else 0
        self._budget.call_made()
        while True:
            try:
                return await self._attempt(call, deadline, limit)
            except PassingFailureError:
                in_time = deadline - loop.time() > _LEAST_USEFUL_SECONDS
                well = self._breaker.state is BreakerState.CLOSED
                if not (retries and in_time and well and self._budget.allows_retry()):
                    raise
                retries -= 1
                self._observer.retried(self._upstream.name, call.operation)

    async def _attempt(self, call: Call[T], deadline: float, limit: float) -> T:
        loop = asyncio.get_running_loop()
        name, started = self._upstream.name, loop.time()
        if deadline - started < _LEAST_USEFUL_SECONDS:
            raise UpstreamTimeoutError(name, "no time was left to ask")
        permit = self._admitted(call.operation)
        outcome = CallOutcome.ABANDONED
        try:
            async with asyncio.timeout_at(deadline):
                result = await self._exchange(call, deadline)
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
            seconds = loop.time() - started
            _settle(permit, outcome, had_its_time=seconds >= limit * _FAIR_SHARE)
            self._observer.observed(name, call.operation, outcome, seconds)
        return result

    def _admitted(self, operation: str) -> Permit:
        try:
            return self._breaker.admit()
        except UpstreamUnavailableError:
            self._observer.observed(self._upstream.name, operation, CallOutcome.BREAKER_OPEN, 0.0)
            raise

    async def _exchange(self, call: Call[T], deadline: float) -> T:
        name = self._upstream.name
        token = await self._identity()
        left = deadline - asyncio.get_running_loop().time()
        headers = {
            **call.headers,
            **time_left(left, self._clock()),
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "traceparent": child_of(call.bounds.traceparent),
            "X-Request-Id": request_id_header(call.bounds.request_id),
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer, dead_connections = await self._connections.exchange(
                call.method,
                f"{call.path}?{urlencode(call.query)}" if call.query else call.path,
                headers=allowed(headers),
                body=call.body,
                repeatable=call.repeatable,
                max_body_bytes=self._upstream.max_body_bytes,
            )
        except ConnectionLostError as error:
            raise PassingFailureError(name, f"connection: {error}") from error
        except BrokenAnswerError as error:
            raise UpstreamInvalidResponseError(name, str(error)) from error
        for _ in range(dead_connections):
            self._observer.reconnected(name, call.operation)
        return value_of(
            answer,
            call.decode,
            upstream=name,
            now=self._clock(),
            refuses_with_401=self._upstream.refuses_with_401,
        )


def _outcome_of(error: UpstreamError) -> CallOutcome:
    if isinstance(error, UpstreamRefusedError):
        return CallOutcome.REFUSED
    if isinstance(error, UpstreamInvalidResponseError):
        return CallOutcome.INVALID
    return CallOutcome.UNAVAILABLE


def _settle(permit: Permit, outcome: CallOutcome, *, had_its_time: bool) -> None:
    """Tell the breaker what the outcome says about the upstream; a client in a hurry proves nothing."""
    if outcome in _WELL:
        permit.succeeded()
    elif outcome is CallOutcome.ABANDONED or (outcome is CallOutcome.TIMEOUT and not had_its_time):
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
) -> AsyncIterator[UpstreamClient]:
    """Keep a client, its connections and its breaker for as long as the block runs.

    `base_url` is the service's own root, with or without a slash at its end, such as `http://127.0.0.1:8090/iam-service`.
    """
    now = asyncio.get_running_loop().time
    async with open_connections(base_url) as connections:
        yield UpstreamClient(
            upstream,
            connections=connections,
            breaker=CircuitBreaker(upstream.name, now=now, observer=observer, enabled=breaker_enabled),
            budget=RetryBudget(now),
            identity=identity,
            observer=observer,
            clock=clock,
        )
