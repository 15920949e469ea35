"""One call on the wire: a place within the upstream's limit, the headers, and a second request where the first is late.

The deadline is the caller's: everything here runs inside its `asyncio.timeout_at` and ends when that does.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

from bff_backoffice.application.ports import Clock, UpstreamInvalidResponseError, UpstreamRefusedError
from bff_backoffice.infrastructure.http.answers import PassingFailureError, value_of
from bff_backoffice.infrastructure.http.calls import Call, ServiceIdentity, Upstream
from bff_backoffice.infrastructure.http.concurrency_limit import ConcurrencyLimit
from bff_backoffice.infrastructure.http.connections import (
    Answer,
    BrokenAnswerError,
    ConnectionLostError,
    Connections,
)
from bff_backoffice.infrastructure.http.headers import allowed, child_of, request_id_header, time_left
from bff_backoffice.infrastructure.http.hedging import Hedging
from bff_backoffice.infrastructure.http.observer import HedgeOutcome, UpstreamObserver
from bff_backoffice.infrastructure.http.tenant_shares import TenantShares

__all__ = ["Exchange"]

T = TypeVar("T")

_SERVER_ERRORS: Final = 500


class _Second(Generic[T]):
    """What became of the hedge: a result, a refusal (which is an answer too), or nothing that helps."""

    __slots__ = ("alone", "refusal", "result", "task")

    def __init__(self) -> None:
        self.alone = False
        """The first request has ended."""
        self.task: asyncio.Task[None] | None = None
        self.result: tuple[T] | None = None
        self.refusal: UpstreamRefusedError | None = None

    @property
    def answered(self) -> bool:
        return self.result is not None or self.refusal is not None


class Exchange:
    """The exchanges with one upstream, under its limits."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        connections: Connections,
        identity: ServiceIdentity,
        observer: UpstreamObserver,
        clock: Clock,
        limit: ConcurrencyLimit,
        shares: TenantShares,
        hedging: Hedging | None,
    ) -> None:
        self._upstream = upstream
        self._connections = connections
        self._identity = identity
        self._observer = observer
        self._clock = clock
        self._limit = limit
        self._shares = shares
        self._hedging = hedging

    async def once(self, call: Call[T], deadline: float) -> T:
        """Send the call and return its decoded answer.

        Raises what `UpstreamClient.run` raises, `PassingFailureError` where another try may help, and
        `UpstreamShedError` where the upstream has as much to do as it can take.
        """
        tenant = call.tenant
        if not self._shares.admits(tenant):
            await self._shares.wait(tenant)
        try:
            return await self._send(call, deadline)
        finally:
            self._shares.leave(tenant)

    async def hedged(self, call: Call[T], deadline: float) -> T:
        """Send the call, and once more if its answer is late; return the first answer and end the other request.

        Raises what `once` raises: what the first request met, unless the second was answered.
        """
        hedging = self._hedging
        if hedging is None or not self._upstream.retries or not call.repeatable or call.method != "GET":
            return await self.once(call, deadline)
        due_after = hedging.due_after(call.operation)
        hedging.call_made()
        if due_after is None:
            return await self.once(call, deadline)
        return await self._race(call, deadline, due_after, hedging)

    async def _race(self, call: Call[T], deadline: float, due_after: float, hedging: Hedging) -> T:
        loop = asyncio.get_running_loop()
        second: _Second[T] = _Second()
        failure: Exception | None = None
        async with asyncio.TaskGroup() as group:
            overtaken = asyncio.timeout(None)

            def start() -> None:
                second.task = group.create_task(self._ask_again(call, deadline, second, overtaken, hedging))

            timer = loop.call_later(due_after, start)
            try:
                async with overtaken:
                    try:
                        return await self.once(call, deadline)
                    finally:
                        second.alone = True
            except Exception as error:  # noqa: BLE001 - raised below: from inside the group it would come out wrapped
                failure = error
                if second.task is not None and not isinstance(error, UpstreamRefusedError):
                    # A first request that fails while the second one is under way is not the end of the call.
                    await asyncio.wait({second.task})
            finally:
                timer.cancel()
                if second.task is not None:
                    second.task.cancel()
        if second.result is not None:
            return second.result[0]
        raise second.refusal or failure

    async def _ask_again(
        self, call: Call[T], deadline: float, second: _Second[T], overtaken: asyncio.Timeout, hedging: Hedging
    ) -> None:
        """Make the second request if there is a place for it. Nothing is taken before this runs, since it may not."""
        if not (hedging.allows_hedge() and self._shares.admits(call.tenant)):
            return
        outcome = HedgeOutcome.LOST
        try:
            second.result = (await self._send(call, deadline, hedge=True),)
        except UpstreamRefusedError as refusal:
            second.refusal = refusal
        except Exception:  # noqa: BLE001 - the first request may yet be answered, and its failure is the one to tell
            outcome = HedgeOutcome.FAILED
        finally:
            self._shares.leave(call.tenant)
            if second.answered:
                outcome = HedgeOutcome.WON
            self._observer.hedged(self._upstream.name, call.operation, outcome)
        if second.answered and not second.alone:
            overtaken.reschedule(asyncio.get_running_loop().time())

    async def _send(self, call: Call[T], deadline: float, *, hedge: bool = False) -> T:
        name = self._upstream.name
        token = await self._identity()
        left = deadline - asyncio.get_running_loop().time()
        # Not the loop's clock: in uvloop it stands still within a millisecond, which is as long as an answer may take.
        started, under_way = perf_counter(), self._shares.under_way
        answer: Answer | None = None
        given_up = False
        headers = self._headers(call, token, left)
        try:
            answer, dead_connections = await self._connections.exchange(
                call.method,
                f"{call.path}?{urlencode(call.query)}" if call.query else call.path,
                headers=allowed(headers),
                body=call.body,
                repeatable=call.repeatable,
                max_body_bytes=self._upstream.max_body_bytes,
            )
        except asyncio.CancelledError:
            given_up = True
            raise
        except ConnectionLostError as error:
            raise PassingFailureError(name, f"connection: {error}") from error
        except BrokenAnswerError as error:
            raise UpstreamInvalidResponseError(name, str(error)) from error
        finally:
            answered = answer is not None and answer.status < _SERVER_ERRORS
            if answered or given_up:
                self._learn(call, perf_counter() - started, under_way, answered=answered, hedge=hedge)
        for _ in range(dead_connections):
            self._observer.reconnected(name, call.operation)
        return value_of(
            answer,
            call.decode,
            upstream=name,
            now=self._clock(),
            refuses_with_401=self._upstream.refuses_with_401,
        )

    def _headers(self, call: Call[T], token: str, left: float) -> dict[str, str]:
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
        return headers

    def _learn(self, call: Call[T], seconds: float, under_way: int, *, answered: bool, hedge: bool) -> None:
        self._limit.took(call.operation, seconds, under_way=under_way, answered=answered)
        # A hedge is no fair sample: it is sent only when its twin is late, and often cancelled.
        if self._hedging is not None and not hedge:
            self._hedging.took(call.operation, seconds, answered=answered)
