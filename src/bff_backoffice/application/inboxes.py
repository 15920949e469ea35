"""An inbox of the platform, read at its service and mirrored in the cache: what both inboxes have in common.

Specification section 4: the inboxes mirror those of their services. A mirror is what is shown, with its age, while the
service is away; it is never shown instead of asking (docs/decisions/inboxes.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from bff_backoffice.application.ports import CallContext, Clock, StoreUnavailableError, call_for
from bff_backoffice.application.projections import ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.domain.composed_reads import CacheStatus, Outcome, Source
from bff_backoffice.domain.operator import OperatorContext, PropertyId, TenantId

__all__ = [
    "MIRROR_KEPT_MS", "MOST_BYTES", "InboxRequest", "InboxState", "LogObserver", "Mirror", "MirroredInbox", "OwnLog",
    "newest_first",
]  # fmt: skip

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Line_co = TypeVar("Line_co", covariant=True)

MIRROR_KEPT_MS: Final = 43_200_000
"""How long an inbox that can't be asked for is shown, in ms: twelve hours, a shift and a session (specification,
section 4). Whoever comes after that should know that nothing is known rather than work down a list of yesterday."""
MOST_BYTES: Final = 1_048_576
"""From which size on, in bytes of the service's answers, no further page of an inbox is read: what is behind that is
left out, and said to be."""
LOG_PATIENCE_S: Final = 0.25
"""How long reading our own log may take, in seconds: usually two milliseconds; without it the inbox is shown as its
service has it, and says so."""
CLIENT_BUDGET_FLOOR_MS: Final = 100
"""A client's budget shortens the deadline to no less than this, in ms: below it even a healthy service would fail."""
_LAST_MS: Final = 9_999_999_999_999
"""After every moment that a ULID can be of for some centuries, in ms."""


class OwnLog(Protocol[Line_co]):
    """What this service wrote down itself about things of one kind, once for each."""

    async def about(self, tenant_id: TenantId, ids: Sequence[str]) -> Mapping[str, Line_co]:
        """Return the lines about these identifiers of the tenant, by identifier; what has none is missing.

        Raises `StoreUnavailableError` when the log can't be asked, and bounds nothing: the caller bounds its waiting.
        """


class LogObserver(Protocol):
    """Who counts that an inbox was shown without what our own log knows about it."""

    def log_unavailable(self, inbox: str) -> None:
        """Take note that the log could not be asked; `inbox` is the mirror's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRequest:
    """Who asks for which inbox. `locale` is the language tag that was agreed on for this answer.

    `budget_ms` is what the client can wait (`X-Client-Budget-Ms`), or None.
    """

    operator: OperatorContext
    locale: str
    request_id: str
    traceparent: str
    budget_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxState:
    """How reading an inbox ended. `failure` says why it is old, missing, or not marked from our own log.

    It is an `UpstreamError`, a `StoreUnavailableError` or a `Refusal`. `as_of` is when the service had answered.
    """

    outcome: Outcome
    as_of: datetime | None
    age_ms: int | None
    failure: Exception | None
    cache_status: CacheStatus

    def without_log(self, failure: Exception) -> InboxState:
        """Return the state of the same inbox when our own log could not be asked."""
        return InboxState(
            outcome=Outcome.FALLBACK if self.outcome.whole else self.outcome,
            as_of=self.as_of,
            age_ms=self.age_ms,
            failure=self.failure or failure,
            cache_status=self.cache_status,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror(Generic[T_co]):
    """One inbox: its name in the cache, whose it is, how it is loaded and decoded.

    The number in `name` is the form of what is kept: another form is another key, never a wrong read.
    """

    name: str
    source: Source
    load: Callable[[CallContext], Awaitable[T_co]]
    decoder: msgspec.json.Decoder[T_co]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredInbox(Generic[T]):
    """Reads one inbox at its service, keeps what it says, and falls back on what it said last."""

    mirror: Mirror[T]
    reads: ReadThrough
    clock: Clock
    observer: LogObserver

    async def read(self, request: InboxRequest) -> tuple[T | None, InboxState]:
        """Return the inbox of the request's property, None where nobody knows it, and how reading it ended.

        Colleagues who ask at the same moment share one call. Raises nothing of its own.
        """
        tenant_id, wanted = request.operator.tenant_id, self._wanted(request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _patience_ms(wanted.deadline_ms, request.budget_ms) / 1000
        look = await self.reads.last_known(tenant_id, [wanted.key])
        (known,) = look.projections
        try:
            async with asyncio.timeout_at(deadline):
                served = await self.reads.renew(tenant_id, wanted, known=known, cache=look.asked, anew=True)
        except TimeoutError as failure:
            served = self.reads.instead(wanted, known, failure)
        state = self._state(served, asked=look.asked, known=known is not None)
        return None if served.projection is None else self.mirror.decoder.decode(served.projection.data), state

    async def last_shown(self, tenant_id: TenantId, property_id: PropertyId) -> T | None:
        """Return the mirror of a property's inbox as it is, without asking the service; None where there is none."""
        key = ProjectionKey(property_id=property_id, name=self.mirror.name)
        (known,) = (await self.reads.last_known(tenant_id, [key])).projections
        return None if known is None else self.mirror.decoder.decode(known.data)

    async def marked(
        self, log: OwnLog[Line_co], request: InboxRequest, ids: Sequence[str], state: InboxState
    ) -> tuple[Mapping[str, Line_co], InboxState]:
        """Return what our own log has about these, and the state with that in mind. Fails open, and says so."""
        if not ids:
            return {}, state
        try:
            async with asyncio.timeout(LOG_PATIENCE_S):
                return await log.about(request.operator.tenant_id, ids), state
        except (StoreUnavailableError, TimeoutError):
            self.observer.log_unavailable(self.mirror.name)
            return {}, state.without_log(StoreUnavailableError("postgres"))

    def _wanted(self, request: InboxRequest) -> Wanted:
        async def load(deadline: float) -> LoadedData:
            loaded = await self.mirror.load(call_for(request, deadline))
            return LoadedData(data=msgspec.Raw(msgspec.json.encode(loaded)), sources=(self.mirror.source.value,))

        return Wanted(
            key=ProjectionKey(property_id=request.operator.property_id, name=self.mirror.name),
            load=load,
            deadline_ms=self.mirror.source.deadline_ms,
            sources=(self.mirror.source.value,),
        )

    def _state(self, served: Served, *, asked: bool, known: bool) -> InboxState:
        projection = served.projection
        status = CacheStatus.STALE if known and not served.outcome.whole else CacheStatus.MISS
        return InboxState(
            outcome=served.outcome,
            as_of=None if projection is None else projection.as_of,
            age_ms=None if projection is None else projection.age_ms(self.clock()),
            failure=served.failure,
            cache_status=status if asked else CacheStatus.BYPASS,
        )


def newest_first(moment: datetime) -> str:
    """Return a moment as it is ordered when the newest comes first, to the millisecond."""
    return f"{max(0, _LAST_MS - round(moment.astimezone(UTC).timestamp() * 1000)):013d}"


def _patience_ms(deadline_ms: int, budget_ms: int | None) -> int:
    return deadline_ms if budget_ms is None else min(deadline_ms, max(budget_ms, CLIENT_BUDGET_FLOOR_MS))
