"""What is kept of a composed read, and for how long it is worth something.

A projection's data stays the bytes that go on the wire (`msgspec.Raw`): a cached widget is spliced into a response and
never decoded.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from bff_backoffice.domain.composed_reads import CacheStatus
from bff_backoffice.domain.dashboard import Outcome
from bff_backoffice.domain.operator import PropertyId, TenantId

__all__ = [
    "Found", "Freshness", "LastKnown", "Lead", "LoadedData", "Look", "Projection", "ProjectionCache", "ProjectionKey",
    "Served", "Wanted", "decode_projection", "lead_token",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionKey:
    """What a projection depends on besides its tenant, and nothing else, so that colleagues share it.

    `variants` are short words of a closed kind (a language tag, an identifier); none contains a colon.
    """

    property_id: PropertyId | None
    """None: it is of the tenant as a whole, or of an operator."""
    name: str
    variants: tuple[str, ...] = ()


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was loaded. `upstream_ms` is how long that took; `fallback`, that some of its sources failed."""

    as_of: datetime
    """When the last source had answered."""
    upstream_ms: int
    sources: tuple[str, ...]
    fallback: bool
    data: msgspec.Raw

    def age_ms(self, now: datetime) -> int:
        """Return its age in whole ms; never negative, since the clocks of two processes may differ."""
        return max(0, (now - self.as_of) // _ONE_MS)


_TINY: Final = 1e-12
_ONE_MS: Final = timedelta(milliseconds=1)
_DECODER: Final = msgspec.json.Decoder(Projection)


def decode_projection(stored: bytes | None) -> Projection | None:
    """Return what was stored, or None: bytes of another version are a miss, not a failure."""
    if stored is None:
        return None
    try:
        return _DECODER.decode(stored)
    except msgspec.DecodeError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedData:
    """What a load brings: JSON as it goes on the wire, whom it is from, whether some of those were missing."""

    data: msgspec.Raw
    sources: tuple[str, ...]
    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing to read. `load` gets its deadline, on the loop's clock in seconds; `deadline_ms` is its full time.

    A load is shared: it has its full time from its start, however short the time of the reader who began it.
    """

    key: ProjectionKey
    load: Callable[[float], Awaitable[LoadedData]]
    deadline_ms: int
    sources: tuple[str, ...]
    """Whom the load asks; the first is blamed when the time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastKnown:
    """What the cache had, in the order of the keys. `asked` is False when it could not be asked."""

    asked: bool
    projections: tuple[Projection | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How one read ended. `failure` says why data is old or missing.

    It is an `UpstreamError`, a `StoreUnavailableError` or a `Refusal`; surprises have become `GENERAL.INTERNAL`.
    """

    outcome: Outcome
    projection: Projection | None
    failure: Exception | None = None


ItemT = TypeVar("ItemT")
ReadyT = TypeVar("ReadyT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[ItemT, ReadyT]):
    """One part of a board and what the cache had of it. `ready` is there when nobody need be asked."""

    item: ItemT
    known: Projection | None
    ready: ReadyT | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Generic[ItemT, ReadyT]):
    """One look into the cache for a whole board. `asked` is False when the cache could not be asked."""

    asked: bool
    found: tuple[Found[ItemT, ReadyT], ...]

    @property
    def cache_status(self) -> CacheStatus:
        """The `X-Cache` of what will come of this, known before anything is loaded (contract, section 2.3)."""
        if not self.asked:
            return CacheStatus.BYPASS
        missing = [found for found in self.found if found.ready is None]
        if not missing:
            return CacheStatus.HIT
        return CacheStatus.STALE if any(found.known for found in missing) else CacheStatus.MISS


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How long a projection is fresh, and how long it is kept as last-known data, both in ms since it was loaded."""

    fresh_ms: int
    fallback_fresh_ms: int
    kept_ms: int

    def fresh(self, projection: Projection, now: datetime) -> bool:
        """Whether it may be served without asking anybody."""
        limit = self.fallback_fresh_ms if projection.fallback else self.fresh_ms
        return projection.age_ms(now) < limit

    def due_early(self, projection: Projection, now: datetime, chance: float) -> bool:
        """Whether a reader who draws `chance` (0 to 1) should have it loaded again although it is still fresh.

        XFetch (Vattani, Chierichetti and Lowenstein, VLDB 2015, with beta 1): the longer the load takes, the earlier,
        and the nearer the end, the likelier; among many readers one is nearly always early enough, and seldom many. A
        fallback is not refreshed early: what it lacks was missing a moment ago.
        """
        left_ms = self.fresh_ms - projection.age_ms(now)
        return not projection.fallback and left_ms <= -max(1, projection.upstream_ms) * math.log(max(chance, _TINY))

    def known(self, projection: Projection, now: datetime) -> bool:
        """Whether it may still be served as stale."""
        return projection.age_ms(now) < self.kept_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The answer to "may I load this?": the fencing token if so, and what is stored at that moment."""

    token: str | None
    stored: bytes | None


def lead_token() -> str:
    """Return a fencing token for one attempt to lead: as many bytes as a UUID has, no two leaders hold the same."""
    return secrets.token_hex(16)


class ProjectionCache(Protocol):
    """Projections shared by all processes, and who of them loads one.

    Every method raises `StoreUnavailableError` ("cache") when the store can't be asked, and bounds nothing: the caller
    bounds its waiting and fails open. Nothing is promised about how long a value really stays.
    """

    async def last_known(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> list[bytes | None]:
        """Return what is stored under each key, in order, in one round trip."""

    async def lead(self, tenant_id: TenantId, key: ProjectionKey, token: str, *, hold_ms: int) -> Lead:
        """Become the one that loads this for at most `hold_ms`, unless somebody else is; one atomic step.

        The token is the caller's, so that one who never hears the answer can settle what may have been given.
        """

    async def settle(
        self, tenant_id: TenantId, key: ProjectionKey, token: str, stored: bytes | None, *, keep_ms: int
    ) -> bool:
        """Store the value (None: nothing came of it) and stop leading, if `token` still leads; one atomic step.

        Return whether it did: a leader that was too slow must not overwrite what its successor stored.
        """

    async def forget(self, tenant_id: TenantId, keys: Sequence[ProjectionKey]) -> None:
        """Remove what is stored, because it is wrong now, and end the leads: what they load may be from before."""

    async def forget_named(self, tenant_id: TenantId, property_id: PropertyId | None, names: Sequence[str]) -> None:
        """The same for every variant of these names, in one atomic step."""

    async def forget_everywhere(self, tenant_id: TenantId, names: Sequence[str]) -> None:
        """The same for every property of the tenant; what is no property's stays."""
