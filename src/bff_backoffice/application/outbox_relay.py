"""Telling what waits in the outbox: several dispatchers side by side, one owner a key, each key in its order.

A dispatcher takes keys for a lease and tells each key's messages from the first one that is left, the next only after
the one before was heard or set aside. One that dies or stands still costs duplicates under the same identifiers and
nothing else, whoever goes on meanwhile (docs/decisions/activity-and-outbox.md).
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Final, Protocol

from ulid import ULID

from bff_backoffice.application.outbox import TELEMETRY, Backlog, Lane, Message, MessageKey, Outbox, Released, Taken
from bff_backoffice.application.ports import StoreUnavailableError, UpstreamError, UpstreamRefusedError
from bff_backoffice.domain.idempotency import is_final_refusal
from bff_backoffice.domain.operator import TenantId

__all__ = ["OutboxObserver", "Publisher", "RelayOutbox", "Teller", "UnusableMessageError", "Verdict", "pause_after"]

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 3600.0
_TELL_S: Final = 5.0
_IDLE_S: Final = 0.1
"""Most of the time from commit to publication is waiting for the next look: with this, 60 ms on average."""
_AWAY_S: Final = 1.0
_COUNT_S: Final = 5.0
_TOLD_ATTEMPTS: Final = 40
"""After so many tries, which take about a day and a half, no service is going to hear it."""
_PUBLISHED_ATTEMPTS: Final = 8
"""A key's later events wait behind one that fails, so that it has four minutes. A bus that is away does not count."""


class UnusableMessageError(Exception):
    """A message that nobody can tell, now or ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of publishing one message: heard, unless there is a reason why not; `final` ends trying."""

    message_id: str
    why: str | None = None
    final: bool = False


class OutboxObserver(Protocol):
    """Who counts."""

    def told(self, kind: str, outcome: str) -> None:
        """A message was `heard`, is to be told `again`, or was `parked`."""

    def published(self, seconds: float) -> None:
        """An event was published, so long after it was written."""

    def backlog(self, backlog: Backlog) -> None:
        """What waits now, of all tenants."""

    def telling_surprised(self, kind: str, failure: Exception) -> None:
        """A teller raised what none may raise."""


Teller = Callable[[TenantId, Message, float], Awaitable[None]]
"""Tells one message, until a moment on the loop's clock. Raises `UpstreamError`s or `UnusableMessageError`."""

Publisher = Callable[[Sequence[tuple[TenantId, Message]]], Awaitable[Sequence[Verdict]]]
"""Publishes messages in their order and returns what came of each. Raises `StoreUnavailableError`: the bus is away."""

_Waiting = tuple[MessageKey, Sequence[Taken]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOutbox:
    """Tell what waits until cancelled, with `dispatchers` side by side for events and one for services.

    `lease_seconds` is how long a dead dispatcher's keys wait: longer than telling a batch takes.
    """

    outbox: Outbox
    tellers: Mapping[str, Teller]
    publish: Publisher
    observer: OutboxObserver
    dispatchers: int = 2
    lease_seconds: float = 15.0
    most_keys: Mapping[Lane, int] = field(default_factory=lambda: {True: 100, False: 20})
    most_of_key: int = 50

    async def run(self) -> None:
        """Relay for ever. Stores that are away are asked again every second."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._for_ever(published=False))
            for _ in range(self.dispatchers):
                group.create_task(self._for_ever(published=True))
            group.create_task(self._count())

    async def _for_ever(self, *, published: Lane) -> None:
        while True:
            try:
                busy = await self.once(published=published)
            except StoreUnavailableError:
                await asyncio.sleep(_AWAY_S)
                continue
            if not busy:
                # Not all at the same moment: half of the dispatchers then look in between the others.
                await asyncio.sleep(_IDLE_S * random.uniform(0.8, 1.2))  # noqa: S311 - nobody guards anything with it

    async def _count(self) -> None:
        while True:
            try:
                self.observer.backlog(await self.outbox.backlog())
            except StoreUnavailableError:
                await asyncio.sleep(_AWAY_S)
                continue
            await asyncio.sleep(_COUNT_S)

    async def once(self, *, published: Lane) -> bool:
        """Tell what is due now of one lane; return whether there was anything. Raises `StoreUnavailableError`."""
        owner, loop = f"own_{ULID()}", asyncio.get_running_loop()
        until = loop.time() + self.lease_seconds - _TELL_S
        keys = await self.outbox.claim(
            published, owner=owner, lease=timedelta(seconds=self.lease_seconds), most=self.most_keys[published]
        )
        by_tenant: dict[TenantId, list[MessageKey]] = defaultdict(list)
        for key in sorted(keys, key=lambda key: (key.tenant_id, key.kind, key.ordering_key)):
            by_tenant[key.tenant_id].append(key)
        waiting: list[_Waiting] = []
        for tenant_id, of_tenant in by_tenant.items():
            of_key: dict[tuple[str, str], list[Taken]] = defaultdict(list)
            for each in await self.outbox.waiting(tenant_id, of_tenant, most=self.most_of_key):
                of_key[each.message.kind, each.message.ordering_key].append(each)
            waiting += [(key, of_key[key.kind, key.ordering_key]) for key in of_tenant]
        released = await self._published(waiting) if published else await self._all_told(waiting, until)
        for tenant_id, group in groupby(released, key=lambda each: each.key.tenant_id):
            await self.outbox.release(tenant_id, owner, list(group))
        return bool(keys)

    # What is published -----------------------------------------------------------------------------------------------

    async def _published(self, waiting: Sequence[_Waiting]) -> list[Released]:
        started = asyncio.get_running_loop().time()
        batch = [(key.tenant_id, each.message) for key, taken in waiting for each in taken]
        try:
            async with asyncio.timeout(_TELL_S):
                verdicts = {each.message_id: each for each in await self.publish(batch)}
        except (StoreUnavailableError, TimeoutError):
            # Nobody's fault, so it counts for no message. Any of them may be out already, and goes out once more.
            return [Released(key=key, pause=timedelta(seconds=_AWAY_S)) for key, _ in waiting]
        except Exception as failure:  # noqa: BLE001 - some message is poison, and which one shows one by one
            self.observer.telling_surprised(TELEMETRY, failure)
            return [await self._published_singly(key, taken) for key, taken in waiting]
        passed = asyncio.get_running_loop().time() - started
        for _, taken in waiting:
            for each in taken:
                if verdicts[each.message.id].why is None:
                    self.observer.published(each.age_seconds + passed)
        return [
            self._released(key, [(each, verdicts[each.message.id]) for each in taken], _PUBLISHED_ATTEMPTS)
            for key, taken in waiting
        ]

    async def _published_singly(self, key: MessageKey, taken: Sequence[Taken]) -> Released:
        results: list[tuple[Taken, Verdict]] = []
        for each in taken:
            try:
                async with asyncio.timeout(_TELL_S):
                    (verdict,) = await self.publish([(key.tenant_id, each.message)])
            except (StoreUnavailableError, TimeoutError):
                break
            except Exception as failure:  # noqa: BLE001 - one message must not end the telling of all others
                verdict = Verdict(message_id=each.message.id, why=type(failure).__name__)
            results.append((each, verdict))
            if verdict.why is not None and not verdict.final:
                break
        return self._released(key, results, _PUBLISHED_ATTEMPTS)

    # What is told to services ----------------------------------------------------------------------------------------

    async def _all_told(self, waiting: Sequence[_Waiting], until: float) -> list[Released]:
        async with asyncio.TaskGroup() as group:
            told = [group.create_task(self._key_told(key, taken, until)) for key, taken in waiting]
        return [each.result() for each in told]

    async def _key_told(self, key: MessageKey, taken: Sequence[Taken], until: float) -> Released:
        results: list[tuple[Taken, Verdict]] = []
        for each in taken:
            if asyncio.get_running_loop().time() >= until:
                # The lease is nearly over; whoever takes the key next goes on.
                break
            verdict = await self._told(key.tenant_id, each.message)
            results.append((each, verdict))
            if verdict.why is not None and not verdict.final:
                break
        return self._released(key, results, _TOLD_ATTEMPTS)

    async def _told(self, tenant_id: TenantId, message: Message) -> Verdict:
        teller = self.tellers.get(message.kind)
        if teller is None:
            return Verdict(message_id=message.id, why=f"nobody tells a {message.kind}", final=True)
        try:
            async with asyncio.timeout(_TELL_S):
                await teller(tenant_id, message, asyncio.get_running_loop().time() + _TELL_S)
        except UnusableMessageError as error:
            return Verdict(message_id=message.id, why=str(error), final=True)
        except UpstreamRefusedError as refusal:
            final = is_final_refusal(refusal.status, refusal.code)
            why = f"{refusal.upstream}: {refusal.status} {refusal.code}" if final else type(refusal).__name__
            return Verdict(message_id=message.id, why=why, final=final)
        except (UpstreamError, TimeoutError) as failure:
            return Verdict(message_id=message.id, why=type(failure).__name__)
        except Exception as failure:  # noqa: BLE001 - one message must not end the telling of all others
            self.observer.telling_surprised(message.kind, failure)
            return Verdict(message_id=message.id, why=type(failure).__name__)
        return Verdict(message_id=message.id)

    def _released(self, key: MessageKey, results: Sequence[tuple[Taken, Verdict]], patience: int) -> Released:
        """Go through a key's messages in their order, up to the first that has to be told again."""
        heard: list[str] = []
        parked: list[tuple[str, str]] = []
        for taken, verdict in results:
            kind, message_id, why = taken.message.kind, taken.message.id, verdict.why
            if why is None:
                heard.append(message_id)
                self.observer.told(kind, "heard")
            elif verdict.final or taken.attempts + 1 >= patience:
                parked.append((message_id, why))
                self.observer.told(kind, "parked")
            else:
                self.observer.told(kind, "again")
                pause = pause_after(taken.attempts + 1)
                return Released(key=key, heard=heard, parked=parked, failed=(message_id, why), pause=pause)
        return Released(key=key, heard=heard, parked=parked)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many tries in vain: twice as long each time, an hour at most."""
    return timedelta(seconds=min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(attempts - 1, 20)))
