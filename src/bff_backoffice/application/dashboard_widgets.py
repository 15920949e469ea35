"""One widget's reading: its key in the cache, its load, its frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, assert_never

import msgspec

from bff_backoffice.application.composition import Part
from bff_backoffice.application.dashboard_frames import WidgetFrame, WidgetPlan
from bff_backoffice.application.dashboard_loaders import DashboardLoaders
from bff_backoffice.application.ports import Clock, call_for
from bff_backoffice.application.projections import Found, Look, ProjectionKey
from bff_backoffice.application.read_through import LoadedData, ReadThrough, Served, Wanted
from bff_backoffice.domain.dashboard import (
    LAYOUT,
    Source,
    Variant,
    Widget,
    WidgetId,
    WidgetState,
    deadline_ms,
)
from bff_backoffice.domain.operator import OperatorContext, PropertyId

__all__ = ["DashboardRequest", "FoundWidget", "WidgetLook", "WidgetReads", "plan_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRequest:
    """Who asks for which board. `locale` is the language tag that was agreed on for this answer.

    `widgets` are the names that were asked for, as they came, or None for the whole board. `budget_ms` is what the
    client says that it can wait (`X-Client-Budget-Ms`), or None. `anew` loads every widget whatever the cache has.
    """

    operator: OperatorContext
    locale: str
    request_id: str
    traceparent: str
    widgets: tuple[str, ...] | None = None
    budget_ms: int | None = None
    anew: bool = False


FoundWidget = Found[Widget, Served]
WidgetLook = Look[Widget, Served]


def plan_of(found: FoundWidget, request: DashboardRequest) -> WidgetPlan:
    """Return what the first frame says of a widget: last-known data where there is some."""
    known = found.known
    return WidgetPlan(
        id=found.item.id,
        kind=found.item.kind,
        span=found.item.span,
        deadline_ms=deadline_ms(found.item, request.budget_ms),
        state=WidgetState.PENDING if known is None else WidgetState.STALE,
        as_of=None if known is None else known.as_of,
        data=None if known is None else known.data,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetReads:
    """Reads widgets through the cache. Content is shared by all whom it does not depend on."""

    reads: ReadThrough
    loaders: DashboardLoaders
    clock: Clock

    async def look(self, request: DashboardRequest, widgets: Sequence[Widget]) -> WidgetLook:
        """Return what the cache has of these widgets, in one round trip. Fails open."""
        if not widgets:
            return Look(asked=False, found=())
        keys = [_key(widget, request, request.operator.property_id) for widget in widgets]
        last = await self.reads.last_known(request.operator.tenant_id, keys)
        found = tuple(
            Found(item=widget, known=known, ready=None if request.anew else self.reads.from_cache(known))
            for widget, known in zip(widgets, last.projections, strict=True)
        )
        for one in found:
            if one.known is not None and one.ready is not None:
                self.reads.refresh_early(
                    request.operator.tenant_id, one.known, partial(self._wanted, request, one.item)
                )
        return Look(asked=last.asked, found=found)

    def part(
        self, request: DashboardRequest, look: WidgetLook, found: FoundWidget, started: float, *, anew: bool = False
    ) -> Part[WidgetFrame]:
        """Return the part of the fan-out that renews this widget. `started` is on the loop's clock, in seconds."""
        widget, known = found.item, found.known
        wanted = self._wanted(request, widget)

        async def load() -> WidgetFrame:
            served = await self.reads.renew(
                request.operator.tenant_id, wanted, known=known, cache=look.asked, anew=anew or request.anew
            )
            return self.frame(widget, served)

        def otherwise(failure: Exception) -> WidgetFrame:
            return self.frame(widget, self.reads.instead(wanted, known, failure))

        deadline = started + deadline_ms(widget, request.budget_ms) / 1000
        return Part(deadline=deadline, load=load, otherwise=otherwise)

    def frame(self, widget: Widget, served: Served) -> WidgetFrame:
        """Return what the client is told of this widget."""
        projection = served.projection
        if projection is None:
            return WidgetFrame(
                id=widget.id,
                outcome=served.outcome,
                as_of=None,
                age_ms=None,
                upstream_ms=None,
                sources=_names(widget.sources),
                data=None,
                failure=served.failure,
            )
        return WidgetFrame(
            id=widget.id,
            outcome=served.outcome,
            as_of=projection.as_of,
            age_ms=projection.age_ms(self.clock()),
            upstream_ms=projection.upstream_ms,
            sources=projection.sources,
            data=projection.data,
            failure=served.failure,
        )

    async def forget_devices(self, operator: OperatorContext) -> None:
        """Forget the devices widget as this device sees it, wherever it was looked at. Fails open."""
        widget = LAYOUT[WidgetId.DEVICES]
        request = DashboardRequest(operator=operator, locale=operator.locale, request_id="", traceparent="")
        places = dict.fromkeys((operator.property_id, *operator.property_scope))
        await self.reads.forget(operator.tenant_id, [_key(widget, request, place) for place in places])

    def _wanted(self, request: DashboardRequest, widget: Widget) -> Wanted:
        loader = self.loaders.of(widget.id)

        async def load(deadline: float) -> LoadedData:
            loaded = await loader(call_for(request, deadline))
            return LoadedData(
                data=msgspec.Raw(_ENCODER.encode(loaded.tile)),
                sources=_names(loaded.sources),
                fallback=loaded.fallback,
            )

        return Wanted(
            key=_key(widget, request, request.operator.property_id),
            load=load,
            deadline_ms=widget.deadline_ms,
            sources=_names(widget.sources),
        )


def _plain(value: object) -> str:
    """Return an identifier as the text that it is: msgspec takes no subclasses of str."""
    if isinstance(value, str):
        return str(value)
    # How a msgspec hook says that a type is not its own.
    raise NotImplementedError


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)


def _names(sources: tuple[Source, ...]) -> tuple[str, ...]:
    return tuple(source.value for source in sources)


def _key(widget: Widget, request: DashboardRequest, property_id: PropertyId) -> ProjectionKey:
    # In the enumeration's order, so that equal content always has an equal key.
    variants = tuple(_variant(variant, request) for variant in Variant if variant in widget.varies_by)
    return ProjectionKey(property_id=property_id, name=widget.id, variants=variants)


def _variant(variant: Variant, request: DashboardRequest) -> str:
    match variant:
        case Variant.LOCALE:
            return request.locale
        case Variant.OPERATOR:
            return request.operator.operator_id
        case Variant.DEVICE:
            return request.operator.device_id
        case _:
            assert_never(variant)
