"""The dashboard, composed: a first frame at once, each widget as it is ready, an end that says that it is one.

Contract section 4. What each widget reads is in `dashboard_widgets`, the fan-out in `composition`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ulid import ULID

from bff_backoffice.application.composition import compose
from bff_backoffice.application.dashboard_frames import Emit, EndFrame, Frame, StartFrame, WidgetFrame, WidgetPlan
from bff_backoffice.application.dashboard_loaders import DashboardLoaders
from bff_backoffice.application.dashboard_widgets import DashboardRequest, WidgetReads, plan_of
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.telemetry import NO_TELEMETRY, Origin
from bff_backoffice.application.telemetry import Emit as EmitEvent
from bff_backoffice.application.telemetry_payloads import DashboardViewed
from bff_backoffice.domain.dashboard import LAYOUT, CacheStatus, Outcome, Widget, WidgetId, WidgetState, visible_widgets
from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import OperatorContext, OperatorRole

__all__ = [
    "ComposeDashboard", "ComposeWidget", "ComposedWidget", "DashboardLoaders", "DashboardRequest", "Emit", "EndFrame",
    "ForgetDevices", "Frame", "StartFrame", "WidgetFrame", "WidgetPlan", "widget_named",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeDashboard:
    """Compose the board of an operator's role at a property: start, widgets in the order of readiness, end."""

    widgets: WidgetReads
    clock: Clock
    tell: EmitEvent = NO_TELEMETRY

    async def __call__(self, request: DashboardRequest, emit: Emit) -> None:
        """Emit the frames of one snapshot; return after the end frame was taken.

        The first call of `emit` brings the start frame, with the cache status in it, and whatever is settled already.
        Raises `Refusal` (VALIDATION_FAILED) before anything is emitted, and whatever `emit` raises, after every load
        that nobody else waits for was ended.
        """
        chosen, forbidden = _choose(request.widgets, request.operator.roles)
        look = await self.widgets.look(request, chosen)
        started = asyncio.get_running_loop().time()
        plans = [plan_of(found, request) for found in look.found]
        start = self._start(request, look.cache_status, (*plans, *map(_forbidden_plan, forbidden)))
        outcomes: Counter[Outcome] = Counter()

        async def emit_and_count(frames: Sequence[Frame]) -> None:
            outcomes.update(frame.outcome for frame in frames if isinstance(frame, WidgetFrame))
            await emit(frames)

        settled = [self.widgets.frame(found.item, found.ready) for found in look.found if found.ready is not None]
        waiting = [self.widgets.part(request, look, found, started) for found in look.found if found.ready is None]
        opening: tuple[Frame, ...] = (start, *settled, *map(_forbidden_frame, forbidden))
        await compose(waiting, emit_and_count, opening=opening)
        elapsed_s = asyncio.get_running_loop().time() - started
        end = _end(start.snapshot_id, elapsed_s, outcomes)
        await emit([end])
        self._viewed(request, start, end)

    def _viewed(self, request: DashboardRequest, start: StartFrame, end: EndFrame) -> None:
        origin = Origin.of(request.operator, request_id=request.request_id, traceparent=request.traceparent)
        viewed = DashboardViewed(
            snapshot_id=start.snapshot_id,
            cache_status=start.cache_status.value,
            widgets=len(start.widgets),
            outcomes={outcome.value: count for outcome, count in end.outcomes.items()},
            elapsed_ms=end.elapsed_ms,
            partial=end.partial,
        )
        self.tell(origin, viewed)

    def _start(self, request: DashboardRequest, cache_status: CacheStatus, plans: tuple[WidgetPlan, ...]) -> StartFrame:
        now = self.clock()
        return StartFrame(
            snapshot_id=f"dsh_{ULID.from_datetime(now)}",
            tenant_id=request.operator.tenant_id,
            property_id=request.operator.property_id,
            generated_at=now,
            widgets=plans,
            cache_status=cache_status,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedWidget:
    """One widget again: its place on the board, its content and its `X-Cache`."""

    plan: WidgetPlan
    frame: WidgetFrame
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeWidget:
    """Compose one widget again: what the board's "try again" does.

    A widget that is fresh in the cache is served from there; a fallback, a stale or a failed one is loaded anew, since
    nobody asks again for what they have. `anew` loads it whatever the cache has.
    """

    widgets: WidgetReads

    async def __call__(self, request: DashboardRequest, name: str, *, anew: bool = False) -> ComposedWidget:
        """Return the widget. Raises `Refusal`: RESOURCE_NOT_FOUND, or ROLE_FORBIDDEN for one of another role."""
        widget = widget_named(name, request.operator.roles)
        look = await self.widgets.look(request, (widget,))
        (found,) = look.found
        plan = plan_of(found, request)
        if found.ready is not None and found.ready.outcome is Outcome.CACHED and not anew:
            return ComposedWidget(
                plan=plan, frame=self.widgets.frame(widget, found.ready), cache_status=CacheStatus.HIT
            )
        # An entry that would do for the board and does not do here must not come back from the cache either.
        anew = anew or found.ready is not None
        ready: list[WidgetFrame] = []

        async def keep(frames: Sequence[WidgetFrame]) -> None:
            ready.extend(frames)

        started = asyncio.get_running_loop().time()
        await compose([self.widgets.part(request, look, found, started, anew=anew)], keep)
        cache_status = _status_of_one(ready[0].outcome, asked=look.asked)
        return ComposedWidget(plan=plan, frame=ready[0], cache_status=cache_status)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetDevices:
    """Forget the devices widget of an operator's device, because a heartbeat or a queue hint has just changed it."""

    widgets: WidgetReads

    async def __call__(self, operator: OperatorContext) -> None:
        """Forget it at every property of the operator's scope. Raises nothing when the cache is away."""
        await self.widgets.forget_devices(operator)


_NAMES = frozenset(widget.value for widget in WidgetId)


def widget_named(name: str, roles: frozenset[OperatorRole]) -> Widget:
    """Return the widget, for somebody who may see it. Raises `Refusal`: RESOURCE_NOT_FOUND or ROLE_FORBIDDEN."""
    if name not in _NAMES:
        raise Refusal(Code.RESOURCE_NOT_FOUND)
    widget = LAYOUT[WidgetId(name)]
    if not widget.visible_to(roles):
        raise Refusal(Code.ROLE_FORBIDDEN)
    return widget


def _choose(
    names: tuple[str, ...] | None, roles: frozenset[OperatorRole]
) -> tuple[tuple[Widget, ...], tuple[Widget, ...]]:
    """Return the widgets to read and those that were asked for by name and belong to other roles, in board order."""
    if names is None:
        return visible_widgets(roles), ()
    if not _NAMES.issuperset(names):
        known = ", ".join(LAYOUT)
        raise Refusal(
            Code.VALIDATION_FAILED,
            errors=(FieldError("query.widgets", "unknown", f"not every name is one of: {known}"),),
        )
    asked = [widget for widget in LAYOUT.values() if widget.id in names]
    return (
        tuple(widget for widget in asked if widget.visible_to(roles)),
        tuple(widget for widget in asked if not widget.visible_to(roles)),
    )


def _forbidden_plan(widget: Widget) -> WidgetPlan:
    return WidgetPlan(id=widget.id, kind=widget.kind, span=widget.span, deadline_ms=0, state=WidgetState.PENDING)


def _forbidden_frame(widget: Widget) -> WidgetFrame:
    return WidgetFrame(
        id=widget.id,
        outcome=Outcome.FORBIDDEN,
        as_of=None,
        age_ms=None,
        upstream_ms=None,
        sources=tuple(source.value for source in widget.sources),
        data=None,
        failure=Refusal(Code.ROLE_FORBIDDEN),
    )


def _end(snapshot_id: str, elapsed_s: float, outcomes: Mapping[Outcome, int]) -> EndFrame:
    return EndFrame(
        snapshot_id=snapshot_id,
        elapsed_ms=round(elapsed_s * 1000),
        partial=not all(outcome.whole for outcome in outcomes),
        outcomes=dict(outcomes),
    )


def _status_of_one(outcome: Outcome, *, asked: bool) -> CacheStatus:
    if not asked:
        return CacheStatus.BYPASS
    return CacheStatus.STALE if outcome is Outcome.STALE else CacheStatus.MISS
