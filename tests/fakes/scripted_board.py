"""A board whose sources do as they are told, on whatever clock the loop has."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from bff_backoffice.application.dashboard import ComposeDashboard, ComposeWidget, DashboardRequest, Frame
from bff_backoffice.application.dashboard_loaders import DashboardLoaders, Loaded, Loader
from bff_backoffice.application.dashboard_widgets import WidgetReads
from bff_backoffice.application.flights import Flights
from bff_backoffice.application.ports import CallContext, Clock, UpstreamUnavailableError
from bff_backoffice.application.projections import Freshness, Projection, ProjectionCache
from bff_backoffice.application.read_through import ReadThrough
from bff_backoffice.application.tiles import Tile
from bff_backoffice.domain.dashboard import FALLBACK_FRESH_MS, FRESH_MS, KEPT_MS, LAYOUT, WidgetId
from bff_backoffice.domain.operator import (
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    OperatorContext,
    OperatorId,
    OperatorRole,
    PropertyId,
    TenantId,
)
from tests.fakes.virtual_time import wall_clock

__all__ = [
    "BOARD_FRESHNESS", "Board", "NumberedTile", "RecordingClient", "RecordingObserver", "Script", "ScriptedSources",
    "opened_board", "some_operator", "some_request",
]  # fmt: skip

BOARD_FRESHNESS = Freshness(fresh_ms=FRESH_MS, fallback_fresh_ms=FALLBACK_FRESH_MS, kept_ms=KEPT_MS)


def _ulid(number: int) -> str:
    return f"01JD{number:022d}"


def some_operator(
    *, tenant: int = 1, operator: int = 1, property_number: int = 1, roles: frozenset[OperatorRole] | None = None
) -> OperatorContext:
    """Return somebody who is signed in; a general manager unless said otherwise."""
    place = PropertyId(f"ppt_{_ulid(100 * tenant + property_number)}")
    return OperatorContext(
        tenant_id=TenantId(f"tnt_{_ulid(tenant)}"),
        operator_id=OperatorId(f"usr_{_ulid(100 * tenant + operator)}"),
        device_id=DeviceId(f"dev_{_ulid(100 * tenant + operator)}"),
        iam_session_id=IamSessionId(f"ses_{_ulid(operator)}"),
        session_id=BackofficeSessionId(f"bos_{_ulid(operator)}"),
        roles=frozenset({OperatorRole.GENERAL_MANAGER}) if roles is None else roles,
        property_scope=(place,),
        property_id=place,
        key_thumbprint="thumbprint",
        locale="en",
    )


def some_request(
    operator: OperatorContext | None = None,
    *,
    locale: str = "en",
    widgets: tuple[str, ...] | None = None,
    budget_ms: int | None = None,
) -> DashboardRequest:
    """Return a request for the whole board, unless said otherwise."""
    return DashboardRequest(
        operator=operator or some_operator(),
        locale=locale,
        request_id="req_01JD0000000000000000000000",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        widgets=widgets,
        budget_ms=budget_ms,
    )


class NumberedTile(Tile, frozen=True, kw_only=True):
    """Says whose load it was: which widget, for which tenant, the how-manieth."""

    widget: str
    tenant: str
    load: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a source does: after `seconds` it answers, answers in part, or raises; or it hangs.

    `stubborn` is a source that hangs and swallows its cancellation until the board is left.
    """

    seconds: float = 0.02
    end: Literal["answer", "fallback", "raise", "hang", "stubborn"] = "answer"
    failure: Exception = field(default_factory=lambda: UpstreamUnavailableError("inventory-service"))


@dataclass(kw_only=True)
class ScriptedSources:
    """Loaders for every widget; `scripts` may be changed between calls."""

    scripts: dict[WidgetId, Script] = field(default_factory=dict)
    loads: Counter[WidgetId] = field(default_factory=Counter)
    calls: list[tuple[WidgetId, CallContext]] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends the stubborn ones."""

    def loaders(self) -> DashboardLoaders:
        """Return the record that the engine reads."""
        return DashboardLoaders(**{widget.name.lower(): self._loader(widget) for widget in WidgetId})

    def _loader(self, widget: WidgetId) -> Loader:
        async def load(call: CallContext) -> Loaded:
            self.loads[widget] += 1
            self.calls.append((widget, call))
            number = self.loads[widget]
            script = self.scripts.get(widget, Script())
            if script.end == "stubborn":
                await self._refuse_to_end()
            if script.end == "hang":
                await asyncio.Event().wait()
            await asyncio.sleep(script.seconds)
            if script.end == "raise":
                raise script.failure
            tile = NumberedTile(widget=widget, tenant=call.tenant_id, load=number)
            return Loaded(tile=tile, sources=LAYOUT[widget].sources, fallback=script.end == "fallback")

        return load

    async def _refuse_to_end(self) -> None:
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue


@dataclass(kw_only=True)
class RecordingObserver:
    """Keeps what the engine reports."""

    unavailable: Counter[str] = field(default_factory=Counter)
    surprises: list[tuple[str, Exception]] = field(default_factory=list)
    early: Counter[str] = field(default_factory=Counter)

    def cache_unavailable(self, operation: str) -> None:
        """Count it."""
        self.unavailable[operation] += 1

    def load_surprised(self, name: str, failure: Exception) -> None:
        """Keep it."""
        self.surprises.append((name, failure))

    def refreshed_early(self, name: str) -> None:
        """Count it."""
        self.early[name] += 1


class ClientGoneError(Exception):
    """The connection that frames are written to was closed."""


@dataclass(kw_only=True)
class RecordingClient:
    """Takes frames and notes when, in seconds of the loop's clock; slow, or gone after so many calls, if told so."""

    seconds_per_write: float = 0.0
    gone_at_call: int | None = None
    frames: list[Frame] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    calls: int = 0
    writing: bool = False

    async def __call__(self, frames: Sequence[Frame]) -> None:
        """Take frames that are ready together."""
        assert not self.writing, "two tasks write at once"
        if self.calls == self.gone_at_call:
            raise ClientGoneError
        self.calls += 1
        self.writing = True
        try:
            now = asyncio.get_running_loop().time()
            self.frames.extend(frames)
            self.moments.extend([now] * len(frames))
            await asyncio.sleep(self.seconds_per_write)
        finally:
            self.writing = False


@dataclass(kw_only=True)
class Board:
    """One process: its flights, its sources, its use cases. Several may share a cache."""

    sources: ScriptedSources
    observer: RecordingObserver
    flights: Flights[Projection]
    compose: ComposeDashboard
    compose_widget: ComposeWidget
    widgets: WidgetReads

    async def __aenter__(self) -> Self:
        await self.flights.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sources.let_go.set()
        await self.flights.__aexit__(kind, error, trace)


def opened_board(
    cache: ProjectionCache, *, scripts: dict[WidgetId, Script] | None = None, clock: Clock = wall_clock
) -> Board:
    """Return a process over this cache, to be entered; its stubborn sources are let go when it is left."""
    sources = ScriptedSources(scripts=dict(scripts or {}))
    observer = RecordingObserver()
    flights = Flights[Projection]()
    reads = ReadThrough(cache=cache, flights=flights, freshness=BOARD_FRESHNESS, clock=clock, observer=observer)
    widgets = WidgetReads(reads=reads, loaders=sources.loaders(), clock=clock)
    return Board(
        sources=sources,
        observer=observer,
        flights=flights,
        compose=ComposeDashboard(widgets=widgets, clock=clock),
        compose_widget=ComposeWidget(widgets=widgets),
        widgets=widgets,
    )
